//! Spectra.

use super::arith;
use super::call::{Answer, Call, Operator, axis_at, dim_of, operators};
use super::{Element, ShapeError, Value};
use crate::tensor::{DataType, Dim, Shape};

/// Shape rules of this family.
pub(super) const OPERATORS: &[Operator] = operators![
    ONNX { "DFT" } => dft,
    ONNX { "STFT" } => stft,
    ONNX { "MelWeightMatrix" } => mel_weights,
];

fn scalar(call: &Call<'_>, index: usize) -> Option<Element> {
    let value = call.input(index)?;
    Some(
        value
            .elements
            .as_ref()
            .and_then(|it| it.first())
            .cloned()
            .unwrap_or(Element::Unknown),
    )
}

/// ⌊length / 2⌋ + 1: the bins of a real signal.
fn half(length: &Element) -> Element {
    arith::binary(
        "Add",
        &arith::binary("Div", length, &Element::Int(2)),
        &Element::Int(1),
    )
}

/// `[…, length, …, 1 or 2]` gives `[…, bins, …, 2]`.
fn dft(call: &Call<'_>) -> Answer {
    let input = call.shape(0, "input")?;
    let axis = match scalar(call, 2) {
        Some(axis) => axis
            .int()
            .ok_or_else(|| ShapeError::Unknown("axis is computed at run time".into()))?,
        None => call
            .attrs
            .int_or("axis", if call.opset < 20 { 1 } else { -2 })?,
    };
    let axis = axis_at(axis, input.rank())?;
    let one_sided = call.attrs.int_or("onesided", 0)? == 1;
    let inverse = call.attrs.int_or("inverse", 0)? == 1;
    let own = Element::from(&input.dim(axis));
    // The bins of a real signal stand for twice as many elements, but for the first and the last.
    let own = if one_sided && inverse {
        arith::binary(
            "Mul",
            &arith::binary("Sub", &own, &Element::Int(1)),
            &Element::Int(2),
        )
    } else {
        own
    };
    let length = scalar(call, 1).unwrap_or(own);
    let mut dims = input.0.clone();
    if let Some(dim) = dims.get_mut(axis) {
        *dim = dim_of(&if one_sided && !inverse {
            half(&length)
        } else {
            length
        });
    }
    if let Some(last) = dims.last_mut() {
        *last = Dim::Known(if one_sided && inverse { 1 } else { 2 });
    }
    call.one(Shape(dims))
}

/// `[batch, length, 1 or 2]` gives `[batch, frames, bins, 2]`.
fn stft(call: &Call<'_>) -> Answer {
    let signal = call.shape(0, "signal")?;
    let step = scalar(call, 1).unwrap_or(Element::Unknown);
    let window = call
        .input(2)
        .and_then(|it| it.shape.as_ref())
        .map(|it| Element::from(&it.dim(0)));
    let frame = scalar(call, 3).or(window).unwrap_or(Element::Unknown);
    let slack = arith::binary("Sub", &Element::from(&signal.dim(1)), &frame);
    let frames = arith::binary(
        "Add",
        &arith::binary("Div", &slack, &step),
        &Element::Int(1),
    );
    let one_sided = call.attrs.int_or("onesided", 1)? == 1;
    let bins = if one_sided { half(&frame) } else { frame };
    call.one(Shape(vec![
        signal.dim(0),
        dim_of(&frames),
        dim_of(&bins),
        Dim::Known(2),
    ]))
}

fn mel_weights(call: &Call<'_>) -> Answer {
    let bands = scalar(call, 0).unwrap_or(Element::Unknown);
    let length = scalar(call, 1).unwrap_or(Element::Unknown);
    let number = call.attrs.int_or("output_datatype", 1)?;
    let data_type = i32::try_from(number).ok().and_then(DataType::from_onnx);
    Ok(vec![Value::tensor(
        data_type,
        Shape(vec![dim_of(&half(&length)), dim_of(&bands)]),
    )])
}
