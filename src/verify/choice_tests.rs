//! Which layers [`verify`](super::verify) runs, and what it says of those that it does not.

use super::rows::{floats, row, run, run_all};
use super::testing::{self, TestModel};
use super::{Choice, Limits, Model, Status, verify};
use crate::account::ConvLayer;
use crate::tensor::{DataType, Dim, Expr, Payload, Shape};
use crate::units::Macs;

/// Three layers: a generated weight (fewest MACs), a stored one, a larger stored one.
fn three() -> (TestModel, Vec<ConvLayer>) {
    let mut test = TestModel::default();
    test.input("x", DataType::Float, &[8, 2, 5]);
    test.shape("shape", DataType::Int64, &[3]);
    test.node("ConstantOfShape", &["shape"], &["fill"], vec![]);
    test.shape("fill", DataType::Float, &[1, 2, 1]);
    test.store_floats("large", &[4, 2, 3], &floats(24));
    test.store_floats("small", &[2, 2, 2], &floats(8));
    let names = ["fill", "large", "small"];
    let ids = names.map(|it| test.node("Conv", &["x", it], &[&format!("y_{it}")], vec![]));
    let rows = ids.iter().map(|it| row(&test, *it)).collect();
    (test, rows)
}

#[test]
fn the_cheapest_is_the_one_with_real_weights_that_are_there() {
    let (mut test, rows) = three();
    let chosen = |test: &TestModel| {
        let found = run_all(test, &rows, &Choice::Cheapest, &Limits::default());
        let names: Vec<_> = found
            .iter()
            .map(|it| (it.layer.clone(), it.status))
            .collect();
        names
    };
    assert_eq!(chosen(&test), [("node3".to_owned(), Status::Confirmed)]);
    let gone = |problem: Option<&str>| Payload::External {
        location: "w.bin".to_owned(),
        offset: 0,
        length: None,
        problem: problem.map(ToOwned::to_owned),
    };
    test.network.initializers[1].tensor.payload = gone(Some("no such file"));
    assert_eq!(chosen(&test), [("node2".to_owned(), Status::Confirmed)]);
    // Not known to be gone until it is read.
    test.network.initializers[0].tensor.payload = gone(None);
    assert_eq!(chosen(&test), [("node1".to_owned(), Status::Confirmed)]);
}

#[test]
fn choices_take_the_layers_they_name() {
    let (test, rows) = three();
    let names = |choice: &Choice| -> Vec<String> {
        let found = run_all(&test, &rows, choice, &Limits::default());
        found.into_iter().map(|it| it.layer).collect()
    };
    assert_eq!(names(&Choice::None), [""; 0]);
    assert_eq!(names(&Choice::First), ["node1"]);
    assert_eq!(names(&Choice::All), ["node1", "node2", "node3"]);
    assert_eq!(names(&Choice::Named(vec!["node2".to_owned()])), ["node2"]);
    let several = ["node3", "node[13]"].map(str::to_owned).to_vec();
    assert_eq!(names(&Choice::Named(several)), ["node1", "node3"]);
    assert_eq!(
        names(&Choice::Named(vec!["*".to_owned()])),
        ["node1", "node2", "node3"]
    );
    let found = run_all(&test, &rows, &Choice::All, &Limits::default());
    assert_eq!(
        found[0].input_shape,
        Some(Shape::known(&[1, 2, 5])),
        "batch 1"
    );
    assert_eq!(
        run_all(&test, &[], &Choice::Cheapest, &Limits::default()),
        []
    );
}

#[test]
fn an_unknown_name_lists_close_ones() {
    let (test, rows) = three();
    let rows: Vec<&ConvLayer> = rows.iter().collect();
    let choice = Choice::Named(vec!["node4".to_owned()]);
    let edges = test.network.edges();
    let model = Model {
        network: &test.network,
        edges: &edges,
        shapes: &test.shapes,
        load: &testing::load,
    };
    let found = verify(model, &rows, &choice, &Limits::default(), &|_| {});
    assert_eq!(
        found.unwrap_err().to_string(),
        "no convolution is named \"node4\"; close ones are \"node1\", \"node2\", \"node3\""
    );
}

#[test]
fn what_is_not_run_says_why() {
    let limits = Limits::default();
    let (test, mut rows) = three();
    rows[0].op_type = "DeformConv".to_owned();
    rows[1].macs = Some(Macs(21_340_000_000));
    let width = Dim::Symbolic(Expr::name("width"));
    let open = Shape(vec![Dim::Known(1), Dim::Known(2), width]);
    rows[2].input_shape = Some(open);
    let reasons = |rows: &[ConvLayer], limits: &Limits| -> Vec<String> {
        let found = run_all(&test, rows, &Choice::All, limits);
        assert!(
            found
                .iter()
                .all(|it| it.status == Status::NotRun && it.engine.is_none())
        );
        found.into_iter().filter_map(|it| it.reason).collect()
    };
    assert_eq!(
        reasons(&rows, &limits),
        [
            "DeformConv reads at offsets computed at run time",
            "needs 21.3 G MACs, over the limit of 20 G (--max-macs)",
            "size \"width\" of its input is open; --input or --dim settles it",
        ]
    );
    let (_, mut rows) = three();
    rows[0].output_shape = None;
    let tight = Limits {
        bytes: 100,
        ..limits
    };
    assert_eq!(
        reasons(&rows, &tight),
        [
            "its output shape is not known; --input gives the sizes of the model's inputs",
            "weight: needs more than the limit of 100 B (--max-bytes)",
            // 3·(10 + 8 + 8) elements and 2·2·4 columns, four bytes each
            "needs 376 B, over the limit of 100 B (--max-bytes)",
        ]
    );
    let found = run_all(&test, &rows[..1], &Choice::Cheapest, &limits);
    assert_eq!(found.len(), 1, "the first one's reason where none runs");
}

#[test]
fn weights_that_are_no_numbers_are_not_compared() {
    let mut test = TestModel::default();
    test.input("x", DataType::Float, &[1, 1, 3]);
    test.store_floats("nan", &[1, 1, 2], &[f32::NAN, f32::INFINITY]);
    test.store_floats("huge", &[1, 1, 2], &[3e38, 3e38]);
    test.input("given", DataType::Float, &[1, 1, 2]);
    let cases = [
        (
            "nan",
            "its weight and bias hold 2 values that are not finite",
        ),
        ("huge", "its values pass what float32 holds"),
        (
            "given",
            "weight: \"given\" is an input, known at run time only",
        ),
    ];
    for (weight, reason) in cases {
        let id = test.node("Conv", &["x", weight], &[&format!("y_{weight}")], vec![]);
        let found = run(&test, &row(&test, id));
        assert_eq!(found.reason.as_deref(), Some(reason));
        assert_eq!(found.status, Status::NotRun);
    }
}

#[test]
fn the_engine_named_is_the_engine_built_in() {
    let lock = include_str!("../../Cargo.lock");
    let (name, version) = super::engine::NAME.split_once(' ').unwrap();
    let entry = format!("name = \"{name}\"\nversion = \"{version}\"");
    assert!(lock.contains(&entry), "{entry}");
}

#[test]
fn a_name_goes_before_the_pattern_that_it_could_be() {
    let (test, mut rows) = three();
    rows[0].name = "block[1]/conv".to_owned();
    rows[1].name = "block1/conv".to_owned();
    let names = |name: &str| -> Vec<String> {
        let choice = Choice::Named(vec![name.to_owned()]);
        let found = run_all(&test, &rows, &choice, &Limits::default());
        found.into_iter().map(|it| it.layer).collect()
    };
    assert_eq!(names("block[1]/conv"), ["block[1]/conv"]);
    assert_eq!(names("block[12]/conv"), ["block1/conv"]);
    // Over slashes too.
    assert_eq!(names("block*v"), ["block[1]/conv", "block1/conv"]);
}

#[test]
fn the_run_tells_how_far_it_is() {
    use super::{Model, Progress};
    use std::sync::Mutex;
    let (test, rows) = three();
    let rows: Vec<&ConvLayer> = rows.iter().collect();
    let edges = test.network.edges();
    let model = Model {
        network: &test.network,
        edges: &edges,
        shapes: &test.shapes,
        load: &testing::load,
    };
    let told = Mutex::new(Vec::new());
    let watch = |it: Progress<'_>| told.lock().unwrap().push(format!("{it:?}"));
    verify(model, &rows, &Choice::All, &Limits::default(), &watch).unwrap();
    let mut told = told.into_inner().unwrap();
    assert_eq!(told[0], "Layers(3)");
    // Side by side, so in any order.
    told.sort();
    let begun = ["Begun(\"node1\")", "Begun(\"node2\")", "Begun(\"node3\")"];
    assert_eq!(told[..3], begun);
    assert_eq!(told[3..6], ["Done", "Done", "Done"]);
}
