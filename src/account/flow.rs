//! How values pass through operators that only move them, and in and out of the bodies of control flow.

use super::scene::{Scene, input_of, is};
use crate::network::{GraphId, Node, Use, ValueId};

/// Operators whose first output holds the elements of their first input, moved or converted.
pub(super) const MOVES: &[&str] = &[
    "Identity",
    "Cast",
    "CastLike",
    "Reshape",
    "Flatten",
    "Transpose",
    "Squeeze",
    "Unsqueeze",
    "Slice",
    "Split",
    "Concat",
    "Expand",
    "Pad",
    "Gather",
    "GatherND",
    "QuantizeLinear",
    "DequantizeLinear",
    "Dropout",
];

/// Whether a node moves the elements of its input `place` to its outputs.
pub(super) fn moves(node: &Node, place: usize) -> bool {
    is(node, MOVES) && (place == 0 || &*node.op_type == "Concat")
}

/// The place of a body's input that the owner's input `place` feeds, per operator.
fn body_place(node: &Node, place: usize) -> Option<usize> {
    match &*node.op_type {
        // Inputs: trip count, condition, carried values; the body's: iteration, condition, carried values.
        "Loop" => (place >= 2).then_some(place),
        // Opset 8 has an optional list of lengths first.
        "Scan" if node.opset < 9 => place.checked_sub(1),
        "Scan" => Some(place),
        _ => None,
    }
}

/// The body inputs that a node's input `place` feeds.
pub(super) fn body_inputs(scene: Scene<'_>, node: &Node, place: usize) -> Vec<ValueId> {
    let Some(place) = body_place(node, place) else {
        return vec![];
    };
    let graphs = node.subgraphs.iter();
    let graphs = graphs.filter_map(|(_, graph)| scene.network.graphs.get(graph.at()));
    graphs
        .filter_map(|graph| graph.inputs.get(place).copied())
        .collect()
}

/// What a node feeds its body's input `place`.
pub(super) fn fed(node: &Node, place: usize) -> Option<ValueId> {
    let outer = match &*node.op_type {
        "Loop" if place >= 2 => place,
        "Scan" if node.opset < 9 => place.checked_add(1)?,
        "Scan" => place,
        _ => return None,
    };
    input_of(node, outer)
}

/// Whether a body's input holds the whole of what it is fed, and not a slice of it.
pub(super) fn fed_whole(node: &Node, graph_inputs: usize, place: usize) -> bool {
    if &*node.op_type != "Scan" {
        return true;
    }
    let slices = node.attrs.int_or("num_scan_inputs", 0).unwrap_or(0);
    let slices = usize::try_from(slices).unwrap_or(usize::MAX);
    place < graph_inputs.saturating_sub(slices)
}

/// The node's output that its body's output `place` becomes.
fn owner_output(node: &Node, place: usize) -> Option<ValueId> {
    let place = match &*node.op_type {
        "If" | "Scan" => place,
        // The body's first output is the condition.
        "Loop" => place.checked_sub(1)?,
        _ => return None,
    };
    node.outputs.get(place).copied().flatten()
}

/// The bodies' outputs that a node's output `place` comes from.
pub(super) fn body_outputs(scene: Scene<'_>, node: &Node, place: usize) -> Vec<ValueId> {
    let place = match &*node.op_type {
        "If" | "Scan" => Some(place),
        "Loop" => place.checked_add(1),
        _ => None,
    };
    let Some(place) = place else {
        return vec![];
    };
    let graphs = node.subgraphs.iter();
    let graphs = graphs.filter_map(|(_, graph)| scene.network.graphs.get(graph.at()));
    graphs
        .filter_map(|graph| graph.outputs.get(place).copied())
        .collect()
}

/// Every value that `seeds` reach through the node inputs that `passes` lets through, in and out of bodies.
pub(super) fn spread(
    scene: Scene<'_>,
    seeds: Vec<ValueId>,
    passes: impl Fn(&Node, usize) -> bool,
) -> Vec<bool> {
    let mut reached = vec![false; scene.network.values.len()];
    let mut done = vec![false; scene.network.nodes.len()];
    let mut open = seeds;
    while let Some(value) = open.pop() {
        match reached.get_mut(value.at()) {
            Some(seen) if !*seen => *seen = true,
            _ => continue,
        }
        for it in scene.edges.uses(value) {
            match *it {
                Use::Node(id, place) => {
                    let node = scene.network.node(id);
                    open.extend(body_inputs(scene, node, place));
                    let first = done.get_mut(id.at()).filter(|it| !**it);
                    if let Some(first) = first
                        && passes(node, place)
                    {
                        *first = true;
                        open.extend(node.outputs.iter().copied().flatten());
                    }
                }
                Use::Output(graph, place) => open.extend(after_body(scene, graph, place)),
            }
        }
    }
    reached
}

/// Where a body's output goes: the owner's output, and the next round's carried value.
fn after_body(scene: Scene<'_>, graph: GraphId, place: usize) -> Vec<ValueId> {
    let Some(owner) = scene.edges.owner(graph) else {
        return vec![];
    };
    let node = scene.network.node(owner);
    let body = scene.network.graphs.get(graph.at());
    let next_place = match &*node.op_type {
        "Loop" => place.checked_add(1),
        "Scan" => {
            Some(place).filter(|it| fed_whole(node, body.map_or(0, |it| it.inputs.len()), *it))
        }
        _ => None,
    };
    let next = next_place.and_then(|it| body.and_then(|body| body.inputs.get(it)));
    owner_output(node, place)
        .into_iter()
        .chain(next.copied())
        .collect()
}
