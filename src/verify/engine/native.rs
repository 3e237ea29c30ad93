//! Layers that candle's own operators can express.

use candle_core::{Result, Tensor};

use super::pad;
use crate::verify::geometry::{Geometry, Method};

/// Runs candle's own operator. Padding that is not the same on all sides is made before, or cropped
/// after a transposed convolution.
pub(super) fn run(
    geometry: &Geometry,
    method: Method,
    input: &Tensor,
    weight: &Tensor,
) -> Result<Tensor> {
    let stride = geometry.strides.first().copied().unwrap_or(1);
    let dilation = geometry.dilation().unwrap_or(1);
    let group = geometry.group;
    match method {
        Method::Conv1d => {
            let (input, padding) = padded(geometry, input)?;
            // candle's grouped conv1d takes views of the kernel, and is wrong on those at an offset
            // where they are strided; a contiguous kernel gives contiguous views.
            let weight = weight.contiguous()?;
            input.conv1d(&weight, padding, stride, dilation, group)
        }
        Method::Conv2d => {
            let (input, padding) = padded(geometry, input)?;
            input.conv2d(weight, padding, stride, dilation, group)
        }
        Method::ConvTranspose1d => transposed(geometry, |padding, extra| {
            input.conv_transpose1d(weight, padding, extra, stride, dilation, group)
        }),
        _ => transposed(geometry, |padding, extra| {
            input.conv_transpose2d(weight, padding, extra, stride, dilation)
        }),
    }
}

/// The padding that is the same at every start and end, where it is.
fn even(geometry: &Geometry) -> Option<usize> {
    let (first, _) = geometry.pads.first()?;
    let same = geometry.pads.iter().all(|it| it == &(*first, *first));
    usize::try_from(*first).ok().filter(|_| same)
}

/// The input, and the padding that is left to candle.
fn padded(geometry: &Geometry, input: &Tensor) -> Result<(Tensor, usize)> {
    if let Some(padding) = even(geometry) {
        return Ok((input.clone(), padding));
    }
    let mut input = input.clone();
    for (axis, (begin, end)) in geometry.pads.iter().enumerate() {
        input = pad(&input, axis + 2, *begin, *end)?;
    }
    Ok((input.contiguous()?, 0))
}

/// A transposed convolution by `call(padding, output_padding)`, with what candle cannot say cropped or
/// added afterwards.
fn transposed(
    geometry: &Geometry,
    call: impl Fn(usize, usize) -> Result<Tensor>,
) -> Result<Tensor> {
    let extra = geometry.output_padding.first().copied().unwrap_or(0);
    let same = geometry.output_padding.iter().all(|it| *it == extra);
    // candle subtracts the padding before it adds the kernel, and must not pass below zero there.
    let room = geometry.spatial().iter().zip(&geometry.strides);
    let room = room
        .map(|(size, stride)| (size - 1).saturating_mul(*stride))
        .min();
    let fits = |padding: &usize| padding.saturating_mul(2) <= room.unwrap_or(0);
    if let (Some(padding), true) = (even(geometry).filter(fits), same) {
        return call(padding, extra);
    }
    let mut output = call(0, 0)?;
    for (axis, (begin, end)) in geometry.pads.iter().enumerate() {
        let extra = geometry.output_padding.get(axis).copied().unwrap_or(0);
        let extra = i64::try_from(extra).unwrap_or(i64::MAX);
        output = pad(
            &output,
            axis + 2,
            begin.saturating_neg(),
            extra.saturating_sub(*end),
        )?;
    }
    Ok(output)
}
