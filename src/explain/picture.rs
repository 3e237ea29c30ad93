//! How the windows lie along each axis: what a drawing needs to know.

use serde::Serialize;

use super::said::axis_name;
use super::window::{self, Along};

/// Windows along one spatial axis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Strip {
    /// `height`, `width`, `depth` or `length`; several that are alike, joined by "and".
    pub axis: String,
    /// Elements that the windows lie on: of the input, of a transposed convolution of the output.
    pub size: u64,
    /// Elements before and after them that the windows reach too: padding, of a transposed convolution
    /// what is cropped. Negative ones crop.
    pub pads: (i64, i64),
    /// Taps of a window.
    pub kernel: u64,
    /// Elements from one window to the next.
    pub stride: u64,
    /// Elements from one tap to the next.
    pub dilation: u64,
    /// How many windows there are.
    pub windows: u64,
    /// Whether they write an output instead of reading an input.
    pub transposed: bool,
}

/// The strips of all axes, those that are alike once, or why there are none.
pub(super) fn of(along: &[Along], transposed: bool) -> (Vec<Strip>, Option<String>) {
    let Some(known) = window::known(along) else {
        return (vec![], Some(why_none(along)));
    };
    let mut out: Vec<Strip> = Vec::new();
    for (at, (axis, input, output)) in known.into_iter().enumerate() {
        let (size, windows) = if transposed {
            (output, input)
        } else {
            (input, output)
        };
        let name = axis_name(at, along.len());
        let strip = Strip {
            axis: name.to_owned(),
            size,
            pads: axis.pads,
            kernel: axis.kernel,
            stride: axis.stride,
            dilation: axis.dilation,
            windows,
            transposed,
        };
        let same = |it: &&mut Strip| {
            Strip {
                axis: String::new(),
                ..(*it).clone()
            } == Strip {
                axis: String::new(),
                ..strip.clone()
            }
        };
        match out.iter_mut().find(same) {
            Some(it) => {
                it.axis.push_str(" and ");
                it.axis.push_str(name);
            }
            None => out.push(strip),
        }
    }
    (out, None)
}

/// Along which axes sizes are open, or windows unknown.
fn why_none(along: &[Along]) -> String {
    let open = |it: &Along| it.input.known().is_none() || it.output.known().is_none();
    let axes = along.iter().enumerate().filter(|it| open(it.1));
    let names: Vec<&str> = axes.map(|it| axis_name(it.0, along.len())).collect();
    match names.as_slice() {
        [] => "how the windows move is not known".to_owned(),
        [one] => format!("the size along its {one} is open"),
        many => format!("the sizes along its {} are open", many.join(" and ")),
    }
}
