//! Values that are one thing or another, and slices and stacks of the turns of a loop.

use std::sync::Arc;

use crate::op::call::axis_at;
use crate::op::{Element, ShapeError, Value};
use crate::tensor::{Dim, Shape};

/// A value of the same sizes whose elements change.
pub(super) fn without_elements(value: Value) -> Value {
    Value {
        elements: None,
        ..value
    }
}

/// What holds of a value that is either one or the other.
pub(super) fn merged(left: &Value, right: &Value, what: &str) -> Value {
    if left == right {
        return left.clone();
    }
    let unknown = || Value {
        data_type: left.data_type.filter(|it| right.data_type == Some(*it)),
        note: left
            .note
            .clone()
            .or_else(|| right.note.clone())
            .or_else(|| Some(what.into())),
        ..Value::default()
    };
    if let (Some(one), Some(other)) = (&left.items, &right.items)
        && one.len() == other.len()
    {
        let items = one
            .iter()
            .zip(other.iter())
            .map(|it| merged(it.0, it.1, what))
            .collect();
        return Value {
            items: Some(items),
            ..unknown()
        };
    }
    let (Some(one), Some(other)) = (&left.shape, &right.shape) else {
        return unknown();
    };
    if one.rank() != other.rank() {
        return unknown();
    }
    let dims = one.0.iter().zip(&other.0);
    let shape: Shape = dims
        .map(|(one, other)| {
            if one == other {
                one.clone()
            } else {
                Dim::Unknown
            }
        })
        .collect();
    let elements = match (&left.elements, &right.elements) {
        (Some(one), Some(other)) if one.len() == other.len() => Some(both(one, other)),
        _ => None,
    };
    let note = if shape.sizes().is_some() {
        None
    } else {
        unknown().note
    };
    Value {
        shape: Some(shape),
        elements,
        note,
        ..unknown()
    }
}

fn both(one: &[Element], other: &[Element]) -> Arc<[Element]> {
    let pairs = one.iter().zip(other);
    pairs
        .map(|(one, other)| {
            if one == other {
                one.clone()
            } else {
                Element::Unknown
            }
        })
        .collect()
}

/// A value without `axis`, and the size that it had.
pub(super) fn sliced(value: &Value, axis: i64) -> Result<(Value, Dim), ShapeError> {
    let Some(shape) = &value.shape else {
        return Ok((value.clone(), Dim::Unknown));
    };
    let axis = axis_at(axis, shape.rank())?;
    let mut dims = shape.0.clone();
    let size = if axis < dims.len() {
        dims.remove(axis)
    } else {
        Dim::Unknown
    };
    Ok((
        Value {
            shape: Some(Shape(dims)),
            elements: None,
            ..value.clone()
        },
        size,
    ))
}

/// A value of every turn, stacked along a new `axis`.
pub(super) fn stacked(value: &Value, axis: i64, size: &Dim) -> Value {
    let Some(shape) = &value.shape else {
        return value.clone();
    };
    let Ok(axis) = axis_at(axis, shape.rank() + 1) else {
        return Value::unknown("scan_output_axes");
    };
    let mut dims = shape.0.clone();
    dims.insert(axis.min(dims.len()), size.clone());
    Value {
        shape: Some(Shape(dims)),
        elements: None,
        ..value.clone()
    }
}
