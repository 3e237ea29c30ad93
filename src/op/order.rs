//! Operators that reorder and repeat elements.

use super::arith;
use super::broadcast;
use super::call::{Answer, Call, Operator, axis_at, dim_of, dims_from, elements_of, operators};
use super::{Element, MOST_ELEMENTS, ShapeError, Value};
use crate::tensor::{Dim, Shape};

/// Shape rules of this family.
pub(super) const OPERATORS: &[Operator] = operators![
    ONNX { "Transpose" } => transpose,
    ONNX { "Expand" } => expand,
    ONNX { "Tile" } => tile,
    ONNX { "DepthToSpace" } => depth_to_space,
    ONNX { "SpaceToDepth" } => space_to_depth,
    MICROSOFT { "DepthToSpace" } => depth_to_space,
    MICROSOFT { "SpaceToDepth" } => space_to_depth,
];

fn transpose(call: &Call<'_>) -> Answer {
    let value = call.need(0, "data")?;
    let input = call.shape(0, "data")?;
    let rank = input.rank();
    let perm = match call.attrs.ints("perm")? {
        Some(perm) => perm
            .iter()
            .map(|it| axis_at(*it, rank))
            .collect::<Result<Vec<_>, _>>()?,
        None => (0..rank).rev().collect(),
    };
    if perm.len() != rank {
        return Err(ShapeError::Length {
            name: "perm",
            expected: rank,
            found: perm.len(),
        });
    }
    let shape = perm.iter().map(|at| input.dim(*at)).collect();
    let elements = transposed(value, &perm).map(Into::into);
    Ok(vec![Value {
        elements,
        ..Value::tensor(value.data_type, shape)
    }])
}

fn transposed(value: &Value, perm: &[usize]) -> Option<Vec<Element>> {
    let (sizes, elements) = elements_of(value)?;
    let steps = steps(&sizes);
    let mut out = Vec::with_capacity(elements.len());
    for at in 0..elements.len() {
        let mut rest = at;
        let mut place = 0;
        for axis in perm.iter().rev() {
            let size = *sizes.get(*axis)?;
            place += rest % size * steps.get(*axis)?;
            rest /= size;
        }
        out.push(elements.get(place)?.clone());
    }
    Some(out)
}

/// Elements from one index to the next along each axis of a row-major tensor.
pub(super) fn steps(sizes: &[usize]) -> Vec<usize> {
    let mut steps = vec![1; sizes.len()];
    for at in (1..sizes.len()).rev() {
        // Saturating: beside an axis of 0 the others can be of any size.
        let step: usize = steps.get(at).copied().unwrap_or(1);
        let step = step.saturating_mul(sizes.get(at).copied().unwrap_or(1));
        if let Some(slot) = steps.get_mut(at - 1) {
            *slot = step;
        }
    }
    steps
}

/// How many elements sizes make; `None` past what is carried along.
pub(super) fn few(sizes: &[usize]) -> Option<usize> {
    let count = sizes
        .iter()
        .try_fold(1usize, |all, it| all.checked_mul(*it))?;
    (count <= MOST_ELEMENTS).then_some(count)
}

fn expand(call: &Call<'_>) -> Answer {
    let input = call.shape(0, "input")?;
    let target: Shape = dims_from(call, 1, "shape")?.iter().map(dim_of).collect();
    let shape = broadcast::shapes([input, &target])?;
    let value = call.need(0, "input")?;
    let elements = shape
        .sizes()
        .and_then(|sizes| broadcast::elements(value, &sizes))
        .map(Into::into);
    Ok(vec![Value {
        elements,
        ..Value::tensor(value.data_type, shape)
    }])
}

fn tile(call: &Call<'_>) -> Answer {
    let input = call.shape(0, "input")?;
    let repeats = dims_from(call, 1, "repeats")?;
    if repeats.len() != input.rank() {
        return Err(ShapeError::Length {
            name: "repeats",
            expected: input.rank(),
            found: repeats.len(),
        });
    }
    let times = |(dim, repeat): (&Dim, &Element)| {
        dim_of(&arith::binary("Mul", &Element::from(dim), repeat))
    };
    let shape: Shape = input.0.iter().zip(&repeats).map(times).collect();
    let elements = tiled(call.need(0, "input")?, &shape).map(Into::into);
    Ok(vec![Value {
        elements,
        ..Value::tensor(call.data_type(0), shape)
    }])
}

/// Elements repeated: index modulo the input's size along each axis.
fn tiled(value: &Value, shape: &Shape) -> Option<Vec<Element>> {
    let (sizes, elements) = elements_of(value)?;
    let count = usize::try_from(shape.numel()?)
        .ok()
        .filter(|it| *it <= MOST_ELEMENTS)?;
    let steps = steps(&sizes);
    let long: Vec<usize> = shape
        .sizes()?
        .iter()
        .map(|it| usize::try_from(*it).ok())
        .collect::<Option<_>>()?;
    let mut out = Vec::with_capacity(count);
    for at in 0..count {
        let mut rest = at;
        let mut place = 0;
        for (axis, size) in long.iter().enumerate().rev() {
            place += rest % size % sizes.get(axis)? * steps.get(axis)?;
            rest /= size;
        }
        out.push(elements.get(place)?.clone());
    }
    Some(out)
}

/// `[N, C, H, W]` with the area of a block taken by `channels` from C, and its side by `sides` from H and W.
fn in_blocks(call: &Call<'_>, channels: &str, sides: &str) -> Answer {
    let (input, size) = blocks(call)?;
    let area = size
        .checked_mul(size)
        .ok_or(ShapeError::Overflow { what: "blocksize" })?;
    call.one(Shape(vec![
        input.dim(0),
        scaled(&input.dim(1), channels, area),
        scaled(&input.dim(2), sides, size),
        scaled(&input.dim(3), sides, size),
    ]))
}

/// `[N, C, H, W]` and the block size.
fn blocks<'a>(call: &Call<'a>) -> Result<(&'a Shape, i64), ShapeError> {
    let input = call.shape(0, "input")?;
    if input.rank() != 4 {
        return Err(ShapeError::Rank {
            what: "input",
            expected: "4".to_owned(),
            found: input.rank(),
        });
    }
    let size = call
        .attrs
        .int("blocksize")?
        .ok_or(ShapeError::AttributeMissing { name: "blocksize" })?;
    if size < 1 {
        return Err(ShapeError::NotPositive {
            name: "blocksize",
            found: size,
        });
    }
    Ok((input, size))
}

fn scaled(dim: &Dim, op_type: &str, by: i64) -> Dim {
    dim_of(&arith::binary(
        op_type,
        &Element::from(dim),
        &Element::Int(by),
    ))
}

fn depth_to_space(call: &Call<'_>) -> Answer {
    in_blocks(call, "Div", "Mul")
}

fn space_to_depth(call: &Call<'_>) -> Answer {
    in_blocks(call, "Mul", "Div")
}
