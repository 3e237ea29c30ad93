//! What one use of a value is.

use super::Finder;
use crate::account::flow;
use crate::account::live::Life;
use crate::account::roles::Role;
use crate::account::scene::{input_of, is};
use crate::account::slots::{Slot, slot};
use crate::account::trace::{Root, Tracer};
use crate::network::{InitializerId, Node, Producer, Use, ValueId};
use crate::op::{Element, linear};
use crate::tensor::DataType;

/// A `Concat` of more pieces is not looked at, since many products may share it.
const MOST_PIECES: usize = 64;

/// Casts and reshapes between an integer operator and its scale.
const MOST_STEPS: usize = 8;

impl Finder<'_> {
    /// Whether a node reads a float table at indices computed at run time.
    pub(super) fn embeds(&self, node: &Node, table: ValueId) -> bool {
        let indices = input_of(node, 1);
        is(node, &["Gather"])
            && self.data_type(table).is_none_or(DataType::is_float)
            && indices.is_some_and(|it| !self.is_constant(it))
    }

    pub(super) fn data_type(&self, value: ValueId) -> Option<DataType> {
        let known = self.scene.shapes.values.get(value.at());
        known.and_then(|it| it.data_type)
    }

    /// Whether a value's elements are known before the model runs.
    pub(super) fn is_constant(&self, value: ValueId) -> bool {
        let known = self.scene.shapes.values.get(value.at());
        let known = known.and_then(|it| it.elements.as_ref());
        let stored = matches!(self.scene.edges.producer(value), Producer::Initializer(_));
        stored || known.is_some_and(|it| it.iter().all(|it| *it != Element::Unknown))
    }

    /// The role of one use of a value, and whether only real numbers have it.
    pub(super) fn direct(
        &self,
        tracer: &mut Tracer<'_>,
        value: ValueId,
        it: Use,
    ) -> Option<(Role, bool)> {
        let (id, place) = match it {
            Use::Node(id, place) => (id, place),
            Use::Output(graph, _) => {
                let main = self.scene.edges.owner(graph).is_none();
                return main.then_some((Role::Elementwise, true));
            }
        };
        let node = self.scene.network.node(id);
        let life = self.life(id);
        if life == Life::Dead {
            return None;
        }
        let by_value = match life {
            Life::Flows => (Role::Elementwise, true),
            _ => (Role::Constant, false),
        };
        match slot(node, place) {
            Slot::Role(role) => Some((role, false)),
            Slot::Control => Some((Role::Constant, false)),
            Slot::Moved if self.embeds(node, value) => Some((Role::Weight, true)),
            Slot::Moved => None,
            Slot::Operand if self.operands.get(&id) == Some(&place) => Some((Role::Weight, false)),
            Slot::Operand => Some(self.operand(tracer, node, place).unwrap_or(by_value)),
            // What goes into a body is used there.
            Slot::Data if !flow::body_inputs(self.scene, node, place).is_empty() => None,
            Slot::Data if self.scales(tracer, node, place) => Some((Role::Quantization, false)),
            Slot::Data => Some(by_value),
        }
    }

    /// A matrix product with pieces of stored tensors (a `Concat` of them) at the weight's usual place.
    fn operand(&self, tracer: &mut Tracer<'_>, node: &Node, place: usize) -> Option<(Role, bool)> {
        let usual = linear::find(&node.domain, &node.op_type)?.operands.first();
        let value = input_of(node, place)?;
        let pieces = self.scene.maker(value).is_some_and(|(_, node, _)| {
            let mut inputs = node.inputs.iter().copied().flatten();
            is(node, &["Concat"])
                && node.inputs.len() <= MOST_PIECES
                && inputs.all(|it| matches!(tracer.root(it), Root::Stored(_)))
        });
        (pieces && usual == Some(&place)).then_some((Role::Weight, false))
    }

    /// Whether this operand scales an integer operator's result or an integer weight.
    fn scales(&self, tracer: &mut Tracer<'_>, node: &Node, place: usize) -> bool {
        if !is(node, &["Mul", "Div", "Sub"]) || place > 1 {
            return false;
        }
        let other = input_of(node, 1_usize.saturating_sub(place));
        other.is_some_and(|it| self.is_integer(tracer, it))
    }

    /// Whether a value is an integer operator's result, an integer weight, or the scale that goes with one.
    fn is_integer(&self, tracer: &mut Tracer<'_>, value: ValueId) -> bool {
        let stored = tracer
            .moved(value)
            .map(|id| &self.scene.network.initializer(id).tensor);
        if let Some(tensor) = stored {
            let narrow = tensor
                .data_type
                .is_some_and(|it| it.is_integer() && it.bits() <= 8);
            return narrow && tensor.numel() != Some(1);
        }
        let mut at = value;
        for _ in 0..MOST_STEPS {
            let Some((_, node, place)) = self.scene.maker(at) else {
                return tracer.moved(at).is_some_and(|id| self.is_narrow(id));
            };
            match &*node.op_type {
                "ConvInteger" | "MatMulInteger" => return true,
                "DynamicQuantizeLinear" => return place == 1,
                "Cast" | "Reshape" | "Transpose" | "Squeeze" | "Unsqueeze" | "Identity" | "Sub" => {
                }
                _ => return false,
            }
            let Some(next) = input_of(node, 0) else {
                return false;
            };
            at = next;
        }
        false
    }

    fn is_narrow(&self, id: InitializerId) -> bool {
        let tensor = &self.scene.network.initializer(id).tensor;
        tensor
            .data_type
            .is_some_and(|it| it.is_integer() && it.bits() <= 8)
    }
}
