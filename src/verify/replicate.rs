//! What sharing is, shown: a convolution as the locally connected layer that the report counts, with a
//! copy of its kernel for every position that owns one.
//!
//! The copies are built row by row and never stand in memory together. They are run as they stand, each
//! position with its own, and compared with the convolution. Then one weight of one copy changes, and
//! the same weight of all of them.

mod plain;
mod report;
mod transposed;

use serde::Serialize;

use super::array::numel;
use super::choose::{self, UnknownLayer};
use super::layer::{self, Failure};
use super::weights::Model;
use super::{Limits, Status, Verification, engine, operands};
use crate::account::ConvLayer;
use crate::tensor::Shape;
use crate::units::{Params, counted};

/// Why sharing could not be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplicateError {
    /// No layer has the name.
    #[error(transparent)]
    Unknown(#[from] UnknownLayer),
    /// More than one has it.
    #[error("{name:?} names {count} convolutions, needs to name one")]
    Several {
        /// As it was given.
        name: String,
        /// Layers that it names.
        count: usize,
    },
    /// There would be more copies than may be built.
    #[error("{layer}: its copies have {} weights, over the limit of {}", counted(*.needed), counted(*.limit))]
    TooLarge {
        /// The layer.
        layer: String,
        /// Weights of all copies.
        needed: u128,
        /// As many may be built.
        limit: u128,
    },
    /// The layer cannot be run.
    #[error("{layer}: {reason}")]
    NotRun {
        /// The layer.
        layer: String,
        /// Why not.
        reason: String,
    },
}

/// A convolution beside the locally connected layer of the same weights.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Replication {
    /// The layer's name.
    pub layer: String,
    /// What ran the convolution.
    pub engine: String,
    /// How: the names are those of [`Verification::method`].
    pub method: &'static str,
    /// Whether every *input* position owns a kernel.
    pub transposed: bool,
    /// `[1, C, d1, …, dn]`.
    pub input_shape: Shape,
    /// `[1, M, o1, …, on]`.
    pub output_shape: Shape,
    /// The weight as the operator sees it.
    pub weight_shape: Shape,
    /// Whether there is a bias.
    pub bias: bool,
    /// Weights of the convolution, by the report.
    pub shared: Option<Params>,
    /// Weights of the locally connected layer, by the report.
    pub unshared: Option<Params>,
    /// Weights of the copies, counted while they were built.
    pub built: Params,
    /// Positions that own a copy of each kernel.
    pub positions: u64,
    /// Outputs of either layer.
    pub outputs: u64,
    /// The largest difference between the two.
    pub max_abs_error: f64,
    /// What a change does.
    pub change: Change,
    /// `confirmed` or `mismatch`.
    pub status: Status,
    /// What disagreed.
    pub reason: Option<String>,
    /// What was left out of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// One weight changed, in one copy and in all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Which one, in the weight's own order of axes.
    pub weight: Vec<u64>,
    /// The position whose copy it is changed in, spatial.
    pub position: Vec<u64>,
    /// The output that it should change, `[m, o1, …, on]`.
    pub output: Vec<u64>,
    /// Outputs that changed with this copy.
    pub changed_by_one: u64,
    /// Outputs that changed with the same weight of every copy, as in the shared kernel.
    pub changed_by_all: u64,
}

/// A weight that is changed by 1 while copies are built.
#[derive(Clone, Copy, Debug)]
struct Touch {
    /// The filter, of a transposed convolution the input channel.
    owner: usize,
    /// The position whose copy it is; every copy without.
    position: Option<usize>,
    /// The place within the copy.
    element: usize,
}

impl Touch {
    /// The place to change in the copy of `owner` at `position`.
    fn within(touch: Option<Self>, owner: usize, position: usize) -> Option<usize> {
        let it = touch.filter(|it| it.owner == owner)?;
        let here = it.position.is_none_or(|it| it == position);
        here.then_some(it.element)
    }
}

/// What a pass over all copies gave.
#[derive(Debug)]
struct Pass {
    /// `[M, o1, …, on]`, row-major.
    values: Vec<f64>,
    /// Σ |w·x| of each, and the bias's magnitude.
    magnitudes: Vec<f64>,
    /// Weights of the copies that were built.
    built: u128,
}

/// A change, and where it shows.
struct Chosen {
    touch: Touch,
    weight: Vec<usize>,
    position: Vec<usize>,
    /// Flat.
    output: usize,
}

/// A convolution whose every position owns its kernels.
trait Local {
    /// Builds all copies, row by row, and runs them; `None` where the report's numbers lead outside the
    /// tensors.
    fn pass(&self, touch: Option<Touch>) -> Option<Pass>;
    /// A weight of the middle copy that meets an input other than zero.
    fn choose(&self) -> Option<Chosen>;
    /// Positions that own a copy.
    fn positions(&self) -> usize;
}

/// Shows what sharing is in the layer of `convs` that `name` names; its copies may have `most` weights.
///
/// # Errors
/// [`ReplicateError`] where there is no such layer, or it is too large or cannot be run.
pub fn replicate(
    model: Model<'_>,
    convs: &[&ConvLayer],
    name: &str,
    limits: &Limits,
    most: u128,
) -> Result<Replication, ReplicateError> {
    let found = choose::named(convs, &[name.to_owned()])?;
    let [conv] = found.as_slice() else {
        return Err(ReplicateError::Several {
            name: name.to_owned(),
            count: found.len(),
        });
    };
    if let Some(unshared) = conv.params.unshared.filter(|it| it.0 > most) {
        return Err(ReplicateError::TooLarge {
            layer: conv.name.clone(),
            needed: unshared.0,
            limit: most,
        });
    }
    let outcome = if operands::is_integer(&conv.op_type) {
        shown::<f64>(model, limits, conv)
    } else {
        shown::<f32>(model, limits, conv)
    };
    outcome.map_err(|failure| {
        let (Failure::NotRun(reason) | Failure::Mismatch(reason)) = failure;
        ReplicateError::NotRun {
            layer: conv.name.clone(),
            reason,
        }
    })
}

fn shown<T: engine::Element>(
    model: Model<'_>,
    limits: &Limits,
    conv: &ConvLayer,
) -> Result<Replication, Failure> {
    let mut found = Verification::new(conv);
    let prepared = layer::prepare::<T>(model, limits, conv, &mut found)?;
    // Each output's value and magnitude, of the copies as they are and once changed.
    let outputs = numel(&prepared.plan.expected).and_then(|it| u128::try_from(it).ok());
    layer::check_limit(outputs.and_then(|it| it.checked_mul(32)), limits)?;
    let output = layer::run_engine(&prepared, &mut found)?;
    super::compare::compare_shapes(&prepared.plan, &output.sizes, &mut found)?;
    let direct = super::compare::claimed(&prepared.plan, &prepared.operands)?;
    let spatial = output.sizes.get(2..).unwrap_or_default();
    if direct.transposed {
        let local = transposed::Scattered::new(&direct, spatial).ok_or_else(outside)?;
        report::report(conv, &prepared, &output, &found, &local)
    } else {
        let local = plain::Gathered::new(&direct, spatial).ok_or_else(outside)?;
        report::report(conv, &prepared, &output, &found, &local)
    }
}

fn outside() -> Failure {
    Failure::Mismatch("the report's strides, padding and group lead outside the tensors".to_owned())
}

/// A flat row-major place as one index an axis.
fn unravel(sizes: &[usize], flat: usize) -> Vec<usize> {
    super::sample::unravel(sizes, flat)
}
