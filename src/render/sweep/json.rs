//! JSON, version 1: an entry a size, with the sums or the rows of an inspection at that size.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use super::columns::Column;
use super::layer::of_layer;
use super::network::of_network;
use crate::account::{Layer, Totals};
use crate::finding::{Finding, Gap};
use crate::infer::Input;
use crate::network::GeometryFacts;
use crate::render::View;
use crate::render::column::Raw;
use crate::render::json;
use crate::sweep::{At, Axes, Problem, Swept};

/// The document; keys stand in this order.
#[derive(Serialize)]
struct Document<'a> {
    model: Model<'a>,
    axes: &'a Axes,
    sweep: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Model<'a> {
    path: &'a str,
    format: &'static str,
    geometry: &'a GeometryFacts,
}

#[derive(Serialize)]
struct Entry<'a> {
    size: u64,
    inputs: &'a [Input],
    #[serde(skip_serializing_if = "Option::is_none")]
    totals: Option<&'a Totals>,
    /// What counts have grown to since the first size at which they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    growth: Option<Growth>,
    #[serde(skip_serializing_if = "Option::is_none")]
    layers: Option<Vec<Row<'a>>>,
    problems: &'a [Problem],
    more_problems: usize,
    warnings: &'a [Finding],
    gaps: &'a [Gap],
}

type Growth = BTreeMap<String, Option<f64>>;

#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    row: Option<&'a Layer>,
    growth: Growth,
}

pub(in crate::render) fn write(swept: &Swept, _: &View, out: &mut dyn io::Write) -> io::Result<()> {
    let totals = swept.layers.is_empty().then(|| of_network(swept));
    let layers = swept.layers.iter().enumerate();
    let layers: Vec<_> = layers
        .map(|(at, it)| of_layer(swept, at, it.kind))
        .collect();
    let entries = swept.sizes.iter().enumerate();
    let entries = entries.map(|(at, it)| entry(it, at, totals.as_deref(), &layers));
    let document = Document {
        model: Model {
            path: &swept.path,
            format: swept.facts.format,
            geometry: &swept.facts.geometry,
        },
        axes: &swept.axes,
        sweep: entries.collect(),
    };
    json::document(document, out)
}

fn entry<'a>(
    it: &'a At,
    at: usize,
    totals: Option<&[Column]>,
    layers: &[Vec<Column>],
) -> Entry<'a> {
    let rows = it.layers.iter().zip(layers).map(|(row, columns)| Row {
        row: row.as_ref(),
        growth: growth(columns, at),
    });
    Entry {
        size: it.size,
        inputs: &it.inputs,
        totals: totals.map(|_| &it.totals),
        growth: totals.map(|it| growth(it, at)),
        layers: totals.is_none().then(|| rows.collect()),
        problems: &it.problems,
        more_problems: it.more_problems,
        warnings: &it.warnings,
        gaps: &it.gaps,
    }
}

fn growth(columns: &[Column], at: usize) -> Growth {
    let mut out = Growth::new();
    for column in columns {
        let name = column
            .json
            .as_deref()
            .and_then(|it| it.strip_suffix("_growth"));
        let Some(name) = name else { continue };
        let ratio = column.cells.get(at).and_then(|it| match it.raw {
            Raw::Ratio(ratio) => Some(ratio),
            _ => None,
        });
        out.insert(name.to_owned(), ratio);
    }
    out
}
