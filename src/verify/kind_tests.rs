//! Kinds of convolution that ONNX's own tests leave out: given input, expected output.
//!
//! The expected numbers are ONNX Runtime 1.32's on the same arrays, made by the operators that its CPU
//! build has: `FusedConv` and `QLinearConv` themselves, `NhwcConv` and `NhwcFusedConv` as a `Conv` between
//! two `Transpose`, `QLinearConvTranspose` as a `ConvTranspose` between `DequantizeLinear` and
//! `QuantizeLinear`.

use super::array::Array;
use super::geometry::Geometry;
use super::real::Real;
use super::rows::{ints, row, run};
use super::testing::{self, TestModel};
use super::weights::{Evaluator, Model};
use super::{Status, engine, operands};
use crate::network::NodeId;
use crate::op::conv;
use crate::op::{Attr, MICROSOFT};
use crate::tensor::DataType;

/// `(at * step) % modulus + least` for `count` places.
fn pattern(count: i32, step: i32, modulus: i32, least: i32) -> Vec<i32> {
    (0..count).map(|it| it * step % modulus + least).collect()
}

fn floats(values: &[i32]) -> Vec<f32> {
    let value = |it: &i32| <f32 as Real>::from_f64(f64::from(*it));
    values.iter().map(value).collect()
}

fn bytes(values: &[i32]) -> Vec<u8> {
    let byte = |it: &i32| u8::try_from(it.rem_euclid(256)).unwrap();
    values.iter().map(byte).collect()
}

/// `[1, 2, 4, 3]`, or the same numbers as `[1, 4, 3, 2]`.
fn sizes(nhwc: bool) -> [u64; 4] {
    if nhwc { [1, 4, 3, 2] } else { [1, 2, 4, 3] }
}

/// `values`, whose channels come first, with their channels last.
fn channels_last<T: Copy>(sizes: [usize; 4], values: Vec<T>) -> Vec<T> {
    let array = Array::new(sizes.to_vec(), values).unwrap();
    array.transpose(&[0, 2, 3, 1]).unwrap().values
}

/// Runs node `id` on `given` in N, C, spatial order out, and confirms its row on another input.
fn ran<T: engine::Element>(test: &TestModel, id: NodeId, given: Vec<T>) -> Array<T> {
    let found = run(test, &row(test, id));
    assert_eq!((found.status, found.reason), (Status::Confirmed, None));
    let edges = test.network.edges();
    let model = Model {
        network: &test.network,
        edges: &edges,
        shapes: &test.shapes,
        load: &testing::load,
    };
    let node = test.network.node(id);
    let operator = conv::find(&node.domain, &node.op_type).unwrap();
    let mut evaluator = Evaluator::<T>::new(model, 1 << 20);
    let source = node.inputs[0].unwrap();
    let own = evaluator.sizes(source).unwrap();
    evaluator.give(source, Array::new(own, given).unwrap());
    let input = [1, 2, 4, 3].to_vec();
    let operands = operands::operands(&mut evaluator, node, operator, &input).unwrap();
    let weight = operands.weight.sizes.clone();
    let geometry = Geometry::read(node, operator.transposed, input, weight, None).unwrap();
    let bias = operands.bias.map(|it| it.values);
    let output = engine::run(
        &geometry,
        operands.input.values,
        operands.weight.values,
        bias,
    );
    let output = output.unwrap();
    Array::new(output.shape, output.values).unwrap()
}

/// Kernel 3×2, padding 1 above and 1 to the right, strides 2 and 1.
fn attrs() -> Vec<(String, Attr)> {
    vec![
        ints("kernel_shape", &[3, 2]),
        ints("pads", &[1, 0, 0, 1]),
        ints("strides", &[2, 1]),
    ]
}

/// A float layer of Microsoft's domain over x = at % 7 − 3, w = at % 5 − 2, b = 1, −2, 3.
fn float_layer(op_type: &str, nhwc: bool) -> Array<f32> {
    let mut test = TestModel::default();
    test.input("x", DataType::Float, &sizes(nhwc));
    test.store_floats("w", &[3, 2, 3, 2], &floats(&pattern(36, 1, 5, -2)));
    test.store_floats("b", &[3], &[1.0, -2.0, 3.0]);
    let mut attrs = attrs();
    attrs.push(("activation".to_owned(), Attr::String("Relu".to_owned())));
    let id = test.node(op_type, &["x", "w", "b"], &["y"], attrs);
    test.network.nodes[id.at()].domain = MICROSOFT.into();
    let mut given = floats(&pattern(24, 1, 7, -3));
    if nhwc {
        given = channels_last([1, 2, 4, 3], given);
    }
    ran(&test, id, given)
}

/// `Conv`'s output, channels first.
const FLOAT_OUTPUT: [f32; 18] = [
    10.0, -3.0, 2.0, 10.0, 7.0, 4.0, -12.0, -8.0, 0.0, 2.0, -11.0, -13.0, 9.0, 5.0, 6.0, 2.0, 9.0,
    8.0,
];

#[test]
fn fused_conv_is_the_convolution_before_its_activation() {
    let got = float_layer("FusedConv", false);
    assert_eq!(got.sizes, [1, 3, 2, 3]);
    assert_eq!(got.values, FLOAT_OUTPUT);
    // What ONNX Runtime's FusedConv with Relu gives.
    let activated: Vec<f32> = got.values.iter().map(|it| it.max(0.0)).collect();
    #[rustfmt::skip]
    let expected = [10.0, 0.0, 2.0, 10.0, 7.0, 4.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 9.0, 5.0, 6.0, 2.0, 9.0, 8.0];
    assert_eq!(activated, expected);
}

#[test]
fn nhwc_conv_takes_channels_last() {
    let got = float_layer("NhwcConv", true);
    assert_eq!(got.sizes, [1, 3, 2, 3]);
    let last = channels_last([1, 3, 2, 3], got.values);
    #[rustfmt::skip]
    let expected = [10.0, -12.0, 9.0, -3.0, -8.0, 5.0, 2.0, 0.0, 6.0, 10.0, 2.0, 2.0, 7.0, -11.0, 9.0, 4.0, -13.0, 8.0];
    assert_eq!(last, expected);
}

#[test]
fn nhwc_fused_conv_takes_channels_last_before_its_activation() {
    let got = float_layer("NhwcFusedConv", true);
    assert_eq!(got.values, FLOAT_OUTPUT);
}

/// x = at · 11 % 256, w = at · 7 % 31 − 15, on scales ½ (zero point 100) and `weight_scales`.
fn quantised(
    op_type: &str,
    weight: &[u64; 4],
    weight_scales: &[f32],
    more: Vec<(String, Attr)>,
    nhwc: bool,
) -> Array<f64> {
    let mut test = TestModel::default();
    test.input("x", DataType::Uint8, &sizes(nhwc));
    test.store_floats("xs", &[], &[0.5]);
    test.store("xz", DataType::Uint8, &[], vec![100]);
    test.store("w", DataType::Int8, weight, bytes(&pattern(36, 7, 31, -15)));
    let count = u64::try_from(weight_scales.len()).unwrap();
    test.store_floats("ws", &[count], weight_scales);
    test.store("wz", DataType::Int8, &[1], vec![0]);
    test.store_floats("ys", &[], &[8.0]);
    test.store("yz", DataType::Uint8, &[], vec![128]);
    let bias = [40i32, -80, 120].iter().flat_map(|it| it.to_le_bytes());
    test.store("b", DataType::Int32, &[3], bias.collect());
    let inputs = ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz", "b"];
    let attrs = attrs().into_iter().chain(more).collect();
    let id = test.node(op_type, &inputs, &["y"], attrs);
    test.network.nodes[id.at()].domain = MICROSOFT.into();
    let given = pattern(24, 11, 256, 0).into_iter().map(f64::from).collect();
    // The same numbers in memory in both layouts for x, as the fixture's script had them.
    let given = if nhwc {
        given
    } else {
        let array = Array::new(vec![1, 4, 3, 2], given).unwrap();
        array.transpose(&[0, 3, 1, 2]).unwrap().values
    };
    let mut got = ran::<f64>(&test, id, given);
    for it in &mut got.values {
        *it = ((*it / 8.0).round_ties_even() + 128.0).clamp(0.0, 255.0);
    }
    got
}

#[test]
fn quantised_conv_with_channels_last_is_exact() {
    let more = vec![("channels_last".to_owned(), Attr::Int(1))];
    let got = quantised("QLinearConv", &[3, 2, 3, 2], &[0.25, 0.5, 1.0], more, true);
    assert_eq!(got.sizes, [1, 3, 2, 3]);
    let last = channels_last([1, 3, 2, 3], got.values);
    #[rustfmt::skip]
    let expected = [121.0, 126.0, 167.0, 120.0, 137.0, 177.0, 122.0, 153.0, 121.0, 124.0, 193.0, 214.0, 114.0, 206.0, 219.0, 149.0, 188.0, 173.0];
    assert_eq!(last, expected);
}

#[test]
fn quantised_transposed_conv_is_exact() {
    let more = vec![ints("output_padding", &[1, 0])];
    let got = quantised("QLinearConvTranspose", &[2, 3, 3, 2], &[0.25], more, false);
    assert_eq!(got.sizes, [1, 3, 9, 3]);
    #[rustfmt::skip]
    let expected = [
        129, 108, 113, 100, 136, 125, 129, 123, 128, 100, 101, 89, 129, 137, 142, 100, 66, 54, 129, 152, 156, 174, 152, 154, 129, 129, 129,
        94, 141, 139, 147, 135, 132, 117, 136, 135, 129, 127, 124, 140, 132, 131, 110, 119, 116, 162, 128, 127, 108, 107, 103, 127, 127, 127,
        157, 157, 149, 108, 80, 97, 138, 134, 126, 135, 130, 147, 120, 111, 104, 162, 181, 198, 101, 88, 81, 146, 189, 200, 130, 130, 130,
    ];
    assert_eq!(got.values, expected.map(f64::from));
}

#[test]
fn weights_of_every_float_type_are_the_numbers_they_stand_for() {
    // 1 and −2 by the formats' definitions; x = at % 7 − 3 as above, one tap on each of two channels.
    let cases = [
        (DataType::Float16, vec![0x00, 0x3c, 0x00, 0xc0]),
        (DataType::Bfloat16, vec![0x80, 0x3f, 0x00, 0xc0]),
        (
            DataType::Double,
            [1f64, -2.0]
                .iter()
                .flat_map(|it| it.to_le_bytes())
                .collect(),
        ),
        (DataType::Float8e4m3fn, vec![0x38, 0xc0]),
        (DataType::Float8e4m3fnuz, vec![0x40, 0xc8]),
        (DataType::Float8e5m2, vec![0x3c, 0xc0]),
        (DataType::Float8e5m2fnuz, vec![0x40, 0xc4]),
    ];
    for (data_type, bytes) in cases {
        let mut test = TestModel::default();
        test.input("x", data_type, &sizes(false));
        test.store("w", data_type, &[1, 2, 1, 1], bytes);
        let id = test.node("Conv", &["x", "w"], &["y"], vec![]);
        let given = floats(&pattern(24, 1, 7, -3));
        let expected: Vec<f32> = given[..12]
            .iter()
            .zip(&given[12..])
            .map(|(first, second)| first - 2.0 * second)
            .collect();
        assert_eq!(ran(&test, id, given).values, expected, "{data_type}");
    }
}

#[test]
fn a_bias_that_comes_at_run_time_is_left_out_and_said() {
    let mut test = TestModel::default();
    test.input("x", DataType::Float, &[1, 1, 4]);
    test.store_floats("w", &[2, 1, 1], &[1.0, 2.0]);
    test.input("b", DataType::Float, &[2]);
    let id = test.node("Conv", &["x", "w", "b"], &["y"], vec![]);
    let mut row = row(&test, id);
    row.bias_source = Some("input".to_owned());
    let found = run(&test, &row);
    assert_eq!((found.status, found.reason), (Status::Confirmed, None));
    let note = "without its bias: \"b\" is an input, known at run time only";
    assert_eq!(found.note.as_deref(), Some(note));
    // Where the report counts it as stored, it must be there.
    row.bias_source = None;
    let found = run(&test, &row);
    assert_eq!(found.status, Status::NotRun);
    let reason = "bias: \"b\" is an input, known at run time only";
    assert_eq!(found.reason.as_deref(), Some(reason));
}
