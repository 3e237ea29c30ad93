//! GitHub's Markdown, for issues and model cards.

use std::io;

use super::column::{self, BAR, Column};
use super::names::{Names, Told};
use super::paint::Ink;
use super::pooled::Pooled;
use super::rows::{Selection, selection};
use super::summary::{self, Block};
use super::{View, geometry, notes};
use crate::Inspection;
use crate::account::Layer;

/// Writes facts, table, sums and notes.
pub(super) fn write(
    inspection: &Inspection,
    view: &View,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    head(&summary::headline(inspection), out)?;
    for input in summary::inputs(&inspection.inputs) {
        writeln!(out, "- input {}", escaped(&input))?;
    }
    for line in geometry::lines(inspection) {
        writeln!(out, "- {}", escaped(&line))?;
    }
    writeln!(out)?;
    let selection = selection(inspection, view);
    let (names, mut told) = (Names::of(selection.all()), Told::default());
    write_table(inspection, &selection, view, (&names, &mut told), out)?;
    writeln!(out, "{}\n", escaped(&summary::sentence(inspection)))?;
    let blocks = summary::blocks(inspection, &names, &mut told).into_iter();
    let formulas = names.told(&told).into_iter().flat_map(|it| it.items);
    let formulas = Block::new("formulas", Ink::Dim, formulas.collect());
    let formulas = Some(formulas).filter(|it| !it.items.is_empty());
    let blocks = formulas.into_iter().chain(blocks);
    for block in blocks.chain(geometry::blocks(inspection)) {
        writeln!(
            out,
            "- {}: {}",
            block.label,
            escaped(&block.items.join("; "))
        )?;
    }
    let gaps = notes::gaps(&inspection.gaps).into_iter();
    let gaps = gaps.map(|it| ("gap", it));
    for (label, line) in notes::findings(&inspection.warnings)
        .into_iter()
        .chain(gaps)
    {
        writeln!(out, "- **{label}**: {}", escaped(&line))?;
    }
    Ok(())
}

/// The path, and what the file says of itself.
pub(super) fn head(headline: &[String], out: &mut dyn io::Write) -> io::Result<()> {
    let Some((path, facts)) = headline.split_first() else {
        return Ok(());
    };
    let facts = escaped(&facts.join("; "));
    writeln!(out, "**{}**: {facts}\n", escaped(path))
}

fn write_table(
    inspection: &Inspection,
    selection: &Selection<'_>,
    view: &View,
    (names, told): (&Names, &mut Told),
    out: &mut dyn io::Write,
) -> io::Result<()> {
    if selection.shown.is_empty() {
        return Ok(());
    }
    let columns = view.columns.clone();
    let mut columns: Vec<&Column> = columns.unwrap_or_else(|| column::usual(&selection.shown));
    columns.retain(|it| it.name != BAR);
    let headers: Vec<&str> = columns.iter().map(|it| it.name).collect();
    let rule = |it: &&Column| if it.number { "---:" } else { "---" };
    let rules: Vec<&str> = columns.iter().map(rule).collect();
    writeln!(out, "| {} |", headers.join(" | "))?;
    writeln!(out, "| {} |", rules.join(" | "))?;
    let mut cell = |column: &Column, layer: &Layer| {
        let form = names.cell(column, layer, false, told);
        form.map_or_else(|| shown(column, layer), |it| escaped(&it))
    };
    for layer in &selection.shown {
        let cells: Vec<String> = columns.iter().map(|it| cell(it, layer)).collect();
        writeln!(out, "| {} |", cells.join(" | "))?;
    }
    writeln!(out)?;
    if !selection.rest.is_empty() {
        writeln!(out, "Not shown: {}.\n", summary::count_of(&selection.rest))?;
    }
    let all: Vec<_> = inspection.layers.iter().collect();
    let mark = geometry::mark(inspection);
    writeln!(out, "{}{mark}.\n", summary::count_of(&all))
}

/// A layer's cell; a pool's factor says what it counts.
fn shown(column: &Column, layer: &Layer) -> String {
    match Pooled::of(layer) {
        Some(pooled) if column.name == "factor" => pooled.long(),
        _ => escaped(&(column.cell)(layer)),
    }
}

/// Text that Markdown shows as it stands.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for it in text.chars() {
        match it {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '|' | '`' | '\\' | '*' | '_' | '[' | ']' | '~' | '#' | '$' | '!' => {
                out.push('\\');
                out.push(it);
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::sample::{alexnet, rendered};
    use super::*;

    #[test]
    fn nothing_in_a_name_is_markup() {
        let cases = [
            ("a|b", "a\\|b"),
            ("`x`", "\\`x\\`"),
            ("<script>", "&lt;script&gt;"),
            ("[l](u)", "\\[l\\](u)"),
            ("conv_1", "conv\\_1"),
        ];
        for (text, expected) in cases {
            assert_eq!(escaped(text), expected);
        }
    }

    #[test]
    fn the_table_has_a_row_a_layer_with_numbers_to_the_right() {
        let text = rendered(&alexnet(), "markdown", &View::default());
        assert!(
            text.contains("| --- | --- | --- | --- | --- | ---: | ---: | ---: |"),
            "{text}"
        );
        let conv1 =
            "| conv1 | Conv | 11×11 /4 | 3×227×227 | 96×55×55 | 34,944 | 105,705,600 | 3,025 |";
        assert!(text.contains(conv1), "{text}");
    }
}
