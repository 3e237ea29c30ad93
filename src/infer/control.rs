//! Control flow: `If`, `Loop` and `Scan` walk their bodies.

use std::sync::Arc;

use super::merge::{merged, sliced, stacked, without_elements};
use super::walk::Walk;
use crate::network::{GraphId, Node, ValueId};
use crate::op::{ShapeError, Value};
use crate::tensor::{DataType, Dim, Shape};

/// A loop's body is walked at most this often to find which sizes change from turn to turn.
const MOST_TURNS: usize = 3;

impl Walk<'_> {
    /// The answer of a node with graph attributes, whose bodies are walked on the way.
    pub(super) fn control(&mut self, node: &Node) -> Result<Vec<Value>, ShapeError> {
        let body = |name: &str| node.subgraphs.iter().find(|it| it.0 == name).map(|it| it.1);
        match (
            &*node.op_type,
            body("then_branch"),
            body("else_branch"),
            body("body"),
        ) {
            ("If", Some(then), Some(other), _) => Ok(self.branches(node, then, other)),
            ("Loop", _, _, Some(body)) => Ok(self.loop_body(node, body)),
            ("Scan", _, _, Some(body)) => self.scan(node, body),
            _ => {
                for (_, graph) in &node.subgraphs {
                    self.forget_inputs(*graph, node);
                    self.graph(*graph);
                }
                Err(ShapeError::NoRule(super::walk::no_rule(node).into()))
            }
        }
    }

    fn forget_inputs(&mut self, graph: GraphId, node: &Node) {
        let note: Arc<str> =
            format!("it is fed by operator {:?} at run time", &*node.op_type).into();
        for input in &self.network.graph(graph).inputs {
            self.set(*input, Value::unknown(note.clone()));
        }
    }

    fn outputs(&self, graph: GraphId) -> Vec<Value> {
        let outputs = &self.network.graph(graph).outputs;
        outputs
            .iter()
            .map(|it| self.get(*it).cloned().unwrap_or_default())
            .collect()
    }

    fn given(&self, value: Option<&Option<ValueId>>) -> Option<&Value> {
        self.get((*value?)?)
    }

    /// The first element of a value, where it is a known whole number.
    fn number(&self, value: Option<&Option<ValueId>>) -> Option<i64> {
        self.given(value)?.elements.as_ref()?.first()?.int()
    }

    /// Both branches are walked; a known condition decides whose outputs count.
    fn branches(&mut self, node: &Node, then: GraphId, other: GraphId) -> Vec<Value> {
        self.graph(then);
        self.graph(other);
        match self.number(node.inputs.first()) {
            Some(0) => self.outputs(other),
            Some(_) => self.outputs(then),
            None => {
                let pairs = self.outputs(then).into_iter().zip(self.outputs(other));
                let what = format!("the branches of {:?} give different shapes", node.name);
                pairs
                    .map(|(left, right)| merged(&left, &right, &what))
                    .collect()
            }
        }
    }

    /// Body inputs: turn, condition, carried values; outputs: condition, carried values, scanned ones.
    fn loop_body(&mut self, node: &Node, body: GraphId) -> Vec<Value> {
        let scalar = |data_type| Value::tensor(Some(data_type), Shape::default());
        let mut carried: Vec<Value> = (2..node.inputs.len())
            .map(|at| {
                without_elements(self.given(node.inputs.get(at)).cloned().unwrap_or_default())
            })
            .collect();
        let head = [scalar(DataType::Int64), scalar(DataType::Bool)];
        let outputs = self.turns(node, body, &head, &mut carried, 1);
        let trips = self.trips(node, outputs.first());
        let scans = outputs.into_iter().skip(carried.len() + 1);
        let scans: Vec<Value> = scans.map(|it| stacked(&it, 0, &trips)).collect();
        carried.into_iter().chain(scans).collect()
    }

    /// How often a loop runs: the trip count where the condition stays true.
    fn trips(&self, node: &Node, condition: Option<&Value>) -> Dim {
        let no_condition = node.inputs.get(1).is_none_or(Option::is_none);
        let stays = condition
            .and_then(|it| it.elements.as_ref()?.first()?.int())
            .is_some_and(|it| it != 0);
        match self.number(node.inputs.first()) {
            Some(count) if no_condition || stays => Dim::Known(u64::try_from(count).unwrap_or(0)),
            _ => Dim::Unknown,
        }
    }

    /// Walks a body until the sizes of its carried values no longer change; `skip` of its outputs come
    /// before them.
    fn turns(
        &mut self,
        node: &Node,
        body: GraphId,
        head: &[Value],
        carried: &mut [Value],
        skip: usize,
    ) -> Vec<Value> {
        let what = format!("it changes from turn to turn of {:?}", node.name);
        for turn in 1.. {
            let inputs = self.network.graph(body).inputs.clone();
            for (input, value) in inputs.iter().zip(head.iter().chain(carried.iter())) {
                self.set(*input, value.clone());
            }
            self.graph(body);
            let outputs = self.outputs(body);
            let after = outputs.iter().skip(skip);
            let next: Vec<Value> = carried
                .iter()
                .zip(after)
                .map(|it| without_elements(merged(it.0, it.1, &what)))
                .collect();
            let settled = next
                .iter()
                .zip(carried.iter())
                .all(|it| it.0.shape == it.1.shape);
            for (slot, value) in carried.iter_mut().zip(next) {
                *slot = value;
            }
            if settled || turn >= MOST_TURNS || self.tired() {
                return outputs;
            }
        }
        vec![]
    }

    /// Body inputs: states, then one slice of each scanned input; outputs: states, then one slice of each
    /// scanned output.
    fn scan(&mut self, node: &Node, body: GraphId) -> Result<Vec<Value>, ShapeError> {
        let count = node.attrs.int("num_scan_inputs")?;
        let count = count.and_then(|it| usize::try_from(it).ok());
        let count = count.ok_or(ShapeError::AttributeMissing {
            name: "num_scan_inputs",
        })?;
        // Operator set 8 puts sequence lengths first and scans along axis 1 of a batch.
        let old = node.opset < 9;
        let inputs = node.inputs.get(usize::from(old)..).unwrap_or_default();
        let states = inputs.len().saturating_sub(count);
        let axes = |name| Ok::<_, ShapeError>(node.attrs.ints(name)?.unwrap_or_default());
        let (from, to) = (axes("scan_input_axes")?, axes("scan_output_axes")?);
        let mut length = Dim::Unknown;
        let mut values: Vec<Value> = Vec::new();
        for (at, input) in inputs.iter().enumerate() {
            let value = without_elements(self.given(Some(input)).cloned().unwrap_or_default());
            let Some(scanned) = at.checked_sub(states) else {
                values.push(if old { sliced(&value, 0)?.0 } else { value });
                continue;
            };
            let axis = from.get(scanned).copied().unwrap_or(0);
            let (value, size) = if old {
                sliced(&sliced(&value, 0)?.0, 0)?
            } else {
                sliced(&value, axis)?
            };
            if length == Dim::Unknown {
                length = size;
            }
            values.push(value);
        }
        let scanned = values.split_off(states);
        // The scanned slices follow the states, so they are carried along unchanged.
        let mut carried = values;
        let outputs = self.scan_turns(node, body, &mut carried, &scanned);
        if old {
            return Err(ShapeError::Unknown(
                "the old form of Scan has no shape rule".into(),
            ));
        }
        let stacks = outputs.into_iter().skip(states).enumerate();
        let stacks: Vec<Value> = stacks
            .map(|(at, it)| stacked(&it, to.get(at).copied().unwrap_or(0), &length))
            .collect();
        Ok(carried.into_iter().chain(stacks).collect())
    }

    fn scan_turns(
        &mut self,
        node: &Node,
        body: GraphId,
        states: &mut [Value],
        scanned: &[Value],
    ) -> Vec<Value> {
        let inputs = self.network.graph(body).inputs.clone();
        for (input, value) in inputs.iter().skip(states.len()).zip(scanned) {
            self.set(*input, value.clone());
        }
        self.turns(node, body, &[], states, 0)
    }
}
