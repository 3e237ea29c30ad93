//! Runs convolutions for real and compares them with what the report says.
//!
//! A layer gets its real weights and a pseudo-random input, and runs in candle as its node's attributes
//! say, read here a second time (`geometry`). What comes out is compared with the report's row: the
//! shape, and at a fixed sample of positions (`sample`) the value against a plain dot product in `f64`
//! over the window that the row names (`direct`). The two sides share no arithmetic, so that a pad on
//! the wrong side, swapped axes or a wrong group shows.
//!
//! Only `engine` knows candle.

mod array;
#[cfg(all(test, feature = "verify"))]
mod choice_tests;
mod choose;
mod compare;
mod direct;
#[cfg(feature = "verify")]
mod engine;
#[cfg(not(feature = "verify"))]
#[path = "verify/absent.rs"]
mod engine;
#[cfg(all(test, feature = "verify"))]
mod engine_tests;
mod geometry;
mod input;
mod layer;
#[cfg(all(test, feature = "verify"))]
mod node_tests;
mod operands;
mod real;
#[cfg(all(test, feature = "verify"))]
mod rows;
mod sample;
#[cfg(all(test, feature = "verify"))]
mod testing;
#[cfg(all(test, feature = "verify"))]
mod tests;
mod weights;
#[cfg(all(test, feature = "verify"))]
mod weights_tests;

use serde::Serialize;

use crate::account::ConvLayer;
use crate::infer::Shapes;
use crate::network::{Edges, Network};
use crate::tensor::Shape;

pub use choose::{Choice, UnknownLayer};
pub use engine::{Element, Output, run};
pub use geometry::{Geometry, Method};
pub use real::Real;
pub use weights::Load;

/// What one layer may need; one that needs more is not run, and says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of input, weight, output and workspace.
    pub bytes: u64,
    /// Multiply-accumulates of one sample.
    pub macs: u128,
}

impl Default for Limits {
    /// 1 GiB and 20 G multiply-accumulates.
    fn default() -> Self {
        Self {
            bytes: 1 << 30,
            macs: 20_000_000_000,
        }
    }
}

/// Runs the layers of `convs` that `choice` names, in that order, and compares each with its row.
///
/// `load` gives the packed little-endian bytes of a stored tensor; `on_layer` is told each layer's name
/// before it is run. A layer that cannot be run is in the answer with its reason.
///
/// # Errors
/// [`UnknownLayer`] when a name is given that no layer has.
#[expect(
    clippy::too_many_arguments,
    reason = "a model in four parts, and what to do with it"
)]
pub fn verify(
    network: &Network,
    edges: &Edges,
    shapes: &Shapes,
    convs: &[&ConvLayer],
    choice: &Choice,
    limits: &Limits,
    load: &Load<'_>,
    on_layer: &mut dyn FnMut(&str),
) -> Result<Vec<Verification>, UnknownLayer> {
    let model = weights::Model {
        network,
        edges,
        shapes,
        load,
    };
    let mut run = |conv: &ConvLayer| {
        on_layer(&conv.name);
        layer::run(model, limits, conv)
    };
    Ok(match choice {
        Choice::None => Vec::new(),
        Choice::All => convs.iter().map(|it| run(it)).collect(),
        Choice::First => convs.first().map(|it| run(it)).into_iter().collect(),
        Choice::Named(name) => choose::named(convs, name)?.into_iter().map(run).collect(),
        Choice::Cheapest => {
            let mut first = None;
            for conv in choose::by_cost(network, convs) {
                let found = run(conv);
                if found.status != Status::NotRun {
                    return Ok(vec![found]);
                }
                first = first.or(Some(found));
            }
            first.into_iter().collect()
        }
    })
}

/// What running one convolution showed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verification {
    /// The layer's name.
    pub layer: String,
    /// The engine and its version; null where nothing ran.
    pub engine: Option<String>,
    /// `conv1d`, `conv2d`, `conv_transpose1d`, `conv_transpose2d` or `decomposed`; null where nothing ran.
    pub method: Option<&'static str>,
    /// `[N, C, d1, …, dn]` that it was run on.
    pub input_shape: Option<Shape>,
    /// The inferred output shape.
    pub expected_shape: Option<Shape>,
    /// The engine's output shape.
    pub actual_shape: Option<Shape>,
    /// Whether the two are equal; null where nothing ran.
    pub shapes_agree: Option<bool>,
    /// Output positions whose value was compared with a direct dot product in `f64`.
    pub positions_checked: u64,
    /// The largest difference found there.
    pub max_abs_error: Option<f64>,
    /// The outcome.
    pub status: Status,
    /// Why it was not run, or what disagreed.
    pub reason: Option<String>,
}

/// The outcome of running one convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Status {
    /// Shape and sampled values agree.
    #[serde(rename = "confirmed")]
    Confirmed,
    /// Something disagrees.
    #[serde(rename = "mismatch")]
    Mismatch,
    /// It could not be run, or its data is not there.
    #[serde(rename = "not run")]
    NotRun,
}
