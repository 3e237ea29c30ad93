//! Reads a TOML text by hand, so that every mistake in it is found, each with its place.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{ConfigError, Problem, meant};

/// A value and its place.
pub(super) type Value<'a> = Spanned<DeValue<'a>>;

/// Collects mistakes while a text is read.
#[derive(Debug, Default)]
pub(super) struct Reader {
    problems: Vec<Problem>,
}

/// Reads `text` with `read`; any mistake makes it an error with all of them.
pub(super) fn read<T>(
    path: &str,
    text: &str,
    read: impl FnOnce(&mut Reader, &DeTable<'_>) -> T,
) -> Result<T, ConfigError> {
    let mut reader = Reader::default();
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let place = error.span().unwrap_or(0..0);
        reader.say(place, error.message().replace('\n', ", "), None);
    }
    // Keys of a text that is no TOML are guesses; its own mistakes come first.
    if reader.problems.is_empty() {
        let result = read(&mut reader, table.get_ref());
        if reader.problems.is_empty() {
            return Ok(result);
        }
    }
    reader
        .problems
        .sort_by_key(|it| (it.span.start, it.span.end));
    Err(ConfigError {
        path: path.to_owned(),
        text: text.to_owned(),
        problems: reader.problems,
    })
}

impl Reader {
    /// Notes a mistake.
    pub(super) fn say(&mut self, span: Range<usize>, message: String, help: Option<String>) {
        self.problems.push(Problem {
            message,
            label: String::new(),
            span,
            help,
        });
    }

    /// Notes a key that means nothing here.
    pub(super) fn unknown_key(&mut self, key: &Spanned<impl AsRef<str>>, known: &[&str]) {
        let name = key.get_ref().as_ref();
        let meant = meant(name, known.iter().copied());
        self.problems.push(Problem {
            message: format!("unknown key {name:?}"),
            label: meant.map_or_else(String::new, |it| format!("did you mean {it:?}?")),
            span: key.span(),
            help: meant
                .is_none()
                .then(|| format!("the keys here are {}", known.join(", "))),
        });
    }

    /// Notes a value of another type than `expected`.
    pub(super) fn wrong(&mut self, value: &Value<'_>, expected: &str) {
        let found = value.get_ref().type_str();
        self.say(
            value.span(),
            format!("expected {expected}, found {found}"),
            None,
        );
    }

    /// A table.
    pub(super) fn table<'a, 'i>(
        &mut self,
        value: &'a Value<'i>,
        expected: &str,
    ) -> Option<&'a DeTable<'i>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.wrong(value, expected);
        }
        table
    }

    /// A string.
    pub(super) fn string(&mut self, value: &Value<'_>, expected: &str) -> Option<String> {
        let text = value.get_ref().as_str().map(str::to_owned);
        if text.is_none() {
            self.wrong(value, expected);
        }
        text
    }

    /// `true` or `false`.
    pub(super) fn bool(&mut self, value: &Value<'_>) -> Option<bool> {
        let it = value.get_ref().as_bool();
        if it.is_none() {
            self.wrong(value, "true or false");
        }
        it
    }

    /// A string, or a list of them, each with its place.
    pub(super) fn strings(&mut self, value: &Value<'_>) -> Vec<(String, Range<usize>)> {
        if let Some(text) = value.get_ref().as_str() {
            return vec![(text.to_owned(), value.span())];
        }
        let Some(list) = value.get_ref().as_array() else {
            self.wrong(value, "a string or a list of strings");
            return vec![];
        };
        let mut strings = Vec::new();
        for item in list {
            if let Some(text) = self.string(item, "a string") {
                strings.push((text, item.span()));
            }
        }
        strings
    }

    /// What `read` makes of a piece of text, or its mistake.
    pub(super) fn ask<T>(&mut self, span: Range<usize>, result: Result<T, String>) -> Option<T> {
        match result {
            Ok(it) => Some(it),
            Err(message) => {
                self.say(span, message, None);
                None
            }
        }
    }
}

/// A number or string as text; `None` for anything else. A float is written without an exponent.
pub(super) fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(it) if it.radix() == 10 => {
            Some(it.as_str().trim_start_matches('+').to_owned())
        }
        DeValue::Integer(it) => {
            let number = i128::from_str_radix(it.as_str(), it.radix()).ok()?;
            Some(number.to_string())
        }
        DeValue::Float(it) => it.as_str().parse::<f64>().ok().map(|it| it.to_string()),
        _ => None,
    }
}
