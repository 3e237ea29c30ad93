//! The row of a pool, and which reductions are one.

use super::conv::Rows;
use super::count::{Count, Extent, gap, open};
use super::flow;
use super::rows::PoolLayer;
use super::scene::{Scene, input_of, is, output_of};
use crate::network::{Node, NodeId};
use crate::op::conv;
use crate::op::pool::{self, Pool, PoolOperator};
use crate::tensor::{Dim, Shape};

/// Operators beside the pointwise ones through which N, C and the spatial axes stay what they are.
const KEEPS_AXES: &[&str] = &[
    // Pointwise, of one operand.
    "Identity",
    "Cast",
    "CastLike",
    "Relu",
    "LeakyRelu",
    "PRelu",
    "Elu",
    "Selu",
    "Celu",
    "Gelu",
    "FastGelu",
    "QuickGelu",
    "BiasGelu",
    "HardSigmoid",
    "HardSwish",
    "Sigmoid",
    "Softplus",
    "Softsign",
    "Swish",
    "Mish",
    "Tanh",
    "Clip",
    "Erf",
    "Exp",
    "Log",
    "Neg",
    "Abs",
    "Sqrt",
    "Reciprocal",
    "Floor",
    "Ceil",
    "Round",
    "Sign",
    "Sin",
    "Cos",
    "ThresholdedRelu",
    "Dropout",
    "QuantizeLinear",
    "DequantizeLinear",
    "Shrink",
    "Not",
    "IsNaN",
    "Softmax",
    // Of several.
    "Add",
    "Sub",
    "Mul",
    "Div",
    "Pow",
    "Max",
    "Min",
    "Mean",
    "Sum",
    "Where",
    "Mod",
    "And",
    "Or",
    // Norms along the channels or the spatial axes.
    "BatchNormalization",
    "InstanceNormalization",
    "GroupNormalization",
    "GroupNorm",
    "LRN",
    "LpNormalization",
    "MeanVarianceNormalization",
    // These change sizes, not axes.
    "Pad",
    "Resize",
    "Upsample",
    "Concat",
    "Split",
    "Slice",
    "QLinearAdd",
    "QLinearMul",
    "QLinearSigmoid",
    "QLinearLeakyRelu",
    "QLinearConcat",
    "DepthToSpace",
    "SpaceToDepth",
    "GridSample",
];

/// Values laid out N, C, spatial that come from a convolution or pool.
pub(super) fn feature_maps(scene: Scene<'_>, order: &[NodeId]) -> Vec<bool> {
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
    is(node, KEEPS_AXES)
        && super::slots::slot(node, place) != super::slots::Slot::Control
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

impl Rows<'_, '_> {
    /// The row of a pool.
    pub(super) fn pool(&mut self, id: NodeId, kind: &Kind) -> PoolLayer {
        let scene = self.scene;
        let node = scene.network.node(id);
        let (pool, unread) = match kind {
            Kind::Operator(operator) => match Pool::read(operator, &node.attrs) {
                Ok(pool) => (Some(pool), None),
                Err(error) => (None, Some(error.to_string())),
            },
            Kind::Reduction => (None, None),
        };
        let problem = scene
            .shapes
            .problems
            .get(&id)
            .map(ToString::to_string)
            .or(unread);
        let nhwc = pool.as_ref().is_some_and(|it| it.nhwc);
        let first = |it: &Shape| {
            if nhwc {
                conv::channels_first(it)
            } else {
                it.clone()
            }
        };
        let input = input_of(node, 0).and_then(|it| scene.shape(it));
        let resolved = input
            .zip(pool.as_ref())
            .and_then(|(input, pool)| pool.resolve(input).ok());
        let output = output_of(node).and_then(|it| scene.shape(it)).map(first);
        let inferred = resolved
            .as_ref()
            .filter(|_| problem.is_none())
            .map(|it| it.output.clone());
        let global = match kind {
            Kind::Operator(operator) => operator.global,
            Kind::Reduction => true,
        };
        let windowed = pool.filter(|_| !global);
        let input_shape = input.map(first);
        let spatial = input_shape.as_ref().and_then(|it| it.0.get(2..));
        let mut row = PoolLayer {
            node: id,
            name: node.name.clone(),
            op_type: node.op_type.to_string(),
            domain: node.domain.to_string(),
            scope: node.scope.to_string(),
            output: output_of(node)
                .map_or_else(String::new, |it| scene.network.value(it).name.to_string()),
            global,
            kernel_shape: match &windowed {
                Some(pool) => Some(pool.kernel_shape.clone()),
                None if global => spatial.and_then(|it| it.iter().map(Dim::known).collect()),
                None => None,
            },
            strides: windowed.as_ref().map(|it| it.strides.clone()),
            pads: match (&resolved, &windowed) {
                (Some(resolved), _) => resolved.pads.clone(),
                (None, Some(pool)) if pool.auto_pad.name() == "NOTSET" => Some(pool.pads.clone()),
                _ => spatial
                    .filter(|_| global)
                    .map(|it| vec![0; it.len().saturating_mul(2)]),
            },
            dilations: windowed.as_ref().map(|it| it.dilations.clone()),
            ceil_mode: windowed.as_ref().is_some_and(|it| it.ceil_mode),
            layout: nhwc.then_some("NHWC"),
            output_shape: output.or(inferred),
            input_shape,
            activations_in: None,
            activations_out: None,
        };
        self.activations(&mut row, problem.as_deref());
        row
    }

    fn activations(&mut self, row: &mut PoolLayer, problem: Option<&str>) {
        let node = self.scene.network.node(row.node);
        let (input, output) = (input_of(node, 0), output_of(node));
        let shapes = [
            (
                "input_shape",
                "activations_in",
                row.input_shape.clone(),
                input,
                None,
            ),
            (
                "output_shape",
                "activations_out",
                row.output_shape.clone(),
                output,
                problem,
            ),
        ];
        for (shape_name, name, shape, value, problem) in shapes {
            self.unknown_shape(&row.name, shape_name, shape.as_ref(), value, problem);
            let sizes = shape.as_ref().and_then(|it| it.0.get(1..));
            let count = Extent::of(sizes, "").times(1);
            match (&count, problem) {
                (Count::Exact(_), _) => {}
                (_, Some(problem)) => self.gaps.push(gap(&row.name, name, problem)),
                (Count::Unknown(reason), _) => self.gaps.push(gap(&row.name, name, reason.clone())),
                (Count::Form(_), _) => {
                    let reason = open(self.scene.shapes);
                    self.gaps.push(gap(&row.name, name, reason));
                }
            }
            match name {
                "activations_in" => row.activations_in = count.number(),
                _ => row.activations_out = count.number(),
            }
        }
    }
}
