//! What each tensor is for, told by its name, its sizes and its neighbours.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::super::{TableTensor, TensorTable};
use super::conv::ConvTensor;
use super::names::{self, split};
use crate::network::{InitializerId, Role};
use crate::tensor::DataType;

/// Modules of matrix products: a float weight of two axes that is no table of embeddings.
pub(super) fn linears(table: &TensorTable, unknown: bool) -> Vec<String> {
    if unknown {
        return vec![];
    }
    let is = |it: &&TableTensor| {
        let module = split(&it.name).0;
        it.shape.len() == 2
            && names::is_weight(&it.name)
            && !module.is_empty()
            && it.data_type.is_some_and(DataType::is_float)
            && !names::is_embedding(module)
    };
    let rows = table.iter().filter(is);
    rows.map(|it| split(&it.name).0.to_owned()).collect()
}

/// The role of every tensor.
pub(super) fn roles(
    table: &TensorTable,
    ids: &HashMap<String, InitializerId>,
    convs: &[ConvTensor],
    packed: bool,
) -> BTreeMap<InitializerId, Role> {
    let weights: HashSet<&str> = convs.iter().map(|it| it.weight.as_str()).collect();
    let rows = table.iter().filter_map(|row| {
        let id = ids.get(&row.name)?;
        let role = if weights.contains(row.name.as_str()) {
            Role::Weight
        } else if packed && names::is_packed(&row.name) {
            Role::Quantization
        } else {
            role(table, row)
        };
        Some((*id, role))
    });
    rows.collect()
}

fn role(table: &TensorTable, row: &TableTensor) -> Role {
    let (module, leaf) = split(&row.name);
    let float = row.data_type.is_some_and(DataType::is_float);
    if names::is_statistics(&row.name) {
        return Role::NormStatistics;
    }
    if !float || names::is_buffer(&row.name) {
        return Role::Constant;
    }
    let one_axis = row.shape.len() <= 1;
    match leaf {
        "weight" | "kernel" | "scale" | "gamma" if one_axis => scale(table, module, row),
        "bias" | "beta" if is_norm(table, module) => Role::NormAffine,
        "bias" => Role::Bias,
        "beta" => Role::Elementwise,
        "weight" | "kernel" => Role::Weight,
        _ if leaf.starts_with("bias_") || leaf.ends_with("_bias") => Role::Bias,
        _ if leaf.starts_with("weight_") || leaf.ends_with("_weight") => Role::Weight,
        _ => Role::Elementwise,
    }
}

/// A weight of one axis: of a normalisation, or a slope.
fn scale(table: &TensorTable, module: &str, row: &TableTensor) -> Role {
    let leaf = split(&row.name).1;
    match leaf {
        _ if is_norm(table, module) => Role::NormAffine,
        "gamma" | "scale" => Role::Elementwise,
        _ => Role::Weight,
    }
}

/// Whether a module is a normalisation: by its statistics, its name, or a scale and a shift of one size.
fn is_norm(table: &TensorTable, module: &str) -> bool {
    let one = |leaf: &str| {
        let row = table.get(&format!("{module}.{leaf}"))?;
        match row.shape.as_slice() {
            [size] => Some(*size),
            _ => None,
        }
    };
    let pair = |scale: &str, shift: &str| {
        let scale = one(scale);
        scale.is_some() && scale == one(shift)
    };
    one("running_mean").is_some()
        || (names::is_norm(module) && (one("weight").is_some() || one("scale").is_some()))
        || pair("weight", "bias")
        || pair("gamma", "beta")
        || pair("scale", "bias")
}
