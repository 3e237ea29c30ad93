//! `cnninspect explain`: the story's numbers by hand, every printed formula computed anew, the page's edges.

mod formulas;
mod open;
mod reader;
#[path = "../support/mod.rs"]
mod support;
mod words;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cnninspect::explain::{Answer, Explanation, Kind, Question, Step};
use cnninspect::{Options, explain};
use unicode_width::UnicodeWidthStr;

const ALEXNET: &str = "fixtures/alexnet-2012.onnx";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn run(arguments: &[&str], columns: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cnninspect"));
    command.arg("explain").args(arguments).current_dir(root());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command.env("COLUMNS", columns).output().unwrap()
}

fn printed(arguments: &[&str], columns: &str) -> String {
    let output = run(arguments, columns);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

fn all(path: &Path) -> Vec<Explanation> {
    let question = Question {
        layers: vec!["*".to_owned()],
        kind: None,
    };
    explain(path, &Options::default(), &question).unwrap_or_default()
}

fn step<'a>(it: &'a Explanation, id: &str) -> &'a Step {
    let found = it.steps.iter().find(|step| step.id == id);
    found.unwrap_or_else(|| panic!("{} has no step {id}", it.layer))
}

fn number(it: &Explanation, id: &str) -> u128 {
    match step(it, id).answer {
        Answer::Number(number) => number,
        ref other => panic!("{} {id}: {other:?}", it.layer),
    }
}

#[test]
fn the_story_s_convolutions_come_out_as_by_hand() {
    // Name, kernel · kernel · channels of a group, output side, filters, input channels and side:
    // (227 − 11) / 4 + 1 = 55; 27 + 4 − 5 + 1 = 27; 13 + 2 − 3 + 1 = 13.
    let cases: [(&str, u128, u128, u128, u128); 5] = [
        ("conv1", 11 * 11 * 3, 55, 96, 3 * 227 * 227),
        ("conv2", 5 * 5 * 48, 27, 256, 96 * 27 * 27),
        ("conv3", 3 * 3 * 256, 13, 384, 256 * 13 * 13),
        ("conv4", 3 * 3 * 192, 13, 384, 384 * 13 * 13),
        ("conv5", 3 * 3 * 192, 13, 256, 384 * 13 * 13),
    ];
    let explained = all(&root().join(ALEXNET));
    let convs: Vec<_> = explained
        .iter()
        .filter(|it| it.kind == Kind::Conv)
        .collect();
    assert_eq!(convs.len(), cases.len());
    for (it, (name, kernel, side, filters, inputs)) in convs.into_iter().zip(cases) {
        assert_eq!(it.layer, name);
        let neurons = side * side * filters;
        let expected = [
            ("kernel_elements", kernel),
            ("output_size", side),
            ("output_neurons", neurons),
            ("dense", (inputs + 1) * neurons),
            ("unshared", (kernel + 1) * neurons),
            ("shared", (kernel + 1) * filters),
            ("stored", (kernel + 1) * filters),
            ("macs", kernel * neurons),
        ];
        for (id, expected) in expected {
            assert_eq!(number(it, id), expected, "{name} {id}");
        }
    }
}

#[test]
fn the_story_s_pools_come_out_as_by_hand() {
    // (55 − 3) / 2 + 1 = 27, (27 − 3) / 2 + 1 = 13, (13 − 3) / 2 + 1 = 6.
    let cases: [(u128, u128, u128); 3] = [(96, 55, 27), (256, 27, 13), (256, 13, 6)];
    let explained = all(&root().join(ALEXNET));
    let pools: Vec<_> = explained
        .iter()
        .filter(|it| it.kind == Kind::Pool)
        .collect();
    assert_eq!(pools.len(), cases.len());
    for (it, (channels, before, after)) in pools.into_iter().zip(cases) {
        assert_eq!(number(it, "window_elements"), 9);
        assert_eq!(number(it, "output_size"), after);
        let (into, out) = (channels * before * before, channels * after * after);
        assert_eq!(number(it, "activations_in"), into);
        assert_eq!(number(it, "activations_out"), out);
        assert_eq!(number(it, "dropped"), into - out);
    }
}

/// Every model under `folder`.
pub(crate) fn models(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            models(&path, out);
        } else if path
            .extension()
            .is_some_and(|it| it == "onnx" || it == "pt2")
        {
            out.push(path);
        }
    }
}

#[test]
fn a_page_keeps_within_its_width_and_in_ascii() {
    let mut paths = Vec::new();
    models(&root().join("fixtures/crafted"), &mut paths);
    paths.extend(
        ["alexnet-2012-224.onnx", "truth/unet.ts_dyn.onnx"]
            .map(|it| root().join("fixtures").join(it)),
    );
    for path in &paths {
        let path = path.to_str().unwrap();
        for (columns, room) in [("40", 40), ("80", 80), ("160", 160)] {
            let page = printed(&[path, "*"], columns);
            for line in page.lines() {
                assert!(line.width() <= room, "{path} {columns}: {line}");
            }
        }
        if path.contains("alexnet") {
            let page = printed(&[path, "*", "--ascii"], "80");
            assert!(page.is_ascii(), "{page}");
            assert!(page.contains("floor("), "{page}");
        }
    }
}

#[test]
fn what_no_window_sees_is_said_and_drawn() {
    // (224 − 11) / 4 = 53 with 1 left over.
    let page = printed(&["fixtures/alexnet-2012-224.onnx", "conv1"], "100");
    assert!(
        page.contains("the floor drops 1/4: 1 row and 1 column that no window sees"),
        "{page}"
    );
    let seen = page.lines().find(|it| it.contains("seen by")).unwrap();
    assert!(seen.ends_with("10"), "{seen}");
    let page = printed(&[ALEXNET, "conv1", "--no-drawing"], "100");
    assert!(!page.contains("seen by"), "{page}");
}

#[test]
fn what_cannot_be_explained_is_an_error() {
    let cases: &[(&[&str], &str)] = &[
        (
            &[ALEXNET, "conv9"],
            "no convolution or pool is named \"conv9\"; close ones are \"conv1\"",
        ),
        (
            &[ALEXNET, "POOL5"],
            "is named \"POOL5\"; close ones are \"pool5\"",
        ),
        (
            &[ALEXNET, "fc6"],
            "\"fc6\" is Gemm, not a convolution or pool",
        ),
        (
            &[ALEXNET, "pool1", "--kind", "conv"],
            "\"pool1\" is MaxPool, not a convolution",
        ),
        (&[ALEXNET, "-f", "csv"], "explain has no meaning in csv"),
        (
            &[
                "fixtures/onnx-node-tests/test_Conv2d/model.onnx",
                "--kind",
                "pool",
            ],
            "the model has no pool",
        ),
        (&["fixtures/malformed/empty.onnx"], "empty.onnx: "),
    ];
    for (arguments, expected) in cases {
        let output = run(arguments, "100");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
    }
}

#[test]
fn every_format_prints_as_it_did() {
    let folder = root().join("tests/golden");
    let bless = std::env::var_os("CNNINSPECT_BLESS").is_some();
    for format in ["table", "markdown", "json"] {
        let path = folder.join(format!("explain-conv1.{format}"));
        let now = printed(&[ALEXNET, "conv1", "-f", format], "100");
        if bless {
            fs::write(&path, &now).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), now, "{format}");
    }
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let table = fs::read_to_string(folder.join("explain-conv1.table")).unwrap();
    assert!(readme.contains(&table), "README.md shows another page");
}

#[test]
fn json_has_the_steps_as_data() {
    let text = printed(&[ALEXNET, "conv1", "-f", "json"], "100");
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let it = &document["explanations"][0];
    let size = it["steps"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["id"] == "output_size")
        .unwrap();
    assert_eq!(size["formula"], "floor((227 + 0 - 11) / 4) + 1");
    assert_eq!(
        size["symbols"],
        "floor((input + padding - window) / stride) + 1"
    );
    assert_eq!(size["numbers"]["stride"], 4);
    assert_eq!(size["result"], 55);
    assert_eq!(it["picture"][0]["windows"], 55);
}
