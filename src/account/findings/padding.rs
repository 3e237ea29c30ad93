//! Windows, and taps of windows, that meet nothing but padding.

use super::window::{Along, Window};

/// Kernels of more taps than this along an axis are not walked.
const MOST_WALKED: u64 = 1 << 14;

/// Windows that see only padding.
pub(super) fn windows(window: &Window<'_>) -> Option<String> {
    window.said(|along| {
        let (first, last) = outside(along)?;
        let which = match (first, last) {
            (0, 0) => return None,
            (first, 0) => format!("the first {first}"),
            (0, last) => format!("the last {last}"),
            (first, last) => format!("the first {first} and the last {last}"),
        };
        let (start, end) = along.axis.pads;
        Some(format!(
            ": {which} of {} windows see only padding (window {}, padding {start} and {end})",
            along.output,
            along.axis.reach()
        ))
    })
}

/// Windows before the first element of the input, and after the last one.
fn outside(along: &Along) -> Option<(i128, i128)> {
    let axis = along.axis;
    let (stride, windows) = (i128::from(axis.stride), i128::from(along.output));
    let start = i128::from(axis.pads.0);
    let before = start
        .checked_sub(i128::from(axis.reach()))?
        .checked_add(1)?;
    let first = div_ceil(before, stride).clamp(0, windows);
    let end = i128::from(along.input).checked_add(start)?;
    let past = div_ceil(end, stride).clamp(0, windows);
    Some((first, windows.checked_sub(past)?))
}

/// Taps that only ever meet padding, where the window reaches over more than the input has.
pub(super) fn taps(window: &Window<'_>) -> Option<String> {
    window.said(|along| {
        let met = met(along).filter(|met| !steps_over(along, *met))?;
        let (reach, kernel) = (along.axis.reach(), along.axis.kernel);
        let elements = match along.input {
            1 => "1 element".to_owned(),
            more => format!("{more} elements"),
        };
        let meet = if met == 1 { "meets" } else { "meet" };
        Some(format!(
            ": {elements} under a window that reaches over {reach}; {met} of its {kernel} taps ever {meet} input"
        ))
    })
}

/// A dilation that leaves one tap inside the input.
pub(super) fn dilation(window: &Window<'_>) -> Option<String> {
    window.said(|along| {
        met(along).filter(|met| steps_over(along, *met))?;
        Some(format!(
            ": dilation {1} steps over all {0} elements; 1 of {2} taps ever meets input",
            along.input, along.axis.dilation, along.axis.kernel
        ))
    })
}

fn steps_over(along: &Along, met: u64) -> bool {
    met == 1 && along.axis.dilation > 1
}

/// How many taps ever meet the input, where some do, some do not, and the window is why.
fn met(along: &Along) -> Option<u64> {
    let axis = along.axis;
    if axis.reach() <= along.input || axis.kernel > MOST_WALKED {
        return None;
    }
    let (stride, start) = (i128::from(axis.stride), i128::from(axis.pads.0));
    let windows = i128::from(along.output);
    let meets = |tap: &u64| {
        // In window `i` this tap reads element i·stride + shift.
        let shift = i128::from(*tap) * i128::from(axis.dilation) - start;
        let first = div_ceil(-shift, stride).max(0);
        let past = div_ceil(i128::from(along.input) - shift, stride).min(windows);
        first < past
    };
    let count = (0..axis.kernel).filter(meets).count();
    let count = u64::try_from(count).ok()?;
    (count > 0 && count < axis.kernel).then_some(count)
}

fn div_ceil(value: i128, by: i128) -> i128 {
    -((-value).div_euclid(by))
}
