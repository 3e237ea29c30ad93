//! Which operators count as a convolution.

use crate::op::{MICROSOFT, ONNX};

/// A convolution operator: where its weight and bias come in, and how its tensors lie.
#[derive(Debug, PartialEq, Eq)]
pub struct ConvOperator {
    /// Domain of its operator set.
    pub domain: &'static str,
    /// ONNX's `op_type`.
    pub op_type: &'static str,
    /// Whether every *input* position owns a kernel: PyTorch's `ConvTranspose`.
    pub transposed: bool,
    /// Place of the weight among the inputs.
    pub weight: usize,
    /// Place of the bias among the inputs, where the operator takes one.
    pub bias: Option<usize>,
    /// Whether it always works in N, spatial, C.
    pub nhwc: bool,
}

const fn row(
    domain: &'static str,
    op_type: &'static str,
    weight: usize,
    bias: Option<usize>,
) -> ConvOperator {
    ConvOperator {
        domain,
        op_type,
        transposed: false,
        weight,
        bias,
        nhwc: false,
    }
}

/// Every operator that counts as a convolution.
pub const CONVS: &[ConvOperator] = &[
    row(ONNX, "Conv", 1, Some(2)),
    ConvOperator {
        transposed: true,
        ..row(ONNX, "ConvTranspose", 1, Some(2))
    },
    row(ONNX, "ConvInteger", 1, None),
    row(ONNX, "QLinearConv", 3, Some(8)),
    row(ONNX, "DeformConv", 1, Some(3)),
    row(MICROSOFT, "FusedConv", 1, Some(2)),
    row(MICROSOFT, "QLinearConv", 3, Some(8)),
    ConvOperator {
        nhwc: true,
        ..row(MICROSOFT, "NhwcConv", 1, Some(2))
    },
    ConvOperator {
        nhwc: true,
        ..row(MICROSOFT, "NhwcFusedConv", 1, Some(2))
    },
    ConvOperator {
        transposed: true,
        ..row(MICROSOFT, "QLinearConvTranspose", 3, Some(8))
    },
    ConvOperator {
        transposed: true,
        ..row(MICROSOFT, "ConvTransposeWithDynamicPads", 1, Some(3))
    },
];

/// The convolution operator of this domain and name.
#[must_use]
pub fn find(domain: &str, op_type: &str) -> Option<&'static ConvOperator> {
    CONVS
        .iter()
        .find(|it| it.domain == domain && it.op_type == op_type)
}
