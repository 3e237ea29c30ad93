//! Strides that leave real input over at the end, which no window sees.

use super::window::{Along, Window};
use crate::op::window::Axis;

/// Fires where a stride leaves real input, not only padding, that no window sees.
///
/// A kernel smaller than its stride skips input everywhere on purpose, so it never fires there.
pub(super) fn left_over(window: &Window<'_>) -> Option<String> {
    window.said(of_axis)
}

/// What is said of an axis where real input is left over.
fn of_axis(along: &Along) -> Option<String> {
    let (axis, size) = (along.axis, along.input);
    // Where sizes round up, or are stated by somebody, there may be more windows than fit.
    if axis.output_size(size).ok() != Some(along.output) {
        return None;
    }
    let over = axis.left_over(size);
    let end = u64::try_from(axis.pads.1).unwrap_or(0);
    if over <= end || axis.reach() < axis.stride {
        return None;
    }
    let real = over.checked_sub(end)?.min(size);
    let larger = size.checked_add(axis.stride.checked_sub(over)?)?;
    let fit = match size.checked_sub(over) {
        Some(smaller) if axis.output_size(smaller).is_ok() => {
            format!("the nearest sizes that fit are {smaller} and {larger}")
        }
        _ => format!("the nearest size that fits is {larger}"),
    };
    let elements = if real == 1 {
        "element that no window sees"
    } else {
        "elements that no window sees"
    };
    Some(format!(
        " {size}{} leaves {real} {elements} (window {}, stride {}); {fit}",
        padded(axis),
        axis.reach(),
        axis.stride,
    ))
}

fn padded(axis: Axis) -> String {
    match axis.pads {
        (0, 0) => String::new(),
        (start, end) => format!(" with padding {start} and {end}"),
    }
}
