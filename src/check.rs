//! Budgets: what models may cost, what they do cost, and which layer makes the difference.
//!
//! ```text
//! configuration + flags → plan → (models are inspected) → check(subjects, baseline) → report
//! ```
//!
//! What can have a budget is a row of [`RULES`]. A number that cannot be computed is never taken to be
//! within its budget. Nothing here runs a layer or prints.

mod amount;
mod baseline;
mod budget;
mod config;
mod init;
mod judge;
mod layers;
mod plan;
mod problem;
mod rules;
mod toml;
mod verdict;

pub use amount::{Limit, Round, Unit};
pub use baseline::{Baseline, LOCK_NAME, LayerRecord, ModelRecord};
pub use budget::{Bound, Bounds, Budget, LayerBudget, Level, Pattern, Tolerance};
pub use config::{CONFIG_NAME, Config, ModelEntry, find as find_config, percent, rule_pattern};
pub use init::{draft, find_models};
pub use judge::judge;
pub use layers::{Field, Kind, LayerRow};
pub use plan::{Overrides, Place, Planned, matching, plan};
pub use problem::{ConfigError, Problem, meant};
pub use rules::{Measure, Measured, Model, Named, RULES, Rule};
pub use verdict::{Asked, Counts, Culprit, Found, ModelReport, Outcome, Report, Status, Verdict};

use std::collections::BTreeSet;

use crate::Inspection;

/// One model to check.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Its path as reports show it.
    pub path: String,
    /// Its path in the baseline.
    pub key: String,
    /// What it may cost.
    pub budget: Budget,
    /// Whether it must be in the baseline, where there is one.
    pub must_be_in_baseline: bool,
    /// What is known of it, or why nothing is.
    pub inspection: Result<Inspection, String>,
}

/// What models are compared with beside their budgets.
#[derive(Clone, Copy, Debug)]
pub enum Against<'a> {
    /// Nothing: a model without a budget has not been checked at all.
    Nothing,
    /// A baseline.
    Baseline(&'a Baseline),
    /// Whatever changed is accepted, so a model without a budget is fine.
    Accepted,
}

/// Checks every model against its budget, and against the baseline where there is one.
#[must_use]
pub fn check(subjects: &[Subject], against: Against<'_>) -> Report {
    let mut matched = Vec::new();
    let mut models: Vec<ModelReport> = subjects
        .iter()
        .map(|it| one(it, against, &mut matched))
        .collect();
    if let (Some(subject), Some(report)) = (subjects.first(), models.first_mut()) {
        report.verdicts.extend(matching_nothing(subject, &matched));
    }
    Report {
        models,
        ..Report::default()
    }
}

fn one(subject: &Subject, against: Against<'_>, matched: &mut Vec<String>) -> ModelReport {
    let mut report = ModelReport {
        path: subject.path.clone(),
        ..ModelReport::default()
    };
    let inspection = match &subject.inspection {
        Ok(inspection) => inspection,
        Err(error) => {
            report.error = Some(error.clone());
            return report;
        }
    };
    let model = Model::of(inspection);
    report.verdicts = judge::verdicts(&model, &subject.budget, matched);
    if let Against::Baseline(baseline) = against {
        let record = baseline.models.get(&subject.key);
        if let Some(record) = record {
            say_what_changed(&model, record, &mut report.verdicts);
        }
        if record.is_some() || subject.must_be_in_baseline {
            let verdicts = baseline::verdicts(&model, &subject.budget, record);
            report.verdicts.extend(verdicts);
        }
    }
    if report.verdicts.is_empty() && !matches!(against, Against::Accepted) {
        report.error = Some("has no budget and no baseline, so nothing can be checked".to_owned());
    }
    report
}

/// A broken budget names the layers that changed since the baseline, where any did.
fn say_what_changed(model: &Model<'_>, record: &ModelRecord, verdicts: &mut [Verdict]) {
    for verdict in verdicts {
        let broken = matches!(verdict.status, Status::Over(_) | Status::Under(_));
        if broken && verdict.layer.is_none() {
            let changed = baseline::blame(model, verdict.rule, record);
            if !changed.is_empty() {
                verdict.layers = changed;
            }
        }
    }
}

/// Patterns of the defaults that match no layer of any model.
fn matching_nothing(subject: &Subject, matched: &[String]) -> Vec<Verdict> {
    let matched: BTreeSet<&str> = matched.iter().map(String::as_str).collect();
    let mut verdicts = Vec::new();
    let layers = subject.budget.layers.iter();
    for layers in layers.filter(|it| it.default && !matched.contains(it.pattern.text.as_str())) {
        for (rule, bound) in judge::asked(&layers.rules) {
            let reason = format!("no layer of any model matches {:?}", layers.pattern.text);
            verdicts.push(judge::unmatched(layers, rule, bound, reason));
        }
    }
    verdicts
}
