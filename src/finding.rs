//! What is said about a model beside its numbers: warnings, and gaps with their reasons.

pub mod rules;

use serde::Serialize;

/// Something about the model that a reader should know; never an error of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule that fired, in kebab case: `uneven-stride`, `payload-size`, …
    pub rule: &'static str,
    /// Name of the layer, tensor or input that it is about; `None` for the whole file.
    pub layer: Option<String>,
    /// One sentence, lower case, no full stop, with the numbers in it.
    pub message: String,
}

impl Finding {
    /// A finding about one layer, tensor or input.
    #[must_use]
    pub fn about(rule: &'static str, layer: &str, message: String) -> Self {
        Self {
            rule,
            layer: Some(layer.to_owned()),
            message,
        }
    }

    /// A finding about the whole file.
    #[must_use]
    pub fn general(rule: &'static str, message: String) -> Self {
        Self {
            rule,
            layer: None,
            message,
        }
    }
}

/// A number that could not be told, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Name of the layer or total that has the gap.
    pub layer: String,
    /// The field that is null: `output_shape`, `params.stored`, …
    pub what: String,
    /// Why, with the flag that would settle it where there is one.
    pub reason: String,
}

/// ` (did you mean "conv5"?)` for the name that is closest to `given`, or nothing where none is close.
#[must_use]
pub fn similar<'a>(given: &str, names: impl Iterator<Item = &'a str>) -> String {
    let near = given.len().div_ceil(3).max(1);
    let close = names.map(|it| (distance(given, it), it));
    let best = close.filter(|it| it.0 <= near).min();
    best.map_or_else(String::new, |(_, name)| {
        format!(" (did you mean {name:?}?)")
    })
}

/// Names that an error lists.
const MOST_NAMES: usize = 5;

/// The few of `names` that are closest to `given`, the most similar first.
#[must_use]
pub fn closest(names: &[&str], given: &str) -> Vec<String> {
    let mut names = names.to_vec();
    names.sort_by_cached_key(|it| distance(it, given));
    names.dedup();
    names.truncate(MOST_NAMES);
    names.into_iter().map(str::to_owned).collect()
}

/// What an error says of the names that it lists: `close ones are "conv1", "conv2"`.
#[must_use]
pub fn listed(close: &[String]) -> String {
    let names: Vec<String> = close.iter().map(|it| format!("{it:?}")).collect();
    match names.as_slice() {
        [] => "the model has none".to_owned(),
        names => format!("close ones are {}", names.join(", ")),
    }
}

/// Letters to insert, remove or replace to make `left` of `right` (Levenshtein).
#[must_use]
pub fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (at, letter) in left.chars().enumerate() {
        let mut before = at + 1;
        let mut next = vec![before];
        for ((other, above), corner) in right.iter().zip(row.iter().skip(1)).zip(&row) {
            before = (corner + usize::from(letter != *other))
                .min(above + 1)
                .min(before + 1);
            next.push(before);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn distances_are_the_textbook_ones() {
        let cases = [
            ("kitten", "sitting", 3),
            ("", "abc", 3),
            ("conv1", "conv1", 0),
            ("conv12", "conv1", 1),
        ];
        for (left, right, expected) in cases {
            assert_eq!(distance(left, right), expected, "{left} {right}");
        }
    }
}
