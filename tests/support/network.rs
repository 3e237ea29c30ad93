//! Test models as networks, and questions about them.

use cnninspect::network::{Network, Node, Producer};
use cnninspect::read;
use onnx_protobuf::{FunctionProto, GraphProto, ModelProto};

use super::{bytes, model, opset_import};

/// The network of a model.
pub(crate) fn network(model: &ModelProto) -> Network {
    read::read_bytes(bytes(model)).unwrap().network
}

/// The network of a graph at opset 17.
pub(crate) fn of(graph: GraphProto) -> Network {
    network(&model(graph, 17))
}

/// The network of a graph that calls functions of the domain `my`.
pub(crate) fn with_functions(graph: GraphProto, functions: Vec<FunctionProto>) -> Network {
    let mut model = model(graph, 17);
    model.opset_import.push(opset_import("my", 1));
    model.functions = functions;
    network(&model)
}

/// Names of the main graph's nodes in the order in which they can run.
pub(crate) fn order(network: &Network) -> Vec<&str> {
    let nodes = network.main().unwrap().nodes.iter();
    nodes.map(|it| network.node(*it).name.as_str()).collect()
}

/// The node of this name.
pub(crate) fn find<'n>(network: &'n Network, name: &str) -> &'n Node {
    let found = network.nodes().find(|(_, it)| it.name == name);
    found.unwrap_or_else(|| panic!("no node {name:?}")).1
}

/// The name of what makes a node's input: a node's name, or what else it is.
pub(crate) fn maker(network: &Network, node: &str, input: usize) -> String {
    let Some(value) = find(network, node).inputs[input] else {
        return "left out".into();
    };
    match network.edges().producer(value) {
        Producer::Initializer(id) => network.initializer(id).tensor.name.clone(),
        Producer::Node(id, _) => network.node(id).name.clone(),
        Producer::Input(..) => format!("input {}", network.value(value).name),
        Producer::Missing => "missing".into(),
    }
}
