//! The table for people's eyes: one column a model, in as many blocks as the width needs.

use std::io;

use super::Page;
use super::cells::{Cell, Cells, Row, cells, names, remarks};
use crate::render::bar::{Scale, straight};
use crate::render::paint::{Ink, Paint};
use crate::render::text::{elided, padded, width, wrapped};

/// Before the labels.
const MARGIN: &str = " ";
/// Between two columns.
const GAP: usize = 2;
/// A model's column: text is cut to the least before models go into a further block, and may grow to the most.
const LEAST: usize = 18;
const MOST: usize = 32;
/// Lines that a model's name may take.
const MOST_LINES: usize = 3;
/// Counts further apart than this are drawn on a logarithmic scale.
const FAR: u128 = 100;

/// How the columns lie.
struct Layout {
    label: usize,
    column: usize,
    /// Models in one block.
    many: usize,
}

pub(super) fn write(page: &Page<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let shown = cells(page);
    let names = names(&page.summary.models);
    let layout = layout(&shown, &names, page.width);
    let mut from = 0;
    while from < names.len() {
        if from > 0 {
            writeln!(out)?;
        }
        block(page, &shown, &names, &layout, from, out)?;
        from += layout.many;
    }
    foot(page, &shown, out)
}

fn layout(shown: &Cells, names: &[String], room: usize) -> Layout {
    let labels = shown.rows.iter().map(|it| width(it.property.label));
    let label = labels.max().unwrap_or(0).max(width("  log ≥100 M"));
    // One more for the mark of the best.
    let texts = shown.rows.iter().flat_map(|it| &it.cells);
    let natural = texts
        .map(|it| width(&it.text) + 1)
        .chain(names.iter().map(|it| width(it) + 1));
    let natural = natural.max().unwrap_or(0);
    let room = room.saturating_sub(label + MARGIN.len());
    let least = natural.clamp(12, LEAST) + GAP;
    let many = (room / least).clamp(1, names.len().max(1));
    let column = (room / many).saturating_sub(GAP).max(least - GAP);
    Layout {
        label,
        column: column.min(natural.clamp(12, MOST)),
        many,
    }
}

fn block(
    page: &Page<'_>,
    shown: &Cells,
    names: &[String],
    layout: &Layout,
    from: usize,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let paint = Paint { on: page.color };
    header(names, layout, from, paint, out)?;
    let mut group = None;
    for row in &shown.rows {
        if group.is_some_and(|it| it != row.property.group) {
            writeln!(out)?;
        }
        group = Some(row.property.group);
        let cells = row.cells.iter().skip(from).take(layout.many);
        let mut line = paint.with(Ink::Dim, &padded(row.property.label, layout.label));
        for cell in cells {
            line += &drawn(cell, layout.column, paint);
        }
        writeln!(out, "{MARGIN}{}", line.trim_end())?;
        bars(row, layout, from, paint, out)?;
    }
    Ok(())
}

/// The models' names, a long one in several lines.
fn header(
    names: &[String],
    layout: &Layout,
    from: usize,
    paint: Paint,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let names = names.iter().skip(from).take(layout.many);
    let names: Vec<Vec<String>> = names.map(|it| broken(it, layout.column - 1)).collect();
    let most = names.iter().map(Vec::len).max().unwrap_or(0);
    for at in 0..most {
        let mut line = padded("", layout.label);
        for name in &names {
            let part = name.get(at).map_or("", String::as_str);
            line += &right(part, layout.column);
        }
        writeln!(out, "{MARGIN}{}", paint.with(Ink::Bold, line.trim_end()))?;
    }
    Ok(())
}

/// A name, parted after `.`, `_`, `-` or `/` where that can be, in lines of at most `room` columns; what is too long for three loses its middle.
fn broken(name: &str, room: usize) -> Vec<String> {
    let name = elided(name, room.saturating_mul(MOST_LINES));
    let between = |it: char| "._-/".contains(it);
    let words = lines(name.split_inclusive(between).map(str::to_owned), room);
    let fit = |it: &String| width(it) <= room;
    if words.len() <= MOST_LINES && words.iter().all(fit) {
        return words;
    }
    lines(name.chars().map(String::from), room)
}

/// Parts in lines of at most `room` columns, as far as a part has no more.
fn lines(parts: impl Iterator<Item = String>, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for part in parts {
        let full = |line: &String| !line.is_empty() && width(line) + width(&part) > room;
        if lines.last().is_none_or(full) {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(&part);
        }
    }
    lines
}

/// `text` at the right of a column, one place before the mark of the best.
fn right(text: &str, column: usize) -> String {
    let missing = (column - 1).saturating_sub(width(text)) + GAP;
    format!("{}{text} ", " ".repeat(missing))
}

fn drawn(cell: &Cell, column: usize, paint: Paint) -> String {
    let text = elided(&cell.text, column - 1);
    if !cell.best {
        return right(&text, column);
    }
    let whole = right(&text, column);
    let plain = whole.strip_suffix(' ').unwrap_or(&whole);
    let space = plain.strip_suffix(text.as_str()).unwrap_or_default();
    format!("{space}{}", paint.with(Ink::Good, &format!("{text}*")))
}

/// A line of bars under a row, all models' on one scale.
fn bars(
    row: &Row,
    layout: &Layout,
    from: usize,
    paint: Paint,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let counts = || row.cells.iter().filter_map(|it| it.count);
    let filled = counts().filter(|it| *it > 0);
    let (Some(scale), Some(least), Some(greatest)) =
        (Scale::of(counts()), filled.clone().min(), filled.max())
    else {
        return Ok(());
    };
    if !row.property.bar {
        return Ok(());
    }
    let far = greatest / least > FAR;
    let [_, log] = scale.headers();
    let label = if far {
        format!("  {log}")
    } else {
        "  from 0".to_owned()
    };
    let mut line = paint.with(Ink::Dim, &padded(&label, layout.label));
    let room = layout.column - 1;
    for cell in row.cells.iter().skip(from).take(layout.many) {
        let bar = match cell.count {
            Some(count) if far => scale.bar(count, room),
            Some(count) => straight(count, greatest, room),
            None => String::new(),
        };
        let space = " ".repeat((room - width(&bar).min(room)) + 1);
        line += &" ".repeat(GAP);
        line += &paint.with(Ink::Bar, &bar);
        line += &space;
    }
    writeln!(out, "{MARGIN}{}", line.trim_end())
}

fn foot(page: &Page<'_>, shown: &Cells, out: &mut dyn io::Write) -> io::Result<()> {
    let mut lines = Vec::new();
    if shown.rows.iter().flat_map(|it| &it.cells).any(|it| it.best) {
        lines.push("*   the fewest in its row".to_owned());
    }
    lines.extend(remarks(page));
    let notes = shown.notes.iter().enumerate();
    lines.extend(notes.map(|(at, note)| format!("[{}] {note}", at + 1)));
    if !lines.is_empty() {
        writeln!(out)?;
    }
    for line in lines {
        for part in wrapped(&line, page.width.saturating_sub(MARGIN.len())) {
            writeln!(out, "{MARGIN}{part}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_parts_between_words() {
        let cases: &[(&str, &[&str])] = &[
            (
                "mobilenet_v2.dynamo.onnx",
                &["mobilenet_v2.", "dynamo.onnx"],
            ),
            ("resnet18.ts.onnx", &["resnet18.ts.onnx"]),
            // No word of it has room.
            (
                "abcdefghijklmnopqrstuvwxyz",
                &["abcdefghijklmnopqr", "stuvwxyz"],
            ),
        ];
        for (name, expected) in cases {
            assert_eq!(broken(name, 18), *expected);
        }
    }
}
