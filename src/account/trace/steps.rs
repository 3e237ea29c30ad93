//! One step of a trace: how a value is made.

use super::{Root, Tracer};
use crate::account::flow;
use crate::account::scene::{input_of, is};
use crate::network::{NodeId, Producer, ValueId};

/// Operators that keep every element of their first input.
const KEEPS: &[&str] = &[
    "Identity",
    "Reshape",
    "Flatten",
    "Transpose",
    "Squeeze",
    "Unsqueeze",
    "Cast",
    "CastLike",
    "QuantizeLinear",
    "DequantizeLinear",
    "Dropout",
];

/// Operators that keep the elements of their first input where the number of elements stays: a flip
/// by `Slice`, an `Expand` or `Pad` that does nothing.
const MAY_KEEP: &[&str] = &["Slice", "Expand", "Pad", "Concat", "Split"];

/// Operators of two operands, one of which may rescale the other.
const RESCALES: &[&str] = &["Mul", "Div", "Add", "Sub"];

/// Operators that change each element of their first input alone, or standardise it.
const REWRITES: &[&str] = &[
    "BatchNormalization",
    "InstanceNormalization",
    "LayerNormalization",
    "Neg",
    "Abs",
    "Sign",
    "Clip",
    "Round",
    "Relu",
    "Tanh",
    "Sigmoid",
    "Exp",
    "Softplus",
    "Pow",
    "Sqrt",
];

/// How a value is made, as far as tracing goes.
pub(super) enum Step {
    End(Root),
    /// It holds what this value holds.
    To(ValueId, Option<NodeId>),
    /// One of these values, rescaled.
    Any(NodeId, Vec<ValueId>),
}

impl Tracer<'_> {
    pub(super) fn step(&self, value: ValueId) -> Step {
        match self.scene.edges.producer(value) {
            Producer::Initializer(id) => Step::End(Root::Stored(id)),
            Producer::Missing => Step::End(Root::Missing),
            Producer::Input(graph, place) => match self.scene.edges.owner(graph) {
                None => Step::End(Root::Input(value)),
                Some(owner) => {
                    let node = self.scene.network.node(owner);
                    let inputs = self.scene.network.graph(graph).inputs.len();
                    match flow::fed(node, place) {
                        Some(outer) if flow::fed_whole(node, inputs, place) => {
                            Step::To(outer, None)
                        }
                        _ => Step::End(Root::Computed),
                    }
                }
            },
            Producer::Node(id, 0) => self.through(id, value),
            Producer::Node(..) => Step::End(Root::Computed),
        }
    }

    /// The step through the node that makes `value` as its first output.
    fn through(&self, id: NodeId, value: ValueId) -> Step {
        let node = self.scene.network.node(id);
        let computed = Step::End(Root::Computed);
        if is(node, &["ConstantOfShape"]) {
            return Step::End(Root::ConstantOfShape(id));
        }
        let Some(first) = input_of(node, 0) else {
            return computed;
        };
        if is(node, KEEPS) {
            return Step::To(first, Some(id));
        }
        if is(node, MAY_KEEP) {
            let same = self.scene.numel(first).zip(self.scene.numel(value));
            return match same {
                Some((before, after)) if before == after => Step::To(first, Some(id)),
                _ => computed,
            };
        }
        if is(node, RESCALES) {
            let mut operands: Vec<ValueId> = node.inputs.iter().copied().flatten().collect();
            operands.dedup();
            return Step::Any(id, operands);
        }
        if is(node, REWRITES) {
            return Step::Any(id, vec![first]);
        }
        computed
    }
}
