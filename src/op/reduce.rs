//! Operators that fold axes away.

use super::call::{Answer, Call, Operator, axes_at, axis_at, elements_of, operators};
use super::order::{few, steps};
use super::{Element, ShapeError, Value, arith};
use crate::tensor::{DataType, Dim, Shape};

/// Shape rules of this family.
pub(super) const OPERATORS: &[Operator] = operators![
    ONNX {
        "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2",
        "ReduceLogSum", "ReduceLogSumExp", "ReduceSumSquare",
    } => reduce,
    ONNX { "ArgMax", "ArgMin" } => arg,
];

/// The axes that a reduction folds away; `None` where it leaves its input as it is.
///
/// # Errors
/// [`ShapeError::Unknown`] where the axes are computed at run time.
pub fn reduced_axes(call: &Call<'_>, rank: usize) -> Result<Option<Vec<usize>>, ShapeError> {
    let axes = call.ints_from("axes", 1)?.unwrap_or_default();
    if !axes.is_empty() {
        return axes_at(&axes, rank).map(Some);
    }
    let noop = call.attrs.int_or("noop_with_empty_axes", 0)? == 1;
    Ok(if noop {
        None
    } else {
        Some((0..rank).collect())
    })
}

fn reduce(call: &Call<'_>) -> Answer {
    let value = call.need(0, "data")?;
    let input = call.shape(0, "data")?;
    let keep = call.attrs.int_or("keepdims", 1)? != 0;
    let axes = match reduced_axes(call, input.rank()) {
        Ok(Some(axes)) => axes,
        Ok(None) => return call.one(input.clone()),
        // Which axes is open, but with keepdims at least the rank is not.
        Err(ShapeError::Unknown(_)) if keep => return call.one(Shape::unknown(input.rank())),
        Err(other) => return Err(other),
    };
    let shape = without(input, &axes, keep);
    let elements = folded(call.op_type, value, &axes).map(Into::into);
    Ok(vec![Value {
        elements,
        ..Value::tensor(value.data_type, shape)
    }])
}

/// `input` with `axes` of size 1, or gone.
fn without(input: &Shape, axes: &[usize], keep: bool) -> Shape {
    let dims = input.0.iter().enumerate();
    if keep {
        dims.map(|(at, dim)| {
            if axes.contains(&at) {
                Dim::Known(1)
            } else {
                dim.clone()
            }
        })
        .collect()
    } else {
        dims.filter(|(at, _)| !axes.contains(at))
            .map(|(_, dim)| dim.clone())
            .collect()
    }
}

fn folded(op_type: &str, value: &Value, axes: &[usize]) -> Option<Vec<Element>> {
    let fold = match op_type {
        "ReduceSum" => "Add",
        "ReduceProd" => "Mul",
        "ReduceMax" => "Max",
        "ReduceMin" => "Min",
        _ => return None,
    };
    let (sizes, elements) = elements_of(value)?;
    let by = steps(&sizes);
    let kept: Vec<usize> = sizes
        .iter()
        .enumerate()
        .map(|(at, size)| if axes.contains(&at) { 1 } else { *size })
        .collect();
    let out_by = steps(&kept);
    let mut out: Vec<Option<Element>> = vec![None; few(&kept)?];
    for (at, element) in elements.iter().enumerate() {
        let mut place = 0;
        for (axis, size) in sizes
            .iter()
            .enumerate()
            .filter(|(axis, _)| !axes.contains(axis))
        {
            place += at / by.get(axis)? % size * out_by.get(axis)?;
        }
        let slot = out.get_mut(place)?;
        *slot = Some(
            slot.as_ref()
                .map_or_else(|| element.clone(), |it| arith::binary(fold, it, element)),
        );
    }
    out.into_iter().collect()
}

fn arg(call: &Call<'_>) -> Answer {
    let input = call.shape(0, "data")?;
    let axis = axis_at(call.attrs.int_or("axis", 0)?, input.rank())?;
    let keep = call.attrs.int_or("keepdims", 1)? != 0;
    Ok(vec![Value::tensor(
        Some(DataType::Int64),
        without(input, &[axis], keep),
    )])
}
