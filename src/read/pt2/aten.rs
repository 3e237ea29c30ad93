//! ATen's operators under ONNX's names: those that have convolutions, pools, weights, or plain arithmetic.

use super::schema::Node;
use crate::op::Attr;

/// What an ATen operator is in ONNX's words.
pub(super) struct Translated {
    /// ONNX's `op_type`.
    pub(super) op_type: &'static str,
    /// Names of the ATen arguments that are its inputs, in order.
    pub(super) inputs: &'static [&'static str],
    /// ONNX's attributes.
    pub(super) attrs: Vec<(String, Attr)>,
}

/// What a translation may look at: the node, and the rank of a tensor argument.
pub(super) struct Asked<'a> {
    pub(super) node: &'a Node,
    /// Sizes of a tensor argument, where they are numbers.
    pub(super) sizes: &'a dyn Fn(&str) -> Option<Vec<u64>>,
}

/// An ATen operator: its name without overload, and its translation; `None` where these arguments have none.
type Row = (&'static str, fn(&Asked<'_>) -> Option<Translated>);

/// Every operator that is translated; the others stand in the graph under their own names.
const ROWS: &[Row] = &[
    ("conv1d", |it| conv(it, CONV)),
    ("conv2d", |it| conv(it, CONV)),
    ("conv3d", |it| conv(it, CONV)),
    ("conv_transpose1d", |it| conv(it, TRANSPOSE)),
    ("conv_transpose2d", |it| conv(it, TRANSPOSE)),
    ("conv_transpose3d", |it| conv(it, TRANSPOSE)),
    ("convolution", |it| {
        let transposed = it.node.bool("transposed") == Some(true);
        conv(it, if transposed { TRANSPOSE } else { CONV })
    }),
    ("max_pool1d", |it| pool(it, "MaxPool", 1)),
    ("max_pool2d", |it| pool(it, "MaxPool", 2)),
    ("max_pool3d", |it| pool(it, "MaxPool", 3)),
    ("max_pool2d_with_indices", |it| pool(it, "MaxPool", 2)),
    ("max_pool3d_with_indices", |it| pool(it, "MaxPool", 3)),
    ("avg_pool1d", |it| pool(it, "AveragePool", 1)),
    ("avg_pool2d", |it| pool(it, "AveragePool", 2)),
    ("avg_pool3d", |it| pool(it, "AveragePool", 3)),
    ("adaptive_avg_pool1d", |it| adaptive(it, AVERAGE, 1)),
    ("adaptive_avg_pool2d", |it| adaptive(it, AVERAGE, 2)),
    ("adaptive_avg_pool3d", |it| adaptive(it, AVERAGE, 3)),
    ("_adaptive_avg_pool2d", |it| adaptive(it, AVERAGE, 2)),
    ("_adaptive_avg_pool3d", |it| adaptive(it, AVERAGE, 3)),
    ("adaptive_max_pool1d", |it| adaptive(it, MAX, 1)),
    ("adaptive_max_pool2d", |it| adaptive(it, MAX, 2)),
    ("adaptive_max_pool3d", |it| adaptive(it, MAX, 3)),
    ("mean", |it| reduce(it, "ReduceMean")),
    ("amax", |it| reduce(it, "ReduceMax")),
    ("linear", linear),
    ("addmm", |_| plain("Gemm", &["mat1", "mat2", "self"])),
    ("mm", |_| plain("MatMul", &["self", "mat2"])),
    ("bmm", |_| plain("MatMul", &["self", "mat2"])),
    ("matmul", |_| plain("MatMul", &["self", "other"])),
    ("batch_norm", |_| plain("BatchNormalization", NORM)),
    ("_native_batch_norm_legit_no_training", |_| {
        plain("BatchNormalization", NORM)
    }),
    ("layer_norm", layer_norm),
    ("native_layer_norm", layer_norm),
    ("prelu", |_| plain("PRelu", &["self", "weight"])),
    ("_prelu_kernel", |_| plain("PRelu", &["self", "weight"])),
    ("embedding", |_| plain("Gather", &["weight", "indices"])),
    ("add", |it| both(it, "Add")),
    ("sub", |it| both(it, "Sub")),
    ("mul", |it| both(it, "Mul")),
    ("div", |it| both(it, "Div")),
    ("relu", |_| plain("Relu", SELF)),
    ("sigmoid", |_| plain("Sigmoid", SELF)),
    ("tanh", |_| plain("Tanh", SELF)),
    ("silu", |_| plain("Swish", SELF)),
    ("gelu", |_| plain("Gelu", SELF)),
    ("leaky_relu", |_| plain("LeakyRelu", SELF)),
    ("hardswish", |_| plain("HardSwish", SELF)),
    ("hardsigmoid", |_| plain("HardSigmoid", SELF)),
    ("hardtanh", |_| plain("Clip", SELF)),
    ("clamp", |_| plain("Clip", SELF)),
    ("elu", |_| plain("Elu", SELF)),
    ("dropout", |_| plain("Identity", &["input"])),
    ("clone", |_| plain("Identity", SELF)),
    ("contiguous", |_| plain("Identity", SELF)),
    ("cat", cat),
    ("flatten", flatten),
    ("permute", permute),
];

const CONV: &str = "Conv";
const TRANSPOSE: &str = "ConvTranspose";
const AVERAGE: [&str; 2] = ["GlobalAveragePool", "AveragePool"];
const MAX: [&str; 2] = ["GlobalMaxPool", "MaxPool"];
const SELF: &[&str] = &["self"];
const NORM: &[&str] = &["input", "weight", "bias", "running_mean", "running_var"];

/// The translation of a node; `None` where it has none.
pub(super) fn translate(asked: &Asked<'_>) -> Option<Translated> {
    let name = base(&asked.node.target)?;
    let row = ROWS.iter().find(|it| it.0 == name)?;
    (row.1)(asked)
}

/// `relu` of `torch.ops.aten.relu_.default`: without overload, and in place or not.
pub(super) fn base(target: &str) -> Option<&str> {
    let name = target.strip_prefix("torch.ops.aten.")?;
    let name = name.split('.').next()?;
    Some(name.strip_suffix('_').unwrap_or(name))
}

fn plain(op_type: &'static str, inputs: &'static [&'static str]) -> Option<Translated> {
    Some(Translated {
        op_type,
        inputs,
        attrs: vec![],
    })
}

fn ints(name: &str, values: Vec<i64>) -> (String, Attr) {
    (name.to_owned(), Attr::Ints(values))
}

fn int(name: &str, value: i64) -> (String, Attr) {
    (name.to_owned(), Attr::Int(value))
}

/// The list `name` with one value for each of `axes`; a single value stands for all.
fn each(node: &Node, name: &str, axes: usize, default: i64) -> Vec<i64> {
    match node.ints(name).unwrap_or_default().as_slice() {
        [] => vec![default; axes],
        [one] => vec![*one; axes],
        several => several.to_vec(),
    }
}

fn conv(asked: &Asked<'_>, op_type: &'static str) -> Option<Translated> {
    let node = asked.node;
    let axes = (asked.sizes)("weight")?.len().checked_sub(2)?;
    let mut attrs = vec![
        ints("strides", each(node, "stride", axes, 1)),
        ints("dilations", each(node, "dilation", axes, 1)),
        int("group", node.int("groups").unwrap_or(1)),
    ];
    match node.arg("padding").and_then(|it| it.as_string.as_deref()) {
        // The odd zero comes last, as with ONNX's SAME_UPPER.
        Some("same") => attrs.push(("auto_pad".to_owned(), Attr::String("SAME_UPPER".to_owned()))),
        Some("valid") => {}
        Some(_) => return None,
        None => attrs.push(ints("pads", each(node, "padding", axes, 0).repeat(2))),
    }
    if op_type == TRANSPOSE {
        attrs.push(ints(
            "output_padding",
            each(node, "output_padding", axes, 0),
        ));
    }
    Some(Translated {
        op_type,
        inputs: &["input", "weight", "bias"],
        attrs,
    })
}

fn pool(asked: &Asked<'_>, op_type: &'static str, axes: usize) -> Option<Translated> {
    let node = asked.node;
    let kernel = each(node, "kernel_size", axes, 1);
    let strides = node.ints("stride").filter(|it| !it.is_empty());
    let strides = strides.map_or_else(|| kernel.clone(), |_| each(node, "stride", axes, 1));
    let mut attrs = vec![
        ints("kernel_shape", kernel),
        ints("strides", strides),
        ints("pads", each(node, "padding", axes, 0).repeat(2)),
        int("ceil_mode", i64::from(node.bool("ceil_mode") == Some(true))),
    ];
    if op_type == "MaxPool" {
        attrs.push(ints("dilations", each(node, "dilation", axes, 1)));
    } else {
        let counted = node.bool("count_include_pad") != Some(false);
        attrs.push(int("count_include_pad", i64::from(counted)));
    }
    Some(Translated {
        op_type,
        inputs: SELF,
        attrs,
    })
}

/// A global pool, or one whose windows tile the input; others keep their own name.
fn adaptive(asked: &Asked<'_>, names: [&'static str; 2], axes: usize) -> Option<Translated> {
    let output = each(asked.node, "output_size", axes, 1);
    let [global, window] = names;
    if output.iter().all(|it| *it == 1) {
        return plain(global, SELF);
    }
    let input = (asked.sizes)("self")?;
    let input = input.get(input.len().checked_sub(axes)?..)?.iter();
    let kernel: Option<Vec<i64>> = input
        .zip(&output)
        .map(|(input, output)| {
            let input = i64::try_from(*input).ok()?;
            let tiles = input.checked_rem(*output)? == 0;
            input.checked_div(*output).filter(|_| tiles)
        })
        .collect();
    let kernel = kernel?;
    Some(Translated {
        op_type: window,
        inputs: SELF,
        attrs: vec![
            ints("kernel_shape", kernel.clone()),
            ints("strides", kernel),
        ],
    })
}

fn reduce(asked: &Asked<'_>, op_type: &'static str) -> Option<Translated> {
    let axes = asked.node.ints("dim").filter(|it| !it.is_empty())?;
    let keep = asked.node.bool("keepdim") == Some(true);
    Some(Translated {
        op_type,
        inputs: SELF,
        attrs: vec![ints("axes", axes), int("keepdims", i64::from(keep))],
    })
}

/// `input · weightᵀ + bias`: a Gemm where the input has two axes.
fn linear(asked: &Asked<'_>) -> Option<Translated> {
    let matrix = (asked.sizes)("input")?.len() == 2;
    matrix.then(|| Translated {
        op_type: "Gemm",
        inputs: &["input", "weight", "bias"],
        attrs: vec![int("transB", 1)],
    })
}

fn layer_norm(asked: &Asked<'_>) -> Option<Translated> {
    let axes = i64::try_from(asked.node.ints("normalized_shape")?.len()).ok()?;
    Some(Translated {
        op_type: "LayerNormalization",
        inputs: &["input", "weight", "bias"],
        attrs: vec![int("axis", axes.checked_neg()?)],
    })
}

/// Arithmetic on two tensors; with a number it keeps its own name.
fn both(asked: &Asked<'_>, op_type: &'static str) -> Option<Translated> {
    let other = asked.node.arg("other")?;
    other.as_tensor.as_ref()?;
    plain(op_type, &["self", "other"])
}

fn cat(asked: &Asked<'_>) -> Option<Translated> {
    Some(Translated {
        op_type: "Concat",
        inputs: &["tensors"],
        attrs: vec![int("axis", asked.node.int("dim").unwrap_or(0))],
    })
}

/// From the second axis on, as ONNX flattens; other ranges keep their own name.
fn flatten(asked: &Asked<'_>) -> Option<Translated> {
    let start = asked.node.int("start_dim").unwrap_or(0);
    let end = asked.node.int("end_dim").unwrap_or(-1);
    ((start, end) == (1, -1)).then(|| Translated {
        op_type: "Flatten",
        inputs: SELF,
        attrs: vec![int("axis", 1)],
    })
}

fn permute(asked: &Asked<'_>) -> Option<Translated> {
    let rank = i64::try_from((asked.sizes)("self")?.len()).ok()?;
    let axes = asked.node.ints("dims")?;
    let axes = axes.into_iter().map(|it| it.rem_euclid(rank.max(1)));
    Some(Translated {
        op_type: "Transpose",
        inputs: SELF,
        attrs: vec![ints("perm", axes.collect())],
    })
}
