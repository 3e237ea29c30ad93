//! What each operator's inputs are for: weights, scales, shapes, or data that flows on.

use super::flow;
use super::roles::Role;
use super::scene::is;
use crate::network::Node;
use crate::op::{MICROSOFT, conv, linear};

/// What a node does with one of its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// A parameter of this role.
    Role(Role),
    /// One operand of a matrix product.
    Operand,
    /// Its elements pass to the outputs, moved or converted.
    Moved,
    /// It steers the node: a shape, axes, indices, bounds, a condition. Its values go no further.
    Control,
    /// Its values flow into the result.
    Data,
}

use Role::{Bias, NormAffine, NormStatistics, Quantization, Weight};

/// Operators, and the roles of their inputs by place.
type Parameters = (&'static [&'static str], &'static [(usize, Role)]);

/// Operators with parameters at fixed places, beside convolutions, matrix products and recurrent ones.
const PARAMETERS: &[Parameters] = &[
    (
        &["BatchNormalization"],
        &[
            (1, NormAffine),
            (2, NormAffine),
            (3, NormStatistics),
            (4, NormStatistics),
        ],
    ),
    (
        &[
            "InstanceNormalization",
            "LayerNormalization",
            "GroupNormalization",
            "GroupNorm",
        ],
        &[(1, NormAffine), (2, NormAffine)],
    ),
    (
        &["RMSNormalization", "SimplifiedLayerNormalization"],
        &[(1, NormAffine)],
    ),
    (
        &["SkipLayerNormalization"],
        &[(2, NormAffine), (3, NormAffine), (4, Bias)],
    ),
    (
        &["SkipSimplifiedLayerNormalization"],
        &[(2, NormAffine), (3, Bias)],
    ),
    (
        &["SkipGroupNorm"],
        &[(1, NormAffine), (2, NormAffine), (4, Bias)],
    ),
    (
        &["EmbedLayerNormalization"],
        &[
            (2, Weight),
            (3, Weight),
            (4, Weight),
            (5, NormAffine),
            (6, NormAffine),
        ],
    ),
    (&["PRelu"], &[(1, Weight)]),
    (
        &["QuantizeLinear", "DequantizeLinear"],
        &[(1, Quantization), (2, Quantization)],
    ),
    (&["ConvInteger"], &[(2, Quantization), (3, Quantization)]),
];

/// Inputs that steer an operator.
const CONTROLS: &[(&[&str], &[usize])] = &[
    (
        &["Shape", "Size", "ConstantOfShape", "EyeLike", "If", "Where"],
        &[0],
    ),
    (&["RandomNormalLike", "RandomUniformLike"], &[0]),
    (&["Range"], &[0, 1, 2]),
    (&["Loop"], &[0, 1]),
    (
        &[
            "Reshape",
            "Expand",
            "Tile",
            "Gather",
            "GatherElements",
            "GatherND",
            "Scatter",
            "ScatterElements",
            "ScatterND",
            "Squeeze",
            "Unsqueeze",
            "Split",
            "SplitToSequence",
            "SequenceAt",
            "Upsample",
            "TopK",
            "CumSum",
            "Trilu",
            "CastLike",
            "Compress",
            "ReverseSequence",
            "AffineGrid",
            "CenterCropPad",
        ],
        &[1],
    ),
    (&["Slice"], &[1, 2, 3, 4]),
    (&["Pad", "Resize"], &[1, 2, 3]),
    (
        &["Clip", "Dropout", "OneHot", "DFT", "Col2Im", "MaxUnpool"],
        &[1, 2],
    ),
    (&["STFT"], &[1, 3]),
    (&["NonMaxSuppression"], &[2, 3, 4]),
    (
        &["LSTM", "GRU", "RNN", "DynamicQuantizeLSTM", "MatMulNBits"],
        &[4],
    ),
    (&["SequenceInsert", "ConvTransposeWithDynamicPads"], &[2]),
];

/// What `node` does with its input `place`.
pub(super) fn slot(node: &Node, place: usize) -> Slot {
    if let Some(role) = parameter(node, place) {
        return Slot::Role(role);
    }
    if controls(node, place) {
        return Slot::Control;
    }
    let linear = linear::find(&node.domain, &node.op_type);
    if linear.is_some_and(|it| it.operands.contains(&place)) {
        return Slot::Operand;
    }
    if flow::moves(node, place) {
        return Slot::Moved;
    }
    Slot::Data
}

fn controls(node: &Node, place: usize) -> bool {
    let reduces = node.op_type.starts_with("Reduce") && place == 1;
    let mut rows = CONTROLS.iter();
    reduces || rows.any(|(op_types, places)| places.contains(&place) && is(node, op_types))
}

/// The role of the parameter that an operator takes at this place.
fn parameter(node: &Node, place: usize) -> Option<Role> {
    let (domain, op_type) = (&*node.domain, &*node.op_type);
    let weighed = |weights: &[usize], bias: Option<usize>, quantization: &[usize]| {
        let rows = [
            (weights, Weight),
            (bias.as_slice(), Bias),
            (quantization, Quantization),
        ];
        let row = rows.into_iter().find(|(places, _)| places.contains(&place));
        row.map(|(_, role)| role)
    };
    let conv = conv::find(domain, op_type).and_then(|it| {
        let scales: &[usize] = if it.weight == 3 {
            &[1, 2, 4, 5, 6, 7]
        } else {
            &[]
        };
        weighed(&[it.weight], it.bias, scales)
    });
    let linear = || {
        let it = linear::find(domain, op_type)?;
        // Which operand is the weight is told by the graph, unless there is only one place for it.
        let fixed = if it.operands.len() == 1 {
            it.operands
        } else {
            &[]
        };
        weighed(fixed, it.bias, it.quantization)
    };
    let recurrent = || {
        let it = linear::find_recurrent(domain, op_type)?;
        weighed(it.weights, Some(it.bias), it.quantization)
    };
    let other = || {
        let row = PARAMETERS.iter().filter(|(op_types, _)| is(node, op_types));
        let mut places = row.flat_map(|(_, places)| places.iter());
        places.find(|it| it.0 == place).map(|it| it.1)
    };
    conv.or_else(linear)
        .or_else(recurrent)
        .or_else(other)
        .or_else(|| quantized(node, place))
}

/// Scales and zero points of contrib's quantised pointwise operators and pools.
fn quantized(node: &Node, place: usize) -> Option<Role> {
    let op_type = node.op_type.strip_prefix("QLinear")?;
    if conv::find(&node.domain, &node.op_type).is_some()
        || linear::find(&node.domain, &node.op_type).is_some()
    {
        return None;
    }
    let data = match op_type {
        "Add" | "Mul" => place == 0 || place == 3,
        // The output's scale and zero point come first, then each input with its own.
        "Concat" => place >= 2 && place % 3 == 2,
        "Where" => matches!(place, 0 | 1 | 4),
        _ => place == 0,
    };
    let ours = &*node.domain == MICROSOFT || op_type.ends_with("AveragePool");
    (ours && !data).then_some(Quantization)
}
