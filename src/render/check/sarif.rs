//! SARIF 2.1.0, for code scanning: a result for each thing that is wrong.
//!
//! Source: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use std::fmt::Write;
use std::io;

use serde_json::{Value, json};

use super::super::View;
use super::words::sentence;
use crate::check::{ModelReport, Outcome, RULES, Report, Verdict};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Writes the log.
pub(super) fn write(report: &Report, _: &View, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &log(report))?;
    writeln!(out)
}

fn log(report: &Report) -> Value {
    let rules: Vec<Value> = RULES
        .iter()
        .map(|it| json!({"id": it.name, "shortDescription": {"text": it.about}}))
        .collect();
    let results: Vec<Value> = report.models.iter().flat_map(results).collect();
    let failed = report
        .models
        .iter()
        .filter_map(|it| Some((it, it.error.as_ref()?)));
    let notifications: Vec<Value> = failed
        .map(|(model, error)| {
            json!({
                "level": "error",
                "message": {"text": format!("could not be checked: {error}")},
                "locations": [{"physicalLocation": file(model)}]
            })
        })
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "cnninspect",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules
            }},
            "invocations": [{
                "executionSuccessful": notifications.is_empty(),
                "toolExecutionNotifications": notifications
            }],
            "results": results
        }]
    })
}

fn results(model: &ModelReport) -> Vec<Value> {
    let wrong = model
        .verdicts
        .iter()
        .filter(|it| it.outcome() != Outcome::Pass);
    wrong.map(|it| result(model, it)).collect()
}

fn result(model: &ModelReport, verdict: &Verdict) -> Value {
    let level = match verdict.outcome() {
        Outcome::Warned => "warning",
        _ => "error",
    };
    let index = RULES.iter().position(|it| it.name == verdict.rule.name);
    let mut location = json!({"physicalLocation": file(model)});
    if let (Some(layer), Some(fields)) = (&verdict.layer, location.as_object_mut()) {
        let layer = json!([{"name": layer, "kind": "element"}]);
        fields.insert("logicalLocations".to_owned(), layer);
    }
    json!({
        "ruleId": verdict.rule.name,
        "ruleIndex": index,
        "level": level,
        "message": {"text": sentence(verdict)},
        "locations": [location]
    })
}

fn file(model: &ModelReport) -> Value {
    json!({"artifactLocation": {"uri": uri(&model.path)}})
}

/// A path as a relative URI: what RFC 3986 does not let stand in a path is percent-encoded.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.replace('\\', "/").bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
