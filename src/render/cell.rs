//! What stands in one cell: exact for programs, short for the eye.

use super::column::Raw;
use super::rows::{conv, pool};
use super::text::{float_ratio, formula, printable, ratio, width};
use crate::account::{ConvLayer, Layer, ParamCounts};
use crate::tensor::{Dim, Shape};
use crate::units::{self, Params};

/// Stands where a row has no such value.
const NONE: &str = "–";
/// Stands where a value could not be told; the gaps say why.
const UNKNOWN: &str = "?";
/// A formula longer than this is left to the JSON document.
const LONGEST_SIZE: usize = 20;
const LONGEST_COUNT: usize = 36;

pub(super) fn word(text: &str) -> Raw {
    Raw::Text(text.to_owned())
}

pub(super) fn words(value: Option<impl ToString>) -> Raw {
    value.map_or(Raw::Nothing, |it| Raw::Text(it.to_string()))
}

pub(super) fn list(values: Option<&Vec<String>>) -> Raw {
    words(values.map(|it| it.join(", ")))
}

pub(super) fn number(value: Option<u128>) -> Raw {
    value.map_or(Raw::Nothing, Raw::Count)
}

/// `1x96x55x55`, as `--input` takes it.
pub(super) fn shape(shape: Option<&Shape>) -> Raw {
    let joined = |it: &Shape| it.0.iter().map(sized).collect::<Vec<_>>().join("x");
    words(shape.map(joined))
}

/// A size; brackets around a sum.
fn sized(dim: &Dim) -> String {
    match dim {
        Dim::Symbolic(expr) if !expr.is_one_term() => format!("({expr})"),
        other => other.to_string(),
    }
}

pub(super) fn sizes(values: Option<&[u64]>) -> Raw {
    words(values.map(|it| joined(it, "x")))
}

pub(super) fn pads(values: Option<&[i64]>) -> Raw {
    words(values.map(|it| joined(it, " ")))
}

fn joined<T: ToString>(values: &[T], separator: &str) -> String {
    let words: Vec<String> = values.iter().map(T::to_string).collect();
    words.join(separator)
}

/// An exact value made readable.
pub(super) fn plain(raw: &Raw) -> String {
    match raw {
        Raw::Nothing => String::new(),
        Raw::Text(text) => printable(text),
        Raw::Count(count) => units::counted(*count),
        Raw::Ratio(ratio) => float_ratio(*ratio),
    }
}

/// The operator, its groups, and its layout where that is not ONNX's: `Conv`, `Conv g2`, `Conv dw`.
pub(super) fn op(layer: &Layer) -> String {
    let op_type = super::rows::common(layer).op_type;
    // A global pool's window says that it is one.
    let short = match pool(layer) {
        Some(row) if row.global => op_type.replacen("Global", "", 1),
        _ => op_type.to_owned(),
    };
    let mut out = printable(&short);
    match conv(layer).map(|it| (it, it.group)) {
        Some((row, Some(_))) if is_depthwise(row) => out.push_str(" dw"),
        Some((_, Some(group))) if group > 1 => {
            out.push_str(" g");
            out.push_str(&group.to_string());
        }
        _ => {}
    }
    if layout(layer).is_some() && !out.starts_with("Nhwc") {
        out.push_str(" nhwc");
    }
    out
}

/// Whether each input channel is a group of its own.
fn is_depthwise(row: &ConvLayer) -> bool {
    let channels = row.input_shape.as_ref().map(|it| it.dim(1).known());
    row.group.is_some_and(|it| it > 1) && channels.flatten() == row.group
}

pub(super) fn layout(layer: &Layer) -> Option<&'static str> {
    match layer {
        Layer::Conv(row) => row.layout,
        Layer::Pool(row) => row.layout,
        _ => None,
    }
}

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

/// A shape for the eye; a long formula is left to the JSON document.
pub(super) fn shape_cell(shape: Option<&Shape>) -> String {
    shape.map_or(UNKNOWN.to_owned(), |it| sizes_cell(&it.0))
}

/// A shape without its batch, unless a batch other than 1 was given.
pub(super) fn sample_shape(shape: Option<&Shape>) -> String {
    match shape.map(|it| it.0.as_slice()) {
        None => UNKNOWN.to_owned(),
        Some([batch, rest @ ..]) if rest.len() > 1 && batch.known().is_none_or(|it| it == 1) => {
            sizes_cell(rest)
        }
        Some(dims) => sizes_cell(dims),
    }
}

fn sizes_cell(dims: &[Dim]) -> String {
    let size = |dim: &Dim| {
        let text = printable(&formula(&sized(dim)));
        if width(&text) > LONGEST_SIZE {
            "…".to_owned()
        } else {
            text
        }
    };
    dims.iter().map(size).collect::<Vec<_>>().join("×")
}

/// One of a convolution's counts: the number, its formula, or that it is unknown.
pub(super) fn counted(
    layer: &Layer,
    name: &'static str,
    count: fn(&ParamCounts) -> Option<Params>,
) -> String {
    let Some(row) = conv(layer) else {
        return NONE.to_owned();
    };
    match (count(&row.params), row.formulas.get(name)) {
        (Some(count), _) => count.to_string(),
        (None, Some(plain)) => short_formula(row, name, &formula(plain)),
        (None, None) => UNKNOWN.to_owned(),
    }
}

/// A formula that fits a cell. A convolution's unshared count is its shared one at every output
/// position, however long the formula of the positions is.
fn short_formula(row: &ConvLayer, name: &str, book: &str) -> String {
    let transposed = row.op_type.contains("Transpose");
    match row.params.shared {
        _ if width(book) <= LONGEST_COUNT => printable(book),
        Some(shared) if name == "unshared" && !transposed => {
            format!("{shared} × output positions")
        }
        _ => "…".to_owned(),
    }
}

pub(super) fn stored_raw(layer: &Layer) -> Raw {
    match layer {
        Layer::Conv(row) => number(row.params.stored.map(|it| it.0)),
        Layer::Pool(_) => Raw::Nothing,
        Layer::Linear(row) | Layer::Recurrent(row) | Layer::Other(row) => {
            number((row.params.0 > 0).then_some(row.params.0))
        }
    }
}

/// What is stored, or where the weight comes from instead.
pub(super) fn stored(layer: &Layer) -> String {
    match (stored_raw(layer), conv(layer)) {
        (Raw::Count(count), _) => units::counted(count),
        (_, Some(row)) if ["input", "computed"].contains(&row.weight_source.as_str()) => {
            row.weight_source.clone()
        }
        (_, Some(_)) => UNKNOWN.to_owned(),
        (_, None) => NONE.to_owned(),
    }
}

pub(super) fn factor_raw(layer: &Layer) -> Raw {
    let factor = conv(layer).and_then(|it| it.sharing_factor);
    factor.map_or(Raw::Nothing, Raw::Ratio)
}

/// unshared / shared of a convolution; of a pool nothing, since its ratio counts activations.
pub(super) fn factor(layer: &Layer) -> String {
    let Some(row) = conv(layer) else {
        return String::new();
    };
    let exact = row.params.unshared.zip(row.params.shared);
    let exact = exact.and_then(|(unshared, shared)| ratio(unshared.0, shared.0));
    match (exact, row.sharing_factor) {
        (Some(exact), _) => exact,
        (None, Some(factor)) => float_ratio(factor),
        (None, None) => UNKNOWN.to_owned(),
    }
}

pub(super) fn macs(layer: &Layer) -> Raw {
    let macs = match layer {
        Layer::Conv(row) => row.macs,
        Layer::Pool(_) => None,
        Layer::Linear(row) | Layer::Recurrent(row) | Layer::Other(row) => row.macs,
    };
    number(macs.map(|it| it.0))
}

/// How many times fewer activations leave a pool than enter it.
pub(super) fn pool_ratio(layer: &Layer) -> Option<String> {
    let row = pool(layer)?;
    ratio(row.activations_in?, row.activations_out?)
}
