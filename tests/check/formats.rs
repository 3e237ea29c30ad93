//! Every output format: golden files, and readers that others wrote.

use std::fs;
use std::path::Path;

use cnninspect::render::CHECK_FORMATS;
use quick_junit::TestCaseStatus;
use serde_json::Value;

use crate::folder::{Folder, LENET, UNET, wider_lenet};

/// A model of each kind: changed and broken, unknown, fine, not there, and names that need escapes.
const CONFIG: &str = "\
[defaults]
operators.deny = [\"com.microsoft.*\"]

[[model]]
path = \"lenet.onnx\"
params = { max = \"62 k\", message = \"ask <the> vision team, 100 % \\\"now\\\"\" }
weight-bytes.max = \"250 KiB\"
macs = { max = \"500 k\", level = \"warn\" }
[model.layer.\"/c*\"]
params.max = \"40 k\"

[[model]]
path = \"unet & co.onnx\"
unshared.max = \"1 G\"
macs = { max = \"1 G\", allow-unknown = true }
params.max = \"1 M\"

[[model]]
path = \"gone.onnx\"
params.max = 1
";

fn folder() -> Folder {
    let folder = Folder::with(&[("lenet.onnx", LENET), ("unet & co.onnx", UNET)]);
    let there = CONFIG.split("[[model]]\npath = \"gone").next().unwrap();
    folder.write("cnninspect.toml", there.as_bytes());
    assert_eq!(folder.run(&["check", "--save-baseline"]).code, Some(0));
    folder.write("cnninspect.toml", CONFIG.as_bytes());
    folder.write("lenet.onnx", &wider_lenet());
    folder
}

fn written(format: &str) -> String {
    let run = folder().run(&["check", "-f", format]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(2), ""), "{format}");
    run.stdout
}

#[test]
fn every_format_prints_as_it_did() {
    let mut changed = Vec::new();
    for format in CHECK_FORMATS {
        let name = format!("tests/golden/check.{}", format.name);
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&name);
        let now = written(format.name);
        if std::env::var_os("CNNINSPECT_BLESS").is_some() {
            fs::write(&path, &now).unwrap();
        }
        if fs::read_to_string(&path).ok().as_ref() != Some(&now) {
            changed.push(format!("{name}:\n{now}"));
        }
    }
    assert!(changed.is_empty(), "these changed:\n{}", changed.join("\n"));
}

#[test]
fn the_table_keeps_within_its_width() {
    for line in written("table").lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

/// The outcomes of the JSON document, which the other formats must agree with.
fn outcomes() -> Vec<String> {
    let document: Value = serde_json::from_str(&written("json")).unwrap();
    let models = document["models"].as_array().unwrap();
    let verdicts = models
        .iter()
        .flat_map(|it| it["verdicts"].as_array().unwrap());
    verdicts
        .map(|it| it["outcome"].as_str().unwrap().to_owned())
        .collect()
}

fn count(of: &[&str]) -> usize {
    outcomes()
        .iter()
        .filter(|it| of.contains(&it.as_str()))
        .count()
}

#[test]
fn json_counts_what_it_lists() {
    let document: Value = serde_json::from_str(&written("json")).unwrap();
    assert_eq!(document["schema_version"], 1);
    let summary = &document["summary"];
    assert_eq!(summary["models"], 3);
    assert_eq!(summary["failed"], 1);
    for (key, outcome) in [
        ("passed", "pass"),
        ("warned", "warn"),
        ("broken", "broken"),
        ("unknown", "unknown"),
    ] {
        assert_eq!(summary[key], count(&[outcome]), "{key}");
        assert!(count(&[outcome]) > 0, "{key} is not in this test");
    }
    let params = &document["models"][0]["verdicts"][0];
    // folder.rs: 61,706 and 2,304 more.
    assert_eq!(
        (&params["measured"], &params["max"], &params["margin"]),
        (&64_010.into(), &62_000.into(), &2_010.into())
    );
    let changed = &params["layers"][0];
    assert_eq!(
        (&changed["name"], &changed["before"], &changed["now"]),
        (&"/c3/Conv".into(), &2_416.into(), &4_720.into())
    );
}

#[test]
fn nextest_reads_the_junit_report() {
    let report = quick_junit::Report::deserialize_from_str(&written("junit")).unwrap();
    assert_eq!(report.name.as_ref().unwrap().as_str(), "cnninspect check");
    assert_eq!(report.test_suites.len(), 3);
    let cases: Vec<_> = report
        .test_suites
        .iter()
        .flat_map(|it| &it.test_cases)
        .collect();
    // The model that is not there is a case of its own.
    assert_eq!(cases.len(), outcomes().len() + 1);
    assert_eq!((report.tests, report.errors), (cases.len(), 1));
    let failures = cases
        .iter()
        .filter(|it| matches!(it.status, TestCaseStatus::NonSuccess { .. }))
        .count();
    assert_eq!(failures, count(&["broken", "unknown"]) + 1);
    assert_eq!(report.failures, count(&["broken", "unknown"]));
    for suite in &report.test_suites {
        assert_eq!(suite.tests, suite.test_cases.len(), "{:?}", suite.name);
    }
    let TestCaseStatus::NonSuccess {
        message: Some(message),
        ..
    } = &cases[0].status
    else {
        panic!("{:?}", cases[0].status);
    };
    assert!(
        message.contains("ask <the> vision team, 100 % \"now\""),
        "{message:?}"
    );
}

#[test]
fn types_made_from_the_schema_read_the_sarif_report() {
    let text = written("sarif");
    let log: serde_sarif::sarif::Sarif = serde_json::from_str(&text).unwrap();
    let [run] = log.runs.as_slice() else {
        panic!("{} runs", log.runs.len())
    };
    let results = run.results.as_ref().unwrap();
    assert_eq!(results.len(), count(&["broken", "unknown", "warn"]));
    let rules = run.tool.driver.rules.as_ref().unwrap();
    for result in results {
        let index = usize::try_from(result.rule_index.unwrap()).unwrap();
        assert_eq!(Some(&rules[index].id), result.rule_id.as_ref());
    }
    // Nothing was lost on the way: what was read is written back as it was.
    let again: Value = serde_json::to_value(&log).unwrap();
    assert_eq!(again, serde_json::from_str::<Value>(&text).unwrap());
    assert!(text.contains("\"uri\": \"unet%20&%20co.onnx\""), "{text}");
}

#[test]
fn github_reads_a_command_a_line() {
    let text = written("github");
    let (commands, rest): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|it| it.starts_with("::"));
    assert_eq!(rest.len(), 1, "{text}");
    assert_eq!(commands.len(), count(&["broken", "unknown", "warn"]) + 1);
    for command in &commands {
        let (properties, message) = command[2..].split_once("::").unwrap();
        assert!(
            properties.starts_with("error file=") || properties.starts_with("warning file="),
            "{command}"
        );
        assert_eq!(properties.matches(',').count(), 1, "{command}");
        assert!(!message.replace("%25", "").contains('%'), "{command}");
    }
}

#[test]
fn markdown_rows_have_as_many_cells_as_the_header() {
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    for line in written("markdown").lines().filter(|it| it.starts_with('|')) {
        assert_eq!(cells(line), 7, "{line}");
    }
}
