//! An explanation → table, Markdown, JSON.

mod drawing;
mod spelling;

use std::io;

use serde::Serialize;

use super::cell::sample_shape;
use super::markdown::escaped;
use super::paint::{Ink, Paint};
use super::text::{formula, padded, printable, short_name, spoken, width, wrapped};
use super::{View, json};
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

/// A word in a sentence is no longer than this.
const LONGEST_WORD: usize = 36;

/// Room between two cells.
const GAP: &str = "  ";

#[derive(Serialize)]
struct Document<'a> {
    model: json::Named<'a>,
    explanations: &'a [Explanation],
}

/// Writes the JSON document.
pub(super) fn json(
    path: &str,
    explanations: &[Explanation],
    _: Drawing,
    _: &View,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let document = Document {
        model: json::Named { path },
        explanations,
    };
    json::document(document, out)
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
        for line in page(it, drawing, view) {
            writeln!(out, "{}", line.trim_end())?;
        }
    }
    Ok(())
}

fn page(it: &Explanation, drawing: Drawing, view: &View) -> Vec<String> {
    let paint = Paint { on: view.color };
    let said = |text: &str| said(text, drawing);
    let shapes = printable(&shapes(it));
    let shapes = if drawing.ascii {
        spelling::ascii(&shapes)
    } else {
        shapes
    };
    let head = [spoken(&it.layer), said(&it.title), shapes];
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
        lines.extend(wrapped(&said(&remark.text), view.width));
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
    let said = |text: &str| said(text, drawing);
    let mut notes: Vec<String> = step.note.iter().map(|it| said(it)).collect();
    let result = match &step.answer {
        Answer::Number(number) => counted(*number),
        Answer::Form(form) if drawing.ascii => form.clone(),
        Answer::Form(form) => formula(form),
        Answer::Unknown(reason) => {
            notes.push(format!("unknown: {}", said(reason)));
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
        words: step.words.as_deref().map(said).unwrap_or_default(),
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
    // A column of its own pays where most steps have something to say.
    let many = rows.iter().filter(|it| !it.words.is_empty()).count() * 2 > rows.len();
    let words = widest(|it| &it.words, room);
    let fits = GAP.len() * 4 + what + words + formula + result < room;
    let columns = Columns {
        what,
        words: if fits && many { words } else { 0 },
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
    /// A step on one line with its columns, else on one without, else on several; what is to be noticed
    /// follows where there is room, else below.
    fn lines(&self, row: &Row) -> Vec<String> {
        let start = format!("{GAP}{}", padded(&row.what, self.what));
        let indent = " ".repeat(width(&start) + GAP.len());
        let left = self.room.saturating_sub(width(&indent));
        let sign = if row.formula.is_empty() { " " } else { "=" };
        let unit = match row.unit.as_str() {
            "" => String::new(),
            unit => format!(" {unit}"),
        };
        let missing = " ".repeat(self.result.saturating_sub(width(&row.result)));
        let formula = padded(&row.formula, self.formula);
        let numbers = format!("{formula}{GAP}{sign}{GAP}{missing}{}{unit}", row.result);
        let words = format!("{}{GAP}", padded(&row.words, self.words));
        let words = if self.words > 0 { words } else { String::new() };
        let line = format!("{start}{GAP}{words}{numbers}");
        let mut notes = row.notes.clone();
        if (self.words == 0 || width(&line) > self.room) && !row.words.is_empty() {
            notes.insert(0, row.words.clone());
        }
        let mut out = if width(&line) <= self.room {
            vec![line]
        } else {
            let bare = format!("{} {sign} {}{unit}", row.formula, row.result);
            let bare = wrapped(bare.trim_start(), left);
            let lines = bare.iter().enumerate().map(|(at, it)| match at {
                0 => format!("{start}{GAP}{it}"),
                _ => format!("{indent}{it}"),
            });
            lines.collect()
        };
        let note = notes.join("; ");
        match out.last_mut() {
            _ if note.is_empty() => {}
            Some(last) if width(last) + 3 + width(&note) <= self.room => {
                last.push_str("   ");
                last.push_str(&note);
            }
            _ => out.extend(
                wrapped(&note, left)
                    .iter()
                    .map(|it| format!("{indent}{it}")),
            ),
        }
        out
    }
}

/// Text as it is safe to print and fits into lines: a name that is longer than a line's half loses its middle.
fn said(text: &str, drawing: Drawing) -> String {
    let short = |it: &str| short_name(it, LONGEST_WORD);
    let text = printable(text);
    let text = text.split(' ').map(short).collect::<Vec<_>>().join(" ");
    if drawing.ascii {
        spelling::ascii(&text)
    } else {
        text
    }
}

/// `3×227×227 → 96×55×55`, without the batch; nothing where neither is known.
fn shapes(it: &Explanation) -> String {
    let (input, output) = (it.input_shape.as_ref(), it.output_shape.as_ref());
    if input.is_none() && output.is_none() {
        return String::new();
    }
    format!("{} → {}", sample_shape(input), sample_shape(output))
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
        let facts = format!("{}: {}", printable(&it.title), shapes(it));
        writeln!(out, "{}\n", escaped(&facts))?;
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
        if let Some(reason) = it.no_picture.as_ref().filter(|_| !drawing.none) {
            writeln!(out, "\nNot drawn: {}.", escaped(reason))?;
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
