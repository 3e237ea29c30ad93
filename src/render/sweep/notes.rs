//! What is said of layers at several sizes, the same in one line.

use std::collections::HashMap;

use crate::render::text::{printable, several, spoken};

/// Layers that are named before the rest is counted.
pub(super) const MOST_LAYERS: usize = 4;
/// Sizes that are named before the rest is counted.
const MOST_SIZES: usize = 6;

/// What is said of a layer at several sizes.
#[derive(Default)]
pub(super) struct Notes {
    places: HashMap<(String, String), usize>,
    all: Vec<Note>,
}

struct Note {
    layer: String,
    text: String,
    /// Sizes at which just this is said.
    sizes: Vec<u64>,
    /// Sizes at which the same is said with other numbers.
    likewise: Vec<u64>,
}

impl Notes {
    /// The first text about a layer stands for all of the same sort.
    pub(super) fn add(&mut self, size: u64, layer: &str, sort: &str, text: &str) {
        let key = (layer.to_owned(), sort.to_owned());
        let place = *self.places.entry(key).or_insert(self.all.len());
        if place == self.all.len() {
            self.all.push(Note {
                layer: layer.to_owned(),
                text: text.to_owned(),
                sizes: vec![],
                likewise: vec![],
            });
        }
        let Some(note) = self.all.get_mut(place) else {
            return;
        };
        let sizes = if note.text == text {
            &mut note.sizes
        } else {
            &mut note.likewise
        };
        if !sizes.contains(&size) {
            sizes.push(size);
        }
        let (own, likewise) = (&note.sizes, &mut note.likewise);
        likewise.retain(|it| !own.contains(it));
    }

    /// A line for each layer, of the first few; layers of which the same is said share one.
    pub(super) fn lines(self, of: usize) -> Vec<String> {
        let mut lines: Vec<(Vec<String>, Note)> = Vec::new();
        for note in self.all {
            let same = |it: &&mut (Vec<String>, Note)| {
                it.1.text == note.text && it.1.sizes == note.sizes && it.1.likewise == note.likewise
            };
            match lines.iter_mut().find(same) {
                Some((layers, _)) => layers.push(note.layer.clone()),
                None => lines.push((vec![note.layer.clone()], note)),
            }
        }
        let more = lines.len().saturating_sub(MOST_LAYERS);
        let line = |(layers, note): &(Vec<String>, Note)| {
            let likewise = match note.likewise.as_slice() {
                [] => String::new(),
                sizes => format!("; likewise at {}", listed(sizes)),
            };
            let at = if note.sizes.len() == of {
                "at every size".to_owned()
            } else {
                format!("at {}", listed(&note.sizes))
            };
            let subject = match layers.as_slice() {
                [one] => spoken(one),
                many => several(many, 2),
            };
            format!("{at} {subject}: {}{likewise}", printable(&note.text))
        };
        let mut out: Vec<String> = lines.iter().take(MOST_LAYERS).map(line).collect();
        if more > 0 {
            out.push(format!("and {more} more of the kind"));
        }
        out
    }
}

fn listed(sizes: &[u64]) -> String {
    let words: Vec<String> = sizes.iter().map(u64::to_string).collect();
    enumerated(&words)
}

/// `224, 256 and 320`, `16, 17, 18 and 30 more`.
pub(super) fn enumerated(words: &[String]) -> String {
    let more = words.len().saturating_sub(MOST_SIZES);
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) if more == 0 => format!("{} and {last}", rest.join(", ")),
        _ => {
            let first = words.get(..MOST_SIZES).unwrap_or(words);
            format!("{} and {more} more", first.join(", "))
        }
    }
}
