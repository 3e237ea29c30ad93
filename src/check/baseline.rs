//! `cnninspect.lock`: what models were, so that a check can say what changed.

mod compare;
pub(super) mod lock;

use std::collections::{BTreeMap, BTreeSet};

pub use self::lock::LOCK_NAME;
use super::layers::{Field, Kind, LayerRow};
use super::problem::ConfigError;
use super::rules::{Measure, Model, RULES};

pub(super) use self::compare::{blame, verdicts};

/// What models were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// By path from the baseline's folder.
    pub models: BTreeMap<String, ModelRecord>,
}

/// What a model was. Numbers that could not be computed are not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelRecord {
    /// Numbers by rule.
    pub counts: BTreeMap<&'static str, u128>,
    /// Names by rule.
    pub names: BTreeMap<&'static str, BTreeSet<String>>,
    /// Layers by their unique name.
    pub layers: BTreeMap<String, LayerRecord>,
}

/// What a layer was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayerRecord {
    /// `op`, `kernel`, `output`, …
    pub traits: BTreeMap<String, String>,
    /// Its numbers, as far as it has them and they are known.
    pub counts: BTreeMap<&'static str, u128>,
}

/// The numbers of a layer, under the names of the lock file.
pub(super) const FIELDS: &[(&str, Field)] = &[
    ("params", Field::Params),
    ("macs", Field::Macs),
    ("unshared", Field::Unshared),
];

impl Baseline {
    /// Reads a lock file; `path` is what errors call it.
    ///
    /// # Errors
    /// [`ConfigError`] with every mistake in it.
    pub fn read(path: &str, text: &str) -> Result<Self, ConfigError> {
        lock::read_lock(path, text)
    }

    /// The lock file: sorted, exact, a line a layer.
    #[must_use]
    pub fn to_text(&self) -> String {
        lock::write_lock(self)
    }
}

impl ModelRecord {
    /// What a model is now.
    #[must_use]
    pub fn of(model: &Model<'_>) -> Self {
        let mut record = Self::default();
        for rule in RULES {
            match rule.measure {
                Measure::Count { of, .. } => {
                    let count = of(model).count();
                    record.counts.extend(count.map(|it| (rule.name, it)));
                }
                Measure::Names { of } => {
                    let named = of(model);
                    if named.gap.is_none() {
                        record
                            .names
                            .insert(rule.name, named.names.into_keys().collect());
                    }
                }
            }
        }
        let kept = model.layers.iter().filter(|it| it.is_kept());
        record.layers = kept
            .map(|it| (it.key.clone(), LayerRecord::of(it)))
            .collect();
        record
    }
}

impl LayerRecord {
    pub(super) fn of(row: &LayerRow) -> Self {
        let traits = row
            .traits
            .iter()
            .map(|(name, it)| ((*name).to_owned(), it.clone()));
        let op = ("op".to_owned(), row.operator.clone());
        let count = |(name, field): &(&'static str, Field)| Some((*name, row.of(*field)?.count()?));
        Self {
            traits: traits.chain([op]).collect(),
            counts: FIELDS.iter().filter_map(count).collect(),
        }
    }

    /// What it was: every convolution has the word in its operator, and a pool has the other windows.
    pub(super) fn kind(&self) -> Kind {
        let is_conv = self.traits.get("op").is_some_and(|it| it.contains("Conv"));
        match (is_conv, self.traits.contains_key("kernel")) {
            (true, _) => Kind::Conv,
            (false, true) => Kind::Pool,
            (false, false) => Kind::Other,
        }
    }

    /// One of its numbers.
    pub(super) fn count(&self, field: Field) -> Option<u128> {
        let (name, _) = FIELDS.iter().find(|it| it.1 == field)?;
        self.counts.get(name).copied()
    }
}
