//! A convolution's geometry.

use super::scene::{Scene, input_of, output_of};
use crate::network::{Node, NodeId};
use crate::op::conv::{self, Conv, ConvOperator};
use crate::op::window::{AutoPad, Axis};
use crate::tensor::{Dim, Shape};

/// A convolution as its attributes, its weight and its activations describe it, in N, C, spatial order.
pub(super) struct Geometry {
    pub(super) operator: &'static ConvOperator,
    /// The attributes, where they can be read.
    pub(super) conv: Option<Conv>,
    /// The weight's shape as the operator sees it.
    pub(super) weight: Option<Shape>,
    pub(super) input: Option<Shape>,
    pub(super) output: Option<Shape>,
    /// Padding as it is applied.
    pub(super) pads: Option<Vec<i64>>,
    pub(super) kernel: Option<Vec<u64>>,
    pub(super) group: Option<u64>,
    /// Whether the node adds a bias.
    pub(super) bias: bool,
    /// Why it has no output.
    pub(super) problem: Option<String>,
    /// Why nothing but its tensors is known.
    pub(super) open: Option<String>,
}

impl Geometry {
    /// Reads the geometry of a convolution node.
    pub(super) fn of(scene: Scene<'_>, id: NodeId, operator: &'static ConvOperator) -> Self {
        let node = scene.network.node(id);
        let shape = |value| scene.shape(value).cloned();
        let weight = input_of(node, operator.weight).and_then(shape);
        let input = input_of(node, 0).and_then(shape);
        let output = output_of(node).and_then(shape);
        // Without a weight's shape its rank is told by the kernel, or by the activation.
        let stand_in = weight.clone().or_else(|| stand_in(node, input.as_ref()));
        let dynamic_pads = dynamic_pads(scene, node, operator);
        let read = stand_in
            .as_ref()
            .map(|weight| Conv::read(operator, &node.attrs, weight, dynamic_pads.as_deref()));
        let problem = scene.shapes.problems.get(&id).map(ToString::to_string);
        // A file without a graph tells the weight and nothing else.
        let open = input_of(node, 0).and_then(|it| scene.network.notes.get(&it));
        let open = open.map(ToString::to_string);
        let (conv, unread) = match read {
            _ if open.is_some() => (None, None),
            Some(Ok(conv)) => (Some(conv), None),
            Some(Err(error)) => (None, Some(error.to_string())),
            None => (None, None),
        };
        let problem = problem.or(unread);
        let nhwc = conv.as_ref().map_or(operator.nhwc, |it| it.nhwc);
        let first = |it: Shape| if nhwc { conv::channels_first(&it) } else { it };
        let resolved = conv.as_ref().zip(input.as_ref()).zip(stand_in.as_ref());
        let resolved =
            resolved.and_then(|((conv, input), weight)| conv.resolve(input, weight).ok());
        let fixed = conv.as_ref().and_then(fixed_pads);
        let pads = match &resolved {
            Some(resolved) => resolved.pads.clone(),
            None => fixed,
        };
        let known_pads =
            operator.op_type != "ConvTransposeWithDynamicPads" || dynamic_pads.is_some();
        let inferred = resolved.filter(|_| problem.is_none() && known_pads);
        Self {
            operator,
            kernel: kernel(node, conv.as_ref(), weight.as_ref()),
            group: group(node, open.is_some()),
            open,
            weight,
            input: input.map(first),
            output: output.map(first).or(inferred.map(|it| it.output)),
            pads: pads.filter(|_| known_pads),
            conv,
            bias: false,
            problem,
        }
    }

    /// Whether the activations are N, spatial, C.
    pub(super) fn nhwc(&self) -> bool {
        self.conv.as_ref().map_or(self.operator.nhwc, |it| it.nhwc)
    }

    /// Spatial axis `at` with its padding as it is applied.
    pub(super) fn axis(&self, at: usize) -> Option<Axis> {
        let conv = self.conv.as_ref()?;
        Some(conv.axis(at, self.pads.as_ref()?))
    }
}

/// A shape of the weight's rank, where only the kernel or the input is known.
fn stand_in(node: &Node, input: Option<&Shape>) -> Option<Shape> {
    let kernel = node.attrs.ints("kernel_shape").ok().flatten();
    let axes = kernel.filter(|it| !it.is_empty()).map(|it| it.len());
    let rank = axes
        .and_then(|it| it.checked_add(2))
        .or(input.map(Shape::rank))?;
    // A rank that no file's list can have is none of a weight.
    (rank < 64).then(|| Shape::unknown(rank))
}

/// The values of a pads input, where the operator has one and they are known.
fn dynamic_pads(scene: Scene<'_>, node: &Node, operator: &ConvOperator) -> Option<Vec<i64>> {
    if operator.op_type != "ConvTransposeWithDynamicPads" {
        return None;
    }
    let pads = input_of(node, 2)?;
    scene.value(pads)?.ints()
}

/// Padding that does not depend on the input's sizes.
fn fixed_pads(conv: &Conv) -> Option<Vec<i64>> {
    match conv.auto_pad {
        AutoPad::NotSet if conv.output_shape.is_none() => Some(conv.pads.clone()),
        AutoPad::Valid if conv.output_shape.is_none() => Some(vec![0; conv.pads.len()]),
        _ => None,
    }
}

/// The kernel by the attribute, else by the weight.
fn kernel(node: &Node, conv: Option<&Conv>, weight: Option<&Shape>) -> Option<Vec<u64>> {
    if let Some(conv) = conv {
        return Some(conv.kernel_shape.clone());
    }
    let given = node.attrs.ints("kernel_shape").ok().flatten();
    let given = given.filter(|it| !it.is_empty());
    let given = given.and_then(|it| it.iter().map(|it| u64::try_from(*it).ok()).collect());
    given.or_else(|| weight?.0.get(2..)?.iter().map(Dim::known).collect())
}

/// The group, where it is at least 1; of an `open` node only the one it has.
fn group(node: &Node, open: bool) -> Option<u64> {
    let group = node.attrs.int("group").ok()?;
    let group = group.or((!open).then_some(1))?;
    u64::try_from(group).ok().filter(|it| *it > 0)
}
