//! Operators that compute with elements: arithmetic, reductions, normalisation.

use super::super::array::{Array, broadcast};
use super::super::real::{Real, round_to};
use super::{Call, Evaluator};
use crate::op::Attr;
use crate::tensor::DataType;

/// What the operator makes; `None` for one that is not of this family.
pub(super) fn apply<T: Real>(
    evaluator: &mut Evaluator<'_, T>,
    call: &Call<'_>,
) -> Option<Result<Array<T>, String>> {
    let name = &*call.node.op_type;
    if let Some(f) = unary(name) {
        let result = call.tensor(evaluator, 0);
        return Some(result.and_then(|it| {
            let values = it.values.iter().map(|it| rounded(call, f(it.to_f64())));
            call.fit(Array::new(it.sizes.clone(), values.collect()))
        }));
    }
    if let Some(f) = binary(name) {
        return Some(pairs(evaluator, call, f));
    }
    if let Some(f) = reduction(name) {
        return Some(reduce(evaluator, call, f));
    }
    (name == "BatchNormalization").then(|| batch_normalization(evaluator, call))
}

/// A result as the output's type holds it.
fn rounded<T: Real>(call: &Call<'_>, value: f64) -> T {
    let target = call.data_type.unwrap_or(DataType::Double);
    T::from_f64(round_to(target, value))
}

fn unary(name: &str) -> Option<fn(f64) -> f64> {
    Some(match name {
        "Neg" => |it| -it,
        "Abs" => f64::abs,
        "Sqrt" => f64::sqrt,
        "Exp" => f64::exp,
        "Log" => f64::ln,
        "Reciprocal" => f64::recip,
        "Tanh" => f64::tanh,
        "Sigmoid" => |it| 1.0 / (1.0 + (-it).exp()),
        "Relu" => |it| it.max(0.0),
        _ => return None,
    })
}

fn binary(name: &str) -> Option<fn(f64, f64) -> f64> {
    Some(match name {
        "Add" => |left, right| left + right,
        "Sub" => |left, right| left - right,
        "Mul" => |left, right| left * right,
        "Div" => |left, right| left / right,
        "Pow" => f64::powf,
        _ => return None,
    })
}

fn reduction(name: &str) -> Option<fn(&[f64]) -> f64> {
    fn count(values: &[f64]) -> f64 {
        values.iter().map(|_| 1.0).sum()
    }
    Some(match name {
        "ReduceMean" => |it| it.iter().sum::<f64>() / count(it),
        "ReduceSum" => |it| it.iter().sum(),
        "ReduceSumSquare" => |it| it.iter().map(|it| it * it).sum(),
        "ReduceL1" => |it| it.iter().map(|it| it.abs()).sum(),
        "ReduceL2" => |it| it.iter().map(|it| it * it).sum::<f64>().sqrt(),
        "ReduceMax" => |it| it.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        "ReduceMin" => |it| it.iter().copied().fold(f64::INFINITY, f64::min),
        _ => return None,
    })
}

fn pairs<T: Real>(
    evaluator: &mut Evaluator<'_, T>,
    call: &Call<'_>,
    f: fn(f64, f64) -> f64,
) -> Result<Array<T>, String> {
    let (left, right) = (call.tensor(evaluator, 0)?, call.tensor(evaluator, 1)?);
    // Before operator set 7, `axis` said where a smaller right-hand side stands.
    if call.node.attrs.get("axis").is_some() {
        return Err(call.wrong("broadcasting by axis is not worked out here"));
    }
    let sizes = broadcast(&left.sizes, &right.sizes);
    let sizes = sizes.ok_or_else(|| call.wrong("its tensors do not broadcast"))?;
    evaluator.hold(&sizes, 0)?;
    let (left, right) = (
        call.fit(left.expand(&sizes))?,
        call.fit(right.expand(&sizes))?,
    );
    let both = left.values.iter().zip(&right.values);
    let values = both.map(|(left, right)| rounded(call, f(left.to_f64(), right.to_f64())));
    call.fit(Array::new(sizes, values.collect()))
}

fn reduce<T: Real>(
    evaluator: &mut Evaluator<'_, T>,
    call: &Call<'_>,
    f: fn(&[f64]) -> f64,
) -> Result<Array<T>, String> {
    let tensor = call.tensor(evaluator, 0)?;
    let rank = tensor.sizes.len();
    let axes = call.ints(evaluator, "axes", 1)?.unwrap_or_default();
    if axes.is_empty() && call.int("noop_with_empty_axes", 0)? == 1 {
        return Ok(Array::clone(&tensor));
    }
    let axes = axes.iter().map(|it| call.axis(*it, rank));
    let axes = axes.collect::<Result<Vec<_>, _>>()?;
    let goes = |axis: &usize| axes.is_empty() || axes.contains(axis);
    let (gone, kept): (Vec<usize>, Vec<usize>) = (0..rank).partition(goes);
    let keep = call.int("keepdims", 1)? == 1;
    let sizes = (0..rank).filter_map(|axis| match (goes(&axis), keep) {
        (true, true) => Some(1),
        (true, false) => None,
        (false, _) => Some(tensor.size(axis)),
    });
    let sizes: Vec<usize> = sizes.collect();
    let run: usize = gone.iter().map(|it| tensor.size(*it)).product();
    let order: Vec<usize> = kept.into_iter().chain(gone).collect();
    let rows = call.fit(tensor.transpose(&order))?;
    let row = |row: &[T]| {
        let row: Vec<f64> = row.iter().map(|it| it.to_f64()).collect();
        rounded(call, f(&row))
    };
    let values = rows.values.chunks(run.max(1)).map(row).collect();
    call.fit(Array::new(sizes, values))
}

/// (x − mean) / √(var + ε) · scale + shift along axis 1; in training mode with the mean and the
/// variance of x itself, as a standardised weight is exported.
///
/// Source: <https://onnx.ai/onnx/operators/onnx__BatchNormalization.html>
fn batch_normalization<T: Real>(
    evaluator: &mut Evaluator<'_, T>,
    call: &Call<'_>,
) -> Result<Array<T>, String> {
    let tensor = call.tensor(evaluator, 0)?;
    let channels = tensor.size(1);
    let mut list = |at| -> Result<Vec<f64>, String> {
        let values = call.tensor(evaluator, at)?;
        let values: Vec<f64> = values.values.iter().map(|it| it.to_f64()).collect();
        if values.len() == channels {
            Ok(values)
        } else {
            Err(call.wrong(&format!(
                "input {at} has {}, needs {channels}",
                values.len()
            )))
        }
    };
    let (scale, shift) = (list(1)?, list(2)?);
    let (mean, var) = if call.int("training_mode", 0)? == 1 && call.node.opset >= 14 {
        statistics(&tensor, channels)
    } else {
        (list(3)?, list(4)?)
    };
    let epsilon = match call.node.attrs.get("epsilon") {
        Some(Attr::Float(epsilon)) => f64::from(*epsilon),
        _ => 1e-5,
    };
    let inner: usize = tensor.sizes.iter().skip(2).product();
    let each = |(at, x): (usize, &T)| {
        let channel = (at / inner.max(1)) % channels.max(1);
        let of = |list: &[f64]| list.get(channel).copied().unwrap_or(f64::NAN);
        let normal = (x.to_f64() - of(&mean)) / (of(&var) + epsilon).sqrt();
        rounded(call, normal * of(&scale) + of(&shift))
    };
    let values = tensor.values.iter().enumerate().map(each).collect();
    call.fit(Array::new(tensor.sizes.clone(), values))
}

/// Mean and population variance of each channel.
fn statistics<T: Real>(tensor: &Array<T>, channels: usize) -> (Vec<f64>, Vec<f64>) {
    let inner: usize = tensor.sizes.iter().skip(2).product();
    let mut sums = vec![(0.0, 0.0, 0.0); channels];
    for (at, run) in tensor.values.chunks(inner.max(1)).enumerate() {
        if let Some((count, sum, squares)) = sums.get_mut(at % channels.max(1)) {
            for x in run.iter().map(|it| it.to_f64()) {
                *count += 1.0;
                *sum += x;
                *squares += x * x;
            }
        }
    }
    let moments = sums.iter().map(|(count, sum, squares)| {
        let mean: f64 = sum / count;
        (mean, (squares / count - mean * mean).max(0.0))
    });
    moments.unzip()
}
