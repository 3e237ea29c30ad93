//! Of the taps of sliding windows, those that lie inside the input.

use super::{Axis, floored};
use crate::tensor::{Dim, Expr};

/// Axes with more taps and more windows than this are not walked.
const MOST_WALKED: u64 = 1 << 14;
/// Nor are more taps than this, where sizes are open.
const MOST_OPEN: u64 = 128;

impl Axis {
    /// Of all taps of all windows, those that lie inside the input; `None` where kernel and
    /// windows are both too many to walk.
    #[must_use]
    pub fn taps_inside(self, input: u64, windows: u64) -> Option<u128> {
        let by_tap = ((self.kernel, self.dilation), (windows, self.stride));
        let ((few, step), (many, other)) = if self.kernel <= windows {
            by_tap
        } else {
            (by_tap.1, by_tap.0)
        };
        if few > MOST_WALKED {
            return None;
        }
        let (input, other) = (i128::from(input), i128::from(other.max(1)));
        let inside = |at: u64| {
            // Step `j` of the other kind reads element at·step + j·other − begin.
            let shift = i128::from(at) * i128::from(step) - i128::from(self.pads.0);
            let first = div_ceil(-shift, other).max(0);
            let past = div_ceil(input - shift, other).min(i128::from(many));
            u128::try_from(past - first).unwrap_or(0)
        };
        Some((0..few).map(inside).sum())
    }

    /// The same of sizes that may be formulas. One window at least is taken to fit; `None` too where the
    /// formula grows too long.
    #[must_use]
    pub fn taps_inside_open(self, input: &Dim, windows: &Dim) -> Option<Expr> {
        if let (Dim::Known(input), Dim::Known(windows)) = (input, windows) {
            let inside = self.taps_inside(*input, *windows)?;
            return Some(Expr::number(i64::try_from(inside).ok()?));
        }
        if self.kernel > MOST_OPEN {
            return None;
        }
        let (input, windows) = (open(input)?, open(windows)?);
        let along = Along::of(self, &input, &windows)?;
        let mut taps = 0..self.kernel;
        taps.try_fold(Expr::number(0), |sum, tap| {
            sum.add(&along.inside(i128::from(tap))?)
        })
    }
}

/// An axis whose windows slide over open sizes.
struct Along<'a> {
    axis: Axis,
    input: &'a Expr,
    windows: &'a Expr,
    /// Whether there are as many windows as fit.
    fitting: bool,
}

impl<'a> Along<'a> {
    fn of(axis: Axis, input: &'a Expr, windows: &'a Expr) -> Option<Self> {
        let stride = i128::from(axis.stride);
        let fit = floored(axis, input, axis.slack() + stride)?;
        Some(Self {
            axis,
            input,
            windows,
            fitting: fit.same_as(windows),
        })
    }

    /// Windows whose tap number `tap` lies inside: those from the first past the start padding to the last
    /// before the end padding.
    fn inside(&self, tap: i128) -> Option<Expr> {
        let stride = i128::from(self.axis.stride.max(1));
        let shift = tap.checked_mul(i128::from(self.axis.dilation))?;
        let shift = shift - i128::from(self.axis.pads.0);
        let first = div_ceil(-shift, stride).max(0);
        // ⌈(input − shift) / stride⌉ windows start before the tap leaves the input.
        let past = stride - 1 - shift;
        let (last, least) = self.last(past, stride)?;
        let inside = last.sub(&Expr::number(i64::try_from(first).ok()?))?;
        let inside = inside.settled()?;
        if least.is_some_and(|it| it >= first) {
            Some(inside)
        } else {
            inside.positive()
        }
    }

    /// How many windows there are up to the last that starts before `⌊(input + past) / stride⌋`, and what that
    /// is at least, where it is seen.
    fn last(&self, past: i128, stride: i128) -> Option<(Expr, Option<i128>)> {
        if self.fitting {
            // Of two quotients of one size the smaller is the one of the smaller constant.
            let past = past.min(self.axis.slack() + stride);
            // One window fits, so the input is no smaller than what it needs.
            let input = (-self.axis.slack()).max(1);
            let least = (input + past).div_euclid(stride);
            return Some((floored(self.axis, self.input, past)?, Some(least)));
        }
        let past = floored(self.axis, self.input, past)?;
        let more = past.settled()?.sub(&self.windows.settled()?)?;
        let Some(more) = more.as_number() else {
            return Some((past.smaller(self.windows)?, None));
        };
        // As of a transposed convolution, whose output grows with its input: there is one window at least.
        let more = more.min(0);
        let last = self.windows.add(&Expr::number(more))?;
        Some((last, Some(i128::from(more) + 1)))
    }
}

fn open(dim: &Dim) -> Option<Expr> {
    match dim {
        Dim::Known(size) => Some(Expr::number(i64::try_from(*size).ok()?)),
        Dim::Symbolic(expr) => Some(expr.clone()),
        Dim::Unknown => None,
    }
}

fn div_ceil(value: i128, by: i128) -> i128 {
    -((-value).div_euclid(by))
}

#[cfg(test)]
mod tests {
    use super::super::output_dim;
    use super::*;

    /// Kernel, stride, dilation, padding before and after.
    type Case = (u64, u64, u64, i64, i64);

    const CASES: &[Case] = &[
        (3, 1, 1, 1, 1),
        (3, 2, 1, 1, 1),
        (3, 2, 1, 0, 1),
        (7, 2, 1, 3, 3),
        (5, 1, 1, 2, 2),
        (11, 4, 1, 2, 2),
        (3, 1, 2, 2, 2),
        (3, 3, 2, -1, 3),
        (1, 1, 1, 2, 0),
        (2, 3, 1, 4, 4),
        (3, 1, 6, 6, 6),
    ];

    fn axis((kernel, stride, dilation, begin, end): Case) -> Axis {
        Axis {
            kernel,
            stride,
            dilation,
            pads: (begin, end),
        }
    }

    /// Counts each tap of each window.
    fn counted(axis: Axis, input: u64, windows: u64) -> u128 {
        let mut inside = 0;
        for window in 0..windows {
            for tap in 0..axis.kernel {
                let at = i64::try_from(window * axis.stride + tap * axis.dilation).unwrap();
                let at = at - axis.pads.0;
                inside += u128::from((0..i64::try_from(input).unwrap()).contains(&at));
            }
        }
        inside
    }

    fn at(form: &Expr, size: u64) -> Option<u128> {
        let size = i64::try_from(size).ok();
        form.at(&|_| size).and_then(|it| u128::try_from(it).ok())
    }

    #[test]
    fn taps_inside_agree_with_counting_each() {
        let size = Expr::name("h");
        for axis in CASES.iter().copied().map(axis) {
            let open = Dim::Symbolic(size.clone());
            let windows = output_dim(axis, &open, false).unwrap();
            let form = axis.taps_inside_open(&open, &windows).unwrap();
            for input in 1..40 {
                let Ok(windows) = axis.output_size(input) else {
                    continue;
                };
                let expected = Some(counted(axis, input, windows));
                assert_eq!(
                    axis.taps_inside(input, windows),
                    expected,
                    "{input} {axis:?}"
                );
                assert_eq!(at(&form, input), expected, "{form} at {input}, {axis:?}");
            }
        }
    }

    #[test]
    fn taps_of_a_transposed_convolution_fall_on_its_output() {
        let size = Expr::name("h");
        for axis in CASES.iter().copied().map(axis) {
            let stride = i64::try_from(axis.stride).unwrap();
            // (h − 1)·stride + reach − pads
            let more = i64::try_from(axis.reach()).unwrap() - stride - axis.pads.0 - axis.pads.1;
            let output = size.mul(&Expr::number(stride)).unwrap();
            let output = output.add(&Expr::number(more)).unwrap();
            let dims = [output.clone(), size.clone()].map(Dim::Symbolic);
            let form = axis.taps_inside_open(&dims[0], &dims[1]).unwrap();
            for input in 1..30 {
                let Some(output) = at(&output, input).filter(|it| *it > 0) else {
                    continue;
                };
                let output = u64::try_from(output).unwrap();
                let expected = Some(counted(axis, output, input));
                assert_eq!(at(&form, input), expected, "{form} at {input}, {axis:?}");
            }
        }
    }

    #[test]
    fn the_forms_are_short() {
        let text = |case: Case| {
            let open = Dim::Symbolic(Expr::name("h"));
            let windows = output_dim(axis(case), &open, false).unwrap();
            let form = axis(case).taps_inside_open(&open, &windows).unwrap();
            form.to_string()
        };
        // The middle tap of every window, the outer ones of all but one.
        assert_eq!(text((3, 1, 1, 1, 1)), "3 * h - 2");
        // At h = 1 the outermost taps of one window would be −1.
        assert_eq!(text((5, 1, 1, 2, 2)), "3 * h + 2 * max(0, h - 2) - 2");
        assert_eq!(
            text((3, 2, 1, 1, 1)),
            "2 * floor((h + 1) / 2) + floor(h / 2) - 1"
        );
    }

    #[test]
    fn a_kernel_of_many_taps_is_not_walked() {
        let open = Dim::Symbolic(Expr::name("h"));
        let axis = axis((u64::MAX, 1, 1, 1, 1));
        assert_eq!(axis.taps_inside_open(&open, &open), None);
    }
}
