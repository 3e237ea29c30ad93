//! What the nodes downstream of a pool would cost.

use std::collections::BTreeMap;

use super::super::count::{Count, OPEN, OVERFLOW, open};
use super::super::geometry::Geometry;
use super::super::node::recurrent_macs;
use super::super::rows::{ConvLayer, Layer, NodeLayer};
use super::super::scene::{Scene, input_of, output_of};
use super::super::trace::Root;
use super::words::short;
use super::{Asked, Change, LinearGrowth, LinearWeight, WithoutPool};
use crate::infer::Changed;
use crate::network::{Node, NodeId, ValueId};
use crate::op::{conv, linear};
use crate::units;

/// How much a sum changes; once it cannot be told it never can.
struct Sum(Option<i128>);

impl Sum {
    fn add(&mut self, before: u128, after: u128) -> Result<(), String> {
        let more = i128::try_from(after).ok().zip(i128::try_from(before).ok());
        let more = more.and_then(|(after, before)| after.checked_sub(before));
        self.0 = self.0.zip(more).and_then(|(sum, it)| sum.checked_add(it));
        self.0.map(|_| ()).ok_or_else(|| OVERFLOW.to_owned())
    }

    fn change(&self, with: Option<u128>) -> Option<Change> {
        let change = self.0?;
        Some(Change {
            with,
            without: with.and_then(|it| it.checked_add_signed(change)),
            change,
        })
    }
}

/// What a stored weight would become, and how many layers say so.
struct Grown {
    before: u128,
    after: u128,
    live: bool,
    users: usize,
    /// Whether its layers say different things.
    torn: bool,
}

struct Tally<'a, 'b> {
    asked: &'b Asked<'a>,
    /// The network without the pool.
    scene: Scene<'b>,
    linear: Sum,
    unshared: Sum,
    dense: Sum,
    macs: Sum,
    grown: BTreeMap<Root, Grown>,
    largest: Option<LinearGrowth>,
    reason: Option<String>,
}

impl Asked<'_> {
    /// Counts the network with the changed values.
    pub(super) fn counted(&self, changed: &Changed) -> WithoutPool {
        let mut tally = Tally {
            asked: self,
            scene: Scene {
                changes: Some(&changed.values),
                ..self.scene
            },
            linear: Sum(Some(0)),
            unshared: Sum(Some(0)),
            dense: Sum(Some(0)),
            macs: Sum(Some(0)),
            grown: BTreeMap::new(),
            largest: None,
            reason: None,
        };
        if let Err(reason) = tally.all(changed) {
            return WithoutPool {
                reason: Some(reason),
                ..WithoutPool::default()
            };
        }
        let (totals, linear) = (self.totals, self.totals.linear.params.0);
        WithoutPool {
            linear_params: tally.linear.change(Some(linear)),
            unshared: tally.unshared.change(totals.conv.unshared.map(|it| it.0)),
            dense: tally.dense.change(totals.conv.dense.map(|it| it.0)),
            macs: tally.macs.change(totals.macs.map(|it| it.0)),
            largest_linear: tally.largest,
            reason: tally.reason,
        }
    }
}

impl Tally<'_, '_> {
    fn all(&mut self, changed: &Changed) -> Result<(), String> {
        let mut unfit = changed.unfit.iter();
        if let Some((id, left, right)) = unfit.find(|it| !self.asked.weights.contains_key(&it.0)) {
            let name = self.asked.named(*id);
            return Err(format!(
                "{name} would multiply {left} columns by {right} rows, both computed"
            ));
        }
        for id in &changed.nodes {
            match self.asked.rows.get(id) {
                Some(Layer::Conv(row)) if !row.is_aside() => self.conv(row)?,
                Some(Layer::Linear(row)) => self.linear(row)?,
                Some(Layer::Recurrent(row)) => self.recurrent(row)?,
                _ => {}
            }
        }
        self.stored()
    }

    /// Why a value's sizes are open.
    fn why(&self, value: Option<ValueId>) -> String {
        let note = value.and_then(|it| self.scene.value(it)?.note.as_deref());
        note.map_or_else(|| open(self.scene.shapes), str::to_owned)
    }

    /// Notes why a number is null.
    fn lacks(&mut self, reason: String) {
        self.reason.get_or_insert(reason);
    }

    fn conv(&mut self, row: &ConvLayer) -> Result<(), String> {
        let node = self.scene.network.node(row.node);
        let Some(operator) = conv::find(&node.domain, &node.op_type) else {
            return Ok(());
        };
        self.unchanged(row.node, input_of(node, operator.weight))?;
        let mut geometry = Geometry::of(self.scene, row.node, operator);
        geometry.bias = row.bias.is_some();
        let costs = geometry.costs();
        let params = [
            (row.params.unshared, costs.unshared, &mut self.unshared),
            (row.params.dense, costs.dense, &mut self.dense),
        ];
        let mut reasons = vec![];
        for (before, after, sum) in params {
            reasons.extend(added(sum, before.map(|it| it.0), &after));
        }
        let before = row.macs.map(|it| it.0);
        reasons.extend(added(&mut self.macs, before, &costs.macs));
        if let Some(reason) = reasons.into_iter().next() {
            let name = self.asked.named(row.node);
            self.lacks(format!("in {name}: {reason}"));
        }
        Ok(())
    }

    /// A weight that is computed from the changed sizes is another one.
    fn unchanged(&self, id: NodeId, weight: Option<ValueId>) -> Result<(), String> {
        let changed = self.scene.changes.zip(weight);
        if changed.is_some_and(|(changes, weight)| changes.contains_key(&weight)) {
            let name = self.asked.named(id);
            return Err(format!(
                "the weight of {name} is computed from the changed sizes"
            ));
        }
        Ok(())
    }

    fn linear(&mut self, row: &NodeLayer) -> Result<(), String> {
        let (id, node) = (row.node, self.scene.network.node(row.node));
        let name = || self.asked.named(id);
        let Some(weight) = self.asked.weights.get(&id).copied() else {
            return Ok(());
        };
        self.unchanged(id, input_of(node, weight.place))?;
        let before = summed(self.asked.scene, node, weight.place);
        let after = summed(self.scene, node, weight.place);
        let open = || self.why(input_of(node, 0));
        let (before, after) = before.zip(after).ok_or_else(open)?;
        if before != after && node.attrs.int("K") != Ok(None) {
            return Err(format!("the weight of {} is packed in blocks", name()));
        }
        let grown = (|| {
            let numel = weight.numel?;
            let more = numel.checked_mul(u128::from(after))?;
            let whole = more.checked_rem(u128::from(before))? == 0;
            let weights = more.checked_div(u128::from(before))?;
            whole.then_some((numel, weights))
        })();
        let (numel, weights) =
            grown.ok_or_else(|| format!("what {} would hold is no whole number", name()))?;
        self.grow(&weight, numel, weights);
        if weights > numel {
            let growth = weights.saturating_sub(numel);
            let most = self.largest.as_ref();
            let most = most.map_or(0, |it| it.weights_without.saturating_sub(it.weights_with));
            if growth > most {
                self.largest = Some(LinearGrowth {
                    layer: short(&row.name),
                    inputs_with: before,
                    inputs_without: after,
                    weights_with: numel,
                    weights_without: weights,
                });
            }
        }
        let elements = output_of(node).and_then(|it| self.scene.numel(it));
        let macs = elements.map_or_else(
            || Count::Unknown(self.why(output_of(node))),
            |it| {
                let samples = output_of(node).map_or(Ok(1), |it| self.asked.batch.held(it));
                samples.map_or_else(
                    |reason| Count::Unknown(reason.to_owned()),
                    |samples| Count::exact(linear::macs(it, u128::from(after), samples)),
                )
            },
        );
        if let Some(reason) = added(&mut self.macs, row.macs.map(|it| it.0), &macs) {
            self.lacks(format!("in {}: {reason}", self.asked.named(id)));
        }
        Ok(())
    }

    fn grow(&mut self, weight: &LinearWeight, before: u128, after: u128) {
        let grown = self.grown.entry(weight.root).or_insert(Grown {
            before,
            after,
            live: weight.live,
            users: 0,
            torn: false,
        });
        grown.users = grown.users.saturating_add(1);
        grown.torn |= grown.after != after;
    }

    /// Each stored weight once, with what all its layers make of it.
    fn stored(&mut self) -> Result<(), String> {
        for (root, grown) in &self.grown {
            if grown.before == grown.after && !grown.torn {
                continue;
            }
            if grown.torn || self.asked.users.get(root) != Some(&grown.users) {
                let reason =
                    "layers that share one linear weight would no longer take as many values each";
                return Err(reason.to_owned());
            }
            if grown.live && self.linear.add(grown.before, grown.after).is_err() {
                self.reason.get_or_insert_with(|| OVERFLOW.to_owned());
            }
        }
        Ok(())
    }

    fn recurrent(&mut self, row: &NodeLayer) -> Result<(), String> {
        let node = self.scene.network.node(row.node);
        let last = |scene: Scene<'_>| {
            let shape = scene.shape(input_of(node, 0)?)?;
            shape.dim(shape.rank().checked_sub(1)?).known()
        };
        if last(self.scene).is_none() || last(self.scene) != last(self.asked.scene) {
            let name = self.asked.named(row.node);
            return Err(format!("{name} would take other features at each step"));
        }
        self.unchanged(row.node, input_of(node, 1))?;
        let macs = recurrent_macs(self.scene, node);
        if let Some(reason) = added(&mut self.macs, row.macs.map(|it| it.0), &macs) {
            self.lacks(format!("in {}: {reason}", self.asked.named(row.node)));
        }
        Ok(())
    }
}

/// Adds a layer's change to a sum, or says why it has none.
fn added(sum: &mut Sum, before: Option<u128>, after: &Count) -> Option<String> {
    let reason = match (before, after) {
        (Some(before), Count::Exact(after)) => return sum.add(before, *after).err(),
        (_, Count::Unknown(reason)) => reason.clone(),
        _ => OPEN.to_owned(),
    };
    sum.0 = None;
    Some(reason)
}

/// How many values each sum of a matrix product has, told by the operand that is no weight.
fn summed(scene: Scene<'_>, node: &Node, weight: usize) -> Option<u64> {
    let operator = linear::find(&node.domain, &node.op_type)?;
    let right = operator.operands.first().copied()?;
    let left = weight == right;
    let shape = scene.shape(input_of(node, if left { 0 } else { right })?)?;
    let name = if left { "transA" } else { "transB" };
    let transposed = node.attrs.int_or(name, 0).ok()? != 0;
    let last = shape.rank().checked_sub(1)?;
    if left && !transposed && shape.rank() > 2 && node.op_type.ends_with("Gemm") {
        // Operator sets before 7 flatten an input of more axes.
        let sizes = shape.0.get(1..)?.iter();
        let sizes: Option<Vec<u128>> = sizes.map(|it| it.known().map(u128::from)).collect();
        return u64::try_from(units::product(sizes?)?).ok();
    }
    // A left operand is summed along its last axis, a right one along its last but one.
    let at = if left == transposed {
        last.saturating_sub(1)
    } else {
        last
    };
    shape.dim(at).known()
}
