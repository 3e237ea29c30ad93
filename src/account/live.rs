//! What the main graph's outputs depend on: by value, or only through shapes, indices and conditions.

use super::flow;
use super::scene::Scene;
use super::slots::{Slot, slot};
use crate::network::{Producer, ValueId};

/// How far a value matters to the outputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Life {
    /// No output depends on it.
    #[default]
    Dead,
    /// It only steers: a shape, an index, a condition.
    Steers,
    /// Its values flow into an output.
    Flows,
}

/// The life of every value, found backward from the main graph's outputs.
pub(super) fn live(scene: Scene<'_>) -> Vec<Life> {
    let mut life = vec![Life::Dead; scene.network.values.len()];
    let outputs = scene.network.main().map_or(&[][..], |it| &it.outputs);
    let mut steering = Vec::new();
    revive(
        scene,
        &mut life,
        Life::Flows,
        outputs.to_vec(),
        &mut steering,
    );
    let mut rest = Vec::new();
    revive(scene, &mut life, Life::Steers, steering, &mut rest);
    life
}

/// Marks what `open` depends on; what it depends on only to be steered goes to `steering`.
fn revive(
    scene: Scene<'_>,
    life: &mut [Life],
    level: Life,
    mut open: Vec<ValueId>,
    steering: &mut Vec<ValueId>,
) {
    let mut done = vec![false; scene.network.nodes.len()];
    while let Some(value) = open.pop() {
        match life.get_mut(value.at()) {
            Some(known) if *known < level => *known = level,
            _ => continue,
        }
        let (id, place) = match scene.edges.producer(value) {
            Producer::Node(id, place) => (id, place),
            Producer::Input(graph, place) => {
                if let Some(owner) = scene.edges.owner(graph) {
                    open.extend(flow::fed(scene.network.node(owner), place));
                }
                continue;
            }
            Producer::Initializer(_) | Producer::Missing => continue,
        };
        let node = scene.network.node(id);
        open.extend(flow::body_outputs(scene, node, place));
        match done.get_mut(id.at()) {
            Some(done) if !*done => *done = true,
            _ => continue,
        }
        for (place, input) in node.inputs.iter().enumerate() {
            let Some(input) = input else { continue };
            if level == Life::Flows && slot(node, place) == Slot::Control {
                steering.push(*input);
            } else {
                open.push(*input);
            }
        }
        if &*node.op_type != "If" {
            // A loop's every output depends on all that its body carries on, and on its condition.
            let bodies = node.subgraphs.iter();
            let bodies = bodies.filter_map(|(_, graph)| scene.network.graphs.get(graph.at()));
            open.extend(bodies.flat_map(|body| body.outputs.iter().copied()));
        }
    }
}
