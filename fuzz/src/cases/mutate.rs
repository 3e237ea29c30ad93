//! Changes a model as a whole: what comes out still parses, so it gets past the reader.

mod dice;
mod words;

use onnx_protobuf::attribute_proto::AttributeType;
use onnx_protobuf::tensor_shape_proto::dimension::Value as Size;
use onnx_protobuf::type_proto::Value as TypeValue;
use onnx_protobuf::{
    AttributeProto, FunctionProto, GraphProto, Message, ModelProto, NodeProto, TensorProto,
};
use protobuf::MessageField;

use dice::Dice;
use words::{ATTRIBUTES, OPERATORS};

/// One to four changes to a model, chosen by `seed`; `None` where the bytes are no model.
#[must_use]
pub fn mutated(bytes: &[u8], seed: u32) -> Option<Vec<u8>> {
    let mut model = ModelProto::parse_from_bytes(bytes).ok()?;
    let mut dice = Dice::new(seed);
    for _ in 0..=dice.below(4) {
        change(&mut model, &mut dice);
    }
    model.write_to_bytes().ok()
}

/// `left` with nodes, tensors and functions of `right`.
#[must_use]
pub fn crossed(left: &[u8], right: &[u8], seed: u32) -> Option<Vec<u8>> {
    let mut model = ModelProto::parse_from_bytes(left).ok()?;
    let mut other = ModelProto::parse_from_bytes(right).ok()?;
    let mut dice = Dice::new(seed);
    let from = other.graph.mut_or_insert_default();
    let into = model.graph.mut_or_insert_default();
    let start = dice.below(from.node.len() + 1);
    let nodes: Vec<NodeProto> = from.node.iter().skip(start).take(8).cloned().collect();
    let at = dice.below(into.node.len() + 1);
    into.node.splice(at..at, nodes);
    let wanted: Vec<TensorProto> = from.initializer.drain(..).take(8).collect();
    into.initializer.extend(wanted);
    into.input.extend(from.input.drain(..).take(2));
    model.functions.extend(other.functions.drain(..).take(2));
    if dice.below(2) == 0 {
        wire(model.graph.mut_or_insert_default(), &mut dice);
    }
    model.write_to_bytes().ok()
}

fn change(model: &mut ModelProto, dice: &mut Dice) {
    match dice.below(12) {
        0 => {
            if let Some(opset) = dice.some(&mut model.opset_import) {
                opset.version = [1, 7, 9, 11, 13, 18, 22, 26, 0, -1, i64::MAX][dice.below(11)];
            }
        }
        1 => make_function(model, dice),
        2 => {
            let function = dice.below(model.functions.len());
            if let Some(function) = model.functions.get_mut(function) {
                function_changed(function, dice);
            }
        }
        _ => graph(model.graph.mut_or_insert_default(), dice, 4),
    }
}

/// Turns a run of nodes into a function, or lets a node call one.
fn make_function(model: &mut ModelProto, dice: &mut Dice) {
    let graph = model.graph.mut_or_insert_default();
    let name = format!("f{}", dice.below(4));
    if let Some(node) = dice.some(&mut graph.node) {
        let body = node.clone();
        let function = FunctionProto {
            domain: "my".to_owned(),
            name: name.clone(),
            input: node.input.clone(),
            output: node.output.clone(),
            node: vec![body],
            opset_import: model.opset_import.clone(),
            ..Default::default()
        };
        "my".clone_into(&mut node.domain);
        node.op_type = name;
        if model.functions.len() < 16 {
            model.functions.push(function);
        }
    }
}

fn function_changed(function: &mut FunctionProto, dice: &mut Dice) {
    match dice.below(4) {
        0 => {
            // A call of itself or of another, perhaps in a circle.
            let call = NodeProto {
                domain: "my".to_owned(),
                op_type: format!("f{}", dice.below(4)),
                input: function.input.clone(),
                output: function.output.clone(),
                ..Default::default()
            };
            function.node.push(call);
        }
        1 => {
            function.attribute.push((*dice.one(ATTRIBUTES)).to_owned());
            if let Some(attribute) = dice
                .some(&mut function.node)
                .and_then(|it| it.attribute.first_mut())
            {
                attribute.ref_attr_name.clone_from(&attribute.name);
            }
        }
        _ => {
            if let Some(it) = dice.some(&mut function.node) {
                node(it, dice, 2);
            }
        }
    }
}

fn graph(graph: &mut GraphProto, dice: &mut Dice, depth: usize) {
    match dice.below(16) {
        0 | 1 => wire(graph, dice),
        2 | 3 => new_node(graph, dice),
        4 => {
            let node = dice.below(graph.node.len());
            if let Some(copy) = graph
                .node
                .get(node)
                .cloned()
                .filter(|_| graph.node.len() < 200)
            {
                graph.node.push(copy);
                wire(graph, dice);
            }
        }
        5 if !graph.node.is_empty() => {
            let at = dice.below(graph.node.len());
            graph.node.remove(at);
        }
        6 | 7 => {
            if let Some(it) = dice.some(&mut graph.initializer) {
                tensor(it, dice);
            }
        }
        8 => declared(graph, dice),
        9 => {
            let name = name(graph, dice);
            if let Some(output) = dice.some(&mut graph.output) {
                output.name = name;
            }
        }
        10 => {
            let values = list(dice);
            let made = int64s(&format!("i{}", dice.below(8)), values);
            graph.initializer.push(made);
        }
        11 => {
            // Under another name in all places, so that the graph stays whole.
            let old = name(graph, dice);
            let new = dice.text();
            for node in &mut graph.node {
                for it in node
                    .input
                    .iter_mut()
                    .chain(&mut node.output)
                    .filter(|it| **it == old)
                {
                    it.clone_from(&new);
                }
            }
        }
        _ => {
            if let Some(it) = dice.some(&mut graph.node) {
                node(it, dice, depth);
            }
        }
    }
}

/// The name of some value.
fn name(graph: &GraphProto, dice: &mut Dice) -> String {
    let made = graph.node.iter().flat_map(|it| &it.output);
    let stored = graph.initializer.iter().map(|it| &it.name);
    let given = graph.input.iter().map(|it| &it.name);
    let names: Vec<&String> = made.chain(stored).chain(given).collect();
    let at = dice.below(names.len());
    names
        .get(at)
        .map_or_else(|| dice.text(), |it| (*it).clone())
}

/// Lets some input be another value.
fn wire(graph: &mut GraphProto, dice: &mut Dice) {
    let name = name(graph, dice);
    if let Some(node) = dice.some(&mut graph.node) {
        let full = node.input.len() >= 12;
        match dice.some(&mut node.input) {
            Some(input) if dice.below(4) > 0 => *input = name,
            _ if full => node.input.clear(),
            _ => node.input.push(name),
        }
    }
}

fn new_node(graph: &mut GraphProto, dice: &mut Dice) {
    if graph.node.len() > 200 {
        return;
    }
    let at = dice.below(graph.node.len() + 1);
    let output = format!("n{}", dice.below(1000));
    let inputs = (0..=dice.below(4)).map(|_| name(graph, dice)).collect();
    let made = NodeProto {
        op_type: (*dice.one(OPERATORS)).to_owned(),
        input: inputs,
        output: vec![output.clone()],
        attribute: (0..dice.below(3)).map(|_| attribute(dice)).collect(),
        ..Default::default()
    };
    graph.node.insert(at, made);
    // Somebody after it takes what it makes.
    if let Some(later) = graph.node.get_mut(at + 1)
        && let Some(input) = later.input.first_mut()
    {
        *input = output;
    }
}

fn node(node: &mut NodeProto, dice: &mut Dice, depth: usize) {
    match dice.below(12) {
        0 | 1 => node.op_type = (*dice.one(OPERATORS)).to_owned(),
        2 => node.name = dice.text(),
        3 => node.domain = (*dice.one(&["", "com.microsoft", "my", "ai.onnx"])).to_owned(),
        4 if !node.input.is_empty() => {
            let at = dice.below(node.input.len());
            node.input.remove(at);
        }
        5 => node.output.push(format!("n{}", dice.below(1000))),
        6 => node.attribute.push(attribute(dice)),
        7 if !node.attribute.is_empty() => {
            let at = dice.below(node.attribute.len());
            node.attribute.remove(at);
        }
        8 if depth > 0 => {
            // A body that holds a copy of the node around it.
            let body = GraphProto {
                node: vec![node.clone()],
                output: vec![value(node.output.first().map_or("", String::as_str))],
                ..Default::default()
            };
            let (op_type, name) = *dice.one(&[
                ("If", "then_branch"),
                ("If", "else_branch"),
                ("Loop", "body"),
                ("Scan", "body"),
            ]);
            op_type.clone_into(&mut node.op_type);
            node.attribute.push(AttributeProto {
                name: name.to_owned(),
                g: MessageField::some(body),
                type_: AttributeType::GRAPH.into(),
                ..Default::default()
            });
        }
        _ => {
            if let Some(attribute) = dice.some(&mut node.attribute) {
                attribute_changed(attribute, dice, depth);
            }
        }
    }
}

fn value(name: &str) -> onnx_protobuf::ValueInfoProto {
    onnx_protobuf::ValueInfoProto {
        name: name.to_owned(),
        ..Default::default()
    }
}

fn attribute(dice: &mut Dice) -> AttributeProto {
    let mut made = AttributeProto {
        name: (*dice.one(ATTRIBUTES)).to_owned(),
        ..Default::default()
    };
    match dice.below(4) {
        0 => {
            made.type_ = AttributeType::INTS.into();
            made.ints = list(dice);
        }
        1 => {
            made.type_ = AttributeType::STRING.into();
            made.s = dice.text().into_bytes();
        }
        2 => {
            made.type_ = AttributeType::TENSOR.into();
            made.t = MessageField::some(int64s("", list(dice)));
        }
        _ => {
            made.type_ = AttributeType::INT.into();
            made.i = dice.number();
        }
    }
    made
}

fn attribute_changed(it: &mut AttributeProto, dice: &mut Dice, depth: usize) {
    if let Some(body) = it.g.as_mut() {
        if depth > 0 {
            graph(body, dice, depth - 1);
        }
    } else if let Some(stored) = it.t.as_mut() {
        tensor(stored, dice);
    } else if let Some(float) = it.floats.first_mut() {
        *float = [0.0, -1.0, 0.5, 1e30, f32::NAN, f32::INFINITY][dice.below(6)];
    } else if it.ints.is_empty() {
        it.i = dice.number();
        if !it.s.is_empty() {
            it.s = dice.text().into_bytes();
        }
    } else if dice.below(3) == 0 {
        it.ints = list(dice);
    } else if let Some(number) = dice.some(&mut it.ints) {
        *number = dice.number();
    }
}

fn list(dice: &mut Dice) -> Vec<i64> {
    (0..dice.below(7)).map(|_| dice.number()).collect()
}

fn int64s(name: &str, values: Vec<i64>) -> TensorProto {
    TensorProto {
        name: name.to_owned(),
        data_type: 7,
        dims: vec![i64::try_from(values.len()).unwrap()],
        int64_data: values,
        ..Default::default()
    }
}

/// Changes a stored tensor's sizes, type or elements.
fn tensor(it: &mut TensorProto, dice: &mut Dice) {
    match dice.below(8) {
        0 => it.dims = list(dice),
        1 | 2 => {
            if let Some(dim) = dice.some(&mut it.dims) {
                *dim = dice.number();
            }
        }
        3 => it.data_type = i32::try_from(dice.below(32)).unwrap(),
        4 => {
            it.data_location = onnx_protobuf::tensor_proto::DataLocation::EXTERNAL.into();
            let entry = onnx_protobuf::StringStringEntryProto {
                key: (*dice.one(&["location", "offset", "length"])).to_owned(),
                value: [
                    dice.text(),
                    dice.number().to_string(),
                    "../../etc/passwd".to_owned(),
                ][dice.below(3)]
                .clone(),
                ..Default::default()
            };
            it.external_data.push(entry);
        }
        5 if it.data_type == 7 => {
            it.raw_data.clear();
            it.int64_data = list(dice);
        }
        6 => {
            let at = dice.below(it.raw_data.len());
            let byte = u8::try_from(dice.below(256)).unwrap();
            if let Some(place) = it.raw_data.get_mut(at) {
                *place = byte;
            }
        }
        _ => {
            if let Some(number) = dice.some(&mut it.int64_data) {
                *number = dice.number();
            }
        }
    }
}

/// Changes what is declared of some value.
fn declared(graph: &mut GraphProto, dice: &mut Dice) {
    let list = if dice.below(3) == 0 {
        &mut graph.value_info
    } else {
        &mut graph.input
    };
    let Some(info) = dice.some(list) else { return };
    let Some(TypeValue::TensorType(of)) = info.type_.mut_or_insert_default().value.as_mut() else {
        return;
    };
    if dice.below(6) == 0 {
        of.elem_type = i32::try_from(dice.below(24)).unwrap();
    }
    let shape = of.shape.mut_or_insert_default();
    let full = shape.dim.len() >= 8;
    match dice.some(&mut shape.dim) {
        Some(dim) if dice.below(5) > 0 => {
            dim.value = match dice.below(3) {
                0 => None,
                1 => Some(Size::DimParam(
                    (*dice.one(&["N", "H", "W", "x", "s0", "H*W", "\u{202e}"])).to_owned(),
                )),
                _ => Some(Size::DimValue(dice.number())),
            };
        }
        _ if full => shape.dim.clear(),
        _ => shape
            .dim
            .push(onnx_protobuf::tensor_shape_proto::Dimension::default()),
    }
}
