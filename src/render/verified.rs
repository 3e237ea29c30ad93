//! What running convolutions showed, in words.

use std::collections::BTreeMap;

use super::paint::Ink;
use super::summary::Block;
use super::text::{printable, several, spoken};
use crate::tensor::Shape;
use crate::units::counted;
use crate::verify::{Status, Verification};

/// More confirmed layers than this stand in one line.
const MOST_CONFIRMED: usize = 3;

/// One line a layer; many that are confirmed, or not run for one reason, in one.
pub(super) fn blocks(rows: &[Verification]) -> Vec<Block> {
    let of = |status: Status| rows.iter().filter(move |it| it.status == status);
    let confirmed: Vec<&Verification> = of(Status::Confirmed).collect();
    let mut out = Vec::new();
    if confirmed.len() > MOST_CONFIRMED {
        out.push(Block::new(
            "confirmed",
            Ink::Good,
            vec![together(&confirmed)],
        ));
    } else {
        let lines = confirmed.into_iter().map(one);
        out.extend(lines.map(|it| Block::new("confirmed", Ink::Good, vec![it])));
    }
    let lines = of(Status::Mismatch).map(mismatch);
    out.extend(lines.map(|it| Block::new("mismatch", Ink::Bad, vec![it])));
    let lines = not_run(of(Status::NotRun));
    out.extend(lines.map(|it| Block::new("not run", Ink::Warning, vec![it])));
    out
}

/// `conv1 by candle-core 0.11.1 conv2d`.
fn who(row: &Verification) -> String {
    let engine = row
        .engine
        .as_deref()
        .map(|it| format!(" by {}", printable(it)));
    let method = row.method.map(|it| format!(" {it}"));
    let name = spoken(&row.layer);
    format!(
        "{name}{}{}",
        engine.unwrap_or_default(),
        method.unwrap_or_default()
    )
}

fn one(row: &Verification) -> String {
    let within = row.max_abs_error.map(|it| format!(" within {it:.1e}"));
    format!(
        "{}: {} as inferred, {} values{}",
        who(row),
        shape(row.actual_shape.as_ref()),
        counted(row.positions_checked.into()),
        within.unwrap_or_default(),
    )
}

fn together(rows: &[&Verification]) -> String {
    let values: u128 = rows.iter().map(|it| u128::from(it.positions_checked)).sum();
    let worst = rows.iter().filter_map(|it| it.max_abs_error);
    let worst = worst.max_by(f64::total_cmp).unwrap_or_default();
    let engine = rows
        .first()
        .and_then(|it| it.engine.as_deref())
        .unwrap_or("candle");
    format!(
        "{} convs by {}: all shapes as inferred, {} values within {worst:.1e}",
        rows.len(),
        printable(engine),
        counted(values),
    )
}

fn mismatch(row: &Verification) -> String {
    format!("{}: {}", who(row), disagreement(row))
}

/// What disagreed, or the shapes.
pub(super) fn disagreement(row: &Verification) -> String {
    let (expected, actual) = (row.expected_shape.as_ref(), row.actual_shape.as_ref());
    match &row.reason {
        Some(reason) => printable(reason),
        None => format!("inferred {}, got {}", shape(expected), shape(actual)),
    }
}

/// Layers that were not run, by reason.
fn not_run<'a>(rows: impl Iterator<Item = &'a Verification>) -> impl Iterator<Item = String> {
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in rows {
        let reason = row.reason.as_deref().unwrap_or("no reason is given");
        by_reason.entry(reason).or_default().push(&row.layer);
    }
    let line = |(reason, layers): (&str, Vec<&str>)| {
        format!("{}: {}", several(&layers, 2), printable(reason))
    };
    by_reason.into_iter().map(line)
}

fn shape(shape: Option<&Shape>) -> String {
    shape.map_or("?".to_owned(), |it| printable(&it.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(layer: &str, status: Status, reason: Option<&str>) -> Verification {
        let shape = Some(Shape::known(&[1, 96, 55, 55]));
        Verification {
            layer: layer.to_owned(),
            engine: Some("candle-core 0.11.1".to_owned()),
            method: Some("conv2d"),
            input_shape: None,
            expected_shape: shape.clone(),
            actual_shape: shape,
            shapes_agree: Some(true),
            positions_checked: 64,
            max_abs_error: Some(1.1e-6),
            status,
            reason: reason.map(str::to_owned),
            note: None,
        }
    }

    fn lines(rows: &[Verification]) -> Vec<String> {
        let line = |it: Block| format!("{}: {}", it.label, it.items.join(" "));
        blocks(rows).into_iter().map(line).collect()
    }

    #[test]
    fn few_confirmed_layers_are_named_and_many_are_counted() {
        let confirmed = |layer| row(layer, Status::Confirmed, None);
        let expected = "confirmed: a by candle-core 0.11.1 conv2d: 1×96×55×55 as inferred, 64 values within 1.1e-6";
        assert_eq!(lines(&[confirmed("a")]), [expected]);
        let many = ["a", "b", "c", "d"].map(confirmed);
        let expected = "confirmed: 4 convs by candle-core 0.11.1: all shapes as inferred, 256 values within 1.1e-6";
        assert_eq!(lines(&many), [expected]);
    }

    #[test]
    fn layers_not_run_for_one_reason_stand_in_one_line() {
        let rows = ["a", "b", "c"].map(|it| row(it, Status::NotRun, Some("no data")));
        assert_eq!(lines(&rows), ["not run: a, b and 1 more: no data"]);
    }

    #[test]
    fn a_mismatch_says_both_shapes() {
        let mut wrong = row("a", Status::Mismatch, None);
        wrong.shapes_agree = Some(false);
        wrong.actual_shape = Some(Shape::known(&[1, 96, 54, 55]));
        let expected =
            "mismatch: a by candle-core 0.11.1 conv2d: inferred 1×96×55×55, got 1×96×54×55";
        assert_eq!(lines(&[wrong]), [expected]);
    }
}
