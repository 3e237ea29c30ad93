//! ONNX's own tests of its convolution operators: given input, expected output.

use super::array::Array;
use super::geometry::Geometry;
use super::operands::{self, Operands};
use super::real::{Real, integer_range};
use super::testing::{self, TestModel};
use super::weights::{Evaluator, Model};
use super::{direct, engine, sample};
use crate::op::conv;
use crate::tensor::DataType;

/// A layer of one of the tests, ready to run.
struct Ready<T> {
    test: TestModel,
    geometry: Geometry,
    operands: Operands<T>,
    expected: Array<T>,
    data_type: DataType,
}

fn ready<T: Real>(case: &str) -> Ready<T> {
    let test = TestModel::read(case);
    let edges = test.network.edges();
    let model = Model {
        network: &test.network,
        edges: &edges,
        shapes: &test.shapes,
        load: &testing::load,
    };
    let mut evaluator = Evaluator::<T>::new(model, 1 << 30);
    for (at, id) in test.network.graphs[0].inputs.iter().enumerate() {
        let bytes = testing::file(case, &format!("input_{at}.pb"));
        evaluator.give(*id, testing::tensor(&bytes).1);
    }
    let node = &test.network.nodes[0];
    let operator = conv::find(&node.domain, &node.op_type).unwrap();
    let input = evaluator.sizes(node.inputs[0].unwrap()).unwrap();
    let operands = operands::operands(&mut evaluator, node, operator, &input).unwrap();
    let weight = operands.weight.sizes.clone();
    let geometry = Geometry::read(node, operator.transposed, input, weight, None).unwrap();
    let (data_type, expected) = testing::tensor(&testing::file(case, "output_0.pb"));
    drop(evaluator);
    Ready {
        test,
        geometry,
        operands,
        expected,
        data_type,
    }
}

impl<T: engine::Element> Ready<T> {
    fn run(&self) -> engine::Output<T> {
        let Operands {
            input,
            weight,
            bias,
            ..
        } = self.operands.clone();
        let bias = bias.map(|it| it.values);
        engine::run(&self.geometry, input.values, weight.values, bias).unwrap()
    }
}

/// Every test that is there, by operator.
fn cases(integer: bool) -> Vec<String> {
    let entries = std::fs::read_dir(testing::folder()).unwrap();
    let names = entries.map(|it| it.unwrap());
    let folders = names.filter(|it| it.path().is_dir());
    let mut names: Vec<String> = folders
        .map(|it| it.file_name().into_string().unwrap())
        .filter(|it| (it.contains("convinteger") || it.contains("qlinear")) == integer)
        .collect();
    names.sort();
    names
}

#[test]
fn float_convolutions_give_what_onnx_expects() {
    let cases = cases(false);
    assert_eq!(cases.len(), 46, "{cases:?}");
    for case in cases {
        let ready = ready::<f32>(&case);
        let output = ready.run();
        assert_eq!(output.shape, ready.expected.sizes, "{case}");
        for (got, expected) in output.values.iter().zip(&ready.expected.values) {
            let allowed = 1e-4 * expected.abs().max(1e-2);
            assert!(
                (got - expected).abs() <= allowed,
                "{case}: {got} {expected}"
            );
        }
    }
}

#[test]
fn integer_convolutions_give_exactly_what_onnx_expects() {
    let cases = cases(true);
    assert_eq!(cases.len(), 3, "{cases:?}");
    for case in cases {
        let ready = ready::<f64>(&case);
        let output = ready.run();
        assert_eq!(output.shape, ready.expected.sizes, "{case}");
        let got: Vec<f64> = output
            .values
            .iter()
            .map(|it| requantised(&case, &ready, *it))
            .collect();
        assert_eq!(got, ready.expected.values, "{case}");
    }
}

/// `QLinearConv` puts its result on the output's scale; `ConvInteger` leaves it.
fn requantised(case: &str, ready: &Ready<f64>, value: f64) -> f64 {
    if &*ready.test.network.nodes[0].op_type != "QLinearConv" {
        return value;
    }
    let one = |at: usize| {
        let bytes = testing::file(case, &format!("input_{at}.pb"));
        testing::tensor::<f64>(&bytes).1.values[0]
    };
    let (least, most) = integer_range(ready.data_type).unwrap();
    ((value / one(6)).round_ties_even() + one(7)).clamp(least, most)
}

#[test]
fn the_direct_dot_product_gives_what_onnx_expects() {
    for case in cases(false) {
        let ready = ready::<f32>(&case);
        let wide = |list: &[usize]| list.iter().map(|it| u64::try_from(*it).unwrap()).collect();
        let (strides, dilations): (Vec<u64>, Vec<u64>) = (
            wide(&ready.geometry.strides),
            wide(&ready.geometry.dilations),
        );
        let begins = ready.geometry.pads.iter().map(|it| it.0);
        let pads: Vec<i64> = begins
            .chain(ready.geometry.pads.iter().map(|it| it.1))
            .collect();
        let direct = direct::Direct {
            transposed: ready.geometry.transposed,
            strides: &strides,
            dilations: &dilations,
            pads: &pads,
            group: ready.geometry.group,
            input: &ready.operands.input,
            weight: &ready.operands.weight,
            bias: ready.operands.bias.as_ref().map(|it| it.values.as_slice()),
        };
        let steps = super::array::strides(&ready.expected.sizes);
        for position in sample::positions(&ready.expected.sizes) {
            let flat: usize = position
                .iter()
                .zip(&steps)
                .map(|(at, step)| at * step.unsigned_abs())
                .sum();
            let expected = f64::from(ready.expected.values[flat]);
            let got = direct.at(&position).unwrap();
            let allowed = 1e-4 * got.magnitude + 1e-6;
            assert!(
                (got.value - expected).abs() <= allowed,
                "{case} {position:?}"
            );
        }
    }
}
