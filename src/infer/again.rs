//! Shapes once more, with one value changed: only what lies downstream of it is walked again.

mod fixed;
mod samples;

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
    /// The first node that takes a changed value for its data and makes the same sizes of it as before, since
    /// it picks fixed places or resizes to a fixed size.
    pub absorbed: Option<NodeId>,
    /// The work that it took, in the unit of [`Again::with`]'s bound.
    pub steps: usize,
}

/// Why what a change leads to cannot be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The operator cannot take the new sizes.
    Refused(NodeId, ShapeError),
    /// A Reshape would move what is new into the batch: the size before and the one after.
    Batch(NodeId, Dim, Dim),
    /// A Gather of fixed elements took all along its axis, and would take a part of what there is then: the
    /// size before and the one after.
    Whole(NodeId, u64, u64),
    /// A control-flow node, or a node in the body of one, takes the value.
    Control(NodeId),
    /// Its sizes were stated, not inferred; by whom.
    Pinned(NodeId, String),
    /// The node takes, at some distance, what it makes, and that is not what it was.
    Cycle(NodeId),
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
        let (changed, stop) = self.walked(vec![(value, new)], None, most);
        stop.map_or(Ok(changed), Err)
    }

    /// Walks what lies downstream of `values`, tensors whose first size is the first of `sizes`, if that were the
    /// second: what changes, as far as the walk came, and why it stopped before the end. A Reshape to sizes that
    /// hold the first takes the second in its place.
    #[must_use]
    pub fn with_first_sizes(
        &self,
        values: &[ValueId],
        sizes: [u64; 2],
        most: usize,
    ) -> (Changed, Option<Stop>) {
        let values = values.iter().map(|it| {
            let mut value = self.shapes.value(*it).clone();
            let first = value.shape.as_mut().and_then(|it| it.0.first_mut());
            if let Some(first) = first {
                *first = Dim::Known(sizes[1]);
            }
            value.elements = None;
            (*it, value)
        });
        self.walked(values.collect(), Some(sizes), most)
    }

    fn walked(
        &self,
        values: Vec<(ValueId, Value)>,
        first_sizes: Option<[u64; 2]>,
        most: usize,
    ) -> (Changed, Option<Stop>) {
        let mut walk = Walk {
            again: self,
            changed: Changed::default(),
            open: BTreeSet::new(),
            at: None,
            left: most,
            first_sizes,
        };
        let stop = walk.all(values).err();
        walk.changed.steps = most.saturating_sub(walk.left);
        (walk.changed, stop)
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
    /// The place that is being walked.
    at: Option<usize>,
    left: usize,
    /// The first sizes of the changed inputs: as they were and as they are.
    first_sizes: Option<[u64; 2]>,
}

impl Walk<'_, '_> {
    fn all(&mut self, values: Vec<(ValueId, Value)>) -> Result<(), Stop> {
        for (value, new) in values {
            self.set(value, new)?;
        }
        while let Some(place) = self.open.pop_first() {
            self.at = Some(place);
            let main = self.again.network.main();
            if let Some(id) = main.and_then(|it| it.nodes.get(place)) {
                self.node(*id)?;
            }
        }
        Ok(())
    }

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
                    // Nodes stand in their order but for those of a cycle, which would be walked without end.
                    if self.at.is_some_and(|at| place <= at) {
                        return Err(Stop::Cycle(id));
                    }
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
        let kept = self.reshaped(node).map(|it| vec![it]);
        let answer = match kept.map_or_else(|| answer(node, &asked), Ok) {
            Ok(answer) => answer,
            Err(ShapeError::Unknown(note) | ShapeError::NoRule(note)) => {
                vec![Value::unknown(note); node.outputs.len()]
            }
            Err(error) => return Err(Stop::Refused(id, error)),
        };
        let unfit = matmul::inner_sizes(&asked).filter(|_| self.fitted(node));
        self.takes_whole(id, node)?;
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
            self.absorbs(id, node, *output, &new);
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
