//! Operators that pick, join and split along axes.

use super::call::{Answer, Call, Operator, axis_at, dim_of, elements_of, operators, unknown};
use super::order::few;
use super::slice::slice;
use super::{Element, MOST_ELEMENTS, ShapeError, Value};
use crate::tensor::{DataType, Dim, Shape};

/// Shape rules of this family.
pub(super) const OPERATORS: &[Operator] = operators![
    ONNX { "Slice", "DynamicSlice" } => slice,
    ONNX { "Gather" } => gather,
    ONNX { "GatherElements" } => gather_elements,
    ONNX { "GatherND" } => gather_nd,
    ONNX { "OneHot" } => one_hot,
    ONNX { "NonZero" } => non_zero,
    ONNX { "TopK" } => top_k,
    ONNX { "Compress" } => compress,
    ONNX { "Unique" } => unique,
    MICROSOFT { "GatherND" } => gather_nd,
    MICROSOFT { "Unique" } => unique,
];

fn gather(call: &Call<'_>) -> Answer {
    let data = call.need(0, "data")?;
    let input = call.shape(0, "data")?;
    let indices = call.shape(1, "indices")?;
    let axis = axis_at(call.attrs.int_or("axis", 0)?, input.rank())?;
    let (before, after) = input.0.split_at(axis.min(input.rank()));
    let shape: Shape = before
        .iter()
        .chain(&indices.0)
        .chain(after.iter().skip(1))
        .cloned()
        .collect();
    let elements = gathered(call, data, axis, &shape).map(Into::into);
    Ok(vec![Value {
        elements,
        ..Value::tensor(data.data_type, shape)
    }])
}

fn gathered(call: &Call<'_>, data: &Value, axis: usize, shape: &Shape) -> Option<Vec<Element>> {
    let (sizes, elements) = elements_of(data)?;
    let indices = call.input(1)?.ints()?;
    let count = usize::try_from(shape.numel()?)
        .ok()
        .filter(|it| *it <= MOST_ELEMENTS)?;
    let along = *sizes.get(axis)?;
    let inner = few(sizes.get(axis + 1..)?)?;
    let signed = i64::try_from(along).ok()?;
    let mut out = Vec::with_capacity(count);
    for at in 0..count {
        let within = at % inner;
        let index = *indices.get(at / inner % indices.len())?;
        let outer = at / inner / indices.len();
        let index = usize::try_from(if index < 0 {
            index.checked_add(signed)?
        } else {
            index
        })
        .ok()?;
        let place = outer
            .checked_mul(along)?
            .checked_add(index)?
            .checked_mul(inner)?
            .checked_add(within)?;
        out.push(if index < along {
            elements.get(place)?.clone()
        } else {
            Element::Unknown
        });
    }
    Some(out)
}

fn gather_elements(call: &Call<'_>) -> Answer {
    call.one(call.shape(1, "indices")?.clone())
}

fn gather_nd(call: &Call<'_>) -> Answer {
    let data = call.shape(0, "data")?;
    let indices = call.shape(1, "indices")?;
    let batch = usize::try_from(call.attrs.int_or("batch_dims", 0)?).unwrap_or(usize::MAX);
    let Some((last, outer)) = indices.0.split_last() else {
        return Err(ShapeError::Rank {
            what: "indices",
            expected: "1 or more".to_owned(),
            found: 0,
        });
    };
    let depth = last.known().and_then(|it| usize::try_from(it).ok());
    let Some(depth) = depth else {
        return Err(unknown(
            call.need(1, "indices")?,
            "the depth of the indices",
        ));
    };
    let rest = data
        .0
        .get(batch.saturating_add(depth)..)
        .ok_or_else(|| ShapeError::Disagree {
            what: "depth of the indices and rank of the data",
            left: depth.to_string(),
            right: data.rank().to_string(),
        })?;
    call.one(outer.iter().chain(rest).cloned().collect())
}

fn one_hot(call: &Call<'_>) -> Answer {
    let indices = call.shape(0, "indices")?;
    let depth = call
        .need(1, "depth")?
        .elements
        .as_ref()
        .and_then(|it| it.first())
        .map_or(Dim::Unknown, dim_of);
    let axis = axis_at(call.attrs.int_or("axis", -1)?, indices.rank() + 1)?;
    let mut dims = indices.0.clone();
    dims.insert(axis.min(dims.len()), depth);
    Ok(vec![Value::tensor(call.data_type(2), Shape(dims))])
}

fn non_zero(call: &Call<'_>) -> Answer {
    let rank = crate::units::wide(call.shape(0, "X")?.rank());
    Ok(vec![Value::tensor(
        Some(DataType::Int64),
        Shape(vec![Dim::Known(rank), Dim::Unknown]),
    )])
}

fn top_k(call: &Call<'_>) -> Answer {
    let input = call.shape(0, "X")?;
    let axis = axis_at(call.attrs.int_or("axis", -1)?, input.rank())?;
    let count = match call.attrs.int("k")? {
        Some(count) => dim_of(&Element::Int(count)),
        None => call
            .need(1, "K")?
            .elements
            .as_ref()
            .and_then(|it| it.first())
            .map_or(Dim::Unknown, dim_of),
    };
    let mut shape = input.clone();
    if let Some(slot) = shape.0.get_mut(axis) {
        *slot = count;
    }
    let indices = Value::tensor(Some(DataType::Int64), shape.clone());
    Ok(vec![Value::tensor(call.data_type(0), shape), indices])
}

fn compress(call: &Call<'_>) -> Answer {
    let input = call.shape(0, "input")?;
    match call.attrs.int("axis")? {
        None => call.one(Shape(vec![Dim::Unknown])),
        Some(axis) => {
            let mut shape = input.clone();
            if let Some(slot) = shape.0.get_mut(axis_at(axis, input.rank())?) {
                *slot = Dim::Unknown;
            }
            call.one(shape)
        }
    }
}

fn unique(call: &Call<'_>) -> Answer {
    let mut answer = compress(call)?;
    let list = || Value::tensor(Some(DataType::Int64), Shape(vec![Dim::Unknown]));
    answer.extend([list(), list(), list()]);
    Ok(answer)
}
