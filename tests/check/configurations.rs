//! Broken configurations: the whole of what is said, against `tests/golden/check-configurations.txt`.
//! `CNNINSPECT_BLESS=1 cargo test --test check` rewrites it: read what changed.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::folder::Folder;

/// What is wrong, and the text.
const CASES: &[(&str, &str)] = &[
    ("no TOML", "[[model]\npath = \"a.onnx\"\n"),
    (
        "a key twice",
        "[[model]]\npath = \"a.onnx\"\npath = \"b.onnx\"\n",
    ),
    (
        "every unknown key is told",
        "[default]\nparams.max = 1\n\n[[model]]\npath = \"a.onnx\"\nparms.max = 1\nmacs.maximum = 1\ncolour = true\n",
    ),
    (
        "an underscore",
        "[[model]]\npath = \"a.onnx\"\nweight_bytes.max = \"1 MiB\"\n",
    ),
    ("a model without a path", "[[model]]\nparams.max = 1\n"),
    ("a table for a list", "[model]\npath = \"a.onnx\"\n"),
    ("a path that is no text", "[[model]]\npath = 1\n"),
    ("a broken glob", "[[model]]\npath = \"models/[*.onnx\"\n"),
    (
        "no amount",
        "[[model]]\npath = \"a.onnx\"\nparams.max = \"many\"\n",
    ),
    (
        "a negative amount",
        "[[model]]\npath = \"a.onnx\"\nparams.max = -1\n",
    ),
    (
        "an ambiguous unit",
        "[[model]]\npath = \"a.onnx\"\nweight-bytes.max = \"98 M\"\n",
    ),
    (
        "an amount of another type",
        "[[model]]\npath = \"a.onnx\"\nparams.max = true\n",
    ),
    (
        "a limit without its side",
        "[[model]]\npath = \"a.onnx\"\nparams = \"61 M\"\n",
    ),
    (
        "names without their side",
        "[[model]]\npath = \"a.onnx\"\noperators = [\"Loop\"]\n",
    ),
    (
        "min above max",
        "[[model]]\npath = \"a.onnx\"\nparams = { min = \"62 M\", max = \"61 M\" }\n",
    ),
    (
        "no level",
        "[[model]]\npath = \"a.onnx\"\nlevel = \"warning\"\n",
    ),
    (
        "no truth value",
        "[[model]]\npath = \"a.onnx\"\nallow-unknown = \"yes\"\n",
    ),
    (
        "no size",
        "[[model]]\npath = \"a.onnx\"\ninput = [\"data=1x0\"]\ndim = { batch = 0, n = \"x\" }\n",
    ),
    (
        "no data type",
        "[defaults]\ndata-types.allow = [\"float23\"]\n",
    ),
    ("a tolerance without a unit", "[defaults]\ntolerance = 5\n"),
    (
        "no percentage",
        "[defaults]\ntolerance = \"few %\"\nparams.tolerance = { procent = 1 }\n",
    ),
    (
        "a rule that layers do not have",
        "[[model]]\npath = \"a.onnx\"\n[model.layer.conv1]\nfile-bytes.max = 1\n",
    ),
    (
        "a message that is no text",
        "[defaults]\nparams = { max = 1, message = [\"a\"] }\n",
    ),
];

fn golden() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/check-configurations.txt")
}

#[test]
fn every_broken_configuration_shows_every_mistake_in_its_line() {
    let mut told = String::new();
    for (case, text) in CASES {
        let folder = Folder::of_lenet(text);
        let run = folder.run(&["check"]);
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (Some(2), ""),
            "{case}: {}",
            run.stderr
        );
        write!(told, "#### {case}\n{}\n", run.stderr).unwrap();
    }
    if std::env::var_os("CNNINSPECT_BLESS").is_some() {
        fs::write(golden(), &told).unwrap();
    }
    let before = fs::read_to_string(golden()).unwrap();
    assert_eq!(told, before);
}

#[test]
fn a_mistake_has_its_line_a_caret_and_what_was_meant() {
    let folder = Folder::of_lenet("[[model]]\npath = \"lenet.onnx\"\nparms.max = 1\n");
    let expected = "\
error: unknown key \"parms\"
 --> cnninspect.toml:3:1
  |
3 | parms.max = 1
  | ^^^^^ did you mean \"params\"?

error: cnninspect.toml: 1 mistake
";
    assert_eq!(folder.run(&["check"]).stderr, expected);
}

#[test]
fn what_a_key_holds_cannot_write_to_the_terminal() {
    let folder = Folder::of_lenet("[[model]]\npath = \"lenet.onnx\"\n\"\\u001b[31m\".max = 1\n");
    let run = folder.run(&["check"]);
    assert_eq!(run.code, Some(2));
    assert!(!run.stderr.contains('\u{1b}'), "{}", run.stderr);
}
