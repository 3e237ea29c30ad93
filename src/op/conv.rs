//! Convolutions: which operators are one, their attributes, their shape rule, their counts.

use super::window::{self, AutoPad, Axis};
use super::{Attrs, MICROSOFT, ONNX, ShapeError};
use crate::tensor::{Dim, Expr, Shape};

/// A convolution operator: where its weight and bias come in, and how its tensors lie.
#[derive(Debug, PartialEq, Eq)]
pub struct ConvOperator {
    /// Domain of its operator set.
    pub domain: &'static str,
    /// ONNX's `op_type`.
    pub op_type: &'static str,
    /// Whether every *input* position owns a kernel: PyTorch's `ConvTranspose`.
    pub transposed: bool,
    /// Place of the weight among the inputs.
    pub weight: usize,
    /// Place of the bias among the inputs, where the operator takes one.
    pub bias: Option<usize>,
    /// Whether it always works in N, spatial, C.
    pub nhwc: bool,
}

const fn row(
    domain: &'static str,
    op_type: &'static str,
    weight: usize,
    bias: Option<usize>,
) -> ConvOperator {
    ConvOperator {
        domain,
        op_type,
        transposed: false,
        weight,
        bias,
        nhwc: false,
    }
}

/// Every operator that counts as a convolution.
pub const CONVS: &[ConvOperator] = &[
    row(ONNX, "Conv", 1, Some(2)),
    ConvOperator {
        transposed: true,
        ..row(ONNX, "ConvTranspose", 1, Some(2))
    },
    row(ONNX, "ConvInteger", 1, None),
    row(ONNX, "QLinearConv", 3, Some(8)),
    row(ONNX, "DeformConv", 1, Some(3)),
    row(MICROSOFT, "FusedConv", 1, Some(2)),
    row(MICROSOFT, "QLinearConv", 3, Some(8)),
    ConvOperator {
        nhwc: true,
        ..row(MICROSOFT, "NhwcConv", 1, Some(2))
    },
    ConvOperator {
        nhwc: true,
        ..row(MICROSOFT, "NhwcFusedConv", 1, Some(2))
    },
    ConvOperator {
        transposed: true,
        ..row(MICROSOFT, "QLinearConvTranspose", 3, Some(8))
    },
    ConvOperator {
        transposed: true,
        ..row(MICROSOFT, "ConvTransposeWithDynamicPads", 1, Some(3))
    },
];

/// The convolution operator of this domain and name.
#[must_use]
pub fn find(domain: &str, op_type: &str) -> Option<&'static ConvOperator> {
    CONVS
        .iter()
        .find(|it| it.domain == domain && it.op_type == op_type)
}

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
        let output_padding = output_padding.iter().map(|it| u64::try_from(*it));
        Ok(Self {
            operator,
            kernel_shape,
            strides: positives(attrs, "strides", axes)?,
            dilations: positives(attrs, "dilations", axes)?,
            pads,
            group: positive("group", attrs.int_or("group", 1)?)?,
            auto_pad: AutoPad::read(attrs.string("auto_pad")?)?,
            output_padding: output_padding.collect::<Result<_, _>>().map_err(|_| {
                ShapeError::NotPositive {
                    name: "output_padding",
                    found: -1,
                }
            })?,
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
        let mut begins = Vec::new();
        let mut ends = Vec::new();
        for at in 0..self.axes() {
            let (size, pads) = self.along(at, &input.dim(at + 2))?;
            output.push(size);
            begins.push(pads.map(|it| it.0));
            ends.push(pads.map(|it| it.1));
        }
        let pads = begins.into_iter().chain(ends).collect();
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
        let pads = match (self.auto_pad, input) {
            (AutoPad::NotSet, _) => axis.pads,
            (AutoPad::Valid, _) => (0, 0),
            (AutoPad::SameUpper, Dim::Known(size)) => axis.same_pads(*size, false),
            (AutoPad::SameLower, Dim::Known(size)) => axis.same_pads(*size, true),
            (_, open) => return Ok((same_size(open, axis.stride), None)),
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
        let full = i128::from(size.saturating_sub(1)) * i128::from(axis.stride)
            + i128::from(extra)
            + i128::from(axis.reach());
        let same = matches!(self.auto_pad, AutoPad::SameUpper | AutoPad::SameLower);
        let wanted = match asked {
            Some(asked) => Some(i128::from(asked)),
            None if same => Some(i128::from(*size) * i128::from(axis.stride)),
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
pub(super) fn same_size(input: &Dim, stride: u64) -> Dim {
    let Dim::Symbolic(expr) = input else {
        return Dim::Unknown;
    };
    let size = || {
        let stride = i64::try_from(stride).ok()?;
        expr.add(&Expr::number(stride - 1))?.floor_div(stride)
    };
    size().map_or(Dim::Unknown, Dim::Symbolic)
}

fn kernel_shape(attrs: &Attrs, weight: &Shape, axes: usize) -> Result<Vec<u64>, ShapeError> {
    let spatial = weight.0.get(2..).unwrap_or_default();
    let from_weight: Option<Vec<u64>> = spatial.iter().map(Dim::known).collect();
    let given = attrs.ints("kernel_shape")?.filter(|it| !it.is_empty());
    let given = given
        .map(|it| positive_list("kernel_shape", &it))
        .transpose()?;
    match (given, from_weight) {
        (Some(given), Some(weight)) if given != weight => Err(ShapeError::Disagree {
            what: "kernel_shape and the weight's sizes",
            left: format!("{given:?}"),
            right: format!("{weight:?}"),
        }),
        (Some(given), _) => {
            exactly("kernel_shape", axes, given.len())?;
            Ok(given)
        }
        (None, Some(weight)) => {
            let zero = weight.contains(&0);
            if zero {
                Err(ShapeError::NotPositive {
                    name: "kernel_shape",
                    found: 0,
                })
            } else {
                Ok(weight)
            }
        }
        (None, None) => Err(ShapeError::AttributeMissing {
            name: "kernel_shape",
        }),
    }
}

/// The list `name`, one value an axis, each at least 1; ones where the node leaves it out.
pub(super) fn positives(
    attrs: &Attrs,
    name: &'static str,
    axes: usize,
) -> Result<Vec<u64>, ShapeError> {
    let values = list(attrs, name, axes, 1)?;
    exactly(name, axes, values.len())?;
    positive_list(name, &values)
}

/// The list `name`, or `count` times `default` where the node leaves it out or empty.
pub(super) fn list(
    attrs: &Attrs,
    name: &'static str,
    count: usize,
    default: i64,
) -> Result<Vec<i64>, ShapeError> {
    let given = attrs.ints(name)?.filter(|it| !it.is_empty());
    Ok(given.unwrap_or_else(|| vec![default; count]))
}

pub(super) fn positive_list(name: &'static str, values: &[i64]) -> Result<Vec<u64>, ShapeError> {
    values.iter().map(|it| positive(name, *it)).collect()
}

fn positive(name: &'static str, found: i64) -> Result<u64, ShapeError> {
    u64::try_from(found)
        .ok()
        .filter(|it| *it > 0)
        .ok_or(ShapeError::NotPositive { name, found })
}

pub(super) fn exactly(name: &'static str, expected: usize, found: usize) -> Result<(), ShapeError> {
    if expected == found {
        Ok(())
    } else {
        Err(ShapeError::Length {
            name,
            expected,
            found,
        })
    }
}

/// `[N, d1, …, dn, C]` as `[N, C, d1, …, dn]`.
#[must_use]
pub fn channels_first(shape: &Shape) -> Shape {
    let mut dims = shape.0.clone();
    if dims.len() > 2
        && let Some(channels) = dims.pop()
    {
        dims.insert(1, channels);
    }
    Shape(dims)
}

/// `[N, C, d1, …, dn]` as `[N, d1, …, dn, C]`.
#[must_use]
pub fn channels_last(shape: &Shape) -> Shape {
    let mut dims = shape.0.clone();
    if dims.len() > 2 {
        let channels = dims.remove(1);
        dims.push(channels);
    }
    Shape(dims)
}

#[cfg(test)]
mod tests {
    use super::super::Attr;
    use super::*;

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
                "strides has 1 values, needs 2",
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
