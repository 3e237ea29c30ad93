//! The table for people's eyes: facts above, a row a layer, sums and words under it.

use std::io;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use unicode_width::UnicodeWidthChar;

use super::bar::Scale;
use super::layout::{GAP, Grid, MARGIN, grid};
use super::names::Names;
use super::paint::{Ink, Paint};
use super::pooled::Pooled;
use super::rows::{Selection, selection, unshared};
use super::summary::{self, Block};
use super::text::{flowed, padded, width, wrapped};
use super::{View, geometry, notes, resolution};
use crate::Inspection;
use crate::account::Layer;

/// Room of the labels under the table.
const LABEL: usize = 13;
/// One line of the table.
struct Line {
    text: String,
    /// What stands after the columns: a bar, or a pool's note.
    tail: String,
    ink: Option<Ink>,
}

impl Line {
    fn plain(text: String, ink: Ink) -> Self {
        Self {
            text,
            tail: String::new(),
            ink: Some(ink),
        }
    }
}

/// Writes the page: sections with an empty line between.
pub(super) fn write(
    inspection: &Inspection,
    view: &View,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let paint = Paint { on: view.color };
    let selection = selection(inspection, view);
    let names = Names::of(selection.all());
    let mut grid = grid(inspection, &selection, &names, view);
    let blocks = summary::blocks(inspection, &names, &mut grid.told);
    let formulas = names.told(&grid.told);
    let mut sections = [
        head(inspection, view),
        body(inspection, &selection, &grid, view, paint),
        labelled_lines(&formulas, view, paint),
        labelled_lines(&blocks, view, paint),
        wrapped(&summary::sentence(inspection), view.width),
        labelled_lines(&geometry::blocks(inspection), view, paint),
        labelled_lines(&noted(inspection), view, paint),
    ]
    .into_iter()
    .filter(|it| !it.is_empty());
    for line in sections.next().unwrap_or_default() {
        writeln!(out, "{line}")?;
    }
    for section in sections {
        writeln!(out)?;
        for line in section {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

/// The file's facts, and its inputs.
fn head(inspection: &Inspection, view: &View) -> Vec<String> {
    let mut out = flowed(&summary::headline(inspection), view.width);
    let inputs = summary::inputs(&inspection.inputs);
    for input in inputs {
        out.extend(wrapped(&format!("input  {input}"), view.width));
    }
    for line in geometry::lines(inspection) {
        out.extend(wrapped(&line, view.width));
    }
    out
}

/// The rows; none where nothing is to be listed.
fn body(
    inspection: &Inspection,
    selection: &Selection<'_>,
    grid: &Grid,
    view: &View,
    paint: Paint,
) -> Vec<String> {
    if selection.shown.is_empty() {
        return vec![];
    }
    let lines = lines(inspection, selection, grid, view);
    lines.iter().map(|it| painted(it, paint)).collect()
}

fn painted(line: &Line, paint: Paint) -> String {
    let (text, tail) = match line.tail.as_str() {
        "" => (line.text.trim_end(), ""),
        tail => (line.text.as_str(), tail),
    };
    let text = match line.ink {
        Some(ink) => paint.with(ink, text),
        None => text.to_owned(),
    };
    let bar = tail.starts_with(|it: char| ('█'..='▏').contains(&it));
    let tail = paint.with(if bar { Ink::Bar } else { Ink::Dim }, tail);
    text + &tail
}

/// Header, rows, sums.
fn lines(
    inspection: &Inspection,
    selection: &Selection<'_>,
    grid: &Grid,
    view: &View,
) -> Vec<Line> {
    let mut drawn = drawn(grid).into_iter();
    let counts = selection.shown.iter().filter_map(|it| unshared(it));
    let scale = Scale::of(counts).filter(|_| grid.bar > 0);
    let header = Line {
        text: drawn.next().unwrap_or_default(),
        tail: scale.map(|it| bar_header(it, grid.bar)).unwrap_or_default(),
        ink: Some(Ink::Dim),
    };
    let mut out = vec![header];
    let margins = resolution::margins(selection, view);
    let parted = margins.iter().any(Option::is_some);
    let mut pools = 0usize;
    for ((layer, text), margin) in selection.shown.iter().zip(drawn.by_ref()).zip(margins) {
        out.extend(margin.map(|it| Line::plain(it, Ink::Dim)));
        pools += usize::from(Pooled::of(layer).is_some());
        out.push(row(layer, text, grid, scale, pools == 1));
    }
    out.extend(parted.then(|| Line::plain(String::new(), Ink::Dim)));
    let labels = sum_labels(inspection, selection, view);
    for (label, text) in labels.into_iter().zip(drawn) {
        out.extend(labelled(&label, text));
    }
    out
}

/// A layer's line: a convolution with its bar; a pool with its note, which takes the room of the
/// factor too, the first one saying what is counted.
fn row(layer: &Layer, text: String, grid: &Grid, scale: Option<Scale>, first: bool) -> Line {
    let none = |text| Line {
        text,
        tail: String::new(),
        ink: None,
    };
    if grid.bar == 0 {
        return none(text);
    }
    if let Some(pooled) = Pooled::of(layer) {
        let change = if first {
            pooled.fitting(grid.bar + grid.factor_room())
        } else {
            pooled.middle()
        };
        let kept = width(&text).saturating_sub(grid.factor_room());
        let text = text.chars().scan(0, |used, it| {
            *used += it.width().unwrap_or(0);
            (*used <= kept).then_some(it)
        });
        return Line {
            text: text.collect(),
            tail: change,
            ink: None,
        };
    }
    let bar = scale.zip(unshared(layer));
    let tail = bar.map(|(scale, count)| scale.bar(count, grid.bar));
    Line {
        text,
        tail: tail.unwrap_or_default(),
        ink: None,
    }
}

fn bar_header(scale: Scale, room: usize) -> String {
    let headers = scale.headers();
    let fitting = headers.iter().find(|it| width(it) <= room);
    fitting.cloned().unwrap_or_else(|| "log".to_owned())
}

/// One line for the rows left out, one for all.
fn sum_labels(inspection: &Inspection, selection: &Selection<'_>, view: &View) -> Vec<String> {
    let mut out = Vec::new();
    if !selection.rest.is_empty() {
        out.push(format!("not shown: {}", summary::count_of(&selection.rest)));
    }
    let all: Vec<&Layer> = inspection.layers.iter().collect();
    let label = summary::count_of(&all) + geometry::mark(inspection);
    out.push(if view.all {
        format!("only {label}")
    } else {
        label
    });
    out
}

/// A line of sums with its label over the empty cells at its start, or before it.
fn labelled(label: &str, text: String) -> Vec<Line> {
    let label = format!("{}{label}", " ".repeat(MARGIN));
    let room = text.chars().take_while(|it| *it == ' ').count();
    if room <= width(&label) {
        return vec![Line::plain(label, Ink::Bold), Line::plain(text, Ink::Bold)];
    }
    let rest: String = text.chars().skip(width(&label)).collect();
    vec![Line::plain(label + &rest, Ink::Bold)]
}

/// The lines as comfy-table lays them out, all equally wide.
fn drawn(grid: &Grid) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(grid.columns.iter().map(|it| it.name));
    table.add_rows(grid.rows.iter().chain(&grid.sums));
    let gap = u16::try_from(GAP).unwrap_or(1);
    for (column, drawn) in grid.columns.iter().zip(table.column_iter_mut()) {
        drawn.set_padding((0, gap));
        if column.number {
            drawn.set_cell_alignment(CellAlignment::Right);
        }
    }
    let margin = " ".repeat(MARGIN);
    table
        .lines()
        .map(|line| format!("{margin}{line}"))
        .collect()
}

/// Labels and their facts, lines after the first under the first fact.
pub(super) fn labelled_lines(blocks: &[Block], view: &View, paint: Paint) -> Vec<String> {
    let room = view.width.saturating_sub(MARGIN + LABEL);
    let mut out = Vec::new();
    for block in blocks {
        let lines = match block.items.as_slice() {
            [one] => wrapped(one, room),
            items => flowed(items, room),
        };
        for (at, line) in lines.iter().enumerate() {
            let label = padded(if at == 0 { block.label } else { "" }, LABEL);
            let label = paint.with(block.ink, &label);
            out.push(format!("{}{label}{line}", " ".repeat(MARGIN)));
        }
    }
    out
}

/// Warnings and gaps, each a block of its own, and what explains the warnings.
fn noted(inspection: &Inspection) -> Vec<Block> {
    let block = |label| move |line| Block::new(label, Ink::Warning, vec![line]);
    let findings = notes::findings(&inspection.warnings).into_iter();
    let gaps = notes::gaps(&inspection.gaps).into_iter();
    let hint = notes::hint(&inspection.warnings);
    let hint = hint.map(|it| Block::new("why and fix", Ink::Dim, vec![it]));
    findings
        .map(|(level, line)| block(level)(line))
        .chain(hint)
        .chain(gaps.map(block("gap")))
        .collect()
}

#[cfg(test)]
mod tests;
