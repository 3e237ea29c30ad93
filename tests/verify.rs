//! `cnninspect verify` from outside: what it prints, and its exit codes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cnninspect::verify::{Choice, Limits, Status};
use cnninspect::{Options, inspect};

const ALEXNET: &str = "fixtures/alexnet-2012.onnx";
const SMALL: &str = "fixtures/onnx-node-tests/test_Conv2d/model.onnx";
/// Its weight is an input of the graph.
const OPEN: &str = "fixtures/onnx-node-tests/test_basic_conv_with_padding/model.onnx";

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cnninspect"));
    command
        .arg("verify")
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    for name in ["COLUMNS", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Standard output, where the exit code is as expected.
fn printed(arguments: &[&str], code: i32) -> String {
    let output = run(arguments);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
    assert_eq!(stderr, "", "{arguments:?}");
    text(&output.stdout).to_owned()
}

#[test]
fn every_convolution_is_run() {
    let stdout = printed(&[SMALL], 0);
    let mut lines = stdout.lines();
    assert_eq!(lines.next(), Some("1 confirmed, 0 mismatched, 0 not run"));
    let how = lines.next().unwrap();
    let expected = "by candle-core 0.11.1 (conv2d 1): 42 values within ";
    assert!(how.starts_with(expected), "{how}");
    assert_eq!(lines.next(), None);
}

#[test]
fn what_was_not_run_is_listed_and_strict_minds_it() {
    let expected = "\
0 confirmed, 0 mismatched, 1 not run

            layer  why
 not run    y      weight: \"W\" is an input, known at run time only
";
    assert_eq!(printed(&[OPEN], 0), expected);
    assert_eq!(printed(&[OPEN, "--strict"], 1), expected);
}

#[test]
fn limits_leave_heavy_layers_out_by_name() {
    let stdout = printed(&[ALEXNET, "--layer", "conv[12]", "--max-macs", "100M"], 0);
    let expected = "\
0 confirmed, 0 mismatched, 2 not run

            layer  why
 not run    conv1  needs 105.4 M MACs, over the limit of 100 M (--max-macs)
 not run    conv2  needs 223.9 M MACs, over the limit of 100 M (--max-macs)
";
    assert_eq!(stdout, expected);
    let stdout = printed(&[ALEXNET, "--layer", "conv1", "--max-bytes", "1KiB"], 0);
    assert!(
        stdout.contains("over the limit of 1.0 KiB (--max-bytes)"),
        "{stdout}"
    );
}

#[test]
fn the_readme_shows_what_is_printed() {
    let readme = include_str!("../README.md");
    let stdout = printed(&[ALEXNET, "--max-macs", "110M"], 0);
    // How far candle's sums are off in the last digit is the processor's affair.
    let (before, rest) = stdout.split_once("within ").unwrap();
    let (error, after) = rest.split_once('\n').unwrap();
    assert!(error.parse::<f64>().unwrap() < 1e-6, "{error}");
    let (head, _) = readme.split_once(after).expect("what follows the error");
    let shown = head.trim_end().rsplit_once("within ").unwrap();
    assert!(shown.0.ends_with(before), "{stdout}");
    assert!(shown.1.parse::<f64>().unwrap() < 1e-6, "{}", shown.1);
}

#[test]
fn json_is_the_whole_document_with_every_convolution() {
    let stdout = printed(&[ALEXNET, "--max-macs", "1k", "-f", "json"], 0);
    let document: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(document["layers"].as_array().unwrap().len(), 8);
    let verification = document["verification"].as_array().unwrap();
    let names: Vec<&str> = verification
        .iter()
        .map(|it| it["layer"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["conv1", "conv2", "conv3", "conv4", "conv5"]);
    assert!(verification.iter().all(|it| it["status"] == "not run"));
    let rows = printed(&[ALEXNET, "--max-macs", "1k", "-f", "csv"], 0);
    assert_eq!(rows.lines().count(), 6);
}

#[test]
fn unknown_names_and_wrong_limits_are_errors() {
    let cases: &[(&[&str], &str)] = &[
        (
            &[ALEXNET, "--layer", "conv9"],
            "no convolution is named \"conv9\"; close ones are \"conv1\"",
        ),
        (
            &[ALEXNET, "--max-macs", "many"],
            "\"many\" is not a count such as 300000, 1.5M or 20G",
        ),
        (
            &[ALEXNET, "--max-bytes", "1Gi"],
            "\"1Gi\" is not a size such as 4096, 512MB or 1GiB",
        ),
        (
            &[ALEXNET, "--replicate", "conv*"],
            "\"conv*\" names 5 convolutions, needs to name one",
        ),
        (
            &[ALEXNET, "--replicate", "conv1", "--max-copies", "100M"],
            "conv1: its copies have 105,705,600 weights, over the limit of 100,000,000\nhint: --max-copies",
        ),
        (
            &[ALEXNET, "--replicate", "conv1", "-f", "csv"],
            "--replicate has no meaning in csv",
        ),
    ];
    for (arguments, expected) in cases {
        let output = run(arguments);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
    }
}

#[test]
fn replicating_shows_what_sharing_is() {
    let stdout = printed(&[SMALL, "--replicate", "3"], 0);
    // 4 · 5 · 4 · (3 · 3 · 2 + 1) = 1,520 and 4 · (3 · 3 · 2 + 1) = 76.
    for expected in [
        "3 as a convolution: 4 kernels of 3×2×3 with a bias, 76 weights, the same at all 5×4 positions.",
        "20 copies of each kernel, one for every position, 1,520 weights",
        "1 of 80 outputs changes, that of filter 2 at 2×2.",
        "20 of filter 2's 20 outputs change.",
        "Sharing keeps 76 weights instead of 1,520 (20 times fewer)",
    ] {
        let words = stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(expected), "{stdout}");
    }
    let stdout = printed(&[SMALL, "--replicate", "3", "-f", "json"], 0);
    let document: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(document["replication"]["built"], 1520);
}

/// Every model under `folder`.
fn models(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("malformed") {
            models(&path, out);
        } else if path.extension().is_some_and(|it| it == "onnx") {
            out.push(path);
        }
    }
}

#[test]
fn no_convolution_of_any_fixture_disagrees() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut paths = Vec::new();
    models(&folder, &mut paths);
    // Without optimisation heavier layers take their time.
    let options = Options {
        verify: Choice::All,
        limits: Limits {
            macs: 50_000_000,
            ..Limits::default()
        },
        ..Options::default()
    };
    let mut confirmed = 0;
    for path in &paths {
        for it in inspect(path, &options).unwrap().verification {
            let case = format!("{} {}: {:?}", path.display(), it.layer, it.reason);
            match it.status {
                Status::Confirmed => confirmed += 1,
                Status::Mismatch => panic!("{case}"),
                Status::NotRun => assert!(it.reason.is_some(), "{case}"),
            }
        }
    }
    // Most of ONNX's 49 node tests have their weights as inputs.
    assert!(confirmed >= 60, "{confirmed} of {} files", paths.len());
}

#[test]
fn help_has_examples() {
    let stdout = printed(&["--help"], 0);
    for expected in [
        "Examples:",
        "--replicate conv1",
        "Exit codes:",
        "[default: 20G]",
    ] {
        assert!(stdout.contains(expected), "{expected}");
    }
}
