//! GitHub's Markdown: what it comes to, a row a layer that differs, sums, and words.

use std::io;

use super::Page;
use super::rows::{Detail, Row, rows};
use super::{tensors, totals, words};
use crate::render::markdown::escaped;
use crate::render::printable;

pub(in crate::render::compare) fn write(
    page: &Page<'_>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let [before, after] = page
        .layers
        .paths
        .each_ref()
        .map(|it| escaped(&printable(it)));
    writeln!(
        out,
        "**{before} → {after}**: {}\n",
        escaped(&tensors::headline(page))
    )?;
    layers(page, out)?;
    sums(page, out)?;
    tensors(page, out)?;
    said(page, out)
}

fn layers(page: &Page<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let rows = rows(
        page,
        Detail {
            exact: true,
            name: usize::MAX,
        },
    );
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "| | layer | |\n| --- | --- | --- |")?;
    for row in rows {
        match row {
            Row::Equal(text) => writeln!(out, "| | | {} |", escaped(&text))?,
            Row::One(it) => {
                let (layer, items) = (escaped(&it.layer), escaped(&it.items.join("; ")));
                writeln!(out, "| {} | {layer} | {items} |", it.mark)?;
            }
        }
    }
    writeln!(out)
}

fn sums(page: &Page<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(
        out,
        "| | before | after | change | |\n| --- | ---: | ---: | ---: | ---: |"
    )?;
    for it in totals::rows(page) {
        // A space that stays shows what is a part of the row above.
        let label = it.label.replace("  ", "&nbsp;&nbsp;");
        writeln!(
            out,
            "| {label} | {} | {} | {} | {} |",
            it.before, it.after, it.change, it.percent
        )?;
    }
    writeln!(out)
}

fn tensors(page: &Page<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let Some(tensors) = page.tensors else {
        return Ok(());
    };
    writeln!(out, "Tensors: {}\n", escaped(&tensors::lead(tensors)))?;
    let lines = tensors::lines(tensors, page.all);
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "| | tensor | |\n| --- | --- | --- |")?;
    for it in lines {
        let (name, says) = (escaped(&it.name), escaped(&it.says));
        writeln!(out, "| {} | {name} | {says} |", it.mark)?;
    }
    writeln!(out)
}

fn said(page: &Page<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let inputs = words::inputs(page).into_iter();
    let mut lines: Vec<(&str, String)> = inputs.map(|it| ("input", it)).collect();
    let operators = words::operators(&page.layers.operators);
    if !operators.is_empty() {
        lines.push(("operators", operators.join("; ")));
    }
    lines.extend(words::notes(page).into_iter().map(|it| ("note", it)));
    for (label, line) in lines {
        writeln!(out, "- {label}: {}", escaped(&line))?;
    }
    Ok(())
}
