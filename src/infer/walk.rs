//! The walk: every graph's nodes in order, each by its operator's rule.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::declared::Stale;
use super::inputs::Bound;
use super::{Shapes, Sizes};
use crate::finding::Finding;
use crate::network::{Edges, GraphId, Initializer, Network, Node, NodeId, Producer, ValueId};
use crate::op::{self, Call, Element, MOST_RANK, ShapeError, Value, matmul};
use crate::tensor::{DataType, Shape};

/// Elements carried along in all values together; past it sizes are still inferred, elements are not.
const MOST_CARRIED: usize = 4 << 20;
/// Bodies inside bodies deeper than this are not walked.
const MOST_NESTED: usize = 128;

/// The state of a walk.
pub(super) struct Walk<'a> {
    pub(super) network: &'a Network,
    pub(super) values: Vec<Value>,
    problems: BTreeMap<NodeId, Arc<str>>,
    pub(super) dims: BTreeMap<String, u64>,
    pub(super) names: BTreeSet<String>,
    pub(super) trust_declared: bool,
    carried_left: usize,
    /// Nodes walked so far, those of a loop's body once for each walk.
    runs: usize,
    depth: usize,
    pub(super) stale: Stale,
    /// Stated sizes that a rule contradicts.
    pub(super) pin_conflicts: Vec<Finding>,
}

impl<'a> Walk<'a> {
    /// Everything known before the first node: stored tensors and inputs.
    pub(super) fn new(network: &'a Network, edges: &Edges, bound: &Bound) -> Self {
        let unset: Arc<str> = "it is used before it is computed, so the graph has a cycle".into();
        let mut values = Vec::with_capacity(network.values.len());
        for (at, info) in network.values.iter().enumerate() {
            let producer = ValueId::next(at).map_or(Producer::Missing, |it| edges.producer(it));
            values.push(match producer {
                Producer::Initializer(id) => stored(network.initializer(id)),
                Producer::Missing => Value::unknown(unmade(network, at, &info.name)),
                _ => Value::unknown(unset.clone()),
            });
        }
        let mut walk = Self {
            network,
            values,
            problems: BTreeMap::new(),
            dims: bound.dims.clone(),
            names: bound.names.clone(),
            trust_declared: !bound.overridden,
            carried_left: MOST_CARRIED,
            runs: 0,
            depth: 0,
            stale: Stale::default(),
            pin_conflicts: vec![],
        };
        for (id, value) in &bound.values {
            walk.set(*id, value.clone());
        }
        walk
    }

    /// The result.
    pub(super) fn finish(self, bound: Bound, sizes: &Sizes) -> Shapes {
        let mut findings = bound.findings;
        findings.extend(self.stale.into_finding());
        findings.extend(self.pin_conflicts);
        Shapes {
            values: self.values,
            problems: self.problems,
            inputs: bound.inputs,
            sizes: sizes.clone(),
            findings,
        }
    }

    /// What is known of `value`.
    pub(super) fn get(&self, value: ValueId) -> Option<&Value> {
        self.values.get(value.at())
    }

    /// Notes what is known of `value`.
    pub(super) fn set(&mut self, value: ValueId, known: Value) {
        if let Some(slot) = self.values.get_mut(value.at()) {
            *slot = known;
        }
    }

    /// Walks one graph.
    pub(super) fn graph(&mut self, id: GraphId) {
        if self.depth >= MOST_NESTED {
            let note = format!("bodies are nested deeper than {MOST_NESTED}");
            for output in &self.network.graph(id).outputs {
                self.set(*output, Value::unknown(note.clone()));
            }
            return;
        }
        self.depth += 1;
        for node in &self.network.graph(id).nodes {
            self.node(*node);
        }
        self.depth -= 1;
    }

    /// Whether loop bodies have been walked again so often that it must end.
    pub(super) fn tired(&self) -> bool {
        self.runs > self.network.nodes.len().saturating_mul(4)
    }

    fn node(&mut self, id: NodeId) {
        self.runs += 1;
        let node = self.network.node(id);
        // Its output is a stored tensor and already there.
        if &*node.op_type == "Constant" && node.inputs.is_empty() && node.opaque.is_none() {
            return;
        }
        match self.answer(node) {
            Ok(values) => self.answered(id, node, values),
            Err(ShapeError::Unknown(note)) => self.unanswered(node, &note, true),
            Err(ShapeError::NoRule(note)) => {
                self.unanswered(node, &note, true);
                let known = |it: &ValueId| self.get(*it).is_some_and(|it| it.shape.is_some());
                if !node.outputs.iter().flatten().all(known) {
                    self.problems.insert(id, note);
                }
            }
            Err(error) => {
                let problem: Arc<str> = error.to_string().into();
                let note = format!("in node {:?} ({}): {problem}", node.name, node.op_type);
                self.problems.insert(id, problem);
                self.unanswered(node, &note.into(), false);
            }
        }
    }

    fn answer(&mut self, node: &Node) -> Result<Vec<Value>, ShapeError> {
        if let Some(reason) = &node.opaque {
            return Err(ShapeError::NoRule(reason.clone()));
        }
        if !node.subgraphs.is_empty() {
            return self.control(node);
        }
        let rule = op::rule(&node.domain, &node.op_type);
        let rule = rule.ok_or_else(|| ShapeError::NoRule(no_rule(node).into()))?;
        rule(&call(node, &self.inputs(node)))
    }

    /// Notes a rule's answer, completed by what the file declares.
    fn answered(&mut self, id: NodeId, node: &Node, answer: Vec<Value>) {
        if let Some((left, right)) = self.inner_sizes(node) {
            let problem = format!("it multiplies {left} columns by {right} rows");
            self.problems.insert(id, problem.into());
        }
        let inherited = self.first_note(node);
        let mut answer = answer.into_iter();
        for output in &node.outputs {
            let value = answer.next();
            let Some(output) = output else { continue };
            let value = value.unwrap_or_else(|| Value::unknown(no_rule(node)));
            let mut value = self.bounded(value);
            self.declare(*output, &mut value);
            self.pin(*output, &mut value);
            if value.note.is_none() && value.items.is_none() && value.sizes().is_none() {
                value.note.clone_from(&inherited);
            }
            self.set(*output, value);
        }
    }

    /// Notes that a node's outputs are not known; `declared` says whether the file may fill them in.
    fn unanswered(&mut self, node: &Node, note: &Arc<str>, declared: bool) {
        for output in node.outputs.iter().flatten() {
            let mut value = Value::unknown(note.clone());
            if declared {
                self.declare(*output, &mut value);
            }
            self.pin(*output, &mut value);
            self.set(*output, value);
        }
    }

    /// Only of products: every other node would gather its inputs for nothing.
    fn inner_sizes(&self, node: &Node) -> Option<(u64, u64)> {
        if !matmul::sums(&node.op_type) {
            return None;
        }
        matmul::inner_sizes(&call(node, &self.inputs(node)))
    }

    fn inputs(&self, node: &Node) -> Vec<Option<&Value>> {
        let inputs = node.inputs.iter();
        inputs.map(|it| it.and_then(|it| self.get(it))).collect()
    }

    fn first_note(&self, node: &Node) -> Option<Arc<str>> {
        node.inputs
            .iter()
            .flatten()
            .find_map(|it| self.get(*it)?.note.clone())
    }

    /// Drops what would make a value grow out of proportion.
    fn bounded(&mut self, mut value: Value) -> Value {
        if value.shape.as_ref().is_some_and(|it| it.rank() > MOST_RANK) {
            return Value::unknown(format!("it has more than {MOST_RANK} axes"));
        }
        let fresh = value
            .elements
            .as_ref()
            .filter(|it| Arc::strong_count(it) == 1)
            .map_or(0, |it| it.len());
        let items = value
            .items
            .as_ref()
            .filter(|it| Arc::strong_count(it) == 1)
            .map_or(0, |it| it.len());
        match self
            .carried_left
            .checked_sub(fresh.saturating_add(items.saturating_mul(8)))
        {
            Some(left) => self.carried_left = left,
            None if items > 0 => {
                return Value::unknown("the model carries more values than are followed");
            }
            None => value.elements = None,
        }
        value
    }
}

/// Why a value that nothing makes is not known.
fn unmade(network: &Network, at: usize, name: &str) -> Arc<str> {
    let note = ValueId::next(at).and_then(|it| network.notes.get(&it));
    let unnamed = || format!("value {name:?} is made by no node").into();
    note.cloned().unwrap_or_else(unnamed)
}

pub(super) fn call<'a>(node: &'a Node, inputs: &'a [Option<&'a Value>]) -> Call<'a> {
    Call {
        domain: &node.domain,
        op_type: &node.op_type,
        opset: node.opset,
        attrs: &node.attrs,
        inputs,
        outputs: node.outputs.len(),
    }
}

pub(super) fn no_rule(node: &Node) -> String {
    let domain = if &*node.domain == op::ONNX {
        String::new()
    } else {
        format!(" of domain {:?}", &*node.domain)
    };
    format!("operator {:?}{domain} has no shape rule", &*node.op_type)
}

/// Floats of tensors up to this many elements are carried along: scales and the like. Longer ones are
/// weights, which no size is computed from.
const MOST_FLOATS: u128 = 16;

/// What a stored tensor tells: type, sizes and, where its bytes are at hand, its elements.
fn stored(initializer: &Initializer) -> Value {
    let tensor = &initializer.tensor;
    if tensor.dims.len() > MOST_RANK {
        return Value::unknown(format!(
            "tensor {:?} has more than {MOST_RANK} axes",
            tensor.name
        ));
    }
    let floats = tensor.data_type.is_some_and(DataType::is_float);
    let weight = floats && tensor.numel().is_none_or(|it| it > MOST_FLOATS);
    let elements = if weight {
        None
    } else {
        op::inline_elements(tensor)
    };
    Value {
        elements: elements.map(Arc::<[Element]>::from),
        ..Value::tensor(tensor.data_type, Shape::known(&tensor.dims))
    }
}
