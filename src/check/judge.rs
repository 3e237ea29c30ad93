//! Compares what a model is with what it may be. A gap never passes.

use super::amount::Unit;
use super::budget::{Bound, Bounds, Budget, LayerBudget, Level, Pattern, measured};
use super::problem::meant;
use super::rules::{Measure, Measured, Model, Named, RULES, Rule};
use super::verdict::{Asked, Culprit, Found, Status, Verdict};

/// Layers that a verdict names.
pub(super) const MOST_BLAMED: usize = 3;

/// Compares a number of which at least `certain` is there with its bounds.
///
/// A known part over the most is over whatever the gap holds, and one that reaches the least has reached
/// it; everything else that has a gap is unknown.
#[must_use]
pub fn judge(measured: &Measured, bound: &Bound) -> Status {
    let max = bound.max.as_ref().map(|it| it.value);
    let min = bound.min.as_ref().map(|it| it.value);
    let over = max.and_then(|it| measured.certain.checked_sub(it));
    let under = min.and_then(|it| it.checked_sub(measured.certain));
    match (over, under, &measured.gap) {
        (Some(by), _, _) if by > 0 => Status::Over(by),
        (_, Some(by), None) if by > 0 => Status::Under(by),
        (_, Some(by), Some(_)) if by > 0 => Status::Unknown,
        (_, _, Some(_)) if max.is_some() => Status::Unknown,
        _ => Status::Within,
    }
}

/// Every verdict of a model on its budget.
pub(super) fn verdicts(
    model: &Model<'_>,
    budget: &Budget,
    matched: &mut Vec<String>,
) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for (rule, bound) in asked(&budget.rules) {
        let mut verdict = of_rule(model, rule, bound);
        settle(&mut verdict, bound, budget);
        verdicts.push(verdict);
    }
    for layers in &budget.layers {
        let start = verdicts.len();
        of_layers(model, layers, matched, &mut verdicts);
        for verdict in verdicts.iter_mut().skip(start) {
            if let Some(bound) = layers.rules.get(verdict.rule.name) {
                settle(verdict, bound, budget);
            }
        }
    }
    verdicts
}

/// The rules that are asked, in the order of the table.
pub(super) fn asked(bounds: &Bounds) -> impl Iterator<Item = (&'static Rule, &Bound)> {
    let bounds = RULES
        .iter()
        .filter_map(|rule| Some((rule, bounds.get(rule.name)?)));
    bounds.filter(|(_, bound)| bound.asks())
}

fn settle(verdict: &mut Verdict, bound: &Bound, budget: &Budget) {
    let allow_unknown = bound.allow_unknown.or(budget.allow_unknown);
    verdict.level = bound.level.or(budget.level).unwrap_or_default();
    verdict.allow_unknown = allow_unknown.unwrap_or(false);
    verdict.message.clone_from(&bound.message);
}

/// A verdict that holds; the others are changed from it.
pub(super) fn plain(rule: &'static Rule, asked: Asked, found: Found) -> Verdict {
    Verdict {
        rule,
        layer: None,
        pattern: None,
        asked,
        found,
        status: Status::Within,
        level: Level::Error,
        allow_unknown: false,
        message: None,
        layers: vec![],
    }
}

fn of_rule(model: &Model<'_>, rule: &'static Rule, bound: &Bound) -> Verdict {
    match rule.measure {
        Measure::Count { of, .. } => {
            let mut verdict = of_count(rule, &of(model), bound);
            if matches!(verdict.status, Status::Over(_)) {
                verdict.layers = heaviest(model, rule);
            }
            verdict
        }
        Measure::Names { of } => of_names(rule, of(model), bound),
    }
}

fn of_count(rule: &'static Rule, measured: &Measured, bound: &Bound) -> Verdict {
    let status = judge(measured, bound);
    // A part that decides is told as what it is: the least that there can be.
    let found = match &measured.gap {
        Some(gap) if status == Status::Unknown => Found::Unknown(gap.clone()),
        _ => Found::Count(measured.certain),
    };
    let asked = Asked::Bounds {
        min: bound.min.clone(),
        max: bound.max.clone(),
    };
    Verdict {
        status,
        ..plain(rule, asked, found)
    }
}

/// The layers with the greatest parts.
fn heaviest(model: &Model<'_>, rule: &Rule) -> Vec<Culprit> {
    let Some(field) = rule.blame() else {
        return vec![];
    };
    let layers = model.layers.iter().filter(|it| rule.concerns(it.kind));
    let mut parts: Vec<Culprit> = layers
        .filter_map(|it| Some((it, it.of(field)?.count()?)))
        .filter(|(_, count)| *count > 0)
        .map(|(it, count)| Culprit {
            name: it.name.clone(),
            now: Some(count),
            before: None,
            change: None,
        })
        .collect();
    parts.sort_by_key(|it| std::cmp::Reverse(it.now));
    parts.truncate(MOST_BLAMED);
    parts
}

fn of_names(rule: &'static Rule, named: Named, bound: &Bound) -> Verdict {
    let is_in = |patterns: &[Pattern], name: &str| patterns.iter().any(|it| it.matches(name));
    let is_denied = |name: &str| {
        let allowed = bound.allow.as_deref().is_none_or(|it| is_in(it, name));
        !allowed || bound.deny.as_deref().is_some_and(|it| is_in(it, name))
    };
    let texts = |it: &Option<Vec<Pattern>>| {
        let patterns = it.as_ref()?;
        Some(patterns.iter().map(|it| it.text.clone()).collect())
    };
    let asked = Asked::Names {
        allow: texts(&bound.allow),
        deny: texts(&bound.deny),
    };
    let (denied, fine): (Vec<_>, Vec<_>) = named.names.into_iter().partition(|it| is_denied(&it.0));
    let (status, found) = match (denied.is_empty(), named.gap) {
        (false, _) => (Status::Denied, names(&denied)),
        (true, Some(gap)) => (Status::Unknown, Found::Unknown(gap)),
        (true, None) => (Status::Within, names(&fine)),
    };
    let users = denied.into_iter().flat_map(|it| it.1).take(MOST_BLAMED);
    let layers = users.map(|name| Culprit {
        name,
        now: None,
        before: None,
        change: None,
    });
    Verdict {
        status,
        layers: layers.collect(),
        ..plain(rule, asked, found)
    }
}

fn names(named: &[(String, Vec<String>)]) -> Found {
    Found::Names(named.iter().map(|it| it.0.clone()).collect())
}

/// A verdict for each layer that a pattern matches, and for a pattern that matches none.
fn of_layers(
    model: &Model<'_>,
    layers: &LayerBudget,
    matched: &mut Vec<String>,
    out: &mut Vec<Verdict>,
) {
    let meant: Vec<_> = model
        .layers
        .iter()
        .filter(|it| layers.pattern.matches(&it.name))
        .collect();
    if !meant.is_empty() {
        matched.push(layers.pattern.text.clone());
    } else if layers.default {
        return;
    }
    for (rule, bound) in asked(&layers.rules) {
        let rows = meant
            .iter()
            .filter_map(|it| Some((it, it.of(rule.layer?)?)));
        let start = out.len();
        out.extend(rows.map(|(row, measured)| Verdict {
            layer: Some(row.name.clone()),
            pattern: Some(layers.pattern.text.clone()),
            ..of_count(rule, measured, bound)
        }));
        if out.len() == start {
            let reason = missing(model, layers, rule, meant.len());
            out.push(unmatched(layers, rule, bound, reason));
        }
    }
}

/// The verdict on a pattern that matches nothing: nobody knows what was meant.
pub(super) fn unmatched(
    layers: &LayerBudget,
    rule: &'static Rule,
    bound: &Bound,
    reason: String,
) -> Verdict {
    Verdict {
        pattern: Some(layers.pattern.text.clone()),
        status: Status::Unknown,
        found: Found::Unknown(reason),
        ..of_count(rule, &Measured::known(0), bound)
    }
}

fn missing(model: &Model<'_>, layers: &LayerBudget, rule: &Rule, matches: usize) -> String {
    let text = &layers.pattern.text;
    if matches > 0 {
        return format!("no layer that {text:?} matches has {}", rule.name);
    }
    let names = model.layers.iter().map(|it| it.name.as_str());
    match meant(text, names) {
        Some(name) => format!("no layer matches {text:?}; did you mean {name:?}?"),
        None => format!("no layer matches {text:?}"),
    }
}

/// What a rule of numbers measures, with its unit.
pub(super) fn counted(rule: &Rule, model: &Model<'_>) -> Option<(Unit, Measured)> {
    Some((rule.unit()?, measured(rule, model)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Round;

    fn bound(min: Option<&str>, max: Option<&str>) -> Bound {
        let read = |it: Option<&str>| it.map(|it| Unit::Params.read(it, Round::Down).unwrap());
        Bound {
            min: read(min),
            max: read(max),
            ..Bound::default()
        }
    }

    #[test]
    fn a_gap_never_passes_and_a_known_part_can_decide() {
        let whole = |certain| Measured::known(certain);
        let part = |certain| Measured {
            certain,
            gap: Some("unknown for conv9".to_owned()),
        };
        let cases = [
            (
                "at the most",
                whole(10),
                bound(None, Some("10")),
                Status::Within,
            ),
            (
                "one over",
                whole(11),
                bound(None, Some("10")),
                Status::Over(1),
            ),
            (
                "at the least",
                whole(5),
                bound(Some("5"), None),
                Status::Within,
            ),
            (
                "one under",
                whole(4),
                bound(Some("5"), None),
                Status::Under(1),
            ),
            (
                "a part below the most",
                part(3),
                bound(None, Some("10")),
                Status::Unknown,
            ),
            (
                "a part over the most",
                part(12),
                bound(None, Some("10")),
                Status::Over(2),
            ),
            (
                "a part past the least",
                part(6),
                bound(Some("5"), None),
                Status::Within,
            ),
            (
                "a part below the least",
                part(3),
                bound(Some("5"), None),
                Status::Unknown,
            ),
            (
                "a part between",
                part(6),
                bound(Some("5"), Some("10")),
                Status::Unknown,
            ),
        ];
        for (case, measured, bound, expected) in cases {
            assert_eq!(judge(&measured, &bound), expected, "{case}");
        }
    }
}
