//! Runs convolutions for real and compares them with what the report says.
//!
//! A layer gets its real weights and a pseudo-random input, and runs in candle as its node's attributes
//! say, read here a second time (`geometry`). What comes out is compared with the report's row: the
//! shape, and at a fixed sample of positions (`sample`) the value against a plain dot product in `f64`
//! over the window that the row names (`direct`). The two sides share no arithmetic, so that a pad on
//! the wrong side, swapped axes or a wrong group shows.
//!
//! Layers run side by side within a memory limit (`queue`). `replicate` shows what sharing is: it builds the
//! locally connected layer that the report counts, and runs that beside the convolution.
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
#[cfg(all(test, feature = "verify"))]
mod kind_tests;
mod layer;
#[cfg(all(test, feature = "verify"))]
mod node_tests;
mod operands;
mod queue;
mod real;
mod replicate;
#[cfg(all(test, feature = "verify"))]
mod replicate_tests;
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
use crate::tensor::Shape;

pub use choose::{Choice, UnknownLayer, matching};
pub use engine::{Element, Output, run};
pub use geometry::{Geometry, Method};
pub use real::Real;
pub use replicate::{Change, ReplicateError, Replication, replicate};
pub use weights::{Load, Model};

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

/// What a run has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress<'a> {
    /// So many layers are to be run.
    Layers(usize),
    /// The layer of this name is begun.
    Begun(&'a str),
    /// One layer is done.
    Done,
}

/// Told of the progress, from any thread.
pub type Watch<'a> = dyn Fn(Progress<'_>) + Sync + 'a;

/// Runs the layers of `convs` that `choice` names, and compares each with its row; the answers stand in
/// the order of the rows.
///
/// Layers run side by side where all that are under way fit into `limits.bytes`. A layer that cannot be
/// run is in the answer with its reason.
///
/// # Errors
/// [`UnknownLayer`] when a name is given that no layer has.
pub fn verify(
    model: Model<'_>,
    convs: &[&ConvLayer],
    choice: &Choice,
    limits: &Limits,
    watch: &Watch<'_>,
) -> Result<Vec<Verification>, UnknownLayer> {
    let chosen = match choice {
        Choice::None => Vec::new(),
        Choice::All => convs.to_vec(),
        Choice::First => convs.first().copied().into_iter().collect(),
        Choice::Named(names) => choose::named(convs, names)?,
        Choice::Cheapest => {
            let tried = choose::by_cost(model.network, convs);
            return Ok(cheapest(model, &tried, limits, watch));
        }
    };
    Ok(queue::run(model, &chosen, limits, watch))
}

/// The first of `tried` that can be run; where none can, what is said of the first.
fn cheapest(
    model: Model<'_>,
    tried: &[&ConvLayer],
    limits: &Limits,
    watch: &Watch<'_>,
) -> Vec<Verification> {
    let mut first = None;
    for conv in tried {
        watch(Progress::Begun(&conv.name));
        let found = layer::run(model, limits, conv);
        if found.status != Status::NotRun {
            return vec![found];
        }
        first = first.or(Some(found));
    }
    first.into_iter().collect()
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
    /// What was left out of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Verification {
    /// Whether it ran and agreed.
    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        self.status == Status::Confirmed
    }

    /// Whether it ran and disagreed.
    #[must_use]
    pub fn is_mismatch(&self) -> bool {
        self.status == Status::Mismatch
    }
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
