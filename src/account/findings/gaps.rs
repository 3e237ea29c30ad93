//! Strides and dilations that pass over input everywhere.

use super::window::{Along, Window};

/// A window of several taps that moves further than it reaches.
pub(super) fn of_stride(window: &Window<'_>) -> Option<String> {
    window.said(|along| {
        let axis = along.axis;
        let unseen = axis.stride.checked_sub(axis.reach())?;
        (axis.kernel > 1 && unseen > 0 && along.output > 1).then(|| {
            format!(
                ": a window of {} that moves by {} sees none of {unseen} of every {} elements",
                axis.reach(),
                axis.stride,
                axis.stride
            )
        })
    })
}

/// A window of one tap that moves further than one element.
pub(super) fn of_one_tap(window: &Window<'_>) -> Option<String> {
    window.said(|along| {
        let axis = along.axis;
        (axis.kernel == 1 && axis.stride > 1 && along.output > 1)
            .then(|| format!(": one tap reads 1 of every {} elements", axis.stride))
    })
}

/// Taps and windows that step by multiples of one number, so that both miss the elements between.
pub(super) fn of_grid(window: &Window<'_>) -> Option<String> {
    window.said(|along| {
        let axis = along.axis;
        let step = common(axis.stride, axis.dilation);
        let joined = axis.stride <= axis.reach();
        (axis.kernel > 1 && step > 1 && joined && more_than_a_step(along, step)).then(|| {
            format!(
                ": stride {} and dilation {} both step by {step}, so 1 of every {step} elements is read",
                axis.stride, axis.dilation
            )
        })
    })
}

/// Whether the windows cover enough for an element to be missed between two that are read.
fn more_than_a_step(along: &Along, step: u64) -> bool {
    along.output > 1 && along.input > step
}

/// The greatest common divisor.
fn common(left: u64, right: u64) -> u64 {
    let (mut left, mut right) = (left, right);
    while let Some(rest) = left.checked_rem(right) {
        (left, right) = (right, rest);
    }
    left
}

#[cfg(test)]
mod tests {
    use super::common;

    #[test]
    fn the_greatest_common_divisor_is_the_textbook_one() {
        for (left, right, expected) in [(2, 4, 2), (3, 2, 1), (12, 18, 6), (7, 7, 7), (5, 0, 5)] {
            assert_eq!(common(left, right), expected, "{left} {right}");
        }
    }
}
