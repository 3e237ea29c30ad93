//! AlexNet of 2012 as an inspection, by hand, for the tests of the renderers.
//!
//! Source: Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural
//! Networks", with the input of 227×227 that its 55×55 outputs need. The counts come from the formulas
//! of the convolution's definition, multiplied out here.

use std::collections::BTreeMap;

use super::{OutputFormat, View};
use crate::Inspection;
use crate::account::{
    ConvLayer, ConvTotals, Layer, LinearTotals, NodeLayer, ParamCounts, PoolLayer, PoolTotals,
    Roles, Totals,
};
use crate::infer::Input;
use crate::network::{Facts, NodeId};
use crate::tensor::{DataType, Dim, Expr, Form, Shape};
use crate::units::{Bytes, Macs, Params};
use crate::verify::{Status, Verification};

/// What `format` writes.
pub(in crate::render) fn rendered(inspection: &Inspection, format: &str, view: &View) -> String {
    let mut out = Vec::new();
    let format = OutputFormat::find(format).unwrap();
    format.write(inspection, view, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// A convolution with a bias: channels and sizes in and out, kernel, stride, padding, groups.
pub(in crate::render) fn conv(
    name: &str,
    (channels, input): (u64, u64),
    (filters, output): (u64, u64),
    [kernel, stride, pad, group]: [u64; 4],
) -> Layer {
    let elements = u128::from(channels / group * kernel * kernel);
    let positions = u128::from(output * output);
    let neurons = u128::from(filters) * positions;
    let shared = u128::from(filters) * (elements + 1);
    let dense = neurons * (u128::from(channels * input * input) + 1);
    let pad = i64::try_from(pad).unwrap();
    Layer::Conv(Box::new(ConvLayer {
        node: NodeId(0),
        weight_root: None,
        name: name.to_owned(),
        op_type: "Conv".to_owned(),
        domain: "ai.onnx".to_owned(),
        scope: String::new(),
        output: format!("{name}_out"),
        weight: Some(format!("{name}.weight")),
        bias: Some(format!("{name}.bias")),
        weight_source: "initializer".to_owned(),
        weight_via: vec![],
        data_type: Some(DataType::Float),
        weight_shape: Some(Shape::known(&[filters, channels / group, kernel, kernel])),
        kernel_shape: Some(vec![kernel; 2]),
        strides: Some(vec![stride; 2]),
        pads: Some(vec![pad; 4]),
        dilations: Some(vec![1; 2]),
        group: Some(group),
        auto_pad: "NOTSET".to_owned(),
        layout: None,
        input_shape: Some(Shape::known(&[1, channels, input, input])),
        output_shape: Some(Shape::known(&[1, filters, output, output])),
        params: ParamCounts {
            shared: Some(Params(shared)),
            stored: Some(Params(shared)),
            unshared: Some(Params(shared * positions)),
            dense: Some(Params(dense)),
        },
        sharing_factor: Some(f64::from(u32::try_from(output * output).unwrap())),
        macs: Some(Macs(neurons * elements)),
        padding_macs: Some(Macs(0)),
        receptive_field: None,
        formulas: BTreeMap::new(),
        tied_with: vec![],
        tied_more: 0,
        bias_source: None,
        aux: false,
        not_covered: false,
    }))
}

/// A max pool of 3×3, stride 2.
pub(in crate::render) fn pool(name: &str, channels: u64, input: u64, output: u64) -> Layer {
    let elements = |size: u64| Some(u128::from(channels * size * size));
    Layer::Pool(Box::new(PoolLayer {
        node: NodeId(0),
        name: name.to_owned(),
        op_type: "MaxPool".to_owned(),
        domain: "ai.onnx".to_owned(),
        scope: String::new(),
        output: format!("{name}_out"),
        global: false,
        kernel_shape: Some(vec![3; 2]),
        strides: Some(vec![2; 2]),
        pads: Some(vec![0; 4]),
        dilations: Some(vec![1; 2]),
        ceil_mode: false,
        layout: None,
        input_shape: Some(Shape::known(&[1, channels, input, input])),
        output_shape: Some(Shape::known(&[1, channels, output, output])),
        activations_in: elements(input),
        activations_out: elements(output),
        receptive_field: None,
        formulas: BTreeMap::new(),
        without_pool: None,
    }))
}

fn linear(name: &str, inputs: u64, outputs: u64) -> Layer {
    Layer::Linear(Box::new(NodeLayer {
        node: NodeId(0),
        name: name.to_owned(),
        op_type: "Gemm".to_owned(),
        domain: "ai.onnx".to_owned(),
        scope: String::new(),
        output: format!("{name}_out"),
        input_shape: Some(Shape::known(&[1, inputs])),
        output_shape: Some(Shape::known(&[1, outputs])),
        weight: None,
        weight_type: None,
        params: Params(u128::from((inputs + 1) * outputs)),
        macs: Some(Macs(u128::from(inputs * outputs))),
        formulas: BTreeMap::new(),
    }))
}

/// The paper's eight layers with weights and three pools.
fn layers() -> Vec<Layer> {
    vec![
        conv("conv1", (3, 227), (96, 55), [11, 4, 0, 1]),
        pool("pool1", 96, 55, 27),
        conv("conv2", (96, 27), (256, 27), [5, 1, 2, 2]),
        pool("pool2", 256, 27, 13),
        conv("conv3", (256, 13), (384, 13), [3, 1, 1, 1]),
        conv("conv4", (384, 13), (384, 13), [3, 1, 1, 2]),
        conv("conv5", (384, 13), (256, 13), [3, 1, 1, 2]),
        pool("pool5", 256, 13, 6),
        linear("fc6", 9216, 4096),
        linear("fc7", 4096, 4096),
        linear("fc8", 4096, 1000),
    ]
}

/// The sums of convolution rows.
pub(in crate::render) fn conv_totals(layers: &[Layer]) -> ConvTotals {
    let mut totals = ConvTotals::default();
    let (mut shared, mut unshared, mut dense, mut macs) = (0, 0, 0, 0);
    for row in layers.iter().filter_map(super::rows::conv) {
        totals.layers += 1;
        shared += row.params.shared.unwrap().0;
        unshared += row.params.unshared.unwrap().0;
        dense += row.params.dense.unwrap().0;
        macs += row.macs.unwrap().0;
    }
    totals.params = Params(shared);
    totals.shared = Some(Params(shared));
    totals.stored = Some(Params(shared));
    totals.unshared = Some(Params(unshared));
    totals.dense = Some(Params(dense));
    totals.macs = Some(Macs(macs));
    totals
}

/// What inspecting the fixture `alexnet-2012.onnx` tells.
pub(in crate::render) fn alexnet() -> Inspection {
    let layers = layers();
    let conv = conv_totals(&layers);
    Inspection {
        path: "fixtures/alexnet-2012.onnx".to_owned(),
        facts: Facts {
            format: "onnx",
            file_bytes: Bytes(156_672),
            ir_version: Some(8),
            producer: None,
            opset_import: [("ai.onnx".to_owned(), 17)].into(),
            ..Facts::default()
        },
        bytes_read: 14_336,
        inputs: vec![Input {
            name: "data".to_owned(),
            data_type: Some(DataType::Float),
            declared: Some([1, 3, 227, 227].map(Dim::Known).to_vec()),
            shape: Some(Shape::known(&[1, 3, 227, 227])),
        }],
        layers,
        totals: Totals {
            // 60,954,656 + 10,568
            params: Params(60_965_224),
            roles: Roles {
                weight: Params(60_954_656),
                // 96 + 256 + 384 + 384 + 256 + 4,096 + 4,096 + 1,000
                bias: Params(10_568),
                ..Roles::default()
            },
            weight_bytes: 140_288,
            data_types: [(DataType::Float, Params(60_965_224))].into(),
            macs: None,
            peak_activations: None,
            conv,
            pool: PoolTotals { layers: 3 },
            // 9,217 · 4,096 + 4,097 · 4,096 + 4,097 · 1,000
            linear: LinearTotals {
                layers: 3,
                params: Params(58_631_144),
                macs: None,
            },
            formulas: BTreeMap::new(),
        },
        verification: vec![Verification {
            layer: "conv1".to_owned(),
            engine: Some("candle-core 0.11.1".to_owned()),
            method: Some("conv2d"),
            input_shape: Some(Shape::known(&[1, 3, 227, 227])),
            expected_shape: Some(Shape::known(&[1, 96, 55, 55])),
            actual_shape: Some(Shape::known(&[1, 96, 55, 55])),
            shapes_agree: Some(true),
            positions_checked: 64,
            max_abs_error: Some(1.1e-6),
            status: Status::Confirmed,
            reason: None,
            note: None,
        }],
        warnings: vec![],
        gaps: vec![],
    }
}

/// A file without a single node.
pub(in crate::render) fn empty() -> Inspection {
    Inspection {
        path: "empty.onnx".to_owned(),
        layers: vec![],
        totals: Totals::default(),
        verification: vec![],
        inputs: vec![],
        ..alexnet()
    }
}

/// One convolution whose height and width are open.
pub(in crate::render) fn open() -> Inspection {
    let mut inspection = alexnet();
    let size = |name: &str| {
        // ⌊(name − 11) / 4⌋ + 1
        let slack = Expr::name(name).add(&Expr::number(-11)).unwrap();
        Dim::Symbolic(slack.floor_div(4).unwrap().add(&Expr::number(1)).unwrap())
    };
    inspection.layers.truncate(1);
    if let Some(input) = inspection.inputs.first_mut() {
        let open = ["height", "width"].map(|it| Dim::Symbolic(Expr::name(it)));
        let sizes = [Dim::Known(1), Dim::Known(3)].into_iter().chain(open);
        input.shape = Some(sizes.collect());
        input.declared = input.shape.clone().map(|it| it.0);
    }
    if let Some(Layer::Conv(row)) = inspection.layers.first_mut() {
        row.params.unshared = None;
        row.params.dense = None;
        row.sharing_factor = None;
        row.macs = None;
        row.formulas.insert(
            "unshared",
            Form::number(34_944)
                .zip(Some(Form::word("output positions")))
                .and_then(|(shared, word)| shared.times(word))
                .unwrap(),
        );
        row.output_shape = Some(Shape(vec![
            Dim::Known(1),
            Dim::Known(96),
            size("height"),
            size("width"),
        ]));
    }
    inspection.totals.conv = ConvTotals {
        layers: 1,
        params: Params(34_944),
        shared: Some(Params(34_944)),
        stored: Some(Params(34_944)),
        ..ConvTotals::default()
    };
    inspection
}
