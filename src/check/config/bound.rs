//! The budget of one rule, as a configuration writes it.

use std::ops::Range;

use toml::de::DeTable;

use super::super::amount::{Limit, Round, Unit};
use super::super::baseline::lock::quoted;
use super::super::budget::{Bound, Bounds, Pattern, Tolerance};
use super::super::problem::meant;
use super::super::rules::Rule;
use super::super::toml::{Reader, Value, scalar};
use crate::tensor::DataType;

const COUNT_KEYS: &[&str] = &[
    "min",
    "max",
    "level",
    "message",
    "allow-unknown",
    "tolerance",
];
const NAME_KEYS: &[&str] = &["allow", "deny", "level", "message", "allow-unknown"];
const TOLERANCE_KEYS: &[&str] = &["percent", "absolute"];

/// The rules that a table may have.
pub(super) struct Rules<'a> {
    pub(super) known: &'a [&'static Rule],
    /// The other keys of the table, which somebody else reads.
    pub(super) keys: &'a [&'a [&'a str]],
}

impl Rules<'_> {
    /// Reads the rules of a table; a key that is neither a rule nor somebody else's is a mistake.
    pub(super) fn read(&self, reader: &mut Reader, table: &DeTable<'_>) -> Bounds {
        let names: Vec<&str> = self.known.iter().map(|it| it.name).collect();
        let others: Vec<&str> = self.keys.concat();
        let mut bounds = Bounds::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if let Some(rule) = self.known.iter().find(|it| it.name == name) {
                bounds.insert(rule.name, bound(reader, rule, value));
            } else if !others.contains(&name) {
                reader.unknown_key(key, &[others.as_slice(), &names].concat());
            }
        }
        bounds
    }
}

fn bound(reader: &mut Reader, rule: &Rule, value: &Value<'_>) -> Bound {
    let name = rule.name;
    let Some(table) = value.get_ref().as_table() else {
        let own = text_of(value);
        let (message, help) = match rule.unit() {
            Some(unit) => (
                format!("{name} needs a min or a max"),
                format!("{name}.max = {}", own.unwrap_or(unit.example().to_owned())),
            ),
            None => (
                format!("{name} needs names to allow or to deny"),
                format!("{name}.deny = [\"…\"]"),
            ),
        };
        reader.say(value.span(), message, Some(help));
        return Bound::default();
    };
    let bound = match rule.unit() {
        Some(unit) => count(reader, table, unit),
        None => names(reader, table, rule),
    };
    if let (Some(min), Some(max)) = (&bound.min, &bound.max)
        && min.value > max.value
    {
        let message = format!(
            "{name} can never hold: min {} is above max {}",
            min.text, max.text
        );
        reader.say(value.span(), message, None);
    }
    bound
}

/// A number or string as it is written.
fn text_of(value: &Value<'_>) -> Option<String> {
    let text = scalar(value.get_ref())?;
    Some(match value.get_ref().as_str() {
        Some(_) => quoted(&text),
        None => text,
    })
}

fn count(reader: &mut Reader, table: &DeTable<'_>, unit: Unit) -> Bound {
    let mut bound = Bound::default();
    for (key, value) in table {
        match key.get_ref().as_ref() {
            "min" => bound.min = amount(reader, value, unit, Round::Up),
            "max" => bound.max = amount(reader, value, unit, Round::Down),
            "tolerance" => bound.tolerance = tolerance(reader, value, Some(unit)),
            other if common(reader, &mut bound, other, value) => {}
            _ => reader.unknown_key(key, COUNT_KEYS),
        }
    }
    bound
}

fn names(reader: &mut Reader, table: &DeTable<'_>, rule: &Rule) -> Bound {
    let mut bound = Bound::default();
    for (key, value) in table {
        match key.get_ref().as_ref() {
            "allow" => bound.allow = Some(patterns(reader, value, rule)),
            "deny" => bound.deny = Some(patterns(reader, value, rule)),
            other if common(reader, &mut bound, other, value) => {}
            _ => reader.unknown_key(key, NAME_KEYS),
        }
    }
    bound
}

/// Reads a key that every bound has; false where it is none.
fn common(reader: &mut Reader, bound: &mut Bound, key: &str, value: &Value<'_>) -> bool {
    match key {
        "level" => bound.level = super::level(reader, value),
        "message" => bound.message = reader.string(value, "your words, a string"),
        "allow-unknown" => bound.allow_unknown = reader.bool(value),
        _ => return false,
    }
    true
}

fn amount(reader: &mut Reader, value: &Value<'_>, unit: Unit, round: Round) -> Option<Limit> {
    let Some(text) = scalar(value.get_ref()) else {
        reader.wrong(value, &format!("an amount like {}", unit.example()));
        return None;
    };
    reader.ask(value.span(), unit.read(&text, round))
}

/// `"1 %"`, an amount, or a table of both; an amount needs a rule's unit.
pub(super) fn tolerance(
    reader: &mut Reader,
    value: &Value<'_>,
    unit: Option<Unit>,
) -> Option<Tolerance> {
    if let Some(table) = value.get_ref().as_table() {
        let mut tolerance = Tolerance::default();
        for (key, value) in table {
            match (key.get_ref().as_ref(), unit) {
                ("percent", _) => tolerance.percent = read_percent(reader, value),
                ("absolute", Some(unit)) => {
                    let limit = amount(reader, value, unit, Round::Down);
                    tolerance.absolute = limit.map(|it| it.value);
                }
                ("absolute", None) => no_unit(reader, value.span()),
                _ => reader.unknown_key(key, TOLERANCE_KEYS),
            }
        }
        return Some(tolerance);
    }
    let is_percent = value.get_ref().as_str().is_some_and(|it| it.contains('%'));
    match unit {
        _ if is_percent => Some(Tolerance {
            percent: Some(read_percent(reader, value)?),
            absolute: None,
        }),
        Some(unit) => Some(Tolerance {
            percent: None,
            absolute: Some(amount(reader, value, unit, Round::Down)?.value),
        }),
        None => {
            no_unit(reader, value.span());
            None
        }
    }
}

fn no_unit(reader: &mut Reader, span: Range<usize>) {
    let message = "here a tolerance is in percent, since rules count in different units";
    let help = "tolerance = \"1 %\" here, params.tolerance = \"10 k\" for one rule";
    reader.say(span, message.to_owned(), Some(help.to_owned()));
}

fn read_percent(reader: &mut Reader, value: &Value<'_>) -> Option<u128> {
    let Some(text) = scalar(value.get_ref()) else {
        reader.wrong(value, "a number of percent");
        return None;
    };
    reader.ask(value.span(), percent(&text))
}

/// Thousandths of a percent: `1 %`, `0.5`.
///
/// # Errors
/// How a percentage is written.
pub fn percent(text: &str) -> Result<u128, String> {
    let number = text.trim().trim_end_matches('%').trim_end();
    let limit = Unit::Factor.read(number, Round::Down);
    let limit =
        limit.map_err(|_| format!("{text:?} is no percentage, which is written like \"1 %\""))?;
    Ok(limit.value)
}

fn patterns(reader: &mut Reader, value: &Value<'_>, rule: &Rule) -> Vec<Pattern> {
    let mut patterns = Vec::new();
    for (text, span) in reader.strings(value) {
        let pattern = rule_pattern(rule, &text);
        patterns.extend(reader.ask(span, pattern));
    }
    patterns
}

/// A pattern of a rule's names; a data type that there is none of is a mistake.
///
/// # Errors
/// What is wrong with it, and what was probably meant.
pub fn rule_pattern(rule: &Rule, text: &str) -> Result<Pattern, String> {
    let pattern = Pattern::name(text)?;
    let types = || {
        (1..=i32::from(u8::MAX))
            .filter_map(DataType::from_onnx)
            .map(DataType::name)
    };
    if rule.name != "data-types" || pattern.is_glob() || types().any(|it| it == text) {
        return Ok(pattern);
    }
    Err(match meant(text, types()) {
        Some(meant) => format!("{text:?} is no data type; did you mean {meant:?}?"),
        None => format!(
            "{text:?} is no data type; there are {}",
            types().collect::<Vec<_>>().join(", ")
        ),
    })
}
