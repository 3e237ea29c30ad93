//! What a check found, as plain data.

use super::amount::{Limit, Unit};
use super::budget::{Level, Tolerance};
use super::rules::Rule;

/// What a check of several models found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The configuration that was used.
    pub config: Option<String>,
    /// The baseline that was compared with.
    pub baseline: Option<String>,
    /// By model, in the order of the configuration.
    pub models: Vec<ModelReport>,
}

/// What was found of one model.
#[derive(Clone, Debug, Default)]
pub struct ModelReport {
    /// Its path as reports show it.
    pub path: String,
    /// Why it could not be checked.
    pub error: Option<String>,
    /// What was found, in the order of the rules: the model, its layers, the baseline.
    pub verdicts: Vec<Verdict>,
}

/// What was found of one number or set of names.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Which rule.
    pub rule: &'static Rule,
    /// The layer that it is about; `None` for the whole model.
    pub layer: Option<String>,
    /// The pattern that chose the layer.
    pub pattern: Option<String>,
    /// What was asked.
    pub asked: Asked,
    /// What was found.
    pub found: Found,
    /// How that compares.
    pub status: Status,
    /// How bad it is.
    pub level: Level,
    /// Whether a number that cannot be computed passes.
    pub allow_unknown: bool,
    /// The user's words.
    pub message: Option<String>,
    /// Layers that did it, the heaviest or most changed first.
    pub layers: Vec<Culprit>,
}

/// What was asked.
#[derive(Clone, Debug)]
pub enum Asked {
    /// A number within bounds.
    Bounds {
        /// The least.
        min: Option<Limit>,
        /// The most.
        max: Option<Limit>,
    },
    /// Names.
    Names {
        /// Patterns of the only ones that are allowed.
        allow: Option<Vec<String>>,
        /// Patterns of those that are not.
        deny: Option<Vec<String>>,
    },
    /// The number of the baseline.
    Baseline {
        /// It.
        before: u128,
        /// How far off is near enough.
        tolerance: Tolerance,
    },
    /// The names of the baseline.
    BaselineNames {
        /// Names that were not there.
        added: Vec<String>,
        /// Names that are no longer there.
        removed: Vec<String>,
    },
    /// To be in the baseline at all.
    InBaseline,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A number.
    Count(u128),
    /// Names; of a broken rule those that break it.
    Names(Vec<String>),
    /// Neither, and why.
    Unknown(String),
}

/// How what was found compares with what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It holds.
    Within,
    /// More than the most, by so much. Of a number that is known in part, at least.
    Over(u128),
    /// Less than the least, by so much.
    Under(u128),
    /// Names that are forbidden.
    Denied,
    /// Further from the baseline than allowed.
    Changed,
    /// It cannot be computed.
    Unknown,
}

/// A layer that has a part in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Culprit {
    /// Its name.
    pub name: String,
    /// Its part now; `None` where it is gone or has none.
    pub now: Option<u128>,
    /// Its part in the baseline; `None` where it was not there, or there is no baseline.
    pub before: Option<u128>,
    /// How it changed: `new`, `gone`, `kernel 3x3 → 5x5`.
    pub change: Option<String>,
}

/// What a verdict means for the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Fine.
    Pass,
    /// Not fine, and the user wants only to hear of it.
    Warned,
    /// A budget is broken.
    Broken,
    /// A number cannot be computed.
    Unknown,
}

impl Status {
    /// Its name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Within => "within",
            Self::Over(_) => "over",
            Self::Under(_) => "under",
            Self::Denied => "denied",
            Self::Changed => "changed",
            Self::Unknown => "unknown",
        }
    }
}

impl Verdict {
    /// What it means for the run.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match (self.status, self.level) {
            (Status::Within, _) => Outcome::Pass,
            (Status::Unknown, _) if self.allow_unknown => Outcome::Pass,
            (_, Level::Warn) => Outcome::Warned,
            (Status::Unknown, Level::Error) => Outcome::Unknown,
            (_, Level::Error) => Outcome::Broken,
        }
    }

    /// Whether it compares with the baseline.
    #[must_use]
    pub fn is_baseline(&self) -> bool {
        !matches!(self.asked, Asked::Bounds { .. } | Asked::Names { .. })
    }

    /// What its numbers count in; parameters where they are names.
    #[must_use]
    pub fn unit(&self) -> Unit {
        self.rule.unit().unwrap_or(Unit::Params)
    }

    /// How much room is left to the nearest bound, or how far past it is.
    #[must_use]
    pub fn margin(&self) -> Option<u128> {
        match (&self.asked, &self.found, self.status) {
            (_, _, Status::Over(by) | Status::Under(by)) => Some(by),
            (Asked::Bounds { min, max }, Found::Count(count), Status::Within) => {
                let above = max.as_ref().and_then(|it| it.value.checked_sub(*count));
                let below = min.as_ref().and_then(|it| count.checked_sub(it.value));
                above.into_iter().chain(below).min()
            }
            (Asked::Baseline { before, .. }, Found::Count(count), _) => {
                Some(before.abs_diff(*count))
            }
            _ => None,
        }
    }
}

/// How many of each outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Verdicts that pass.
    pub passed: usize,
    /// Broken ones that only warn.
    pub warned: usize,
    /// Broken ones.
    pub broken: usize,
    /// Unknown ones.
    pub unknown: usize,
    /// Models that could not be checked.
    pub failed: usize,
}

impl Report {
    /// How many of each outcome.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for model in &self.models {
            counts.failed += usize::from(model.error.is_some());
            for verdict in &model.verdicts {
                *match verdict.outcome() {
                    Outcome::Pass => &mut counts.passed,
                    Outcome::Warned => &mut counts.warned,
                    Outcome::Broken => &mut counts.broken,
                    Outcome::Unknown => &mut counts.unknown,
                } += 1;
            }
        }
        counts
    }
}
