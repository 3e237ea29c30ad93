//! Another file's graph over this file's tensors.
//!
//! A convolution of the graph takes a weight of the file by the name of its initializer, else by the path
//! of its node, else by its sizes where no other has them; and only where the sizes agree. The bias is the
//! file's: exporters fold a batch norm into one that the module does not have.

mod merge;
mod names;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::tensors::{ConvTensor, Tensors};
use crate::finding::Finding;
use crate::network::{
    Claim, Edges, GeometryFacts, GeometrySource, Network, NodeId, Producer, ValueId,
};
use crate::op::conv::{self, ConvOperator};
use crate::read;

/// How a convolution found its weight, the surest way first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum By {
    Initializer,
    Path,
    Shape,
}

impl By {
    const ALL: [Self; 3] = [Self::Initializer, Self::Path, Self::Shape];

    fn name(self) -> &'static str {
        match self {
            Self::Initializer => "initializer name",
            Self::Path => "node path",
            Self::Shape => "unique shape",
        }
    }
}

/// A convolution of the graph.
struct Open {
    node: NodeId,
    operator: &'static ConvOperator,
    /// Name of the tensor behind its weight, empty where it is computed.
    weight: String,
    /// Sizes of that tensor.
    dims: Vec<u64>,
    /// The module that its node's name is a path of.
    path: String,
}

/// A convolution of the graph, the file's that it takes its tensors from, and why that one.
struct Bound<'a> {
    open: Open,
    conv: &'a ConvTensor,
    by: By,
}

/// Reads the graph of the file at `path` and puts it over the tensors of `weights`, read from `model`.
///
/// # Errors
/// A sentence, when there is no such graph, or not one convolution finds its weight.
pub(super) fn over(
    weights: &Network,
    tensors: &Tensors,
    path: &Path,
    model: Option<&Path>,
) -> Result<Network, String> {
    let file = path.to_string_lossy();
    let graph = read::open(path, &read::Options::default());
    let graph = graph.map_err(|it| format!("{file}: {it}"))?.network;
    if super::is_open(&graph) {
        return Err(format!("{file} holds tensors and no graph"));
    }
    let model = model.and_then(Path::file_name);
    let model = model.map(|it| it.to_string_lossy());
    let model = model.as_deref().unwrap_or("the model");
    bind(weights, &graph, tensors, &file, model)
}

/// Puts the graph of `graph` over the tensors of `weights`. `file` and `model` are what messages call them.
///
/// # Errors
/// A sentence, when not one convolution finds its weight.
fn bind(
    weights: &Network,
    graph: &Network,
    tensors: &Tensors,
    file: &str,
    model: &str,
) -> Result<Network, String> {
    let edges = graph.edges();
    let open = convs(graph, &edges);
    let total = open.len();
    if total == 0 {
        return Err(format!("{file} has no convolution"));
    }
    let first = open.first().map(described).unwrap_or_default();
    let (bound, left) = find(open, tensors);
    // Sizes alone bind a few of any two networks.
    let named = bound.iter().any(|it| it.by != By::Shape);
    if !named && bound.len().saturating_mul(2) <= total {
        let count = bound.len();
        return Err(format!(
            "{file} and {model} are different networks: {count} of {total} convs bound (first: {first})"
        ));
    }
    let said = said(&bound, total);
    let used = bound.iter().map(|it| it.conv.weight.clone()).collect();
    let mut network = merge::merge(weights, graph, tensors, &bound);
    super::build::rest(&mut network, tensors, used, super::unknown::NOT_NAMED);
    network.findings.extend(tensors.findings.iter().cloned());
    network.findings.extend(unbound(&left, file, model));
    network.facts.geometry = GeometryFacts {
        source: GeometrySource::Graph,
        claim: Claim::Exact,
        detail: Some(format!("{file}: {said}")),
        ..GeometryFacts::default()
    };
    Ok(network)
}

/// Every convolution of a graph, bodies included.
fn convs(graph: &Network, edges: &Edges) -> Vec<Open> {
    let nodes = graph.nodes().filter_map(|(id, node)| {
        let operator = conv::find(&node.domain, &node.op_type)?;
        let value = node.inputs.get(operator.weight).copied().flatten();
        let tensor = value.and_then(|it| root(graph, edges, it));
        let (weight, dims) = tensor.unwrap_or_default();
        Some(Open {
            node: id,
            operator,
            weight,
            dims,
            path: names::module_of_path(&node.name),
        })
    });
    nodes.collect()
}

/// The stored tensor behind a value, through the operators that exporters put between.
fn root(graph: &Network, edges: &Edges, value: ValueId) -> Option<(String, Vec<u64>)> {
    const BETWEEN: [&str; 6] = [
        "Identity",
        "Cast",
        "Reshape",
        "Transpose",
        "DequantizeLinear",
        "QuantizeLinear",
    ];
    let mut at = value;
    for _ in 0..16 {
        match edges.producer(at) {
            Producer::Initializer(id) => {
                let tensor = &graph.initializer(id).tensor;
                let value = graph.value(at).name.to_string();
                let name = if tensor.name.is_empty() {
                    value
                } else {
                    tensor.name.clone()
                };
                return Some((name, tensor.dims.clone()));
            }
            Producer::Node(id, _) if BETWEEN.contains(&&*graph.node(id).op_type) => {
                at = graph.node(id).inputs.first().copied().flatten()?;
            }
            _ => return None,
        }
    }
    None
}

/// `onnx::Conv_196 [64,3,7,7]`.
fn described(open: &Open) -> String {
    let sizes: Vec<String> = open.dims.iter().map(u64::to_string).collect();
    format!("{} [{}]", open.weight, sizes.join(","))
}

/// Finds each convolution's weight; what is left has none.
fn find<'a>(open: Vec<Open>, tensors: &'a Tensors) -> (Vec<Bound<'a>>, Vec<Open>) {
    let bare = |it: &'a ConvTensor| (names::bare(&it.module), it);
    let by_name: HashMap<&str, &ConvTensor> = tensors.convs.iter().map(bare).collect();
    let named = |name: &str| by_name.get(names::bare(names::module(name))).copied();
    let mut bound = vec![];
    let mut left = vec![];
    for open in open {
        let ways = [(By::Initializer, &open.weight), (By::Path, &open.path)];
        let found = ways.into_iter().find_map(|(by, name)| {
            let conv = named(name).filter(|it| it.shape == open.dims)?;
            Some((by, conv))
        });
        match found {
            Some((by, conv)) => bound.push(Bound { open, conv, by }),
            None => left.push(open),
        }
    }
    let taken: Vec<&str> = bound.iter().map(|it| it.conv.weight.as_str()).collect();
    let free = tensors.convs.iter();
    let free = free.filter(|it| !taken.contains(&it.weight.as_str()));
    let mut by_shape: BTreeMap<&[u64], Vec<&ConvTensor>> = BTreeMap::new();
    for conv in free {
        by_shape.entry(&conv.shape).or_default().push(conv);
    }
    let shapes: Vec<Vec<u64>> = left.iter().map(|it| it.dims.clone()).collect();
    let alone = |dims: &[u64]| shapes.iter().filter(|it| *it == dims).count() == 1;
    let mut rest = vec![];
    for open in left {
        match by_shape.get(open.dims.as_slice()).map(Vec::as_slice) {
            Some([conv]) if alone(&open.dims) => bound.push(Bound {
                open,
                conv,
                by: By::Shape,
            }),
            _ => rest.push(open),
        }
    }
    (bound, rest)
}

/// `bound 20 of 20 convs: 20 by node path`.
fn said(bound: &[Bound<'_>], total: usize) -> String {
    let ways = By::ALL.into_iter().filter_map(|by| {
        let count = bound.iter().filter(|it| it.by == by).count();
        (count > 0).then(|| format!("{count} by {}", by.name()))
    });
    let ways: Vec<String> = ways.collect();
    format!(
        "bound {} of {total} convs: {}",
        bound.len(),
        ways.join(", ")
    )
}

/// What of the graph found no weight. What of the file has no place in the graph is told by its rows.
fn unbound(left: &[Open], file: &str, model: &str) -> Option<Finding> {
    if left.is_empty() {
        return None;
    }
    let names = left.iter().take(3).map(described);
    let names: Vec<String> = names.collect();
    let more = if left.len() > names.len() {
        ", …"
    } else {
        ""
    };
    Some(Finding::general(
        "unbound",
        format!(
            "{} convolutions of {file} have no weight in {model}: {}{more}",
            left.len(),
            names.join(", ")
        ),
    ))
}
