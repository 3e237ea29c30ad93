//! GitHub's Markdown: a row a size, every column.

use std::io;

use super::columns::Column;
use super::layer::of_layer;
use super::network::of_network;
use super::words;
use crate::render::View;
use crate::render::markdown::{escaped, head};
use crate::render::text::printable;
use crate::sweep::Swept;

pub(in crate::render) fn write(swept: &Swept, _: &View, out: &mut dyn io::Write) -> io::Result<()> {
    head(&words::headline(swept), out)?;
    for it in words::axes(swept) {
        writeln!(out, "- sweep {}", escaped(&it))?;
    }
    if swept.layers.is_empty() {
        let columns = of_network(swept);
        rows(swept, &columns, out)?;
        said(words::sentence(swept, &columns, None), out)?;
    }
    for (at, layer) in swept.layers.iter().enumerate() {
        let title = escaped(&printable(&layer.title));
        writeln!(
            out,
            "\n### {}\n\n{title}",
            escaped(&printable(&layer.layer))
        )?;
        let columns = of_layer(swept, at, layer.kind);
        rows(swept, &columns, out)?;
        said(words::sentence(swept, &columns, Some(layer.kind)), out)?;
    }
    let warnings = words::warnings(swept).into_iter().map(|it| ("warning", it));
    let gaps = words::gaps(swept).into_iter().map(|it| ("gap", it));
    let notes: Vec<_> = warnings.chain(gaps).collect();
    if !notes.is_empty() {
        writeln!(out)?;
    }
    for (label, line) in notes {
        writeln!(out, "- **{label}**: {}", escaped(&line))?;
    }
    Ok(())
}

fn rows(swept: &Swept, columns: &[Column], out: &mut dyn io::Write) -> io::Result<()> {
    let shown: Vec<&Column> = columns.iter().filter(|it| it.rank.is_some()).collect();
    let headers: Vec<&str> = shown.iter().map(|it| it.name).collect();
    let rules = shown
        .iter()
        .map(|it| if it.number { "---:" } else { "---" });
    writeln!(out, "\n| {} |", headers.join(" | "))?;
    writeln!(out, "| {} |", rules.collect::<Vec<_>>().join(" | "))?;
    for at in 0..swept.sizes.len() {
        let cells = shown.iter().filter_map(|it| it.cells.get(at));
        let cells: Vec<String> = cells.map(|it| escaped(&it.text)).collect();
        writeln!(out, "| {} |", cells.join(" | "))?;
    }
    Ok(())
}

fn said(sentence: Option<String>, out: &mut dyn io::Write) -> io::Result<()> {
    match sentence {
        Some(sentence) => writeln!(out, "\n{}", escaped(&sentence)),
        None => Ok(()),
    }
}
