//! Shapes: a network and the sizes given for its inputs make every value known, a formula, or a gap.

mod again;
mod control;
mod declared;
mod given;
mod inputs;
mod merge;
mod pinned;
mod walk;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use again::{Again, Changed, Changes, Stop};
pub use given::{read_input, read_size, read_sizes};
pub use inputs::concerning;
pub(crate) use inputs::listed;
use serde::Serialize;

use crate::finding::Finding;
use crate::network::{Edges, GraphId, Network, NodeId, ValueId};
use crate::op::Value;
use crate::tensor::{DataType, Dim, Shape};

/// Tells what can be known of every value of `network`, with the sizes that a user gave.
///
/// # Errors
/// [`SizesError`] where a given size fits nothing in the model. Whatever the model itself holds makes
/// values unknown, with a reason, and never an error.
pub fn infer(network: &Network, edges: &Edges, sizes: &Sizes) -> Result<Shapes, SizesError> {
    let bound = inputs::bind(network, sizes)?;
    let mut walk = walk::Walk::new(network, edges, &bound);
    if !network.graphs.is_empty() {
        walk.graph(GraphId(0));
    }
    Ok(walk.finish(bound, sizes))
}

/// Sizes that a user gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// `--input`: an input's sizes by its name; without a name those of the only input, or of the only
    /// one of that rank.
    pub inputs: Vec<(Option<String>, Vec<u64>)>,
    /// `--dim`: sizes of symbolic dimensions by name.
    pub dims: BTreeMap<String, u64>,
}

/// A given size that fits nothing in the model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SizesError {
    /// No input of that name.
    #[error("no input is named {name:?}; the inputs are {inputs}")]
    UnknownInput {
        /// As it was given.
        name: String,
        /// The ones there are.
        inputs: String,
    },
    /// Sizes without a name that could be of several inputs, or of none.
    #[error("{sizes} fits {fits} inputs, so it needs a name; the inputs are {inputs}")]
    AmbiguousInput {
        /// As it was given: `1x3x224x224`.
        sizes: String,
        /// How many inputs have that rank.
        fits: usize,
        /// The ones there are.
        inputs: String,
    },
    /// Two sizes for one input.
    #[error("input {name:?} is given as {other} and as {sizes}")]
    InputTwice {
        /// The input.
        name: String,
        /// As it was given last.
        sizes: String,
        /// As it was given before.
        other: String,
    },
    /// As many sizes as the input has axes.
    #[error("input {name:?} has {expected} axes, {sizes} has {found}")]
    Rank {
        /// The input.
        name: String,
        /// Its axes.
        expected: usize,
        /// As it was given.
        sizes: String,
        /// How many sizes were given.
        found: usize,
    },
    /// No dimension of that name.
    #[error("no input has a dimension named {name:?}; the dimensions are {dims}")]
    UnknownDim {
        /// As it was given.
        name: String,
        /// The ones there are, or `none`.
        dims: String,
    },
}

/// One input of the model, as declared and as taken.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Element type.
    pub data_type: Option<DataType>,
    /// Sizes in the file: numbers, names, or null; null as a whole where it declares none.
    pub declared: Option<Vec<Dim>>,
    /// Sizes that everything was computed with.
    pub shape: Option<Shape>,
}

/// What is known of every value.
#[derive(Clone, Debug, Default)]
pub struct Shapes {
    /// By value.
    pub values: Vec<Value>,
    /// Nodes whose outputs could not be told for a reason of their own (not merely for an unknown input).
    pub problems: BTreeMap<NodeId, Arc<str>>,
    /// The model's inputs.
    pub inputs: Vec<Input>,
    /// The sizes that a user gave.
    pub sizes: Sizes,
    /// What was noticed on the way.
    pub findings: Vec<Finding>,
}

impl Shapes {
    /// What is known of `value`.
    #[must_use]
    #[expect(
        clippy::indexing_slicing,
        reason = "one entry for each value of the network"
    )]
    pub fn value(&self, value: ValueId) -> &Value {
        &self.values[value.at()]
    }
}
