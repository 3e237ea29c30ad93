//! One network of a graph's nodes and a file's tensors.

use std::collections::{BTreeMap, HashSet};

use super::Bound;
use crate::geometry::tensors::Tensors;
use crate::network::{
    Declared, Initializer, InitializerId, Network, Node, NodeId, Source, ValueId, ValueInfo,
};
use crate::op::{Attr, Attrs};
use crate::tensor::{Dim, StoredTensor};

/// The graph's nodes over the file's tensors. Of the graph's own tensors only what shapes are computed
/// from stays; a value that another one gave is declared with its sizes.
pub(super) fn merge(
    weights: &Network,
    graph: &Network,
    tensors: &Tensors,
    bound: &[Bound<'_>],
) -> Network {
    let mut network = Network {
        facts: weights.facts.clone(),
        metadata: weights.metadata.clone(),
        findings: weights.findings.clone(),
        roles: BTreeMap::new(),
        ..graph.clone()
    };
    network.initializers = moved(weights, network.values.len());
    network.values.extend(weights.values.iter().cloned());
    let taken = same_names(&mut network, graph, tensors);
    keep_constants(&mut network, graph, &taken);
    for it in bound {
        rewire(&mut network, tensors, it);
    }
    names_tell(&mut network, tensors);
    network
}

/// The file's tensors, their values behind the graph's.
fn moved(weights: &Network, offset: usize) -> Vec<Initializer> {
    let shifted = |it: &ValueId| ValueId::next(it.at().saturating_add(offset));
    let tensors = weights.initializers.iter().map(|it| Initializer {
        values: it.values.iter().filter_map(shifted).collect(),
        ..it.clone()
    });
    tensors.collect()
}

/// Gives the graph's values the file's tensors of the same name and sizes.
fn same_names(network: &mut Network, graph: &Network, tensors: &Tensors) -> HashSet<InitializerId> {
    let mut taken = HashSet::new();
    for (id, theirs) in graph.initializers() {
        let ours = tensors.ids.get(&theirs.tensor.name).copied();
        let ours = ours.and_then(|it| network.initializers.get_mut(it.at()));
        let Some(ours) = ours.filter(|it| it.tensor.dims == theirs.tensor.dims) else {
            continue;
        };
        ours.values.extend(&theirs.values);
        taken.insert(id);
    }
    taken
}

/// Keeps what shapes are computed from, and declares the sizes of the rest.
fn keep_constants(network: &mut Network, graph: &Network, taken: &HashSet<InitializerId>) {
    for (id, theirs) in graph.initializers() {
        if taken.contains(&id) {
            continue;
        }
        if is_constant(&theirs.tensor) || theirs.source == Source::Constant {
            network.initializers.push(theirs.clone());
            continue;
        }
        for value in &theirs.values {
            if let Some(info) = network.values.get_mut(value.at()) {
                info.declared = Some(Declared {
                    data_type: theirs.tensor.data_type,
                    dims: Some(theirs.tensor.dims.iter().copied().map(Dim::Known).collect()),
                    container: false,
                });
            }
            let why = format!(
                "the graph's tensor {:?} has no counterpart here",
                theirs.tensor.name
            );
            network.notes.insert(*value, why.into());
        }
    }
}

/// Whether a tensor is one that sizes, axes or bounds are computed from.
fn is_constant(tensor: &StoredTensor) -> bool {
    let float = tensor
        .data_type
        .is_none_or(crate::tensor::DataType::is_float);
    !float || tensor.numel().is_some_and(|it| it <= 1)
}

/// Gives a convolution the file's weight, and the file's bias or none.
fn rewire(network: &mut Network, tensors: &Tensors, bound: &Bound<'_>) {
    let value = |network: &Network, name: &str| {
        let id = tensors.ids.get(name)?;
        network.initializer(*id).values.first().copied()
    };
    let bias = tensors.table.bias(&bound.conv.module);
    let bias = bias.and_then(|it| value(network, &it.name));
    let Some(weight) = value(network, &bound.conv.weight) else {
        return;
    };
    let weight = turned(network, tensors, bound, weight);
    let operator = bound.open.operator;
    let Some(node) = network.nodes.get_mut(bound.open.node.at()) else {
        return;
    };
    node.name.clone_from(&bound.conv.module);
    set(node, Some(operator.weight), Some(weight));
    set(node, operator.bias, bias);
}

fn set(node: &mut Node, place: Option<usize>, value: Option<ValueId>) {
    let Some(place) = place else { return };
    if let Some(slot) = node.inputs.get_mut(place) {
        *slot = value;
    } else if value.is_some() {
        node.inputs.resize(place, None);
        node.inputs.push(value);
    }
}

/// The weight in the order of axes that the graph expects, by a node before all others.
fn turned(network: &mut Network, tensors: &Tensors, bound: &Bound<'_>, weight: ValueId) -> ValueId {
    let rank = bound.conv.shape.len();
    let perm = tensors.layout.perm(rank);
    let id = NodeId::next(network.nodes.len());
    let output = ValueId::next(network.values.len());
    let (false, Some(id), Some(output)) = (perm.iter().copied().eq(0..rank), id, output) else {
        return weight;
    };
    let axes = perm.iter().filter_map(|it| i64::try_from(*it).ok());
    network.values.push(ValueInfo::default());
    network.nodes.push(Node {
        name: format!("{}.turned", bound.conv.weight),
        op_type: "Transpose".into(),
        domain: crate::op::ONNX.into(),
        opset: 13,
        scope: "".into(),
        inputs: vec![Some(weight)],
        outputs: vec![Some(output)],
        attrs: Attrs(vec![("perm".to_owned(), Attr::Ints(axes.collect()))]),
        subgraphs: vec![],
        opaque: None,
    });
    if let Some(main) = network.graphs.first_mut() {
        main.nodes.insert(0, id);
    }
    output
}

/// Tensors that no node uses are what their names say.
fn names_tell(network: &mut Network, tensors: &Tensors) {
    let edges = network.edges();
    let unused = |id: &InitializerId| {
        let values = &network.initializer(*id).values;
        values.iter().all(|it| edges.uses(*it).is_empty())
    };
    let roles = tensors.roles.iter().filter(|it| unused(it.0));
    network.roles = roles.map(|it| (*it.0, *it.1)).collect();
}
