//! Geometry for a network that came without a graph: strides, pools, order and input size of the
//! convolutions of a safetensors file.
//!
//! Every source (a geometry file, a recipe, another file's graph) answers with one [`Plan`], and one builder
//! makes nodes of it, so that inference and accounting know nothing of where geometry came from.

mod beside;
mod build;
mod export;
mod graph;
mod layout;
pub mod plan;
mod print;
pub mod recipe;
mod recipes;
mod settle;
mod sidecar;
mod source;
pub mod table;
mod tensors;
mod unknown;

pub use build::PlanError;
pub use export::of_graph;
pub use layout::Layout;
pub use plan::{ConvStep, Line, Pad, Plan, PoolKind, PoolStep, Step};
pub use print::{print, written};
pub use recipe::{Hints, RecipeAnswer};
pub use recipes::recipe;
pub use settle::{GeometryError, Options, given_input, is_open, settle};
pub use table::{TableTensor, TensorTable};
