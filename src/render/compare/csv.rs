//! CSV: one row a model, exact, quoted as RFC 4180 says.

use std::io;

use super::Page;
use crate::compare::property::{PROPERTIES, Property, Value};
use crate::compare::summary::Model;
use crate::render::column::Raw;
use crate::render::csv::field;

/// Writes the header and the rows, lines ending in CR LF; with differences, a column of percents beside each of
/// numbers.
pub(super) fn write(page: &Page<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let all = || PROPERTIES.iter().collect();
    let properties: Vec<&Property> = page.view.properties.clone().unwrap_or_else(all);
    let mut header = vec!["path".to_owned(), "error".to_owned()];
    for it in &properties {
        header.push(it.name.to_owned());
        if page.view.relative {
            header.push(format!("{}_percent", it.name));
        }
    }
    write!(out, "{}\r\n", header.join(","))?;
    for model in &page.summary.models {
        let error = model.sums.as_ref().err();
        let mut row = vec![
            field(&Raw::Text(model.path.clone())),
            field(&error.map_or(Raw::Nothing, |it| Raw::Text(it.clone()))),
        ];
        for property in &properties {
            let value = model.value(property);
            row.push(value.as_ref().map_or_else(String::new, exact));
            if page.view.relative {
                row.push(percent(page, property, model));
            }
        }
        write!(out, "{}\r\n", row.join(","))?;
    }
    Ok(())
}

fn exact(value: &Value) -> String {
    match value {
        Value::Nothing | Value::Unknown(_) => String::new(),
        Value::Text(text) => field(&Raw::Text(text.clone())),
        Value::Count(count) | Value::Bytes(count) => count.to_string(),
        Value::Share { part, whole }
        | Value::Ratio {
            whole: part,
            part: whole,
        } => decimal(*part, *whole),
    }
}

/// A fraction to six decimals, rounded down.
pub(super) fn decimal(above: u128, below: u128) -> String {
    let whole = above.checked_div(below).unwrap_or(0);
    let rest = above.checked_rem(below).unwrap_or(0);
    let millionths = rest.checked_mul(1_000_000);
    let millionths = millionths.and_then(|it| it.checked_div(below)).unwrap_or(0);
    format!("{whole}.{millionths:06}")
}

fn percent(page: &Page<'_>, property: &Property, model: &Model) -> String {
    let base = page.summary.reference().and_then(|it| it.value(property));
    let permille = model.value(property).zip(base);
    let permille = permille.and_then(|(value, base)| value.permille_over(&base));
    permille.map_or_else(String::new, |it| {
        let sign = if it < 0 { "-" } else { "" };
        let size = it.unsigned_abs();
        format!("{sign}{}.{}", size / 10, size % 10)
    })
}
