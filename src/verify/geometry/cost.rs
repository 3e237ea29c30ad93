//! Which way a layer is computed, and the memory that it takes.

use super::{Geometry, at, wide};
use crate::verify::array::numel;

/// How the engine computes a layer; the names are those of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// candle's `conv1d`.
    Conv1d,
    /// candle's `conv2d`.
    Conv2d,
    /// candle's `conv_transpose1d`.
    ConvTranspose1d,
    /// candle's `conv_transpose2d`.
    ConvTranspose2d,
    /// One batched matrix product for each tap of the kernel, added up.
    Decomposed,
}

/// A depthwise layer with at most so many products for each filter is decomposed.
const MOST_SCATTERED: u128 = 1024;

impl Method {
    /// Its name in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Conv1d => "conv1d",
            Self::Conv2d => "conv2d",
            Self::ConvTranspose1d => "conv_transpose1d",
            Self::ConvTranspose2d => "conv_transpose2d",
            Self::Decomposed => "decomposed",
        }
    }
}

impl Geometry {
    /// candle's own operator where it can express the layer, else the decomposition: candle has one
    /// stride and one dilation for all axes, no third axis, and no groups of a transposed 2-D one. Small
    /// depthwise layers are decomposed because that is many times faster.
    #[must_use]
    pub fn method(&self) -> Method {
        let same = all_equal(self.strides.iter()) && self.dilation().is_some();
        match (self.transposed, self.strides.len()) {
            _ if !same => Method::Decomposed,
            (false, _) if self.is_scattered() => Method::Decomposed,
            (false, 1) => Method::Conv1d,
            (false, 2) => Method::Conv2d,
            (true, 1) => Method::ConvTranspose1d,
            (true, 2) if self.group == 1 => Method::ConvTranspose2d,
            _ => Method::Decomposed,
        }
    }

    /// Whether it falls into groups of one channel with so little work each that candle, which calls its
    /// operator once a group, spends its time between them: for 960 channels of 7×7 and a kernel of 3×3
    /// that took 22 ms, and the decomposition 2.
    fn is_scattered(&self) -> bool {
        let output = self.output().unwrap_or_default();
        let positions = product(output.get(2..).unwrap_or_default());
        let work = positions.saturating_mul(product(self.kernel()));
        self.group > 1 && self.group == at(&self.input, 1) && work <= MOST_SCATTERED
    }

    /// The one dilation of all axes; an axis with one tap has any.
    #[must_use]
    pub fn dilation(&self) -> Option<usize> {
        let pairs = self.kernel().iter().zip(&self.dilations);
        let mut real = pairs.filter(|it| *it.0 > 1).map(|it| it.1);
        let first = real.next().copied().unwrap_or(1);
        real.all(|it| *it == first).then_some(first)
    }

    /// Bytes that running it needs at most, elements of `element` bytes: input, weight and output with
    /// the copies that padding, layout and the bias make, and the engine's columns.
    #[must_use]
    pub fn bytes(&self, element: u64) -> Option<u128> {
        let output = self.output().ok()?;
        let positions = product(output.get(2..)?);
        let taps = product(self.kernel());
        let channels = wide(at(&self.input, 1)).unsigned_abs();
        let columns = match self.method() {
            Method::Conv1d => channels.checked_mul(taps)?.checked_mul(positions)?,
            Method::ConvTranspose1d => {
                let rows = product(self.spatial()).checked_mul(taps)?;
                rows.checked_mul(wide(at(&self.weight, 1)).unsigned_abs())?
            }
            _ => channels.checked_mul(positions)?,
        };
        let tensors = [self.padded(), product(&self.weight), self.whole(&output)];
        let tensors = tensors
            .iter()
            .try_fold(0u128, |sum, it| sum.checked_add(*it))?;
        let elements = tensors.checked_mul(3)?.checked_add(columns)?;
        elements.checked_mul(element.into())
    }

    /// Elements of the output, of a transposed one before anything is cropped.
    fn whole(&self, output: &[usize]) -> u128 {
        let spatial = self.spatial().iter().enumerate().map(|(axis, size)| {
            let full = (wide(*size) - 1).saturating_mul(wide(at(&self.strides, axis)));
            full.saturating_add(self.reach(axis)).unsigned_abs()
        });
        let full = spatial.fold(wide(self.filters()).unsigned_abs(), u128::saturating_mul);
        let full = if self.transposed { full } else { 0 };
        full.max(product(output))
    }

    /// Elements of the input with its padding, or with its zeros between.
    fn padded(&self) -> u128 {
        let stuffed = self.transposed && self.method() == Method::Decomposed;
        let axis = |(axis, size): (usize, &usize)| {
            let (begin, end) = self.pads.get(axis).copied().unwrap_or_default();
            let pads =
                u128::from(begin.max(0).unsigned_abs()) + u128::from(end.max(0).unsigned_abs());
            let size = wide(*size).unsigned_abs();
            let reach = self.reach(axis).unsigned_abs();
            let stride = wide(at(&self.strides, axis)).unsigned_abs();
            match (stuffed, self.transposed) {
                (true, _) => size
                    .saturating_mul(stride)
                    .saturating_add(reach.saturating_mul(2)),
                (false, true) => size,
                (false, false) => size.saturating_add(pads),
            }
        };
        let spatial = self.spatial().iter().enumerate().map(axis);
        let outer = product(self.input.get(..2).unwrap_or_default());
        spatial.fold(outer, u128::saturating_mul)
    }
}

fn product(sizes: &[usize]) -> u128 {
    numel(sizes).map_or(u128::MAX, |it| wide(it).unsigned_abs())
}

fn all_equal<T: PartialEq>(mut values: impl Iterator<Item = T>) -> bool {
    let first = values.next();
    values.all(|it| Some(it) == first)
}
