//! Findings and gaps in words, those that say the same in one line, and a rule that says much in one too.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::text::{printable, several, spoken};
use crate::finding::rules::{Level, Rule};
use crate::finding::{Finding, Gap};

/// A rule with more lines than this gets one for all of them.
const MOST_LINES: usize = 3;

/// Findings in lines, each with its level: warnings, then notes.
pub(super) fn findings(findings: &[Finding]) -> Vec<(&'static str, String)> {
    let (notes, warnings): (Vec<&Finding>, Vec<&Finding>) = findings.iter().partition(|it| {
        let rule = Rule::find(it.rule);
        rule.is_some_and(|it| it.level == Level::Note)
    });
    let parts = [(Level::Warning, warnings), (Level::Note, notes)];
    let lines = |(level, findings): (Level, Vec<&Finding>)| {
        let lines = lines(&findings).into_iter();
        lines.map(move |it| (level.name(), it)).collect::<Vec<_>>()
    };
    parts.into_iter().flat_map(lines).collect()
}

/// Findings, those that say the same in one line.
fn lines(findings: &[&Finding]) -> Vec<String> {
    let rows = findings.iter().map(|it| Note {
        layer: it.layer.as_deref(),
        what: it.rule,
        text: &it.message,
    });
    let line = |note: Folded<'_>| {
        let rule = note.whats.join(", ");
        let also = if note.also.is_empty() {
            String::new()
        } else {
            format!("; likewise {}", several(&note.also, 2))
        };
        match subject(&note.layers) {
            Some(layers) => format!("{layers}: {}{also} [{rule}]", printable(note.text)),
            None => format!("{} [{rule}]", printable(note.text)),
        }
    };
    gathered(folded(rows)).into_iter().map(line).collect()
}

/// The notes of a rule that has many as its first, with the layers of the others beside it.
fn gathered(notes: Vec<Folded<'_>>) -> Vec<Folded<'_>> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for rule in notes.iter().filter_map(Folded::gathers) {
        *counts.entry(rule).or_default() += 1;
    }
    let mut firsts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut out: Vec<Folded<'_>> = Vec::with_capacity(notes.len());
    for note in notes {
        let rule = note.gathers();
        let rule = rule.filter(|it| counts.get(it).is_some_and(|it| *it > MOST_LINES));
        let first = rule.and_then(|it| firsts.get(it).copied());
        if let Some(first) = first.and_then(|it| out.get_mut(it)) {
            first.also.extend(note.layers);
        } else {
            firsts.extend(rule.map(|it| (it, out.len())));
            out.push(note);
        }
    }
    out
}

/// What to ask for where one wants to know more of these warnings; nothing where there are none.
pub(super) fn hint(findings: &[Finding]) -> Option<String> {
    let rules: BTreeSet<&str> = findings.iter().map(|it| it.rule).collect();
    let rule = match rules.iter().collect::<Vec<_>>().as_slice() {
        [] => return None,
        [one] => **one,
        _ => "NAME",
    };
    Some(format!("cnninspect explain --rule {rule}"))
}

/// Gaps, those of one reason in one line.
pub(super) fn gaps(gaps: &[Gap]) -> Vec<String> {
    let rows = gaps.iter().map(|it| Note {
        layer: Some(it.layer.as_str()),
        what: &it.what,
        text: &it.reason,
    });
    let line = |note: Folded<'_>| {
        let layers = subject(&note.layers).unwrap_or_default();
        let whats = several(&note.whats, usize::MAX);
        format!("{layers} ({whats}): {}", printable(note.text))
    };
    folded(rows).into_iter().map(line).collect()
}

struct Note<'a> {
    layer: Option<&'a str>,
    what: &'a str,
    text: &'a str,
}

#[derive(Default)]
struct Folded<'a> {
    layers: Vec<&'a str>,
    whats: Vec<&'a str>,
    /// Layers of which the same rule says something else.
    also: Vec<&'a str>,
    text: &'a str,
    seen: HashSet<&'a str>,
}

impl<'a> Folded<'a> {
    /// The rule under which it can stand with others: it has one, and is about layers.
    fn gathers(&self) -> Option<&'a str> {
        match self.whats.as_slice() {
            [one] if !self.layers.is_empty() => Some(one),
            _ => None,
        }
    }
}

/// Notes of one text as one, in the order of the first of each.
fn folded<'a>(notes: impl Iterator<Item = Note<'a>>) -> Vec<Folded<'a>> {
    let mut places = HashMap::new();
    let mut out: Vec<Folded<'a>> = Vec::new();
    for note in notes {
        let place = *places.entry(note.text).or_insert(out.len());
        if place == out.len() {
            out.push(Folded {
                text: note.text,
                ..Folded::default()
            });
        }
        let Some(into) = out.get_mut(place) else {
            continue;
        };
        let unseen = note.layer.filter(|it| into.seen.insert(it));
        into.layers.extend(unseen);
        if !into.whats.contains(&note.what) {
            into.whats.push(note.what);
        }
    }
    out
}

/// `conv9`, or `layers conv9, conv10 and 12 more`.
fn subject(layers: &[&str]) -> Option<String> {
    match layers {
        [] => None,
        [one] => Some(spoken(one)),
        _ => Some(format!("layers {}", several(layers, 2))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uneven(layer: &str, size: u64) -> Finding {
        Finding::about("uneven-stride", layer, format!("{size} leaves 1"))
    }

    #[test]
    fn a_rule_that_says_much_takes_one_line() {
        let few = [uneven("a", 7), uneven("b", 9), uneven("c", 11)];
        assert_eq!(findings(&few).len(), 3);
        let mut many = few.to_vec();
        many.push(Finding::general("lora", "a change".to_owned()));
        many.extend([uneven("d", 7), uneven("e", 13), uneven("f", 15)]);
        many.push(Finding::about("idle-pool", "g", "it copies".to_owned()));
        many.push(Finding::general("data-type", "unknown".to_owned()));
        let lines = [
            (
                "warning",
                "layers a, d: 7 leaves 1; likewise b, c and 2 more [uneven-stride]",
            ),
            ("warning", "a change [lora]"),
            ("warning", "unknown [data-type]"),
            ("note", "g: it copies [idle-pool]"),
        ];
        let lines = lines.map(|(level, it)| (level, it.to_owned()));
        assert_eq!(findings(&many), lines);
    }

    #[test]
    fn the_hint_names_a_rule_that_stands_alone() {
        let one = [uneven("a", 7), uneven("b", 9)];
        let command = "cnninspect explain --rule uneven-stride";
        assert_eq!(hint(&one).as_deref(), Some(command));
        let two = [uneven("a", 7), Finding::general("lora", String::new())];
        let command = "cnninspect explain --rule NAME";
        assert_eq!(hint(&two).as_deref(), Some(command));
        assert_eq!(hint(&[]), None);
    }
}
