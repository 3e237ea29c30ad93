//! Tests of the whole account, on small networks made by hand.

mod batch;
mod conv;
mod findings;
mod hostile;
mod receptive;
mod roles;
mod rows;

use std::collections::BTreeMap;

use super::*;
use crate::finding::Gap;
use crate::infer::Input;
use crate::network::{Graph, GraphId, Initializer, Node, NodeId, Source, ValueId, ValueInfo};
use crate::op::{Attr, Attrs, Element, ONNX, Value};
use crate::tensor::{DataType, Dim, Expr, Payload, Shape, StoredTensor};

/// What is missing beside the sizes and types of activations, which these networks leave out.
fn other_gaps(account: &Account) -> Vec<&Gap> {
    let activations =
        |it: &&Gap| it.what.starts_with("peak_activations") || it.what == "receptive_field";
    account.gaps.iter().filter(|it| !activations(it)).collect()
}

/// A network made name by name; a name that is not there yet is a new value of unknown shape.
struct Model {
    network: Network,
    shapes: Shapes,
    names: BTreeMap<String, ValueId>,
    graph: usize,
}

impl Model {
    fn new() -> Self {
        let mut network = Network::default();
        network.graphs.push(Graph::default());
        Self {
            network,
            shapes: Shapes::default(),
            names: BTreeMap::new(),
            graph: 0,
        }
    }

    fn value(&mut self, name: &str) -> ValueId {
        if let Some(id) = self.names.get(name) {
            return *id;
        }
        let id = ValueId::next(self.network.values.len()).unwrap();
        let info = ValueInfo {
            name: name.into(),
            declared: None,
        };
        self.network.values.push(info);
        self.shapes.values.push(Value::default());
        self.names.insert(name.to_owned(), id);
        id
    }

    fn shaped(&mut self, name: &str, shape: Shape) -> ValueId {
        let id = self.value(name);
        self.shapes.values[id.at()].shape = Some(shape);
        id
    }

    fn input(self, name: &str, sizes: &[u64]) -> Self {
        self.input_of(name, Shape::known(sizes))
    }

    fn input_of(mut self, name: &str, shape: Shape) -> Self {
        let id = self.shaped(name, shape.clone());
        self.network.graphs[self.graph].inputs.push(id);
        if self.graph == 0 {
            self.shapes.inputs.push(Input {
                name: name.to_owned(),
                data_type: None,
                declared: None,
                shape: Some(shape),
            });
        }
        self
    }

    fn output(mut self, name: &str) -> Self {
        let id = self.value(name);
        self.network.graphs[self.graph].outputs.push(id);
        self
    }

    fn stored(self, name: &str, sizes: &[u64]) -> Self {
        self.tensor(name, sizes, DataType::Float, Source::Initializer)
    }

    fn tensor(mut self, name: &str, sizes: &[u64], data_type: DataType, source: Source) -> Self {
        let id = self.shaped(name, Shape::known(sizes));
        self.shapes.values[id.at()].data_type = Some(data_type);
        self.network.initializers.push(Initializer {
            values: vec![id],
            tensor: StoredTensor {
                name: name.to_owned(),
                data_type: Some(data_type),
                dims: sizes.to_vec(),
                payload: Payload::Absent,
            },
            source,
        });
        self
    }

    /// A stored list of whole numbers.
    fn ints(self, name: &str, values: &[i64]) -> Self {
        let sizes = [crate::units::wide(values.len())];
        let mut model = self.tensor(name, &sizes, DataType::Int64, Source::Initializer);
        let id = model.value(name);
        let elements = values.iter().copied().map(Element::Int).collect();
        model.shapes.values[id.at()].elements = Some(elements);
        model
    }

    /// A node with one output of this shape, named after it; `_` leaves an input out.
    fn node(self, op_type: &str, inputs: &str, output: &str, sizes: &[u64]) -> Self {
        let mut model = self.open_node(op_type, inputs, output);
        model.shaped(output, Shape::known(sizes));
        model
    }

    /// A node whose output's shape is not known.
    fn open_node(mut self, op_type: &str, inputs: &str, output: &str) -> Self {
        let inputs = inputs.split_whitespace();
        let inputs = inputs
            .map(|it| (it != "_").then(|| self.value(it)))
            .collect();
        let outputs = vec![Some(self.value(output))];
        let id = NodeId::next(self.network.nodes.len()).unwrap();
        self.network.nodes.push(Node {
            name: output.to_owned(),
            op_type: op_type.into(),
            domain: ONNX.into(),
            opset: 17,
            scope: "".into(),
            inputs,
            outputs,
            attrs: Attrs::default(),
            subgraphs: vec![],
            opaque: None,
        });
        self.network.graphs[self.graph].nodes.push(id);
        self
    }

    /// An attribute of the last node.
    fn attr(mut self, name: &str, attr: Attr) -> Self {
        let node = self.network.nodes.last_mut().unwrap();
        node.attrs.0.push((name.to_owned(), attr));
        self
    }

    fn list(self, name: &str, values: &[i64]) -> Self {
        self.attr(name, Attr::Ints(values.to_vec()))
    }

    fn domain(mut self, domain: &str) -> Self {
        self.network.nodes.last_mut().unwrap().domain = domain.into();
        self
    }

    /// Goes into a body of the last node; [`Model::leave`] comes back.
    fn body(mut self, name: &str) -> Self {
        let id = GraphId::next(self.network.graphs.len()).unwrap();
        self.network.graphs.push(Graph::default());
        let node = self.network.nodes.last_mut().unwrap();
        node.subgraphs.push((name.to_owned(), id));
        self.graph = id.at();
        self
    }

    fn leave(mut self) -> Self {
        self.graph = 0;
        self
    }

    fn account(&self) -> Account {
        account(&self.network, &self.network.edges(), &self.shapes)
    }

    fn trace(&self, name: &str) -> trace::Trace {
        let edges = self.network.edges();
        trace::trace(&self.network, &edges, &self.shapes, self.names[name])
    }
}

fn convs(account: &Account) -> Vec<&ConvLayer> {
    let rows = account.layers.iter().filter_map(|it| match it {
        Layer::Conv(row) => Some(row.as_ref()),
        _ => None,
    });
    rows.collect()
}

fn pools(account: &Account) -> Vec<&PoolLayer> {
    let rows = account.layers.iter().filter_map(|it| match it {
        Layer::Pool(row) => Some(row.as_ref()),
        _ => None,
    });
    rows.collect()
}

fn symbolic(names: &[&str]) -> Shape {
    let dim = |it: &&str| match it.parse() {
        Ok(size) => Dim::Known(size),
        Err(_) if *it == "?" => Dim::Unknown,
        Err(_) => Dim::Symbolic(Expr::name(it)),
    };
    names.iter().map(dim).collect()
}
