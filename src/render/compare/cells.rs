//! What stands in a comparison's cells, and the notes that they point at.

use std::cmp::Ordering;

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
    let mut notes = Notes::default();
    // What a whole column lacks is said before what a cell does.
    let unread = models.iter().enumerate();
    let unread: Vec<Option<String>> = unread
        .map(|(at, it)| Some(notes.add(at, None, it.sums.as_ref().err()?)))
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
                    text(page, property, (at, model), &it, &mut notes)
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
    Cells {
        rows,
        notes: notes.lines(&names(models)),
    }
}

/// Notes, one for all cells of a model that have the same reason.
#[derive(Default)]
struct Notes(Vec<Note>);

struct Note {
    model: usize,
    reason: String,
    labels: Vec<&'static str>,
}

impl Notes {
    /// `[1]`, the number of a note on a row of a model, or on the whole model.
    fn add(&mut self, model: usize, label: Option<&'static str>, reason: &str) -> String {
        let same = |it: &Note| it.model == model && it.reason == reason;
        let at = self.0.iter().position(same).unwrap_or(self.0.len());
        if at == self.0.len() {
            self.0.push(Note {
                model,
                reason: reason.to_owned(),
                labels: vec![],
            });
        }
        if let Some(note) = self.0.get_mut(at) {
            note.labels.extend(label);
        }
        format!("[{}]", at + 1)
    }

    /// `net.onnx (MACs, on padding): sizes are open`.
    fn lines(self, names: &[String]) -> Vec<String> {
        let line = |it: Note| {
            let name = names.get(it.model).map_or("", String::as_str);
            let labels = match it.labels.as_slice() {
                [] => String::new(),
                labels => format!(" ({})", labels.join(", ")),
            };
            format!("{name}{labels}: {}", printable(&it.reason))
        };
        self.0.into_iter().map(line).collect()
    }
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
    property: &'static Property,
    (at, model): (usize, &Model),
    value: &Value,
    notes: &mut Notes,
) -> String {
    let mut note = |reason| notes.add(at, Some(property.label.trim_start()), reason);
    match value {
        Value::Unknown(reason) => return format!("? {}", note(reason)),
        Value::AtLeast(_, reason) | Value::Noted(_, reason) => {
            return format!("{} {}", plain(value), note(reason));
        }
        _ => {}
    }
    let reference = page.summary.reference();
    let base = reference.filter(|it| page.view.relative && !std::ptr::eq(*it, model));
    let base = base.and_then(|it| it.value(property));
    base.and_then(|it| relative(value, &it))
        .unwrap_or_else(|| plain(value))
}

/// How far a number is off from `base`: `+12.5 %`, or in percentage points where both are percentages; `=` only
/// where they are equal. `None` where one of the two is no number.
pub(super) fn relative(value: &Value, base: &Value) -> Option<String> {
    let points = value.points_over(base);
    let unit = if points.is_some() { "pp" } else { "%" };
    let Some((order, above, below)) = points.or_else(|| value.over(base)) else {
        let known = base.is_zero() && value.compared(base) == Ordering::Greater;
        return match (known, base.is_zero() && value.is_zero()) {
            (_, true) => Some("=".to_owned()),
            (true, _) => Some(format!("0 → {}", plain(value))),
            _ => None,
        };
    };
    let tenths = above.checked_mul(1000)?.checked_add(below / 2)?;
    let tenths = tenths.checked_div(below)?;
    let sign = match order {
        Ordering::Equal => return Some("=".to_owned()),
        Ordering::Greater => '+',
        Ordering::Less => '−',
    };
    Some(match (order, tenths) {
        (Ordering::Greater, 0) => format!("< +0.1 {unit}"),
        (_, 0) => format!("> −0.1 {unit}"),
        // All of it is gone only where nothing is left.
        (Ordering::Less, 1000) if !value.is_zero() => format!("> −100 {unit}"),
        _ => format!("{sign}{}.{} {unit}", counted(tenths / 10), tenths % 10),
    })
}

fn plain(value: &Value) -> String {
    match value {
        Value::Nothing | Value::Unknown(_) => "–".to_owned(),
        Value::Text(text) | Value::Noted(text, _) => printable(text),
        Value::AtLeast(count, _) => format!("≥ {}", counted(*count)),
        Value::Count(count) => counted(*count),
        Value::Bytes(bytes) => Bytes(u64::try_from(*bytes).unwrap_or(u64::MAX)).to_string(),
        Value::Share { part, whole } => percent(*part, *whole).unwrap_or_default(),
        Value::Ratio { whole, part } => ratio(*whole, *part).unwrap_or_default(),
    }
}

/// Models by their files' names; by their whole paths where two files have one name.
pub(super) fn names(models: &[Model]) -> Vec<String> {
    let last = |path: &str| match path {
        "-" => "standard input".to_owned(),
        path => path.rsplit('/').next().unwrap_or_default().to_owned(),
    };
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
    let by_input = shown(page).iter().any(|it| it.by_input);
    if by_input && !page.summary.inputs_agree() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_equal_is_not_said_to_be() {
        let count = Value::Count;
        let share = |part| Value::Share { part, whole: 200 };
        let cases = [
            // 4,800 of 11,684,712 are 0.04 %.
            (count(11_689_512), count(11_684_712), "< +0.1 %"),
            (count(11_684_712), count(11_689_512), "> −0.1 %"),
            // 61,702 of 61,706 are 99.99 %.
            (count(4), count(61_706), "> −100 %"),
            (count(0), count(61_706), "−100.0 %"),
            (count(7), count(7), "="),
            (count(9), count(8), "+12.5 %"),
            (count(5), count(0), "0 → 5"),
            (count(0), count(0), "="),
            // 60 % against 55 %.
            (share(120), share(110), "+5.0 pp"),
            (share(110), share(120), "−5.0 pp"),
            (share(3), share(0), "+1.5 pp"),
        ];
        for (value, base, expected) in cases {
            let got = relative(&value, &base);
            assert_eq!(got.as_deref(), Some(expected), "{value:?} to {base:?}");
        }
    }
}
