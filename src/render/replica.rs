//! What `verify --replicate` shows: a convolution beside the locally connected layer of its weights.

use std::io;

use serde::Serialize;

use super::cell::joined;
use super::paint::{Ink, Paint};
use super::text::{printable, spoken, wrapped};
use super::{View, json};
use crate::units::{counted, ratio};
use crate::verify::{Change, Replication, Status};

#[derive(Serialize)]
struct Document<'a> {
    model: json::Named<'a>,
    replication: &'a Replication,
}

/// Writes the JSON document.
pub(super) fn json(
    path: &str,
    replication: &Replication,
    _: &View,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let document = Document {
        model: json::Named { path },
        replication,
    };
    json::document(document, out)
}

/// Writes the demonstration for people.
pub(super) fn table(
    _: &str,
    it: &Replication,
    view: &View,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let paint = Paint { on: view.color };
    for line in [shared(it), local(it)] {
        written(&line, "", view, out)?;
    }
    writeln!(out)?;
    for (at, step) in [same(it), one(it), all(it)].iter().enumerate() {
        written(step, &format!(" {}  ", at + 1), view, out)?;
    }
    writeln!(out)?;
    for line in verdict(it).iter().flat_map(|it| wrapped(it, view.width)) {
        let ink = match it.status {
            Status::Confirmed => Ink::Bold,
            _ => Ink::Bad,
        };
        writeln!(out, "{}", paint.with(ink, &line))?;
    }
    Ok(())
}

/// A sentence behind `mark`, its other lines below its first.
fn written(text: &str, mark: &str, view: &View, out: &mut dyn io::Write) -> io::Result<()> {
    let lines = wrapped(text, view.width.saturating_sub(mark.len()));
    let rest = " ".repeat(mark.len());
    for (at, line) in lines.iter().enumerate() {
        writeln!(out, "{}{line}", if at == 0 { mark } else { &rest })?;
    }
    Ok(())
}

fn sizes(list: &[u64]) -> String {
    joined(list, "×")
}

/// `11×11×3`: taps of one kernel and the channels that it reads.
fn kernel(it: &Replication) -> String {
    let sizes = it.weight_shape.sizes().unwrap_or_default();
    let (outer, taps) = sizes.split_at(2.min(sizes.len()));
    let mut list = taps.to_vec();
    list.extend(outer.get(1));
    self::sizes(&list)
}

/// Kernels of the convolution: filters, of a transposed one input channels.
fn kernels(it: &Replication) -> u64 {
    let sizes = it.weight_shape.sizes().unwrap_or_default();
    sizes.first().copied().unwrap_or(0)
}

fn grid(it: &Replication) -> String {
    let shape = if it.transposed {
        &it.input_shape
    } else {
        &it.output_shape
    };
    sizes(
        shape
            .sizes()
            .unwrap_or_default()
            .get(2..)
            .unwrap_or_default(),
    )
}

fn place(it: &Replication) -> &'static str {
    if it.transposed {
        "input position"
    } else {
        "position"
    }
}

fn shared(it: &Replication) -> String {
    let bias = if it.bias { " with a bias" } else { "" };
    let count = it.shared.map(|it| format!(", {it} weights"));
    format!(
        "{} as a convolution: {} kernels of {}{bias}{}, the same at all {} {}s.",
        spoken(&it.layer),
        counted(kernels(it).into()),
        kernel(it),
        count.unwrap_or_default(),
        grid(it),
        place(it),
    )
}

fn local(it: &Replication) -> String {
    let copies = counted(it.positions.into());
    format!(
        "{} as a locally connected layer: {copies} copies of each kernel, one for every {}, {} weights, counted \
         while they were built row by row.",
        spoken(&it.layer),
        place(it),
        it.built,
    )
}

fn same(it: &Replication) -> String {
    let note = it.note.as_deref().map(|it| format!(" ({})", printable(it)));
    format!(
        "With equal copies both give the same {} outputs, within {:.1e} (the convolution by {} {}){}.",
        counted(it.outputs.into()),
        it.max_abs_error,
        printable(&it.engine),
        it.method,
        note.unwrap_or_default(),
    )
}

/// `filter 48, channel 1, tap 5×5`.
fn weight(it: &Replication) -> String {
    let Change { weight, .. } = &it.change;
    let (outer, tap) = weight.split_at(2.min(weight.len()));
    let names = if it.transposed {
        ["channel", "filter"]
    } else {
        ["filter", "channel"]
    };
    let named = names
        .iter()
        .zip(outer)
        .map(|(name, at)| format!("{name} {at}, "));
    format!("{}tap {}", named.collect::<String>(), sizes(tap))
}

fn change(count: u64) -> &'static str {
    if count == 1 { "changes" } else { "change" }
}

fn one(it: &Replication) -> String {
    let output = it.change.output.get(1..).unwrap_or_default();
    format!(
        "Add 1 to one weight of one copy ({}; {} {}): {} of {} outputs {}, that of filter {} at {}.",
        weight(it),
        place(it),
        sizes(&it.change.position),
        counted(it.change.changed_by_one.into()),
        counted(it.outputs.into()),
        change(it.change.changed_by_one),
        filter(it),
        sizes(output),
    )
}

fn all(it: &Replication) -> String {
    let all = it.outputs.checked_div(filters(it)).unwrap_or(0);
    format!(
        "Add 1 to the same weight of every copy, as a shared kernel must: {} of filter {}'s {} outputs {}.",
        counted(it.change.changed_by_all.into()),
        filter(it),
        counted(all.into()),
        change(it.change.changed_by_all),
    )
}

/// The filter whose outputs change.
fn filter(it: &Replication) -> u64 {
    it.change.output.first().copied().unwrap_or(0)
}

fn filters(it: &Replication) -> u64 {
    let sizes = it.output_shape.sizes().unwrap_or_default();
    sizes.get(1).copied().unwrap_or(1)
}

fn verdict(it: &Replication) -> Option<String> {
    if let Some(reason) = &it.reason {
        return Some(format!("mismatch: {}", printable(reason)));
    }
    let (shared, built) = (it.shared?, it.built);
    let times = ratio(built.0, shared.0)?;
    Some(format!(
        "Sharing keeps {shared} weights instead of {built} ({times} times fewer), and gives up that a position \
         can have weights of its own."
    ))
}

#[cfg(test)]
mod tests {
    use super::super::OutputFormat;
    use super::*;
    use crate::tensor::Shape;
    use crate::units::Params;

    /// AlexNet's conv1 of 2012: 96 · (363 + 1) weights, 55 · 55 times.
    fn conv1() -> Replication {
        Replication {
            layer: "conv1".to_owned(),
            engine: "candle-core 0.11.1".to_owned(),
            method: "conv2d",
            transposed: false,
            input_shape: Shape::known(&[1, 3, 227, 227]),
            output_shape: Shape::known(&[1, 96, 55, 55]),
            weight_shape: Shape::known(&[96, 3, 11, 11]),
            bias: true,
            shared: Some(Params(34_944)),
            unshared: Some(Params(105_705_600)),
            built: Params(105_705_600),
            positions: 3025,
            outputs: 290_400,
            max_abs_error: 1.2e-6,
            change: Change {
                weight: vec![48, 1, 5, 6],
                position: vec![27, 26],
                output: vec![48, 27, 26],
                changed_by_one: 1,
                changed_by_all: 3025,
            },
            status: Status::Confirmed,
            reason: None,
            note: None,
        }
    }

    fn written(format: &str, it: &Replication) -> String {
        let mut out = Vec::new();
        let format = OutputFormat::find(format).unwrap();
        let view = View::default();
        format
            .write_replicated("a.onnx", it, &view, &mut out)
            .unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_demonstration_reads_as_a_teacher_tells_it() {
        let expected = "\
conv1 as a convolution: 96 kernels of 11×11×3 with a bias, 34,944 weights, the same at all 55×55
positions.
conv1 as a locally connected layer: 3,025 copies of each kernel, one for every position, 105,705,600
weights, counted while they were built row by row.

 1  With equal copies both give the same 290,400 outputs, within 1.2e-6 (the convolution by
    candle-core 0.11.1 conv2d).
 2  Add 1 to one weight of one copy (filter 48, channel 1, tap 5×6; position 27×26): 1 of 290,400
    outputs changes, that of filter 48 at 27×26.
 3  Add 1 to the same weight of every copy, as a shared kernel must: 3,025 of filter 48's 3,025
    outputs change.

Sharing keeps 34,944 weights instead of 105,705,600 (3,025 times fewer), and gives up that a
position can have weights of its own.
";
        assert_eq!(written("table", &conv1()), expected);
    }

    #[test]
    fn json_has_every_number() {
        let document: serde_json::Value = serde_json::from_str(&written("json", &conv1())).unwrap();
        assert_eq!(document["schema_version"], 1);
        assert_eq!(document["model"]["path"], "a.onnx");
        let it = &document["replication"];
        assert_eq!(it["built"], 105_705_600);
        assert_eq!(it["change"]["changed_by_one"], 1);
        assert_eq!(it["status"], "confirmed");
    }

    #[test]
    fn a_disagreement_takes_the_verdict_s_place() {
        let mut it = conv1();
        it.status = Status::Mismatch;
        it.reason = Some("at [0, 0, 0] the convolution gives 1, its copies 2".to_owned());
        let text = written("table", &it);
        let last = "mismatch: at [0, 0, 0] the convolution gives 1, its copies 2\n";
        assert!(text.ends_with(last), "{text}");
    }
}
