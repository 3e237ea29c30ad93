//! Windows sliding along one axis: what convolutions and pools share.

mod inside;

use super::ShapeError;
use crate::tensor::{Dim, Expr, Shape};

/// One spatial axis of a window operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Taps of the kernel.
    pub kernel: u64,
    /// Elements from one window to the next.
    pub stride: u64,
    /// Elements from one tap to the next.
    pub dilation: u64,
    /// Elements added before and after the input; negative ones crop.
    pub pads: (i64, i64),
}

/// ONNX's `auto_pad`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AutoPad {
    /// `pads` is used as it stands.
    #[default]
    NotSet,
    /// Output size ⌈input / stride⌉, the odd element of padding at the end.
    SameUpper,
    /// Output size ⌈input / stride⌉, the odd element of padding at the start.
    SameLower,
    /// No padding.
    Valid,
}

const AUTO_PADS: &[(&str, AutoPad)] = &[
    ("NOTSET", AutoPad::NotSet),
    ("SAME_UPPER", AutoPad::SameUpper),
    ("SAME_LOWER", AutoPad::SameLower),
    ("VALID", AutoPad::Valid),
];

impl AutoPad {
    /// Reads ONNX's spelling; an empty string is the default.
    ///
    /// # Errors
    /// [`ShapeError::AttributeValue`] for any other word.
    pub fn read(word: Option<&str>) -> Result<Self, ShapeError> {
        let word = word.filter(|it| !it.is_empty()).unwrap_or("NOTSET");
        let row = AUTO_PADS.iter().find(|(name, _)| *name == word);
        row.map(|(_, auto_pad)| *auto_pad)
            .ok_or_else(|| ShapeError::AttributeValue {
                name: "auto_pad",
                found: word.to_owned(),
                expected: "NOTSET, SAME_UPPER, SAME_LOWER, VALID",
            })
    }

    /// ONNX's spelling.
    #[must_use]
    pub fn name(self) -> &'static str {
        AUTO_PADS
            .iter()
            .find(|row| row.1 == self)
            .map_or("", |row| row.0)
    }
}

impl Axis {
    /// Elements from a window's first tap to its last.
    #[must_use]
    pub fn reach(self) -> u64 {
        self.dilation
            .saturating_mul(self.kernel.saturating_sub(1))
            .saturating_add(1)
    }

    /// Windows along an axis of `input` elements, rounded down as `Conv` rounds.
    ///
    /// # Errors
    /// [`ShapeError::KernelExceedsInput`] when not one window fits.
    ///
    /// Source: `H_out` in <https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html>
    pub fn output_size(self, input: u64) -> Result<u64, ShapeError> {
        let padded = self.padded(input);
        let slack = padded - i128::from(self.reach());
        let windows = if slack < 0 {
            None
        } else {
            u64::try_from(slack / i128::from(self.stride.max(1)) + 1).ok()
        };
        windows.ok_or(ShapeError::KernelExceedsInput {
            reach: self.reach(),
            padded,
        })
    }

    /// Windows rounded up, where the last one must start inside the input or its start padding.
    ///
    /// # Errors
    /// As [`Axis::output_size`].
    ///
    /// Source: `ceil_mode` in <https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html>
    pub fn output_size_ceil(self, input: u64) -> Result<u64, ShapeError> {
        let floor = self.output_size(input)?;
        let slack = self.padded(input) - i128::from(self.reach());
        let next = i128::from(floor) * i128::from(self.stride);
        let starts_inside = next < i128::from(input) + i128::from(self.pads.0);
        let left_over = slack % i128::from(self.stride.max(1)) != 0;
        Ok(if left_over && starts_inside {
            floor + 1
        } else {
            floor
        })
    }

    /// Elements of the input with its padding.
    fn padded(self, input: u64) -> i128 {
        i128::from(input) + i128::from(self.pads.0) + i128::from(self.pads.1)
    }

    /// What padding and kernel add to the input's size: the last window starts no later than at the sum.
    fn slack(self) -> i128 {
        i128::from(self.pads.0) + i128::from(self.pads.1) - i128::from(self.reach())
    }

    /// Elements that no window sees, at the end of the padded input of `input` elements.
    #[must_use]
    pub fn left_over(self, input: u64) -> u64 {
        let slack = self.padded(input) - i128::from(self.reach());
        u64::try_from(slack % i128::from(self.stride.max(1))).unwrap_or(0)
    }

    /// [`Axis::same_pads`] of a size that may be open: at a stride of 1 it is the same for every size.
    #[must_use]
    pub fn same_pads_of(self, input: &Dim, lower: bool) -> Option<(i64, i64)> {
        let any = (self.stride == 1).then_some(1);
        let input = input.known().or(any)?;
        Some(self.same_pads(input, lower))
    }

    /// The padding that gives ⌈input / stride⌉ windows.
    ///
    /// Source: `auto_pad` in <https://onnx.ai/onnx/operators/onnx__Conv.html>
    #[must_use]
    pub fn same_pads(self, input: u64, lower: bool) -> (i64, i64) {
        let windows = i128::from(input.div_ceil(self.stride.max(1)));
        let covered = (windows - 1) * i128::from(self.stride) + i128::from(self.reach());
        let need = i64::try_from((covered - i128::from(input)).max(0)).unwrap_or(i64::MAX);
        let (less, more) = (need / 2, need - need / 2);
        if lower { (more, less) } else { (less, more) }
    }
}

/// What the spatial axis at a place is called; `None` where there are more than three.
#[must_use]
pub fn axis_name(at: usize, axes: usize) -> Option<&'static str> {
    match (axes, at) {
        (1, _) => Some("length"),
        (2, 0) | (3, 1) => Some("height"),
        (2, 1) | (3, 2) => Some("width"),
        (3, 0) => Some("depth"),
        _ => None,
    }
}

/// An axis' output size, and its padding where that is known.
pub(super) type Along = (Dim, Option<(i64, i64)>);

/// The output sizes along every spatial axis of `[N, C, d1, …, dn]`, and the padding, every axis's start then
/// every axis's end, where that of each is known.
pub(super) fn each_axis(
    input: &Shape,
    along: impl Fn(usize, &Dim) -> Result<Along, ShapeError>,
) -> Result<(Vec<Dim>, Option<Vec<i64>>), ShapeError> {
    let spatial = input.0.iter().skip(2).enumerate();
    let axes: Vec<Along> = spatial
        .map(|(at, size)| along(at, size))
        .collect::<Result<_, _>>()?;
    let begins = axes.iter().map(|it| it.1.map(|pads| pads.0));
    let ends = axes.iter().map(|it| it.1.map(|pads| pads.1));
    let pads = begins.chain(ends).collect();
    Ok((axes.into_iter().map(|it| it.0).collect(), pads))
}

/// [`Axis::output_size`] of a size that may be a formula.
///
/// # Errors
/// As [`Axis::output_size`].
pub fn output_dim(axis: Axis, input: &Dim, ceil: bool) -> Result<Dim, ShapeError> {
    let expr = match input {
        Dim::Known(input) if ceil => return axis.output_size_ceil(*input).map(Dim::Known),
        Dim::Known(input) => return axis.output_size(*input).map(Dim::Known),
        Dim::Symbolic(expr) => expr,
        Dim::Unknown => return Ok(Dim::Unknown),
    };
    let size = if ceil {
        output_expr_ceil(axis, expr)
    } else {
        output_expr(axis, expr)
    };
    Ok(size.map_or(Dim::Unknown, Dim::Symbolic))
}

fn output_expr(axis: Axis, input: &Expr) -> Option<Expr> {
    floored(axis, input, axis.slack())?.add(&Expr::number(1))
}

/// Of windows rounded up, `⌊(slack + stride − 1) / stride⌋ + 1`, those that start inside the input or its
/// start padding, `⌊(input + begin + stride − 1) / stride⌋`: the smaller is the one of the smaller constant.
fn output_expr_ceil(axis: Axis, input: &Expr) -> Option<Expr> {
    let (begin, end) = axis.pads;
    if i128::from(end) >= i128::from(axis.reach()) {
        // Even the last window of those rounded down starts in the end padding, so none is added.
        return output_expr(axis, input);
    }
    let stride = i128::from(axis.stride);
    let up = axis.slack() + 2 * stride - 1;
    floored(axis, input, up.min(i128::from(begin) + stride - 1))
}

/// `⌊(input + constant) / stride⌋`
fn floored(axis: Axis, input: &Expr, constant: i128) -> Option<Expr> {
    let constant = Expr::number(i64::try_from(constant).ok()?);
    let stride = i64::try_from(axis.stride).ok()?;
    input.add(&constant)?.floor_div(stride)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(kernel: u64, stride: u64, pads: (i64, i64), dilation: u64) -> Axis {
        Axis {
            kernel,
            stride,
            dilation,
            pads,
        }
    }

    #[test]
    fn output_size_agrees_with_onnx() {
        // Case, input, axis, and what onnx 1.23.2's shape inference gives at opset 18.
        let cases = [
            ("resnet stem", 224, axis(7, 2, (3, 3), 1), 112),
            ("same size", 56, axis(3, 1, (1, 1), 1), 56),
            ("stride leaves a remainder", 5, axis(2, 2, (0, 0), 1), 2),
            ("dilated to the edge", 7, axis(3, 1, (0, 0), 3), 1),
            ("padded at the end only", 4, axis(3, 1, (0, 1), 1), 3),
        ];
        for (case, input, axis, expected) in cases {
            assert_eq!(axis.output_size(input), Ok(expected), "{case}");
        }
    }

    #[test]
    fn rounding_up_agrees_with_pytorch() {
        // torch 2.15 max_pool: input 32, kernel 1, stride 2 gives 16; 9/4/4 with pads 2 gives 3;
        // AlexNet's 55/3/2 gives 27; SqueezeNet's 112/3/2 gives 56.
        let cases = [
            (32, axis(1, 2, (0, 0), 1), 16),
            (9, axis(4, 4, (2, 2), 1), 3),
            (55, axis(3, 2, (0, 0), 1), 27),
            (112, axis(3, 2, (0, 0), 1), 56),
        ];
        for (input, axis, expected) in cases {
            assert_eq!(
                axis.output_size_ceil(input),
                Ok(expected),
                "{input} {axis:?}"
            );
        }
    }

    #[test]
    fn open_sizes_are_rounded_as_known_ones() {
        for kernel in 1..5 {
            for (stride, dilation, begin, end) in [
                (1, 1, 0, 0),
                (2, 1, 0, 1),
                (3, 1, 2, 2),
                (2, 2, 1, 5),
                (4, 1, -1, 3),
                (5, 1, 0, 0),
            ] {
                let axis = axis(kernel, stride, (begin, end), dilation);
                for ceil in [false, true] {
                    let form = output_dim(axis, &Dim::Symbolic(Expr::name("n")), ceil);
                    let Ok(Dim::Symbolic(form)) = form else {
                        panic!("{axis:?} has no form");
                    };
                    for input in 1..30 {
                        let Ok(Dim::Known(size)) = output_dim(axis, &Dim::Known(input), ceil)
                        else {
                            continue;
                        };
                        let size = i64::try_from(size).ok();
                        let got = form.at(&|_| i64::try_from(input).ok());
                        assert_eq!(got, size, "{form} at {input}, {axis:?}, ceil {ceil}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_kernel_that_does_not_fit_is_an_error() {
        let expected = ShapeError::KernelExceedsInput {
            reach: 3,
            padded: 2,
        };
        assert_eq!(axis(3, 1, (0, 0), 1).output_size(2), Err(expected));
        let expected = ShapeError::KernelExceedsInput {
            reach: 3,
            padded: -48,
        };
        assert_eq!(axis(3, 1, (-40, -40), 1).output_size(32), Err(expected));
    }
}
