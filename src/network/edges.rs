//! A network's edges, looked up from either end.

use super::{GraphId, InitializerId, Network, NodeId, ValueId};

/// Who makes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Producer {
    /// A stored tensor.
    Initializer(InitializerId),
    /// A node, by the place among its outputs.
    Node(NodeId, usize),
    /// It is the input of a graph, main or body, by its place.
    Input(GraphId, usize),
    /// Nobody: the node that uses it names something that is not there.
    Missing,
}

/// Who uses a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// A node, by the place among its inputs.
    Node(NodeId, usize),
    /// It is an output of a graph, by its place.
    Output(GraphId, usize),
}

/// Producers and uses of every value: the network's edges, looked up from either end.
#[derive(Clone, Debug)]
pub struct Edges {
    producers: Vec<Producer>,
    uses: Vec<Vec<Use>>,
    owners: Vec<Option<NodeId>>,
}

impl Network {
    /// Looks up who makes and who uses each value.
    #[must_use]
    pub fn edges(&self) -> Edges {
        let mut edges = Edges {
            producers: vec![Producer::Missing; self.values.len()],
            uses: vec![Vec::new(); self.values.len()],
            owners: vec![None; self.graphs.len()],
        };
        for (at, graph) in self.graphs.iter().enumerate() {
            let Some(id) = GraphId::next(at) else { break };
            for (place, value) in graph.inputs.iter().enumerate() {
                edges.made(*value, Producer::Input(id, place));
            }
            for (place, value) in graph.outputs.iter().enumerate() {
                edges.used(*value, Use::Output(id, place));
            }
        }
        for (id, node) in self.nodes() {
            for (place, value) in node.outputs.iter().enumerate() {
                if let Some(value) = value {
                    edges.made(*value, Producer::Node(id, place));
                }
            }
            for (place, value) in node.inputs.iter().enumerate() {
                if let Some(value) = value {
                    edges.used(*value, Use::Node(id, place));
                }
            }
            for (_, graph) in &node.subgraphs {
                if let Some(owner) = edges.owners.get_mut(graph.at()) {
                    *owner = Some(id);
                }
            }
        }
        // Last, so that a Constant node's output is seen as the tensor that it stores.
        for (id, initializer) in self.initializers() {
            for value in &initializer.values {
                edges.made(*value, Producer::Initializer(id));
            }
        }
        edges
    }
}

impl Edges {
    fn made(&mut self, value: ValueId, by: Producer) {
        if let Some(producer) = self.producers.get_mut(value.at()) {
            *producer = by;
        }
    }

    fn used(&mut self, value: ValueId, by: Use) {
        if let Some(uses) = self.uses.get_mut(value.at()) {
            uses.push(by);
        }
    }

    /// Who makes `value`.
    #[must_use]
    pub fn producer(&self, value: ValueId) -> Producer {
        self.producers
            .get(value.at())
            .copied()
            .unwrap_or(Producer::Missing)
    }

    /// Who uses `value`, in the order of nodes.
    #[must_use]
    pub fn uses(&self, value: ValueId) -> &[Use] {
        self.uses.get(value.at()).map_or(&[], Vec::as_slice)
    }

    /// The node whose body `graph` is; `None` for the main graph.
    #[must_use]
    pub fn owner(&self, graph: GraphId) -> Option<NodeId> {
        self.owners.get(graph.at()).copied().flatten()
    }
}
