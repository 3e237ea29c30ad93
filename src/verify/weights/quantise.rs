//! `QuantizeLinear` and `DequantizeLinear`: per tensor, per axis, and in blocks.

use std::rc::Rc;

use super::super::array::Array;
use super::super::real::{Real, integer_range, round_to};
use super::{Call, Evaluator};
use crate::tensor::DataType;

/// What the operator makes; `None` for one that is not of this family.
pub(super) fn apply<T: Real>(
    evaluator: &mut Evaluator<'_, T>,
    call: &Call<'_>,
) -> Option<Result<Array<T>, String>> {
    match &*call.node.op_type {
        "DequantizeLinear" => Some(dequantize(evaluator, call)),
        "QuantizeLinear" => Some(quantize(evaluator, call)),
        _ => None,
    }
}

/// (x − zero point) · scale.
fn dequantize<T: Real>(
    evaluator: &mut Evaluator<'_, T>,
    call: &Call<'_>,
) -> Result<Array<T>, String> {
    let target = call.data_type.unwrap_or(DataType::Float);
    each(evaluator, call, |x, scale, zero| {
        round_to(target, (x - zero) * scale)
    })
}

/// round(x / scale) + zero point, half to even, clamped to the type of the zero point.
fn quantize<T: Real>(
    evaluator: &mut Evaluator<'_, T>,
    call: &Call<'_>,
) -> Result<Array<T>, String> {
    let zero = call.input(2).and_then(|it| evaluator.data_type(it));
    let target = zero.or(call.data_type).unwrap_or(DataType::Uint8);
    each(evaluator, call, |x, scale, zero| {
        match integer_range(target) {
            Some((least, most)) => ((x / scale).round_ties_even() + zero).clamp(least, most),
            None => round_to(target, x / scale + zero),
        }
    })
}

fn each<T: Real>(
    evaluator: &mut Evaluator<'_, T>,
    call: &Call<'_>,
    f: impl Fn(f64, f64, f64) -> f64,
) -> Result<Array<T>, String> {
    let tensor = call.tensor(evaluator, 0)?;
    let scale = call.tensor(evaluator, 1)?;
    let scale = spread(call, &scale, &tensor.sizes)?;
    let zero: Option<Rc<Array<T>>> = call.optional(evaluator, 2)?;
    let zero = zero
        .map(|it| spread(call, &it, &tensor.sizes))
        .transpose()?;
    let zero_at = |at: usize| {
        let zero = zero.as_ref().and_then(|it| it.values.get(at));
        zero.map_or(0.0, |it| it.to_f64())
    };
    let pairs = tensor.values.iter().zip(&scale.values).enumerate();
    let values =
        pairs.map(|(at, (x, scale))| T::from_f64(f(x.to_f64(), scale.to_f64(), zero_at(at))));
    call.fit(Array::new(tensor.sizes.clone(), values.collect()))
}

/// A scale or zero point with one value for each element of a tensor of `sizes`.
///
/// Source: <https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html>
fn spread<T: Real>(
    call: &Call<'_>,
    parameter: &Array<T>,
    sizes: &[usize],
) -> Result<Array<T>, String> {
    if parameter.values.len() == 1 {
        return call.fit(Array::filled(
            sizes.to_vec(),
            parameter.values.first().copied().unwrap_or_default(),
        ));
    }
    let axis = call.axis(call.int("axis", 1)?, sizes.len())?;
    let size = sizes.get(axis).copied().unwrap_or(1);
    if parameter.sizes.len() == 1 && sizes.len() != 1 {
        let mut wide = vec![1; sizes.len()];
        if let Some(it) = wide.get_mut(axis) {
            *it = parameter.values.len();
        }
        let column = call.fit(parameter.reshape(&wide))?;
        return call.fit(column.expand(sizes));
    }
    if parameter.sizes == sizes {
        return Ok(parameter.clone());
    }
    let block = usize::try_from(call.int("block_size", 0)?).unwrap_or(0);
    if block == 0 {
        return call.fit(None);
    }
    // Element i of the axis belongs to block i / block_size.
    let blocks = (0..size).map(|it| i64::try_from(it / block).unwrap_or(i64::MAX));
    call.fit(parameter.gather(axis, &[size], &blocks.collect::<Vec<_>>()))
        .and_then(|it| call.fit((it.sizes == sizes).then_some(it)))
}
