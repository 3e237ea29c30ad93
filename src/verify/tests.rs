//! Whole layers through [`verify`](super::verify): a true report is confirmed, a false one is a mismatch.

use super::compare::compare_values;
use super::layer::{self, Failure};
use super::rows::{floats, ints, row, run};
use super::testing::{self, TestModel};
use super::{Limits, Model, Status, Verification};
use crate::account::ConvLayer;
use crate::op::Attr;
use crate::tensor::{DataType, Shape};

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

/// A name, what is changed in the row, and how the reason begins.
type FalseReport = (&'static str, fn(&mut ConvLayer), &'static str);

#[test]
fn a_false_report_is_a_mismatch() {
    #[rustfmt::skip]
    let cases: [FalseReport; 8] = [
        ("pads swapped by side", |it| it.pads = Some(vec![0, 1, 1, 0]), "at ["),
        ("pads swapped by axis", |it| it.pads = Some(vec![0, 1, 1, 0]), "at ["),
        ("strides swapped", |it| it.strides = Some(vec![1, 2]), "at ["),
        ("dilations swapped", |it| it.dilations = Some(vec![2, 1]), "at ["),
        ("another group", |it| it.group = Some(1), "the report's strides, padding and group lead outside the tensors at [0, 0, 0, 0]"),
        ("no padding", |it| it.pads = Some(vec![]), "the report's strides"),
        ("output axes swapped", |it| it.output_shape = Some(Shape::known(&[1, 6, 6, 5])), "candle gives 1×6×5×6, the report says 1×6×6×5"),
        ("kernel", |it| it.kernel_shape = Some(vec![3, 2]), "the weight's kernel is 3×3, the report says 3×2"),
    ];
    for (case, change, reason) in cases {
        let (test, mut row) = uneven();
        change(&mut row);
        let found = run(&test, &row);
        assert_eq!(found.status, Status::Mismatch, "{case}");
        let said = found.reason.unwrap();
        assert!(said.starts_with(reason), "{case}: {said}");
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

/// The shape says nothing where the kernel is square; the values do.
#[test]
fn a_square_kernel_read_transposed_is_a_mismatch() {
    let mut test = TestModel::default();
    test.input("x", DataType::Float, &[1, 2, 8, 8]);
    test.store_floats("w", &[3, 2, 3, 3], &floats(54));
    let id = test.node("Conv", &["x", "w"], &["y"], vec![]);
    let row = row(&test, id);
    let edges = test.network.edges();
    let model = Model {
        network: &test.network,
        edges: &edges,
        shapes: &test.shapes,
        load: &testing::load,
    };
    let compared = |turn: bool| {
        let mut found = Verification::new(&row);
        let limits = Limits::default();
        let Ok(mut prepared) = layer::prepare::<f32>(model, &limits, &row, &mut found) else {
            panic!("{found:?}");
        };
        let right = prepared.operands.clone();
        if turn {
            prepared.operands.weight = right.weight.transpose(&[0, 1, 3, 2]).unwrap();
        }
        let Ok(output) = layer::run_engine(&prepared, &mut found) else {
            panic!("{found:?}");
        };
        compare_values(&prepared.plan, &right, &output, &mut found)
    };
    assert!(compared(false).is_ok());
    assert!(matches!(compared(true), Err(Failure::Mismatch(_))));
}

/// A name, the operator, sizes of input and weight, attributes, and the way it is computed.
type Case<'a> = (
    &'a str,
    &'a str,
    &'a [u64],
    &'a [u64],
    Vec<(String, Attr)>,
    &'a str,
);

/// Every kind of layer that op::conv reads, against this room's own reading.
#[test]
fn both_readings_of_a_node_agree() {
    let same = |word: &str| ("auto_pad".to_owned(), Attr::String(word.to_owned()));
    let group = |count| ("group".to_owned(), Attr::Int(count));
    #[rustfmt::skip]
    let cases: Vec<Case<'_>> = vec![
        ("1-D", "Conv", &[1, 2, 9], &[3, 2, 4], vec![ints("pads", &[3, 0])], "conv1d"),
        ("SAME_UPPER", "Conv", &[1, 2, 9, 8], &[3, 2, 2, 4], vec![same("SAME_UPPER")], "conv2d"),
        ("SAME_LOWER, strided", "Conv", &[1, 2, 9, 8], &[3, 2, 4, 2], vec![same("SAME_LOWER"), ints("strides", &[2, 2])], "conv2d"),
        ("VALID", "Conv", &[1, 2, 9, 8], &[3, 2, 4, 2], vec![same("VALID"), ints("pads", &[1, 1, 1, 1])], "conv2d"),
        ("3-D", "Conv", &[1, 2, 4, 5, 6], &[3, 2, 3, 2, 1], vec![ints("pads", &[1, 0, 0, 0, 1, 0])], "decomposed"),
        ("transposed", "ConvTranspose", &[1, 3, 5, 4], &[3, 2, 3, 3], vec![ints("strides", &[2, 2]), ints("output_padding", &[1, 1]), ints("pads", &[1, 1, 1, 1])], "conv_transpose2d"),
        ("transposed in groups", "ConvTranspose", &[1, 4, 5, 4], &[4, 2, 3, 2], vec![ints("strides", &[2, 3]), group(2)], "decomposed"),
        ("transposed, SAME_UPPER", "ConvTranspose", &[1, 3, 5, 4], &[3, 2, 4, 3], vec![ints("strides", &[3, 3]), same("SAME_UPPER")], "conv_transpose2d"),
        ("transposed, SAME_LOWER", "ConvTranspose", &[1, 3, 5], &[3, 2, 4], vec![ints("strides", &[3]), same("SAME_LOWER")], "conv_transpose1d"),
        ("transposed, output_shape", "ConvTranspose", &[1, 3, 5, 4], &[3, 2, 3, 3], vec![ints("strides", &[3, 2]), ints("output_shape", &[10, 8])], "decomposed"),
        ("transposed, larger output_shape", "ConvTranspose", &[1, 3, 5], &[3, 2, 3], vec![ints("strides", &[2]), ints("output_shape", &[14])], "conv_transpose1d"),
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
