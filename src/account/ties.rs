//! Which nodes use the same stored weight.

use std::collections::BTreeMap;

use super::roles;
use super::scene::{Scene, input_of};
use super::trace::{Root, Tracer};
use crate::network::NodeId;
use crate::op::{conv, linear};

/// The nodes that use each root as their weight, in the file's order.
#[derive(Debug, Default)]
pub(super) struct Ties(BTreeMap<Root, Vec<NodeId>>);

/// A row names no more users than this, since each of many users would name all the others.
const MOST_NAMED: usize = 32;

impl Ties {
    /// Traces the weights of `order`'s convolutions, matrix products and recurrent operators.
    pub(super) fn find(scene: Scene<'_>, tracer: &mut Tracer<'_>, order: &[NodeId]) -> Self {
        let mut ties = Self::default();
        for id in order {
            let node = scene.network.node(*id);
            let (domain, op_type) = (&*node.domain, &*node.op_type);
            let place = conv::find(domain, op_type)
                .map(|it| it.weight)
                .or_else(|| roles::linear_weight(tracer, node))
                .or_else(|| {
                    linear::find_recurrent(domain, op_type)?
                        .weights
                        .first()
                        .copied()
                });
            let Some(value) = place.and_then(|it| input_of(node, it)) else {
                continue;
            };
            let root = tracer.root(value);
            if matches!(root, Root::Stored(_) | Root::ConstantOfShape(_)) {
                ties.0.entry(root).or_default().push(*id);
            }
        }
        ties
    }

    /// Names of the other users of a root; past [`MOST_NAMED`] their number.
    pub(super) fn others(&self, root: Root, user: NodeId, scene: Scene<'_>) -> Vec<String> {
        let users = self.0.get(&root).map_or(&[][..], Vec::as_slice);
        let others = users.iter().filter(|it| **it != user);
        let mut names: Vec<String> = others
            .take(MOST_NAMED)
            .map(|it| scene.network.node(*it).name.clone())
            .collect();
        let more = users.len().saturating_sub(names.len()).saturating_sub(1);
        if more > 0 && !names.is_empty() {
            names.push(format!("and {more} more"));
        }
        names
    }
}
