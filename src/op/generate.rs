//! Operators that make tensors from sizes.

use super::arith;
use super::call::{Answer, Call, Operator, dim_of, dims_from, operators};
use super::{Attr, Element, MOST_ELEMENTS, ShapeError, Value};
use crate::tensor::{DataType, Dim, Number, Payload, Shape, StoredTensor, decode};

/// Shape rules of this family.
pub(super) const OPERATORS: &[Operator] = operators![
    ONNX { "ConstantOfShape" } => constant_of_shape,
    ONNX { "ConstantFill", "GivenTensorFill" } => constant_fill,
    ONNX { "Range" } => range,
    MICROSOFT { "Range" } => range,
    ONNX { "EyeLike", "RandomNormalLike", "RandomUniformLike", "Bernoulli" } => like,
    ONNX { "RandomNormal", "RandomUniform" } => random,
    ONNX { "Multinomial" } => multinomial,
    ONNX { "HannWindow", "HammingWindow", "BlackmanWindow" } => window,
];

/// Elements of a tensor whose bytes are at hand, where they are few numbers.
#[must_use]
pub fn inline_elements(tensor: &StoredTensor) -> Option<Vec<Element>> {
    let (Payload::Inline(bytes), Some(data_type)) = (&tensor.payload, tensor.data_type) else {
        return None;
    };
    let count = usize::try_from(tensor.numel()?)
        .ok()
        .filter(|it| *it <= MOST_ELEMENTS)?;
    let element = |at| match decode(data_type, bytes, at) {
        Some(Number::Int(value)) => Element::Int(value),
        Some(Number::Float(value)) => Element::Float(value),
        None => Element::Unknown,
    };
    Some((0..count).map(element).collect())
}

fn constant_of_shape(call: &Call<'_>) -> Answer {
    let shape: Shape = dims_from(call, 0, "input")?.iter().map(dim_of).collect();
    let (data_type, fill) = match call.attrs.get("value") {
        Some(Attr::Tensor(tensor)) => {
            let first = inline_elements(tensor).and_then(|it| it.first().cloned());
            (tensor.data_type, first.unwrap_or(Element::Unknown))
        }
        _ => (Some(DataType::Float), Element::Float(0.0)),
    };
    let elements = few(&shape).map(|count| vec![fill; count].into());
    Ok(vec![Value {
        elements,
        ..Value::tensor(data_type, shape)
    }])
}

/// How many elements, where they are few enough to be carried along.
fn few(shape: &Shape) -> Option<usize> {
    usize::try_from(shape.numel()?)
        .ok()
        .filter(|it| *it <= MOST_ELEMENTS)
}

/// The experimental operator of ONNX's first years: its shape is an attribute, or its input's.
fn constant_fill(call: &Call<'_>) -> Answer {
    let shape: Shape = match call.attrs.ints("shape")? {
        Some(sizes) => sizes.iter().map(|it| dim_of(&Element::Int(*it))).collect(),
        None if call.attrs.int_or("input_as_shape", 0)? == 1 => {
            dims_from(call, 0, "input")?.iter().map(dim_of).collect()
        }
        None => call.shape(0, "input")?.clone(),
    };
    Ok(vec![Value::tensor(
        chosen_type(call).or(Some(DataType::Float)),
        shape,
    )])
}

fn range(call: &Call<'_>) -> Answer {
    let scalar = |at, what| -> Result<Element, ShapeError> {
        let value = call.need(at, what)?;
        Ok(value
            .elements
            .as_ref()
            .and_then(|it| it.first())
            .cloned()
            .unwrap_or(Element::Unknown))
    };
    let start = scalar(0, "start")?;
    let limit = scalar(1, "limit")?;
    let delta = if call.input(2).is_some() {
        scalar(2, "delta")?
    } else {
        Element::Int(1)
    };
    let count = steps(&start, &limit, &delta);
    let shape = Shape(vec![count]);
    let elements = few(&shape).map(|count| ranged(&start, &delta, count).into());
    Ok(vec![Value {
        elements,
        ..Value::tensor(call.data_type(0), shape)
    }])
}

/// max(⌈(limit − start) / delta⌉, 0).
fn steps(start: &Element, limit: &Element, delta: &Element) -> Dim {
    match (arith::binary("Sub", limit, start), delta) {
        (Element::Int(span), Element::Int(delta)) if *delta != 0 => {
            let (span, delta) = (i128::from(span), i128::from(*delta));
            let (span, delta) = if delta < 0 {
                (-span, -delta)
            } else {
                (span, delta)
            };
            let count = -((-span).div_euclid(delta));
            Dim::Known(u64::try_from(count.max(0)).unwrap_or(0))
        }
        (Element::Float(span), delta) => {
            let by = match delta {
                Element::Float(by) => *by,
                _ => return Dim::Unknown,
            };
            let count = arith::cast(&Element::Float((span / by).ceil()), DataType::Int64);
            count.int().map_or(Dim::Unknown, |it| {
                Dim::Known(u64::try_from(it).unwrap_or(0))
            })
        }
        (Element::Size(span), Element::Int(1)) => Dim::Symbolic(span),
        _ => Dim::Unknown,
    }
}

fn ranged(start: &Element, delta: &Element, count: usize) -> Vec<Element> {
    let nth = |at: usize| {
        let at = Element::Int(i64::try_from(at).unwrap_or(i64::MAX));
        arith::binary("Add", start, &arith::binary("Mul", delta, &at))
    };
    (0..count).map(nth).collect()
}

/// The type that the attribute `dtype` names.
pub(super) fn chosen_type(call: &Call<'_>) -> Option<DataType> {
    let number = call.attrs.int("dtype").ok().flatten()?;
    DataType::from_onnx(i32::try_from(number).ok()?)
}

fn like(call: &Call<'_>) -> Answer {
    let shape = call.shape(0, "input")?.clone();
    Ok(vec![Value::tensor(
        chosen_type(call).or(call.data_type(0)),
        shape,
    )])
}

fn random(call: &Call<'_>) -> Answer {
    let sizes = call
        .attrs
        .ints("shape")?
        .ok_or(ShapeError::AttributeMissing { name: "shape" })?;
    let shape = sizes.iter().map(|it| dim_of(&Element::Int(*it))).collect();
    Ok(vec![Value::tensor(
        chosen_type(call).or(Some(DataType::Float)),
        shape,
    )])
}

fn multinomial(call: &Call<'_>) -> Answer {
    let batch = call.shape(0, "input")?.dim(0);
    let samples = dim_of(&Element::Int(call.attrs.int_or("sample_size", 1)?));
    Ok(vec![Value::tensor(
        chosen_type(call).or(Some(DataType::Int32)),
        Shape(vec![batch, samples]),
    )])
}

fn window(call: &Call<'_>) -> Answer {
    let size = call
        .need(0, "size")?
        .elements
        .as_ref()
        .and_then(|it| it.first())
        .map_or(Dim::Unknown, dim_of);
    let number = call.attrs.int_or("output_datatype", 1)?;
    let data_type = i32::try_from(number).ok().and_then(DataType::from_onnx);
    Ok(vec![Value::tensor(data_type, Shape(vec![size]))])
}
