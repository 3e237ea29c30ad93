//! Geometry for a network that came without a graph: strides, pools, order and input size of the
//! convolutions of a safetensors file.
//!
//! Every source (a geometry file, a recipe, another file's graph) answers with one [`Plan`], and one builder
//! makes nodes of it, so that inference and accounting know nothing of where geometry came from.

mod build;
mod layout;
pub mod plan;
pub mod recipe;
pub mod table;
mod tensors;

pub use build::PlanError;
pub use layout::Layout;
pub use plan::{ConvStep, Line, Pad, Plan, PoolKind, PoolStep, Step};
pub use recipe::{Hints, RECIPES, Recipe, RecipeAnswer, recipe};
pub use table::{TableTensor, TensorTable};
