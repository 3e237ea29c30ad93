//! The table for people's eyes: what has no room goes, growth first; a bar where there is room left.

use std::io;

use super::columns::{Column, GROWTH};
use super::layer::of_layer;
use super::network::of_network;
use super::words;
use crate::explain::Explanation;
use crate::render::View;
use crate::render::bar::straight;
use crate::render::layout::MARGIN;
use crate::render::paint::{Ink, Paint};
use crate::render::summary::Block;
use crate::render::table::labelled_lines;
use crate::render::text::{flowed, padded, printable, spoken, width, wrapped};
use crate::sweep::Swept;

/// Between two columns.
const GAP: usize = 2;
/// Cells of the bar.
const BAR: std::ops::RangeInclusive<usize> = 8..=24;

/// Writes the headline, the rows of each part and what is said beside them.
pub(in crate::render) fn write(
    swept: &Swept,
    view: &View,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let paint = Paint { on: view.color };
    let mut lines: Vec<String> = flowed(&words::headline(swept), view.width)
        .iter()
        .map(|it| paint.with(Ink::Bold, it))
        .collect();
    let room = view.width.saturating_sub("sweep  ".len());
    let axes = flowed(&words::axes(swept), room);
    lines.extend(axes.iter().enumerate().map(|(at, it)| {
        let label = padded(if at == 0 { "sweep" } else { "" }, 7);
        format!("{}{it}", paint.with(Ink::Dim, &label))
    }));
    if swept.layers.is_empty() {
        lines.push(String::new());
        let columns = of_network(swept);
        lines.extend(part(swept, &columns, view));
        let sentence = words::sentence(swept, &columns, None);
        lines.push(String::new());
        lines.extend(sentence.iter().flat_map(|it| wrapped(it, view.width)));
    }
    for (at, layer) in swept.layers.iter().enumerate() {
        lines.push(String::new());
        let head = [spoken(&layer.layer), title(layer)];
        lines.extend(
            flowed(&head, view.width)
                .iter()
                .map(|it| paint.with(Ink::Bold, it)),
        );
        let columns = of_layer(swept, at, layer.kind);
        lines.extend(part(swept, &columns, view));
        let sentence = words::sentence(swept, &columns, Some(layer.kind));
        lines.extend(sentence.iter().flat_map(|it| wrapped(it, view.width)));
    }
    let notes = notes(swept);
    if !notes.is_empty() {
        lines.push(String::new());
        lines.extend(labelled_lines(&notes, view, paint));
    }
    lines
        .iter()
        .try_for_each(|it| writeln!(out, "{}", it.trim_end()))
}

fn title(layer: &Explanation) -> String {
    printable(&layer.title)
}

fn notes(swept: &Swept) -> Vec<Block> {
    let block = |label| move |line| Block::new(label, Ink::Warning, vec![line]);
    let warnings = words::warnings(swept).into_iter().map(block("warning"));
    let marked = swept.sizes.iter().any(|it| !it.problems.is_empty());
    let label = if marked && swept.layers.is_empty() {
        "gap *"
    } else {
        "gap"
    };
    let gaps = words::gaps(swept).into_iter().map(block(label));
    warnings.chain(gaps).collect()
}

/// Columns that fit, with a bar of what grows where there is room.
fn part(swept: &Swept, columns: &[Column], view: &View) -> Vec<String> {
    let paint = Paint { on: view.color };
    let shown = fitting(columns, view.width.saturating_sub(MARGIN));
    let widths: Vec<usize> = shown.iter().map(|it| natural(it)).collect();
    let margin = " ".repeat(MARGIN);
    let line = |cell: &dyn Fn(&Column) -> String| {
        let mut line = margin.clone();
        for (at, (column, room)) in shown.iter().zip(&widths).enumerate() {
            if at > 0 {
                line += &" ".repeat(gap(column));
            }
            let text = cell(column);
            let missing = " ".repeat(room.saturating_sub(width(&text)));
            line += &if column.number {
                missing + &text
            } else {
                text + &missing
            };
        }
        line
    };
    let bars = bars(
        columns,
        view.width.saturating_sub(used(&shown) + MARGIN + GAP),
    );
    let mut header = line(&|it| it.name.to_owned());
    if let Some((name, _)) = &bars {
        header = format!("{header}{}{name}", " ".repeat(GAP));
    }
    let mut out = vec![paint.with(Ink::Dim, header.trim_end())];
    for at in 0..swept.sizes.len() {
        let cells = line(&|it| {
            it.cells
                .get(at)
                .map_or_else(String::new, |it| it.text.clone())
        });
        let bar = bars.as_ref().and_then(|it| it.1.get(at));
        let bar = bar.map_or_else(String::new, |it| paint.with(Ink::Bar, it));
        out.push(format!("{cells}{}{bar}", " ".repeat(GAP)));
    }
    out
}

/// Columns in their order, without those that have no room.
fn fitting(columns: &[Column], room: usize) -> Vec<&Column> {
    let mut shown: Vec<&Column> = columns.iter().filter(|it| it.rank.is_some()).collect();
    while used(&shown) > room {
        let Some(last) = shown
            .iter()
            .filter_map(|it| it.rank)
            .max()
            .filter(|it| *it > 0)
        else {
            break;
        };
        shown.retain(|it| it.rank != Some(last));
    }
    shown
}

fn natural(column: &Column) -> usize {
    let cells = column.cells.iter().map(|it| width(&it.text));
    cells.max().unwrap_or(0).max(width(column.name))
}

/// What stands close to the column that it is about has no name of its own.
fn gap(column: &Column) -> usize {
    if column.name == GROWTH { 1 } else { GAP }
}

fn used(columns: &[&Column]) -> usize {
    let widths = columns.iter().map(|it| natural(it) + gap(it));
    widths.sum::<usize>().saturating_sub(GAP)
}

/// The bars of what grows, from 0, and their header.
fn bars(columns: &[Column], room: usize) -> Option<(&'static str, Vec<String>)> {
    let grown = ["unshared", "activations_out"];
    let of = columns
        .iter()
        .find(|it| it.json.as_deref().is_some_and(|it| grown.contains(&it)))?;
    let cells = room.min(*BAR.end());
    let counts = of.counts();
    let greatest = counts
        .iter()
        .flatten()
        .max()
        .copied()
        .filter(|it| *it > 0)?;
    let bar =
        |count: &Option<u128>| count.map_or_else(String::new, |it| straight(it, greatest, cells));
    let bars = counts.iter().map(bar).collect();
    let header = if of.name == "unshared" {
        "unshared, from 0"
    } else {
        "out, from 0"
    };
    (cells >= *BAR.start()).then_some((
        if cells < width(header) {
            "from 0"
        } else {
            header
        },
        bars,
    ))
}
