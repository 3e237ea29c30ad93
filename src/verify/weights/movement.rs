//! Operators that move, repeat or convert elements.

use super::super::array::Array;
use super::super::real::{Real, round_to};
use super::{Call, Evaluator, elements};
use crate::op::Attr;

/// What the operator makes; `None` for one that is not of this family.
pub(super) fn apply<T: Real>(
    evaluator: &mut Evaluator<'_, T>,
    call: &Call<'_>,
) -> Option<Result<Array<T>, String>> {
    let rule = match &*call.node.op_type {
        "Identity" => identity,
        "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" => reshape,
        "Transpose" => transpose,
        "Cast" | "CastLike" => cast,
        "ConstantOfShape" => constant_of_shape,
        "Expand" => expand,
        "Concat" => concat,
        "Slice" => slice,
        "Split" => split,
        "Gather" => gather,
        "Pad" => pad,
        _ => return None,
    };
    Some(rule(evaluator, call))
}

fn identity<T: Real>(
    evaluator: &mut Evaluator<'_, T>,
    call: &Call<'_>,
) -> Result<Array<T>, String> {
    Ok(Array::clone(&*call.tensor(evaluator, 0)?))
}

fn reshape<T: Real>(evaluator: &mut Evaluator<'_, T>, call: &Call<'_>) -> Result<Array<T>, String> {
    let tensor = call.tensor(evaluator, 0)?;
    call.fit(tensor.reshape(call.output()?))
}

fn transpose<T: Real>(
    evaluator: &mut Evaluator<'_, T>,
    call: &Call<'_>,
) -> Result<Array<T>, String> {
    let tensor = call.tensor(evaluator, 0)?;
    let rank = tensor.sizes.len();
    let perm = match call.ints(evaluator, "perm", usize::MAX)? {
        Some(perm) => perm
            .iter()
            .map(|it| call.axis(*it, rank))
            .collect::<Result<_, _>>()?,
        None => (0..rank).rev().collect::<Vec<_>>(),
    };
    call.fit(tensor.transpose(&perm))
}

/// Converts to the output's type; the type stays the evaluator's, the values those of the target.
fn cast<T: Real>(evaluator: &mut Evaluator<'_, T>, call: &Call<'_>) -> Result<Array<T>, String> {
    let target = call.data_type;
    let target = target.ok_or_else(|| call.wrong("its output type is not known"))?;
    let tensor = call.tensor(evaluator, 0)?;
    let round = |it: &T| T::from_f64(round_to(target, it.to_f64()));
    let values = tensor.values.iter().map(round).collect();
    call.fit(Array::new(tensor.sizes.clone(), values))
}

fn constant_of_shape<T: Real>(
    evaluator: &mut Evaluator<'_, T>,
    call: &Call<'_>,
) -> Result<Array<T>, String> {
    let fill = match call.node.attrs.get("value") {
        Some(Attr::Tensor(tensor)) => {
            let bytes = (evaluator.model.load)(tensor)?;
            let value = tensor.data_type.and_then(|it| elements::<T>(it, &bytes, 1));
            let value = value.and_then(|it| it.first().copied());
            value.ok_or_else(|| call.wrong("its value cannot be read"))?
        }
        _ => T::from_f64(0.0),
    };
    call.fit(Array::filled(call.output()?.to_vec(), fill))
}

fn expand<T: Real>(evaluator: &mut Evaluator<'_, T>, call: &Call<'_>) -> Result<Array<T>, String> {
    let tensor = call.tensor(evaluator, 0)?;
    call.fit(tensor.expand(call.output()?))
}

fn concat<T: Real>(evaluator: &mut Evaluator<'_, T>, call: &Call<'_>) -> Result<Array<T>, String> {
    let parts: Result<Vec<_>, String> = (0..call.node.inputs.len())
        .map(|at| call.tensor(evaluator, at))
        .collect();
    let parts = parts?;
    let rank = parts.first().map_or(0, |it| it.sizes.len());
    // Operator set 1 had a default of 1.
    let axis = call.axis(call.int("axis", 1)?, rank)?;
    let agree = |part: &Array<T>| {
        let mut sizes = part.sizes.clone();
        if let Some(it) = sizes.get_mut(axis) {
            *it = 0;
        }
        sizes
    };
    let first = parts.first().map(|it| agree(it));
    if parts.iter().any(|it| Some(agree(it)) != first) {
        return call.fit(None);
    }
    let parts: Vec<&Array<T>> = parts.iter().map(|it| &**it).collect();
    call.fit(Array::concat(&parts, axis))
}

fn slice<T: Real>(evaluator: &mut Evaluator<'_, T>, call: &Call<'_>) -> Result<Array<T>, String> {
    let mut tensor = Array::clone(&*call.tensor(evaluator, 0)?);
    let missing = || call.wrong("starts or ends are missing");
    let starts = call.ints(evaluator, "starts", 1)?.ok_or_else(missing)?;
    let ends = call.ints(evaluator, "ends", 2)?.ok_or_else(missing)?;
    let axes = call.ints(evaluator, "axes", 3)?;
    let steps = call.ints(evaluator, "steps", 4)?;
    for (at, (start, end)) in starts.into_iter().zip(ends).enumerate() {
        let along = match axes.as_ref() {
            Some(axes) => axes.get(at).copied(),
            None => i64::try_from(at).ok(),
        };
        let along = along.ok_or_else(|| call.wrong("an axis is missing"))?;
        let along = call.axis(along, tensor.sizes.len())?;
        let step = steps.as_ref().and_then(|it| it.get(at)).copied();
        let step = step.unwrap_or(1);
        let run = slice_run(tensor.size(along), start, end, step);
        let (start, count) = run.ok_or_else(|| call.wrong("a step is 0"))?;
        tensor = call.fit(tensor.slice(along, start, step, count))?;
    }
    Ok(tensor)
}

/// First element and count of `start:end:step` along an axis of `size`.
///
/// Source: <https://onnx.ai/onnx/operators/onnx__Slice.html>
fn slice_run(size: usize, start: i64, end: i64, step: i64) -> Option<(i64, usize)> {
    let size = i64::try_from(size).ok()?;
    if size == 0 {
        return Some((0, 0));
    }
    let from_end = |at: i64| if at < 0 { at.saturating_add(size) } else { at };
    let (start, end) = (from_end(start), from_end(end));
    let (start, span) = if step > 0 {
        let start = start.clamp(0, size);
        (start, end.clamp(0, size) - start)
    } else {
        let start = start.clamp(0, size - 1);
        (start, start - end.clamp(-1, size - 1))
    };
    let step = i64::try_from(step.unsigned_abs())
        .ok()
        .filter(|it| *it > 0)?;
    let count = span.max(0).div_euclid(step) + i64::from(span.max(0) % step != 0);
    Some((start, usize::try_from(count).ok()?))
}

fn split<T: Real>(evaluator: &mut Evaluator<'_, T>, call: &Call<'_>) -> Result<Array<T>, String> {
    let tensor = call.tensor(evaluator, 0)?;
    let axis = call.axis(call.int("axis", 0)?, tensor.sizes.len())?;
    let mut start = 0usize;
    for (place, output) in call.node.outputs.iter().enumerate() {
        let sizes = output.and_then(|it| evaluator.sizes(it));
        let size = sizes.and_then(|it| it.get(axis).copied());
        let size = size.ok_or_else(|| call.wrong("the sizes of its parts are not known"))?;
        if place == call.place {
            let start = i64::try_from(start).unwrap_or(i64::MAX);
            return call.fit(tensor.slice(axis, start, 1, size));
        }
        start = start.saturating_add(size);
    }
    call.fit(None)
}

fn gather<T: Real>(evaluator: &mut Evaluator<'_, T>, call: &Call<'_>) -> Result<Array<T>, String> {
    let tensor = call.tensor(evaluator, 0)?;
    let axis = call.axis(call.int("axis", 0)?, tensor.sizes.len())?;
    let indices = call.ints(evaluator, "", 1)?.unwrap_or_default();
    let shape = match call.input(1).and_then(|it| evaluator.sizes(it)) {
        Some(shape) => shape,
        None => call.tensor(evaluator, 1)?.sizes.clone(),
    };
    // The output is accounted for where its sizes are known, so they must be.
    call.output()?;
    call.fit(tensor.gather(axis, &shape, &indices))
}

fn pad<T: Real>(evaluator: &mut Evaluator<'_, T>, call: &Call<'_>) -> Result<Array<T>, String> {
    let mode = call
        .node
        .attrs
        .string("mode")
        .map_err(|it| it.to_string())?;
    if let Some(mode) = mode.filter(|it| *it != "constant" && !it.is_empty()) {
        return Err(call.wrong(&format!("mode {mode:?} is not worked out here")));
    }
    let mut tensor = Array::clone(&*call.tensor(evaluator, 0)?);
    let rank = tensor.sizes.len();
    let pads = call.ints(evaluator, "pads", 1)?.unwrap_or_default();
    let fill = match (call.node.attrs.get("value"), call.optional(evaluator, 2)?) {
        (Some(Attr::Float(value)), _) => T::from_f64((*value).into()),
        (_, Some(value)) => value.values.first().copied().unwrap_or_default(),
        _ => T::default(),
    };
    let axes = match call.ints(evaluator, "", 3)? {
        Some(axes) => axes
            .iter()
            .map(|it| call.axis(*it, rank))
            .collect::<Result<Vec<_>, _>>()?,
        None => (0..rank).collect(),
    };
    // Crops first, so that no step is larger than the input or the output, which is accounted for.
    let wanted = call.output()?.to_vec();
    for crop in [true, false] {
        for (at, axis) in axes.iter().enumerate() {
            let pair = pads.get(at).zip(pads.get(at + axes.len()));
            let (begin, end) = pair.ok_or_else(|| call.wrong("pads has too few values"))?;
            let of = |it: &i64| if crop { (*it).min(0) } else { (*it).max(0) };
            let (begin, end) = (of(begin), of(end));
            let size = usize::try_from(begin.saturating_add(end)).unwrap_or(0);
            if !crop && wanted.get(*axis).is_none_or(|it| size > *it) {
                return call.fit(None);
            }
            tensor = call.fit(tensor.pad(*axis, begin, end, fill))?;
        }
    }
    call.fit((tensor.sizes == wanted).then_some(tensor))
}

#[cfg(test)]
mod tests {
    use super::slice_run;

    #[test]
    fn slices_clamp_as_the_operator_says() {
        // Python's range(10)[start:end:step]: first element and length.
        let cases = [
            ((2, 5, 1), (2, 3)),
            ((-3, i64::MAX, 1), (7, 3)),
            ((0, 10, 3), (0, 4)),
            ((-1, i64::MIN, -1), (9, 10)),
            ((20, 30, 1), (10, 0)),
            ((5, 2, -2), (5, 2)),
        ];
        for ((start, end, step), expected) in cases {
            let got = slice_run(10, start, end, step);
            assert_eq!(got, Some(expected), "{start}:{end}:{step}");
        }
        assert_eq!(slice_run(10, 0, 5, 0), None);
    }
}
