//! Verdicts in words, the same in every format.

use super::super::text::{percent, plural, spoken};
use crate::check::{
    Asked, Counts, Culprit, Found, ModelReport, Outcome, Report, Status, Tolerance, Unit, Verdict,
};
use crate::units::wide;

/// Names that a cell lists.
const MOST_NAMES: usize = 6;

/// One row of a report for people.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) outcome: Outcome,
    /// The rule, with the layer.
    pub(super) subject: String,
    /// What was found.
    pub(super) found: String,
    /// What was asked.
    pub(super) asked: String,
    /// How much room there is, or how far off it is.
    pub(super) margin: String,
    /// Reasons, layers, the user's words.
    pub(super) notes: Vec<String>,
}

/// The rows of a model. What passes is told in short: layers of one pattern by the nearest to its
/// limit, numbers that are as in the baseline by how many they are.
pub(super) fn lines(model: &ModelReport) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut unchanged = 0;
    let mut rest = model.verdicts.as_slice();
    while let Some(verdict) = rest.first() {
        let run = rest
            .iter()
            .take_while(|it| passes_alike(verdict, it))
            .count()
            .max(1);
        if verdict.is_baseline() && verdict.status == Status::Within && is_equal(verdict) {
            unchanged += 1;
        } else {
            let group = rest.get(..run).unwrap_or_default();
            let tightest = group.iter().min_by_key(|it| it.margin()).unwrap_or(verdict);
            lines.push(line(tightest, run));
        }
        rest = rest.get(run..).unwrap_or_default();
    }
    if unchanged > 0 {
        lines.push(Line {
            outcome: Outcome::Pass,
            subject: "baseline".to_owned(),
            found: plural(unchanged, "value"),
            asked: "as before".to_owned(),
            margin: String::new(),
            notes: vec![],
        });
    }
    lines
}

/// Whether two verdicts are on layers of one pattern, and both hold.
fn passes_alike(first: &Verdict, other: &Verdict) -> bool {
    let key = |it: &Verdict| (it.rule.name, it.pattern.clone());
    let holds = |it: &Verdict| it.layer.is_some() && it.status == Status::Within;
    holds(first) && holds(other) && key(first) == key(other)
}

fn is_equal(verdict: &Verdict) -> bool {
    verdict.margin().is_none_or(|it| it == 0)
}

fn line(verdict: &Verdict, of: usize) -> Line {
    let (found, asked) = found_and_asked(verdict);
    let mut notes = notes(verdict);
    if of > 1 {
        notes.push(format!("the nearest of {of} layers that match"));
    }
    let subject = subject(verdict);
    Line {
        outcome: verdict.outcome(),
        subject,
        found,
        asked,
        margin: margin(verdict).unwrap_or_default(),
        notes,
    }
}

/// `params`, `conv1 params`.
pub(super) fn subject(verdict: &Verdict) -> String {
    let rule = match verdict.asked {
        Asked::InBaseline => "baseline",
        _ => verdict.rule.name,
    };
    match verdict.layer.as_ref().or(verdict.pattern.as_ref()) {
        Some(layer) => format!("{} {rule}", spoken(layer)),
        None => rule.to_owned(),
    }
}

/// What was found and what was asked; exact where rounding would make them look alike.
fn found_and_asked(verdict: &Verdict) -> (String, String) {
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
    let text = |it: &crate::check::Limit| {
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
        names => super::super::text::several(names, MOST_NAMES),
    }
}

/// `187,655 to spare`, `by 312,004,608 (6.9 %)`, `+312,004,608 (6.9 %)`.
fn margin(verdict: &Verdict) -> Option<String> {
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

/// Why it is unknown, which layers did it, what the user says to it.
pub(super) fn notes(verdict: &Verdict) -> Vec<String> {
    let mut notes = Vec::new();
    if let Found::Unknown(reason) = &verdict.found {
        notes.push(super::super::printable(reason));
    }
    if !verdict.layers.is_empty() {
        notes.push(blamed(verdict));
    }
    if verdict.outcome() != Outcome::Pass {
        notes.extend(verdict.message.as_deref().map(super::super::printable));
    }
    notes
}

fn blamed(verdict: &Verdict) -> String {
    let unit = match verdict.rule.name {
        "macs" => Unit::Macs,
        _ => Unit::Params,
    };
    let changed = |it: &Culprit| it.before.is_some() || it.change.is_some();
    let items: Vec<String> = verdict.layers.iter().map(|it| culprit(it, unit)).collect();
    let label = if verdict.layers.iter().any(changed) {
        "changed since the baseline"
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
    let change = it.change.as_deref().map(super::super::printable);
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

/// One sentence: `macs 4,812,004,608 is over 4.5 G by 312,004,608 (6.9 %)`.
pub(super) fn sentence(verdict: &Verdict) -> String {
    let (found, asked) = found_and_asked(verdict);
    let parts = match verdict.found {
        Found::Unknown(_) => vec!["is unknown".to_owned()],
        _ => vec![found, asked, margin(verdict).unwrap_or_default()],
    };
    let parts: Vec<String> = parts.into_iter().filter(|it| !it.is_empty()).collect();
    let mut text = format!("{} {}", subject(verdict), parts.join(", "));
    for note in notes(verdict) {
        text.push_str("; ");
        text.push_str(&note);
    }
    text
}

/// `2 models: 1 broken, 1 unknown`.
pub(super) fn verdict_of_all(report: &Report) -> String {
    let Counts {
        passed,
        warned,
        broken,
        unknown,
        failed,
    } = report.counts();
    let counted = [
        (broken, "broken"),
        (unknown, "unknown"),
        (warned, "only warned of"),
        (failed, "could not be checked"),
    ];
    let mut parts: Vec<String> = counted
        .iter()
        .filter(|it| it.0 > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let checks = plural(wide(passed).into(), "check");
    if parts.is_empty() {
        parts.push(match passed {
            1 => "1 check passes".to_owned(),
            _ => format!("{checks} pass"),
        });
    } else if passed > 0 {
        parts.push(format!("{passed} fine"));
    }
    let models = plural(wide(report.models.len()).into(), "model");
    format!("{models}: {}", parts.join(", "))
}

/// The sign in front of a row.
pub(super) fn mark(outcome: Outcome, status_known: bool) -> &'static str {
    match outcome {
        Outcome::Pass if status_known => "✓",
        Outcome::Pass | Outcome::Unknown => "?",
        Outcome::Warned => "!",
        Outcome::Broken => "✗",
    }
}
