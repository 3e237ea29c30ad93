//! The rows and sums of an account, as plain data: the fields of the JSON document.

use std::collections::BTreeMap;

use serde::Serialize;

use super::peak::Peak;
use super::receptive::ReceptiveField;
use super::without_pool::{LinearWeight, WithoutPool};
use crate::finding::{Finding, Gap};
use crate::network::{InitializerId, NodeId};
use crate::tensor::{DataType, Form, Shape};
use crate::units::{Macs, Params};

/// What a network costs, as plain data; the fields are those of the JSON document.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Every node that is listed, in the file's order: convolutions and pools, and the others beside them.
    pub layers: Vec<Layer>,
    /// Sums over the file.
    pub totals: Totals,
    /// What is odd about the model.
    pub findings: Vec<Finding>,
    /// What could not be told.
    pub gaps: Vec<Gap>,
    /// The stored weights of the linear rows, which [`super::without_pools`] lets grow.
    pub(super) linear_weights: Vec<LinearWeight>,
}

impl Account {
    /// The rows of convolutions.
    #[must_use]
    pub fn convs(&self) -> Vec<&ConvLayer> {
        let mut out = Vec::new();
        for layer in &self.layers {
            if let Layer::Conv(conv) = layer {
                out.push(&**conv);
            }
        }
        out
    }
}

/// One node's row.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Layer {
    /// A convolution.
    Conv(Box<ConvLayer>),
    /// A pool.
    Pool(Box<PoolLayer>),
    /// A matrix product with stored weights.
    Linear(Box<NodeLayer>),
    /// An LSTM, GRU or RNN.
    Recurrent(Box<NodeLayer>),
    /// Any other node.
    Other(Box<NodeLayer>),
}

impl Layer {
    /// The row's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Conv(row) => &row.name,
            Self::Pool(row) => &row.name,
            Self::Linear(row) | Self::Recurrent(row) | Self::Other(row) => &row.name,
        }
    }

    /// The node that the row is of.
    #[must_use]
    pub fn node(&self) -> NodeId {
        match self {
            Self::Conv(row) => row.node,
            Self::Pool(row) => row.node,
            Self::Linear(row) | Self::Recurrent(row) | Self::Other(row) => row.node,
        }
    }

    /// ONNX's `op_type`.
    #[must_use]
    pub fn op_type(&self) -> &str {
        match self {
            Self::Conv(row) => &row.op_type,
            Self::Pool(row) => &row.op_type,
            Self::Linear(row) | Self::Recurrent(row) | Self::Other(row) => &row.op_type,
        }
    }

    /// The receptive field, where the row has one.
    #[must_use]
    pub fn receptive_field(&self) -> Option<&ReceptiveField> {
        match self {
            Self::Conv(row) => row.receptive_field.as_ref(),
            Self::Pool(row) => row.receptive_field.as_ref(),
            Self::Linear(_) | Self::Recurrent(_) | Self::Other(_) => None,
        }
    }
}

/// A convolution's row. Shapes are N, C, spatial; an open size is a formula or unknown.
#[derive(Clone, Debug, Serialize)]
pub struct ConvLayer {
    /// The node; not in the JSON.
    #[serde(skip)]
    pub node: NodeId,
    /// The stored tensor that its weight leads back to, where there is one; not in the JSON.
    #[serde(skip)]
    pub weight_root: Option<InitializerId>,
    /// The node's name, or its first output's where it has none.
    pub name: String,
    /// ONNX's `op_type`.
    pub op_type: String,
    /// ONNX's `domain`, the default one as `ai.onnx`.
    pub domain: String,
    /// Where it stands: empty in the main graph.
    pub scope: String,
    /// Name of its first output.
    pub output: String,
    /// Name of the stored tensor that the weight leads back to, else of the value at the weight input.
    pub weight: Option<String>,
    /// The same for the bias.
    pub bias: Option<String>,
    /// `initializer`, `sparse_initializer`, `Constant`, `ConstantOfShape`, `input` or `computed`.
    pub weight_source: String,
    /// Operators between the stored tensor and the node, nearest the node first.
    pub weight_via: Vec<String>,
    /// Element type of the stored weight.
    pub data_type: Option<DataType>,
    /// The weight's shape as the operator sees it.
    pub weight_shape: Option<Shape>,
    /// PyTorch's `kernel_size`.
    pub kernel_shape: Option<Vec<u64>>,
    /// PyTorch's `stride`.
    pub strides: Option<Vec<u64>>,
    /// Padding as it is applied, `auto_pad` worked out: every axis's start, then every axis's end.
    pub pads: Option<Vec<i64>>,
    /// PyTorch's `dilation`.
    pub dilations: Option<Vec<u64>>,
    /// PyTorch's `groups`.
    pub group: Option<u64>,
    /// ONNX's `auto_pad`.
    pub auto_pad: String,
    /// `NHWC` for an operator that works in that layout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layout: Option<&'static str>,
    /// `[N, C, d1, …, dn]`.
    pub input_shape: Option<Shape>,
    /// `[N, M, o1, …, on]`.
    pub output_shape: Option<Shape>,
    /// Its parameters, counted four ways.
    pub params: ParamCounts,
    /// unshared / shared.
    pub sharing_factor: Option<f64>,
    /// Multiply-accumulates of one sample, padded taps counted, bias not.
    pub macs: Option<Macs>,
    /// Those of `macs` that multiply padding (of a transposed one: whose product falls outside the output).
    pub padding_macs: Option<Macs>,
    /// The pixels of the model's input that one output position depends on.
    pub receptive_field: Option<ReceptiveField>,
    /// Closed forms of the counts that depend on open sizes, by field name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub formulas: BTreeMap<&'static str, Form>,
    /// Names of the other nodes that use the same stored weight.
    pub tied_with: Vec<String>,
    /// How many more use it than are named; left out where all are.
    #[serde(skip_serializing_if = "is_zero")]
    pub tied_more: usize,
    /// Said where the bias is computed at run time, so counts in `shared` but not in `stored`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bias_source: Option<String>,
    /// An auxiliary head, which inference skips: in no total.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub aux: bool,
    /// The geometry of a file without a graph does not name it: in no total.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub not_covered: bool,
}

impl ConvLayer {
    /// Whether it is listed and in no total.
    #[must_use]
    pub fn is_aside(&self) -> bool {
        self.aux || self.not_covered
    }
}

/// A convolution's parameters, counted four ways; `null` has its reason in the gaps or a formula.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ParamCounts {
    /// What the geometry says the file must hold.
    pub shared: Option<Params>,
    /// What the tensors really hold.
    pub stored: Option<Params>,
    /// Without sharing: a locally connected layer.
    pub unshared: Option<Params>,
    /// Without locality either: a fully connected layer.
    pub dense: Option<Params>,
}

/// A pool's row.
#[derive(Clone, Debug, Serialize)]
pub struct PoolLayer {
    /// The node; not in the JSON.
    #[serde(skip)]
    pub node: NodeId,
    /// The node's name, or its first output's where it has none.
    pub name: String,
    /// ONNX's `op_type`.
    pub op_type: String,
    /// ONNX's `domain`, the default one as `ai.onnx`.
    pub domain: String,
    /// Where it stands: empty in the main graph.
    pub scope: String,
    /// Name of its first output.
    pub output: String,
    /// Whether one window covers the whole input.
    pub global: bool,
    /// PyTorch's `kernel_size`; of a global pool the input's spatial sizes.
    pub kernel_shape: Option<Vec<u64>>,
    /// PyTorch's `stride`; null for a global pool.
    pub strides: Option<Vec<u64>>,
    /// Padding as it is applied: every axis's start, then every axis's end.
    pub pads: Option<Vec<i64>>,
    /// PyTorch's `dilation`; null for a global pool.
    pub dilations: Option<Vec<u64>>,
    /// Whether output sizes round up.
    pub ceil_mode: bool,
    /// `NHWC` for an operator that works in that layout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layout: Option<&'static str>,
    /// `[N, C, d1, …, dn]`.
    pub input_shape: Option<Shape>,
    /// `[N, C, o1, …, on]`.
    pub output_shape: Option<Shape>,
    /// Elements going in, per sample.
    pub activations_in: Option<u128>,
    /// Elements coming out, per sample.
    pub activations_out: Option<u128>,
    /// The pixels of the model's input that one output position depends on.
    pub receptive_field: Option<ReceptiveField>,
    /// Closed forms of the counts that depend on open sizes, by field name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub formulas: BTreeMap<&'static str, Form>,
    /// What the network would cost without it; left out where nobody asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without_pool: Option<Box<WithoutPool>>,
}

/// The row of a node that is neither convolution nor pool; listed on request only.
#[derive(Clone, Debug, Serialize)]
pub struct NodeLayer {
    /// The node; not in the JSON.
    #[serde(skip)]
    pub node: NodeId,
    /// The node's name, or its first output's where it has none.
    pub name: String,
    /// ONNX's `op_type`.
    pub op_type: String,
    /// ONNX's `domain`, the default one as `ai.onnx`.
    pub domain: String,
    /// Where it stands: empty in the main graph.
    pub scope: String,
    /// Name of its first output.
    pub output: String,
    /// Name of the stored tensor that the weight of a linear or recurrent node leads back to; not in the JSON.
    #[serde(skip)]
    pub weight: Option<String>,
    /// Element type of that tensor; not in the JSON.
    #[serde(skip)]
    pub weight_type: Option<DataType>,
    /// Shape of its first input.
    pub input_shape: Option<Shape>,
    /// Shape of its first output.
    pub output_shape: Option<Shape>,
    /// Elements of the stored tensors in the roles of `params` that it uses.
    pub params: Params,
    /// Multiply-accumulates of one sample, of a linear or recurrent node.
    pub macs: Option<Macs>,
    /// Closed forms of the counts that depend on open sizes, by field name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub formulas: BTreeMap<&'static str, Form>,
}

/// Sums over the file. A sum with an unknown term is null and the gaps say which.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Totals {
    /// The headline: weight + bias + `norm_affine` + elementwise.
    pub params: Params,
    /// Every element of every stored tensor, booked once.
    pub roles: Roles,
    /// Bytes of the tensors that `params` counts.
    pub weight_bytes: u128,
    /// Elements of those tensors by their type; not in the JSON.
    #[serde(skip)]
    pub data_types: BTreeMap<DataType, Params>,
    /// Multiply-accumulates of convolutions, linear and recurrent nodes.
    pub macs: Option<Macs>,
    /// The most that is alive at once during a forward pass.
    pub peak_activations: Option<Peak>,
    /// Over the convolutions.
    pub conv: ConvTotals,
    /// Over the pools.
    pub pool: PoolTotals,
    /// Over the matrix products with stored weights.
    pub linear: LinearTotals,
    /// Closed forms of the sums that depend on open sizes, by their path below `totals`: `conv.unshared`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub formulas: BTreeMap<&'static str, Form>,
}

/// Elements by role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the roles are explained at account::Role")]
pub struct Roles {
    pub weight: Params,
    pub bias: Params,
    pub norm_affine: Params,
    pub elementwise: Params,
    pub norm_statistics: Params,
    pub quantization: Params,
    pub constant: Params,
    pub dead: Params,
}

/// Over the convolutions: `stored` counts each tensor once, the others add every row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "as in ParamCounts")]
pub struct ConvTotals {
    pub layers: u64,
    /// The part of [`Totals::params`] that is theirs: without tensors that reach no output.
    pub params: Params,
    pub shared: Option<Params>,
    pub stored: Option<Params>,
    pub unshared: Option<Params>,
    pub dense: Option<Params>,
    pub macs: Option<Macs>,
}

/// Over the pools.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PoolTotals {
    /// How many there are.
    pub layers: u64,
}

/// Over the matrix products with stored weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LinearTotals {
    /// How many there are.
    pub layers: u64,
    /// Elements of their stored weights and biases, each tensor once.
    pub params: Params,
    /// Their multiply-accumulates of one sample.
    pub macs: Option<Macs>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde asks for")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}
