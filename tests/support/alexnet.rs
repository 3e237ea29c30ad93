//! The network of the paper, small in bytes: only its first convolution has stored weights.
//!
//! Source: Krizhevsky, Sutskever, Hinton: ImageNet Classification with Deep Convolutional Neural
//! Networks, 2012, section 3.5.

use onnx_protobuf::{GraphProto, ModelProto, NodeProto};

use super::{
    FLOAT, float, float_value, floats, graph, int, int64s, ints, model, node, tensor,
    tensor_attribute, with,
};

/// One convolution of the paper.
struct Conv {
    at: u8,
    /// `[M, C / group, k, k]`.
    weight: [i64; 4],
    pad: i64,
    group: i64,
    bias: f32,
}

const fn conv(at: u8, weight: [i64; 4], pad: i64, group: i64, bias: f32) -> Conv {
    Conv {
        at,
        weight,
        pad,
        group,
        bias,
    }
}

/// Layers 2 to 5. Biases start at 1 in layers 2, 4 and 5 and at 0 in layer 3 (section 5).
const CONVS: &[Conv] = &[
    conv(2, [256, 48, 5, 5], 2, 2, 1.0),
    conv(3, [384, 256, 3, 3], 1, 1, 0.0),
    conv(4, [384, 192, 3, 3], 1, 2, 1.0),
    conv(5, [256, 192, 3, 3], 1, 2, 1.0),
];

/// The network on images of `side` × `side`, whose fully connected part begins with `features` values.
pub(crate) fn model_at(side: i64, features: i64) -> ModelProto {
    let mut net = Net {
        graph: graph(vec![], &[], &[]),
        last: "data".into(),
    };
    net.graph.name = format!("alexnet-2012-{side}");
    net.graph.input = vec![float_value("data", &[1, 3, side, side])];
    net.conv1();
    net.norm(1);
    net.pool(1);
    for conv in CONVS {
        net.conv(conv);
        if conv.at == 2 {
            net.norm(2);
        }
        if conv.at == 2 || conv.at == 5 {
            net.pool(conv.at);
        }
    }
    net.then("flatten", "Flatten", &[], |it| {
        with(it, vec![int("axis", 1)])
    });
    net.linear("fc6", features, 4096, 1.0);
    net.relu("relu6");
    net.linear("fc7", 4096, 4096, 1.0);
    net.relu("relu7");
    net.linear("fc8", 4096, 1000, 0.0);
    net.then("prob", "Softmax", &[], |it| with(it, vec![int("axis", 1)]));
    net.graph.output = vec![float_value(&net.last, &[1, 1000])];
    model(net.graph, 17)
}

struct Net {
    graph: GraphProto,
    /// The value that the next node takes.
    last: String,
}

impl Net {
    /// A node `name` on what was made last, its output `NAME_out`.
    fn then(
        &mut self,
        name: &str,
        op: &str,
        more: &[&str],
        attributes: fn(NodeProto) -> NodeProto,
    ) {
        let output = format!("{name}_out");
        let inputs = [&[self.last.as_str()], more].concat();
        let made = node(name, op, &inputs, &[&output]);
        self.graph.node.push(attributes(made));
        self.last = output;
    }

    fn conv1(&mut self) {
        let mut random = Random(2012);
        let weights: Vec<f32> = (0..34_848).map(|_| random.weight()).collect();
        let biases: Vec<f32> = (0..96).map(|_| random.weight()).collect();
        self.graph.initializer = vec![
            floats("conv1.weight", &[96, 3, 11, 11], &weights),
            floats("conv1.bias", &[96], &biases),
        ];
        self.then("conv1", "Conv", &["conv1.weight", "conv1.bias"], |it| {
            let kernel = ints("kernel_shape", &[11, 11]);
            with(it, vec![kernel, ints("strides", &[4, 4])])
        });
        self.relu("relu1");
    }

    fn conv(&mut self, conv: &Conv) {
        let name = format!("conv{}", conv.at);
        let (weight, bias) = (format!("{name}.weight"), format!("{name}.bias"));
        self.filled(&weight, &conv.weight, 0.01);
        self.filled(&bias, &conv.weight[..1], conv.bias);
        self.then(&name, "Conv", &[&weight, &bias], |it| it);
        let attributes = vec![
            ints("kernel_shape", &conv.weight[2..]),
            ints("pads", &[conv.pad; 4]),
            int("group", conv.group),
        ];
        let made = self.graph.node.last_mut().expect("pushed right above");
        made.attribute.extend(attributes);
        self.relu(&format!("relu{}", conv.at));
    }

    /// k = 2, n = 5, α = 10⁻⁴, β = 0.75; ONNX divides its `alpha` by n.
    fn norm(&mut self, at: u8) {
        self.then(&format!("norm{at}"), "LRN", &[], |it| {
            let shape = vec![int("size", 5), float("bias", 2.0)];
            with(
                with(it, shape),
                vec![float("alpha", 5e-4), float("beta", 0.75)],
            )
        });
    }

    fn pool(&mut self, at: u8) {
        self.then(&format!("pool{at}"), "MaxPool", &[], |it| {
            let kernel = ints("kernel_shape", &[3, 3]);
            with(it, vec![kernel, ints("strides", &[2, 2])])
        });
    }

    fn relu(&mut self, name: &str) {
        self.then(name, "Relu", &[], |it| it);
    }

    fn linear(&mut self, name: &str, inputs: i64, outputs: i64, bias: f32) {
        let (weight, shift) = (format!("{name}.weight"), format!("{name}.bias"));
        self.filled(&weight, &[outputs, inputs], 0.01);
        self.filled(&shift, &[outputs], bias);
        self.then(name, "Gemm", &[&weight, &shift], |it| {
            with(it, vec![int("transB", 1)])
        });
    }

    /// A tensor of one value that the file does not store.
    fn filled(&mut self, name: &str, dims: &[i64], value: f32) {
        let shape = format!("{name}.shape");
        self.graph.initializer.push(int64s(&shape, dims));
        let mut element = tensor("", FLOAT, &[1]);
        element.float_data = vec![value];
        let made = node("", "ConstantOfShape", &[&shape], &[name]);
        let made = with(made, vec![tensor_attribute("value", element)]);
        self.graph.node.push(made);
    }
}

/// Numbers that are the same on every machine: xorshift64, Marsaglia 2003.
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let bits = u16::try_from(self.0 >> 48).expect("16 bits are left");
        f32::from(bits) / 65_536.0
    }

    /// About normal with a deviation of 0.01, as the paper starts its weights: twelve uniform numbers
    /// have the variance 1.
    fn weight(&mut self) -> f32 {
        let sum: f32 = (0..12).map(|_| self.uniform()).sum();
        (sum - 6.0) * 0.01
    }
}
