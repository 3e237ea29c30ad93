//! What `verify` shows: one line of counts, how it was run, and the layers that were not confirmed.

use std::collections::BTreeMap;
use std::io;

use super::cell::shape;
use super::column::Raw;
use super::csv::field;
use super::markdown::escaped;
use super::paint::{Ink, Paint};
use super::text::{padded, printable, several, spoken, width, wrapped};
use super::{View, verified};
use crate::Inspection;
use crate::units::counted;
use crate::verify::{Status, Verification};

/// Names of one row before the rest are counted.
const MOST_NAMES: usize = 2;
/// Columns that names may take of a line.
const MOST_NAME_WIDTH: usize = 40;

/// Layers of one outcome and one reason.
struct Row {
    status: Status,
    layers: String,
    reason: String,
}

/// `61 confirmed, 0 mismatched, 2 not run`.
fn counts(rows: &[Verification]) -> String {
    let count = |status| rows.iter().filter(|it| it.status == status).count();
    format!(
        "{} confirmed, {} mismatched, {} not run",
        count(Status::Confirmed),
        count(Status::Mismatch),
        count(Status::NotRun)
    )
}

/// `by candle-core 0.11.1 (conv2d 36, decomposed 17): 3,392 values within 1.2e-6`; nothing where nothing
/// was confirmed.
fn how(rows: &[Verification]) -> Option<String> {
    let confirmed = || rows.iter().filter(|it| it.status == Status::Confirmed);
    let engine = confirmed().find_map(|it| it.engine.as_deref())?;
    let mut methods: BTreeMap<&str, usize> = BTreeMap::new();
    for method in confirmed().filter_map(|it| it.method) {
        *methods.entry(method).or_default() += 1;
    }
    let methods: Vec<String> = methods
        .iter()
        .map(|it| format!("{} {}", it.0, it.1))
        .collect();
    let values = confirmed().map(|it| u128::from(it.positions_checked)).sum();
    let worst = confirmed().filter_map(|it| it.max_abs_error);
    let worst = worst.max_by(f64::total_cmp).unwrap_or_default();
    Some(format!(
        "by {} ({}): {} values within {worst:.1e}",
        printable(engine),
        methods.join(", "),
        counted(values)
    ))
}

/// Layers that something is to be said of: mismatches each, the others by what is said.
fn rows(verification: &[Verification]) -> Vec<Row> {
    let mismatch = |it: &Verification| Row {
        status: Status::Mismatch,
        layers: spoken(&it.layer),
        reason: verified::disagreement(it),
    };
    let of = |status| verification.iter().filter(move |it| it.status == status);
    let mut out: Vec<Row> = of(Status::Mismatch).map(mismatch).collect();
    for status in [Status::NotRun, Status::Confirmed] {
        // In the order in which each is said first.
        let mut by_reason: Vec<(&str, Vec<&str>)> = Vec::new();
        for it in of(status) {
            let Some(said) = it.reason.as_deref().or(it.note.as_deref()) else {
                continue;
            };
            match by_reason.iter_mut().find(|(reason, _)| *reason == said) {
                Some((_, layers)) => layers.push(&it.layer),
                None => by_reason.push((said, vec![&it.layer])),
            }
        }
        out.extend(by_reason.into_iter().map(|(reason, layers)| Row {
            status,
            layers: several(&layers, MOST_NAMES),
            reason: printable(reason),
        }));
    }
    out
}

fn word(status: Status) -> (&'static str, Ink) {
    match status {
        Status::Confirmed => ("confirmed", Ink::Good),
        Status::Mismatch => ("mismatch", Ink::Bad),
        Status::NotRun => ("not run", Ink::Warning),
    }
}

/// Writes the table for people.
pub(super) fn table(
    inspection: &Inspection,
    view: &View,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let paint = Paint { on: view.color };
    writeln!(out, "{}", counts(&inspection.verification))?;
    for line in how(&inspection.verification)
        .iter()
        .flat_map(|it| wrapped(it, view.width))
    {
        writeln!(out, "{}", paint.with(Ink::Dim, &line))?;
    }
    let rows = rows(&inspection.verification);
    if rows.is_empty() {
        return Ok(());
    }
    let names = rows.iter().map(|it| width(&it.layers)).max().unwrap_or(0);
    let names = names.clamp(5, MOST_NAME_WIDTH.min(view.width / 3).max(5));
    writeln!(out)?;
    let header = format!(" {}  {}  why", padded("", 9), padded("layer", names));
    writeln!(out, "{}", paint.with(Ink::Dim, header.trim_end()))?;
    for row in &rows {
        let (word, ink) = word(row.status);
        let layers = wrapped(&row.layers, names);
        let reason = wrapped(&row.reason, view.width.saturating_sub(names + 14).max(20));
        for at in 0..layers.len().max(reason.len()) {
            let of = |lines: &[String]| lines.get(at).cloned().unwrap_or_default();
            let label = paint.with(ink, &padded(if at == 0 { word } else { "" }, 9));
            let line = format!(" {label}  {}  {}", padded(&of(&layers), names), of(&reason));
            writeln!(out, "{}", line.trim_end())?;
        }
    }
    Ok(())
}

/// Writes the same as Markdown.
pub(super) fn markdown(
    inspection: &Inspection,
    _: &View,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let how = how(&inspection.verification).map(|it| format!(", {it}"));
    let counts = counts(&inspection.verification);
    writeln!(out, "**{counts}**{}", escaped(&how.unwrap_or_default()))?;
    let rows = rows(&inspection.verification);
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n| outcome | layer | why |\n| --- | --- | --- |")?;
    for row in rows {
        let (layers, reason) = (escaped(&row.layers), escaped(&row.reason));
        writeln!(out, "| {} | {layers} | {reason} |", word(row.status).0)?;
    }
    Ok(())
}

/// Writes a row a convolution, under the names of the JSON document.
pub(super) fn csv(inspection: &Inspection, _: &View, out: &mut dyn io::Write) -> io::Result<()> {
    let header = "layer,status,engine,method,input_shape,expected_shape,actual_shape,positions_checked,max_abs_error,reason,note";
    write!(out, "{header}\r\n")?;
    for it in &inspection.verification {
        let text = |text: Option<&str>| text.map_or(Raw::Nothing, |it| Raw::Text(it.to_owned()));
        let fields = [
            text(Some(&it.layer)),
            text(Some(word(it.status).0)),
            text(it.engine.as_deref()),
            text(it.method),
            shape(it.input_shape.as_ref()),
            shape(it.expected_shape.as_ref()),
            shape(it.actual_shape.as_ref()),
            Raw::Count(it.positions_checked.into()),
            it.max_abs_error.map_or(Raw::Nothing, Raw::Ratio),
            text(it.reason.as_deref()),
            text(it.note.as_deref()),
        ];
        write!(
            out,
            "{}\r\n",
            fields.iter().map(field).collect::<Vec<_>>().join(",")
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::OutputFormat;
    use super::super::sample::alexnet;
    use super::*;
    use crate::tensor::Shape;

    fn row(layer: &str, status: Status, reason: Option<&str>) -> Verification {
        let ran = status != Status::NotRun;
        let shape = ran.then(|| Shape::known(&[1, 96, 55, 55]));
        Verification {
            layer: layer.to_owned(),
            engine: ran.then(|| "candle-core 0.11.1".to_owned()),
            method: ran.then_some("conv2d"),
            input_shape: shape.clone(),
            expected_shape: shape.clone(),
            actual_shape: shape,
            shapes_agree: ran.then_some(true),
            positions_checked: if ran { 64 } else { 0 },
            max_abs_error: ran.then_some(1.1e-6),
            status,
            reason: reason.map(str::to_owned),
            note: None,
        }
    }

    fn written(format: &str, rows: Vec<Verification>) -> String {
        let mut inspection = alexnet();
        inspection.verification = rows;
        let mut out = Vec::new();
        let format = OutputFormat::find(format).unwrap();
        format
            .write_verified(&inspection, &View::default(), &mut out)
            .unwrap();
        String::from_utf8(out).unwrap()
    }

    fn some() -> Vec<Verification> {
        let mut noted = row("e", Status::Confirmed, None);
        noted.note = Some("without its bias".to_owned());
        vec![
            row("a", Status::Confirmed, None),
            row("b|1", Status::NotRun, Some("no data")),
            row("c", Status::NotRun, Some("no data")),
            row(
                "d",
                Status::Mismatch,
                Some("at [0, 0] candle gives 1, the report's geometry 2"),
            ),
            noted,
        ]
    }

    #[test]
    fn the_table_folds_layers_of_one_reason() {
        let expected = "\
2 confirmed, 1 mismatched, 2 not run
by candle-core 0.11.1 (conv2d 2): 128 values within 1.1e-6

            layer    why
 mismatch   d        at [0, 0] candle gives 1, the report's geometry 2
 not run    b|1, c   no data
 confirmed  e        without its bias
";
        let squeezed = |text: &str| {
            let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
            text.lines().map(words).collect::<Vec<_>>()
        };
        assert_eq!(squeezed(&written("table", some())), squeezed(expected));
    }

    #[test]
    fn where_all_is_well_there_is_no_table() {
        let text = written("table", vec![row("a", Status::Confirmed, None)]);
        assert_eq!(text.lines().count(), 2, "{text}");
        assert_eq!(
            written("table", vec![]),
            "0 confirmed, 0 mismatched, 0 not run\n"
        );
    }

    #[test]
    fn csv_has_every_convolution_and_markdown_escapes_names() {
        let text = written("csv", some());
        assert_eq!(text.lines().count(), 6);
        let expected = "\"a\",\"confirmed\",\"candle-core 0.11.1\",\"conv2d\",\"1x96x55x55\",\"1x96x55x55\",\"1x96x55x55\",64,0.0000011,,";
        assert_eq!(text.lines().nth(1), Some(expected));
        let text = written("markdown", some());
        assert!(text.contains("| not run | b\\|1, c | no data |"), "{text}");
    }
}
