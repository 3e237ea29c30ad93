//! Operators that pad, crop and scale.

use super::arith;
use super::call::{Answer, Call, Operator, axis_at, dim_of, dims_from, operators, unknown};
use super::{Element, ShapeError, Value};
use crate::tensor::{DataType, Dim, Expr, Shape};

/// Shape rules of this family.
pub(super) const OPERATORS: &[Operator] = operators![
    ONNX { "Resize" } => resize,
    ONNX { "Upsample" } => upsample,
    ONNX { "Pad" } => pad,
    MICROSOFT { "Pad" } => pad,
    ONNX { "CenterCropPad" } => center_crop_pad,
];

fn resize(call: &Call<'_>) -> Answer {
    let input = call.shape(0, "X")?;
    // Operator set 10 has the scales second, later ones the region of interest.
    let scales_at = if call.opset < 11 { 1 } else { 2 };
    if present(call, 3) {
        return sized(call, input);
    }
    if !present(call, scales_at) {
        return Err(ShapeError::InputMissing {
            index: scales_at,
            what: "scales",
        });
    }
    let axes = axes(call, input.rank())?;
    match scales(call, scales_at) {
        Some(scales) => scaled(call, input, &axes, &scales),
        None => call.one(Shape::unknown(input.rank())),
    }
}

/// Whether an optional input is there and not the empty tensor that stands for its absence.
fn present(call: &Call<'_>, index: usize) -> bool {
    call.input(index)
        .is_some_and(|it| it.shape.as_ref().and_then(Shape::numel) != Some(0))
}

fn axes(call: &Call<'_>, rank: usize) -> Result<Vec<usize>, ShapeError> {
    match call.attrs.ints("axes")? {
        Some(axes) => axes.iter().map(|it| axis_at(*it, rank)).collect(),
        None => Ok((0..rank).collect()),
    }
}

fn scales(call: &Call<'_>, index: usize) -> Option<Vec<f64>> {
    let elements = call.input(index)?.elements.as_ref()?;
    let float = |it: &Element| match it {
        Element::Float(value) => Some(*value),
        _ => None,
    };
    elements.iter().map(float).collect()
}

fn scaled(call: &Call<'_>, input: &Shape, axes: &[usize], scales: &[f64]) -> Answer {
    super::conv::exactly("scales", axes.len(), scales.len())?;
    // Cropping before scaling changes what there is to scale.
    let cropped =
        call.attrs.string("coordinate_transformation_mode")? == Some("tf_crop_and_resize");
    let mut shape = input.clone();
    for (axis, scale) in axes.iter().zip(scales) {
        if let Some(dim) = shape.0.get_mut(*axis) {
            *dim = if cropped && is_not_one(*scale) {
                Dim::Unknown
            } else {
                times(dim, *scale)
            };
        }
    }
    call.one(shape)
}

#[expect(
    clippy::float_cmp,
    reason = "a scale of exactly 1 leaves the axis alone"
)]
fn is_not_one(scale: f64) -> bool {
    scale != 1.0
}

/// ⌊size · scale⌋, in single precision as ONNX Runtime multiplies.
fn times(dim: &Dim, scale: f64) -> Dim {
    if !is_not_one(scale) {
        return dim.clone();
    }
    match dim {
        Dim::Known(_) => {
            let size = arith::cast(&Element::from(dim), DataType::Float);
            let product = arith::binary("Mul", &size, &Element::Float(scale));
            let product = arith::cast(&product, DataType::Float);
            dim_of(&arith::cast(
                &arith::unary("Floor", &product),
                DataType::Int64,
            ))
        }
        Dim::Symbolic(expr) => {
            let size = || {
                let (above, below) = fraction(scale)?;
                expr.mul(&Expr::number(above))?.floor_div(below)
            };
            size().map_or(Dim::Unknown, |it| dim_of(&arith::element(it)))
        }
        Dim::Unknown => Dim::Unknown,
    }
}

/// A scale as a fraction small enough that ONNX Runtime's product in single precision is exact for any size
/// up to 2^16; other scales round in ways that no formula follows.
fn fraction(scale: f64) -> Option<(i64, i64)> {
    let below = [1u8, 2, 4, 8, 16, 32, 64];
    let below = below
        .iter()
        .find(|it| (scale * f64::from(**it)).fract() == 0.0)?;
    let above = scale * f64::from(*below);
    let above = arith::cast(&Element::Float(above), DataType::Int64).int()?;
    (0..1 << 8)
        .contains(&above)
        .then_some((above, i64::from(*below)))
}

/// The sizes that the fourth input gives, or the largest or smallest ones of the input's proportions.
fn sized(call: &Call<'_>, input: &Shape) -> Answer {
    let axes = axes(call, input.rank())?;
    let sizes = dims_from(call, 3, "sizes")?;
    super::conv::exactly("sizes", axes.len(), sizes.len())?;
    let policy = call
        .attrs
        .string("keep_aspect_ratio_policy")?
        .unwrap_or("stretch");
    let sizes = match policy {
        "not_larger" => proportional(input, &axes, &sizes, f64::min),
        "not_smaller" => proportional(input, &axes, &sizes, f64::max),
        _ => sizes.iter().map(dim_of).collect(),
    };
    let mut shape = input.clone();
    for (axis, size) in axes.iter().zip(sizes) {
        if let Some(dim) = shape.0.get_mut(*axis) {
            *dim = size;
        }
    }
    call.one(shape)
}

fn proportional(
    input: &Shape,
    axes: &[usize],
    sizes: &[Element],
    choose: fn(f64, f64) -> f64,
) -> Vec<Dim> {
    let float = |it: &Element| match arith::cast(it, DataType::Double) {
        Element::Float(value) => Some(value),
        _ => None,
    };
    let pairs: Option<Vec<(f64, f64)>> = axes
        .iter()
        .zip(sizes)
        .map(|(axis, size)| Some((float(&Element::from(&input.dim(*axis)))?, float(size)?)))
        .collect();
    let Some(pairs) = pairs else {
        return vec![Dim::Unknown; axes.len()];
    };
    let scale = pairs
        .iter()
        .map(|(from, to)| to / from)
        .reduce(choose)
        .unwrap_or(1.0);
    let size = |from: f64| {
        dim_of(&arith::cast(
            &Element::Float((from * scale + 0.5).floor()),
            DataType::Int64,
        ))
    };
    pairs.iter().map(|(from, _)| size(*from)).collect()
}

/// The predecessor of `Resize`: scales as an attribute, or from operator set 9 as an input.
fn upsample(call: &Call<'_>) -> Answer {
    let input = call.shape(0, "X")?;
    let all: Vec<usize> = (0..input.rank()).collect();
    if let Some(scales) = call.attrs.floats("scales")? {
        let scales: Vec<f64> = scales.iter().map(|it| f64::from(*it)).collect();
        return scaled(call, input, &all, &scales);
    }
    let side = |name| {
        call.attrs
            .floats(name)
            .map(|it| it.and_then(|it| it.first().copied()))
    };
    if let (Some(height), Some(width)) = (side("height_scale")?, side("width_scale")?) {
        return scaled(
            call,
            input,
            &all,
            &[1.0, 1.0, f64::from(height), f64::from(width)],
        );
    }
    call.need(1, "scales")?;
    match scales(call, 1) {
        Some(scales) => scaled(call, input, &all, &scales),
        None => call.one(Shape::unknown(input.rank())),
    }
}

fn pad(call: &Call<'_>) -> Answer {
    let value = call.need(0, "data")?;
    let input = call.shape(0, "data")?;
    // Operator set 1 says `paddings`.
    let attribute = match call.attrs.ints("pads")? {
        Some(pads) => Some(pads),
        None => call.attrs.ints("paddings")?,
    };
    let pads: Vec<Element> = match attribute {
        Some(pads) => pads.into_iter().map(Element::Int).collect(),
        None => match dims_from(call, 1, "pads") {
            Ok(pads) => pads,
            Err(_) => {
                return Ok(vec![Value {
                    note: note(call),
                    ..Value::tensor(value.data_type, Shape::unknown(input.rank()))
                }]);
            }
        },
    };
    let axes = match call.ints(3, "axes")? {
        Some(axes) => axes
            .iter()
            .map(|it| axis_at(*it, input.rank()))
            .collect::<Result<Vec<_>, _>>()?,
        None => (0..input.rank()).collect(),
    };
    super::conv::exactly("pads", 2 * axes.len(), pads.len())?;
    let (begins, ends) = pads.split_at(axes.len());
    let mut shape = input.clone();
    for ((axis, begin), end) in axes.iter().zip(begins).zip(ends) {
        if let Some(dim) = shape.0.get_mut(*axis) {
            let padded = arith::binary("Add", &Element::from(&*dim), begin);
            *dim = dim_of(&arith::binary("Add", &padded, end));
        }
    }
    call.one(shape)
}

fn note(call: &Call<'_>) -> Option<std::sync::Arc<str>> {
    match unknown(call.input(1)?, "pads") {
        ShapeError::Unknown(note) => Some(note),
        _ => None,
    }
}

fn center_crop_pad(call: &Call<'_>) -> Answer {
    let input = call.shape(0, "input_data")?;
    let sizes = dims_from(call, 1, "shape")?;
    let axes = axes(call, input.rank())?;
    super::conv::exactly("shape", axes.len(), sizes.len())?;
    let mut shape = input.clone();
    for (axis, size) in axes.iter().zip(&sizes) {
        if let Some(dim) = shape.0.get_mut(*axis) {
            *dim = dim_of(size);
        }
    }
    call.one(shape)
}
