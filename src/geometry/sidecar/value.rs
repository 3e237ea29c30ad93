//! Values of a geometry file: numbers, lists of them, words.

use toml::de::DeValue;

use super::{Fault, Lines, Value};

/// No size, stride or padding is larger.
const MOST: u64 = 1 << 31;

/// A whole number of 0 or more.
pub(super) fn number(value: &Value<'_>) -> Option<u64> {
    let number = value.get_ref().as_integer()?;
    let number = u64::from_str_radix(number.as_str(), number.radix()).ok();
    number.filter(|it| *it <= MOST)
}

/// A whole number in words.
pub(super) fn size(text: &str) -> Option<u64> {
    text.parse().ok().filter(|it| *it <= MOST)
}

/// What is wrong where a template was not filled in.
pub(super) fn filled(key: &str, value: &Value<'_>, lines: &Lines) -> Result<(), Fault> {
    let open = matches!(value.get_ref(), DeValue::String(it) if it == "?");
    if open {
        return Err(lines.fault(&value.span(), format!("{key} is still \"?\"")));
    }
    Ok(())
}

/// One number, or a list of them.
pub(super) fn numbers(key: &str, value: &Value<'_>, lines: &Lines) -> Result<Vec<u64>, Fault> {
    filled(key, value, lines)?;
    let list: Option<Vec<u64>> = match value.get_ref() {
        DeValue::Integer(_) => number(value).map(|it| vec![it]),
        DeValue::Array(list) if !list.is_empty() => list.iter().map(number).collect(),
        _ => None,
    };
    list.ok_or_else(|| {
        let message = format!("{key} must be a whole number up to {MOST}, or a list of them");
        lines.fault(&value.span(), message)
    })
}

/// `true` or `false`.
pub(super) fn flag(key: &str, value: &Value<'_>, lines: &Lines) -> Result<bool, Fault> {
    let flag = value.get_ref().as_bool();
    flag.ok_or_else(|| lines.fault(&value.span(), format!("{key} must be true or false")))
}

/// A string.
pub(super) fn word(key: &str, value: &Value<'_>, lines: &Lines) -> Result<String, Fault> {
    filled(key, value, lines)?;
    let word = value.get_ref().as_str();
    word.map(ToOwned::to_owned)
        .ok_or_else(|| lines.fault(&value.span(), format!("{key} must be a name in quotes")))
}

/// A string, or a list of them.
pub(super) fn words(key: &str, value: &Value<'_>, lines: &Lines) -> Result<Vec<String>, Fault> {
    match value.get_ref() {
        DeValue::Array(list) => list.iter().map(|it| word(key, it, lines)).collect(),
        _ => Ok(vec![word(key, value, lines)?]),
    }
}
