//! Matrix products and recurrent operators: where their weights come in, and what they compute.

use super::{MICROSOFT, ONNX};

/// A matrix product, where one operand may be a stored weight.
#[derive(Debug, PartialEq, Eq)]
pub struct LinearOperator {
    /// Domain of its operator set.
    pub domain: &'static str,
    /// ONNX's `op_type`.
    pub op_type: &'static str,
    /// Places of its operands among the inputs, the usual place of a weight first.
    pub operands: &'static [usize],
    /// Place of the bias, where the operator takes one.
    pub bias: Option<usize>,
    /// Places of scales and zero points.
    pub quantization: &'static [usize],
}

const fn linear(
    domain: &'static str,
    op_type: &'static str,
    operands: &'static [usize],
    bias: Option<usize>,
    quantization: &'static [usize],
) -> LinearOperator {
    LinearOperator {
        domain,
        op_type,
        operands,
        bias,
        quantization,
    }
}

/// Every operator that counts as linear where it has a stored weight.
///
/// Source: <https://onnx.ai/onnx/operators/> and ONNX Runtime's `docs/ContribOperators.md`
pub const LINEARS: &[LinearOperator] = &[
    linear(ONNX, "Gemm", &[1, 0], Some(2), &[]),
    linear(ONNX, "MatMul", &[1, 0], None, &[]),
    linear(ONNX, "MatMulInteger", &[1, 0], None, &[2, 3]),
    linear(ONNX, "QLinearMatMul", &[3, 0], None, &[1, 2, 4, 5, 6, 7]),
    linear(MICROSOFT, "QGemm", &[3, 0], Some(6), &[1, 2, 4, 5, 7, 8]),
    linear(MICROSOFT, "FusedGemm", &[1, 0], Some(2), &[]),
    linear(MICROSOFT, "FusedMatMul", &[1, 0], None, &[]),
    linear(MICROSOFT, "MatMulNBits", &[1], Some(5), &[2, 3]),
    linear(
        MICROSOFT,
        "MatMulIntegerToFloat",
        &[1, 0],
        Some(6),
        &[2, 3, 4, 5],
    ),
    linear(MICROSOFT, "DynamicQuantizeMatMul", &[1], Some(4), &[2, 3]),
];

/// The linear operator of this domain and name.
#[must_use]
pub fn find(domain: &str, op_type: &str) -> Option<&'static LinearOperator> {
    let mut rows = LINEARS.iter();
    rows.find(|it| it.domain == domain && it.op_type == op_type)
}

/// Multiply-accumulates of one sample: every output element is a sum of `inner` products, and the
/// output holds `batch` samples.
///
/// The batch is the first size of the model's first input, not of the activation: an activation that
/// is reshaped to `[batch · positions, features]` still counts all its positions. An activation that
/// does not hold it has 1 sample. `None` past `u128`.
#[must_use]
pub fn macs(output_elements: u128, inner: u128, batch: u128) -> Option<u128> {
    let all = output_elements.checked_mul(inner)?;
    Some(match all.checked_rem(batch) {
        Some(0) => all.checked_div(batch)?,
        _ => all,
    })
}

/// A recurrent operator: weight `W` and recurrence `R` hold every gate's matrix once.
#[derive(Debug, PartialEq, Eq)]
pub struct RecurrentOperator {
    /// Domain of its operator set.
    pub domain: &'static str,
    /// ONNX's `op_type`.
    pub op_type: &'static str,
    /// Places of its weights: `W`, `R` and an LSTM's peepholes.
    pub weights: &'static [usize],
    /// Place of the bias.
    pub bias: usize,
    /// Places of scales and zero points.
    pub quantization: &'static [usize],
}

/// Every recurrent operator.
pub const RECURRENTS: &[RecurrentOperator] = &[
    recurrent(ONNX, "LSTM", &[1, 2, 7], &[]),
    recurrent(ONNX, "GRU", &[1, 2], &[]),
    recurrent(ONNX, "RNN", &[1, 2], &[]),
    recurrent(
        MICROSOFT,
        "DynamicQuantizeLSTM",
        &[1, 2, 7],
        &[8, 9, 10, 11],
    ),
];

const fn recurrent(
    domain: &'static str,
    op_type: &'static str,
    weights: &'static [usize],
    quantization: &'static [usize],
) -> RecurrentOperator {
    RecurrentOperator {
        domain,
        op_type,
        weights,
        bias: 3,
        quantization,
    }
}

/// The recurrent operator of this domain and name.
#[must_use]
pub fn find_recurrent(domain: &str, op_type: &str) -> Option<&'static RecurrentOperator> {
    let mut rows = RECURRENTS.iter();
    rows.find(|it| it.domain == domain && it.op_type == op_type)
}

/// Multiply-accumulates of one sample of a recurrent operator: each step multiplies by every element
/// of `W` and `R` once, in each direction. `None` past `u128`.
#[must_use]
pub fn recurrent_macs(steps: u128, input_weights: u128, recurrence: u128) -> Option<u128> {
    steps.checked_mul(input_weights.checked_add(recurrence)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macs_are_per_sample() {
        // AlexNet's fc6 on 8 images: 8·4096 outputs of 9216 products, 37,748,736 for each image.
        assert_eq!(macs(8 * 4096, 9216, 8), Some(37_748_736));
        // 49 positions of one image as rows of a matrix: all of them count.
        assert_eq!(macs(49 * 10, 20, 1), Some(9_800));
        assert_eq!(macs(7, 3, 2), Some(21));
        assert_eq!(macs(7, 3, 0), Some(21));
        assert_eq!(macs(u128::MAX, 2, 1), None);
    }

    #[test]
    fn an_lstm_multiplies_by_every_weight_at_each_step() {
        // 10 steps, 4 gates, hidden 3, input 5: 10 · (4·3·5 + 4·3·3) = 960.
        assert_eq!(recurrent_macs(10, 60, 36), Some(960));
    }
}
