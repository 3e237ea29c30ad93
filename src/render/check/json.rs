//! JSON, version 1: every verdict, every number exact.

use std::io;

use serde::Serialize;
use serde_json::{Serializer, Value};

use super::super::View;
use super::super::pretty::Pretty;
use crate::check::{
    Asked, Culprit, Found, Level, Limit, ModelReport, Outcome, Report, Tolerance, Unit, Verdict,
};

/// Rises when a field changes its meaning or goes; new fields may come any time.
const SCHEMA_VERSION: u32 = 1;

/// The document; keys stand in this order.
#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    cnninspect: &'static str,
    config: Option<&'a str>,
    baseline: Option<&'a str>,
    summary: Summary,
    models: Vec<Model<'a>>,
}

#[derive(Serialize)]
struct Summary {
    models: usize,
    passed: usize,
    warned: usize,
    broken: usize,
    unknown: usize,
    failed: usize,
}

#[derive(Serialize)]
struct Model<'a> {
    path: &'a str,
    error: Option<&'a str>,
    verdicts: Vec<Row<'a>>,
}

/// One verdict. A number that does not apply is null; factors have three decimals.
#[derive(Serialize)]
struct Row<'a> {
    rule: &'static str,
    layer: Option<&'a str>,
    pattern: Option<&'a str>,
    against: &'static str,
    unit: Option<&'static str>,
    outcome: &'static str,
    status: &'static str,
    level: &'static str,
    measured: Option<Number>,
    names: Option<&'a [String]>,
    min: Option<Number>,
    max: Option<Number>,
    allow: Option<&'a [String]>,
    deny: Option<&'a [String]>,
    before: Option<Number>,
    added: Option<&'a [String]>,
    removed: Option<&'a [String]>,
    tolerance: Option<Allowed>,
    margin: Option<Number>,
    reason: Option<&'a str>,
    message: Option<&'a str>,
    layers: Vec<Part<'a>>,
}

#[derive(Serialize)]
struct Allowed {
    percent: Option<f64>,
    absolute: Option<Number>,
}

#[derive(Serialize)]
struct Part<'a> {
    name: &'a str,
    now: Option<u128>,
    before: Option<u128>,
    change: Option<&'a str>,
}

/// A whole number, or a factor with decimals.
#[derive(Serialize)]
#[serde(untagged)]
enum Number {
    Whole(u128),
    Factor(Value),
}

impl Number {
    fn of(unit: Unit, value: u128) -> Self {
        if unit != Unit::Factor {
            return Self::Whole(value);
        }
        let text = format!("{}.{:03}", value / 1_000, value % 1_000);
        Self::Factor(serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}

/// Writes the document.
pub(super) fn write(report: &Report, _: &View, out: &mut dyn io::Write) -> io::Result<()> {
    let mut serializer = Serializer::with_formatter(&mut *out, Pretty::default());
    document(report).serialize(&mut serializer)?;
    writeln!(out)
}

fn document(report: &Report) -> Document<'_> {
    let counts = report.counts();
    Document {
        schema_version: SCHEMA_VERSION,
        cnninspect: env!("CARGO_PKG_VERSION"),
        config: report.config.as_deref(),
        baseline: report.baseline.as_deref(),
        summary: Summary {
            models: report.models.len(),
            passed: counts.passed,
            warned: counts.warned,
            broken: counts.broken,
            unknown: counts.unknown,
            failed: counts.failed,
        },
        models: report.models.iter().map(model).collect(),
    }
}

fn model(model: &ModelReport) -> Model<'_> {
    Model {
        path: &model.path,
        error: model.error.as_deref(),
        verdicts: model.verdicts.iter().map(row).collect(),
    }
}

fn row(verdict: &Verdict) -> Row<'_> {
    let unit = verdict.unit();
    let number = |it| Number::of(unit, it);
    let mut row = Row {
        rule: verdict.rule.json,
        layer: verdict.layer.as_deref(),
        pattern: verdict.pattern.as_deref(),
        against: if verdict.is_baseline() {
            "baseline"
        } else {
            "budget"
        },
        unit: verdict.rule.unit().map(Unit::name),
        outcome: match verdict.outcome() {
            Outcome::Pass => "pass",
            Outcome::Warned => "warn",
            Outcome::Broken => "broken",
            Outcome::Unknown => "unknown",
        },
        status: verdict.status.name(),
        level: match verdict.level {
            Level::Error => "error",
            Level::Warn => "warn",
        },
        measured: None,
        names: None,
        min: None,
        max: None,
        allow: None,
        deny: None,
        before: None,
        added: None,
        removed: None,
        tolerance: None,
        margin: verdict.margin().map(number),
        reason: None,
        message: verdict.message.as_deref(),
        layers: verdict.layers.iter().map(part).collect(),
    };
    match &verdict.found {
        Found::Count(count) => row.measured = Some(number(*count)),
        Found::Names(names) => row.names = Some(names),
        Found::Unknown(reason) => row.reason = Some(reason),
    }
    fill(&mut row, &verdict.asked, unit);
    row
}

/// Adds what was asked.
fn fill<'a>(row: &mut Row<'a>, asked: &'a Asked, unit: Unit) {
    let limit = |it: &Option<Limit>| it.as_ref().map(|it| Number::of(unit, it.value));
    match asked {
        Asked::Bounds { min, max } => (row.min, row.max) = (limit(min), limit(max)),
        Asked::Names { allow, deny } => {
            (row.allow, row.deny) = (allow.as_deref(), deny.as_deref());
        }
        Asked::Baseline { before, tolerance } => {
            row.before = Some(Number::of(unit, *before));
            row.tolerance = Some(allowed(tolerance, unit));
        }
        Asked::BaselineNames { added, removed } => {
            row.added = Some(added);
            row.removed = Some(removed);
        }
        Asked::InBaseline => {}
    }
}

fn allowed(tolerance: &Tolerance, unit: Unit) -> Allowed {
    let percent = tolerance.percent.and_then(|it| u32::try_from(it).ok());
    Allowed {
        percent: percent.map(|it| f64::from(it) / 1_000.0),
        absolute: tolerance.absolute.map(|it| Number::of(unit, it)),
    }
}

fn part(it: &Culprit) -> Part<'_> {
    Part {
        name: &it.name,
        now: it.now,
        before: it.before,
        change: it.change.as_deref(),
    }
}
