//! A builder of test models, on `onnx-protobuf`: the writer that shares no code with the reader.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod alexnet;
pub(crate) mod network;
pub(crate) mod wire;

use onnx_protobuf::attribute_proto::AttributeType;
use onnx_protobuf::type_proto::{self, Tensor};
use onnx_protobuf::{
    AttributeProto, FunctionProto, GraphProto, Message, ModelProto, NodeProto, OperatorSetIdProto,
    TensorProto, TensorShapeProto, TypeProto, ValueInfoProto, tensor_shape_proto,
};
use protobuf::MessageField;

/// ONNX's number of float32.
pub(crate) const FLOAT: i32 = 1;
/// ONNX's number of int64.
pub(crate) const INT64: i32 = 7;

/// One size of a declared shape.
pub(crate) enum Size {
    /// A number.
    Is(i64),
    /// A name.
    Named(&'static str),
    /// Neither.
    Open,
}

/// A model of one graph at `opset`.
pub(crate) fn model(graph: GraphProto, opset: i64) -> ModelProto {
    ModelProto {
        ir_version: 8,
        producer_name: "cnninspect-tests".into(),
        opset_import: vec![opset_import("", opset)],
        graph: MessageField::some(graph),
        ..Default::default()
    }
}

/// A version of a domain's operators.
pub(crate) fn opset_import(domain: &str, version: i64) -> OperatorSetIdProto {
    OperatorSetIdProto {
        domain: domain.into(),
        version,
        ..Default::default()
    }
}

/// A model's bytes.
pub(crate) fn bytes(model: &ModelProto) -> Vec<u8> {
    model.write_to_bytes().expect("a model is written")
}

/// A node; an empty name in `inputs` or `outputs` leaves that one out.
pub(crate) fn node(name: &str, op_type: &str, inputs: &[&str], outputs: &[&str]) -> NodeProto {
    NodeProto {
        name: name.into(),
        op_type: op_type.into(),
        input: strings(inputs),
        output: strings(outputs),
        ..Default::default()
    }
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|it| (*it).to_owned()).collect()
}

/// Adds attributes to a node.
pub(crate) fn with(mut node: NodeProto, attributes: Vec<AttributeProto>) -> NodeProto {
    node.attribute.extend(attributes);
    node
}

fn attribute(name: &str, kind: AttributeType) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        type_: kind.into(),
        ..Default::default()
    }
}

/// An integer attribute.
pub(crate) fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto {
        i,
        ..attribute(name, AttributeType::INT)
    }
}

/// A float attribute.
pub(crate) fn float(name: &str, f: f32) -> AttributeProto {
    AttributeProto {
        f,
        ..attribute(name, AttributeType::FLOAT)
    }
}

/// A list of integers as an attribute.
pub(crate) fn ints(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto {
        ints: ints.to_vec(),
        ..attribute(name, AttributeType::INTS)
    }
}

/// A string attribute.
pub(crate) fn string(name: &str, s: &str) -> AttributeProto {
    AttributeProto {
        s: s.as_bytes().to_vec(),
        ..attribute(name, AttributeType::STRING)
    }
}

/// A tensor attribute.
pub(crate) fn tensor_attribute(name: &str, t: TensorProto) -> AttributeProto {
    AttributeProto {
        t: MessageField::some(t),
        ..attribute(name, AttributeType::TENSOR)
    }
}

/// A graph attribute.
pub(crate) fn graph_attribute(name: &str, g: GraphProto) -> AttributeProto {
    AttributeProto {
        g: MessageField::some(g),
        ..attribute(name, AttributeType::GRAPH)
    }
}

/// An attribute that stands for one of the function's own, of the same type.
pub(crate) fn reference(mut of: AttributeProto, to: &str) -> AttributeProto {
    of.ref_attr_name = to.into();
    of
}

/// A graph of these nodes; inputs and outputs without types.
pub(crate) fn graph(nodes: Vec<NodeProto>, inputs: &[&str], outputs: &[&str]) -> GraphProto {
    let untyped = |name: &&str| ValueInfoProto {
        name: (*name).into(),
        ..Default::default()
    };
    GraphProto {
        name: "graph".into(),
        node: nodes,
        input: inputs.iter().map(untyped).collect(),
        output: outputs.iter().map(untyped).collect(),
        ..Default::default()
    }
}

/// A model-local function at opset 17.
pub(crate) fn function(
    id: (&str, &str),
    inputs: &[&str],
    outputs: &[&str],
    nodes: Vec<NodeProto>,
) -> FunctionProto {
    FunctionProto {
        domain: id.0.into(),
        name: id.1.into(),
        input: strings(inputs),
        output: strings(outputs),
        node: nodes,
        opset_import: vec![opset_import("", 17), opset_import(id.0, 1)],
        ..Default::default()
    }
}

/// A call of a function, or a node of another domain.
pub(crate) fn call(id: (&str, &str), name: &str, ins: &[&str], outs: &[&str]) -> NodeProto {
    NodeProto {
        domain: id.0.into(),
        ..node(name, id.1, ins, outs)
    }
}

/// A declared tensor.
pub(crate) fn value(name: &str, elem_type: i32, sizes: &[Size]) -> ValueInfoProto {
    use tensor_shape_proto::dimension::Value;
    let dim = |size: &Size| tensor_shape_proto::Dimension {
        value: match size {
            Size::Is(size) => Some(Value::DimValue(*size)),
            Size::Named(name) => Some(Value::DimParam((*name).into())),
            Size::Open => None,
        },
        ..Default::default()
    };
    let tensor = Tensor {
        elem_type,
        shape: MessageField::some(TensorShapeProto {
            dim: sizes.iter().map(dim).collect(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let of_tensor = TypeProto {
        value: Some(type_proto::Value::TensorType(tensor)),
        ..Default::default()
    };
    ValueInfoProto {
        name: name.into(),
        type_: MessageField::some(of_tensor),
        ..Default::default()
    }
}

/// A declared float32 tensor of known sizes.
pub(crate) fn float_value(name: &str, sizes: &[i64]) -> ValueInfoProto {
    let sizes: Vec<_> = sizes.iter().copied().map(Size::Is).collect();
    value(name, FLOAT, &sizes)
}

/// A tensor without elements.
pub(crate) fn tensor(name: &str, data_type: i32, dims: &[i64]) -> TensorProto {
    TensorProto {
        name: name.into(),
        data_type,
        dims: dims.to_vec(),
        ..Default::default()
    }
}

/// A float32 tensor in `raw_data`.
pub(crate) fn floats(name: &str, dims: &[i64], values: &[f32]) -> TensorProto {
    TensorProto {
        raw_data: values.iter().flat_map(|it| it.to_le_bytes()).collect(),
        ..tensor(name, FLOAT, dims)
    }
}

/// A list of int64 in `int64_data`.
pub(crate) fn int64s(name: &str, values: &[i64]) -> TensorProto {
    let count = i64::try_from(values.len()).expect("a short list");
    TensorProto {
        int64_data: values.to_vec(),
        ..tensor(name, INT64, &[count])
    }
}
