//! For tests: the report's rows of hand-made layers, and running them.

use super::testing::{self, TestModel};
use super::{Choice, Limits, Model, Verification, verify};
use crate::account::{ConvLayer, ParamCounts};
use crate::network::{NodeId, Producer};
use crate::op::Attr;
use crate::op::conv::{self, Conv};
use crate::tensor::DataType;
use crate::units::Macs;

pub(super) fn ints(name: &str, values: &[i64]) -> (String, Attr) {
    (name.to_owned(), Attr::Ints(values.to_vec()))
}

pub(super) fn floats(count: u64) -> Vec<f32> {
    let mut random = super::input::SplitMix::new(count);
    let value = |_| <f32 as super::Real>::from_f64(random.signed());
    (0..count).map(value).collect()
}

/// The row that an account gives a convolution node, from `op::conv`.
pub(super) fn row(test: &TestModel, id: NodeId) -> ConvLayer {
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
        receptive_field: None,
        formulas: std::collections::BTreeMap::default(),
        tied_with: vec![],
        tied_more: 0,
        bias_source: None,
        aux: false,
        not_covered: false,
    }
}

pub(super) fn run_all(
    test: &TestModel,
    rows: &[ConvLayer],
    choice: &Choice,
    limits: &Limits,
) -> Vec<Verification> {
    let edges = test.network.edges();
    let rows: Vec<&ConvLayer> = rows.iter().collect();
    let model = Model {
        network: &test.network,
        edges: &edges,
        shapes: &test.shapes,
        load: &testing::load,
    };
    verify(model, &rows, choice, limits, &|_| {}).unwrap()
}

pub(super) fn run(test: &TestModel, row: &ConvLayer) -> Verification {
    run_all(
        test,
        std::slice::from_ref(row),
        &Choice::All,
        &Limits::default(),
    )
    .remove(0)
}
