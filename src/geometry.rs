//! Geometry for a network that came without a graph: strides, pools, order and input size of the
//! convolutions of a safetensors file.
//!
//! Every source (a geometry file, a recipe, another file's graph) answers with one [`Plan`], and one builder
//! makes nodes of it, so that inference and accounting know nothing of where geometry came from.

pub mod plan;
pub mod recipe;
mod recipes;
pub mod table;

pub use plan::{ConvStep, Line, Pad, Plan, PoolKind, PoolStep, Step};
pub use recipe::{Hints, RecipeAnswer};
pub use recipes::recipe;
pub use table::{TableTensor, TensorTable};
