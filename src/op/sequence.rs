//! Sequences of tensors and optional values.

use std::sync::Arc;

use super::arith;
use super::call::{Answer, Call, Operator, axis_at, dim_of, operators, unknown};
use super::{Element, MOST_ELEMENTS, ShapeError, Value};
use crate::tensor::{DataType, Dim, Shape};

/// Shape rules of this family.
pub(super) const OPERATORS: &[Operator] = operators![
    ONNX { "SequenceConstruct" } => construct,
    ONNX { "SequenceEmpty" } => empty,
    ONNX { "SplitToSequence" } => split,
    ONNX { "SequenceAt" } => at,
    ONNX { "SequenceLength" } => length,
    ONNX { "SequenceInsert" } => insert,
    ONNX { "SequenceErase" } => erase,
    ONNX { "ConcatFromSequence" } => concat,
    ONNX { "Optional", "OptionalGetElement" } => pass,
    ONNX { "OptionalHasElement" } => has_element,
];

fn sequence(items: Vec<Value>) -> Answer {
    let note = Some("it is a sequence, not a tensor".into());
    Ok(vec![Value {
        items: Some(items.into()),
        note,
        ..Value::default()
    }])
}

fn items<'a>(call: &Call<'a>) -> Result<&'a Arc<[Value]>, ShapeError> {
    let value = call.need(0, "input_sequence")?;
    value
        .items
        .as_ref()
        .ok_or_else(|| unknown(value, "the length of the sequence"))
}

/// The number in an optional scalar input.
fn place(call: &Call<'_>, index: usize) -> Result<Option<i64>, ShapeError> {
    Ok(call
        .ints(index, "position")?
        .and_then(|it| it.first().copied()))
}

fn construct(call: &Call<'_>) -> Answer {
    sequence(
        call.inputs
            .iter()
            .flatten()
            .map(|it| (*it).clone())
            .collect(),
    )
}

fn empty(_: &Call<'_>) -> Answer {
    sequence(vec![])
}

fn split(call: &Call<'_>) -> Answer {
    let value = call.need(0, "input")?;
    let input = call.shape(0, "input")?;
    let axis = axis_at(call.attrs.int_or("axis", 0)?, input.rank())?;
    let keep = call.attrs.int_or("keepdims", 1)? != 0;
    let sizes = match call.input(1) {
        None => vec![Dim::Known(1); few(value, &input.dim(axis))?],
        Some(split) => {
            let sizes = split.ints().ok_or_else(|| unknown(split, "split"))?;
            if split.shape.as_ref().is_some_and(|it| it.rank() == 0) {
                chunks(value, &input.dim(axis), sizes.first().copied().unwrap_or(0))?
            } else {
                sizes.iter().map(|it| dim_of(&Element::Int(*it))).collect()
            }
        }
    };
    let drop_axis = !keep && call.input(1).is_none();
    let part = |size: Dim| {
        let mut dims = input.0.clone();
        if drop_axis {
            dims.remove(axis);
        } else if let Some(dim) = dims.get_mut(axis) {
            *dim = size;
        }
        Value::tensor(value.data_type, Shape(dims))
    };
    sequence(sizes.into_iter().map(part).collect())
}

/// Sizes of chunks of one size, the last one smaller.
fn chunks(value: &Value, dim: &Dim, size: i64) -> Result<Vec<Dim>, ShapeError> {
    let size = u64::try_from(size).ok().filter(|it| *it > 0);
    let size = size.ok_or(ShapeError::NotPositive {
        name: "split",
        found: 0,
    })?;
    let total = dim
        .known()
        .ok_or_else(|| unknown(value, "the size to split"))?;
    let count = few(value, &Dim::Known(total.div_ceil(size)))?;
    let start = |at: usize| size.saturating_mul(crate::units::wide(at)).min(total);
    Ok((0..count)
        .map(|at| Dim::Known(start(at + 1) - start(at)))
        .collect())
}

fn few(value: &Value, dim: &Dim) -> Result<usize, ShapeError> {
    let size = dim
        .known()
        .ok_or_else(|| unknown(value, "the size to split"))?;
    usize::try_from(size)
        .ok()
        .filter(|it| *it <= MOST_ELEMENTS)
        .ok_or(ShapeError::Overflow { what: "sequence" })
}

fn at(call: &Call<'_>) -> Answer {
    let items = items(call)?;
    let position = place(call, 1);
    match position {
        Ok(position) => {
            let found = items.get(axis_at(position.unwrap_or(0), items.len())?);
            found
                .map(|it| vec![it.clone()])
                .ok_or(ShapeError::InputMissing {
                    index: 1,
                    what: "position",
                })
        }
        // Whichever it is, they may all have one shape.
        Err(error) => match items.first() {
            Some(first) if items.iter().all(|it| it.shape == first.shape) => Ok(vec![Value {
                elements: None,
                ..first.clone()
            }]),
            _ => Err(error),
        },
    }
}

fn length(call: &Call<'_>) -> Answer {
    let count = call
        .need(0, "input_sequence")?
        .items
        .as_ref()
        .and_then(|it| i64::try_from(it.len()).ok());
    let element = count.map_or(Element::Unknown, Element::Int);
    let tensor = Value::tensor(Some(DataType::Int64), Shape::default());
    Ok(vec![Value {
        elements: Some([element].into()),
        ..tensor
    }])
}

fn insert(call: &Call<'_>) -> Answer {
    let mut items = items(call)?.to_vec();
    let tensor = call.need(1, "tensor")?.clone();
    let at = match place(call, 2)? {
        Some(position) => axis_at(position, items.len() + 1)?,
        None => items.len(),
    };
    if items.len() >= MOST_ELEMENTS {
        return Err(ShapeError::Overflow { what: "sequence" });
    }
    items.insert(at.min(items.len()), tensor);
    sequence(items)
}

fn erase(call: &Call<'_>) -> Answer {
    let mut items = items(call)?.to_vec();
    let at = axis_at(place(call, 1)?.unwrap_or(-1), items.len())?;
    if at < items.len() {
        items.remove(at);
    }
    sequence(items)
}

fn concat(call: &Call<'_>) -> Answer {
    let items = items(call)?;
    let first = items.first().ok_or(ShapeError::InputMissing {
        index: 0,
        what: "input_sequence",
    })?;
    let shape = first
        .shape
        .as_ref()
        .ok_or_else(|| unknown(first, "input_sequence"))?;
    let new = call.attrs.int_or("new_axis", 0)? == 1;
    let axis = call
        .attrs
        .int("axis")?
        .ok_or(ShapeError::AttributeMissing { name: "axis" })?;
    let axis = axis_at(axis, shape.rank() + usize::from(new))?;
    let mut dims = shape.0.clone();
    if new {
        dims.insert(
            axis.min(dims.len()),
            Dim::Known(crate::units::wide(items.len())),
        );
    } else {
        let along = |it: &Value| {
            it.shape
                .as_ref()
                .map_or(Element::Unknown, |it| Element::from(&it.dim(axis)))
        };
        let total = items.iter().fold(Element::Int(0), |all, it| {
            arith::binary("Add", &all, &along(it))
        });
        if let Some(dim) = dims.get_mut(axis) {
            *dim = dim_of(&total);
        }
    }
    Ok(vec![Value::tensor(first.data_type, Shape(dims))])
}

fn pass(call: &Call<'_>) -> Answer {
    Ok(vec![call.need(0, "input")?.clone()])
}

fn has_element(call: &Call<'_>) -> Answer {
    let known = call
        .input(0)
        .map(|it| it.shape.is_some() || it.items.is_some());
    let element = match known {
        Some(true) => Element::Int(1),
        Some(false) => Element::Unknown,
        None => Element::Int(0),
    };
    let tensor = Value::tensor(Some(DataType::Bool), Shape::default());
    Ok(vec![Value {
        elements: Some([element].into()),
        ..tensor
    }])
}
