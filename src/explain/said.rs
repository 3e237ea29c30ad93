//! Windows and axes in words.

use super::window::{Alike, Rounding, Window};
use crate::op;

/// What an axis is called.
pub(super) fn axis_name(at: usize, axes: usize) -> &'static str {
    op::window::axis_name(at, axes).unwrap_or("axis")
}

/// What one element along an axis is called.
pub(super) fn element_name(axis: &str) -> &'static str {
    match axis {
        "height" => "row",
        "width" => "column",
        "depth" => "slice",
        _ => "element",
    }
}

pub(super) fn skipped(count: u64) -> String {
    if count == 1 {
        "1 element skipped".to_owned()
    } else {
        format!("{count} elements skipped")
    }
}

/// `11×11`, or `?` where it is not known.
pub(super) fn kernel_words(kernel: Option<&[u64]>) -> String {
    kernel.map_or("?".to_owned(), joined)
}

pub(super) fn joined<T: ToString>(values: &[T]) -> String {
    let words: Vec<String> = values.iter().map(T::to_string).collect();
    words.join("×")
}

/// `stride 4`, `padding 1`, …: what is not usual of a window, in words.
pub(super) fn window_words(window: &Window<'_>) -> Vec<String> {
    let list = |name: &str, values: Option<&[u64]>, usual: &str| match values {
        None => Some(format!("{name} unknown")),
        Some(values) if values.iter().all(|it| *it == 1) => {
            (!usual.is_empty()).then(|| usual.to_owned())
        }
        Some(values) => Some(format!("{name} {}", once(values))),
    };
    if window.strides.is_none() && window.pads.is_none() && window.dilations.is_none() {
        return vec!["stride, padding and dilation unknown".to_owned()];
    }
    let pads = window.pads.map_or("padding unknown".to_owned(), pads_words);
    let mut out = vec![];
    out.extend(list("stride", window.strides, "stride 1"));
    out.push(pads);
    out.extend(list("dilation", window.dilations, ""));
    out
}

fn pads_words(pads: &[i64]) -> String {
    let (starts, ends) = pads.split_at(pads.len() / 2);
    if pads.iter().all(|it| *it == 0) {
        "no padding".to_owned()
    } else if starts == ends {
        format!("padding {}", once(starts))
    } else {
        format!(
            "padding {} at the start, {} at the end",
            once(starts),
            once(ends)
        )
    }
}

/// Equal values are said once.
fn once<T: ToString + PartialEq>(values: &[T]) -> String {
    match values {
        [first, rest @ ..] if rest.iter().all(|it| it == first) => first.to_string(),
        _ => joined(values),
    }
}

/// Whether the last window ends where the input does.
pub(super) fn fit(it: &Alike<'_>, rounding: Rounding) -> Option<String> {
    let axis = it.along.axis()?;
    let over = axis.left_over(it.along.input.known()?);
    if axis.stride == 1 {
        return None;
    }
    if over == 0 {
        return Some(format!("exact: {} is left over", it.no_element()));
    }
    if rounding == Rounding::Up {
        let beyond = axis.stride.saturating_sub(over);
        return Some(format!(
            "rounded up: the last window reaches {} past the end",
            it.elements(beyond)
        ));
    }
    let end = u64::try_from(axis.pads.1).unwrap_or(0);
    let part = format!("the floor drops {over}/{}", axis.stride);
    Some(match over.checked_sub(end) {
        None | Some(0) => format!(
            "{part}: {} of padding that no window needs",
            it.elements(over)
        ),
        Some(real) => format!("{part}: {} that no window sees", it.elements(real)),
    })
}

/// Said where windows do not touch.
pub(super) fn apart(it: &Alike<'_>) -> Option<String> {
    let axis = it.along.axis()?;
    let gap = axis.stride.checked_sub(axis.reach()).filter(|it| *it > 0)?;
    let more_than_one = it.along.output.known()? > 1;
    let gap = it.elements(gap);
    more_than_one.then(|| {
        format!("the stride is larger than the window: {gap} between two windows are skipped")
    })
}
