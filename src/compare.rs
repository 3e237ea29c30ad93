//! Models side by side.
//!
//! [`summary`] sets the sums of any number of models beside one another; [`each`] inspects them;
//! [`layers`] holds two versions of one architecture against each other, layer by layer; [`tensors`] their
//! stored tensors.

pub mod each;
pub mod layers;
pub mod property;
pub mod summary;
pub mod tensors;
mod value;
