//! Verdicts in words, the same in every format.

use std::collections::BTreeSet;

use super::super::text::{plural, spoken};
use super::cells::{CHANGED, blamed, found_and_asked, margin};
use crate::check::{Asked, Counts, Found, ModelReport, Outcome, Report, Status, Verdict};
use crate::units::wide;

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
/// limit, numbers that are as in the baseline by how many they are; and what changed is told once.
pub(super) fn lines(model: &ModelReport) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut unchanged = 0;
    let mut rest = model.verdicts.as_slice();
    while let Some(verdict) = rest.first() {
        let run = rest.iter().take_while(|it| are_alike(verdict, it));
        let (group, after) = rest.split_at(run.count().max(1));
        if verdict.is_baseline() && verdict.status == Status::Within && is_equal(verdict) {
            unchanged += 1;
        } else {
            add_group(group, &mut lines);
        }
        rest = after;
    }
    if unchanged > 0 {
        lines.push(as_before(unchanged));
    }
    say_once(&mut lines);
    lines
}

/// Whether two verdicts are on layers of one pattern, by one rule.
fn are_alike(first: &Verdict, other: &Verdict) -> bool {
    let key = |it: &Verdict| (it.rule.name, it.pattern.clone());
    first.layer.is_some() && other.layer.is_some() && key(first) == key(other)
}

/// A row for each that does not hold, and one for all that do.
fn add_group(group: &[Verdict], lines: &mut Vec<Line>) {
    let (fine, wrong): (Vec<_>, Vec<_>) = group.iter().partition(|it| it.status == Status::Within);
    lines.extend(wrong.into_iter().map(line));
    if let Some(nearest) = fine.iter().min_by_key(|it| it.margin()) {
        let mut line = line(nearest);
        if fine.len() > 1 {
            line.notes
                .push(format!("the nearest of {} layers that hold it", fine.len()));
        }
        lines.push(line);
    }
}

fn as_before(count: u128) -> Line {
    Line {
        outcome: Outcome::Pass,
        subject: "baseline".to_owned(),
        found: plural(count, "value"),
        asked: "as before".to_owned(),
        margin: String::new(),
        notes: vec![],
    }
}

/// Leaves out a change that an earlier row told.
fn say_once(lines: &mut [Line]) {
    let mut told = BTreeSet::new();
    for line in lines {
        line.notes.retain(|note| match note.split_once(": ") {
            Some((label, layers)) if label.starts_with(CHANGED) => told.insert(layers.to_owned()),
            _ => true,
        });
    }
}

fn is_equal(verdict: &Verdict) -> bool {
    verdict.margin().is_none_or(|it| it == 0)
}

fn line(verdict: &Verdict) -> Line {
    let (found, asked) = found_and_asked(verdict);
    Line {
        outcome: verdict.outcome(),
        subject: subject(verdict),
        found,
        asked,
        margin: margin(verdict).unwrap_or_default(),
        notes: notes(verdict),
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
