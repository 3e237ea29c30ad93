//! GitHub's Markdown: one column a model, the best in bold.

use std::io;

use super::Page;
use super::cells::{Cell, cells, names, remarks};
use crate::render::markdown::escaped;

pub(super) fn write(page: &Page<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let shown = cells(page);
    let names = names(&page.summary.models);
    let names: Vec<String> = names.iter().map(|it| escaped(it)).collect();
    writeln!(out, "| | {} |", names.join(" | "))?;
    writeln!(out, "| --- |{}", " ---: |".repeat(names.len()))?;
    for row in &shown.rows {
        let cells: Vec<String> = row.cells.iter().map(cell).collect();
        writeln!(
            out,
            "| {} | {} |",
            row.property.label.trim(),
            cells.join(" | ")
        )?;
    }
    let best = shown.rows.iter().flat_map(|it| &it.cells).any(|it| it.best);
    writeln!(out)?;
    if best {
        writeln!(out, "Bold: the fewest in its row.\n")?;
    }
    for remark in remarks(page) {
        writeln!(out, "- {}", escaped(&remark))?;
    }
    for (at, note) in shown.notes.iter().enumerate() {
        writeln!(out, "- \\[{}\\] {}", at + 1, escaped(note))?;
    }
    Ok(())
}

fn cell(cell: &Cell) -> String {
    let text = escaped(&cell.text);
    if cell.best {
        format!("**{text}**")
    } else {
        text
    }
}
