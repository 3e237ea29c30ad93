//! How many windows have a tap at one element.

use crate::op::window::Axis;
use crate::units::common_divisor;

/// Windows with more taps along an axis than this are not looked at one tap after the other.
const MOST_TAPS: u64 = 1 << 14;

/// The most windows of an axis that have a tap at the same one of its `input` elements; `None` where a window
/// has too many taps to be looked at.
///
/// Window w has its tap t at w·stride + t·dilation − padding. Those at one element step together: each window
/// is dilation / g further and each tap stride / g earlier than the one before, g the greatest common divisor.
pub(super) fn most_windows(axis: Axis, input: u64, windows: u64) -> Option<u64> {
    if axis.kernel > MOST_TAPS || axis.stride == 0 || axis.dilation == 0 {
        return None;
    }
    let step = common_divisor(axis.stride, axis.dilation);
    let (further, earlier) = (axis.dilation / step, axis.stride / step);
    let by_windows = windows.checked_sub(1)? / further;
    let by_taps = axis.kernel.checked_sub(1)? / earlier;
    let exists = |more: u64| {
        let last = windows - 1 - more * further;
        (more * earlier..axis.kernel).any(|tap| starts_inside(axis, input, tap, last))
    };
    // As many as fit need not be as many as lie inside the input; fewer do wherever more do.
    let (mut most, mut above) = (0, by_windows.min(by_taps) + 1);
    if !exists(0) {
        return Some(0);
    }
    while most + 1 < above {
        let middle = most + (above - most) / 2;
        if exists(middle) {
            most = middle;
        } else {
            above = middle;
        }
    }
    Some(most + 1)
}

/// Whether one of the windows up to `last` has this tap inside the input.
fn starts_inside(axis: Axis, input: u64, tap: u64, last: u64) -> bool {
    let stride = i128::from(axis.stride);
    let shift = i128::from(tap) * i128::from(axis.dilation) - i128::from(axis.pads.0);
    let first = -shift.div_euclid(stride);
    let until = (i128::from(input) - 1 - shift).div_euclid(stride);
    first.max(0) <= until.min(i128::from(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every element's windows counted one by one.
    fn counted(axis: Axis, input: i64, windows: u64) -> u64 {
        let seen = |at: i64| {
            let taps = (0..windows).flat_map(|window| {
                (0..axis.kernel).map(move |tap| window * axis.stride + tap * axis.dilation)
            });
            let here = taps.filter(|it| i64::try_from(*it).unwrap() - axis.pads.0 == at);
            u64::try_from(here.count()).unwrap()
        };
        (0..input).map(seen).max().unwrap()
    }

    #[test]
    fn the_most_windows_of_an_element_agree_with_counting_each() {
        let mut cases = 0;
        for kernel in 1..6 {
            for stride in 1..5 {
                for dilation in 1..5 {
                    for pads in [(0, 0), (1, 1), (2, 0), (0, 3), (-1, 0), (-2, -1)] {
                        let axis = Axis {
                            kernel,
                            stride,
                            dilation,
                            pads,
                        };
                        for input in 1..24 {
                            let Ok(windows) = axis.output_size(input) else {
                                continue;
                            };
                            let expected = counted(axis, i64::try_from(input).unwrap(), windows);
                            let got = most_windows(axis, input, windows);
                            assert_eq!(got, Some(expected), "{axis:?} on {input}");
                            cases += 1;
                        }
                    }
                }
            }
        }
        assert!(cases > 5000, "{cases}");
    }

    #[test]
    fn hostile_windows_take_no_time() {
        let axis = Axis {
            kernel: 1 << 14,
            stride: 1,
            dilation: u64::MAX,
            pads: (i64::MAX, i64::MAX),
        };
        assert!(most_windows(axis, u64::MAX, u64::MAX).is_some());
        let axis = Axis {
            kernel: u64::MAX,
            ..axis
        };
        assert_eq!(most_windows(axis, u64::MAX, u64::MAX), None);
    }
}
