//! CSV: one row a pair of layers, every field of both, exact, quoted as RFC 4180 says.

use std::io;

use super::Page;
use crate::compare::layers::{Pair, Side, Value, field_names};
use crate::compare::tensors::Content;
use crate::render::cell;
use crate::render::column::Raw;
use crate::render::csv::field;

/// What stands before the fields.
const HEADER: &[&str] = &[
    "status",
    "moved",
    "renamed",
    "kind",
    "before_index",
    "after_index",
    "before_name",
    "after_name",
    "before_scope",
    "after_scope",
    "before_weight",
    "after_weight",
    "before_module",
    "after_module",
    "changed",
    "open",
    "weights",
];

/// Writes the header and the rows, lines ending in CR LF.
pub(in crate::render::compare) fn write(
    page: &Page<'_>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut header: Vec<String> = HEADER.iter().map(|it| (*it).to_owned()).collect();
    for it in field_names() {
        header.extend([format!("before_{it}"), format!("after_{it}")]);
    }
    write!(out, "{}\r\n", header.join(","))?;
    let contents = page.contents.iter().copied();
    let contents = contents.chain(std::iter::repeat(None));
    for (pair, content) in page.layers.pairs.iter().zip(contents) {
        let row: Vec<String> = row(pair, content).iter().map(field).collect();
        write!(out, "{}\r\n", row.join(","))?;
    }
    Ok(())
}

fn row(pair: &Pair, content: Option<&Content>) -> Vec<Raw> {
    let sides = [pair.before.as_ref(), pair.after.as_ref()];
    let of = |read: fn(&Side) -> Raw| sides.map(|it| it.map_or(Raw::Nothing, read));
    let kind = sides.into_iter().flatten().next();
    let words = |list: Vec<&str>| Raw::Text(list.join(" "));
    let mut row = vec![
        cell::word(pair.status.name()),
        cell::word(flag(pair.moved)),
        cell::word(flag(pair.is_renamed())),
        kind.map_or(Raw::Nothing, |it| cell::word(it.kind)),
    ];
    row.extend(of(|it| cell::number(u128::try_from(it.at).ok())));
    row.extend(of(|it| cell::word(&it.name)));
    row.extend(of(|it| cell::word(&it.scope)));
    row.extend(of(|it| cell::words(it.weight.as_ref())));
    row.extend(of(|it| cell::words(it.module.as_ref())));
    row.push(words(pair.changes.iter().map(|it| it.what).collect()));
    row.push(words(pair.open.clone()));
    row.push(content.map_or(Raw::Nothing, |it| cell::word(it.name())));
    for name in field_names() {
        let value = |it: Option<&Side>| it?.field(name).map(|it| exact(name, it));
        row.extend(sides.map(|it| value(it).unwrap_or(Raw::Nothing)));
    }
    row
}

fn flag(it: bool) -> &'static str {
    if it { "true" } else { "false" }
}

fn exact(name: &str, value: &Value) -> Raw {
    match value {
        Value::Unknown => Raw::Nothing,
        Value::Word(word) => cell::word(word),
        Value::Flag(it) => cell::word(flag(*it)),
        Value::Count(count) => Raw::Count(*count),
        Value::Sizes(pads) if name == "pads" => cell::pads(Some(pads)),
        Value::Sizes(sizes) => Raw::Text(cell::joined(sizes, "x")),
        Value::Shape(shape) => cell::shape(Some(shape)),
    }
}
