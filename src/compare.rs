//! Models side by side.
//!
//! [`layers`] holds two versions of one architecture against each other, layer by layer.

pub mod layers;
