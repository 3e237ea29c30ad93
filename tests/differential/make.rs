//! Models of every kind that a file can hold, built from a tape of choices.

use onnx_protobuf::attribute_proto::AttributeType;
use onnx_protobuf::tensor_proto::DataLocation;
use onnx_protobuf::type_proto::{self, Value as Kind};
use onnx_protobuf::{
    AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, SparseTensorProto,
    StringStringEntryProto, TensorProto, TypeProto, ValueInfoProto,
};
use protobuf::MessageField;

use crate::support::{
    self, Size, call, float, floats, function, graph_attribute, int, ints, model, node, reference,
    string, tensor, tensor_attribute, value,
};
use crate::tape::Tape;

/// Bodies inside bodies.
const MOST_DEEP: usize = 3;
/// A type's number, the bits of an element, and the typed field that its elements may be in.
const TYPES: &[(i32, usize, u32)] = &[
    (1, 32, 4),
    (2, 8, 5),
    (3, 8, 5),
    (4, 16, 5),
    (5, 16, 5),
    (6, 32, 5),
    (7, 64, 7),
    (9, 8, 5),
    (10, 16, 5),
    (11, 64, 10),
    (12, 32, 11),
    (13, 64, 11),
    (14, 64, 4),
    (15, 128, 10),
    (16, 16, 5),
    (17, 8, 5),
    (21, 4, 5),
    (22, 4, 5),
    (25, 2, 5),
    (27, 6, 5),
];

/// A model of these choices.
pub(crate) fn made(bytes: &[u8]) -> ModelProto {
    let mut maker = Maker {
        tape: Tape::new(bytes),
        names: 0,
        functions: Vec::new(),
    };
    for _ in 0..maker.tape.below(3) {
        let function = maker.function();
        maker.functions.push(function);
    }
    let graph = maker.graph(0, &[]);
    let mut made = model(graph, 1 + maker.tape.below(22) as i64);
    made.opset_import.push(support::opset_import("my", 1));
    if maker.tape.once_in(3) {
        made.producer_version = "2.1".into();
        made.doc_string = "words ".repeat(maker.tape.below(300));
        made.metadata_props = vec![entry("key", "value")];
    }
    made.functions = maker.functions;
    made
}

struct Maker<'b> {
    tape: Tape<'b>,
    names: usize,
    functions: Vec<FunctionProto>,
}

fn entry(key: &str, value: &str) -> StringStringEntryProto {
    StringStringEntryProto {
        key: key.into(),
        value: value.into(),
        ..Default::default()
    }
}

impl Maker<'_> {
    fn fresh(&mut self) -> String {
        self.names += 1;
        format!("v{}", self.names)
    }

    /// A graph that sees the names `outer`.
    fn graph(&mut self, depth: usize, outer: &[String]) -> GraphProto {
        let mut seen = outer.to_vec();
        let mut out = GraphProto {
            name: self.fresh(),
            ..Default::default()
        };
        for _ in 0..=self.tape.below(2) {
            let name = self.fresh();
            out.input.push(self.typed(&name));
            seen.push(name);
        }
        for _ in 0..self.tape.below(4) {
            let name = self.fresh();
            let tensor = self.tensor(&name);
            out.initializer.push(tensor);
            seen.push(name);
        }
        if self.tape.once_in(4) {
            let name = self.fresh();
            out.sparse_initializer.push(self.sparse(&name));
            seen.push(name);
        }
        // Files of IR version 3 name their initializers among the inputs.
        if let (0, true, Some(tensor)) = (depth, self.tape.once_in(4), out.initializer.first()) {
            let name = tensor.name.clone();
            out.input.push(self.typed(&name));
        }
        for _ in 0..self.tape.below(6) {
            let node = self.node(depth, &seen);
            for output in node.output.iter().filter(|it| !it.is_empty()) {
                seen.push(output.clone());
                if self.tape.once_in(3) {
                    out.value_info.push(self.typed(output));
                }
            }
            out.node.push(node);
        }
        let name = self.tape.pick(&seen).clone();
        out.output.push(self.typed(&name));
        if self.tape.once_in(5) {
            out.doc_string = "about the graph".into();
        }
        out
    }

    /// A declared type of some kind, or none.
    fn typed(&mut self, name: &str) -> ValueInfoProto {
        let mut sizes = Vec::new();
        for _ in 0..self.tape.below(5) {
            sizes.push(match self.tape.below(5) {
                0 => Size::Open,
                1 => Size::Named("N"),
                2 => Size::Is(-1),
                _ => Size::Is(1 + self.tape.below(300) as i64),
            });
        }
        let (kind, ..) = *self.tape.pick(TYPES);
        let mut info = value(name, kind, &sizes);
        let inner = || MessageField::some(info.type_.as_ref().unwrap().clone());
        let other = match self.tape.below(9) {
            6 => Kind::SequenceType(type_proto::Sequence {
                elem_type: inner(),
                ..Default::default()
            }),
            7 => Kind::OptionalType(type_proto::Optional {
                elem_type: inner(),
                ..Default::default()
            }),
            8 => Kind::MapType(type_proto::Map {
                key_type: 7,
                value_type: inner(),
                ..Default::default()
            }),
            5 => {
                info.type_ = MessageField::none();
                return info;
            }
            _ => return info,
        };
        info.type_ = MessageField::some(TypeProto {
            value: Some(other),
            ..Default::default()
        });
        info
    }

    /// A tensor in any encoding.
    fn tensor(&mut self, name: &str) -> TensorProto {
        let (kind, bits, field) = *self.tape.pick(TYPES);
        let mut dims = Vec::new();
        for _ in 0..self.tape.below(4) {
            dims.push(self.tape.below(20) as i64);
        }
        if self.tape.once_in(8) {
            dims.push(-1);
        }
        let count: usize = dims
            .iter()
            .map(|it| usize::try_from(*it).unwrap_or(0))
            .product();
        let mut out = tensor(name, kind, &dims);
        if self.tape.once_in(6) {
            out.doc_string = "about the tensor".into();
        }
        let start = self.tape.byte();
        let element = |at: usize| (at as u64).wrapping_mul(0x9e37_79b9) ^ u64::from(start);
        match self.tape.below(8) {
            0..3 => {
                let length = (count * bits).div_ceil(8);
                out.raw_data = (0..length).map(|it| element(it) as u8).collect();
            }
            3 => self.external(&mut out),
            4 => {
                out.data_type = 8;
                out.string_data = (0..count).map(|it| vec![it as u8; it % 5]).collect();
            }
            // Fewer or more than the sizes say.
            5 => typed(&mut out, field, self.tape.below(600), element),
            _ => typed(&mut out, field, entries(kind, bits, count), element),
        }
        out
    }

    fn external(&mut self, out: &mut TensorProto) {
        out.data_location = DataLocation::EXTERNAL.into();
        out.external_data = vec![entry("location", "weights.bin")];
        if self.tape.once_in(2) {
            out.external_data.push(entry("offset", "128"));
            out.external_data.push(entry("length", " 64"));
        }
        if self.tape.once_in(3) {
            // Of two the last counts.
            out.external_data.push(entry("location", "other.bin"));
        }
    }

    fn sparse(&mut self, name: &str) -> SparseTensorProto {
        SparseTensorProto {
            values: MessageField::some(floats(name, &[2], &[1.0, 2.0])),
            indices: MessageField::some(support::int64s("", &[0, 5])),
            dims: vec![3, 1 + self.tape.below(5) as i64],
            ..Default::default()
        }
    }

    fn node(&mut self, depth: usize, seen: &[String]) -> NodeProto {
        let output = self.fresh();
        if self.tape.once_in(4) {
            return self.constant(&output);
        }
        let mut inputs = Vec::new();
        for _ in 0..self.tape.below(4) {
            inputs.push(if self.tape.once_in(6) {
                String::new()
            } else {
                self.tape.pick(seen).clone()
            });
        }
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let name = if self.tape.once_in(4) {
            String::new()
        } else {
            format!("node of {output}")
        };
        if !self.functions.is_empty() && self.tape.once_in(4) {
            let function = self.tape.pick(&self.functions).name.clone();
            let mut called = call(("my", &function), &name, &inputs, &[&output]);
            if self.tape.once_in(2) {
                called.attribute.push(ints("given", &[3, -3]));
            }
            return called;
        }
        let op_type = *self
            .tape
            .pick(&["Relu", "Conv", "Add", "Reshape", "MaxPool"]);
        let mut out = node(&name, op_type, &inputs, &[&output]);
        if self.tape.once_in(6) {
            // An optional output that is left out, and one more.
            let last = self.fresh();
            out.output.extend([String::new(), last]);
        }
        if self.tape.once_in(6) {
            out.domain = (*self.tape.pick(&["com.example", "ai.onnx"])).into();
            out.doc_string = "about the node".into();
        }
        for at in 0..self.tape.below(4) {
            let attribute = self.attribute(&format!("a{at}"), depth, seen);
            out.attribute.push(attribute);
        }
        if depth < MOST_DEEP && self.tape.once_in(5) {
            out.op_type = "If".into();
            for branch in ["then_branch", "else_branch"] {
                let body = self.graph(depth + 1, seen);
                out.attribute.push(graph_attribute(branch, body));
            }
        }
        out
    }

    fn attribute(&mut self, name: &str, depth: usize, seen: &[String]) -> AttributeProto {
        let short = self.short();
        match self.tape.below(12) {
            0 => int(name, short[0]),
            1 => float(name, -0.5),
            2 => string(name, &"é".repeat(self.tape.below(40))),
            3 => ints(name, &short),
            4 => AttributeProto {
                floats: vec![f32::NAN, -0.0, 7.5],
                ..of(name, AttributeType::FLOATS)
            },
            5 => AttributeProto {
                strings: vec![b"one".to_vec(), vec![], b"\xff".to_vec()],
                ..of(name, AttributeType::STRINGS)
            },
            6..9 => {
                let mut inner = self.tensor("");
                // One that no tensor can be is told of and left out.
                inner.dims.retain(|it| *it >= 0);
                tensor_attribute(name, inner)
            }
            9 => AttributeProto {
                sparse_tensor: MessageField::some(self.sparse("")),
                ..of(name, AttributeType::SPARSE_TENSOR)
            },
            10 if depth < MOST_DEEP => AttributeProto {
                graphs: vec![self.graph(depth + 1, seen), self.graph(depth + 1, seen)],
                ..of(name, AttributeType::GRAPHS)
            },
            _ => AttributeProto {
                doc_string: "about the attribute".into(),
                ..int(name, i64::MIN)
            },
        }
    }

    fn short(&mut self) -> Vec<i64> {
        let list: Vec<i64> = vec![0, 1, -1, 300, i64::MAX, i64::MIN];
        let first = self.tape.below(list.len());
        list.into_iter().skip(first).collect()
    }

    /// A Constant in any of its forms.
    fn constant(&mut self, output: &str) -> NodeProto {
        let short = self.short();
        let attribute = match self.tape.below(9) {
            0 => int("value_int", short[0]),
            1 => float("value_float", 0.25),
            2 => string("value_string", "word"),
            3 => ints("value_ints", &short),
            4 => AttributeProto {
                floats: vec![1.5; self.tape.below(400)],
                ..of("value_floats", AttributeType::FLOATS)
            },
            5 => AttributeProto {
                strings: vec![b"a".to_vec(), b"bc".to_vec()],
                ..of("value_strings", AttributeType::STRINGS)
            },
            6 => AttributeProto {
                sparse_tensor: MessageField::some(self.sparse("")),
                ..of("sparse_value", AttributeType::SPARSE_TENSOR)
            },
            _ => {
                let mut inner = self.tensor("");
                inner.dims.retain(|it| *it >= 0);
                tensor_attribute("value", inner)
            }
        };
        support::with(node("", "Constant", &[], &[output]), vec![attribute])
    }

    /// A function that may call those before it; its attribute `given` may come from the call.
    fn function(&mut self) -> FunctionProto {
        let name = format!("F{}", self.functions.len());
        let (x, y, inner) = (self.fresh(), self.fresh(), self.fresh());
        let first = support::with(
            node("first", "Conv", &[&x, ""], &[&inner]),
            vec![reference(ints("pads", &[]), "given"), int("group", 1)],
        );
        let mut nodes = vec![first];
        let mut seen = vec![x.clone(), inner];
        for _ in 0..self.tape.below(3) {
            let node = self.node(MOST_DEEP, &seen);
            seen.extend(node.output.iter().filter(|it| !it.is_empty()).cloned());
            nodes.push(node);
        }
        let last = seen.last().unwrap().clone();
        nodes.push(node("last", "Relu", &[&last], &[&y]));
        let mut out = function(("my", &name), &[&x], &[&y], nodes);
        if self.tape.once_in(2) {
            out.attribute_proto.push(ints("given", &[1, 1]));
        }
        out
    }
}

fn of(name: &str, kind: AttributeType) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        type_: kind.into(),
        ..Default::default()
    }
}

/// Entries of the typed field that `count` elements take.
fn entries(kind: i32, bits: usize, count: usize) -> usize {
    match kind {
        14 | 15 => count * 2,
        27 | 28 => count,
        _ if bits < 8 => (count * bits).div_ceil(8),
        _ => count,
    }
}

/// Puts `count` elements into a typed field.
fn typed(out: &mut TensorProto, field: u32, count: usize, element: impl Fn(usize) -> u64) {
    let list = (0..count).map(element);
    match field {
        4 => out.float_data = list.map(|it| it as f32).collect(),
        5 => out.int32_data = list.map(|it| it as i32).collect(),
        7 => out.int64_data = list.map(|it| it as i64).collect(),
        10 => out.double_data = list.map(|it| it as f64).collect(),
        _ => out.uint64_data = list.collect(),
    }
}
