//! CSV: one row a model, exact, quoted as RFC 4180 says.

use std::cmp::Ordering;
use std::io;

use super::Page;
use crate::compare::property::{PROPERTIES, Property, Value};
use crate::compare::summary::Model;
use crate::render::column::Raw;
use crate::render::csv::field;

/// Writes the header and the rows, lines ending in CR LF; with differences, a column of percents beside each of
/// numbers, of percentage points beside each of shares.
pub(super) fn write(page: &Page<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let all = || PROPERTIES.iter().collect();
    let properties: Vec<&Property> = page.view.properties.clone().unwrap_or_else(all);
    let mut header = vec!["path".to_owned(), "error".to_owned()];
    for it in &properties {
        header.push(it.name.to_owned());
        if page.view.relative && !it.words {
            let unit = if it.share { "points" } else { "percent" };
            header.push(format!("{}_{unit}", it.name));
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
            if page.view.relative && !property.words {
                row.push(percent(page, property, model).unwrap_or_default());
            }
        }
        write!(out, "{}\r\n", row.join(","))?;
    }
    Ok(())
}

fn exact(value: &Value) -> String {
    match value {
        Value::Nothing | Value::Unknown(_) | Value::AtLeast(..) => String::new(),
        Value::Text(text) | Value::Noted(text, _) => field(&Raw::Text(text.clone())),
        Value::Count(count) | Value::Bytes(count) => count.to_string(),
        Value::Share { part, whole }
        | Value::Ratio {
            whole: part,
            part: whole,
        } => decimal(*part, *whole),
    }
}

/// A fraction to six decimals, rounded to the nearest.
fn decimal(above: u128, below: u128) -> String {
    digits(above, below, 6)
}

/// A fraction to so many decimals, rounded to the nearest, digit by digit so that no product of 128 bits is needed.
pub(super) fn digits(above: u128, below: u128, places: usize) -> String {
    let mut whole = above.checked_div(below).unwrap_or(0);
    let mut rest = above.checked_rem(below).unwrap_or(0);
    let mut decimals = Vec::with_capacity(places);
    for _ in 0..places {
        rest = rest.saturating_mul(10);
        decimals.push(rest.checked_div(below).unwrap_or(0));
        rest = rest.checked_rem(below).unwrap_or(0);
    }
    let mut up = rest >= below.saturating_sub(rest).max(1);
    for digit in decimals.iter_mut().rev() {
        if up {
            up = *digit == 9;
            *digit = if up { 0 } else { digit.saturating_add(1) };
        }
    }
    whole = whole.saturating_add(u128::from(up));
    let decimals: String = decimals.iter().map(u128::to_string).collect();
    format!("{whole}.{decimals}")
}

/// A difference with a sign, to so many decimals that only an equal one is 0, without zeros behind.
pub(super) fn difference(
    times: u128,
    (order, above, below): (Ordering, u128, u128),
) -> Option<String> {
    let text = digits(above.checked_mul(times)?, below, 12);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    let sign = if order == Ordering::Less { "-" } else { "" };
    Some(format!("{sign}{text}"))
}

/// Percent of the reference, or percentage points.
fn percent(page: &Page<'_>, property: &Property, model: &Model) -> Option<String> {
    let base = page.summary.reference()?.value(property)?;
    let value = model.value(property)?;
    let over = if property.share {
        value.points_over(&base)?
    } else {
        value.over(&base)?
    };
    difference(100, over)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_rounded_to_the_nearest() {
        let cases = [
            // 2/3, 1/3, 1/2, and a carry through every digit.
            ((2, 3), "0.666667"),
            ((1, 3), "0.333333"),
            ((7, 2), "3.500000"),
            ((9_999_999, 10_000_000), "1.000000"),
            ((0, 5), "0.000000"),
        ];
        for ((above, below), expected) in cases {
            assert_eq!(decimal(above, below), expected, "{above}/{below}");
        }
    }

    #[test]
    fn only_what_is_equal_differs_by_nothing() {
        let one = |order, above, below| difference(100, (order, above, below)).unwrap();
        // 4,800 of 11,684,712 are 0.04107932…%; 1 of 10^12 is 10^-10 %.
        let small = one(Ordering::Greater, 4_800, 11_684_712);
        assert!(small.starts_with("0.041079"), "{small}");
        let trillion = 1_000_000_000_000;
        assert_eq!(one(Ordering::Less, 1, trillion), "-0.0000000001");
        assert_eq!(one(Ordering::Equal, 0, 7), "0");
        assert_eq!(one(Ordering::Less, 1, 2), "-50");
    }
}
