//! What a convolution does to an input of given sizes.

use super::{Conv, channels_first};
use crate::op::ShapeError;
use crate::op::window::{self, AutoPad, Axis};
use crate::tensor::{Dim, Expr, Shape};

/// What a convolution does to an input of given sizes, all in N, C, spatial order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// `[N, C, d1, …, dn]`.
    pub input: Shape,
    /// `[N, M, o1, …, on]`.
    pub output: Shape,
    /// Padding as it is applied, starts then ends; `None` where `auto_pad` meets an open size.
    pub pads: Option<Vec<i64>>,
}

impl Conv {
    /// Output sizes and padding for an input, both as the operator lays them out (see `nhwc`), given
    /// back in N, C, spatial order.
    ///
    /// # Errors
    /// [`ShapeError`] where input, weight and attributes do not fit together.
    pub fn resolve(&self, input: &Shape, weight: &Shape) -> Result<Resolved, ShapeError> {
        if input.rank() != self.axes() + 2 {
            let expected = (self.axes() + 2).to_string();
            return Err(ShapeError::Rank {
                what: "input",
                expected,
                found: input.rank(),
            });
        }
        let input = if self.nhwc {
            channels_first(input)
        } else {
            input.clone()
        };
        let filters = self.channels(&input, weight)?;
        let mut output = vec![input.dim(0), filters];
        let (sizes, pads) = window::each_axis(&input, |at, size| self.along(at, size))?;
        output.extend(sizes);
        Ok(Resolved {
            input,
            output: Shape(output),
            pads,
        })
    }

    /// The filters `M`, once group, weight and input are seen to agree.
    fn channels(&self, input: &Shape, weight: &Shape) -> Result<Dim, ShapeError> {
        let (outer, inner) = (weight.dim(0), weight.dim(1));
        let group = self.group;
        let divide = |channels: u64, which| match channels % group {
            0 => Ok(()),
            _ => Err(ShapeError::GroupDoesNotDivide {
                group,
                channels,
                which,
            }),
        };
        let (channels, filters) = if self.operator.transposed {
            let filters = inner.known().and_then(|it| it.checked_mul(group));
            (outer.known(), filters.map_or(Dim::Unknown, Dim::Known))
        } else {
            if let Some(filters) = outer.known() {
                divide(filters, "filters")?;
            }
            (inner.known().and_then(|it| it.checked_mul(group)), outer)
        };
        if let Some(input) = input.dim(1).known() {
            divide(input, "input channels")?;
            match channels {
                Some(weight) if weight != input => {
                    return Err(ShapeError::Channels { weight, input });
                }
                _ => {}
            }
        } else if let Some(channels) = channels {
            divide(channels, "input channels")?;
        }
        Ok(filters)
    }

    /// Output size and padding along spatial axis `at`.
    fn along(&self, at: usize, input: &Dim) -> Result<(Dim, Option<(i64, i64)>), ShapeError> {
        let axis = self.axis(at, &self.pads);
        if self.operator.transposed {
            return self.transposed_along(at, axis, input);
        }
        let pads = match self.auto_pad {
            AutoPad::NotSet => Some(axis.pads),
            AutoPad::Valid => Some((0, 0)),
            AutoPad::SameUpper => axis.same_pads_of(input, false),
            AutoPad::SameLower => axis.same_pads_of(input, true),
        };
        let Some(pads) = pads else {
            return Ok((same_size(input, axis.stride), None));
        };
        let size = window::output_dim(Axis { pads, ..axis }, input, false)?;
        Ok((size, Some(pads)))
    }

    /// A transposed convolution undoes the shape of a convolution: stride·(input − 1) + output_padding
    /// + reach − padding, or the padding that gives the size it is told to give.
    fn transposed_along(
        &self,
        at: usize,
        axis: Axis,
        input: &Dim,
    ) -> Result<(Dim, Option<(i64, i64)>), ShapeError> {
        let extra = self.output_padding.get(at).copied().unwrap_or(0);
        let asked = self
            .output_shape
            .as_ref()
            .and_then(|it| it.get(at))
            .copied();
        let Dim::Known(size) = input else {
            return Ok(self.transposed_open(axis, extra, asked, input));
        };
        // The output before any padding is cropped.
        let moved = i128::from(size.saturating_sub(1)).checked_mul(i128::from(axis.stride));
        let kept = i128::from(extra) + i128::from(axis.reach());
        let full = moved
            .and_then(|it| it.checked_add(kept))
            .ok_or(ShapeError::Overflow {
                what: "output size",
            })?;
        let same = matches!(self.auto_pad, AutoPad::SameUpper | AutoPad::SameLower);
        let wanted = match asked {
            Some(asked) => Some(i128::from(asked)),
            None if same => i128::from(*size).checked_mul(i128::from(axis.stride)),
            None => None,
        };
        let pads = match wanted {
            None if self.auto_pad == AutoPad::Valid => (0, 0),
            None => axis.pads,
            Some(wanted) => {
                let total = full - wanted;
                // SAME never grows an output that a small kernel leaves short.
                let total = if asked.is_none() { total.max(0) } else { total };
                let total =
                    i64::try_from(total).map_err(|_| ShapeError::Overflow { what: "padding" })?;
                let half = total.div_euclid(2);
                if self.auto_pad == AutoPad::SameUpper {
                    (half, total - half)
                } else {
                    (total - half, half)
                }
            }
        };
        let output = full - i128::from(pads.0) - i128::from(pads.1);
        let output = u64::try_from(output).ok().filter(|it| *it > 0);
        let output = output.ok_or(ShapeError::KernelExceedsInput {
            reach: axis.reach(),
            padded: full,
        })?;
        Ok((Dim::Known(output), Some(pads)))
    }

    fn transposed_open(
        &self,
        axis: Axis,
        extra: u64,
        asked: Option<u64>,
        input: &Dim,
    ) -> (Dim, Option<(i64, i64)>) {
        if let Some(asked) = asked {
            return (Dim::Known(asked), None);
        }
        let pads = match self.auto_pad {
            AutoPad::NotSet => axis.pads,
            AutoPad::Valid => (0, 0),
            _ => return (Dim::Unknown, None),
        };
        let Dim::Symbolic(expr) = input else {
            return (Dim::Unknown, Some(pads));
        };
        let constant = i128::from(extra) + i128::from(axis.reach())
            - i128::from(axis.stride)
            - i128::from(pads.0)
            - i128::from(pads.1);
        let size = || {
            let stride = Expr::number(i64::try_from(axis.stride).ok()?);
            expr.mul(&stride)?
                .add(&Expr::number(i64::try_from(constant).ok()?))
        };
        (size().map_or(Dim::Unknown, Dim::Symbolic), Some(pads))
    }
}

/// ⌈input / stride⌉ of an open size.
pub(in crate::op) fn same_size(input: &Dim, stride: u64) -> Dim {
    let Dim::Symbolic(expr) = input else {
        return Dim::Unknown;
    };
    let size = || {
        let stride = i64::try_from(stride).ok()?;
        expr.add(&Expr::number(stride - 1))?.floor_div(stride)
    };
    size().map_or(Dim::Unknown, Dim::Symbolic)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::conv::find;
    use crate::op::{Attr, Attrs, ONNX};

    fn conv(op_type: &str, attrs: &[(&str, Attr)], weight: &[u64]) -> Result<Conv, ShapeError> {
        let attrs = Attrs(
            attrs
                .iter()
                .map(|(name, attr)| ((*name).to_owned(), attr.clone()))
                .collect(),
        );
        Conv::read(
            find(ONNX, op_type).unwrap(),
            &attrs,
            &Shape::known(weight),
            None,
        )
    }

    fn output(
        op_type: &str,
        attrs: &[(&str, Attr)],
        weight: &[u64],
        input: &[u64],
    ) -> Result<Vec<u64>, ShapeError> {
        let resolved =
            conv(op_type, attrs, weight)?.resolve(&Shape::known(input), &Shape::known(weight))?;
        Ok(resolved.output.sizes().unwrap())
    }

    fn ints(values: &[i64]) -> Attr {
        Attr::Ints(values.to_vec())
    }

    #[test]
    fn alexnet_conv1_gives_55_by_55() {
        // (227 − 11) / 4 + 1 = 55
        let got = output(
            "Conv",
            &[("strides", ints(&[4, 4]))],
            &[96, 3, 11, 11],
            &[1, 3, 227, 227],
        );
        assert_eq!(got, Ok(vec![1, 96, 55, 55]));
    }

    #[test]
    fn transposed_sizes_agree_with_onnx_runtime() {
        // ONNX Runtime 1.32: in 9, kernel 1, stride 3, SAME gives 25, not 27.
        let same = ("auto_pad", Attr::String("SAME_UPPER".to_owned()));
        let got = output(
            "ConvTranspose",
            &[("strides", ints(&[3])), same],
            &[1, 1, 1],
            &[1, 1, 9],
        );
        assert_eq!(got, Ok(vec![1, 1, 25]));
        // PyTorch's ConvTranspose2d(3, 4, 3, stride=2, padding=1, output_padding=1) doubles 8 to 16.
        let attrs = [
            ("strides", ints(&[2, 2])),
            ("pads", ints(&[1; 4])),
            ("output_padding", ints(&[1, 1])),
        ];
        assert_eq!(
            output("ConvTranspose", &attrs, &[3, 4, 3, 3], &[1, 3, 8, 8]),
            Ok(vec![1, 4, 16, 16])
        );
    }

    #[test]
    fn what_does_not_fit_names_both_numbers() {
        let cases = [
            (
                vec![("group", Attr::Int(0))],
                "group is 0, must be at least 1",
            ),
            (
                vec![("group", Attr::Int(2))],
                "group 2 does not divide 3 input channels",
            ),
            (
                vec![("strides", ints(&[1]))],
                "strides has 1 value, needs 2",
            ),
            (
                vec![("strides", ints(&[0, 1]))],
                "strides is 0, must be at least 1",
            ),
            (
                vec![("pads", ints(&[-40; 4]))],
                "kernel reaches over 3 elements but the padded input has -48",
            ),
            (
                vec![("auto_pad", Attr::String("BANANA".to_owned()))],
                "auto_pad is \"BANANA\", must be one of NOTSET, SAME_UPPER, SAME_LOWER, VALID",
            ),
        ];
        for (attrs, expected) in cases {
            let error = output("Conv", &attrs, &[4, 3, 3, 3], &[1, 3, 32, 32]).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }
}
