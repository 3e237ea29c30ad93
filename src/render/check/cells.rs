//! The parts of a verdict in words: what was found, what was asked, how far apart they are, who did it.

use super::super::printable;
use super::super::text::{plural, several, spoken};
use crate::check::{Asked, Culprit, Found, Limit, Status, Tolerance, Unit, Verdict};
use crate::units::{percent, wide};

/// What layers are called that changed.
pub(super) const CHANGED: &str = "changed since the baseline";
/// Names that a cell lists where all is well; only how many there are beyond.
const MOST_SHOWN: usize = 2;
/// Names that a cell lists.
const MOST_NAMES: usize = 6;

/// What was found and what was asked; exact where rounding would make them look alike.
pub(super) fn found_and_asked(verdict: &Verdict) -> (String, String) {
    let unit = verdict.unit();
    let limit = bound_that_matters(verdict);
    let count = match verdict.found {
        Found::Count(count) => Some(count),
        _ => None,
    };
    let hides = count
        .zip(limit)
        .is_some_and(|(count, limit)| count != limit && unit.shown(count) == unit.shown(limit));
    let number = |it| {
        if hides {
            unit.digits(it)
        } else {
            unit.shown(it)
        }
    };
    let found = match &verdict.found {
        Found::Count(count) => number(*count),
        Found::Names(names) if verdict.status == Status::Within && names.len() > MOST_SHOWN => {
            plural(wide(names.len()).into(), "name")
        }
        Found::Names(names) => listed(names),
        Found::Unknown(_) if verdict.allow_unknown => "unknown, allowed".to_owned(),
        Found::Unknown(_) => "unknown".to_owned(),
    };
    (found, asked(verdict, hides))
}

/// The bound that is broken, or the one of the baseline, or the most.
fn bound_that_matters(verdict: &Verdict) -> Option<u128> {
    match (&verdict.asked, verdict.status) {
        (Asked::Bounds { min, .. }, Status::Under(_)) => min.as_ref().map(|it| it.value),
        (Asked::Bounds { min, max }, _) => max.as_ref().or(min.as_ref()).map(|it| it.value),
        (Asked::Baseline { before, .. }, _) => Some(*before),
        _ => None,
    }
}

fn asked(verdict: &Verdict, exact: bool) -> String {
    let unit = verdict.unit();
    let text = |it: &Limit| {
        if exact {
            unit.digits(it.value)
        } else {
            it.text.clone()
        }
    };
    match (&verdict.asked, verdict.status) {
        (Asked::Bounds { max: Some(max), .. }, Status::Over(_)) => format!("over {}", text(max)),
        (Asked::Bounds { min: Some(min), .. }, Status::Under(_)) => format!("under {}", text(min)),
        (
            Asked::Bounds {
                min: Some(min),
                max: Some(max),
            },
            _,
        ) => {
            format!("within {} … {}", text(min), text(max))
        }
        (Asked::Bounds { min: Some(min), .. }, _) => format!("at least {}", text(min)),
        (Asked::Bounds { max: Some(max), .. }, _) => format!("at most {}", text(max)),
        (Asked::Bounds { .. } | Asked::InBaseline, _) => String::new(),
        (Asked::Names { allow, deny }, _) => names_asked(allow.as_deref(), deny.as_deref()),
        (Asked::Baseline { before, tolerance }, _) => {
            let before = if exact {
                unit.digits(*before)
            } else {
                unit.shown(*before)
            };
            format!("baseline {before}{}", tolerated(tolerance, unit))
        }
        (Asked::BaselineNames { added, removed }, Status::Changed) => {
            let added = (!added.is_empty()).then(|| format!("new {}", listed(added)));
            let removed = (!removed.is_empty()).then(|| format!("gone {}", listed(removed)));
            let parts: Vec<String> = added.into_iter().chain(removed).collect();
            parts.join(", ")
        }
        (Asked::BaselineNames { .. }, _) => "as in the baseline".to_owned(),
    }
}

fn tolerated(tolerance: &Tolerance, unit: Unit) -> String {
    let percent = tolerance
        .percent
        .map(|it| format!("{} %", Unit::Factor.exact(it)));
    let absolute = tolerance.absolute.map(|it| unit.shown(it));
    let parts: Vec<String> = percent.into_iter().chain(absolute).collect();
    match parts.as_slice() {
        [] => String::new(),
        parts => format!(" ± {}", parts.join(" and ")),
    }
}

fn names_asked(allow: Option<&[String]>, deny: Option<&[String]>) -> String {
    let allow = allow.map(|it| format!("only {}", listed(it)));
    let deny = deny.map(|it| format!("not {}", listed(it)));
    let parts: Vec<String> = allow.into_iter().chain(deny).collect();
    parts.join(", ")
}

fn listed(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        names => several(names, MOST_NAMES),
    }
}

/// `187,655 to spare`, `by 312,004,608 (6.9 %)`, `+312,004,608 (6.9 %)`.
pub(super) fn margin(verdict: &Verdict) -> Option<String> {
    let unit = verdict.unit();
    let margin = verdict.margin()?;
    let share = bound_that_matters(verdict).and_then(|it| percent(margin, it));
    let share = share.map_or_else(String::new, |it| match it.as_str() {
        "0.0 %" if margin > 0 => " (less than 0.1 %)".to_owned(),
        share => format!(" ({share})"),
    });
    Some(match (&verdict.asked, &verdict.found) {
        (Asked::Baseline { before, .. }, Found::Count(now)) => {
            let sign = if now < before { "−" } else { "+" };
            format!("{sign}{}{share}", unit.digits(margin))
        }
        _ if verdict.status == Status::Within => format!("{} to spare", unit.digits(margin)),
        _ => format!("by {}{share}", unit.digits(margin)),
    })
}

pub(super) fn blamed(verdict: &Verdict) -> String {
    let unit = match verdict.rule.name {
        "macs" => Unit::Macs,
        _ => Unit::Params,
    };
    let changed = |it: &Culprit| it.before.is_some() || it.change.is_some();
    let items: Vec<String> = verdict.layers.iter().map(|it| culprit(it, unit)).collect();
    let label = if verdict.layers.iter().any(changed) {
        CHANGED
    } else if verdict.status == Status::Denied {
        "in"
    } else {
        "largest"
    };
    // What a layer has is in parameters where the rule counts bytes.
    let unit = match verdict.rule.unit() {
        Some(Unit::Bytes) => ", in parameters",
        _ => "",
    };
    format!("{label}{unit}: {}", items.join(", "))
}

/// `neck.conv3 +298,844,160 (kernel 3x3 → 5x5)`.
fn culprit(it: &Culprit, unit: Unit) -> String {
    let name = spoken(&it.name);
    let change = it.change.as_deref().map(printable);
    let change = change.map_or_else(String::new, |it| format!(" ({it})"));
    let moved = it.now.unwrap_or(0).abs_diff(it.before.unwrap_or(0));
    let sign = match (it.now, it.before) {
        _ if moved == 0 => return name + &change,
        (_, None) if it.change.is_none() => "",
        (now, before) if now < before => "−",
        _ => "+",
    };
    format!("{name} {sign}{}{change}", unit.digits(moved))
}
