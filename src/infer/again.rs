//! Shapes once more, with one value changed: only what lies downstream of it is walked again.

use std::collections::{BTreeSet, HashMap};

use super::Shapes;
use super::walk::{call, no_rule};
use crate::network::{Edges, GraphId, Network, Node, NodeId, Use, ValueId};
use crate::op::{self, Call, MOST_RANK, ShapeError, Value, matmul};
use crate::tensor::Dim;

/// What is known of the values that are not what they were.
pub type Changes = HashMap<ValueId, Value>;

/// A network whose shapes are known, to be asked what they would be if a value were another one.
#[derive(Debug)]
pub struct Again<'a> {
    network: &'a Network,
    edges: &'a Edges,
    shapes: &'a Shapes,
    /// Each node's place in the main graph; `None` of one in a body.
    places: Vec<Option<usize>>,
}

/// What a change leads to.
#[derive(Clone, Debug, Default)]
pub struct Changed {
    /// The values that are not what they were.
    pub values: Changes,
    /// The nodes that take one of them, in the graph's order.
    pub nodes: Vec<NodeId>,
    /// Products whose operands no longer fit, with the sizes that they sum over on either side.
    pub unfit: Vec<(NodeId, u64, u64)>,
}

/// Why what a change leads to cannot be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The operator cannot take the new sizes.
    Refused(NodeId, ShapeError),
    /// A Reshape would move what is new into the batch: the size before and the one after.
    Batch(NodeId, Dim, Dim),
    /// A control-flow node, or a node in the body of one, takes the value.
    Control(NodeId),
    /// Its sizes were stated, not inferred; by whom.
    Pinned(NodeId, String),
    /// More lies downstream than may be walked.
    TooMuch,
}

impl<'a> Again<'a> {
    /// Looks up each node's place once.
    #[must_use]
    pub fn new(network: &'a Network, edges: &'a Edges, shapes: &'a Shapes) -> Self {
        let mut places = vec![None; network.nodes.len()];
        let main = network.main().map_or(&[][..], |it| &it.nodes);
        for (place, id) in main.iter().enumerate() {
            if let Some(slot) = places.get_mut(id.at()) {
                *slot = Some(place);
            }
        }
        Self {
            network,
            edges,
            shapes,
            places,
        }
    }

    /// Whether a node stands in the main graph.
    #[must_use]
    pub fn is_main(&self, id: NodeId) -> bool {
        self.place(id).is_some()
    }

    /// Walks what lies downstream of `value` if it were `new`. `most` bounds the work: edges looked at and
    /// elements carried along. What the file declares of a value is not believed here, since it is about
    /// other sizes.
    ///
    /// # Errors
    /// [`Stop`], of the first node in the graph's order.
    pub fn with(&self, value: ValueId, new: Value, most: usize) -> Result<Changed, Stop> {
        let mut walk = Walk {
            again: self,
            changed: Changed::default(),
            open: BTreeSet::new(),
            left: most,
        };
        walk.set(value, new)?;
        while let Some(place) = walk.open.pop_first() {
            let main = self.network.main().and_then(|it| it.nodes.get(place));
            if let Some(id) = main {
                walk.node(*id)?;
            }
        }
        Ok(walk.changed)
    }

    fn place(&self, id: NodeId) -> Option<usize> {
        self.places.get(id.at()).copied().flatten()
    }
}

struct Walk<'a, 'b> {
    again: &'b Again<'a>,
    changed: Changed,
    /// Places of nodes that take a changed value.
    open: BTreeSet<usize>,
    left: usize,
}

impl Walk<'_, '_> {
    fn spend(&mut self, steps: usize) -> Result<(), Stop> {
        self.left = self.left.checked_sub(steps).ok_or(Stop::TooMuch)?;
        Ok(())
    }

    /// Notes a value and who has to be walked for it. One that is as it was and fully known changes nothing
    /// downstream; one that is unknown as before may have been known otherwise.
    fn set(&mut self, value: ValueId, new: Value) -> Result<(), Stop> {
        let before = self.again.shapes.value(value);
        let same = before.shape == new.shape && before.elements == new.elements;
        if same && new.sizes().is_some() {
            return Ok(());
        }
        let carried = new.elements.as_ref().map_or(0, |it| it.len());
        let items = new.items.as_ref().map_or(0, |it| it.len());
        self.spend(carried.saturating_add(items.saturating_mul(8)))?;
        let again = self.again;
        let uses = again.edges.uses(value);
        self.spend(uses.len())?;
        for it in uses {
            match *it {
                Use::Node(id, _) => {
                    let place = again.place(id).ok_or(Stop::Control(id))?;
                    self.open.insert(place);
                }
                Use::Output(GraphId(0), _) => {}
                Use::Output(body, _) => {
                    if let Some(owner) = again.edges.owner(body) {
                        return Err(Stop::Control(owner));
                    }
                }
            }
        }
        self.changed.values.insert(value, new);
        Ok(())
    }

    fn get(&self, value: ValueId) -> &Value {
        let changed = self.changed.values.get(&value);
        changed.unwrap_or_else(|| self.again.shapes.value(value))
    }

    fn node(&mut self, id: NodeId) -> Result<(), Stop> {
        let node = self.again.network.node(id);
        self.spend(node.inputs.len().saturating_add(node.outputs.len()))?;
        if !node.subgraphs.is_empty() {
            return Err(Stop::Control(id));
        }
        let inputs = node.inputs.iter();
        let inputs: Vec<_> = inputs.map(|it| it.map(|it| self.get(it))).collect();
        let asked = call(node, &inputs);
        let answer = match answer(node, &asked) {
            Ok(answer) => answer,
            Err(ShapeError::Unknown(note) | ShapeError::NoRule(note)) => {
                vec![Value::unknown(note); node.outputs.len()]
            }
            Err(error) => return Err(Stop::Refused(id, error)),
        };
        let unfit = matmul::inner_sizes(&asked);
        self.changed.nodes.push(id);
        self.changed
            .unfit
            .extend(unfit.map(|(left, right)| (id, left, right)));
        let mut answer = answer.into_iter();
        for output in &node.outputs {
            let new = answer.next();
            let Some(output) = output else { continue };
            let new = new.unwrap_or_else(|| Value::unknown(no_rule(node)));
            let new = self.noted(node, new);
            if let Some(pin) = self.again.network.pinned.get(output) {
                return Err(Stop::Pinned(id, pin.by.clone()));
            }
            self.keeps_batch(id, node, *output, &new)?;
            self.set(*output, new)?;
        }
        Ok(())
    }

    /// Why a value is unknown: its own reason, or that of the first input that has one.
    fn noted(&self, node: &Node, mut new: Value) -> Value {
        if new.shape.as_ref().is_some_and(|it| it.rank() > MOST_RANK) {
            return Value::unknown(format!("it has more than {MOST_RANK} axes"));
        }
        if new.note.is_none() && new.sizes().is_none() {
            let mut inputs = node.inputs.iter().flatten();
            new.note = inputs.find_map(|it| self.get(*it).note.clone());
        }
        new
    }

    /// `view(-1, 400)` takes four times as many values as four images, which nobody means.
    fn keeps_batch(
        &self,
        id: NodeId,
        node: &Node,
        output: ValueId,
        new: &Value,
    ) -> Result<(), Stop> {
        let Some(input) = node.inputs.first().copied().flatten() else {
            return Ok(());
        };
        if &*node.op_type != "Reshape" {
            return Ok(());
        }
        let first = |value: &Value| value.shape.as_ref()?.0.first().cloned();
        let shapes = self.again.shapes;
        let before = first(shapes.value(output));
        let (Some(before), Some(after)) = (before, first(new)) else {
            return Ok(());
        };
        let is_batch = first(shapes.value(input)).as_ref() == Some(&before)
            && first(self.get(input)).as_ref() == Some(&before);
        if is_batch && before != after {
            return Err(Stop::Batch(id, before, after));
        }
        Ok(())
    }
}

/// What the operator's rule says.
fn answer(node: &Node, asked: &Call<'_>) -> op::call::Answer {
    if let Some(reason) = &node.opaque {
        return Err(ShapeError::NoRule(reason.clone()));
    }
    let rule = op::rule(&node.domain, &node.op_type);
    let rule = rule.ok_or_else(|| ShapeError::NoRule(no_rule(node).into()))?;
    rule(asked)
}
