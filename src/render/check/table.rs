//! The report for people: a model, its rows, what each row has to say.

use std::io;

use super::super::paint::{Ink, Paint};
use super::super::text::{elided, padded, width, wrapped};
use super::super::{View, printable};
use super::words::{Line, lines, mark, verdict_of_all};
use crate::check::{ModelReport, Outcome, Report};

/// Columns that a cell of the table may claim for all rows.
const MOST_ROOM: usize = 40;
/// Where notes begin.
const NOTE: &str = "      ";

/// Writes models and the verdict of all.
pub(super) fn write(report: &Report, view: &View, out: &mut dyn io::Write) -> io::Result<()> {
    for model in &report.models {
        write_model(model, view, out)?;
    }
    let paint = Paint { on: view.color };
    let ink = match report.counts() {
        it if it.broken + it.unknown + it.failed > 0 => Ink::Bad,
        it if it.warned > 0 => Ink::Warning,
        _ => Ink::Good,
    };
    writeln!(out, "{}", paint.with(ink, &verdict_of_all(report)))
}

fn write_model(model: &ModelReport, view: &View, out: &mut dyn io::Write) -> io::Result<()> {
    let paint = Paint { on: view.color };
    writeln!(out, "{}", paint.with(Ink::Bold, &printable(&model.path)))?;
    if let Some(error) = &model.error {
        let text = format!("could not be checked: {}", printable(error));
        write_note(&text, Ink::Bad, view, out)?;
    }
    let lines = lines(model);
    // A long list of names does not push the numbers of other rows aside.
    let room = |cell: fn(&Line) -> &str| {
        let widths = lines.iter().map(|it| width(cell(it)));
        widths.filter(|it| *it <= MOST_ROOM).max().unwrap_or(0)
    };
    let rooms = [
        room(|it| &it.subject),
        room(|it| &it.found),
        room(|it| &it.asked),
    ];
    for line in &lines {
        write_line(line, rooms, view, out)?;
    }
    Ok(())
}

fn write_line(
    line: &Line,
    rooms: [usize; 3],
    view: &View,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let paint = Paint { on: view.color };
    let ink = ink(line.outcome);
    let sign = paint.with(ink, mark(line.outcome, !line.found.starts_with("unknown")));
    let [subject, found, asked] = rooms;
    let cells = format!(
        "{}   {}   {}   {}",
        padded(&line.subject, subject),
        padded(&line.found, found),
        padded(&line.asked, asked),
        line.margin
    );
    // The sign and the spaces around it take four columns.
    if width(cells.trim_end()) + 4 <= view.width {
        writeln!(out, "  {sign} {}", cells.trim_end())?;
    } else {
        // A number is never cut, however narrow it gets.
        let is_number = line.found.starts_with(|it: char| it.is_ascii_digit());
        let found = if is_number {
            line.found.clone()
        } else {
            elided(&line.found, view.width / 2)
        };
        writeln!(out, "  {sign} {}   {found}", line.subject)?;
        write_note(
            format!("{}   {}", line.asked, line.margin).trim_end(),
            ink,
            view,
            out,
        )?;
    }
    for note in &line.notes {
        write_note(note, Ink::Dim, view, out)?;
    }
    Ok(())
}

fn write_note(text: &str, ink: Ink, view: &View, out: &mut dyn io::Write) -> io::Result<()> {
    let paint = Paint { on: view.color };
    for line in wrapped(text, view.width.saturating_sub(NOTE.len())) {
        writeln!(out, "{NOTE}{}", paint.with(ink, &line))?;
    }
    Ok(())
}

fn ink(outcome: Outcome) -> Ink {
    match outcome {
        Outcome::Pass => Ink::Good,
        Outcome::Warned | Outcome::Unknown => Ink::Warning,
        Outcome::Broken => Ink::Bad,
    }
}
