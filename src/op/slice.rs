//! `Slice`: a part of a tensor along some axes.

use super::arith;
use super::call::{Answer, Call, axis_at, dim_of, elements_of};
use super::order::steps;
use super::{Element, ShapeError, Value};
use crate::tensor::{Dim, Expr, Shape};

/// What is taken along one axis: a start, an end and a step, each known or not.
struct Cut {
    axis: usize,
    start: Element,
    end: Element,
    step: i64,
}

/// The rule of `Slice` in every operator set: attributes before 10, inputs since.
pub(super) fn slice(call: &Call<'_>) -> Answer {
    let value = call.need(0, "data")?;
    let input = call.shape(0, "data")?;
    let cuts = cuts(call, input.rank())?;
    let mut shape = input.clone();
    for cut in &cuts {
        let size = taken(&input.dim(cut.axis), cut);
        if let Some(slot) = shape.0.get_mut(cut.axis) {
            *slot = size;
        }
    }
    let elements = sliced(value, &shape, &cuts).map(Into::into);
    Ok(vec![Value {
        elements,
        ..Value::tensor(value.data_type, shape)
    }])
}

fn cuts(call: &Call<'_>, rank: usize) -> Result<Vec<Cut>, ShapeError> {
    let known = |values: Vec<i64>| values.into_iter().map(Element::Int).collect::<Vec<_>>();
    let (starts, ends) = match (call.attrs.ints("starts")?, call.attrs.ints("ends")?) {
        (Some(starts), Some(ends)) => (known(starts), known(ends)),
        _ => (
            super::call::dims_from(call, 1, "starts")?,
            super::call::dims_from(call, 2, "ends")?,
        ),
    };
    if starts.len() != ends.len() {
        return Err(ShapeError::Length {
            name: "ends",
            expected: starts.len(),
            found: ends.len(),
        });
    }
    let count = i64::try_from(starts.len()).unwrap_or(i64::MAX);
    let axes = call
        .ints_from("axes", 3)?
        .unwrap_or_else(|| (0..count).collect());
    let steps = call
        .ints(4, "steps")?
        .unwrap_or_else(|| vec![1; starts.len()]);
    for (name, list) in [("axes", &axes), ("steps", &steps)] {
        super::conv::exactly(name, starts.len(), list.len())?;
    }
    let mut cuts = Vec::with_capacity(starts.len());
    for (((start, end), axis), step) in starts.into_iter().zip(ends).zip(axes).zip(steps) {
        if step == 0 {
            return Err(ShapeError::NotPositive {
                name: "steps",
                found: 0,
            });
        }
        cuts.push(Cut {
            axis: axis_at(axis, rank)?,
            start,
            end,
            step,
        });
    }
    Ok(cuts)
}

/// How many elements a cut takes of an axis.
fn taken(size: &Dim, cut: &Cut) -> Dim {
    match (size, &cut.start, &cut.end) {
        (Dim::Known(size), Element::Int(start), Element::Int(end)) => {
            Dim::Known(range(*size, *start, *end, cut.step).1)
        }
        // The whole axis, forwards or backwards, whatever its size.
        (open, Element::Int(0), Element::Int(end))
            if cut.step == 1 && *end >= i64::from(i32::MAX) =>
        {
            open.clone()
        }
        (open, Element::Int(-1), Element::Int(end))
            if cut.step == -1 && *end <= -i64::from(i32::MAX) =>
        {
            open.clone()
        }
        _ => open_cut(size, cut),
    }
}

/// A cut with formulas in it, clamped to the axis as ONNX clamps; unknown where a place may be counted from
/// either side.
fn open_cut(size: &Dim, cut: &Cut) -> Dim {
    if cut.step != 1 {
        return Dim::Unknown;
    }
    let whole = match size {
        Dim::Known(size) => i64::try_from(*size).ok().map(Expr::number),
        Dim::Symbolic(size) => Some(size.clone()),
        Dim::Unknown => None,
    };
    let place = |at: &Element| {
        let whole = whole.as_ref()?;
        match at {
            Element::Int(at) if *at >= i64::from(i32::MAX) => Some(whole.clone()),
            Element::Int(at) if *at < 0 => whole.add(&Expr::number(*at))?.positive(),
            Element::Int(at) => Expr::number(*at).smaller(whole),
            Element::Size(at) if at.at_least().is_some_and(|it| it >= 0) => at.smaller(whole),
            _ => None,
        }
    };
    let taken = || place(&cut.end)?.sub(&place(&cut.start)?)?.positive();
    taken().map_or(Dim::Unknown, |it| dim_of(&arith::element(it)))
}

/// First place and count of `start..end` by `step` on an axis of `size`, clamped as ONNX clamps.
fn range(size: u64, start: i64, end: i64, step: i64) -> (i128, u64) {
    let size = i128::from(size);
    let (start, end, step) = (i128::from(start), i128::from(end), i128::from(step));
    let from_front = |at: i128| if at < 0 { at + size } else { at };
    let (start, end) = if step > 0 {
        (
            from_front(start).clamp(0, size),
            from_front(end).clamp(0, size),
        )
    } else {
        (
            from_front(start).clamp(-1, size - 1),
            from_front(end).clamp(-1, size - 1),
        )
    };
    let span = if step > 0 { end - start } else { start - end };
    let count = (span + step.abs() - 1) / step.abs();
    (start, u64::try_from(count.max(0)).unwrap_or(0))
}

fn sliced(value: &Value, shape: &Shape, cuts: &[Cut]) -> Option<Vec<Element>> {
    let (sizes, elements) = elements_of(value)?;
    let by = steps(&sizes);
    let count = usize::try_from(shape.numel()?).ok()?;
    if count > elements.len() {
        return None;
    }
    let mut out = Vec::with_capacity(count);
    for at in 0..count {
        let mut rest = i128::try_from(at).ok()?;
        let mut place = 0i128;
        for axis in (0..sizes.len()).rev() {
            let size = i128::from(shape.dim(axis).known()?);
            let along = rest % size;
            rest /= size;
            let along = match cuts.iter().find(|it| it.axis == axis) {
                Some(cut) => {
                    let whole = crate::units::wide(*sizes.get(axis)?);
                    let (first, _) = range(whole, cut.start.int()?, cut.end.int()?, cut.step);
                    first + along * i128::from(cut.step)
                }
                None => along,
            };
            place += along * i128::try_from(*by.get(axis)?).ok()?;
        }
        out.push(elements.get(usize::try_from(place).ok()?)?.clone());
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_agree_with_numpy() {
        // numpy: len(range(10)[start:end:step]) and its first element.
        let cases = [
            (10, 0, i64::MAX, 1, 0, 10),
            (10, -3, i64::MAX, 1, 7, 3),
            (10, 2, -1, 3, 2, 3),
            (10, -1, i64::MIN, -1, 9, 10),
            (10, 20, 0, -4, 9, 3),
            (10, 5, 3, 1, 5, 0),
            (0, 0, 5, 1, 0, 0),
        ];
        for (size, start, end, step, first, count) in cases {
            assert_eq!(
                range(size, start, end, step),
                (first, count),
                "[{start}:{end}:{step}] of {size}"
            );
        }
    }
}
