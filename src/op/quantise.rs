//! Operators that quantise, and quantised forms of others.

use super::call::{Answer, Call, Operator, axis_at, dim_of, operators};
use super::generate::chosen_type;
use super::pointwise::same;
use super::{Element, ShapeError, Value, arith, broadcast};
use crate::tensor::{DataType, Shape};

/// Shape rules of this family.
pub(super) const OPERATORS: &[Operator] = operators![
    ONNX { "QuantizeLinear" } => quantize,
    MICROSOFT { "QuantizeLinear" } => quantize,
    ONNX { "DequantizeLinear" } => dequantize,
    MICROSOFT { "DequantizeLinear" } => dequantize,
    ONNX { "DynamicQuantizeLinear" } => dynamic_quantize,
    MICROSOFT { "QLinearAdd", "QLinearMul" } => qlinear_binary,
    MICROSOFT { "QLinearWhere" } => qlinear_where,
    MICROSOFT { "QLinearConcat" } => qlinear_concat,
    MICROSOFT { "QLinearSigmoid", "QLinearLeakyRelu", "QLinearSoftmax" } => same,
];

fn quantize(call: &Call<'_>) -> Answer {
    let asked = match call.attrs.int("output_dtype")? {
        Some(number) => i32::try_from(number).ok().and_then(DataType::from_onnx),
        None => None,
    };
    let data_type = call.data_type(2).or(asked).or(Some(DataType::Uint8));
    Ok(vec![Value::tensor(data_type, call.shape(0, "x")?.clone())])
}

fn dequantize(call: &Call<'_>) -> Answer {
    let data_type = chosen_type(call)
        .or(call.data_type(1))
        .or(Some(DataType::Float));
    Ok(vec![Value::tensor(data_type, call.shape(0, "x")?.clone())])
}

fn dynamic_quantize(call: &Call<'_>) -> Answer {
    Ok(vec![
        Value::tensor(Some(DataType::Uint8), call.shape(0, "x")?.clone()),
        Value::tensor(Some(DataType::Float), Shape::default()),
        Value::tensor(Some(DataType::Uint8), Shape::default()),
    ])
}

fn qlinear_binary(call: &Call<'_>) -> Answer {
    call.one(broadcast::shapes([
        call.shape(0, "A")?,
        call.shape(3, "B")?,
    ])?)
}

fn qlinear_where(call: &Call<'_>) -> Answer {
    let shapes = [
        call.shape(0, "condition")?,
        call.shape(1, "X")?,
        call.shape(4, "Y")?,
    ];
    Ok(vec![Value::tensor(
        call.data_type(1),
        broadcast::shapes(shapes)?,
    )])
}

/// Scale and zero point of the output, then (tensor, scale, zero point) for each input.
fn qlinear_concat(call: &Call<'_>) -> Answer {
    let first = call.shape(2, "input")?;
    let axis = call
        .attrs
        .int("axis")?
        .ok_or(ShapeError::AttributeMissing { name: "axis" })?;
    let axis = axis_at(axis, first.rank())?;
    let mut total = Element::Int(0);
    for at in (2..call.inputs.len()).step_by(3) {
        total = arith::binary(
            "Add",
            &total,
            &Element::from(&call.shape(at, "input")?.dim(axis)),
        );
    }
    let mut shape = first.clone();
    if let Some(dim) = shape.0.get_mut(axis) {
        *dim = dim_of(&total);
    }
    Ok(vec![Value::tensor(call.data_type(2), shape)])
}
