//! A window in few characters.

use super::cell::{UNKNOWN, joined};
use super::rows::{conv, pool};
use crate::account::Layer;

/// Kernel, strides, pads and dilations of a convolution or pool.
#[derive(Clone, Copy, Default)]
pub(super) struct Window<'a> {
    pub(super) kernel: Option<&'a [u64]>,
    pub(super) strides: Option<&'a [u64]>,
    pub(super) pads: Option<&'a [i64]>,
    pub(super) dilations: Option<&'a [u64]>,
}

macro_rules! window {
    ($row:expr) => {
        Window {
            kernel: $row.kernel_shape.as_deref(),
            strides: $row.strides.as_deref(),
            pads: $row.pads.as_deref(),
            dilations: $row.dilations.as_deref(),
        }
    };
}

impl Window<'_> {
    pub(super) fn of(layer: &Layer) -> Window<'_> {
        match layer {
            Layer::Conv(row) => window!(row),
            Layer::Pool(row) => window!(row),
            _ => Window::default(),
        }
    }
}

/// The window in few characters, leaving out what is usual: `11×11 /4 p2 d2`.
pub(super) fn window(layer: &Layer) -> String {
    let it = Window::of(layer);
    let mut parts = match layer {
        Layer::Pool(row) if row.global => return "global".to_owned(),
        Layer::Conv(_) | Layer::Pool(_) => {
            vec![it.kernel.map_or(UNKNOWN.to_owned(), |it| joined(it, "×"))]
        }
        _ => return String::new(),
    };
    if let (None, None, None) = (it.strides, it.pads, it.dilations)
        && it.kernel.is_some()
    {
        // The tensors of a file without a graph tell the kernel and no more.
        return parts.concat();
    }
    parts.extend(unusual("/", it.strides));
    parts.push(
        match (it.pads, conv(layer).map(|row| row.auto_pad.as_str())) {
            (Some(pads), _) => padding(pads),
            (None, Some("SAME_UPPER" | "SAME_LOWER")) => "same".to_owned(),
            (None, _) => format!("p{UNKNOWN}"),
        },
    );
    parts.extend(unusual("d", it.dilations));
    if pool(layer).is_some_and(|it| it.ceil_mode) {
        parts.push("ceil".to_owned());
    }
    parts.retain(|it| !it.is_empty());
    parts.join(" ")
}

/// A list of ones says nothing; equal values are said once.
fn unusual(sign: &str, values: Option<&[u64]>) -> Option<String> {
    let Some(values) = values else {
        return Some(format!("{sign}{UNKNOWN}"));
    };
    let text = match values {
        [first, rest @ ..] if rest.iter().all(|it| it == first) => first.to_string(),
        _ => joined(values, "×"),
    };
    (text != "1" && !values.is_empty()).then(|| format!("{sign}{text}"))
}

/// `p2` all around, `p1×2` by axis, `p0:1` where start and end differ.
fn padding(pads: &[i64]) -> String {
    let (starts, ends) = pads.split_at(pads.len() / 2);
    let short = |values: &[i64]| match values {
        [first, rest @ ..] if rest.iter().all(|it| it == first) => first.to_string(),
        _ => joined(values, "×"),
    };
    if pads.iter().all(|it| *it == 0) {
        String::new()
    } else if starts == ends {
        format!("p{}", short(starts))
    } else {
        format!("p{}:{}", short(starts), short(ends))
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::conv as sample;
    use super::*;
    use crate::account::ConvLayer;

    type Change = fn(&mut ConvLayer);

    #[test]
    fn a_window_leaves_out_what_is_usual() {
        let cases: [(Change, &str); 8] = [
            (|_| {}, "3×3 p1"),
            (|it| it.pads = Some(vec![0; 4]), "3×3"),
            (|it| it.strides = Some(vec![2, 2]), "3×3 /2 p1"),
            (|it| it.strides = Some(vec![2, 1]), "3×3 /2×1 p1"),
            (|it| it.pads = Some(vec![1, 0, 1, 0]), "3×3 p1×0"),
            (|it| it.pads = Some(vec![0, 0, 1, 1]), "3×3 p0:1"),
            (|it| it.dilations = Some(vec![2, 2]), "3×3 p1 d2"),
            (
                |it| {
                    it.pads = None;
                    it.auto_pad = "SAME_UPPER".to_owned();
                },
                "3×3 same",
            ),
        ];
        for (change, expected) in cases {
            let mut layer = sample("a", (64, 56), (64, 56), [3, 1, 1, 1]);
            if let Layer::Conv(row) = &mut layer {
                change(row);
            }
            assert_eq!(window(&layer), expected);
        }
    }
}
