//! Warnings and gaps in words, those that say the same in one line.

use std::collections::{HashMap, HashSet};

use super::text::{printable, several, spoken};
use crate::finding::{Finding, Gap};

/// Warnings, those that say the same in one line.
pub(super) fn warnings(findings: &[Finding]) -> Vec<String> {
    let rows = findings.iter().map(|it| Note {
        layer: it.layer.as_deref(),
        what: it.rule,
        text: &it.message,
    });
    let line = |note: Folded<'_>| {
        let rule = note.whats.join(", ");
        match subject(&note.layers) {
            Some(layers) => format!("{layers}: {} [{rule}]", printable(note.text)),
            None => format!("{} [{rule}]", printable(note.text)),
        }
    };
    folded(rows).into_iter().map(line).collect()
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
    text: &'a str,
    seen: HashSet<&'a str>,
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
