//! For tests: a one-graph model from its protobuf bytes, decoded by onnx-protobuf.

use std::path::PathBuf;

use onnx_protobuf::{AttributeProto, ModelProto, TensorProto};
use protobuf::Message;

use super::array::Array;
use super::real::Real;
use crate::infer::Shapes;
use crate::network::{Graph, Initializer, Network, Node, NodeId, Source, ValueId, ValueInfo};
use crate::op::{Attr, Attrs, Value};
use crate::tensor::{DataType, Payload, Shape, StoredTensor, decode};

/// A model of one graph; every value is named.
#[derive(Default)]
pub(super) struct TestModel {
    pub(super) network: Network,
    pub(super) shapes: Shapes,
}

impl TestModel {
    /// A value of this name, made where there is none yet.
    pub(super) fn value(&mut self, name: &str) -> ValueId {
        let values = &mut self.network.values;
        let at = values.iter().position(|it| &*it.name == name);
        let id = ValueId::next(at.unwrap_or(values.len())).unwrap();
        if at.is_none() {
            values.push(ValueInfo {
                name: name.into(),
                declared: None,
            });
            self.shapes.values.push(Value::default());
        }
        id
    }

    /// States the type and sizes of a value.
    pub(super) fn shape(&mut self, name: &str, data_type: DataType, sizes: &[u64]) -> ValueId {
        let id = self.value(name);
        self.shapes.values[id.at()] = Value::tensor(Some(data_type), Shape::known(sizes));
        id
    }

    /// Adds a graph's input.
    pub(super) fn input(&mut self, name: &str, data_type: DataType, sizes: &[u64]) -> ValueId {
        let id = self.shape(name, data_type, sizes);
        self.graph().inputs.push(id);
        id
    }

    fn graph(&mut self) -> &mut Graph {
        if self.network.graphs.is_empty() {
            self.network.graphs.push(Graph::default());
        }
        &mut self.network.graphs[0]
    }

    /// Adds a stored tensor.
    pub(super) fn store(&mut self, name: &str, data_type: DataType, sizes: &[u64], bytes: Vec<u8>) {
        let id = self.shape(name, data_type, sizes);
        self.network.initializers.push(Initializer {
            values: vec![id],
            tensor: StoredTensor {
                name: name.to_owned(),
                data_type: Some(data_type),
                dims: sizes.to_vec(),
                payload: Payload::Inline(bytes),
            },
            source: Source::Initializer,
        });
    }

    /// Adds a stored tensor of floats.
    pub(super) fn store_floats(&mut self, name: &str, sizes: &[u64], values: &[f32]) {
        let bytes = values.iter().flat_map(|it| it.to_le_bytes()).collect();
        self.store(name, DataType::Float, sizes, bytes);
    }

    /// Adds a node of the default domain; an empty input name is one left out.
    pub(super) fn node(
        &mut self,
        op_type: &str,
        inputs: &[&str],
        outputs: &[&str],
        attrs: Vec<(String, Attr)>,
    ) -> NodeId {
        let mut side = |names: &[&str]| -> Vec<Option<ValueId>> {
            let value = |name: &&str| (!name.is_empty()).then(|| self.value(name));
            names.iter().map(value).collect()
        };
        let (inputs, outputs) = (side(inputs), side(outputs));
        let id = NodeId::next(self.network.nodes.len()).unwrap();
        self.network.nodes.push(Node {
            name: format!("node{}", id.0),
            op_type: op_type.into(),
            domain: crate::op::ONNX.into(),
            opset: 21,
            scope: "".into(),
            inputs,
            outputs,
            attrs: Attrs(attrs),
            subgraphs: vec![],
            opaque: None,
        });
        self.graph().nodes.push(id);
        id
    }

    /// Reads the model of one of ONNX's node tests.
    pub(super) fn read(case: &str) -> Self {
        let model = ModelProto::parse_from_bytes(&file(case, "model.onnx")).unwrap();
        let mut out = Self::default();
        for tensor in &model.graph.initializer {
            let dims = tensor.dims.iter().map(|it| u64::try_from(*it).unwrap());
            let floats = tensor.float_data.iter().flat_map(|it| it.to_le_bytes());
            let bytes = tensor.raw_data.iter().copied().chain(floats).collect();
            assert_eq!(tensor.data_type, 1, "{case}");
            out.store(
                &tensor.name,
                DataType::Float,
                &dims.collect::<Vec<_>>(),
                bytes,
            );
        }
        let stored = |name: &String| model.graph.initializer.iter().any(|it| it.name == *name);
        for input in model.graph.input.iter().filter(|it| !stored(&it.name)) {
            let tensor = input.type_.tensor_type();
            let dims = tensor
                .shape
                .dim
                .iter()
                .map(|it| u64::try_from(it.dim_value()).unwrap());
            let data_type = DataType::from_onnx(tensor.elem_type).unwrap();
            out.input(&input.name, data_type, &dims.collect::<Vec<_>>());
        }
        for node in &model.graph.node {
            let names = |list: &[String]| list.to_vec();
            let (inputs, outputs) = (names(&node.input), names(&node.output));
            let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
            let outputs: Vec<&str> = outputs.iter().map(String::as_str).collect();
            let attrs = node.attribute.iter().map(attr).collect();
            out.node(&node.op_type, &inputs, &outputs, attrs);
        }
        out
    }
}

fn attr(attr: &AttributeProto) -> (String, Attr) {
    use onnx_protobuf::attribute_proto::AttributeType as Type;
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let value = match attr.type_.enum_value().unwrap() {
        Type::INT => Attr::Int(attr.i),
        Type::FLOAT => Attr::Float(attr.f),
        Type::STRING => Attr::String(text(&attr.s)),
        Type::INTS => Attr::Ints(attr.ints.clone()),
        Type::FLOATS => Attr::Floats(attr.floats.clone()),
        _ => Attr::Other,
    };
    (attr.name.clone(), value)
}

/// A file of one of ONNX's node tests.
pub(super) fn file(case: &str, name: &str) -> Vec<u8> {
    let path = folder().join(case).join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Where ONNX's node tests lie.
pub(super) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/onnx-node-tests")
}

/// A tensor of one of ONNX's node tests, and its type.
pub(super) fn tensor<T: Real>(bytes: &[u8]) -> (DataType, Array<T>) {
    let tensor = TensorProto::parse_from_bytes(bytes).unwrap();
    let data_type = DataType::from_onnx(tensor.data_type).unwrap();
    let sizes = tensor.dims.iter().map(|it| usize::try_from(*it).unwrap());
    let values: Vec<T> = if tensor.raw_data.is_empty() {
        let floats = tensor.float_data.iter().map(|it| f64::from(*it));
        let ints = tensor.int32_data.iter().map(|it| f64::from(*it));
        floats.chain(ints).map(T::from_f64).collect()
    } else {
        let element = |at| decode(data_type, &tensor.raw_data, at);
        let elements = (0..).map_while(element);
        elements.map(|it| T::from_f64(it.to_f64())).collect()
    };
    (data_type, Array::new(sizes.collect(), values).unwrap())
}

/// The bytes of a stored tensor that is kept inline.
pub(super) fn load(tensor: &StoredTensor) -> Result<Vec<u8>, String> {
    match &tensor.payload {
        Payload::Inline(bytes) => Ok(bytes.clone()),
        _ => Err("not there".to_owned()),
    }
}
