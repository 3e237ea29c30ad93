//! The README's table of what tools say of awkward models: ours from a run here, theirs from
//! `benches/others.py`, the truth from arithmetic in `benches/cases.py`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use cnninspect::verify::Choice;
use cnninspect::{Inspection, Options, inspect};
use serde::Deserialize;

const BEGIN: &str = "<!-- What tools say: made by tests/others.rs. -->\n";
const END: &str = "<!-- End of what tools say. -->\n";

/// `benches/others.json`.
#[derive(Deserialize)]
struct Record {
    date: String,
    versions: BTreeMap<String, String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    #[serde(rename = "case")]
    name: String,
    about: String,
    truth: Truth,
    answers: BTreeMap<String, Option<Answer>>,
}

#[derive(Deserialize)]
struct Truth {
    params: Option<u128>,
    macs: Option<u128>,
    bias_adds: Option<u128>,
    bytes: Option<u128>,
    output: String,
}

#[derive(Default, Deserialize)]
struct Answer {
    params: Option<u128>,
    macs: Option<u128>,
    bytes: Option<u128>,
    output: Option<String>,
    error: Option<String>,
}

/// Other tools, in the order of the table's columns, and the name of the package that each is of.
const TOOLS: [(&str, &str); 5] = [
    ("onnx.shape_inference", "onnx"),
    ("onnx-tool", "onnx-tool"),
    ("onnxsim", "onnxsim"),
    ("tract", "tract"),
    ("torchinfo", "torchinfo"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn record() -> Record {
    let text = fs::read_to_string(root().join("benches/others.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn model(case: &str) -> PathBuf {
    root().join(format!("fixtures/cases/{case}.onnx"))
}

/// The sizes that stand for the open ones of `dynamic`.
fn sizes(case: &str) -> Options {
    let mut options = Options {
        verify: Choice::None,
        ..Options::default()
    };
    if case == "dynamic" {
        options.sizes.dims = [("height".to_owned(), 33), ("width".to_owned(), 40)].into();
    }
    options
}

/// The sizes of the value that the model gives, as `1x8x16x16`.
fn output(inspection: &Inspection) -> String {
    let document = json(inspection);
    // The last node of the main graph; of a body's, where the body is all there is.
    let layers = document["layers"].as_array().unwrap();
    let main = layers.iter().rfind(|it| it["output"] == "y");
    let last = main.or(layers.last()).unwrap();
    let dims = last["output_shape"].as_array().unwrap();
    let dims: Vec<_> = dims.iter().map(ToString::to_string).collect();
    dims.join("x")
}

fn json(inspection: &Inspection) -> serde_json::Value {
    let format = cnninspect::render::FORMATS.iter();
    let format = format.clone().find(|it| it.name == "json").unwrap();
    let view = cnninspect::render::View {
        all: true,
        ..Default::default()
    };
    let mut out = Vec::new();
    format.write(inspection, &view, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

fn ours(case: &str) -> Answer {
    let inspection = inspect(model(case), &sizes(case)).unwrap();
    let totals = &inspection.totals;
    Answer {
        params: Some(totals.params.0),
        macs: totals.macs.map(|it| it.0),
        bytes: Some(totals.weight_bytes),
        output: Some(output(&inspection)),
        error: None,
    }
}

/// What an answer has wrong, or that it is right.
fn verdict(answer: Option<&Answer>, truth: &Truth) -> String {
    let Some(answer) = answer else {
        return "–".to_owned();
    };
    if answer.error.is_some() {
        return "fails".to_owned();
    }
    let mut wrong = Vec::new();
    let number = |given: Option<u128>, right: Option<u128>| {
        given
            .zip(right)
            .is_some_and(|(given, right)| given != right)
    };
    if number(answer.params, truth.params) {
        wrong.push(format!("params {}", grouped(answer.params)));
    }
    let with_bias = truth
        .macs
        .zip(truth.bias_adds)
        .map(|(macs, adds)| macs + adds);
    if number(answer.macs, truth.macs) && answer.macs != with_bias {
        wrong.push(format!("MACs {}", grouped(answer.macs)));
    }
    if number(answer.bytes, truth.bytes) {
        wrong.push(format!("bytes {}", grouped(answer.bytes)));
    }
    if let Some(output) = answer.output.as_ref().filter(|it| **it != truth.output) {
        wrong.push(if output.contains('?') {
            "output unknown".to_owned()
        } else {
            format!("output {}", output.replace('x', "×"))
        });
    }
    if wrong.is_empty() {
        return "right".to_owned();
    }
    wrong.join(", ")
}

fn grouped(count: Option<u128>) -> String {
    let digits = count.unwrap().to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// What is true of a case, in words.
fn words(truth: &Truth) -> String {
    let mut out = Vec::new();
    if let Some(params) = truth.params {
        out.push(format!("params {}", grouped(Some(params))));
    }
    if let Some(macs) = truth.macs {
        out.push(format!("MACs {}", grouped(Some(macs))));
    }
    if let Some(bytes) = truth.bytes {
        out.push(format!("bytes {bytes}"));
    }
    out.push(format!("output {}", truth.output.replace('x', "×")));
    out.join(", ")
}

fn table(record: &Record) -> String {
    let mut out = String::from("| model | what is true | cnninspect |");
    for (tool, package) in TOOLS {
        let _ = write!(out, " {tool} {} |", record.versions[package]);
    }
    out += "\n|---|---|---|";
    out += &"---|".repeat(TOOLS.len());
    for case in &record.cases {
        let told = verdict(Some(&ours(&case.name)), &case.truth);
        let _ = write!(
            out,
            "\n| {} | {} | {told} |",
            case.about,
            words(&case.truth)
        );
        for (tool, _) in TOOLS {
            let _ = write!(
                out,
                " {} |",
                verdict(case.answers[tool].as_ref(), &case.truth)
            );
        }
    }
    out + "\n"
}

#[test]
fn ours_are_right_in_every_case() {
    let record = record();
    assert!(record.cases.len() >= 16);
    for case in &record.cases {
        let told = ours(&case.name);
        assert!(
            case.truth.params.is_none() || told.params == case.truth.params,
            "{}",
            case.name
        );
        assert!(
            case.truth.macs.is_none() || told.macs == case.truth.macs,
            "{}",
            case.name
        );
        assert!(
            case.truth.bytes.is_none() || told.bytes == case.truth.bytes,
            "{}",
            case.name
        );
        assert_eq!(
            told.output.as_ref(),
            Some(&case.truth.output),
            "{}",
            case.name
        );
    }
}

/// Without sizes the answer is a formula of the file's own names, not a question mark.
#[test]
fn open_sizes_are_answered_by_formulas() {
    let options = Options {
        verify: Choice::None,
        ..Options::default()
    };
    let inspection = inspect(model("dynamic"), &options).unwrap();
    assert_eq!(
        output(&inspection),
        // ⌊(⌊(h − 1)/2⌋ + 1)/2⌋ = ⌊(h + 1)/4⌋ = ⌊(h − 3)/4⌋ + 1
        "1x8x\"floor((height - 3) / 4) + 1\"x\"floor((width - 3) / 4) + 1\""
    );
}

#[test]
fn the_record_is_dated_and_asks_every_tool_every_case() {
    let record = record();
    assert_eq!(record.date.len(), "2026-11-24".len(), "{}", record.date);
    for case in &record.cases {
        for (tool, _) in TOOLS {
            assert!(case.answers.contains_key(tool), "{} {tool}", case.name);
        }
    }
}

/// `CNNINSPECT_BLESS=1 cargo test --test others` writes it anew.
#[test]
fn the_readme_shows_this_table() {
    let record = record();
    let path = root().join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(BEGIN).expect("the README's table");
    let (shown, after) = rest.split_once(END).expect("the table's end");
    let expected = format!("\nAsked on {}:\n\n{}\n", record.date, table(&record));
    if std::env::var_os("CNNINSPECT_BLESS").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(shown, expected);
}
