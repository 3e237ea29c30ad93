//! What is wrong with a file that the user wrote, with the place of each mistake.

use std::ops::Range;

/// Names that an unknown one may have meant are at least this much alike, of 1.
const ALIKE: f64 = 0.8;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// What stands at the caret; empty where the message says it.
    pub label: String,
    /// Bytes of the text that it is about.
    pub span: Range<usize>,
    /// The next step, where there is one.
    pub help: Option<String>,
}

/// A configuration or baseline that cannot be used; every mistake in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {}", summary(.problems))]
pub struct ConfigError {
    /// The file, as it was given or found.
    pub path: String,
    /// Its text.
    pub text: String,
    /// At least one, in the order of the text.
    pub problems: Vec<Problem>,
}

fn summary(problems: &[Problem]) -> String {
    match problems {
        [] => "cannot be used".to_owned(),
        [only] => only.message.clone(),
        [first, rest @ ..] => format!("{}, and {} more mistakes", first.message, rest.len()),
    }
}

/// The one of `known` that was probably meant.
#[must_use]
pub fn meant<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase().replace('_', "-");
    let scored = known.into_iter().map(|it| {
        let likeness = strsim::jaro_winkler(&name, &it.to_lowercase().replace('_', "-"));
        (likeness, it)
    });
    let best = scored.max_by(|left, right| left.0.total_cmp(&right.0))?;
    (best.0 >= ALIKE).then_some(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_told_from_another_word() {
        let known = ["params", "conv-params", "macs", "weight-bytes"];
        let cases = [
            ("parms", Some("params")),
            ("param", Some("params")),
            ("conv_params", Some("conv-params")),
            ("MACs", Some("macs")),
            ("weigth-bytes", Some("weight-bytes")),
            ("latency", None),
        ];
        for (name, expected) in cases {
            assert_eq!(meant(name, known), expected, "{name}");
        }
    }
}
