//! What accounting looks at: the network, its edges, and what is known of its values.

use crate::infer::{Changes, Shapes};
use crate::network::{Edges, GraphId, InitializerId, Network, Node, NodeId, Producer, ValueId};
use crate::op::{MICROSOFT, ONNX, Value};
use crate::tensor::Shape;

pub(super) use crate::network::{input_of, output_of};

/// The network with its edges and shapes.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) network: &'a Network,
    pub(super) edges: &'a Edges,
    pub(super) shapes: &'a Shapes,
    /// Values that are taken otherwise than `shapes` has them.
    pub(super) changes: Option<&'a Changes>,
}

impl<'a> Scene<'a> {
    /// What is known of a value.
    pub(super) fn value(self, value: ValueId) -> Option<&'a Value> {
        let changed = self.changes.and_then(|it| it.get(&value));
        changed.or_else(|| self.shapes.values.get(value.at()))
    }

    /// What is known of a value's sizes.
    pub(super) fn shape(self, value: ValueId) -> Option<&'a Shape> {
        self.value(value)?.shape.as_ref()
    }

    /// Elements of a value, where all its sizes are known.
    pub(super) fn numel(self, value: ValueId) -> Option<u128> {
        self.shape(value)?.numel()
    }

    /// The node that makes a value, unless it is the tensor that a `Constant` node stores.
    pub(super) fn maker(self, value: ValueId) -> Option<(NodeId, &'a Node, usize)> {
        match self.edges.producer(value) {
            Producer::Node(id, place) => Some((id, self.network.node(id), place)),
            _ => None,
        }
    }

    /// A stored tensor's name: that of its value.
    pub(super) fn tensor_name(self, id: InitializerId) -> String {
        let initializer = self.network.initializer(id);
        match initializer.values.first() {
            Some(value) => self.network.value(*value).name.to_string(),
            None => initializer.tensor.name.clone(),
        }
    }

    /// Every node that stands in a graph: the main graph's in order, each followed by the nodes of its
    /// subgraphs.
    pub(super) fn order(self) -> Vec<NodeId> {
        let mut order = Vec::with_capacity(self.network.nodes.len());
        let mut seen = vec![false; self.network.graphs.len()];
        let mut open = vec![self.walk(GraphId(0), &mut seen)];
        while let Some(nodes) = open.last_mut() {
            let Some(id) = nodes.next() else {
                open.pop();
                continue;
            };
            order.push(*id);
            for (_, graph) in self.network.node(*id).subgraphs.iter().rev() {
                open.push(self.walk(*graph, &mut seen));
            }
        }
        order
    }

    /// Every graph that stands in the main one, itself first, each before the bodies in it.
    pub(super) fn graphs(self) -> Vec<GraphId> {
        let mut graphs = Vec::with_capacity(self.network.graphs.len());
        let mut seen = vec![false; self.network.graphs.len()];
        let mut open = vec![GraphId(0)];
        while let Some(id) = open.pop() {
            match seen.get_mut(id.at()) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            graphs.push(id);
            let nodes = self.network.graph(id).nodes.iter();
            let nodes = nodes.map(|it| self.network.node(*it));
            open.extend(nodes.flat_map(|it| it.subgraphs.iter().map(|(_, graph)| *graph)));
        }
        graphs
    }

    /// The batch: the first size of the model's first input, where that has more than one axis.
    pub(super) fn batch(self) -> u128 {
        let input = self.network.main().and_then(|it| it.inputs.first());
        let shape = input.and_then(|it| self.shape(*it));
        let shape = shape.filter(|it| it.rank() > 1);
        shape.and_then(|it| it.dim(0).known()).map_or(1, u128::from)
    }

    /// A graph's nodes the first time that it is asked for.
    fn walk(self, graph: GraphId, seen: &mut [bool]) -> std::slice::Iter<'a, NodeId> {
        match (
            self.network.graphs.get(graph.at()),
            seen.get_mut(graph.at()),
        ) {
            (Some(graph), Some(seen)) if !*seen => {
                *seen = true;
                graph.nodes.iter()
            }
            _ => [].iter(),
        }
    }
}

/// Whether a node's operator is ONNX's own of this name, or ONNX Runtime's.
pub(super) fn is(node: &Node, op_types: &[&str]) -> bool {
    let domain = &*node.domain;
    (domain == ONNX || domain == MICROSOFT) && op_types.contains(&&*node.op_type)
}
