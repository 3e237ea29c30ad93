//! Values that operators between a stored tensor and a layer make.

use super::testing::{self, TestModel};
use super::weights::{Evaluator, Model};
use crate::op::{Attr, Element};
use crate::tensor::{DataType, Payload};

fn evaluate(test: &TestModel, name: &str, limit: u64) -> Result<(Vec<usize>, Vec<f32>), String> {
    let edges = test.network.edges();
    let model = Model {
        network: &test.network,
        edges: &edges,
        shapes: &test.shapes,
        load: &testing::load,
    };
    let at = test.network.values.iter().position(|it| &*it.name == name);
    let id = crate::network::ValueId::next(at.unwrap()).unwrap();
    let value = Evaluator::<f32>::new(model, limit).value(id)?;
    Ok((value.sizes.clone(), value.values.clone()))
}

fn ints(name: &str, values: &[i64]) -> (String, Attr) {
    (name.to_owned(), Attr::Ints(values.to_vec()))
}

fn int(name: &str, value: i64) -> (String, Attr) {
    (name.to_owned(), Attr::Int(value))
}

/// `w` = 0 … 5 as `[2, 3]`, and lists of whole numbers under their own text.
fn model() -> TestModel {
    let mut test = TestModel::default();
    test.store_floats("w", &[2, 3], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    test.store_floats("two", &[], &[2.0]);
    test.store_floats("row", &[3], &[1.0, 10.0, 100.0]);
    test.store("q", DataType::Int8, &[2, 3], vec![0, 1, 2, 0xff, 0xfe, 127]);
    test.store("zero", DataType::Int8, &[2], vec![1, 0xff]);
    test.store_floats("scale", &[2], &[0.5, 2.0]);
    test.store("none", DataType::Uint8, &[], vec![0]);
    test.store(
        "half",
        DataType::Float16,
        &[2],
        vec![0x00, 0x3c, 0x00, 0xc0],
    );
    for (name, values) in [
        ("[0]", vec![0]),
        ("[1, 0]", vec![1, 0]),
        ("[-1]", vec![-1]),
        ("[9]", vec![9]),
        ("[0, 1, 0, 0]", vec![0, 1, 0, 0]),
    ] {
        let count = u64::try_from(values.len()).unwrap();
        let id = test.input(name, DataType::Int64, &[count]);
        test.shapes.values[id.at()].elements = Some(values.into_iter().map(Element::Int).collect());
    }
    test
}

#[test]
fn operators_make_what_numpy_makes() {
    // Operator, inputs, attributes, output sizes, values by numpy 2.4 on the same arrays.
    type Case<'a> = (
        &'a str,
        &'a [&'a str],
        Vec<(String, Attr)>,
        &'a [u64],
        &'a [f32],
    );
    #[rustfmt::skip]
    let cases: Vec<Case<'_>> = vec![
        ("Identity", &["w"], vec![], &[2, 3], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]),
        ("Reshape", &["w", "[9]"], vec![], &[3, 2], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]),
        ("Transpose", &["w"], vec![], &[3, 2], &[0.0, 3.0, 1.0, 4.0, 2.0, 5.0]),
        ("Transpose", &["w"], vec![ints("perm", &[0, 1])], &[2, 3], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]),
        ("Add", &["w", "row"], vec![], &[2, 3], &[1.0, 11.0, 102.0, 4.0, 14.0, 105.0]),
        ("Sub", &["two", "row"], vec![], &[3], &[1.0, -8.0, -98.0]),
        ("Mul", &["w", "two"], vec![], &[2, 3], &[0.0, 2.0, 4.0, 6.0, 8.0, 10.0]),
        ("Div", &["w", "two"], vec![], &[2, 3], &[0.0, 0.5, 1.0, 1.5, 2.0, 2.5]),
        ("Neg", &["row"], vec![], &[3], &[-1.0, -10.0, -100.0]),
        ("Sqrt", &["row"], vec![], &[3], &[1.0, 3.162_277_7, 10.0]),
        ("Expand", &["row", "[9]"], vec![], &[2, 3], &[1.0, 10.0, 100.0, 1.0, 10.0, 100.0]),
        ("Concat", &["w", "w"], vec![int("axis", 0)], &[4, 3], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0]),
        ("Concat", &["w", "w"], vec![int("axis", -1)], &[2, 6], &[0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 3.0, 4.0, 5.0]),
        ("Slice", &["w", "[0]", "[-1]", "[-1]"], vec![], &[2, 2], &[0.0, 1.0, 3.0, 4.0]),
        ("Slice", &["w"], vec![ints("starts", &[1]), ints("ends", &[9])], &[1, 3], &[3.0, 4.0, 5.0]),
        ("Gather", &["w", "[1, 0]"], vec![], &[2, 3], &[3.0, 4.0, 5.0, 0.0, 1.0, 2.0]),
        ("Gather", &["w", "[-1]"], vec![int("axis", 1)], &[2, 1], &[2.0, 5.0]),
        ("Pad", &["w", "[0, 1, 0, 0]"], vec![], &[2, 4], &[0.0, 0.0, 1.0, 2.0, 0.0, 3.0, 4.0, 5.0]),
        ("Pad", &["w"], vec![ints("pads", &[0, -1, 0, 1])], &[2, 3], &[1.0, 2.0, 0.0, 4.0, 5.0, 0.0]),
        ("ReduceMean", &["w"], vec![ints("axes", &[0])], &[1, 3], &[1.5, 2.5, 3.5]),
        ("ReduceMean", &["w"], vec![ints("axes", &[-1]), int("keepdims", 0)], &[2], &[1.0, 4.0]),
        ("ReduceSum", &["w"], vec![], &[1, 1], &[15.0]),
        ("ReduceL2", &["w"], vec![ints("axes", &[1])], &[2, 1], &[2.236_068, 7.071_068]),
        // (q − [[1], [−1]]) · [[0.5], [2]]
        ("DequantizeLinear", &["q", "scale", "zero"], vec![int("axis", 0)], &[2, 3], &[-0.5, 0.0, 0.5, 0.0, -2.0, 256.0]),
        ("DequantizeLinear", &["q", "two"], vec![], &[2, 3], &[0.0, 2.0, 4.0, -2.0, -4.0, 254.0]),
        // round half to even of w / 2, no zero point
        ("QuantizeLinear", &["w", "two", "none"], vec![], &[2, 3], &[0.0, 0.0, 1.0, 2.0, 2.0, 2.0]),
        ("Identity", &["half"], vec![], &[2], &[1.0, -2.0]),
    ];
    for (at, (op_type, inputs, attrs, sizes, expected)) in cases.into_iter().enumerate() {
        let mut test = model();
        test.node(op_type, inputs, &["out"], attrs);
        test.shape("out", DataType::Float, sizes);
        let (got_sizes, got) = evaluate(&test, "out", 1 << 20).unwrap();
        let wide = |it: &usize| u64::try_from(*it).unwrap();
        assert_eq!(
            got_sizes.iter().map(wide).collect::<Vec<_>>(),
            sizes,
            "{at} {op_type}"
        );
        let close = |(got, expected): (&f32, &f32)| {
            (got - expected).abs() <= 1e-6 * expected.abs().max(1.0)
        };
        assert!(
            got.iter().zip(expected).all(close),
            "{at} {op_type}: {got:?} {expected:?}"
        );
    }
}

#[test]
fn casts_round_to_the_target_type() {
    let cases = [
        (
            DataType::Float16,
            [0.1, -2.7, 70_000.0],
            [0.099_975_586, -2.699_218_8, f32::INFINITY],
        ),
        (
            DataType::Bfloat16,
            [0.1, -2.7, 257.0],
            [0.100_097_656, -2.703_125, 256.0],
        ),
        (DataType::Int32, [0.9, -2.7, 3.0], [0.0, -2.0, 3.0]),
    ];
    for (target, values, expected) in cases {
        let mut test = TestModel::default();
        test.store_floats("w", &[3], &values);
        test.node("Cast", &["w"], &["out"], vec![]);
        test.shape("out", target, &[3]);
        assert_eq!(
            evaluate(&test, "out", 1 << 20).unwrap().1,
            expected,
            "{target}"
        );
    }
}

#[test]
fn batch_normalisation_takes_given_or_own_statistics() {
    // As inference has it: (w − row) / √(row + 1e-5) · row + row; own statistics of the columns of w:
    // means 1.5, 2.5, 3.5 and variance 2.25 each, so −1 and 1 before scale and shift.
    let given = |w: f32, row: f32| (w - row) / (row + 1e-5).sqrt() * row + row;
    let rows = [1.0, 10.0, 100.0, 1.0, 10.0, 100.0];
    let inference: Vec<f32> = (0u8..6)
        .map(f32::from)
        .zip(rows)
        .map(|(w, row)| given(w, row))
        .collect();
    let training = vec![0.0, 0.0, 0.0, 2.0, 20.0, 200.0];
    for (mode, expected) in [(0, inference), (1, training)] {
        let mut test = model();
        let inputs = ["w", "row", "row", "row", "row"];
        test.node(
            "BatchNormalization",
            &inputs,
            &["out"],
            vec![int("training_mode", mode)],
        );
        test.shape("out", DataType::Float, &[2, 3]);
        let (_, got) = evaluate(&test, "out", 1 << 20).unwrap();
        let close = |(got, expected): (&f32, &f32)| (got - expected).abs() <= 1e-3;
        assert!(
            got.iter().zip(&expected).all(close),
            "mode {mode}: {got:?} {expected:?}"
        );
    }
}

#[test]
fn blocked_dequantisation_scales_each_block() {
    let mut test = TestModel::default();
    test.store("q", DataType::Uint4, &[1, 5], vec![0x21, 0x43, 0x05]);
    test.store_floats("s", &[1, 3], &[1.0, 10.0, 100.0]);
    let attrs = vec![int("axis", 1), int("block_size", 2)];
    test.node("DequantizeLinear", &["q", "s"], &["out"], attrs);
    test.shape("out", DataType::Float, &[1, 5]);
    // 1·1, 2·1, 3·10, 4·10, 5·100
    let got = evaluate(&test, "out", 1 << 20).unwrap().1;
    assert_eq!(got, [1.0, 2.0, 30.0, 40.0, 500.0]);
}

#[test]
fn a_fill_value_fills_its_shape_and_a_split_gives_its_part() {
    let mut test = model();
    test.node("ConstantOfShape", &["[9]"], &["fill"], vec![]);
    test.shape("fill", DataType::Float, &[2, 2]);
    assert_eq!(evaluate(&test, "fill", 1 << 20).unwrap().1, [0.0; 4]);
    test.node("Split", &["w"], &["left", "right"], vec![int("axis", 1)]);
    test.shape("left", DataType::Float, &[2, 1]);
    test.shape("right", DataType::Float, &[2, 2]);
    assert_eq!(
        evaluate(&test, "right", 1 << 20).unwrap().1,
        [1.0, 2.0, 4.0, 5.0]
    );
}

#[test]
fn what_cannot_be_worked_out_says_why() {
    let mut test = model();
    test.input("x", DataType::Float, &[2, 3]);
    test.node("Mul", &["x", "two"], &["scaled"], vec![]);
    test.node("Softmax", &["w"], &["soft"], vec![]);
    test.node("Reshape", &["w", "[9]"], &["open"], vec![]);
    test.node("Reshape", &["w", "[9]"], &["wrong"], vec![]);
    test.shape("wrong", DataType::Float, &[5]);
    test.node("Identity", &["loop2"], &["loop1"], vec![]);
    test.node("Identity", &["loop1"], &["loop2"], vec![]);
    test.value("nothing");
    test.store("short", DataType::Float, &[4], vec![0; 12]);
    test.store("gone", DataType::Float, &[4], vec![]);
    test.network.initializers.last_mut().unwrap().tensor.payload = Payload::External {
        location: "w.bin".to_owned(),
        offset: 0,
        length: None,
        problem: Some("\"w.bin\" is not there".to_owned()),
    };
    let cases = [
        ("x", "\"x\" is an input, known at run time only"),
        ("scaled", "\"x\" is an input, known at run time only"),
        ("soft", "computed at run time by Softmax \"node1\""),
        (
            "open",
            "in Reshape \"node2\": its output shape is not known",
        ),
        (
            "wrong",
            "in Reshape \"node3\": its tensors do not fit together",
        ),
        ("loop1", "lies behind more than 64 operators"),
        ("nothing", "nothing makes \"nothing\""),
        ("short", "\"short\" needs 16 bytes, its data has 12"),
        ("gone", "external data \"w.bin\" is not there"),
    ];
    for (name, expected) in cases {
        assert_eq!(
            evaluate(&test, name, 1 << 20),
            Err(expected.to_owned()),
            "{name}"
        );
    }
    let expected = "needs more than the limit of 40 B (--max-bytes)";
    assert_eq!(evaluate(&test, "w", 40), Err(expected.to_owned()));
}

#[test]
fn a_diamond_is_worked_out_once_a_floor() {
    let mut test = TestModel::default();
    test.store_floats("v0", &[1], &[1.0]);
    for at in 0..60 {
        let (from, to) = (format!("v{at}"), format!("v{}", at + 1));
        test.node("Add", &[&from, &from], &[&to], vec![]);
        test.shape(&to, DataType::Float, &[1]);
    }
    // 2^60
    assert_eq!(
        evaluate(&test, "v60", 1 << 20).unwrap().1,
        [1_152_921_504_606_846_976.0]
    );
}
