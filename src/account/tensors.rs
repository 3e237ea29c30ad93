//! Every stored tensor: what it is for, and which operator takes it first.

use super::roles::{self, Role};
use super::scene::{Scene, is, output_of};
use super::slots::{Slot, slot};
use super::trace::Tracer;
use crate::infer::Shapes;
use crate::network::{Edges, InitializerId, Network, NodeId, Use, ValueId};
use crate::tensor::DataType;

/// A stored tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorRow {
    /// Its place in the network.
    pub id: InitializerId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Its element type, where that is known.
    pub data_type: Option<DataType>,
    /// Its sizes.
    pub shape: Vec<u64>,
    /// The operator that takes it, behind those that only move it, and the place among that one's inputs.
    pub user: Option<(NodeId, usize)>,
    /// The role that the operator gives to what comes in there, where it gives one.
    pub slot: Option<Role>,
}

/// Operators between a tensor and the one that takes it.
const MOST_STEPS: usize = 16;

/// Uses of one value that are looked at.
const MOST_USES: usize = 64;

/// What moves or converts a weight on its way.
const MOVERS: &[&str] = &[
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
];

/// Lists the stored tensors of a network in the file's order.
#[must_use]
pub fn tensors(network: &Network, edges: &Edges, shapes: &Shapes) -> Vec<TensorRow> {
    let scene = Scene {
        network,
        edges,
        shapes,
        changes: None,
    };
    let booked = roles::book(scene, &mut Tracer::of(scene));
    let row = |(id, it): (InitializerId, &crate::network::Initializer)| {
        let user = it.values.first().and_then(|it| user(scene, *it));
        TensorRow {
            id,
            name: scene.tensor_name(id),
            role: booked.role(id),
            data_type: it.tensor.data_type,
            shape: it.tensor.dims.clone(),
            user,
            slot: user.and_then(|(node, place)| match slot(network.node(node), place) {
                Slot::Role(role) => Some(role),
                Slot::Operand => Some(Role::Weight),
                Slot::Moved | Slot::Control | Slot::Data => None,
            }),
        }
    };
    network.initializers().map(row).collect()
}

/// The first operator that takes a value for a parameter of its own, behind movers, else the first that takes
/// it at all.
fn user(scene: Scene<'_>, value: ValueId) -> Option<(NodeId, usize)> {
    let mut value = value;
    let mut any = None;
    for _ in 0..MOST_STEPS {
        let mut next = None;
        for it in scene.edges.uses(value).iter().take(MOST_USES) {
            let Use::Node(id, place) = *it else { continue };
            let node = scene.network.node(id);
            if matches!(slot(node, place), Slot::Role(_) | Slot::Operand) && !is(node, MOVERS) {
                return Some((id, place));
            }
            if place == 0 && is(node, MOVERS) {
                next = next.or(output_of(node));
            } else {
                any = any.or(Some((id, place)));
            }
        }
        let Some(output) = next else { break };
        value = output;
    }
    any
}
