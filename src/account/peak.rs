//! Peak activations: the most that is alive at once while the nodes run in the file's order.
//!
//! A value is alive from the node that makes it (an input of the model from the start) to the last node
//! that uses it; an output of the model to the end. While a node runs its inputs and outputs are alive
//! together: nothing is computed in place. A view shares the storage of what it views and adds nothing.
//! Stored tensors, and what is computed from stored tensors alone, are weights and not activations. Nodes on which
//! no output depends do not run.
//!
//! Control flow gives an upper bound: while an `If` runs its larger branch counts, while a `Loop` or `Scan`
//! runs one round of its body beside what goes in and comes out.

mod lives;

use serde::Serialize;

use super::batch::{Batch, elements};
use super::count::{OVERFLOW, gap, why_open};
use super::scene::Scene;
use crate::finding::Gap;
use crate::network::{GeometrySource, Graph, NodeId, Producer, ValueId};
use crate::op::Value;
use crate::tensor::DataType;
use lives::Lives;

/// The fullest moment of a forward pass, per sample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Peak {
    /// Elements alive at that moment.
    pub elements: u128,
    /// Their bytes; null where an element type is unknown, and then the moment is the one of most elements.
    pub bytes: Option<u128>,
    /// The node that runs then; of equal moments the first.
    pub layer: String,
    /// Where that node stands: left out in the main graph.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scope: String,
}

/// What values take up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Size {
    elements: u128,
    bytes: u128,
}

impl Size {
    fn plus(self, other: Self) -> Option<Self> {
        Some(Self {
            elements: self.elements.checked_add(other.elements)?,
            bytes: self.bytes.checked_add(other.bytes)?,
        })
    }

    fn minus(self, other: Self) -> Self {
        Self {
            elements: self.elements.saturating_sub(other.elements),
            bytes: self.bytes.saturating_sub(other.bytes),
        }
    }
}

/// The fullest moment of one graph.
#[derive(Clone, Copy, Debug, Default)]
struct Moment {
    size: Size,
    at: Option<NodeId>,
}

/// What values take up, and what is not known of them.
struct Sizes<'a> {
    scene: Scene<'a>,
    batch: &'a Batch,
    /// By value; zero for one that is no activation, shares another's storage, or is unknown.
    all: Vec<Size>,
    /// Whether bytes are known of all of them.
    typed: bool,
}

/// The fullest moment of a network that has a graph. A geometry that was written or guessed for a file of
/// tensors leaves out what stands between convolutions and pools, and that is alive all the same: then there
/// is no such number, and no gap, since nothing that was asked of the geometry is missing.
pub(super) fn of_model(scene: Scene<'_>, batch: &Batch, gaps: &mut Vec<Gap>) -> Option<Peak> {
    let graph = scene.network.facts.geometry.source == GeometrySource::Graph;
    graph.then(|| find(scene, batch, gaps)).flatten()
}

/// The fullest moment, or a gap that names a value whose size is unknown.
fn find(scene: Scene<'_>, batch: &Batch, gaps: &mut Vec<Gap>) -> Option<Peak> {
    let lives = Lives::of(scene);
    let mut sizes = Sizes {
        scene,
        batch,
        all: vec![Size::default(); scene.network.values.len()],
        typed: true,
    };
    let mut unsaid = |what: &str, reason: String| gaps.push(gap("totals", what, reason));
    if let Some(value) = lives.circular {
        let name = &scene.network.value(value).name;
        let reason = format!("{name:?} is used before it is computed, so the graph has a cycle");
        unsaid("peak_activations", reason);
        return None;
    }
    if let Err(reason) = sizes.fill(&lives) {
        unsaid("peak_activations", reason);
        return None;
    }
    if let Some(name) = sizes.untyped(&lives) {
        let reason = format!("the element type of {name:?} is unknown");
        unsaid("peak_activations.bytes", reason);
    }
    let Some(moment) = sizes.fullest(&lives) else {
        unsaid("peak_activations", OVERFLOW.to_owned());
        return None;
    };
    let Some(at) = moment.at else {
        unsaid("peak_activations", "no node runs".to_owned());
        return None;
    };
    if moment.size.elements == 0 {
        let reason = "no output depends on a value that has an element and is computed anew";
        unsaid("peak_activations", reason.to_owned());
        return None;
    }
    let node = scene.network.node(at);
    Some(Peak {
        elements: moment.size.elements,
        bytes: sizes.typed.then_some(moment.size.bytes),
        layer: node.name.clone(),
        scope: node.scope.to_string(),
    })
}

impl Sizes<'_> {
    /// Takes the size of every value that is alive some time.
    fn fill(&mut self, lives: &Lives) -> Result<(), String> {
        let mut unknown = 0u64;
        let mut first = None;
        for value in lives.all() {
            let known = self.scene.shapes.values.get(value.at());
            let Some(whole) = known.and_then(elements) else {
                unknown = unknown.saturating_add(1);
                first = first.or(Some(value));
                continue;
            };
            let samples = self.batch.held(value).map_err(|reason| {
                let name = &self.scene.network.value(value).name;
                format!("what one sample takes of {name:?} is unknown: {reason}")
            })?;
            let elements = whole.checked_div(samples).unwrap_or(whole);
            let bytes = known.and_then(|it| bytes(it, elements));
            self.typed &= bytes.is_some();
            let bytes = bytes.unwrap_or(0);
            if let Some(size) = self.all.get_mut(value.at()) {
                *size = Size { elements, bytes };
            }
        }
        first.map_or(Ok(()), |it| Err(self.why(it, unknown)))
    }

    /// Why the size of `value` is unknown, and of how many it is.
    fn why(&self, value: ValueId, unknown: u64) -> String {
        let name = &self.scene.network.value(value).name;
        let noted = self.scene.network.notes.get(&value);
        let made = self.scene.edges.producer(value);
        let why = match (noted, made) {
            (Some(note), _) => note.to_string(),
            (None, Producer::Missing) => "nothing in the file makes it".to_owned(),
            _ => why_open(self.scene.shapes, Some(value)),
        };
        match unknown.saturating_sub(1) {
            0 => format!("the size of {name:?} is unknown: {why}"),
            more => format!("the sizes of {name:?} and {more} more are unknown: {why}"),
        }
    }

    /// The first value whose bytes are unknown.
    fn untyped(&self, lives: &Lives) -> Option<String> {
        if self.typed {
            return None;
        }
        let mut values = lives.all();
        let found = values.find(|it| {
            let known = self.scene.shapes.values.get(it.at());
            known.is_none_or(|known| bytes(known, 1).is_none())
        })?;
        Some(self.scene.network.value(found).name.to_string())
    }

    /// The fullest moment of the main graph; bodies first, since their owners hold them.
    fn fullest(&self, lives: &Lives) -> Option<Moment> {
        let graphs = &self.scene.network.graphs;
        let mut peaks = vec![Moment::default(); graphs.len()];
        for graph in lives.graphs.iter().rev() {
            let nodes = graphs.get(graph.at())?;
            let moment = self.sweep(lives, nodes, lives.inputs(*graph), &peaks)?;
            *peaks.get_mut(graph.at())? = moment;
        }
        peaks.first().copied()
    }

    /// Runs the nodes of one graph in order.
    fn sweep(
        &self,
        lives: &Lives,
        graph: &Graph,
        inputs: &[ValueId],
        peaks: &[Moment],
    ) -> Option<Moment> {
        let of = |value: &ValueId| self.all.get(value.at()).copied().unwrap_or_default();
        let mut alive = Size::default();
        for value in inputs {
            alive = alive.plus(of(value))?;
        }
        let mut fullest = Moment::default();
        for id in graph.nodes.iter().filter(|it| lives.runs(**it)) {
            for value in lives.born(*id) {
                alive = alive.plus(of(value))?;
            }
            let bodies = self.scene.network.node(*id).subgraphs.iter();
            let bodies = bodies.filter_map(|(_, graph)| peaks.get(graph.at()));
            let body = bodies.max_by_key(|it| self.rank(it.size));
            let size = alive.plus(body.map_or(Size::default(), |it| it.size))?;
            if fullest.at.is_none() || self.rank(fullest.size) < self.rank(size) {
                let at = body.and_then(|it| it.at).or(Some(*id));
                fullest = Moment { size, at };
            }
            for value in lives.dying(*id) {
                alive = alive.minus(of(value));
            }
        }
        Some(fullest)
    }

    /// What moments are told apart by.
    fn rank(&self, size: Size) -> u128 {
        if self.typed {
            size.bytes
        } else {
            size.elements
        }
    }
}

/// Bytes of that many elements of a value; strings have no fixed length.
fn bytes(value: &Value, elements: u128) -> Option<u128> {
    let item = value.items.as_ref().and_then(|it| it.first());
    let data_type = value.data_type.or(item.and_then(|it| it.data_type))?;
    let sized = Some(data_type).filter(|it| *it != DataType::String);
    sized?.bytes_of(elements)
}
