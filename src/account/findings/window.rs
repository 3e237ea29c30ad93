//! A layer's window along each spatial axis, as the rules look at it.

use crate::account::rows::{ConvLayer, PoolLayer};
use crate::op::window::{Axis, axis_name};
use crate::tensor::Shape;

/// A layer's window.
pub(super) struct Window<'a> {
    /// The layer's name.
    pub(super) layer: &'a str,
    /// The axes of which everything is known.
    pub(super) axes: Vec<Along>,
    /// Whether that is every axis.
    pub(super) complete: bool,
}

/// A window along one axis.
pub(super) struct Along {
    /// What the axis is called.
    pub(super) name: &'static str,
    /// The window.
    pub(super) axis: Axis,
    /// Elements of the input, without padding; at least 1.
    pub(super) input: u64,
    /// Windows; at least 1.
    pub(super) output: u64,
}

/// The lists that a window is made of, each by axis; `pads` starts, then ends.
struct Lists<'a> {
    kernel: &'a [u64],
    strides: &'a [u64],
    dilations: &'a [u64],
    pads: &'a [i64],
    input: &'a Shape,
    output: &'a Shape,
}

/// The lists of a row, where all of them are known.
macro_rules! lists {
    ($row:expr) => {
        Lists {
            kernel: $row.kernel_shape.as_ref()?,
            strides: $row.strides.as_ref()?,
            dilations: $row.dilations.as_ref()?,
            pads: $row.pads.as_ref()?,
            input: $row.input_shape.as_ref()?,
            output: $row.output_shape.as_ref()?,
        }
    };
}

impl<'a> Window<'a> {
    /// The window of a convolution that slides over its input.
    pub(super) fn of_conv(row: &'a ConvLayer) -> Option<Self> {
        Some(Self::new(&row.name, &lists!(row)))
    }

    /// The window of a pool that is not global.
    pub(super) fn of_pool(row: &'a PoolLayer) -> Option<Self> {
        if row.global {
            return None;
        }
        Some(Self::new(&row.name, &lists!(row)))
    }

    fn new(layer: &'a str, lists: &Lists<'_>) -> Self {
        let count = lists.kernel.len();
        let axes: Vec<Along> = (0..count).filter_map(|at| lists.along(at, count)).collect();
        Self {
            layer,
            complete: count > 0 && axes.len() == count,
            axes,
        }
    }

    /// What `of` says of the axes, those of which it says the same together: `height and width…`.
    pub(super) fn said(&self, of: impl Fn(&Along) -> Option<String>) -> Option<String> {
        let mut said: Vec<(Vec<&'static str>, String)> = Vec::new();
        for along in &self.axes {
            let Some(text) = of(along) else { continue };
            match said.iter_mut().find(|it| it.1 == text) {
                Some(same) => same.0.push(along.name),
                None => said.push((vec![along.name], text)),
            }
        }
        let lines = said
            .into_iter()
            .map(|(names, text)| format!("{}{text}", names.join(" and ")));
        let text = lines.collect::<Vec<_>>().join("; ");
        (!text.is_empty()).then_some(text)
    }
}

impl Lists<'_> {
    fn along(&self, at: usize, count: usize) -> Option<Along> {
        let dim = at.checked_add(2)?;
        let (input, output) = (self.input.dim(dim).known()?, self.output.dim(dim).known()?);
        let end = at.checked_add(count)?;
        let axis = Axis {
            kernel: *self.kernel.get(at)?,
            stride: *self.strides.get(at)?,
            dilation: *self.dilations.get(at)?,
            pads: (*self.pads.get(at)?, *self.pads.get(end)?),
        };
        let sound = input > 0 && output > 0 && axis.kernel > 0 && axis.stride > 0;
        sound.then_some(Along {
            name: axis_name(at, count).unwrap_or("an axis of"),
            axis,
            input,
            output,
        })
    }
}
