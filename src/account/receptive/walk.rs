//! Follows what every value sees, node by node in the order in which they run.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::field::{Cause, Field, Place};
use super::operators::{self, Look};
use super::windows;
use super::{ReceptiveField, report};
use crate::account::rows::Layer;
use crate::account::scene::{Scene, input_of};
use crate::network::{GraphId, NodeId, Producer, ValueId};
use crate::tensor::Shape;

/// What is known of what a value sees.
#[derive(Clone, Debug)]
pub(super) enum State {
    /// Nothing of the model's inputs.
    Free,
    /// This.
    Known(Arc<Field>),
    /// It cannot be told.
    Unknown(Cause),
}

impl From<Result<Field, Cause>> for State {
    fn from(field: Result<Field, Cause>) -> Self {
        match field {
            Ok(field) => Self::Known(Arc::new(field)),
            Err(cause) => Self::Unknown(cause),
        }
    }
}

/// A row's field; `None` for a row that has none by its kind.
pub(super) type Found = Option<Result<ReceptiveField, Cause>>;

/// What is to be done next.
enum Task {
    /// Nodes of a graph, from this place on.
    Nodes(GraphId, usize),
    /// A node whose bodies are done.
    Owner(NodeId),
}

/// The walk through the graphs.
pub(super) struct Walk<'a> {
    scene: Scene<'a>,
    layers: &'a [Layer],
    /// By node: its place among the rows.
    rows: Vec<Option<usize>>,
    /// By value.
    states: Vec<State>,
    /// By row.
    found: Vec<Found>,
    /// Axes of an input that the first window over it moves along.
    spatial: BTreeMap<ValueId, Vec<usize>>,
    /// The first value of which something is noted, by the note.
    noted: BTreeMap<Arc<str>, ValueId>,
}

impl<'a> Walk<'a> {
    /// The field of each row.
    pub(super) fn run(scene: Scene<'a>, layers: &'a [Layer]) -> Vec<Found> {
        let mut rows = vec![None; scene.network.nodes.len()];
        for (at, layer) in layers.iter().enumerate() {
            let (Layer::Conv(_) | Layer::Pool(_)) = layer else {
                continue;
            };
            if let Some(row) = rows.get_mut(node_of(layer).at()) {
                *row = Some(at);
            }
        }
        let mut walk = Self {
            scene,
            layers,
            rows,
            states: vec![State::Free; scene.network.values.len()],
            found: layers.iter().map(|_| None).collect(),
            spatial: BTreeMap::new(),
            noted: BTreeMap::new(),
        };
        walk.inputs();
        walk.graphs();
        walk.found
    }

    /// Every input of the model sees itself.
    fn inputs(&mut self) {
        let inputs = self.scene.network.main().map_or(&[][..], |it| &it.inputs);
        for value in inputs {
            let state = match self.scene.shape(*value).map(Shape::rank) {
                Some(0) => State::Free,
                Some(rank) => State::Known(Arc::new(Field::of_input(*value, rank))),
                None => State::Unknown(Cause {
                    at: Place::Value(*value),
                    why: operators::OPEN,
                }),
            };
            self.put(*value, state);
        }
    }

    fn graphs(&mut self) {
        let network = self.scene.network;
        let mut seen = vec![false; network.graphs.len()];
        let mut open = vec![Task::Nodes(GraphId(0), 0)];
        while let Some(task) = open.pop() {
            let (graph, at) = match task {
                Task::Owner(id) => {
                    self.owner(id);
                    continue;
                }
                Task::Nodes(graph, at) => (graph, at),
            };
            if at == 0 {
                match seen.get_mut(graph.at()) {
                    Some(seen) if !*seen => *seen = true,
                    _ => continue,
                }
            }
            let Some(id) = network.graph(graph).nodes.get(at).copied() else {
                continue;
            };
            open.push(Task::Nodes(graph, at.saturating_add(1)));
            let node = network.node(id);
            if node.subgraphs.is_empty() {
                self.visit(id);
                continue;
            }
            open.push(Task::Owner(id));
            for (_, body) in node.subgraphs.iter().rev() {
                if &*node.op_type != "If" {
                    self.looped(id, *body);
                }
                open.push(Task::Nodes(*body, 0));
            }
        }
    }

    /// What a body is fed changes from round to round.
    fn looped(&mut self, owner: NodeId, body: GraphId) {
        let body = self.scene.network.graphs.get(body.at());
        for value in body.map_or(&[][..], |it| &it.inputs) {
            self.put(*value, State::Unknown(loops(owner)));
        }
    }

    /// The outputs of a node with bodies.
    fn owner(&mut self, id: NodeId) {
        let scene = self.scene;
        let node = scene.network.node(id);
        // A condition that is known decides which branch counts.
        let condition = input_of(node, 0).and_then(|it| scene.shapes.values.get(it.at()));
        let condition = condition.and_then(|it| it.elements.as_ref()?.first()?.int());
        let taken = condition.map(|it| {
            if it == 0 {
                "else_branch"
            } else {
                "then_branch"
            }
        });
        for (place, value) in node.outputs.iter().enumerate() {
            let Some(value) = *value else { continue };
            let state = if &*node.op_type == "If" {
                let bodies = node.subgraphs.iter();
                let bodies = bodies.filter(|it| taken.is_none_or(|taken| it.0 == taken));
                let bodies = bodies.filter_map(|(_, it)| scene.network.graphs.get(it.at()));
                let results = bodies.filter_map(|it| it.outputs.get(place));
                let results = results.map(|it| (self.state(*it), scene.shape(*it)));
                let shape = scene.shape(value);
                operators::meet(results.collect(), shape, &|_, _| None, id)
            } else {
                State::Unknown(loops(id))
            };
            self.put(value, state);
        }
    }

    fn put(&mut self, value: ValueId, state: State) {
        if let Some(it) = self.states.get_mut(value.at()) {
            *it = state;
        }
    }

    fn state(&mut self, value: ValueId) -> State {
        if self.scene.edges.producer(value) != Producer::Missing {
            let known = self.states.get(value.at());
            return known.cloned().unwrap_or(State::Free);
        }
        // Each convolution of a file without a graph has its own unknown input, and all have one reason.
        let value = match self.scene.network.notes.get(&value) {
            Some(note) => *self.noted.entry(note.clone()).or_insert(value),
            None => value,
        };
        State::Unknown(Cause {
            at: Place::Value(value),
            why: "is made by nothing in the file",
        })
    }

    /// What a node's outputs see, and its row's field.
    fn visit(&mut self, id: NodeId) {
        let scene = self.scene;
        let node = scene.network.node(id);
        let inputs = node.inputs.iter().map(|it| match it {
            Some(value) => self.state(*value),
            None => State::Free,
        });
        let inputs: Vec<State> = inputs.collect();
        let row = self.rows.get(id.at()).copied().flatten();
        let layer = row.and_then(|it| self.layers.get(it));
        if layer.is_none() && inputs.iter().all(|it| matches!(it, State::Free)) {
            return;
        }
        let look = Look {
            scene,
            id,
            node,
            inputs: &inputs,
        };
        let sizes = |input: ValueId, axis: usize| scene.shape(input)?.dim(axis).known();
        let Some(layer) = layer else {
            let states = operators::outputs(&look, &sizes);
            for (value, state) in node.outputs.iter().zip(states) {
                if let Some(value) = value {
                    self.put(*value, state);
                }
            }
            return;
        };
        let seen = windows::window(&look, layer);
        let found = match &seen {
            Ok(seen) => {
                let spatial = self.spatial.get(&seen.field.input);
                let shape = input_of(node, 0).and_then(|it| scene.shape(it));
                let place = report::Row {
                    id,
                    axes: seen.axes.clone(),
                    shape,
                    spatial: spatial.map_or(&[], Vec::as_slice),
                };
                let size = |axis| sizes(seen.field.input, axis);
                report::field(&seen.field, &place, &size)
            }
            Err(cause) => Err(*cause),
        };
        let state = match seen {
            Ok(seen) => {
                if let Some(axes) = report::moving(&seen.field, seen.axes.clone()) {
                    self.spatial.entry(seen.field.input).or_insert(axes);
                }
                State::from(Ok(seen.kept(&look)))
            }
            Err(cause) => State::Unknown(cause),
        };
        if let Some(slot) = row.and_then(|it| self.found.get_mut(it)) {
            *slot = Some(found);
        }
        for value in node.outputs.iter().flatten() {
            self.put(*value, state.clone());
        }
    }
}

fn loops(owner: NodeId) -> Cause {
    Cause {
        at: Place::Node(owner),
        why: "repeats its body, and windows grow with each round",
    }
}

fn node_of(layer: &Layer) -> NodeId {
    match layer {
        Layer::Conv(row) => row.node,
        Layer::Pool(row) => row.node,
        Layer::Linear(row) | Layer::Recurrent(row) | Layer::Other(row) => row.node,
    }
}
