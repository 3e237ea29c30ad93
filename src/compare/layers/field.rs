//! What is compared of a layer, and when two values of it differ.

use serde::Serialize;

use crate::account::{ConvLayer, Layer, PoolLayer};
use crate::op;
use crate::tensor::{Dim, Shape};

/// Kinds of layers that are aligned, as the JSON document names them.
pub(super) const KINDS: [&str; 4] = ["conv", "pool", "linear", "recurrent"];

/// The kind of a layer; `None` for a node that is not aligned.
pub(super) fn kind(layer: &Layer) -> Option<&'static str> {
    match layer {
        Layer::Conv(_) => Some("conv"),
        Layer::Pool(_) => Some("pool"),
        Layer::Linear(_) => Some("linear"),
        Layer::Recurrent(_) => Some("recurrent"),
        Layer::Other(_) => None,
    }
}

/// A value of a field; in JSON as an inspection's document has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// It could not be told.
    Unknown,
    /// A word.
    Word(String),
    /// Yes or no.
    Flag(bool),
    /// A count.
    Count(u128),
    /// One number an axis, or two.
    Sizes(Vec<i64>),
    /// A shape, its batch included.
    Shape(Shape),
}

/// What two values say of each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// They are the same.
    Equal,
    /// They are not.
    Differ,
    /// One of them is unknown, in whole or in part, and nothing known differs.
    Open,
}

/// A field.
pub(super) struct Field {
    /// Its name in the JSON document.
    pub(super) name: &'static str,
    /// How much it tells of what a layer is: 0 where others decide it.
    pub(super) weight: u8,
    /// Reads it; `None` where a layer of this kind has no such thing.
    pub(super) read: fn(&Layer) -> Option<Value>,
}

const fn field(name: &'static str, weight: u8, read: fn(&Layer) -> Option<Value>) -> Field {
    Field { name, weight, read }
}

/// Every field, in the order in which changes are said.
pub(super) const FIELDS: &[Field] = &[
    field("op_type", 4, operator),
    field("global", 2, |it| Some(Value::Flag(pool(it)?.global))),
    field("kernel_shape", 3, kernel),
    field("strides", 2, |it| match it {
        Layer::Conv(row) => Some(sizes(row.strides.as_deref())),
        Layer::Pool(row) if !row.global => Some(sizes(row.strides.as_deref())),
        _ => None,
    }),
    field("pads", 1, pads),
    field("dilations", 1, |it| match it {
        Layer::Conv(row) => Some(sizes(row.dilations.as_deref())),
        Layer::Pool(row) if !row.global => Some(sizes(row.dilations.as_deref())),
        _ => None,
    }),
    field("ceil_mode", 1, |it| Some(Value::Flag(pool(it)?.ceil_mode))),
    field("group", 2, |it| {
        Some(count(conv(it)?.group.map(u128::from)))
    }),
    field("in_channels", 2, |it| Some(channels(conv(it)?, true))),
    field("filters", 3, |it| Some(channels(conv(it)?, false))),
    field("bias", 1, |it| Some(Value::Flag(conv(it)?.bias.is_some()))),
    field("data_type", 1, |it| {
        let known = match it {
            Layer::Conv(row) => row.data_type,
            Layer::Linear(row) | Layer::Recurrent(row) => row.weight_type,
            Layer::Pool(_) | Layer::Other(_) => return None,
        };
        Some(known.map_or(Value::Unknown, |it| Value::Word(it.to_string())))
    }),
    field("input_shape", 1, |it| Some(shape(shapes(it).0))),
    field("output_shape", 2, |it| Some(shape(shapes(it).1))),
    field("aside", 0, |it| {
        let row = conv(it)?;
        let word = match (row.aux, row.not_covered) {
            (true, _) => "aux",
            (_, true) => "not_covered",
            _ => "no",
        };
        Some(Value::Word(word.to_owned()))
    }),
    field("params", 1, |it| match it {
        Layer::Conv(row) => Some(count(row.params.stored.map(|it| it.0))),
        Layer::Pool(_) | Layer::Other(_) => None,
        Layer::Linear(row) | Layer::Recurrent(row) => Some(Value::Count(row.params.0)),
    }),
    field("shared", 0, |it| {
        Some(count(conv(it)?.params.shared.map(|it| it.0)))
    }),
    field("unshared", 0, |it| {
        Some(count(conv(it)?.params.unshared.map(|it| it.0)))
    }),
    field("dense", 0, |it| {
        Some(count(conv(it)?.params.dense.map(|it| it.0)))
    }),
    field("macs", 0, |it| {
        let macs = match it {
            Layer::Conv(row) => row.macs,
            Layer::Linear(row) | Layer::Recurrent(row) => row.macs,
            Layer::Pool(_) | Layer::Other(_) => return None,
        };
        Some(count(macs.map(|it| it.0)))
    }),
    field("padding_macs", 0, |it| {
        Some(count(conv(it)?.padding_macs.map(|it| it.0)))
    }),
];

/// Names of all fields, in the order in which changes are said.
pub fn names() -> impl Iterator<Item = &'static str> {
    FIELDS.iter().map(|it| it.name)
}

fn conv(layer: &Layer) -> Option<&ConvLayer> {
    match layer {
        Layer::Conv(row) => Some(row),
        _ => None,
    }
}

fn pool(layer: &Layer) -> Option<&PoolLayer> {
    match layer {
        Layer::Pool(row) => Some(row),
        _ => None,
    }
}

/// The operator with its domain; the two spellings of a global pool are one.
fn operator(layer: &Layer) -> Option<Value> {
    let (domain, op_type) = match layer {
        Layer::Conv(row) => (&row.domain, &row.op_type),
        Layer::Pool(row) => (&row.domain, &row.op_type),
        Layer::Linear(row) | Layer::Recurrent(row) | Layer::Other(row) => {
            (&row.domain, &row.op_type)
        }
    };
    let op_type = match op_type.as_str() {
        "ReduceMean" => "GlobalAveragePool",
        "ReduceMax" => "GlobalMaxPool",
        other => other,
    };
    Some(Value::Word(match domain.as_str() {
        "" | "ai.onnx" => op_type.to_owned(),
        domain => format!("{domain}.{op_type}"),
    }))
}

/// A global pool's kernel is its input's size, which is said already.
fn kernel(layer: &Layer) -> Option<Value> {
    match layer {
        Layer::Conv(row) => Some(sizes(row.kernel_shape.as_deref())),
        Layer::Pool(row) if !row.global => Some(sizes(row.kernel_shape.as_deref())),
        _ => None,
    }
}

/// Pads as they are applied; where sizes are open, the rule that they follow.
fn pads(layer: &Layer) -> Option<Value> {
    let (pads, auto_pad) = match layer {
        Layer::Conv(row) => (&row.pads, row.auto_pad.as_str()),
        Layer::Pool(row) if !row.global => (&row.pads, ""),
        _ => return None,
    };
    Some(match (pads, auto_pad) {
        (Some(pads), _) => Value::Sizes(pads.clone()),
        (None, "SAME_UPPER" | "SAME_LOWER") => Value::Word(auto_pad.to_owned()),
        _ => Value::Unknown,
    })
}

fn sizes(values: Option<&[u64]>) -> Value {
    let values = values.map(|it| it.iter().map(|it| i64::try_from(*it)));
    match values.map(Iterator::collect) {
        Some(Ok(values)) => Value::Sizes(values),
        _ => Value::Unknown,
    }
}

fn count(value: Option<u128>) -> Value {
    value.map_or(Value::Unknown, Value::Count)
}

fn shape(shape: Option<&Shape>) -> Value {
    shape.map_or(Value::Unknown, |it| Value::Shape(it.clone()))
}

fn shapes(layer: &Layer) -> (Option<&Shape>, Option<&Shape>) {
    match layer {
        Layer::Conv(row) => (row.input_shape.as_ref(), row.output_shape.as_ref()),
        Layer::Pool(row) => (row.input_shape.as_ref(), row.output_shape.as_ref()),
        Layer::Linear(row) | Layer::Recurrent(row) | Layer::Other(row) => {
            (row.input_shape.as_ref(), row.output_shape.as_ref())
        }
    }
}

/// Channels that a convolution reads or makes, from its weight: `[M, C/group, …]`, of a transposed one
/// `[C, M/group, …]`.
fn channels(row: &ConvLayer, read: bool) -> Value {
    let operator = op::conv::find(&row.domain, &row.op_type);
    let transposed = operator.is_some_and(|it| it.transposed);
    let dim = |at| row.weight_shape.as_ref().and_then(|it| it.dim(at).known());
    let channels = if read == transposed {
        dim(0)
    } else {
        dim(1)
            .zip(row.group)
            .and_then(|(it, group)| it.checked_mul(group))
    };
    count(channels.map(u128::from))
}

impl Value {
    /// Whether nothing is known of it.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        *self == Self::Unknown
    }

    /// What it says of another value of the same field. A shape's first size is left out where it is the
    /// batch of its model, which `batches` tells.
    pub(super) fn agrees(&self, other: &Self, batches: [Option<u64>; 2]) -> Agreement {
        match (self, other) {
            (Self::Unknown, Self::Unknown) => Agreement::Equal,
            (Self::Unknown, _) | (_, Self::Unknown) => Agreement::Open,
            (Self::Shape(left), Self::Shape(right)) => shapes_agree([left, right], batches),
            _ if self == other => Agreement::Equal,
            _ => Agreement::Differ,
        }
    }
}

/// Compares two shapes; differing formulas may well come to the same size.
pub(super) fn shapes_agree(shapes: [&Shape; 2], batches: [Option<u64>; 2]) -> Agreement {
    let [left, right] = shapes.map(|it| it.0.as_slice());
    if left.len() != right.len() {
        return Agreement::Differ;
    }
    let is_batch = |dims: &[Dim], batch: Option<u64>| {
        dims.len() > 1 && batch.is_some() && dims.first().and_then(Dim::known) == batch
    };
    let [of_left, of_right] = batches;
    let skipped = usize::from(is_batch(left, of_left) && is_batch(right, of_right));
    let mut agreement = Agreement::Equal;
    for (left, right) in left.iter().zip(right).skip(skipped) {
        match (left, right) {
            (Dim::Known(left), Dim::Known(right)) if left != right => return Agreement::Differ,
            _ if left == right => {}
            _ => agreement = Agreement::Open,
        }
    }
    agreement
}
