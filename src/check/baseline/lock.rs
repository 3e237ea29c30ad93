//! The lock file's text.

use std::collections::BTreeSet;
use std::fmt::Write;

use toml::de::DeTable;

use super::super::amount::{Round, Unit};
use super::super::rules::{Measure, RULES};
use super::super::toml::{Reader, Value, read, scalar};
use super::{Baseline, ConfigError, FIELDS, LayerRecord, ModelRecord};

/// The name that a baseline has where the configuration gives none.
pub const LOCK_NAME: &str = "cnninspect.lock";

/// Rises when a lock file means something else.
const VERSION: u32 = 1;

const HEAD: &str = "\
# Written by `cnninspect check --save-baseline` and `--update`; commit it, and do not edit it by hand.
";

/// Keys of the whole file.
const TOP: &[&str] = &["version", "model"];

pub(super) fn write_lock(baseline: &Baseline) -> String {
    let mut out = format!("{HEAD}version = {VERSION}\n");
    for (path, model) in &baseline.models {
        let path = quoted(path);
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(out, "\n[model.{path}]");
        for rule in RULES {
            if let Some(count) = model.counts.get(rule.name) {
                let count = match rule.unit() {
                    Some(Unit::Factor) => written_factor(*count),
                    _ => number(*count),
                };
                line(&mut out, rule.name, &count);
            }
            if let Some(names) = model.names.get(rule.name) {
                let names: Vec<String> = names.iter().map(|it| quoted(it)).collect();
                line(&mut out, rule.name, &format!("[{}]", names.join(", ")));
            }
        }
        if !model.layers.is_empty() {
            let _ = writeln!(out, "\n[model.{path}.layers]");
        }
        for (name, layer) in &model.layers {
            line(&mut out, &key(name), &row(layer));
        }
    }
    out
}

fn line(out: &mut String, key: &str, value: &str) {
    let _ = writeln!(out, "{key} = {value}");
}

/// A layer's row: what it is, then its numbers.
fn row(layer: &LayerRecord) -> String {
    let op = layer.traits.get_key_value("op");
    let others = layer.traits.iter().filter(|it| it.0 != "op");
    let traits = op.into_iter().chain(others);
    let traits = traits.map(|(name, it)| format!("{} = {}", key(name), quoted(it)));
    let counts = FIELDS.iter().filter_map(|(name, _)| {
        let count = layer.counts.get(name)?;
        Some(format!("{name} = {}", number(*count)))
    });
    let fields: Vec<String> = traits.chain(counts).collect();
    format!("{{ {} }}", fields.join(", "))
}

/// A factor from its thousandths; as a string where TOML's floats, which are exact to fifteen digits, would
/// round it.
pub(in crate::check) fn written_factor(thousandths: u128) -> String {
    let factor = Unit::Factor.exact(thousandths);
    if thousandths < 1_000_000_000_000_000 {
        factor.replace(',', "_")
    } else {
        quoted(&factor)
    }
}

/// A whole number; beyond TOML's 64 bits as a string.
fn number(count: u128) -> String {
    match i64::try_from(count) {
        Ok(count) => count.to_string(),
        Err(_) => format!("\"{count}\""),
    }
}

/// A key, bare where TOML takes it so.
fn key(name: &str) -> String {
    let bare = |it: char| it.is_ascii_alphanumeric() || it == '-' || it == '_';
    if !name.is_empty() && name.chars().all(bare) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// A TOML string; what does not print is escaped.
pub(in crate::check) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for it in text.chars() {
        match it {
            '"' | '\\' => out.extend(['\\', it]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            it if it.is_control() || !is_visible(it) => {
                let _ = write!(out, "\\U{:08X}", u32::from(it));
            }
            it => out.push(it),
        }
    }
    out.push('"');
    out
}

/// Whether a character can be seen and leaves the order of those around it alone.
fn is_visible(it: char) -> bool {
    !matches!(it, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

pub(super) fn read_lock(path: &str, text: &str) -> Result<Baseline, ConfigError> {
    read(path, text, |reader, table| {
        let mut baseline = Baseline::default();
        match table.get("version") {
            Some(value) if scalar(value.get_ref()) == Some(VERSION.to_string()) => {}
            Some(value) => {
                let found = scalar(value.get_ref()).unwrap_or_default();
                let message = format!("version {found} of the lock file, and {VERSION} is known");
                let help = "cnninspect check --save-baseline writes it anew".to_owned();
                reader.say(value.span(), message, Some(help));
                return baseline;
            }
            None => reader.say(0..0, "the lock file has no version".to_owned(), None),
        }
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "version" => {}
                "model" => {
                    let models = reader.table(value, "a table of models");
                    for (path, value) in models.into_iter().flatten() {
                        let record = model(reader, value);
                        baseline.models.insert(path.get_ref().to_string(), record);
                    }
                }
                _ => reader.unknown_key(key, TOP),
            }
        }
        baseline
    })
}

fn model(reader: &mut Reader, value: &Value<'_>) -> ModelRecord {
    let mut record = ModelRecord::default();
    for (key, value) in reader
        .table(value, "a table of numbers")
        .into_iter()
        .flatten()
    {
        let name = key.get_ref().as_ref();
        let rule = RULES.iter().find(|it| it.name == name);
        match rule.map(|it| (it.name, it.measure)) {
            Some((name, Measure::Count { unit, .. })) => {
                let count = match unit {
                    Unit::Factor => factor(reader, value),
                    _ => count(reader, value),
                };
                record.counts.extend(count.map(|it| (name, it)));
            }
            Some((name, Measure::Names { .. })) => {
                let names = reader.strings(value).into_iter().map(|it| it.0);
                record.names.insert(name, names.collect::<BTreeSet<_>>());
            }
            None if name == "layers" => {
                let layers = reader.table(value, "a table of layers");
                for (name, value) in layers.into_iter().flatten() {
                    if let Some(table) = reader.table(value, "a layer's row") {
                        let layer = layer(reader, table);
                        record.layers.insert(name.get_ref().to_string(), layer);
                    }
                }
            }
            None => {
                let known: Vec<&str> = RULES.iter().map(|it| it.name).chain(["layers"]).collect();
                reader.unknown_key(key, &known);
            }
        }
    }
    record
}

fn layer(reader: &mut Reader, table: &DeTable<'_>) -> LayerRecord {
    let mut layer = LayerRecord::default();
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        if let Some((name, _)) = FIELDS.iter().find(|it| it.0 == name) {
            layer
                .counts
                .extend(count(reader, value).map(|it| (*name, it)));
        } else if let Some(text) = reader.string(value, "a string") {
            layer.traits.insert(name.to_owned(), text);
        }
    }
    layer
}

/// Thousandths of a factor.
fn factor(reader: &mut Reader, value: &Value<'_>) -> Option<u128> {
    let text = scalar(value.get_ref()).unwrap_or_default();
    let limit = reader.ask(value.span(), Unit::Factor.read(&text, Round::Down))?;
    Some(limit.value)
}

fn count(reader: &mut Reader, value: &Value<'_>) -> Option<u128> {
    let count = scalar(value.get_ref()).and_then(|it| it.parse().ok());
    if count.is_none() {
        reader.wrong(value, "a whole number");
    }
    count
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_factor_of_any_length_is_read_as_it_was_written() {
        let cases = [
            (500, "0.5"),
            (3_025_000, "3_025"),
            (999_999_999_999_999, "999_999_999_999.999"),
            // From here on a float has not every digit.
            (1_000_000_000_000_001, "\"1,000,000,000,000.001\""),
            (
                429_306_043_897_240_473_972_364,
                "\"429,306,043,897,240,473,972.364\"",
            ),
            (
                u128::MAX,
                "\"340,282,366,920,938,463,463,374,607,431,768,211.455\"",
            ),
        ];
        for (thousandths, expected) in cases {
            let record = ModelRecord {
                counts: BTreeMap::from([("sharing-factor", thousandths)]),
                ..ModelRecord::default()
            };
            let models = BTreeMap::from([("a.onnx".to_owned(), record)]);
            let baseline = Baseline { models };
            let text = baseline.to_text();
            let line = format!("sharing-factor = {expected}");
            assert!(text.lines().any(|it| it == line), "{line}\n{text}");
            assert_eq!(Baseline::read("cnninspect.lock", &text), Ok(baseline));
        }
    }
}
