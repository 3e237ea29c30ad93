//! Operators that join and split along an axis.

use super::arith;
use super::call::{Answer, Call, Operator, axis_at, dim_of, operators};
use super::order::few;
use super::{Element, MOST_ELEMENTS, ShapeError, Value};
use crate::tensor::{Dim, Expr, Shape};

/// Shape rules of this family.
pub(super) const OPERATORS: &[Operator] = operators![
    ONNX { "Concat" } => concat,
    ONNX { "Split" } => split,
];

fn concat(call: &Call<'_>) -> Answer {
    let count = call.inputs.len();
    let shapes = (0..count)
        .map(|at| call.shape(at, "input"))
        .collect::<Result<Vec<_>, _>>()?;
    let first = *shapes.first().ok_or(ShapeError::InputMissing {
        index: 0,
        what: "inputs",
    })?;
    let axis = call.attrs.int("axis")?.unwrap_or(1);
    let axis = axis_at(axis, first.rank())?;
    let mut shape = first.clone();
    for other in shapes.iter().skip(1) {
        if other.rank() != first.rank() {
            let expected = first.rank().to_string();
            return Err(ShapeError::Rank {
                what: "an input",
                expected,
                found: other.rank(),
            });
        }
        for (at, mine) in shape.0.iter_mut().enumerate() {
            let other = other.dim(at);
            *mine = if at == axis {
                sum(mine, &other)
            } else {
                one_of(mine, &other)?
            };
        }
    }
    let elements = joined(call, &shape, axis).map(Into::into);
    Ok(vec![Value {
        elements,
        ..Value::tensor(call.data_type(0), shape)
    }])
}

fn sum(left: &Dim, right: &Dim) -> Dim {
    dim_of(&arith::binary(
        "Add",
        &Element::from(left),
        &Element::from(right),
    ))
}

/// Two sizes that must be the same one.
pub(super) fn one_of(left: &Dim, right: &Dim) -> Result<Dim, ShapeError> {
    match (left, right) {
        (Dim::Known(one), Dim::Known(other)) if one != other => Err(ShapeError::Disagree {
            what: "sizes that must be equal",
            left: one.to_string(),
            right: other.to_string(),
        }),
        (Dim::Known(_), _) | (Dim::Symbolic(_), Dim::Unknown | Dim::Symbolic(_)) => {
            Ok(left.clone())
        }
        _ => Ok(right.clone()),
    }
}

/// Elements of the inputs joined along `axis`; those of an input that is not known are unknown.
fn joined(call: &Call<'_>, shape: &Shape, axis: usize) -> Option<Vec<Element>> {
    let count = usize::try_from(shape.numel()?)
        .ok()
        .filter(|it| *it <= MOST_ELEMENTS)?;
    let sizes: Option<Vec<usize>> = shape
        .sizes()?
        .iter()
        .map(|it| usize::try_from(*it).ok())
        .collect();
    let sizes = sizes?;
    let (outer, inner) = (few(sizes.get(..axis)?)?, few(sizes.get(axis + 1..)?)?);
    if call.inputs.iter().flatten().all(|it| it.elements.is_none()) {
        return None;
    }
    let mut out = Vec::with_capacity(count);
    for part in 0..outer {
        for value in call.inputs.iter().flatten() {
            let along = usize::try_from(value.shape.as_ref()?.dim(axis).known()?).ok()?;
            let run = along.checked_mul(inner)?;
            match &value.elements {
                Some(elements) => out.extend(
                    elements
                        .iter()
                        .skip(part.checked_mul(run)?)
                        .take(run)
                        .cloned(),
                ),
                None => out.extend(std::iter::repeat_n(Element::Unknown, run)),
            }
        }
    }
    (out.len() == count).then_some(out)
}

fn split(call: &Call<'_>) -> Answer {
    let value = call.need(0, "input")?;
    let input = call.shape(0, "input")?;
    let axis = axis_at(call.attrs.int_or("axis", 0)?, input.rank())?;
    let sizes = match call.ints_from("split", 1) {
        Ok(Some(sizes)) => sizes.iter().map(|it| dim_of(&Element::Int(*it))).collect(),
        Ok(None) if open_parts(call, &input.dim(axis))? => vec![Dim::Unknown; parts(call)?],
        Ok(None) => even_parts(&input.dim(axis), parts(call)?),
        Err(ShapeError::Unknown(_)) => vec![Dim::Unknown; call.outputs],
        Err(other) => return Err(other),
    };
    let mut start = 0usize;
    let mut answer = Vec::with_capacity(sizes.len());
    for size in sizes {
        let mut shape = input.clone();
        if let Some(slot) = shape.0.get_mut(axis) {
            *slot = size.clone();
        }
        let count = size.known().and_then(|it| usize::try_from(it).ok());
        // Only lists are carried through a split.
        let elements = match (&value.elements, count) {
            (Some(all), Some(count)) if input.rank() == 1 => {
                all.get(start..start.saturating_add(count)).map(Into::into)
            }
            _ => None,
        };
        start = start.saturating_add(count.unwrap_or(0));
        answer.push(Value {
            elements,
            ..Value::tensor(value.data_type, shape)
        });
    }
    Ok(answer)
}

fn parts(call: &Call<'_>) -> Result<usize, ShapeError> {
    let count = call.attrs.int("num_outputs")?;
    Ok(count
        .and_then(|it| usize::try_from(it).ok())
        .unwrap_or(call.outputs)
        .min(MOST_ELEMENTS))
}

/// Whether the last of some parts is smaller than the others for sizes that are not known yet: where their
/// number is an attribute, they need not be equal.
fn open_parts(call: &Call<'_>, size: &Dim) -> Result<bool, ShapeError> {
    let asked = call.attrs.int("num_outputs")?;
    Ok(match (asked, size) {
        (None | Some(1), _) | (_, Dim::Known(_)) => false,
        (Some(asked), Dim::Symbolic(size)) => size.div_exact(&Expr::number(asked)).is_none(),
        (Some(_), Dim::Unknown) => true,
    })
}

/// Equal parts, the last one smaller where they do not divide.
fn even_parts(size: &Dim, count: usize) -> Vec<Dim> {
    let wide = crate::units::wide(count).max(1);
    let Dim::Known(size) = size else {
        let part = Element::from(size);
        let by = Element::Int(i64::try_from(wide).unwrap_or(i64::MAX));
        let part = if count == 1 {
            dim_of(&part)
        } else {
            dim_of(&arith::binary("Div", &part, &by))
        };
        return vec![part; count];
    };
    let part = size.div_ceil(wide);
    let taken = |at: usize| part.saturating_mul(crate::units::wide(at)).min(*size);
    (0..count)
        .map(|at| Dim::Known(taken(at + 1) - taken(at)))
        .collect()
}
