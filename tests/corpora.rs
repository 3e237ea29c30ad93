//! Every input that fuzzing kept, through what its target runs: `fixtures/corpora` holds the inputs that reach
//! the most code in the fewest bytes, `fixtures/crashers` those that once broke a promise.
//!
//! `fuzz/` has a build of its own; this compiles the same text, so an ordinary test run checks it.

#[path = "../fuzz/src/cases/mod.rs"]
#[expect(unreachable_pub, reason = "the fuzz targets use it as a library")]
mod cases;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cases::{CASES, mutate};

/// No kept input is larger.
const MOST_BYTES: usize = 48 << 10;

/// No input takes longer, in a debug build on a busy machine; most take a few milliseconds.
const MOST_TIME: Duration = Duration::from_secs(20);

/// Names the input that a panic is about.
struct Running<'a>(&'a Path);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = writeln!(std::io::stderr(), "the input is {}", self.0.display());
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of one target in `fixtures/corpora` or `fixtures/crashers`.
fn files(of: &str, target: &str) -> Vec<PathBuf> {
    let folder = root().join("fixtures").join(of).join(target);
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries.map(|it| it.unwrap().path()).collect();
    files.sort();
    files
}

/// Runs what is kept of one target.
fn run(target: &str) {
    let case = CASES.iter().find(|it| it.name == target).unwrap();
    let kept = files("corpora", target);
    assert!(kept.len() >= 8, "{target} has {} inputs", kept.len());
    for path in kept.iter().chain(&files("crashers", target)) {
        let bytes = fs::read(path).unwrap();
        assert!(bytes.len() <= MOST_BYTES, "{}", path.display());
        let _running = Running(path);
        let started = Instant::now();
        (case.run)(&bytes);
        assert!(started.elapsed() < MOST_TIME, "it takes too long");
    }
}

#[test]
fn the_skeleton_reader_holds() {
    run("skeleton");
}

#[test]
fn onnx_files_hold() {
    run("onnx");
}

#[test]
fn whole_models_hold() {
    run("model");
}

#[test]
fn layers_that_are_run_hold() {
    run("verify");
}

#[test]
fn safetensors_files_hold() {
    run("safetensors");
}

#[test]
fn geometry_files_hold() {
    run("geometry");
}

#[test]
fn configurations_and_lock_files_hold() {
    run("config");
}

#[test]
fn exported_programs_hold() {
    run("pt2");
}

#[test]
fn every_target_has_its_binary_and_its_test() {
    let named: BTreeSet<String> = CASES.iter().map(|it| it.name.to_owned()).collect();
    let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    let here = include_str!("corpora.rs");
    for name in &named {
        let binary = format!("name = \"{name}\"\npath = \"targets/{name}.rs\"\n");
        assert!(manifest.contains(&binary), "{binary}");
        assert!(here.contains(&format!("    run(\"{name}\");\n")), "{name}");
    }
    let stem = |it: fs::DirEntry| it.path().file_stem().unwrap().to_str().unwrap().to_owned();
    for folder in ["fuzz/targets", "fixtures/corpora", "fixtures/crashers"] {
        let entries = fs::read_dir(root().join(folder)).unwrap();
        let found: BTreeSet<String> = entries.map(|it| stem(it.unwrap())).collect();
        let whole = folder != "fixtures/crashers";
        assert!(found.is_subset(&named), "{folder}: {found:?}");
        assert!(!whole || found == named, "{folder}: {found:?}");
    }
}

/// What the structure-aware targets feed: changed models still parse, and are changed.
#[test]
fn a_model_that_is_mutated_is_a_model() {
    let kept = files("corpora", "model");
    let models: Vec<Vec<u8>> = kept.iter().map(|it| fs::read(it).unwrap()).collect();
    let (mut made, mut same) = (0u32, 0u32);
    for (bytes, seed) in models.iter().zip(0..).step_by(4) {
        let Some(mutated) = mutate::mutated(bytes, seed) else {
            continue;
        };
        made += 1;
        same += u32::from(&mutated == bytes);
        assert_eq!(mutate::mutated(bytes, seed).as_ref(), Some(&mutated));
        let crossed = mutate::crossed(bytes, &mutated, seed).unwrap();
        for bytes in [mutated, crossed] {
            cases::model(&bytes);
        }
    }
    assert!(made >= 10 && same * 2 < made, "{same} of {made} unchanged");
}
