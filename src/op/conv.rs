//! Convolutions: which operators are one, their attributes, their shape rule, their counts.

mod layout;
mod lists;
mod operators;
mod resolve;

use super::window::{AutoPad, Axis};
use super::{Attrs, ShapeError};
use crate::tensor::Shape;
pub use layout::{channels_first, channels_last};
pub(super) use lists::{exactly, list, positive_list, positives};
use lists::{kernel_shape, not_negative, positive};
pub use operators::{CONVS, ConvOperator, find};
pub use resolve::Resolved;
pub(super) use resolve::same_size;

/// A convolution's attributes under ONNX's names, read against the sizes of its weight.
///
/// Input `[N, C, d1, …, dn]`; weight `[M, C/group, k1, …, kn]`, of a transposed one `[C, M/group, k1, …, kn]`.
///
/// Source: <https://onnx.ai/onnx/operators/onnx__Conv.html>, `onnx__ConvTranspose.html`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conv {
    /// The operator.
    pub operator: &'static ConvOperator,
    /// Taps along each spatial axis; PyTorch's `kernel_size`. From the weight where the node leaves it out.
    pub kernel_shape: Vec<u64>,
    /// Elements between windows, for each spatial axis.
    pub strides: Vec<u64>,
    /// Elements between taps, for each spatial axis.
    pub dilations: Vec<u64>,
    /// Zeros around the input, every axis's start then every axis's end: `[top, left, bottom, right]`.
    /// As the node has them; [`Conv::resolve`] works out `auto_pad`.
    pub pads: Vec<i64>,
    /// Channel groups, PyTorch's `groups`; depthwise when it equals the input channels.
    pub group: u64,
    /// How padding is chosen.
    pub auto_pad: AutoPad,
    /// Elements added at the end of each spatial axis of a transposed convolution's output.
    pub output_padding: Vec<u64>,
    /// The spatial output sizes that a transposed convolution is told to give.
    pub output_shape: Option<Vec<u64>>,
    /// Whether input and output are `[N, d1, …, dn, C]`.
    pub nhwc: bool,
}

impl Conv {
    /// Reads a node's attributes; `weight` are the sizes of its weight, `dynamic_pads` the values of
    /// a pads input for the operator that has one.
    ///
    /// # Errors
    /// Whatever the attributes hold that no convolution can have.
    pub fn read(
        operator: &'static ConvOperator,
        attrs: &Attrs,
        weight: &Shape,
        dynamic_pads: Option<&[i64]>,
    ) -> Result<Self, ShapeError> {
        if weight.rank() < 3 {
            let expected = "3 or more".to_owned();
            return Err(ShapeError::Rank {
                what: "weight",
                expected,
                found: weight.rank(),
            });
        }
        let axes = weight.rank() - 2;
        let kernel_shape = kernel_shape(attrs, weight, axes)?;
        let pads = match dynamic_pads {
            Some(pads) => pads.to_vec(),
            None => list(attrs, "pads", 2 * axes, 0)?,
        };
        exactly("pads", 2 * axes, pads.len())?;
        let output_shape = match attrs.ints("output_shape")? {
            Some(sizes) if operator.transposed && !sizes.is_empty() => {
                // Only the spatial sizes count; old exporters wrote N and C before them.
                let spatial = sizes
                    .get(sizes.len().saturating_sub(axes)..)
                    .unwrap_or(&sizes);
                exactly("output_shape", axes, spatial.len())?;
                Some(positive_list("output_shape", spatial)?)
            }
            _ => None,
        };
        let output_padding = list(attrs, "output_padding", axes, 0)?;
        exactly("output_padding", axes, output_padding.len())?;
        let output_padding = output_padding
            .iter()
            .map(|it| not_negative("output_padding", *it));
        Ok(Self {
            operator,
            kernel_shape,
            strides: positives(attrs, "strides", axes)?,
            dilations: positives(attrs, "dilations", axes)?,
            pads,
            group: positive("group", attrs.int_or("group", 1)?)?,
            auto_pad: AutoPad::read(attrs.string("auto_pad")?)?,
            output_padding: output_padding.collect::<Result<_, _>>()?,
            output_shape,
            nhwc: operator.nhwc || attrs.int_or("channels_last", 0)? == 1,
        })
    }

    /// How many spatial axes it has.
    #[must_use]
    pub fn axes(&self) -> usize {
        self.kernel_shape.len()
    }

    /// Axis `at` with the padding `pads`.
    #[must_use]
    pub fn axis(&self, at: usize, pads: &[i64]) -> Axis {
        let of = |list: &[u64]| list.get(at).copied().unwrap_or(1);
        let pad = |at: usize| pads.get(at).copied().unwrap_or(0);
        Axis {
            kernel: of(&self.kernel_shape),
            stride: of(&self.strides),
            dilation: of(&self.dilations),
            pads: (pad(at), pad(at + self.axes())),
        }
    }
}
