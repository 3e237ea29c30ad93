//! The rows of matrix products, recurrent operators and all other nodes.

use std::collections::{BTreeMap, BTreeSet};

use super::conv::Rows;
use super::count::{Count, Extent, OVERFLOW, gap, why_open};
use super::flow::MOVES;
use super::roles::{self, Booked};
use super::rows::{Layer, NodeLayer};
use super::scene::{Scene, input_of, is, output_of};
use super::trace::Root;
use super::without_pool::LinearWeight;
use crate::network::{Node, NodeId, ValueId};
use crate::op::linear::{self, LinearOperator};
use crate::tensor::Dim;
use crate::units::{self, Macs, Params};

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
            self.fill_weight(&mut row, node, weight);
            let macs = self.linear_macs(node, operator, weight);
            self.fill_macs(&mut row, macs);
            return Layer::Linear(Box::new(row));
        }
        if let Some(operator) = recurrent {
            if let Some(first) = operator.weights.first() {
                self.fill_weight(&mut row, node, *first);
            }
            let macs = recurrent_macs(self.scene, node);
            self.fill_macs(&mut row, macs);
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
            weight_type: None,
            macs: None,
            formulas: BTreeMap::new(),
        }
    }

    /// Name and type of the stored tensor that the input at `place` leads back to.
    fn fill_weight(&mut self, row: &mut NodeLayer, node: &Node, place: usize) {
        let root = input_of(node, place).map(|it| self.tracer.root(it));
        if let Some(Root::Stored(id)) = root {
            row.weight = Some(self.scene.tensor_name(id));
            row.weight_type = self.scene.network.initializer(id).tensor.data_type;
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

    /// Multiply-accumulates as they are, their formula, or a gap.
    fn fill_macs(&mut self, row: &mut NodeLayer, macs: Count) {
        match macs {
            Count::Exact(macs) => row.macs = Some(Macs(macs)),
            Count::Form(form) => {
                row.formulas.insert("macs", form);
            }
            Count::Unknown(reason) => self.gaps.push(gap(&row.name, "macs", reason)),
        }
    }

    fn linear_macs(&self, node: &Node, operator: &LinearOperator, weight: usize) -> Count {
        let unknown = |value| Count::Unknown(why_open(self.scene.shapes, value));
        let output = output_of(node);
        let shape = output.and_then(|it| self.scene.shape(it));
        let Some(shape) = shape.filter(|it| !it.0.contains(&Dim::Unknown)) else {
            return unknown(output);
        };
        let Some(inner) = self.inner(node, operator, weight) else {
            return unknown(input_of(node, weight));
        };
        let inner = u128::from(inner);
        let samples = match output.map_or(Ok(1), |it| self.batch.held(it)) {
            Ok(samples) => samples,
            Err(reason) => return Count::Unknown(reason.to_owned()),
        };
        if let Some(elements) = shape.numel() {
            return Count::exact(linear::macs(elements, inner, samples));
        }
        let known = shape.0.iter().filter_map(Dim::known).map(u128::from);
        let known = units::product(known).and_then(|it| {
            let divides = it.checked_mul(inner)?.checked_rem(samples) == Some(0);
            Some((linear::macs(it, inner, samples)?, divides))
        });
        let open = shape.0.iter().filter(|it| it.known().is_none());
        let open: Vec<Dim> = open.cloned().collect();
        match known {
            // Where the open sizes hold the batch, it cannot be taken out of them.
            Some((_, false)) => unknown(output),
            Some((known, true)) => Extent::of(Some(&open), "rows").times(known),
            None => Count::Unknown(OVERFLOW.to_owned()),
        }
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
pub(super) fn recurrent_macs(scene: Scene<'_>, node: &Node) -> Count {
    let input = input_of(node, 0);
    let steps_at = match node.attrs.int_or("layout", 0) {
        Ok(1) => 1,
        _ => 0,
    };
    let steps = input.and_then(|it| Some(scene.shape(it)?.dim(steps_at)));
    let Some(steps) = steps.filter(|it| *it != Dim::Unknown) else {
        return Count::Unknown(why_open(scene.shapes, input));
    };
    let weights = [1, 2].map(|place| {
        let value = input_of(node, place);
        let elements = value.and_then(|it| scene.numel(it));
        elements.ok_or_else(|| why_open(scene.shapes, value))
    });
    let [Ok(weight), Ok(recurrence)] = weights else {
        let reason = weights.into_iter().find_map(Result::err);
        return Count::Unknown(reason.unwrap_or_default());
    };
    match linear::recurrent_macs(1, weight, recurrence) {
        Some(each) => Extent::of(Some(&[steps]), "steps").times(each),
        None => Count::Unknown(OVERFLOW.to_owned()),
    }
}
