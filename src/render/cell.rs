//! What stands in one cell: exact for programs, short for the eye.

use super::column::Raw;
use super::rows::{conv, pool};
use super::text::{float_ratio, formula, printable, short_name};
use crate::account::{ConvLayer, Layer, ParamCounts};
use crate::tensor::{Dim, Shape};
use crate::units::{self, Params, ratio};

/// Stands where a row has no such value.
const NONE: &str = "–";
/// Stands where a value could not be told; the gaps say why.
pub(super) const UNKNOWN: &str = "?";
/// What is longer than this is shortened.
const LONGEST_TIED: usize = 16;

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

/// A size; brackets around a sum, and around a product among sizes.
fn sized(dim: &Dim) -> String {
    let text = dim.to_string();
    match dim {
        Dim::Symbolic(expr) if !expr.is_one_factor() => format!("({text})"),
        _ => text,
    }
}

pub(super) fn sizes(values: Option<&[u64]>) -> Raw {
    words(values.map(|it| joined(it, "x")))
}

pub(super) fn pads(values: Option<&[i64]>) -> Raw {
    words(values.map(|it| joined(it, " ")))
}

pub(super) fn joined<T: ToString>(values: &[T], separator: &str) -> String {
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

/// The operator in short, its groups, and its layout where that is not ONNX's: `Conv`, `Conv g2`, `Conv dw`.
pub(super) fn op(layer: &Layer) -> String {
    let op_type = super::rows::common(layer).op_type;
    // A global pool's window says that it is one.
    let short = match pool(layer) {
        Some(row) if row.global => op_type.replacen("Global", "", 1),
        _ => op_type.to_owned(),
    };
    let mut out = printable(&short.replacen("Average", "Avg", 1));
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

/// A shape for the eye.
pub(super) fn shape_cell(shape: Option<&Shape>) -> String {
    shape.map_or(UNKNOWN.to_owned(), |it| sizes_cell(&it.0))
}

/// A shape without its batch, unless a batch other than 1 was given.
pub(super) fn sample_shape(shape: Option<&Shape>) -> String {
    shape.map_or(UNKNOWN.to_owned(), |it| sizes_cell(sample(it)))
}

/// The sizes of one sample.
pub(super) fn sample(shape: &Shape) -> &[Dim] {
    match shape.0.as_slice() {
        [batch, rest @ ..] if !rest.is_empty() && batch.known().is_none_or(|it| it == 1) => rest,
        dims => dims,
    }
}

/// Sizes joined by `×`, however long their formulas are.
fn sizes_cell(dims: &[Dim]) -> String {
    dims.iter().map(size).collect::<Vec<_>>().join("×")
}

/// A size for the eye, a sum in brackets.
pub(super) fn size(dim: &Dim) -> String {
    match dim {
        Dim::Symbolic(_) => printable(&formula(&sized(dim))).replace(' ', ""),
        _ => dim.to_string(),
    }
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
        (None, Some(form)) => printable(&formula(&form.to_string())),
        (None, None) => UNKNOWN.to_owned(),
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

/// The other users of the row's tensor: the first one, and how many more.
pub(super) fn tied(layer: &Layer) -> String {
    let Some([first, rest @ ..]) = conv(layer).map(|it| it.tied_with.as_slice()) else {
        return String::new();
    };
    let first = short_name(&printable(first), LONGEST_TIED);
    let unnamed = conv(layer).map_or(0, |it| it.tied_more);
    match rest.len().saturating_add(unnamed) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// What a pool saves: `fc6 177,209,344, not 37,748,736`, else why that is not told.
pub(super) fn without_pool(layer: &Layer) -> Option<String> {
    let told = pool(layer)?.without_pool.as_ref()?;
    Some(match (&told.largest_linear, &told.reason) {
        (Some(it), _) => format!(
            "{} {}, not {}",
            printable(&it.layer),
            units::counted(it.weights_without),
            units::counted(it.weights_with)
        ),
        (None, Some(reason)) => printable(reason),
        (None, None) => "no linear layer grows".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::{conv as sample_conv, pool as sample_pool};
    use super::*;
    use crate::tensor::Expr;

    type Change = fn(&mut ConvLayer);

    fn changed(change: Change) -> Layer {
        let mut layer = sample_conv("a", (64, 56), (128, 56), [3, 1, 1, 1]);
        if let Layer::Conv(row) = &mut layer {
            change(row);
        }
        layer
    }

    #[test]
    fn operators_say_their_groups() {
        let cases = [
            (sample_conv("a", (64, 56), (64, 56), [3, 1, 1, 1]), "Conv"),
            (
                sample_conv("a", (64, 56), (64, 56), [3, 1, 1, 2]),
                "Conv g2",
            ),
            (
                sample_conv("a", (64, 56), (128, 56), [3, 1, 1, 64]),
                "Conv dw",
            ),
            (sample_conv("a", (1, 56), (8, 56), [3, 1, 1, 1]), "Conv"),
            (changed(|it| it.layout = Some("NHWC")), "Conv nhwc"),
            (sample_pool("a", 64, 56, 27), "MaxPool"),
        ];
        for (layer, expected) in cases {
            assert_eq!(op(&layer), expected);
        }
    }

    #[test]
    fn a_weight_that_is_not_stored_says_where_it_comes_from() {
        let cases: [(Change, &str); 3] = [
            (|_| {}, "73,856"),
            (
                |it| {
                    it.params.stored = None;
                    it.weight_source = "computed".to_owned();
                },
                "computed",
            ),
            (|it| it.params.stored = None, "?"),
        ];
        for (change, expected) in cases {
            // 128 · (64 · 9 + 1)
            assert_eq!(stored(&changed(change)), expected);
        }
    }

    #[test]
    fn shapes_leave_out_a_batch_of_one() {
        let open = |name: &str| Dim::Symbolic(Expr::name(name));
        let cases = [
            (Shape::known(&[1, 3, 227, 227]), "3×227×227"),
            (Shape::known(&[8, 3, 227, 227]), "8×3×227×227"),
            (
                Shape(vec![open("N"), 3.into(), open("H"), Dim::Unknown]),
                "3×H×?",
            ),
            (
                Shape(vec![
                    1.into(),
                    3.into(),
                    open("W"),
                    Dim::Symbolic(Expr::name("H").mul(&Expr::number(2)).unwrap()),
                ]),
                "3×W×(2×H)",
            ),
            (Shape::known(&[1, 4096]), "4096"),
            (Shape::known(&[4096]), "4096"),
        ];
        for (shape, expected) in cases {
            assert_eq!(sample_shape(Some(&shape)), expected);
        }
        assert_eq!(sample_shape(None), "?");
    }
}
