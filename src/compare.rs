//! Models side by side.
//!
//! [`summary`] sets the sums of any number of models beside one another; [`each`] inspects them.

pub mod each;
pub mod property;
pub mod summary;
mod value;
