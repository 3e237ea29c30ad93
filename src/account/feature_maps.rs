//! Which reductions are pools: those over the spatial axes of what a convolution or pool makes.

use super::scene::{Scene, input_of, is, output_of};
use super::slots::{Slot, slot};
use super::{flow, pointwise};
use crate::network::{Node, NodeId};
use crate::op::pool::PoolOperator;
use crate::op::{conv, pool};
use crate::tensor::Shape;

/// Operators beside the pointwise ones through which N, C and the spatial axes stay what they are.
const KEEPS_AXES: &[&str] = &[
    "Softmax",
    // Norms along the channels or the spatial axes.
    "InstanceNormalization",
    "GroupNormalization",
    "GroupNorm",
    "LpNormalization",
    "MeanVarianceNormalization",
    // These change sizes, not axes.
    "Pad",
    "Resize",
    "Upsample",
    "Concat",
    "Split",
    "Slice",
    "QLinearConcat",
    "DepthToSpace",
    "SpaceToDepth",
    "GridSample",
];

/// Values laid out N, C, spatial that come from a convolution or pool.
pub(super) fn find(scene: Scene<'_>, order: &[NodeId]) -> Vec<bool> {
    let seeds = order.iter().filter_map(|id| {
        let node = scene.network.node(*id);
        let (domain, op_type) = (&*node.domain, &*node.op_type);
        let found = conv::find(domain, op_type).is_some() || pool::find(domain, op_type).is_some();
        output_of(node).filter(|_| found)
    });
    flow::spread(scene, seeds.collect(), |node, place| {
        keeps_axes(scene, node, place)
    })
}

fn keeps_axes(scene: Scene<'_>, node: &Node, place: usize) -> bool {
    if reduces_to_one(scene, node) {
        return place == 0 && node.attrs.int_or("keepdims", 1) == Ok(1);
    }
    let keeps = [pointwise::OF_ONE, pointwise::OF_SEVERAL, KEEPS_AXES];
    keeps.iter().any(|it| is(node, it))
        && slot(node, place) != Slot::Control
        && (!is(node, &["Concat"]) || node.attrs.int_or("axis", 1) != Ok(0))
}

/// Whether a `ReduceMean` or `ReduceMax` takes exactly the spatial axes of its input.
fn reduces_to_one(scene: Scene<'_>, node: &Node) -> bool {
    if !is(node, &["ReduceMean", "ReduceMax"]) {
        return false;
    }
    let shape = input_of(node, 0).and_then(|it| scene.shape(it));
    let Some(rank) = shape.map(Shape::rank).filter(|it| *it > 2) else {
        return false;
    };
    let axes = node.attrs.ints("axes").ok().flatten().or_else(|| {
        let value = input_of(node, 1)?;
        scene.shapes.values.get(value.at())?.ints()
    });
    // Without axes a reduction takes all, or nothing where it is told so: never just the spatial ones.
    let Some(axes) = axes else { return false };
    let mut axes: Vec<Option<usize>> = axes.iter().map(|it| resolved(*it, rank)).collect();
    axes.sort_unstable();
    axes.dedup();
    axes.iter().copied().eq((2..rank).map(Some))
}

/// An axis counted from the front; negative ones count from the end.
fn resolved(axis: i64, rank: usize) -> Option<usize> {
    let rank = i64::try_from(rank).ok()?;
    let axis = if axis < 0 {
        axis.checked_add(rank)?
    } else {
        axis
    };
    usize::try_from(axis).ok()
}

/// Whether a node is a pool: by its operator, or as a reduction of a feature map.
pub(super) enum Kind {
    /// An operator of the table.
    Operator(&'static PoolOperator),
    /// A reduction over the spatial axes.
    Reduction,
}

/// The kind of pool that a node is.
pub(super) fn kind(scene: Scene<'_>, node: &Node, feature_maps: &[bool]) -> Option<Kind> {
    if let Some(operator) = pool::find(&node.domain, &node.op_type) {
        return Some(Kind::Operator(operator));
    }
    let input = input_of(node, 0)?;
    let of_map = feature_maps.get(input.at()).copied().unwrap_or(false);
    (of_map && reduces_to_one(scene, node)).then_some(Kind::Reduction)
}
