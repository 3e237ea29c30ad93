//! An explanation → table, Markdown, JSON.

mod drawing;
mod spelling;

use std::io;

use serde::Serialize;
use serde_json::Serializer;

use super::markdown::escaped;
use super::paint::{Ink, Paint};
use super::pretty::Pretty;
use super::text::{formula, padded, printable, short_name, spoken, width, wrapped};
use super::{SCHEMA_VERSION, View};
use crate::explain::{Answer, Explanation, Formula, Part, Step};
use crate::units::counted;
use spelling::{ASCII, BOOK, TEX, tex_text};

/// How explanations are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drawing {
    /// Plain ASCII.
    pub ascii: bool,
    /// No drawing.
    pub none: bool,
}

/// Room between two cells.
const GAP: &str = "  ";

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    cnninspect: &'static str,
    model: Model<'a>,
    explanations: &'a [Explanation],
}

#[derive(Serialize)]
struct Model<'a> {
    path: &'a str,
}

/// Writes the JSON document.
pub(super) fn json(
    path: &str,
    explanations: &[Explanation],
    _: Drawing,
    _: &View,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut serializer = Serializer::with_formatter(&mut *out, Pretty::default());
    let document = Document {
        schema_version: SCHEMA_VERSION,
        cnninspect: env!("CARGO_PKG_VERSION"),
        model: Model { path },
        explanations,
    };
    document.serialize(&mut serializer)?;
    writeln!(out)
}

/// Writes a page a layer.
pub(super) fn table(
    _: &str,
    explanations: &[Explanation],
    drawing: Drawing,
    view: &View,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    for (at, it) in explanations.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        let mut lines = page(it, drawing, view);
        if drawing.ascii {
            lines = lines.iter().map(|it| spelling::ascii(it)).collect();
        }
        for line in lines {
            writeln!(out, "{}", line.trim_end())?;
        }
    }
    Ok(())
}

fn page(it: &Explanation, drawing: Drawing, view: &View) -> Vec<String> {
    let paint = Paint { on: view.color };
    let head = [
        spoken(&it.layer),
        printable(&it.title),
        printable(&formula(&it.shapes)),
    ];
    let head = super::text::flowed(&head, view.width);
    let mut lines: Vec<String> = head.iter().map(|it| paint.with(Ink::Bold, it)).collect();
    for part in [Part::Window, Part::Count, Part::Work] {
        let steps: Vec<&Step> = it.steps.iter().filter(|it| it.part == part).collect();
        if !steps.is_empty() {
            lines.push(String::new());
            lines.extend(section(&steps, drawing, view.width));
        }
        if part == Part::Window && !drawing.none {
            lines.extend(drawing::lines(it, drawing.ascii, view.width));
        }
    }
    lines.push(String::new());
    for remark in &it.remarks {
        lines.extend(wrapped(&printable(&remark.text), view.width));
    }
    lines
}

/// One step's cells.
struct Row {
    what: String,
    words: String,
    formula: String,
    result: String,
    unit: String,
    notes: Vec<String>,
}

fn row(step: &Step, drawing: Drawing) -> Row {
    let how = if drawing.ascii { &ASCII } else { &BOOK };
    let spelled = step.formula.as_ref().map(|it| it.spelled(how, false));
    let mut notes: Vec<String> = step.note.iter().map(|it| printable(it)).collect();
    let result = match &step.answer {
        Answer::Number(number) => counted(*number),
        Answer::Form(form) if drawing.ascii => form.clone(),
        Answer::Form(form) => formula(form),
        Answer::Unknown(reason) => {
            notes.push(format!("unknown: {}", printable(reason)));
            "?".to_owned()
        }
    };
    let result = printable(&result);
    let formula = spelled.map(|it| printable(&it)).unwrap_or_default();
    // An open size's closed form often is the formula.
    let formula = if formula == result {
        String::new()
    } else {
        formula
    };
    Row {
        what: step.what.clone(),
        words: step
            .words
            .as_deref()
            .map(|it| short_name(&printable(it), 40))
            .unwrap_or_default(),
        formula,
        result,
        unit: step.unit.clone().unwrap_or_default(),
        notes,
    }
}

/// Steps in columns; what does not fit beside them stands below.
fn section(steps: &[&Step], drawing: Drawing, room: usize) -> Vec<String> {
    let rows: Vec<Row> = steps.iter().map(|it| row(it, drawing)).collect();
    let widest = |cell: fn(&Row) -> &str, most: usize| {
        let widths = rows
            .iter()
            .map(|it| width(cell(it)))
            .filter(|it| *it <= most);
        widths.max().unwrap_or(0)
    };
    let what = widest(|it| &it.what, room);
    let result = widest(|it| &it.result, 40);
    let formula = widest(|it| &it.formula, room / 2);
    let words = widest(|it| &it.words, room);
    let with_words = GAP.len() * 4 + what + words + formula + result + 1 <= room;
    let columns = Columns {
        what,
        words: if with_words && words > 0 { words } else { 0 },
        formula,
        result,
        room,
    };
    rows.iter().flat_map(|it| columns.lines(it)).collect()
}

struct Columns {
    what: usize,
    words: usize,
    formula: usize,
    result: usize,
    room: usize,
}

impl Columns {
    fn lines(&self, row: &Row) -> Vec<String> {
        let mut start = format!("{GAP}{}{GAP}", padded(&row.what, self.what));
        if self.words > 0 {
            start.push_str(&padded(&row.words, self.words));
            start.push_str(GAP);
        }
        let indent = " ".repeat(self.what + GAP.len() * 2);
        let mut notes = row.notes.clone();
        if self.words == 0 && !row.words.is_empty() {
            notes.insert(0, row.words.clone());
        }
        let sign = if row.formula.is_empty() { " " } else { "=" };
        let missing = self.result.saturating_sub(width(&row.result));
        let result = format!("{sign}{GAP}{}{}", " ".repeat(missing), row.result);
        let unit = if row.unit.is_empty() {
            String::new()
        } else {
            format!(" {}", row.unit)
        };
        let line = format!(
            "{start}{}{GAP}{result}{unit}",
            padded(&row.formula, self.formula)
        );
        let mut out = vec![];
        if width(&line) <= self.room {
            out.push(line);
        } else {
            // What is too long for its column takes lines of its own.
            out.push(start.trim_end().to_owned());
            let long = format!("{} {sign} {}{unit}", row.formula, row.result);
            let left = self.room.saturating_sub(width(&indent));
            let long = long.trim_start().trim_start_matches("= ");
            out.extend(wrapped(long, left).iter().map(|it| format!("{indent}{it}")));
        }
        let note = notes.join("; ");
        let last = out
            .last_mut()
            .filter(|it| width(it) + 3 + width(&note) <= self.room);
        match last {
            Some(last) if !note.is_empty() => {
                last.push_str("   ");
                last.push_str(&note);
            }
            _ if note.is_empty() => {}
            _ => {
                let left = self.room.saturating_sub(width(&indent));
                out.extend(
                    wrapped(&note, left)
                        .iter()
                        .map(|it| format!("{indent}{it}")),
                );
            }
        }
        out
    }
}

/// Writes a section a layer, formulas as GitHub renders them.
pub(super) fn markdown(
    _: &str,
    explanations: &[Explanation],
    drawing: Drawing,
    view: &View,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    for (at, it) in explanations.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        writeln!(out, "### {}\n", escaped(&printable(&it.layer)))?;
        let shapes = printable(&formula(&it.shapes));
        writeln!(out, "{}: {}\n", escaped(&it.title), escaped(&shapes))?;
        writeln!(out, "| step | formula | result | note |")?;
        writeln!(out, "| --- | --- | ---: | --- |")?;
        for step in &it.steps {
            writeln!(out, "{}", markdown_row(step))?;
        }
        let lines = drawing::lines(it, drawing.ascii, view.width);
        if !drawing.none && !it.picture.is_empty() {
            writeln!(out, "\n```text")?;
            for line in lines.iter().skip(1) {
                writeln!(out, "{}", line.trim_end())?;
            }
            writeln!(out, "```")?;
        }
        for remark in &it.remarks {
            writeln!(out, "\n{}", escaped(&printable(&remark.text)))?;
        }
    }
    Ok(())
}

fn markdown_row(step: &Step) -> String {
    let tex = |it: &Formula| spelling::dollars(&it.spelled(&TEX, false));
    let formula = step.formula.as_ref().map(tex).unwrap_or_default();
    let (result, reason) = match &step.answer {
        Answer::Number(number) => (counted(*number), None),
        Answer::Form(form) => (spelling::dollars(&tex_text(form)), None),
        Answer::Unknown(reason) => ("?".to_owned(), Some(format!("unknown: {reason}"))),
    };
    let words = step.words.iter().map(|it| format!(": {it}"));
    let what = format!("{}{}", step.what, words.collect::<String>());
    let notes = step.unit.iter().chain(&step.note).chain(&reason);
    let notes: Vec<String> = notes.map(|it| escaped(&printable(it))).collect();
    let what = escaped(&printable(&what));
    format!("| {what} | {formula} | {result} | {} |", notes.join("; "))
}
