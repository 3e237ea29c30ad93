//! What a model may cost: plain data, from a configuration, from flags, or from both.

use std::collections::BTreeMap;

use globset::{GlobBuilder, GlobMatcher};

use super::amount::Limit;
use super::rules::{Measure, Measured, Rule};

/// How bad a broken budget is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// The run fails.
    #[default]
    Error,
    /// It is said, and the run does not fail.
    Warn,
}

/// How far a number may move from the baseline. Where both are given, both must be exceeded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tolerance {
    /// Thousandths of a percent of the baseline's number.
    pub percent: Option<u128>,
    /// In the rule's unit.
    pub absolute: Option<u128>,
}

/// The budget of one rule; what is `None` is not asked, or stands one level up.
#[derive(Clone, Debug, Default)]
pub struct Bound {
    /// The least that it may be.
    pub min: Option<Limit>,
    /// The most that it may be.
    pub max: Option<Limit>,
    /// Names that are allowed, as patterns; every other one is forbidden.
    pub allow: Option<Vec<Pattern>>,
    /// Names that are forbidden, as patterns.
    pub deny: Option<Vec<Pattern>>,
    /// How bad it is.
    pub level: Option<Level>,
    /// The user's words, printed where it is broken.
    pub message: Option<String>,
    /// Whether a number that cannot be computed passes.
    pub allow_unknown: Option<bool>,
    /// How far it may move from the baseline.
    pub tolerance: Option<Tolerance>,
}

/// The budget of some layers.
#[derive(Clone, Debug)]
pub struct LayerBudget {
    /// Which layers.
    pub pattern: Pattern,
    /// By rule.
    pub rules: Bounds,
    /// Whether it holds for every model, so that a model without such a layer is none of its business.
    pub default: bool,
}

/// Bounds by a rule's name.
pub type Bounds = BTreeMap<&'static str, Bound>;

/// What one model may cost.
#[derive(Clone, Debug, Default)]
pub struct Budget {
    /// By rule.
    pub rules: Bounds,
    /// Of single layers.
    pub layers: Vec<LayerBudget>,
    /// How bad a broken budget is where its rule does not say.
    pub level: Option<Level>,
    /// Whether numbers that cannot be computed pass where their rule does not say.
    pub allow_unknown: Option<bool>,
    /// How far numbers may move from the baseline where their rule does not say.
    pub tolerance: Option<Tolerance>,
}

/// A name, or a glob over names.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// As it was written.
    pub text: String,
    glob: Option<GlobMatcher>,
}

impl Pattern {
    /// Reads a pattern of names, in which `*` stands for anything.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn name(text: &str) -> Result<Self, String> {
        Self::build(text, false)
    }

    /// Reads a pattern of paths, in which `*` stops at a `/` and `**` does not.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn path(text: &str) -> Result<Self, String> {
        Self::build(text, true)
    }

    fn build(text: &str, path: bool) -> Result<Self, String> {
        let has_signs = text.contains(['*', '?', '[', '{']);
        let glob = if has_signs {
            let glob = GlobBuilder::new(text).literal_separator(path).build();
            let glob = glob.map_err(|error| error.kind().to_string())?;
            Some(glob.compile_matcher())
        } else {
            None
        };
        Ok(Self {
            text: text.to_owned(),
            glob,
        })
    }

    /// Whether a name is meant. A name with the signs of a glob in it means itself, too.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        self.text == name || self.glob.as_ref().is_some_and(|it| it.is_match(name))
    }

    /// Whether it may mean several names.
    #[must_use]
    pub fn is_glob(&self) -> bool {
        self.glob.is_some()
    }
}

impl Bound {
    /// Whether anything is asked: a limit, or names.
    #[must_use]
    pub fn asks(&self) -> bool {
        self.min.is_some() || self.max.is_some() || self.allow.is_some() || self.deny.is_some()
    }

    /// Takes what `other` says over what stands here.
    fn refine(&mut self, other: &Self) {
        let Self {
            min,
            max,
            allow,
            deny,
            level,
            message,
            allow_unknown,
            tolerance,
        } = other.clone();
        over(&mut self.min, min);
        over(&mut self.max, max);
        over(&mut self.allow, allow);
        over(&mut self.deny, deny);
        over(&mut self.level, level);
        over(&mut self.message, message);
        over(&mut self.allow_unknown, allow_unknown);
        over(&mut self.tolerance, tolerance);
    }
}

fn over<T>(slot: &mut Option<T>, value: Option<T>) {
    if value.is_some() {
        *slot = value;
    }
}

fn refine(bounds: &mut Bounds, others: &Bounds) {
    for (name, other) in others {
        bounds.entry(name).or_default().refine(other);
    }
}

impl Budget {
    /// Takes what `other` says over what stands here, rule by rule and key by key.
    pub fn refine(&mut self, other: &Self) {
        refine(&mut self.rules, &other.rules);
        for layer in &other.layers {
            let same = |it: &&mut LayerBudget| it.pattern.text == layer.pattern.text;
            match self.layers.iter_mut().find(same) {
                Some(mine) => {
                    refine(&mut mine.rules, &layer.rules);
                    mine.default &= layer.default;
                }
                None => self.layers.push(layer.clone()),
            }
        }
        over(&mut self.level, other.level);
        over(&mut self.allow_unknown, other.allow_unknown);
        over(&mut self.tolerance, other.tolerance.clone());
    }

    /// Whether anything at all is asked.
    #[must_use]
    pub fn asks(&self) -> bool {
        let mut layers = self.layers.iter().flat_map(|it| it.rules.values());
        self.rules.values().any(Bound::asks) || layers.any(Bound::asks)
    }
}

impl Tolerance {
    /// Whether `now` is further from `before` than this allows; without any, every move is.
    #[must_use]
    pub fn is_exceeded(&self, before: u128, now: u128) -> bool {
        let moved = before.abs_diff(now);
        // moved / before > percent / 100, in thousandths of a percent; what overflows is far enough.
        let percent = self.percent.is_none_or(|percent| {
            let allowed = before.checked_mul(percent);
            match (moved.checked_mul(100_000), allowed) {
                (Some(moved), Some(allowed)) => moved > allowed,
                (moved, _) => moved.is_none(),
            }
        });
        moved > 0 && percent && self.absolute.is_none_or(|absolute| moved > absolute)
    }
}

/// What a rule measures of a model as a number; `None` for names.
pub(super) fn measured(rule: &Rule, model: &super::rules::Model<'_>) -> Option<Measured> {
    match rule.measure {
        Measure::Count { of, .. } => Some(of(model)),
        Measure::Names { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tolerance_must_be_exceeded_in_every_part() {
        let tolerance = |percent, absolute| Tolerance { percent, absolute };
        let cases = [
            ("none at all", tolerance(None, None), 100, 101, true),
            ("none, no move", tolerance(None, None), 100, 100, false),
            (
                "1 %, at it",
                tolerance(Some(1_000), None),
                1_000,
                1_010,
                false,
            ),
            (
                "1 %, past it",
                tolerance(Some(1_000), None),
                1_000,
                1_011,
                true,
            ),
            (
                "1 %, downwards",
                tolerance(Some(1_000), None),
                1_000,
                989,
                true,
            ),
            (
                "absolute, at it",
                tolerance(None, Some(10)),
                1_000,
                1_010,
                false,
            ),
            (
                "absolute, past it",
                tolerance(None, Some(10)),
                1_000,
                1_011,
                true,
            ),
            (
                "both, one past",
                tolerance(Some(1_000), Some(50)),
                1_000,
                1_011,
                false,
            ),
            (
                "both, both past",
                tolerance(Some(1_000), Some(5)),
                1_000,
                1_011,
                true,
            ),
            ("from nothing", tolerance(Some(1_000), None), 0, 1, true),
        ];
        for (case, tolerance, before, now, expected) in cases {
            assert_eq!(tolerance.is_exceeded(before, now), expected, "{case}");
        }
    }

    #[test]
    fn a_pattern_means_itself_and_what_it_describes() {
        let cases = [
            ("conv*", "conv1", true),
            ("conv*", "/features/conv1", false),
            ("*conv*", "/features/conv1", true),
            ("a[0]", "a[0]", true),
            ("conv1", "conv10", false),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(
                Pattern::name(pattern).unwrap().matches(name),
                expected,
                "{pattern} {name}"
            );
        }
        let path = |text: &str, name: &str| Pattern::path(text).unwrap().matches(name);
        assert!(path("models/*.onnx", "models/a.onnx"));
        assert!(!path("models/*.onnx", "models/deep/a.onnx"));
        assert!(path("models/**/*.onnx", "models/deep/a.onnx"));
    }
}
