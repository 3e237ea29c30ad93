//! What stands in a comparison's cells, and the notes that they point at.

use super::Page;
use crate::compare::property::{PROPERTIES, Property, Value};
use crate::compare::summary::Model;
use crate::render::text::printable;
use crate::units::{Bytes, counted, percent, ratio};

/// A row of cells.
pub(super) struct Row {
    pub(super) property: &'static Property,
    pub(super) cells: Vec<Cell>,
}

/// One model's cell.
#[derive(Clone, Default)]
pub(super) struct Cell {
    pub(super) text: String,
    /// Whether nothing is better in this row.
    pub(super) best: bool,
    /// The number that a bar is drawn of.
    pub(super) count: Option<u128>,
}

/// Rows, and the notes whose numbers stand in their cells.
pub(super) struct Cells {
    pub(super) rows: Vec<Row>,
    pub(super) notes: Vec<String>,
}

/// The cells of every property that is shown.
pub(super) fn cells(page: &Page<'_>) -> Cells {
    let models = &page.summary.models;
    let mut notes = Vec::new();
    // What a whole column lacks is said before what a cell does.
    let unread: Vec<Option<String>> = models
        .iter()
        .map(|it| {
            let error = it.sums.as_ref().err()?;
            Some(note(&mut notes, &format!("{}: {error}", it.path)))
        })
        .collect();
    let mut rows: Vec<Row> = Vec::new();
    for property in shown(page) {
        let best = page.summary.best(property);
        let mut row = Vec::new();
        for (at, model) in models.iter().enumerate() {
            let value = model.value(property);
            let count = match &value {
                Some(Value::Count(count)) => Some(*count),
                _ => None,
            };
            row.push(Cell {
                text: value.map_or_else(String::new, |it| {
                    text(page, property, model, &it, &mut notes)
                }),
                best: best.contains(&at),
                count,
            });
        }
        rows.push(Row {
            property,
            cells: row,
        });
    }
    if let Some(first) = rows.first_mut() {
        for (cell, note) in first.cells.iter_mut().zip(unread) {
            if let Some(note) = note {
                cell.text = format!("not read {note}");
            }
        }
    }
    Cells { rows, notes }
}

/// Properties that were asked for, or all but rare ones that no model has.
fn shown(page: &Page<'_>) -> Vec<&'static Property> {
    if let Some(asked) = &page.view.properties {
        return asked.clone();
    }
    let nothing = |it: &Model, property: &Property| {
        matches!(
            it.value(property),
            None | Some(Value::Nothing | Value::Count(0) | Value::Share { part: 0, .. })
        )
    };
    let models = &page.summary.models;
    let filled = |it: &&Property| !it.rare || models.iter().any(|model| !nothing(model, it));
    PROPERTIES.iter().filter(filled).collect()
}

fn text(
    page: &Page<'_>,
    property: &Property,
    model: &Model,
    value: &Value,
    notes: &mut Vec<String>,
) -> String {
    if let Value::Unknown(reason) = value {
        let what = property.label.trim_start();
        let note = note(notes, &format!("{} ({what}): {reason}", model.path));
        return format!("? {note}");
    }
    let reference = page.summary.reference();
    if page.view.relative
        && let Some(first) = reference.filter(|it| !std::ptr::eq(*it, model))
        && let Some(base) = first.value(property)
        && let Some(permille) = value.permille_over(&base)
    {
        return relative(permille);
    }
    plain(value)
}

/// `[1]`, the number of a note.
fn note(notes: &mut Vec<String>, text: &str) -> String {
    let text = printable(text);
    let at = notes.iter().position(|it| *it == text);
    let at = at.unwrap_or(notes.len());
    if at == notes.len() {
        notes.push(text);
    }
    format!("[{}]", at + 1)
}

/// `+12.5 %`; `=` where nothing is left after rounding.
fn relative(permille: i128) -> String {
    let sign = match permille {
        0 => return "=".to_owned(),
        1.. => '+',
        _ => '−',
    };
    let size = permille.unsigned_abs();
    format!("{sign}{}.{} %", counted(size / 10), size % 10)
}

fn plain(value: &Value) -> String {
    match value {
        Value::Nothing | Value::Unknown(_) => "–".to_owned(),
        Value::Text(text) => printable(text),
        Value::Count(count) => counted(*count),
        Value::Bytes(bytes) => Bytes(u64::try_from(*bytes).unwrap_or(u64::MAX)).to_string(),
        Value::Share { part, whole } => percent(*part, *whole).unwrap_or_default(),
        Value::Ratio { whole, part } => ratio(*whole, *part).unwrap_or_default(),
    }
}

/// Models by their files' names; by their whole paths where two files have one name.
pub(super) fn names(models: &[Model]) -> Vec<String> {
    let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let mut lasts: Vec<String> = models.iter().map(|it| last(&it.path)).collect();
    let paths = |models: &[Model]| models.iter().map(|it| printable(&it.path)).collect();
    let names: Vec<String> = lasts.iter().map(|it| printable(it)).collect();
    lasts.sort_unstable();
    lasts.dedup();
    if lasts.len() < models.len() || names.iter().any(String::is_empty) {
        return paths(models);
    }
    names
}

/// What is said of all models together.
pub(super) fn remarks(page: &Page<'_>) -> Vec<String> {
    let mut out = Vec::new();
    if !page.summary.inputs_agree() {
        out.push(
            "inputs differ in size, so MACs and what else depends on them do not compare: \
             nothing is marked best there"
                .to_owned(),
        );
    }
    if let Some(first) = page.summary.reference().filter(|_| page.view.relative) {
        out.push(format!("differences to {}", printable(&first.path)));
    }
    out
}
