//! The rows of matrix products, recurrent operators and all other nodes.

use std::collections::BTreeSet;

use super::conv::Rows;
use super::count::{OVERFLOW, gap, why_open};
use super::flow::MOVES;
use super::roles::{self, Booked};
use super::rows::{Layer, NodeLayer};
use super::scene::{Scene, input_of, is, output_of};
use super::trace::Root;
use super::without_pool::LinearWeight;
use crate::network::{Node, NodeId, ValueId};
use crate::op::linear::{self, LinearOperator};
use crate::units::{Macs, Params};

/// The stored tensors of matrix products.
#[derive(Debug, Default)]
pub(super) struct Linears {
    pub(super) roots: BTreeSet<Root>,
    pub(super) weights: Vec<LinearWeight>,
}

impl Rows<'_, '_> {
    /// The row of a node that is neither convolution nor pool.
    pub(super) fn node(&mut self, id: NodeId, booked: &Booked, linears: &mut Linears) -> Layer {
        let node = self.scene.network.node(id);
        if let Some(problem) = self.scene.shapes.problems.get(&id) {
            self.gaps.push(gap(&node.name, "output_shape", &**problem));
        }
        if let Some(reason) = &node.opaque {
            self.gaps.push(gap(&node.name, "layers", &**reason));
        }
        let weight = roles::linear_weight(self.tracer, node);
        let linear = linear::find(&node.domain, &node.op_type).zip(weight);
        let recurrent = linear::find_recurrent(&node.domain, &node.op_type);
        let roots = match (linear, recurrent) {
            (Some((operator, weight)), _) => self.roots_at(node, &[Some(weight), operator.bias]),
            (_, Some(operator)) => {
                let weights = operator.weights.iter().copied().map(Some);
                let places: Vec<_> = weights.chain([Some(operator.bias)]).collect();
                self.roots_at(node, &places)
            }
            _ => BTreeSet::new(),
        };
        let mut row = self.plain(id, booked, &roots);
        if let Some((operator, weight)) = linear {
            linears.roots.extend(roots);
            linears
                .weights
                .extend(self.linear_weight(id, weight, booked));
            row.weight = self.stored_name(node, weight);
            row.macs = self.known(&row, self.linear_macs(node, operator, weight));
            return Layer::Linear(Box::new(row));
        }
        if let Some(operator) = recurrent {
            let first = operator.weights.first();
            row.weight = first.and_then(|it| self.stored_name(node, *it));
            row.macs = self.known(&row, recurrent_macs(self.scene, node));
            return Layer::Recurrent(Box::new(row));
        }
        Layer::Other(Box::new(row))
    }

    /// The stored weight at a matrix product's input.
    fn linear_weight(&mut self, id: NodeId, place: usize, booked: &Booked) -> Option<LinearWeight> {
        let value = input_of(self.scene.network.node(id), place)?;
        let root = self.tracer.root(value);
        Some(LinearWeight {
            node: id,
            place,
            root,
            numel: self.tracer.root_numel(root),
            live: booked.is_parameter(root),
        })
    }

    /// What the inputs at these places lead back to.
    fn roots_at(&mut self, node: &Node, places: &[Option<usize>]) -> BTreeSet<Root> {
        let values = places.iter().copied().flatten();
        let values = values.filter_map(|it| input_of(node, it));
        values.map(|it| self.tracer.root(it)).collect()
    }

    fn plain(&mut self, id: NodeId, booked: &Booked, roots: &BTreeSet<Root>) -> NodeLayer {
        let scene = self.scene;
        let node = scene.network.node(id);
        let output = output_of(node);
        let shape = |it: ValueId| scene.shape(it).cloned();
        NodeLayer {
            node: id,
            name: node.name.clone(),
            op_type: node.op_type.to_string(),
            domain: node.domain.to_string(),
            scope: node.scope.to_string(),
            output: output.map_or_else(String::new, |it| scene.network.value(it).name.to_string()),
            input_shape: input_of(node, 0).and_then(shape),
            output_shape: output.and_then(shape),
            params: self.params(node, booked, roots),
            weight: None,
            macs: None,
        }
    }

    /// Name of the stored tensor that the input at `place` leads back to.
    fn stored_name(&mut self, node: &Node, place: usize) -> Option<String> {
        match self.tracer.root(input_of(node, place)?) {
            Root::Stored(id) => Some(self.scene.tensor_name(id)),
            _ => None,
        }
    }

    /// Elements of the parameters at a node's inputs. A node that only moves one does not use it.
    fn params(&mut self, node: &Node, booked: &Booked, roots: &BTreeSet<Root>) -> Params {
        if is(node, MOVES) {
            return Params(0);
        }
        let inputs = node.inputs.iter().copied().flatten();
        let moved = inputs.filter_map(|it| self.tracer.moved(it));
        let moved = moved.filter(|it| booked.role(*it).is_parameter());
        let mut stored: BTreeSet<Root> = moved.map(Root::Stored).collect();
        stored.extend(roots);
        let sizes = stored.iter().filter_map(|it| self.tracer.root_numel(*it));
        Params(sizes.fold(0, u128::saturating_add))
    }

    /// Multiply-accumulates as they are, or a gap.
    fn known(&mut self, row: &NodeLayer, macs: Result<u128, String>) -> Option<Macs> {
        match macs {
            Ok(macs) => Some(Macs(macs)),
            Err(reason) => {
                self.gaps.push(gap(&row.name, "macs", reason));
                None
            }
        }
    }

    fn linear_macs(
        &self,
        node: &Node,
        operator: &LinearOperator,
        weight: usize,
    ) -> Result<u128, String> {
        let output = output_of(node);
        let elements = output.and_then(|it| self.scene.numel(it));
        let elements = elements.ok_or_else(|| why_open(self.scene.shapes, output))?;
        let inner = self.inner(node, operator, weight);
        let inner = inner.ok_or_else(|| why_open(self.scene.shapes, input_of(node, weight)))?;
        linear::macs(elements, u128::from(inner), self.scene.batch())
            .ok_or_else(|| OVERFLOW.to_owned())
    }

    /// How many products each output element sums, told by whichever operand is known.
    fn inner(&self, node: &Node, operator: &LinearOperator, weight: usize) -> Option<u64> {
        if let Ok(Some(inner)) = node.attrs.int("K") {
            return u64::try_from(inner).ok();
        }
        let right = operator.operands.first().copied()?;
        let mut places = [weight, 0, right].into_iter();
        places.find_map(|place| {
            let shape = self.scene.shape(input_of(node, place)?)?;
            let name = if place == 0 { "transA" } else { "transB" };
            let transposed = node.attrs.int_or(name, 0).ok()? != 0;
            let last = shape.rank().checked_sub(1)?;
            // A left operand is summed along its last axis, a right one along its last but one.
            let at = if (place == 0) == transposed {
                last.saturating_sub(1)
            } else {
                last
            };
            shape.dim(at).known()
        })
    }
}

/// Multiply-accumulates of one sample of a recurrent node.
pub(super) fn recurrent_macs(scene: Scene<'_>, node: &Node) -> Result<u128, String> {
    let input = input_of(node, 0);
    let steps_at = match node.attrs.int_or("layout", 0) {
        Ok(1) => 1,
        _ => 0,
    };
    let steps = input.and_then(|it| scene.shape(it)?.dim(steps_at).known());
    let steps = steps.ok_or_else(|| why_open(scene.shapes, input))?;
    let weight = |place| {
        let value = input_of(node, place);
        let elements = value.and_then(|it| scene.numel(it));
        elements.ok_or_else(|| why_open(scene.shapes, value))
    };
    let macs = linear::recurrent_macs(u128::from(steps), weight(1)?, weight(2)?);
    macs.ok_or_else(|| OVERFLOW.to_owned())
}
