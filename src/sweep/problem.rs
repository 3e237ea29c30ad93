//! Layers that cannot take a size, with what they expect.

use serde::Serialize;

use crate::infer::Shapes;
use crate::network::{Edges, Network, Node, NodeId, Producer};
use crate::op::{Call, Value, matmul};
use crate::units::counted;

/// So many problems are kept of one size; the rest are counted.
const MOST_KEPT: usize = 16;

/// A layer that cannot take what a size makes of its input, or whose output cannot be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The node's name.
    pub layer: String,
    /// ONNX's `op_type`.
    pub op_type: String,
    /// Why, in one sentence.
    pub reason: String,
    /// Inputs that a linear layer's weight sums over.
    pub expected: Option<u64>,
    /// Inputs that it is given.
    pub found: Option<u64>,
}

/// The first problems in the network's order, and how many more there are.
pub(super) fn problems(network: &Network, edges: &Edges, shapes: &Shapes) -> (Vec<Problem>, usize) {
    let all = shapes.problems.iter();
    let kept = all.take(MOST_KEPT);
    let problems = kept.map(|(id, reason)| problem(network, edges, shapes, *id, reason));
    let more = shapes.problems.len().saturating_sub(MOST_KEPT);
    (problems.collect(), more)
}

fn problem(network: &Network, edges: &Edges, shapes: &Shapes, id: NodeId, reason: &str) -> Problem {
    let node = network.node(id);
    let sums = sums(node, edges, shapes);
    let reason = match sums {
        Some((found, expected)) => format!(
            "it expects {} inputs, here {}",
            counted(expected.into()),
            counted(found.into())
        ),
        None => reason.to_owned(),
    };
    Problem {
        layer: node.name.clone(),
        op_type: node.op_type.to_string(),
        reason,
        expected: sums.map(|it| it.1),
        found: sums.map(|it| it.0),
    }
}

/// What a product with a stored right side sums over: what it is given and what it expects, where they differ.
fn sums(node: &Node, edges: &Edges, shapes: &Shapes) -> Option<(u64, u64)> {
    if !matmul::sums(&node.op_type) {
        return None;
    }
    let stored = |at: usize| {
        let value = node.inputs.get(at).copied().flatten();
        value.is_some_and(|it| matches!(edges.producer(it), Producer::Initializer(_)))
    };
    if stored(0) {
        return None;
    }
    let inputs: Vec<Option<&Value>> = node
        .inputs
        .iter()
        .map(|it| it.map(|it| shapes.value(it)))
        .collect();
    matmul::inner_sizes(&Call {
        domain: &node.domain,
        op_type: &node.op_type,
        opset: node.opset,
        attrs: &node.attrs,
        inputs: &inputs,
        outputs: node.outputs.len(),
    })
}
