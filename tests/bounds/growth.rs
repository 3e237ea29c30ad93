//! Ten times the nodes take ten times the work, at every step from the file to what is printed.

use std::path::Path;

use cnninspect::compare::layers;
use cnninspect::explain::{Kind as Explained, Question};
use cnninspect::render::{FORMATS, View};
use cnninspect::verify::Choice;
use cnninspect::{Inspection, Options};

use crate::make::{self, KINDS};
use crate::support::bytes;
use crate::work::{Work, measured};

/// Nodes of the small and of the large model.
const SIZES: [usize; 2] = [116, 1_160];
/// How much more the large one may take. Linear is 10, names that are a digit longer add a tenth, and the
/// spare room of a list is anything up to its length; a square would be 100.
const MOST_ALLOCATIONS: f64 = 12.0;
const MOST_BYTES: f64 = 15.0;
const MOST_PEAK: f64 = 20.0;
/// The same of time, which is never exact, and from when on it is looked at, in nanoseconds.
const MOST_TIME: f64 = 35.0;
const LEAST_TIME: u64 = 50_000_000;

fn options() -> Options {
    Options {
        verify: Choice::None,
        without_pools: true,
        ..Options::default()
    }
}

fn report(path: &Path) -> Inspection {
    cnninspect::inspect(path, &options()).unwrap()
}

fn print(report: &Inspection) {
    for format in FORMATS {
        let view = View::default();
        format.write(report, &view, &mut std::io::sink()).unwrap();
    }
}

/// A step of the product, by name.
type Step = (&'static str, fn(&Path) -> Work);

const STEPS: &[Step] = &[
    ("inspecting and printing", |path| {
        measured(|| print(&report(path))).1
    }),
    ("explaining", |path| {
        let question = Question {
            layers: vec![],
            kind: Some(Explained::Conv),
        };
        measured(|| cnninspect::explain(path, &options(), &question).unwrap()).1
    }),
    ("writing a geometry file", |path| {
        measured(|| cnninspect::geometry_file(path, &options()).unwrap()).1
    }),
    ("comparing with itself", |path| {
        let report = report(path);
        measured(|| layers::compare(&report, &report)).1
    }),
];

/// What is more than in proportion.
fn beyond(small: Work, large: Work) -> Vec<String> {
    let times = |one: u64, other: u64| other as f64 / one.max(1) as f64;
    let mut rows = vec![
        (
            "allocations",
            times(small.allocations, large.allocations),
            MOST_ALLOCATIONS,
        ),
        ("bytes", times(small.bytes, large.bytes), MOST_BYTES),
        ("peak", times(small.peak, large.peak), MOST_PEAK),
    ];
    if large.time > LEAST_TIME {
        rows.push(("time", times(small.time, large.time), MOST_TIME));
    }
    let beyond = rows.into_iter().filter(|it| it.1 > it.2);
    beyond
        .map(|it| format!("{:.1} times the {}", it.1, it.0))
        .collect()
}

#[test]
fn ten_times_the_nodes_take_ten_times_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for kind in KINDS {
        let paths = SIZES.map(|size| {
            let path = folder.path().join(format!("{size}.onnx"));
            std::fs::write(&path, bytes(&(kind.make)(size))).unwrap();
            path
        });
        // Convolutions and pools have steps of their own.
        let steps = if kind.has_layers { STEPS } else { &STEPS[..1] };
        for (name, step) in steps {
            let [small, large] = [step(&paths[0]), step(&paths[1])];
            // A step that does next to nothing has no growth.
            if large.allocations < 1_000 {
                continue;
            }
            let beyond = beyond(small, large);
            if !beyond.is_empty() {
                wrong.push(format!(
                    "{name} of {}: {beyond:?} {small:?} {large:?}",
                    kind.name
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_square_would_be_found() {
    let square = |size: usize| measured(|| (0..size).map(|it| vec![1u8; it]).collect::<Vec<_>>()).1;
    let found = beyond(square(SIZES[0]), square(SIZES[1]));
    assert_eq!(found.len(), 2, "bytes and peak: {found:?}");
    let linear = |size: usize| measured(|| vec![vec![1u8; 64]; size]).1;
    assert_eq!(beyond(linear(SIZES[0]), linear(SIZES[1])), [""; 0]);
}

#[test]
fn a_hundred_thousand_nodes_take_a_hundred_times_the_work_of_a_thousand() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    let kinds: [fn(usize) -> _; 2] = [make::chain, make::initializers];
    for (at, kind) in kinds.into_iter().enumerate() {
        let mut before: Option<Work> = None;
        for size in [1_000, 10_000, 100_000] {
            std::fs::write(&path, bytes(&kind(size))).unwrap();
            let (_, work) = measured(|| report(&path));
            if let Some(before) = before {
                assert_eq!(beyond(before, work), [""; 0], "{at}: {size}");
            }
            before = Some(work);
        }
    }
}

#[test]
fn elements_that_are_carried_along_have_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    // A value of 1 to 10,000 elements each would be 50 million in all; 4 Mi are carried, of 16 bytes.
    let kinds: [fn(usize) -> _; 2] = [make::growing_list, make::sequences];
    for kind in kinds {
        std::fs::write(&path, bytes(&kind(10_000))).unwrap();
        let (_, work) = measured(|| report(&path));
        assert!(work.peak < 160 << 20, "{work:?}");
    }
}
