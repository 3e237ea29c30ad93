//! Any convolution as one batched matrix product for each tap of the kernel, added up: exact for every
//! number of axes, every stride, dilation and padding of its own, every group.

use candle_core::{Device, Result, Tensor};

use super::pad;
use crate::verify::geometry::Geometry;

/// What is left of a convolution once its input is padded: windows over whole elements.
struct Windows<'a> {
    kernel: &'a [usize],
    strides: &'a [usize],
    dilations: &'a [usize],
    group: usize,
    /// Whether the kernel is read from its last tap to its first.
    flipped: bool,
}

/// Runs the decomposition.
pub(super) fn run(geometry: &Geometry, input: &Tensor, weight: &Tensor) -> Result<Tensor> {
    let ones = vec![1; geometry.strides.len()];
    let (input, weight, strides) = if geometry.transposed {
        (
            stuffed(geometry, input)?,
            swapped(geometry, weight)?,
            ones.as_slice(),
        )
    } else {
        let mut input = input.clone();
        for (axis, (begin, end)) in geometry.pads.iter().enumerate() {
            input = pad(&input, axis + 2, *begin, *end)?;
        }
        (input, weight.clone(), geometry.strides.as_slice())
    };
    let windows = Windows {
        kernel: geometry.kernel(),
        strides,
        dilations: &geometry.dilations,
        group: geometry.group,
        flipped: geometry.transposed,
    };
    windows.run(&input, &weight)
}

/// The input of a transposed convolution as that of a plain one with stride 1: stride − 1 zeros
/// between elements, and the padding that lets every tap reach every element.
fn stuffed(geometry: &Geometry, input: &Tensor) -> Result<Tensor> {
    let mut input = input.clone();
    for (at, stride) in geometry.strides.iter().enumerate() {
        let axis = at + 2;
        let size = input.dim(axis)?;
        if *stride > 1 {
            let zeros = input
                .unsqueeze(axis + 1)?
                .pad_with_zeros(axis + 1, 0, stride - 1)?;
            let mut sizes = input.dims().to_vec();
            if let Some(it) = sizes.get_mut(axis) {
                *it = size * stride;
            }
            let kept = (size - 1) * stride + 1;
            input = zeros.reshape(sizes)?.narrow(axis, 0, kept)?;
        }
        let of = |list: &[usize]| {
            let value = list.get(at).copied().unwrap_or(1);
            i64::try_from(value).unwrap_or(i64::MAX)
        };
        let reach = (of(geometry.kernel()) - 1).saturating_mul(of(&geometry.dilations));
        let (begin, end) = geometry.pads.get(at).copied().unwrap_or_default();
        let end = reach
            .saturating_sub(end)
            .saturating_add(of(&geometry.output_padding));
        input = pad(&input, axis, reach.saturating_sub(begin), end)?;
    }
    Ok(input)
}

/// `[C, M/group, taps]` as `[M, C/group, taps]`.
fn swapped(geometry: &Geometry, weight: &Tensor) -> Result<Tensor> {
    let (channels, inner) = (weight.dim(0)?, weight.dim(1)?);
    let taps: usize = geometry.kernel().iter().product();
    let group = geometry.group;
    weight
        .reshape((group, channels / group, inner, taps))?
        .transpose(1, 2)?
        .contiguous()?
        .reshape((group * inner, channels / group, taps))
}

impl Windows<'_> {
    fn run(&self, input: &Tensor, weight: &Tensor) -> Result<Tensor> {
        let (batch, channels) = (input.dim(0)?, input.dim(1)?);
        let (filters, inner) = (weight.dim(0)?, weight.dim(1)?);
        let taps: usize = self.kernel.iter().product();
        let counts = self.counts(input)?;
        let positions: usize = counts.iter().product();
        let weight = weight.reshape((self.group, filters / self.group, inner, taps))?;
        let mut sum: Option<Tensor> = None;
        for tap in 0..taps {
            let window = self.window(input, tap, &counts)?.contiguous()?;
            let columns = window.reshape((batch, self.group, channels / self.group, positions))?;
            let column = if self.flipped { taps - 1 - tap } else { tap };
            let rows = weight.narrow(3, column, 1)?.squeeze(3)?.unsqueeze(0)?;
            // With one channel in each group there is nothing to add up.
            let product = if inner == 1 {
                rows.broadcast_mul(&columns)?
            } else {
                rows.contiguous()?.broadcast_matmul(&columns)?
            };
            sum = Some(match sum {
                Some(sum) => (sum + product)?,
                None => product,
            });
        }
        let mut sizes = vec![batch, filters];
        sizes.extend(counts);
        let zeros = || Tensor::zeros(sizes.as_slice(), input.dtype(), &Device::Cpu);
        sum.map_or_else(zeros, |sum| sum.reshape(sizes.as_slice()))
    }

    /// Windows along each axis of the padded input.
    fn counts(&self, input: &Tensor) -> Result<Vec<usize>> {
        let mut counts = Vec::new();
        for (at, ((kernel, stride), dilation)) in self
            .kernel
            .iter()
            .zip(self.strides)
            .zip(self.dilations)
            .enumerate()
        {
            let slack = input.dim(at + 2)?.checked_sub((kernel - 1) * dilation + 1);
            let Some(slack) = slack else {
                candle_core::bail!("kernel exceeds the padded input along axis {at}")
            };
            counts.push(slack / stride + 1);
        }
        Ok(counts)
    }

    /// What tap number `tap` reads: one element for each window.
    fn window(&self, input: &Tensor, tap: usize, counts: &[usize]) -> Result<Tensor> {
        let mut window = input.clone();
        let mut rest = tap;
        let axes = self
            .kernel
            .iter()
            .zip(self.strides)
            .zip(self.dilations)
            .zip(counts);
        for (at, (((kernel, stride), dilation), count)) in axes.enumerate().rev() {
            let start = (rest % kernel) * dilation;
            rest /= kernel;
            window = window.narrow(at + 2, start, (count - 1) * stride + 1)?;
            if *stride > 1 && *count > 1 {
                let last = u32::try_from((count - 1) * stride).map_err(candle_core::Error::wrap)?;
                let step = u32::try_from(*stride).map_err(candle_core::Error::wrap)?;
                let places = Tensor::arange_step(0, last + 1, step, &Device::Cpu)?;
                window = window.contiguous()?.index_select(&places, at + 2)?;
            }
        }
        Ok(window)
    }
}
