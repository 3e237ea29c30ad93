//! What changed since the baseline, and in which layers.

use std::collections::{BTreeMap, BTreeSet};

use super::super::budget::Budget;
use super::super::judge::{MOST_BLAMED, counted, plain};
use super::super::layers::LayerRow;
use super::super::rules::{Measure, Model, Named, RULES, Rule};
use super::super::verdict::{Asked, Culprit, Found, Status, Verdict};
use super::{LayerRecord, ModelRecord};

/// Every verdict of a model on its baseline.
pub(in crate::check) fn verdicts(
    model: &Model<'_>,
    budget: &Budget,
    record: Option<&ModelRecord>,
) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    match record {
        Some(record) => {
            let rows = RULES
                .iter()
                .filter_map(|rule| of_rule(model, rule, budget, record));
            verdicts.extend(rows);
        }
        None => verdicts.extend(RULES.first().map(|rule| {
            let reason = "it is not in the baseline; --update takes it in".to_owned();
            Verdict {
                status: Status::Unknown,
                ..plain(rule, Asked::InBaseline, Found::Unknown(reason))
            }
        })),
    }
    for verdict in &mut verdicts {
        let bound = budget.rules.get(verdict.rule.name);
        let level = bound.and_then(|it| it.level).or(budget.level);
        let allow = bound
            .and_then(|it| it.allow_unknown)
            .or(budget.allow_unknown);
        verdict.level = level.unwrap_or_default();
        verdict.allow_unknown = allow.unwrap_or(false);
    }
    verdicts
}

fn of_rule(
    model: &Model<'_>,
    rule: &'static Rule,
    budget: &Budget,
    record: &ModelRecord,
) -> Option<Verdict> {
    if let Measure::Names { of } = rule.measure {
        let before = record.names.get(rule.name)?;
        return Some(of_names(rule, of(model), before));
    }
    let before = *record.counts.get(rule.name)?;
    let (_, measured) = counted(rule, model)?;
    let bound = budget.rules.get(rule.name);
    let tolerance = bound.and_then(|it| it.tolerance.clone());
    let tolerance = tolerance
        .or_else(|| budget.tolerance.clone())
        .unwrap_or_default();
    let (status, found) = match measured.gap {
        Some(gap) => (Status::Unknown, Found::Unknown(gap)),
        None if tolerance.is_exceeded(before, measured.certain) => {
            (Status::Changed, Found::Count(measured.certain))
        }
        None => (Status::Within, Found::Count(measured.certain)),
    };
    let layers = match status {
        Status::Changed => blame(model, rule, record),
        _ => vec![],
    };
    Some(Verdict {
        status,
        layers,
        ..plain(rule, Asked::Baseline { before, tolerance }, found)
    })
}

fn of_names(rule: &'static Rule, named: Named, before: &BTreeSet<String>) -> Verdict {
    let added: Vec<String> = named
        .names
        .keys()
        .filter(|it| !before.contains(*it))
        .cloned()
        .collect();
    let removed = before
        .iter()
        .filter(|it| !named.names.contains_key(*it))
        .cloned()
        .collect();
    let same = added.is_empty() && before.len() == named.names.len();
    let (status, found) = match named.gap {
        Some(gap) => (Status::Unknown, Found::Unknown(gap)),
        None if same => (
            Status::Within,
            Found::Names(named.names.into_keys().collect()),
        ),
        None => (
            Status::Changed,
            Found::Names(named.names.into_keys().collect()),
        ),
    };
    Verdict {
        status,
        ..plain(rule, Asked::BaselineNames { added, removed }, found)
    }
}

/// The layers that a rule's number changed in, the greatest change first.
pub(in crate::check) fn blame(
    model: &Model<'_>,
    rule: &Rule,
    record: &ModelRecord,
) -> Vec<Culprit> {
    let kept = model.layers.iter().filter(|it| it.is_kept());
    let now: BTreeMap<&str, &LayerRow> = kept.map(|it| (it.key.as_str(), it)).collect();
    let mut culprits: Vec<(u128, Culprit)> = Vec::new();
    for (key, row) in now.iter().filter(|(_, row)| rule.concerns(row.kind)) {
        culprits.extend(changed(rule, row, record.layers.get(*key)));
    }
    let gone_rows = record
        .layers
        .iter()
        .filter(|(key, _)| !now.contains_key(key.as_str()));
    for (key, before) in gone_rows.filter(|(_, it)| rule.concerns(it.kind())) {
        let count = rule.blame().and_then(|it| before.count(it));
        if count != Some(0) {
            culprits.push((count.unwrap_or(0), gone(key, count)));
        }
    }
    culprits.sort_by(|left, right| {
        right
            .0
            .cmp(&left.0)
            .then_with(|| left.1.name.cmp(&right.1.name))
    });
    culprits
        .into_iter()
        .map(|it| it.1)
        .take(MOST_BLAMED)
        .collect()
}

/// A layer whose part changed, and by how much.
fn changed(rule: &Rule, row: &LayerRow, before: Option<&LayerRecord>) -> Option<(u128, Culprit)> {
    let field = rule.blame();
    let now = field.and_then(|it| row.of(it)?.count());
    let then = field.and_then(|it| before?.count(it));
    let change = match before {
        None => Some("new".to_owned()),
        Some(before) => difference(before, &LayerRecord::of(row)),
    };
    let moved = now.unwrap_or(0).abs_diff(then.unwrap_or(0));
    let concerns = if field.is_some() {
        moved > 0
    } else {
        before.is_none()
    };
    concerns.then(|| {
        let culprit = Culprit {
            name: row.name.clone(),
            now,
            before: then,
            change,
        };
        (moved, culprit)
    })
}

fn gone(key: &str, before: Option<u128>) -> Culprit {
    Culprit {
        name: key.to_owned(),
        now: None,
        before,
        change: Some("gone".to_owned()),
    }
}

/// `kernel 3x3 → 5x5, output 8x8x8 → 8x6x6`; a trait that was as usual has no value to show.
fn difference(before: &LayerRecord, now: &LayerRecord) -> Option<String> {
    let keys: BTreeSet<&String> = before.traits.keys().chain(now.traits.keys()).collect();
    let mut changes = Vec::new();
    for key in keys {
        let (then, now) = (before.traits.get(key), now.traits.get(key));
        if then != now {
            let shown = |it: Option<&String>| it.map_or("1", String::as_str).to_owned();
            changes.push(format!("{key} {} → {}", shown(then), shown(now)));
        }
    }
    (!changes.is_empty()).then(|| changes.join(", "))
}
