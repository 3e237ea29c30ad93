//! Spatial sizes along the way, as far as they are known, by the arithmetic of the operators.

use super::super::Pad;
use crate::op::ShapeError;
use crate::op::window::Axis;

/// A window over every spatial axis.
pub(super) struct Window {
    pub(super) kernel: Vec<u64>,
    pub(super) stride: Vec<u64>,
    pub(super) dilation: Vec<u64>,
    /// Every axis's start, then every axis's end.
    pub(super) pads: Vec<u64>,
}

impl Window {
    /// A window whose lists stand for `axes` axes each.
    ///
    /// # Errors
    /// A list of another length, or a zero where none can be.
    pub(super) fn new(
        name: &str,
        kernel: &[u64],
        stride: &[u64],
        dilation: &[u64],
        pad: &Pad,
    ) -> Result<Self, String> {
        let axes = kernel.len();
        let positive = |what: &str, list: Vec<u64>| {
            if list.contains(&0) {
                return Err(format!("{name}: {what} is 0, and must be at least 1"));
            }
            Ok(list)
        };
        let stride = positive("stride", spread(name, "stride", stride, axes)?)?;
        let dilation = positive("dilation", spread(name, "dilation", dilation, axes)?)?;
        let kernel = positive("kernel", kernel.to_vec())?;
        let pads = pads(name, pad, &kernel, &dilation)?;
        Ok(Self {
            kernel,
            stride,
            dilation,
            pads,
        })
    }

    fn axis(&self, at: usize) -> Axis {
        let of = |list: &[u64], at: usize, or: u64| list.get(at).copied().unwrap_or(or);
        let pad = |at: usize| i64::try_from(of(&self.pads, at, 0)).unwrap_or(i64::MAX);
        Axis {
            kernel: of(&self.kernel, at, 1),
            stride: of(&self.stride, at, 1),
            dilation: of(&self.dilation, at, 1),
            pads: (pad(at), pad(at.saturating_add(self.kernel.len()))),
        }
    }

    /// Output sizes of a window that slides over `input`.
    pub(super) fn slides(
        &self,
        name: &str,
        input: &[Option<u64>],
        ceil: bool,
    ) -> Result<Vec<Option<u64>>, String> {
        let along = |(at, size): (usize, &Option<u64>)| {
            let Some(size) = *size else { return Ok(None) };
            let axis = self.axis(at);
            let output = if ceil {
                axis.output_size_ceil(size)
            } else {
                axis.output_size(size)
            };
            output
                .map(Some)
                .map_err(|error| self.refusal(name, input, &error))
        };
        input.iter().enumerate().map(along).collect()
    }

    /// Output sizes of a transposed window over `input`; unknown where they would not be positive.
    pub(super) fn spreads(&self, input: &[Option<u64>]) -> Vec<Option<u64>> {
        let along = |(at, size): (usize, &Option<u64>)| {
            let axis = self.axis(at);
            let moved = size.as_ref()?.checked_sub(1)?.checked_mul(axis.stride)?;
            let full = i128::from(moved) + i128::from(axis.reach());
            u64::try_from(full - i128::from(axis.pads.0) - i128::from(axis.pads.1)).ok()
        };
        input.iter().enumerate().map(along).collect()
    }

    fn refusal(&self, name: &str, input: &[Option<u64>], error: &ShapeError) -> String {
        let known: Option<Vec<u64>> = input.iter().copied().collect();
        match known {
            Some(input) => format!(
                "{name}: a {} kernel does not fit a {} input",
                joined(&self.kernel),
                joined(&input)
            ),
            None => format!("{name}: {error}"),
        }
    }
}

/// `5x5`.
pub(super) fn joined(sizes: &[u64]) -> String {
    let sizes: Vec<String> = sizes.iter().map(u64::to_string).collect();
    sizes.join("x")
}

/// One value an axis.
pub(super) fn spread(
    name: &str,
    what: &str,
    list: &[u64],
    axes: usize,
) -> Result<Vec<u64>, String> {
    match list {
        [one] => Ok(vec![*one; axes]),
        list if list.len() == axes => Ok(list.to_vec()),
        list => Err(format!(
            "{name}: {what} has {} values, expected 1 or {axes}",
            list.len()
        )),
    }
}

fn pads(name: &str, pad: &Pad, kernel: &[u64], dilation: &[u64]) -> Result<Vec<u64>, String> {
    let axes = kernel.len();
    let one_side = match pad {
        Pad::Same => {
            let pairs = kernel.iter().zip(dilation);
            pairs
                .map(|(kernel, dilation)| (kernel / 2).saturating_mul(*dilation))
                .collect()
        }
        Pad::Zeros(list) if axes > 0 && list.len() == axes.saturating_mul(2) => {
            return Ok(list.clone());
        }
        Pad::Zeros(list) if list.len() == 1 || list.len() == axes => {
            spread(name, "pad", list, axes)?
        }
        Pad::Zeros(list) => {
            let twice = axes.saturating_mul(2);
            return Err(format!(
                "{name}: pad has {} values, expected 1, {axes} or {twice}",
                list.len()
            ));
        }
    };
    Ok(one_side.repeat(2))
}
