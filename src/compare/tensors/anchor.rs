//! Where a tensor belongs, seen from the layers of two models that are aligned.

use std::collections::BTreeMap;

use super::Subject;
use crate::account::Role;
use crate::compare::layers::{Layers, Side};
use crate::network::{NodeId, Producer, input_of};
use crate::op::linear;

/// Operators between a layer and one behind it that are looked through.
const MOST_STEPS: usize = 4;

/// A place: an aligned layer, the operators behind it up to the one that takes the tensor, and its part there.
pub(super) type Anchor = (usize, Vec<String>, String);

/// Finds the places of one model's tensors; `side` reads that model's side of a pair of layers.
pub(super) fn anchors(
    subject: &Subject<'_>,
    layers: &Layers,
    side: fn(&crate::compare::layers::Pair) -> Option<&Side>,
) -> Vec<Option<Anchor>> {
    let network = &subject.model.network;
    let mut aligned: BTreeMap<NodeId, usize> = BTreeMap::new();
    for (at, pair) in layers.pairs.iter().enumerate() {
        if pair.before.is_none() || pair.after.is_none() {
            continue;
        }
        let row = side(pair).and_then(|it| subject.inspection.layers.get(it.row));
        aligned.extend(row.map(|it| (it.node(), at)));
    }
    let anchor = |it: &crate::account::TensorRow| {
        let (node, place) = it.user?;
        let taker = network.node(node);
        let recurrent = linear::find_recurrent(&taker.domain, &taker.op_type).is_some();
        let part = match it.slot.filter(|_| !recurrent) {
            Some(Role::Weight) => "weight".to_owned(),
            Some(Role::Bias) => "bias".to_owned(),
            _ => place.to_string(),
        };
        let mut at = node;
        let mut path = Vec::new();
        for _ in 0..=MOST_STEPS {
            if let Some(pair) = aligned.get(&at) {
                return Some(placed(*pair, path, part));
            }
            let op_type = &network.node(at).op_type;
            path.push(op_type.to_string());
            at = before(subject, at)?;
        }
        None
    };
    subject.rows.iter().map(anchor).collect()
}

/// The node that makes what comes into a node.
pub(super) fn before(subject: &Subject<'_>, node: NodeId) -> Option<NodeId> {
    let node = subject.model.network.node(node);
    (0..node.inputs.len().min(2)).find_map(|place| {
        match subject.edges.producer(input_of(node, place)?) {
            Producer::Node(id, _) => Some(id),
            Producer::Initializer(_) | Producer::Input(..) | Producer::Missing => None,
        }
    })
}

/// A bias that is added behind a layer is that layer's.
fn placed(pair: usize, path: Vec<String>, part: String) -> Anchor {
    if path == ["Add"] {
        return (pair, vec![], "bias".to_owned());
    }
    (pair, path, part)
}
