//! Whole layers through [`verify`]: what is confirmed, what a false report looks like, what is not run.

use super::testing::{self, TestModel};
use super::{Choice, Limits, Status, Verification, verify};
use crate::account::{ConvLayer, ParamCounts};
use crate::network::{NodeId, Producer};
use crate::op::Attr;
use crate::op::conv::{self, Conv};
use crate::tensor::{DataType, Dim, Payload, Shape};
use crate::units::Macs;

fn ints(name: &str, values: &[i64]) -> (String, Attr) {
    (name.to_owned(), Attr::Ints(values.to_vec()))
}

fn floats(count: u64) -> Vec<f32> {
    let mut random = super::input::SplitMix::new(count);
    let value = |_| <f32 as super::Real>::from_f64(random.signed());
    (0..count).map(value).collect()
}

/// The row that an account gives a convolution node, from `op::conv`.
fn row(test: &TestModel, id: NodeId) -> ConvLayer {
    let node = test.network.node(id);
    let operator = conv::find(&node.domain, &node.op_type).unwrap();
    let edges = test.network.edges();
    let value = |at: usize| node.inputs[at].unwrap();
    let shape = |at: usize| test.shapes.value(value(at)).shape.clone().unwrap();
    let weight = shape(operator.weight);
    let read = Conv::read(operator, &node.attrs, &weight, None).unwrap();
    let resolved = read.resolve(&shape(0), &weight).unwrap();
    let (root, source) = match edges.producer(value(operator.weight)) {
        Producer::Initializer(id) => (Some(id), "initializer"),
        Producer::Input(..) => (None, "input"),
        _ => (None, "ConstantOfShape"),
    };
    ConvLayer {
        node: id,
        weight_root: root,
        name: node.name.clone(),
        op_type: node.op_type.to_string(),
        domain: node.domain.to_string(),
        scope: String::new(),
        output: String::new(),
        weight: None,
        bias: None,
        weight_source: source.to_owned(),
        weight_via: vec![],
        data_type: Some(DataType::Float),
        weight_shape: Some(weight.clone()),
        kernel_shape: Some(read.kernel_shape.clone()),
        strides: Some(read.strides.clone()),
        pads: resolved.pads.clone(),
        dilations: Some(read.dilations.clone()),
        group: Some(read.group),
        auto_pad: read.auto_pad.name().to_owned(),
        layout: None,
        macs: weight.numel().map(Macs),
        input_shape: Some(resolved.input),
        output_shape: Some(resolved.output),
        params: ParamCounts::default(),
        sharing_factor: None,
        padding_macs: None,
        formulas: std::collections::BTreeMap::default(),
        tied_with: vec![],
        bias_source: None,
    }
}

fn run_all(
    test: &TestModel,
    rows: &[ConvLayer],
    choice: &Choice,
    limits: &Limits,
) -> Vec<Verification> {
    let edges = test.network.edges();
    let rows: Vec<&ConvLayer> = rows.iter().collect();
    let load = &testing::load;
    let (network, shapes) = (&test.network, &test.shapes);
    verify(
        network,
        &edges,
        shapes,
        &rows,
        choice,
        limits,
        load,
        &mut |_| {},
    )
    .unwrap()
}

fn run(test: &TestModel, row: &ConvLayer) -> Verification {
    run_all(
        test,
        std::slice::from_ref(row),
        &Choice::All,
        &Limits::default(),
    )
    .remove(0)
}

/// A 2-D convolution whose every attribute differs by axis and side.
fn uneven() -> (TestModel, ConvLayer) {
    let mut test = TestModel::default();
    test.input("x", DataType::Float, &[1, 4, 11, 9]);
    test.store_floats("w", &[6, 2, 3, 3], &floats(108));
    test.store_floats("b", &[6], &floats(6));
    let attrs = vec![
        ints("pads", &[1, 0, 0, 1]),
        ints("strides", &[2, 1]),
        ints("dilations", &[1, 2]),
        ("group".to_owned(), Attr::Int(2)),
    ];
    let id = test.node("Conv", &["x", "w", "b"], &["y"], attrs);
    let row = row(&test, id);
    (test, row)
}

#[test]
fn a_true_report_is_confirmed() {
    let (test, row) = uneven();
    let found = run(&test, &row);
    assert_eq!(found.status, Status::Confirmed, "{:?}", found.reason);
    assert_eq!(found.method, Some("decomposed"));
    assert_eq!(found.engine.as_deref(), Some("candle-core 0.11.1"));
    // (11 + 1 − 3) / 2 + 1 = 5; 9 + 1 − 5 + 1 = 6
    let expected = Some(Shape::known(&[1, 6, 5, 6]));
    assert_eq!(
        (&found.expected_shape, &found.actual_shape),
        (&expected, &expected)
    );
    assert_eq!(found.shapes_agree, Some(true));
    assert!(found.positions_checked > 40, "{}", found.positions_checked);
    assert!(found.max_abs_error.unwrap() < 1e-5);
    assert_eq!(run(&test, &row), found, "two runs are the same");
}

#[test]
fn a_false_report_is_a_mismatch() {
    let cases: [(&str, fn(&mut ConvLayer), &str); 8] = [
        (
            "pads swapped by side",
            |it| it.pads = Some(vec![0, 1, 1, 0]),
            "at [",
        ),
        (
            "pads swapped by axis",
            |it| it.pads = Some(vec![0, 1, 1, 0]),
            "at [",
        ),
        (
            "strides swapped",
            |it| it.strides = Some(vec![1, 2]),
            "at [",
        ),
        (
            "dilations swapped",
            |it| it.dilations = Some(vec![2, 1]),
            "at [",
        ),
        (
            "another group",
            |it| it.group = Some(1),
            "the report's strides, padding and group lead outside the tensors at [0, 0, 0, 0]",
        ),
        (
            "no padding",
            |it| it.pads = Some(vec![]),
            "the report's strides",
        ),
        (
            "output axes swapped",
            |it| it.output_shape = Some(Shape::known(&[1, 6, 6, 5])),
            "candle gives 1×6×5×6, the report says 1×6×6×5",
        ),
        (
            "kernel",
            |it| it.kernel_shape = Some(vec![3, 2]),
            "the weight's kernel is 3×3, the report says 3×2",
        ),
    ];
    for (case, change, reason) in cases {
        let (test, mut row) = uneven();
        change(&mut row);
        let found = run(&test, &row);
        assert_eq!(found.status, Status::Mismatch, "{case}");
        let text = found.reason.unwrap();
        assert!(text.starts_with(reason), "{case}: {text}");
    }
}

#[test]
fn a_transposed_kernel_is_a_mismatch() {
    let mut test = TestModel::default();
    test.input("x", DataType::Float, &[1, 1, 8, 8]);
    test.store_floats("w", &[1, 1, 3, 2], &floats(6));
    test.store_floats("v", &[1, 1, 2, 3], &floats(6));
    let id = test.node("Conv", &["x", "w"], &["y"], vec![]);
    let other = test.node("Conv", &["x", "v"], &["z"], vec![]);
    let (mut first, second) = (row(&test, id), row(&test, other));
    first.kernel_shape = second.kernel_shape;
    first.weight_shape = second.weight_shape;
    let found = run(&test, &first);
    assert_eq!(found.status, Status::Mismatch);
    assert_eq!(
        found.reason.as_deref(),
        Some("the weight is 1×1×3×2, the report says 1×1×2×3")
    );
}

/// Every kind of layer that op::conv reads, against this room's own reading.
#[test]
fn both_readings_of_a_node_agree() {
    let same = |word: &str| ("auto_pad".to_owned(), Attr::String(word.to_owned()));
    let group = |count| ("group".to_owned(), Attr::Int(count));
    type Case<'a> = (
        &'a str,
        &'a str,
        &'a [u64],
        &'a [u64],
        Vec<(String, Attr)>,
        &'a str,
    );
    let cases: Vec<Case<'_>> = vec![
        (
            "1-D",
            "Conv",
            &[1, 2, 9],
            &[3, 2, 4],
            vec![ints("pads", &[3, 0])],
            "conv1d",
        ),
        (
            "SAME_UPPER",
            "Conv",
            &[1, 2, 9, 8],
            &[3, 2, 2, 4],
            vec![same("SAME_UPPER")],
            "conv2d",
        ),
        (
            "SAME_LOWER, strided",
            "Conv",
            &[1, 2, 9, 8],
            &[3, 2, 4, 2],
            vec![same("SAME_LOWER"), ints("strides", &[2, 2])],
            "conv2d",
        ),
        (
            "VALID",
            "Conv",
            &[1, 2, 9, 8],
            &[3, 2, 4, 2],
            vec![same("VALID"), ints("pads", &[1, 1, 1, 1])],
            "conv2d",
        ),
        (
            "3-D",
            "Conv",
            &[1, 2, 4, 5, 6],
            &[3, 2, 3, 2, 1],
            vec![ints("pads", &[1, 0, 0, 0, 1, 0])],
            "decomposed",
        ),
        (
            "transposed",
            "ConvTranspose",
            &[1, 3, 5, 4],
            &[3, 2, 3, 3],
            vec![
                ints("strides", &[2, 2]),
                ints("output_padding", &[1, 1]),
                ints("pads", &[1, 1, 1, 1]),
            ],
            "conv_transpose2d",
        ),
        (
            "transposed in groups",
            "ConvTranspose",
            &[1, 4, 5, 4],
            &[4, 2, 3, 2],
            vec![ints("strides", &[2, 3]), group(2)],
            "decomposed",
        ),
        (
            "transposed, SAME_UPPER",
            "ConvTranspose",
            &[1, 3, 5, 4],
            &[3, 2, 4, 3],
            vec![ints("strides", &[3, 3]), same("SAME_UPPER")],
            "conv_transpose2d",
        ),
        (
            "transposed, SAME_LOWER",
            "ConvTranspose",
            &[1, 3, 5],
            &[3, 2, 4],
            vec![ints("strides", &[3]), same("SAME_LOWER")],
            "conv_transpose1d",
        ),
        (
            "transposed, output_shape",
            "ConvTranspose",
            &[1, 3, 5, 4],
            &[3, 2, 3, 3],
            vec![ints("strides", &[3, 2]), ints("output_shape", &[10, 8])],
            "decomposed",
        ),
        (
            "transposed, larger output_shape",
            "ConvTranspose",
            &[1, 3, 5],
            &[3, 2, 3],
            vec![ints("strides", &[2]), ints("output_shape", &[14])],
            "conv_transpose1d",
        ),
    ];
    for (case, op_type, input, weight, attrs, method) in cases {
        let mut test = TestModel::default();
        test.input("x", DataType::Float, input);
        test.store_floats("w", weight, &floats(weight.iter().product()));
        let id = test.node(op_type, &["x", "w"], &["y"], attrs);
        let found = run(&test, &row(&test, id));
        assert_eq!(
            (found.status, found.reason),
            (Status::Confirmed, None),
            "{case}"
        );
        assert_eq!(found.method, Some(method), "{case}");
    }
}

#[test]
fn quantised_layers_are_run_as_the_numbers_they_stand_for() {
    for (op_type, inputs) in [
        ("ConvInteger", &["x", "w", "xz", "wz"][..]),
        (
            "QLinearConv",
            &["x", "xs", "xz", "w", "ws", "wz", "ys", "yz", "b"],
        ),
    ] {
        let mut test = TestModel::default();
        test.input("x", DataType::Uint8, &[1, 2, 5, 5]);
        test.store(
            "w",
            DataType::Int8,
            &[3, 2, 3, 3],
            (0..54u8).map(|it| it.wrapping_mul(37)).collect(),
        );
        test.store("xz", DataType::Uint8, &[], vec![100]);
        test.store("wz", DataType::Int8, &[3], vec![0, 3, 0xfe]);
        test.store_floats("xs", &[], &[0.02]);
        test.store_floats("ws", &[3], &[0.5, 0.25, 1.0]);
        test.store(
            "b",
            DataType::Int32,
            &[3],
            vec![1, 2, 0, 0, 0, 1, 0, 0, 0xff, 0xff, 0xff, 0xff],
        );
        // The output's scale and zero point come at run time, and are not needed.
        test.input("ys", DataType::Float, &[]);
        test.input("yz", DataType::Uint8, &[]);
        let id = test.node(op_type, inputs, &["y"], vec![ints("pads", &[1, 1, 1, 1])]);
        let found = run(&test, &row(&test, id));
        assert_eq!(
            (found.status, found.reason),
            (Status::Confirmed, None),
            "{op_type}"
        );
        assert!(found.max_abs_error.unwrap() < 1e-9, "{op_type}");
    }
}

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
    assert_eq!(names(&Choice::Named("node2".to_owned())), ["node2"]);
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
    let choice = Choice::Named("node4".to_owned());
    let (network, shapes) = (&test.network, &test.shapes);
    let found = verify(
        network,
        &network.edges(),
        shapes,
        &rows,
        &choice,
        &Limits::default(),
        &testing::load,
        &mut |_| {},
    );
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
    let open = Shape(vec![Dim::Known(1), Dim::Known(2), Dim::Unknown]);
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
            "its input is 1×2×?, where ? is open: give the sizes with --input or --dim",
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
