//! The columns of table, Markdown and CSV; the flags, their help and the tests iterate this list.

use super::cell;
use super::rows::{common, conv, pool};
use super::window::{Window, window};
use crate::account::Layer;

/// One column.
pub struct Column {
    /// Header in tables, and the name for `--columns` and `--sort`.
    pub name: &'static str,
    /// Header in CSV: the JSON field. `None` where the column only sums up others for the eye.
    pub json: Option<&'static str>,
    /// Whether cells are numbers, so aligned right.
    pub number: bool,
    /// The exact value.
    pub(super) raw: fn(&Layer) -> Raw,
    /// The value as a person reads it, already safe to print.
    pub(super) cell: fn(&Layer) -> String,
}

impl std::fmt::Debug for Column {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// An exact value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Raw {
    /// The row has none, or it is not known.
    Nothing,
    /// A name, a word, a shape.
    Text(String),
    /// A count.
    Count(u128),
    /// A quotient.
    Ratio(f64),
}

/// Name of the column that is told of pools only where it is asked for, since each takes an inference.
pub const WITHOUT_POOL: &str = "without_pool";

/// Name of the column that is drawn.
pub(super) const BAR: &str = "bar";

const fn text(
    name: &'static str,
    json: &'static str,
    raw: fn(&Layer) -> Raw,
    cell: fn(&Layer) -> String,
) -> Column {
    Column {
        name,
        json: Some(json),
        number: false,
        raw,
        cell,
    }
}

const fn count(
    name: &'static str,
    json: &'static str,
    raw: fn(&Layer) -> Raw,
    cell: fn(&Layer) -> String,
) -> Column {
    Column {
        name,
        json: Some(json),
        number: true,
        raw,
        cell,
    }
}

/// Shorthand for a column whose cell is its exact value made readable.
macro_rules! plain {
    ($kind:ident, $name:literal, $json:literal, $raw:expr) => {
        $kind($name, $json, $raw, |layer| cell::plain(&$raw(layer)))
    };
}

/// Every column, in the order of CSV.
pub const COLUMNS: &[Column] = &[
    plain!(text, "kind", "kind", |it| cell::word(common(it).kind)),
    plain!(text, "layer", "name", |it| cell::word(common(it).name)),
    text(
        "op",
        "op_type",
        |it| cell::word(common(it).op_type),
        cell::op,
    ),
    plain!(text, "domain", "domain", |it| cell::word(common(it).domain)),
    plain!(text, "scope", "scope", |it| cell::word(common(it).scope)),
    plain!(text, "value", "output", |it| cell::word(common(it).output)),
    plain!(text, "weight", "weight", |it| cell::words(
        conv(it).and_then(|it| it.weight.as_ref())
    )),
    plain!(text, "bias", "bias", |it| cell::words(
        conv(it).and_then(|it| it.bias.as_ref())
    )),
    plain!(text, "weight_source", "weight_source", |it| cell::words(
        conv(it).map(|it| &it.weight_source)
    )),
    plain!(text, "weight_via", "weight_via", |it| cell::list(
        conv(it).map(|it| &it.weight_via)
    )),
    plain!(text, "data_type", "data_type", |it| cell::words(
        conv(it).and_then(|it| it.data_type)
    )),
    text(
        "weight_shape",
        "weight_shape",
        |it| cell::shape(conv(it).and_then(|it| it.weight_shape.as_ref())),
        |it| cell::shape_cell(conv(it).and_then(|it| it.weight_shape.as_ref())),
    ),
    Column {
        name: "window",
        json: None,
        number: false,
        raw: |it| cell::word(&window(it)),
        cell: window,
    },
    plain!(text, "kernel", "kernel_shape", |it| cell::sizes(
        Window::of(it).kernel
    )),
    plain!(text, "strides", "strides", |it| cell::sizes(
        Window::of(it).strides
    )),
    plain!(text, "pads", "pads", |it| cell::pads(Window::of(it).pads)),
    plain!(text, "dilations", "dilations", |it| cell::sizes(
        Window::of(it).dilations
    )),
    plain!(count, "group", "group", |it| cell::number(
        conv(it).and_then(|it| it.group).map(u128::from)
    )),
    plain!(text, "auto_pad", "auto_pad", |it| cell::words(
        conv(it).map(|it| &it.auto_pad)
    )),
    plain!(text, "global", "global", |it| cell::words(
        pool(it).map(|it| it.global)
    )),
    plain!(text, "ceil_mode", "ceil_mode", |it| cell::words(
        pool(it).map(|it| it.ceil_mode)
    )),
    plain!(text, "layout", "layout", |it| cell::words(cell::layout(it))),
    text(
        "input",
        "input_shape",
        |it| cell::shape(common(it).input_shape),
        |it| cell::sample_shape(common(it).input_shape),
    ),
    text(
        "output",
        "output_shape",
        |it| cell::shape(common(it).output_shape),
        |it| cell::sample_shape(common(it).output_shape),
    ),
    count(
        "shared",
        "shared",
        |it| cell::number(conv(it).and_then(|it| it.params.shared).map(|it| it.0)),
        |it| cell::counted(it, "shared", |counts| counts.shared),
    ),
    count("stored", "stored", cell::stored_raw, cell::stored),
    count(
        "unshared",
        "unshared",
        |it| cell::number(super::rows::unshared(it)),
        |it| cell::counted(it, "unshared", |counts| counts.unshared),
    ),
    count(
        "dense",
        "dense",
        |it| cell::number(conv(it).and_then(|it| it.params.dense).map(|it| it.0)),
        |it| cell::counted(it, "dense", |counts| counts.dense),
    ),
    count("factor", "sharing_factor", cell::factor_raw, cell::factor),
    plain!(count, "macs", "macs", cell::macs),
    plain!(count, "padding_macs", "padding_macs", |it| cell::number(
        conv(it).and_then(|it| it.padding_macs).map(|it| it.0)
    )),
    Column {
        name: WITHOUT_POOL,
        json: None,
        number: false,
        raw: |it| cell::words(cell::without_pool(it)),
        cell: |it| cell::without_pool(it).unwrap_or_default(),
    },
    plain!(text, "receptive_field", "receptive_field", |it: &Layer| {
        cell::sizes(it.receptive_field().map(|it| it.size.as_slice()))
    }),
    plain!(
        count,
        "activations_in",
        "activations_in",
        |it| cell::number(pool(it).and_then(|it| it.activations_in))
    ),
    plain!(count, "activations_out", "activations_out", |it| {
        cell::number(pool(it).and_then(|it| it.activations_out))
    }),
    text(
        "tied_with",
        "tied_with",
        |it| cell::list(conv(it).map(|it| &it.tied_with)),
        cell::tied,
    ),
    Column {
        name: BAR,
        json: None,
        number: false,
        raw: |it| cell::number(super::rows::unshared(it)),
        cell: |_| String::new(),
    },
];

/// The column of this name, in tables or in JSON.
#[must_use]
pub fn find(name: &str) -> Option<&'static Column> {
    let named = COLUMNS.iter().find(|it| it.name == name);
    named.or_else(|| COLUMNS.iter().find(|it| it.json == Some(name)))
}

/// The columns that a table has unless others are asked for; `scope` and `tied with` only where a
/// row has one.
pub(super) fn usual(layers: &[&Layer]) -> Vec<&'static Column> {
    let names = [
        "layer",
        "scope",
        "op",
        "window",
        "input",
        "output",
        "stored",
        "unshared",
        "factor",
        "tied_with",
        BAR,
    ];
    let filled = |column: &&Column| layers.iter().any(|it| !(column.cell)(it).is_empty());
    let rare = |column: &&Column| ["scope", "tied_with"].contains(&column.name);
    let columns = names.iter().filter_map(|name| find(name));
    columns.filter(|it| !rare(it) || filled(it)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample::alexnet;
    use super::*;

    #[test]
    fn every_name_finds_its_own_column() {
        for column in COLUMNS {
            let found = find(column.name).unwrap();
            assert_eq!((found.name, found.json), (column.name, column.json));
        }
    }

    #[test]
    fn csv_headers_are_unique() {
        let mut headers: Vec<_> = COLUMNS.iter().filter_map(|it| it.json).collect();
        let count = headers.len();
        headers.sort_unstable();
        headers.dedup();
        assert_eq!(headers.len(), count);
    }

    #[test]
    fn rare_columns_stay_away_where_they_say_nothing() {
        let inspection = alexnet();
        let layers: Vec<_> = inspection.layers.iter().collect();
        let names: Vec<_> = usual(&layers).iter().map(|it| it.name).collect();
        assert!(
            !names.contains(&"scope") && !names.contains(&"tied_with"),
            "{names:?}"
        );
    }
}
