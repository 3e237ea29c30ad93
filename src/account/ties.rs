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

/// Up to so many users of one tensor all name each other.
const MOST_USERS: usize = 256;
/// Of more users each names so many others, since what is named grows with the square of the users.
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

    /// Names of the other users of a root, and how many more there are where they are too many to name.
    pub(super) fn others(
        &self,
        root: Root,
        user: NodeId,
        scene: Scene<'_>,
    ) -> (Vec<String>, usize) {
        let users = self.0.get(&root).map_or(&[][..], Vec::as_slice);
        // Every row names all others, so what is named grows with the square of the users.
        let most = if users.len() <= MOST_USERS {
            MOST_USERS
        } else {
            MOST_NAMED
        };
        let others = users.iter().filter(|it| **it != user);
        let name = |id: &NodeId| scene.network.node(*id).name.clone();
        let names: Vec<String> = others.take(most).map(name).collect();
        let more = users.len().saturating_sub(names.len()).saturating_sub(1);
        (names, more)
    }
}
