//! GitHub's Markdown, for a comment on a pull request.

use std::io;

use super::super::markdown::escaped;
use super::super::{View, printable};
use super::words::{Line, lines, verdict_of_all};
use crate::check::{Outcome, Report};

/// Writes the verdict of all, and a table a model.
pub(super) fn write(report: &Report, _: &View, out: &mut dyn io::Write) -> io::Result<()> {
    let counts = report.counts();
    let sign = if counts.broken + counts.unknown + counts.failed > 0 {
        "❌"
    } else {
        "✅"
    };
    writeln!(
        out,
        "### {sign} cnninspect check\n\n{}\n",
        escaped(&verdict_of_all(report))
    )?;
    for model in &report.models {
        writeln!(out, "**{}**\n", escaped(&printable(&model.path)))?;
        if let Some(error) = &model.error {
            writeln!(
                out,
                "❌ could not be checked: {}\n",
                escaped(&printable(error))
            )?;
        }
        let lines = lines(model);
        if !lines.is_empty() {
            writeln!(out, "| | budget | measured | limit | margin | |")?;
            writeln!(out, "| --- | --- | ---: | --- | --- | --- |")?;
        }
        for line in &lines {
            write_line(line, out)?;
        }
        if !lines.is_empty() {
            writeln!(out)?;
        }
    }
    Ok(())
}

fn write_line(line: &Line, out: &mut dyn io::Write) -> io::Result<()> {
    let sign = match line.outcome {
        Outcome::Pass => "✅",
        Outcome::Warned => "⚠️",
        Outcome::Broken => "❌",
        Outcome::Unknown => "❓",
    };
    let cells = [&line.subject, &line.found, &line.asked, &line.margin].map(|it| escaped(it));
    let notes: Vec<String> = line.notes.iter().map(|it| escaped(it)).collect();
    writeln!(
        out,
        "| {sign} | {} | {} |",
        cells.join(" | "),
        notes.join("<br>")
    )
}
