//! Sums over two models, their inputs, and the operators beside their layers.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Value;
use super::field::{Agreement, shapes_agree};
use crate::Inspection;
use crate::account::{Layer, Totals};
use crate::compare::property;
use crate::infer::Input;
use crate::units::wide;

/// A sum over each of the two models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Total {
    /// The field, as the JSON document names it: `params`, `roles.weight`, `conv.macs`.
    pub name: &'static str,
    /// In the first model; `None` where it could not be told.
    pub before: Option<u128>,
    /// In the second model.
    pub after: Option<u128>,
    /// Whether it belongs to the file more than to the net, so that it is told and makes no difference.
    pub aside: bool,
}

impl Total {
    /// Whether both are known and not the same.
    #[must_use]
    pub fn differs(&self) -> bool {
        !self.aside
            && self
                .before
                .zip(self.after)
                .is_some_and(|(before, after)| before != after)
    }

    /// How much more the second has; `None` where one is unknown, or no number of 128 bits is so large.
    #[must_use]
    pub fn difference(&self) -> Option<i128> {
        let (before, after) = self.before.zip(self.after)?;
        let size = i128::try_from(before.abs_diff(after)).ok()?;
        Some(if after < before { -size } else { size })
    }

    /// The same in thousandths of what the first has, rounded; `None` also where that is nothing.
    #[must_use]
    pub fn permille(&self) -> Option<i128> {
        let (before, after) = self.before.zip(self.after)?;
        permille(before, after)
    }
}

/// By how many thousandths of `before` a count is off, rounded; `None` where `before` is nothing.
#[must_use]
pub fn permille(before: u128, after: u128) -> Option<i128> {
    property::Value::Count(after).permille_over(&property::Value::Count(before))
}

/// An input of other sizes or another type.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InputChange {
    /// In the first model; `None` where that has no such input.
    pub before: Option<InputSide>,
    /// In the second model.
    pub after: Option<InputSide>,
}

/// An input of one model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InputSide {
    /// Its name.
    pub name: String,
    /// Its element type.
    pub data_type: Value,
    /// Its sizes as they were taken.
    pub shape: Value,
}

/// How often an operator stands in each of the two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OperatorCount {
    /// ONNX's `op_type`, with its domain where that is not ONNX's own.
    pub op_type: String,
    /// In the first model.
    pub before: u64,
    /// In the second model.
    pub after: u64,
}

type Row = (&'static str, fn(&Totals) -> Option<u128>);

/// Every sum; `true` where it is told of graphs only.
const ROWS: &[(Row, bool)] = &[
    (("params", |it| Some(it.params.0)), false),
    (("roles.weight", |it| Some(it.roles.weight.0)), false),
    (("roles.bias", |it| Some(it.roles.bias.0)), false),
    (
        ("roles.norm_affine", |it| Some(it.roles.norm_affine.0)),
        false,
    ),
    (
        ("roles.elementwise", |it| Some(it.roles.elementwise.0)),
        false,
    ),
    (
        ("roles.norm_statistics", |it| {
            Some(it.roles.norm_statistics.0)
        }),
        false,
    ),
    (
        ("roles.quantization", |it| Some(it.roles.quantization.0)),
        false,
    ),
    (("roles.constant", |it| Some(it.roles.constant.0)), true),
    (("roles.dead", |it| Some(it.roles.dead.0)), true),
    (("weight_bytes", |it| Some(it.weight_bytes)), false),
    (("macs", |it| it.macs.map(|it| it.0)), true),
    (
        ("conv.layers", |it| Some(u128::from(it.conv.layers))),
        false,
    ),
    (("conv.shared", |it| it.conv.shared.map(|it| it.0)), false),
    (("conv.stored", |it| it.conv.stored.map(|it| it.0)), false),
    (
        ("conv.unshared", |it| it.conv.unshared.map(|it| it.0)),
        false,
    ),
    (("conv.dense", |it| it.conv.dense.map(|it| it.0)), false),
    (("conv.macs", |it| it.conv.macs.map(|it| it.0)), false),
    (("pool.layers", |it| Some(u128::from(it.pool.layers))), true),
    (
        ("linear.layers", |it| Some(u128::from(it.linear.layers))),
        true,
    ),
    (("linear.params", |it| Some(it.linear.params.0)), true),
    (("linear.macs", |it| it.linear.macs.map(|it| it.0)), true),
];

/// What a file holds beside its net: exporters differ in constants, and keep dead tensors or not.
const OF_FILES: &[&str] = &["roles.constant", "roles.dead"];

/// Sums over both models; without `graphs` only those that tensors alone tell.
pub(super) fn totals(before: &Inspection, after: &Inspection, graphs: bool) -> Vec<Total> {
    let rows = ROWS.iter().filter(|it| graphs || !it.1);
    rows.map(|((name, read), _)| Total {
        name,
        before: read(&before.totals),
        after: read(&after.totals),
        aside: OF_FILES.contains(name),
    })
    .collect()
}

/// Inputs that differ: paired by name, those left over in order.
pub(super) fn inputs(before: &Inspection, after: &Inspection) -> Vec<InputChange> {
    let mut left: Vec<&Input> = before.inputs.iter().collect();
    let mut right: Vec<&Input> = after.inputs.iter().collect();
    let mut pairs: Vec<(Option<&Input>, Option<&Input>)> = Vec::new();
    let names: BTreeMap<&str, &Input> = right.iter().map(|it| (it.name.as_str(), *it)).collect();
    left.retain(|it| match names.get(it.name.as_str()) {
        Some(other) => {
            pairs.push((Some(*it), Some(*other)));
            false
        }
        None => true,
    });
    let paired: Vec<&str> = pairs
        .iter()
        .filter_map(|it| Some(it.1?.name.as_str()))
        .collect();
    right.retain(|it| !paired.contains(&it.name.as_str()));
    let most = left.len().max(right.len());
    pairs.extend((0..most).map(|at| (left.get(at).copied(), right.get(at).copied())));
    pairs.retain(|(left, right)| differ(*left, *right));
    let told = |it: &Input| InputSide {
        name: it.name.clone(),
        data_type: it
            .data_type
            .map_or(Value::Unknown, |it| Value::Word(it.to_string())),
        shape: it.shape.clone().map_or(Value::Unknown, Value::Shape),
    };
    let change = |(before, after): (Option<&Input>, Option<&Input>)| InputChange {
        before: before.map(told),
        after: after.map(told),
    };
    pairs.into_iter().map(change).collect()
}

fn differ(left: Option<&Input>, right: Option<&Input>) -> bool {
    let Some((left, right)) = left.zip(right) else {
        return true;
    };
    let types = left.data_type.zip(right.data_type);
    let shapes = left.shape.as_ref().zip(right.shape.as_ref());
    types.is_some_and(|(left, right)| left != right)
        || shapes.is_some_and(|(left, right)| {
            shapes_agree([left, right], [None; 2]) == Agreement::Differ
        })
}

/// Operators that only move, convert or describe values, or that hold graphs whose nodes are listed
/// themselves: how many there are is the exporter's taste.
const CARRIERS: &[&str] = &[
    "Cast",
    "CastLike",
    "Concat",
    "Constant",
    "ConstantOfShape",
    "Expand",
    "Flatten",
    "Gather",
    "Identity",
    "If",
    "Loop",
    "Pad",
    "Range",
    "Reshape",
    "Scan",
    "Shape",
    "Size",
    "Slice",
    "Split",
    "Squeeze",
    "Tile",
    "Transpose",
    "Unsqueeze",
    "Dropout",
];

/// Operators beside the layers that compute, where their numbers differ.
pub(super) fn operators(before: &Inspection, after: &Inspection) -> Vec<OperatorCount> {
    let mut counts: BTreeMap<String, [u64; 2]> = BTreeMap::new();
    for (list, side) in [before, after].into_iter().enumerate() {
        for layer in &side.layers {
            let Layer::Other(row) = layer else { continue };
            // What has no batch is computed for a shape, not for a result.
            let no_batch = row.output_shape.as_ref().is_some_and(|it| it.rank() < 2);
            if no_batch || CARRIERS.contains(&row.op_type.as_str()) {
                continue;
            }
            let name = match row.domain.as_str() {
                "" | "ai.onnx" => row.op_type.clone(),
                domain => format!("{domain}.{}", row.op_type),
            };
            if let Some(count) = counts.entry(name).or_default().get_mut(list) {
                *count = count.saturating_add(wide(1));
            }
        }
    }
    let counts = counts
        .into_iter()
        .filter(|(_, [before, after])| before != after);
    counts
        .map(|(op_type, [before, after])| OperatorCount {
            op_type,
            before,
            after,
        })
        .collect()
}
