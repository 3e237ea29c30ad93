//! JSON, version 1: every number exact, every unknown null with its reason.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use super::Page;
use super::csv::difference;
use crate::compare::property::{PROPERTIES, Property};
use crate::compare::summary::{Model, Summary, Sums};
use crate::render::json;

/// The document; keys stand in this order.
#[derive(Serialize)]
struct Document<'a> {
    by: &'static str,
    inputs_agree: bool,
    reference: Option<&'a str>,
    models: Vec<Column<'a>>,
    best: BTreeMap<&'static str, Vec<&'a str>>,
}

#[derive(Serialize)]
struct Column<'a> {
    path: &'a str,
    error: Option<&'a str>,
    #[serde(flatten)]
    sums: Option<&'a Sums>,
    /// Thousandths of the reference's, by property; 0 only where they are equal.
    difference_permille: BTreeMap<&'static str, f64>,
}

pub(super) fn write(page: &Page<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let summary = page.summary;
    let document = Document {
        by: "summary",
        inputs_agree: summary.inputs_agree(),
        reference: summary.reference().map(|it| it.path.as_str()),
        models: summary
            .models
            .iter()
            .map(|it| column(summary, it))
            .collect(),
        best: best(summary),
    };
    json::document(document, out)
}

fn column<'a>(summary: &Summary, model: &'a Model) -> Column<'a> {
    let over = |it: &'static Property| {
        let base = summary.reference()?.value(it)?;
        let over = model.value(it)?.over(&base)?;
        Some((it.name, difference(1000, over)?.parse().ok()?))
    };
    Column {
        path: &model.path,
        error: model.sums.as_ref().err().map(String::as_str),
        sums: model.sums.as_deref().ok(),
        difference_permille: PROPERTIES.iter().filter_map(over).collect(),
    }
}

fn best(summary: &Summary) -> BTreeMap<&'static str, Vec<&str>> {
    let mut out = BTreeMap::new();
    for property in PROPERTIES.iter().filter(|it| it.fewest) {
        let places = summary.best(property).into_iter();
        let paths = places.filter_map(|at| summary.models.get(at));
        out.insert(property.name, paths.map(|it| it.path.as_str()).collect());
    }
    out
}
