//! From which node to which node each value's storage is needed.

use crate::account::live::{Life, live};
use crate::account::scene::{Scene, input_of, is};
use crate::network::{GraphId, Node, NodeId, Producer, Use, ValueId};

/// Operators whose first output is their first input, looked at in another shape.
const VIEWS: &[&str] = &[
    "Identity",
    "Reshape",
    "Flatten",
    "Squeeze",
    "Unsqueeze",
    "Dropout",
];

/// When the storage of each value is made and last used.
pub(super) struct Lives {
    /// The graphs that run, each before the bodies in it.
    pub(super) graphs: Vec<GraphId>,
    /// By graph: what is there before its first node runs.
    inputs: Vec<Vec<ValueId>>,
    /// By node: what it makes.
    born: Vec<Vec<ValueId>>,
    /// By node: what nothing after it uses.
    dying: Vec<Vec<ValueId>>,
    /// By node: whether an output depends on it.
    runs: Vec<bool>,
    /// A value that is used before it is made.
    pub(super) circular: Option<ValueId>,
}

impl Lives {
    /// What is there before the first node of `graph` runs.
    pub(super) fn inputs(&self, graph: GraphId) -> &[ValueId] {
        self.inputs.get(graph.at()).map_or(&[], Vec::as_slice)
    }

    /// The storage that a node makes.
    pub(super) fn born(&self, node: NodeId) -> &[ValueId] {
        self.born.get(node.at()).map_or(&[], Vec::as_slice)
    }

    /// The storage that nothing after a node uses.
    pub(super) fn dying(&self, node: NodeId) -> &[ValueId] {
        self.dying.get(node.at()).map_or(&[], Vec::as_slice)
    }

    /// Whether a node runs.
    pub(super) fn runs(&self, node: NodeId) -> bool {
        self.runs.get(node.at()).copied().unwrap_or_default()
    }

    /// Every value that is alive some time and has its own storage, inputs first.
    pub(super) fn all(&self) -> impl Iterator<Item = ValueId> {
        let inputs = self.inputs.iter().flatten();
        inputs.chain(self.born.iter().flatten()).copied()
    }

    /// Finds them.
    pub(super) fn of(scene: Scene<'_>) -> Self {
        let graphs = scene.graphs();
        let mut search = Search::of(scene, &graphs);
        search.storages(&graphs);
        search.uses();
        let network = scene.network;
        let mut lives = Self {
            inputs: vec![vec![]; network.graphs.len()],
            born: vec![vec![]; network.nodes.len()],
            dying: vec![vec![]; network.nodes.len()],
            runs: vec![],
            circular: search.circular,
            graphs,
        };
        lives.place(&search);
        lives.runs = search.runs;
        lives
    }

    /// Sorts each value into the node that makes it and the node that uses it last.
    fn place(&mut self, search: &Search<'_>) {
        for (at, home) in search.homes.iter().enumerate() {
            let (Some(home), Some(value)) = (home, ValueId::next(at)) else {
                continue;
            };
            if search.storage(value) != Some(value) || search.given_out(value, *home) {
                continue;
            }
            let last = search.last.get(at).copied().flatten();
            let node = match search.scene.edges.producer(value) {
                Producer::Node(id, _) => Some(id),
                _ => None,
            };
            let born = match (node, last) {
                (Some(id), _) => self.born.get_mut(id.at()),
                // An input that nothing uses is never there.
                (None, None) => None,
                (None, Some(_)) => self.inputs.get_mut(home.at()),
            };
            if let Some(it) = born {
                it.push(value);
            }
            let nodes = &search.scene.network.graph(*home).nodes;
            let dying = match last {
                Some(last) => nodes.get(last).copied(),
                None => node,
            };
            let dying = dying.and_then(|it| self.dying.get_mut(it.at()));
            if let Some(it) = dying {
                it.push(value);
            }
        }
    }
}

/// Which nodes an output of the model depends on; all of them where it has none.
fn runs(scene: Scene<'_>) -> Vec<bool> {
    let life = live(scene);
    let is_live = |it: &ValueId| life.get(it.at()).is_some_and(|it| *it != Life::Dead);
    let all = scene.network.main().is_none_or(|it| it.outputs.is_empty());
    let nodes = scene.network.nodes.iter();
    nodes
        .map(|it| all || it.outputs.iter().flatten().any(is_live))
        .collect()
}

struct Search<'a> {
    scene: Scene<'a>,
    /// By node: its graph, and its place there.
    places: Vec<Option<(GraphId, usize)>>,
    /// By value: the graph that holds its storage.
    homes: Vec<Option<GraphId>>,
    /// By value: the value whose storage it shares; itself mostly, `None` of what is no activation.
    storages: Vec<Option<ValueId>>,
    /// By value that has its own storage: the place in its home of the last node that needs it; past the end
    /// where it is an output.
    last: Vec<Option<usize>>,
    /// By node: whether an output depends on it.
    runs: Vec<bool>,
    /// By node: whether it was come to.
    come_to: Vec<bool>,
    circular: Option<ValueId>,
}

impl<'a> Search<'a> {
    fn of(scene: Scene<'a>, graphs: &[GraphId]) -> Self {
        let network = scene.network;
        let mut places = vec![None; network.nodes.len()];
        for graph in graphs {
            for (at, node) in network.graph(*graph).nodes.iter().enumerate() {
                if let Some(place) = places.get_mut(node.at()) {
                    *place = Some((*graph, at));
                }
            }
        }
        let none = network.values.len();
        Self {
            scene,
            places,
            homes: vec![None; none],
            storages: vec![None; none],
            last: vec![None; none],
            runs: runs(scene),
            come_to: vec![false; network.nodes.len()],
            circular: None,
        }
    }

    fn storage(&self, value: ValueId) -> Option<ValueId> {
        self.storages.get(value.at()).copied().flatten()
    }

    /// Tells whose storage each value has.
    fn storages(&mut self, graphs: &[GraphId]) {
        let network = self.scene.network;
        for graph in graphs {
            // What nobody makes is as good as an input.
            let nodes = network.graph(*graph).nodes.iter();
            let nodes = nodes.filter(|it| self.runs(**it));
            let used = nodes.flat_map(|it| network.node(*it).inputs.iter().copied().flatten());
            let missing = used.filter(|it| self.scene.edges.producer(*it) == Producer::Missing);
            let missing: Vec<ValueId> = missing.collect();
            for value in network.graph(*graph).inputs.iter().chain(&missing) {
                self.own(*value, *graph);
            }
        }
        // In the order in which they run, so that what a body captures is told before it.
        for id in self.scene.order() {
            if let Some((graph, _)) = self.places.get(id.at()).copied().flatten() {
                self.made(id, graph);
            }
        }
    }

    fn own(&mut self, value: ValueId, graph: GraphId) {
        let stored = matches!(self.scene.edges.producer(value), Producer::Initializer(_));
        if stored || self.storage(value).is_some() {
            return;
        }
        self.share(value, Some(value), Some(graph));
    }

    fn share(&mut self, value: ValueId, storage: Option<ValueId>, home: Option<GraphId>) {
        if let Some(it) = self.storages.get_mut(value.at()) {
            *it = storage;
        }
        if let Some(it) = self.homes.get_mut(value.at()) {
            *it = home;
        }
    }

    /// Tells whose storage a node's outputs have.
    fn made(&mut self, id: NodeId, graph: GraphId) {
        if !self.runs(id) {
            return;
        }
        let node = self.scene.network.node(id);
        self.come_to(id, node);
        if self.scene.network.asides.contains_key(&id) || self.folds(node) {
            return;
        }
        for (place, value) in node.outputs.iter().enumerate() {
            let Some(value) = *value else { continue };
            let viewed = input_of(node, 0).filter(|_| place == 0 && is(node, VIEWS));
            if let Some(viewed) = viewed {
                let storage = self.storage(viewed);
                let home = storage.and_then(|it| self.homes.get(it.at()).copied().flatten());
                self.share(value, storage, home);
            } else {
                self.own(value, graph);
            }
        }
    }

    fn runs(&self, id: NodeId) -> bool {
        self.runs.get(id.at()).copied().unwrap_or_default()
    }

    /// Notes an input of `node` that no node before it makes.
    fn come_to(&mut self, id: NodeId, node: &Node) {
        if let Some(it) = self.come_to.get_mut(id.at()) {
            *it = true;
        }
        let early = |it: &ValueId| match self.scene.edges.producer(*it) {
            Producer::Node(maker, _) => self.come_to.get(maker.at()) != Some(&true),
            _ => false,
        };
        let early = node.inputs.iter().copied().flatten().find(early);
        self.circular = self.circular.or(early);
    }

    /// Whether a branch of an `If` gives this value out: then it is what its owner makes.
    fn given_out(&self, value: ValueId, graph: GraphId) -> bool {
        let owner = self.scene.edges.owner(graph);
        if owner.is_none_or(|it| &*self.scene.network.node(it).op_type != "If") {
            return false;
        }
        let uses = self.scene.edges.uses(value).iter();
        let mut outputs = uses.filter(|it| matches!(it, Use::Output(of, _) if *of == graph));
        outputs.next().is_some()
    }

    /// Whether a node computes with stored tensors alone, so that it needs to run only once.
    fn folds(&self, node: &Node) -> bool {
        let mut inputs = node.inputs.iter().flatten();
        node.subgraphs.is_empty()
            && !node.op_type.starts_with("Random")
            && inputs.all(|it| self.storage(*it).is_none())
    }

    /// Tells which node needs each storage last.
    fn uses(&mut self) {
        for at in 0..self.storages.len() {
            let Some(value) = ValueId::next(at) else {
                break;
            };
            let Some(storage) = self.storage(value) else {
                continue;
            };
            let home = self.homes.get(storage.at()).copied().flatten();
            let places = self.scene.edges.uses(value).iter();
            let places = places.filter_map(|it| self.seen_from(*it, home?));
            let last = places.max();
            if let Some(known) = self.last.get_mut(storage.at()) {
                *known = (*known).max(last);
            }
        }
    }

    /// The place of a use among the nodes of `home`: a use in a body is one by its owner.
    fn seen_from(&self, used: Use, home: GraphId) -> Option<usize> {
        let (mut graph, mut place) = match used {
            Use::Node(id, _) if self.scene.network.asides.contains_key(&id) => return None,
            Use::Node(id, _) if !self.runs(id) => return None,
            Use::Node(id, _) => self.places.get(id.at()).copied().flatten()?,
            Use::Output(graph, _) => (graph, usize::MAX),
        };
        while graph != home {
            let owner = self.scene.edges.owner(graph)?;
            (graph, place) = self.places.get(owner.at()).copied().flatten()?;
        }
        Some(place)
    }
}
