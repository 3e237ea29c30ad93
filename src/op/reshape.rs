//! Operators that give a tensor other axes.

use super::arith;
use super::call::{
    Answer, Call, Operator, axes_at, axis_at, dim_of, dims_from, operators, unknown,
};
use super::{Element, ShapeError, Value};
use crate::tensor::{DataType, Dim, Expr, Shape};

/// Shape rules of this family.
pub(super) const OPERATORS: &[Operator] = operators![
    ONNX { "Reshape" } => reshape,
    ONNX { "Flatten" } => flatten,
    ONNX { "Squeeze" } => squeeze,
    ONNX { "Unsqueeze" } => unsqueeze,
    ONNX { "Shape" } => shape,
    ONNX { "Size" } => size,
];

fn reshape(call: &Call<'_>) -> Answer {
    let input = call.need(0, "data")?;
    let target = match call.attrs.ints("shape")? {
        Some(sizes) => sizes.into_iter().map(Element::Int).collect(),
        None => dims_from(call, 1, "shape")?,
    };
    let allow_zero = call.attrs.int_or("allowzero", 0)? == 1;
    let (mut dims, inferred) = reshaped(input, &target, allow_zero)?;
    if let Some(at) = inferred {
        let rest = remaining(input.shape.as_ref(), &dims, at, &target);
        if let Some(slot) = dims.get_mut(at) {
            *slot = rest?;
        }
    }
    let shape = Shape(dims);
    counts_agree(input, &shape)?;
    // A single open size is what the others leave.
    let shape = settled(input, shape);
    let elements = input
        .elements
        .clone()
        .filter(|it| shape.numel() == u128::try_from(it.len()).ok());
    Ok(vec![Value {
        elements,
        ..Value::tensor(input.data_type, shape)
    }])
}

/// The target's sizes, and the place of its -1.
fn reshaped(
    input: &Value,
    target: &[Element],
    allow_zero: bool,
) -> Result<(Vec<Dim>, Option<usize>), ShapeError> {
    let mut dims = Vec::with_capacity(target.len());
    let mut inferred = None;
    for (at, size) in target.iter().enumerate() {
        dims.push(match size {
            Element::Int(0) if !allow_zero => {
                input.shape.as_ref().map_or(Dim::Unknown, |it| it.dim(at))
            }
            Element::Int(-1) if inferred.is_none() => {
                inferred = Some(at);
                Dim::Unknown
            }
            Element::Int(size) => {
                Dim::Known(u64::try_from(*size).map_err(|_| ShapeError::NotPositive {
                    name: "shape",
                    found: *size,
                })?)
            }
            other => dim_of(other),
        });
    }
    Ok((dims, inferred))
}

/// The size at `skip`: the input's elements by those of the other sizes.
fn remaining(
    input: Option<&Shape>,
    dims: &[Dim],
    skip: usize,
    target: &[Element],
) -> Result<Dim, ShapeError> {
    let Some(input) = input else {
        return Ok(Dim::Unknown);
    };
    // Sizes that stand on both sides (a copied 0) cancel out, even open ones.
    let mut from: Vec<Dim> = input.0.clone();
    let mut by: Vec<Dim> = Vec::new();
    for (at, dim) in dims.iter().enumerate().filter(|(at, _)| *at != skip) {
        let copied = target.get(at) == Some(&Element::Int(0));
        if copied && let Some(slot) = from.get_mut(at) {
            *slot = Dim::Known(1);
        } else {
            by.push(dim.clone());
        }
    }
    quotient(&from, &by)
}

/// ∏ from / ∏ by.
fn quotient(from: &[Dim], by: &[Dim]) -> Result<Dim, ShapeError> {
    let (Some(from), Some(by)) = (product(from), product(by)) else {
        return Ok(Dim::Unknown);
    };
    match (from.as_number(), by.as_number()) {
        (_, Some(0)) => Ok(Dim::Unknown),
        (Some(from), Some(by)) if from % by != 0 => Err(ShapeError::Disagree {
            what: "elements and the sizes to divide them by",
            left: from.to_string(),
            right: by.to_string(),
        }),
        // Sizes that do not divide are none that the model can have, so rounding changes nothing.
        (_, by_number) => Ok(from
            .div_exact(&by)
            .or_else(|| from.floor_div(by_number?))
            .map_or(Dim::Unknown, |it| dim_of(&arith::element(it)))),
    }
}

/// The product of sizes as a formula; `None` where one is unknown or it passes 64 bits.
pub(super) fn product(dims: &[Dim]) -> Option<Expr> {
    dims.iter().try_fold(Expr::number(1), |all, dim| match dim {
        Dim::Known(size) => all.mul(&Expr::number(i64::try_from(*size).ok()?)),
        Dim::Symbolic(expr) => all.mul(expr),
        Dim::Unknown => None,
    })
}

fn counts_agree(input: &Value, shape: &Shape) -> Result<(), ShapeError> {
    let before = input.shape.as_ref().and_then(Shape::numel);
    match (before, shape.numel()) {
        (Some(before), Some(after)) if before != after => Err(ShapeError::Disagree {
            what: "elements before and after",
            left: before.to_string(),
            right: after.to_string(),
        }),
        _ => Ok(()),
    }
}

/// `shape` with its only unknown size worked out from the input's elements.
fn settled(input: &Value, mut shape: Shape) -> Shape {
    let open: Vec<usize> = shape
        .0
        .iter()
        .enumerate()
        .filter(|(_, dim)| **dim == Dim::Unknown)
        .map(|(at, _)| at)
        .collect();
    if let ([at], Some(before)) = (open.as_slice(), &input.shape) {
        let others: Vec<Dim> = shape
            .0
            .iter()
            .enumerate()
            .filter(|(it, _)| it != at)
            .map(|(_, dim)| dim.clone())
            .collect();
        if let (Ok(size), Some(slot)) = (quotient(&before.0, &others), shape.0.get_mut(*at)) {
            *slot = size;
        }
    }
    shape
}

fn flatten(call: &Call<'_>) -> Answer {
    let input = call.shape(0, "input")?;
    let axis = call.attrs.int_or("axis", 1)?;
    // One more place than there are axes: everything may go to the front.
    let at = if axis == i64::try_from(input.rank()).unwrap_or(-1) {
        input.rank()
    } else {
        axis_at(axis, input.rank())?
    };
    let (outer, inner) = input.0.split_at(at.min(input.rank()));
    let joined =
        |dims: &[Dim]| product(dims).map_or(Dim::Unknown, |it| dim_of(&arith::element(it)));
    call.one(Shape(vec![joined(outer), joined(inner)]))
}

fn squeeze(call: &Call<'_>) -> Answer {
    let value = call.need(0, "data")?;
    let input = call.shape(0, "data")?;
    let gone = match call.ints_from("axes", 1)? {
        Some(axes) => axes_at(&axes, input.rank())?,
        None if input.0.iter().any(|it| it.known().is_none()) => {
            return Err(unknown(value, "which axes have size 1"));
        }
        None => (0..input.rank())
            .filter(|at| input.dim(*at) == Dim::Known(1))
            .collect(),
    };
    for at in &gone {
        if let Dim::Known(size) = input.dim(*at)
            && size != 1
        {
            let (left, right) = (size.to_string(), "1".to_owned());
            return Err(ShapeError::Disagree {
                what: "the size of an axis to squeeze",
                left,
                right,
            });
        }
    }
    let kept = input
        .0
        .iter()
        .enumerate()
        .filter(|(at, _)| !gone.contains(at));
    let shape = kept.map(|(_, dim)| dim.clone()).collect();
    Ok(vec![Value {
        elements: value.elements.clone(),
        ..Value::tensor(value.data_type, shape)
    }])
}

fn unsqueeze(call: &Call<'_>) -> Answer {
    let value = call.need(0, "data")?;
    let input = call.shape(0, "data")?;
    let axes = call
        .ints_from("axes", 1)?
        .ok_or(ShapeError::AttributeMissing { name: "axes" })?;
    let rank = input.rank().saturating_add(axes.len());
    let new = axes_at(&axes, rank)?;
    if new.len() != axes.len() {
        return Err(ShapeError::Length {
            name: "axes",
            expected: axes.len(),
            found: new.len(),
        });
    }
    let mut old = input.0.iter();
    let dim = |at| {
        if new.contains(&at) {
            Some(Dim::Known(1))
        } else {
            old.next().cloned()
        }
    };
    let shape = (0..rank).filter_map(dim).collect();
    Ok(vec![Value {
        elements: value.elements.clone(),
        ..Value::tensor(value.data_type, shape)
    }])
}

fn shape(call: &Call<'_>) -> Answer {
    let input = call.shape(0, "data")?;
    let rank = i64::try_from(input.rank()).unwrap_or(i64::MAX);
    // Out of range means all the way, here alone.
    let clamp = |axis: i64| {
        let axis = if axis < 0 {
            axis.saturating_add(rank)
        } else {
            axis
        };
        usize::try_from(axis.clamp(0, rank)).unwrap_or(0)
    };
    let start = clamp(call.attrs.int_or("start", 0)?);
    let end = clamp(call.attrs.int_or("end", rank)?);
    let sizes = input.0.get(start..end.max(start)).unwrap_or_default();
    let elements: Vec<Element> = sizes.iter().map(Element::from).collect();
    let shape = Shape::known(&[crate::units::wide(elements.len())]);
    Ok(vec![Value {
        elements: Some(elements.into()),
        ..Value::tensor(Some(DataType::Int64), shape)
    }])
}

fn size(call: &Call<'_>) -> Answer {
    let input = call.shape(0, "data")?;
    let count = product(&input.0).map_or(Element::Unknown, arith::element);
    let shape = Shape::default();
    Ok(vec![Value {
        elements: Some([count].into()),
        ..Value::tensor(Some(DataType::Int64), shape)
    }])
}
