//! Normalisation: the shape stays, further outputs carry statistics.

use super::call::{Answer, Call, Operator, axis_at, operators};
use super::pointwise::same;
use super::{ShapeError, Value};
use crate::tensor::{Dim, Shape};

/// Shape rules of this family.
pub(super) const OPERATORS: &[Operator] = operators![
    ONNX { "LRN", "InstanceNormalization", "GroupNormalization", "RMSNormalization" } => same,
    ONNX { "SimplifiedLayerNormalization", "SpatialNormalization" } => layer_norm,
    ONNX { "BatchNormalization" } => batch_norm,
    ONNX { "LayerNormalization" } => layer_norm,
    MICROSOFT { "LayerNormalization", "SimplifiedLayerNormalization" } => layer_norm,
    MICROSOFT { "SkipLayerNormalization", "SkipSimplifiedLayerNormalization" } => skip_layer_norm,
    MICROSOFT { "GroupNorm" } => same,
    MICROSOFT { "SkipGroupNorm" } => skip_group_norm,
];

/// Mean and variance, running or saved, follow the first output: one value a channel.
fn batch_norm(call: &Call<'_>) -> Answer {
    let mut answer = same(call)?;
    let channels = call.shape(0, "X")?.dim(1);
    let statistic = || Value::tensor(call.data_type(0), Shape(vec![channels.clone()]));
    answer.extend((1..call.outputs).map(|_| statistic()));
    Ok(answer)
}

/// Mean and inverse standard deviation have size 1 along the normalised axes.
fn layer_norm(call: &Call<'_>) -> Answer {
    let input = call.shape(0, "X")?;
    let axis = axis_at(call.attrs.int_or("axis", -1)?, input.rank())?;
    let mut reduced = input.clone();
    for dim in reduced.0.iter_mut().skip(axis) {
        *dim = Dim::Known(1);
    }
    let statistic = Value::tensor(call.data_type(0), reduced);
    Ok(vec![
        Value::tensor(call.data_type(0), input.clone()),
        statistic.clone(),
        statistic,
    ])
}

/// The fourth output is the sum of input, skip and bias.
fn skip_layer_norm(call: &Call<'_>) -> Answer {
    let input = call.shape(0, "input")?;
    let mut reduced = input.clone();
    *reduced.0.last_mut().ok_or_else(no_axes)? = Dim::Known(1);
    let statistic = Value::tensor(call.data_type(0), reduced);
    let full = Value::tensor(call.data_type(0), input.clone());
    Ok(vec![full.clone(), statistic.clone(), statistic, full])
}

fn skip_group_norm(call: &Call<'_>) -> Answer {
    let full = Value::tensor(call.data_type(0), call.shape(0, "X")?.clone());
    Ok(vec![full.clone(), full])
}

fn no_axes() -> ShapeError {
    ShapeError::Rank {
        what: "input",
        expected: "1 or more".to_owned(),
        found: 0,
    }
}
