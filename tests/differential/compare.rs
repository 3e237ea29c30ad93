//! A model as it was read, held against a full parse of the same file: every node, attribute and tensor.

mod tensors;

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use cnninspect::network::{Graph, Node, Source, ValueId};
use cnninspect::op::Attr;
use cnninspect::read::Model;
use onnx_protobuf::attribute_proto::AttributeType;
use onnx_protobuf::{
    AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, TensorProto, TypeProto,
};

use crate::declared::{declared, types, words};

/// Long strings are dropped from this length on.
const LONG_STRING: usize = 64 << 10;

/// How much was compared, so that no comparison passes empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Compared {
    pub(crate) nodes: usize,
    pub(crate) attributes: usize,
    pub(crate) types: usize,
    pub(crate) tensors: usize,
    /// Payloads left in the file, whose places were looked up there.
    pub(crate) places: usize,
    pub(crate) bytes: usize,
}

impl Compared {
    pub(crate) fn add(&mut self, other: Self) {
        self.nodes += other.nodes;
        self.attributes += other.attributes;
        self.types += other.types;
        self.tensors += other.tensors;
        self.places += other.places;
        self.bytes += other.bytes;
    }
}

/// Holds `model`, read from the bytes `file`, against `full`. `folder` is where its external data is.
pub(crate) fn compare(
    case: &str,
    model: &Model,
    file: &[u8],
    full: &ModelProto,
    folder: Option<&Path>,
) -> Compared {
    let mut walk = Walk {
        case,
        model,
        file,
        full,
        folder,
        stored: Vec::new(),
        seen: HashSet::new(),
        compared: Compared::default(),
    };
    walk.facts();
    let main = model.network.main().unwrap();
    let place = Place {
        names: BTreeMap::new(),
        given: BTreeMap::new(),
        opsets: opsets(&full.opset_import),
        inlined: false,
    };
    walk.graph(main, &full.graph, &place, true);
    walk.tensors();
    walk.compared
}

/// What holds where a list of nodes stands.
#[derive(Clone)]
struct Place<'a> {
    /// A function's formal names, and the caller's for them; empty where the call leaves one out.
    names: BTreeMap<String, String>,
    /// A call's attributes.
    given: BTreeMap<&'a str, &'a AttributeProto>,
    opsets: BTreeMap<String, i64>,
    /// Whether it is in a function, whose declared types are not compared.
    inlined: bool,
}

/// A node that the network should have.
struct Flat<'a> {
    proto: &'a NodeProto,
    place: Place<'a>,
}

/// A stored tensor that the network should have.
enum Stored<'a> {
    Tensor(Source, String, &'a TensorProto),
    Sparse(Source, String, &'a [i64], i32),
    /// An attribute of a Constant: type, sizes, elements.
    Plain(String, i32, Vec<u64>, Vec<u8>),
}

struct Walk<'a, 'c> {
    case: &'c str,
    model: &'c Model,
    file: &'c [u8],
    full: &'a ModelProto,
    folder: Option<&'c Path>,
    stored: Vec<Stored<'a>>,
    seen: HashSet<*const AttributeProto>,
    compared: Compared,
}

fn domain(name: &str) -> &str {
    if name.is_empty() { "ai.onnx" } else { name }
}

fn opsets(list: &[onnx_protobuf::OperatorSetIdProto]) -> BTreeMap<String, i64> {
    let mut out = BTreeMap::new();
    for it in list {
        out.insert(domain(&it.domain).to_owned(), it.version);
    }
    out
}

impl<'a> Walk<'a, '_> {
    fn facts(&self) {
        let (case, facts, full) = (self.case, &self.model.network.facts, self.full);
        assert_eq!(facts.ir_version.unwrap_or(0), full.ir_version, "{case}");
        let words = [&*full.producer_name, &*full.producer_version];
        let words: Vec<&str> = words.into_iter().filter(|it| !it.is_empty()).collect();
        let producer = facts.producer.clone().unwrap_or_default();
        assert_eq!(producer, words.join(" "), "{case}");
        assert_eq!(facts.opset_import, opsets(&full.opset_import), "{case}");
        assert_eq!(facts.file_bytes.0, self.file.len() as u64, "{case}");
    }

    fn graph(&mut self, graph: &Graph, full: &'a GraphProto, place: &Place<'a>, main: bool) {
        let case = self.case;
        assert_eq!(graph.name, full.name, "{case}");
        let mut place = place.clone();
        for own in own_names(full) {
            place.names.remove(own);
        }
        let filled = |name: &str| {
            let sparse = full.sparse_initializer.iter().map(|it| &*it.values.name);
            let mut stored = full.initializer.iter().map(|it| &*it.name).chain(sparse);
            main && stored.any(|it| it == name)
        };
        let inputs = full.input.iter().map(|it| it.name.clone());
        let inputs: Vec<String> = inputs.filter(|it| !filled(it)).collect();
        assert_eq!(self.names(&graph.inputs), inputs, "{case}: inputs");
        let outputs = full.output.iter().map(|it| place.name(&it.name));
        let outputs: Vec<String> = outputs.filter(|it| !it.is_empty()).collect();
        assert_eq!(self.names(&graph.outputs), outputs, "{case}: outputs");
        for tensor in &full.initializer {
            let name = tensor.name.clone();
            self.stored
                .push(Stored::Tensor(Source::Initializer, name, tensor));
        }
        for sparse in &full.sparse_initializer {
            let (name, kind) = (sparse.values.name.clone(), sparse.values.data_type);
            let source = Source::SparseInitializer;
            self.stored
                .push(Stored::Sparse(source, name, &sparse.dims, kind));
        }
        let mut flat = Vec::new();
        self.flatten(&full.node, &place, &mut flat);
        // In the file's order, whatever the order in which they can run.
        let mut ids = graph.nodes.clone();
        ids.sort();
        assert_eq!(ids.len(), flat.len(), "{case}: nodes of {}", full.name);
        let types = types(full);
        if !place.inlined {
            self.types(&graph.inputs, &types);
        }
        for (id, flat) in ids.into_iter().zip(flat) {
            let node = self.model.network.node(id);
            self.node(node, &flat);
            if !flat.place.inlined {
                let outputs: Vec<_> = node.outputs.iter().copied().flatten().collect();
                self.types(&outputs, &types);
            }
        }
    }

    fn names(&self, values: &[ValueId]) -> Vec<String> {
        let name = |it: &ValueId| self.model.network.value(*it).name.to_string();
        values.iter().map(name).collect()
    }

    /// The nodes, with functions' bodies in the place of their calls.
    fn flatten(&self, nodes: &'a [NodeProto], place: &Place<'a>, out: &mut Vec<Flat<'a>>) {
        for proto in nodes {
            let Some(function) = self.called(proto) else {
                let place = place.clone();
                out.push(Flat { proto, place });
                continue;
            };
            let mut inner = Place {
                names: BTreeMap::new(),
                given: BTreeMap::new(),
                opsets: opsets(&self.full.opset_import),
                inlined: true,
            };
            inner.opsets.extend(opsets(&function.opset_import));
            let actual = |list: &[String], at: usize| {
                let name = list.get(at).map_or("", |it| it);
                place.name(name)
            };
            let formals = function.input.iter().enumerate();
            let formals = formals.map(|(at, it)| (it.clone(), actual(&proto.input, at)));
            inner.names.extend(formals);
            let results = function.output.iter().enumerate();
            let results = results.map(|(at, it)| (it.clone(), actual(&proto.output, at)));
            inner.names.extend(results.filter(|it| !it.1.is_empty()));
            for default in &function.attribute_proto {
                inner.given.insert(&default.name, default);
            }
            inner.given.extend(place.attributes(proto));
            self.flatten(&function.node, &inner, out);
        }
    }

    /// The function that a node calls and that does not call itself.
    fn called(&self, node: &NodeProto) -> Option<&'a FunctionProto> {
        let function = self.function(node)?;
        (!self.reaches(function, function, &mut HashSet::new())).then_some(function)
    }

    fn function(&self, node: &NodeProto) -> Option<&'a FunctionProto> {
        let same = |it: &&FunctionProto| {
            domain(&it.domain) == domain(&node.domain)
                && it.name == node.op_type
                && it.overload == node.overload
        };
        self.full.functions.iter().find(same)
    }

    fn reaches(
        &self,
        from: &FunctionProto,
        target: &FunctionProto,
        seen: &mut HashSet<*const FunctionProto>,
    ) -> bool {
        seen.insert(from)
            && all_nodes(&from.node).into_iter().any(|node| {
                let next = self.function(node);
                next.is_some_and(|it| std::ptr::eq(it, target) || self.reaches(it, target, seen))
            })
    }

    fn node(&mut self, node: &Node, flat: &Flat<'a>) {
        let (proto, place) = (flat.proto, &flat.place);
        let outputs: Vec<String> = proto.output.iter().map(|it| place.name(it)).collect();
        // A node without a name is called by its first output, as it stands in its own graph.
        let output = proto.output.iter().find(|it| !it.is_empty());
        let name = if proto.name.is_empty() {
            output.cloned().unwrap_or_default()
        } else {
            proto.name.clone()
        };
        let case = format!("{}: node {name:?}", self.case);
        assert_eq!(node.name, name, "{case}");
        assert_eq!(*node.op_type, *proto.op_type, "{case}");
        assert_eq!(&*node.domain, domain(&proto.domain), "{case}");
        let opset = place.opsets.get(domain(&proto.domain)).copied();
        assert_eq!(node.opset, opset.unwrap_or(1), "{case}");
        let value = |it: &Option<ValueId>| {
            it.map_or_else(String::new, |it| {
                self.model.network.value(it).name.to_string()
            })
        };
        let inputs: Vec<String> = node.inputs.iter().map(value).collect();
        let expected: Vec<String> = proto.input.iter().map(|it| place.name(it)).collect();
        assert_eq!(inputs, expected, "{case}: inputs");
        let made: Vec<String> = node.outputs.iter().map(value).collect();
        assert_eq!(made, outputs, "{case}: outputs");
        self.compared.nodes += 1;
        let attributes: Vec<_> = place.attributes(proto).collect();
        self.constant(proto, &outputs, &attributes);
        self.attributes(&case, node, &attributes, place);
    }

    fn attributes(
        &mut self,
        case: &str,
        node: &Node,
        attributes: &[(&'a str, &'a AttributeProto)],
        place: &Place<'a>,
    ) {
        let mut ours = node.attrs.0.iter();
        let mut bodies = node.subgraphs.iter();
        for (name, theirs) in attributes {
            let case = format!("{case}: attribute {name:?}");
            self.compared.attributes += 1;
            let graphs: Vec<_> = theirs.g.iter().chain(&theirs.graphs).collect();
            for full in &graphs {
                let (found, body) = bodies.next().expect(&case);
                assert_eq!(found, name, "{case}");
                let body = self.model.network.graph(*body);
                self.graph(body, full, place, false);
            }
            if graphs.is_empty() {
                let (found, attr) = ours.next().expect(&case);
                assert_eq!(found, name, "{case}");
                self.attribute(&case, attr, theirs);
            }
        }
        assert_eq!(ours.next(), None, "{case}");
        assert_eq!(bodies.next(), None, "{case}");
    }

    fn attribute(&mut self, case: &str, ours: &Attr, theirs: &AttributeProto) {
        let text = |it: &[u8]| String::from_utf8_lossy(it).into_owned();
        let kind = theirs.type_.enum_value_or_default();
        match (kind, ours) {
            (AttributeType::INT, Attr::Int(it)) => assert_eq!(*it, theirs.i, "{case}"),
            (AttributeType::FLOAT, Attr::Float(it)) => {
                assert_eq!(it.to_bits(), theirs.f.to_bits(), "{case}");
            }
            (AttributeType::STRING, Attr::String(it)) => {
                if theirs.s.len() < LONG_STRING {
                    assert_eq!(*it, text(&theirs.s), "{case}");
                }
            }
            (AttributeType::INTS, Attr::Ints(it)) => assert_eq!(*it, theirs.ints, "{case}"),
            (AttributeType::FLOATS, Attr::Floats(it)) => {
                let bits = |it: &[f32]| it.iter().map(|it| it.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(it), bits(&theirs.floats), "{case}");
            }
            (AttributeType::STRINGS, Attr::Strings(it)) => {
                let strings: Vec<_> = theirs.strings.iter().map(|it| text(it)).collect();
                assert_eq!(*it, strings, "{case}");
            }
            (AttributeType::TENSOR, Attr::Tensor(it)) => {
                self.tensor(case, it, &theirs.t);
            }
            // Kinds of which nothing is kept, and one that is told by what is there.
            (
                AttributeType::SPARSE_TENSOR
                | AttributeType::TENSORS
                | AttributeType::SPARSE_TENSORS
                | AttributeType::TYPE_PROTO
                | AttributeType::TYPE_PROTOS,
                Attr::Other,
            )
            | (AttributeType::UNDEFINED, _) => {}
            _ => panic!("{case}: {ours:?} {kind:?}"),
        }
    }

    /// What a Constant stores; once, however many calls its function has.
    fn constant(
        &mut self,
        proto: &NodeProto,
        outputs: &[String],
        attributes: &[(&str, &'a AttributeProto)],
    ) {
        let is_constant = proto.op_type == "Constant" && domain(&proto.domain) == "ai.onnx";
        let output = outputs.first().filter(|it| !it.is_empty());
        let value = |it: &&(&str, _)| it.0.starts_with("value") || it.0 == "sparse_value";
        let found = attributes.iter().find(value);
        let (true, Some(name), Some((kind, it))) = (is_constant, output, found) else {
            return;
        };
        if !self.seen.insert(*it) {
            return;
        }
        let name = name.clone();
        let plain = |kind: i32, dims: &[usize], bytes: Vec<u8>| {
            let dims = dims.iter().map(|it| *it as u64).collect();
            Stored::Plain(name.clone(), kind, dims, bytes)
        };
        let stored = match *kind {
            "value" => Stored::Tensor(Source::Constant, name, &it.t),
            "sparse_value" => {
                let (dims, kind) = (&it.sparse_tensor.dims, it.sparse_tensor.values.data_type);
                Stored::Sparse(Source::Constant, name, dims, kind)
            }
            "value_int" => plain(7, &[], it.i.to_le_bytes().into()),
            "value_float" => plain(1, &[], it.f.to_le_bytes().into()),
            "value_string" => plain(8, &[], it.s.clone()),
            "value_ints" => {
                let bytes = it.ints.iter().flat_map(|it| it.to_le_bytes());
                plain(7, &[it.ints.len()], bytes.collect())
            }
            "value_floats" => {
                let bytes = it.floats.iter().flat_map(|it| it.to_le_bytes());
                plain(1, &[it.floats.len()], bytes.collect())
            }
            "value_strings" => plain(8, &[it.strings.len()], it.strings.concat()),
            other => panic!("{}: {other}", self.case),
        };
        self.stored.push(stored);
    }

    /// Declared types of values, the first declaration of a name counting.
    fn types(&mut self, values: &[ValueId], types: &BTreeMap<&str, &TypeProto>) {
        let mut names = HashSet::new();
        for id in values {
            let value = self.model.network.value(*id);
            // A second value of one name has none.
            if !names.insert(&*value.name) || value.declared.is_none() && self.is_twice(*id) {
                continue;
            }
            let expected = types.get(&*value.name).and_then(|it| declared(it));
            let ours = value.declared.as_ref().map(words);
            assert_eq!(ours, expected, "{}: type of {}", self.case, value.name);
            self.compared.types += usize::from(expected.is_some());
        }
    }

    /// Whether the file makes the value's name twice.
    fn is_twice(&self, id: ValueId) -> bool {
        let name = &self.model.network.value(id).name;
        let findings = &self.model.network.findings;
        findings
            .iter()
            .any(|it| it.rule == "duplicate-output" && it.message.contains(&**name))
    }
}

impl<'a> Place<'a> {
    fn name(&self, name: &str) -> String {
        self.names.get(name).map_or(name, |it| it).to_owned()
    }

    /// A node's attributes, those that stand for one of the call's replaced by it or left out.
    fn attributes(
        &self,
        node: &'a NodeProto,
    ) -> impl Iterator<Item = (&'a str, &'a AttributeProto)> {
        node.attribute.iter().filter_map(|it| {
            if it.ref_attr_name.is_empty() {
                return Some((&*it.name, it));
            }
            let given = self.given.get(&*it.ref_attr_name)?;
            Some((&*it.name, *given))
        })
    }
}

/// Names that a graph makes itself.
fn own_names(graph: &GraphProto) -> impl Iterator<Item = &String> {
    let inputs = graph.input.iter().map(|it| &it.name);
    let tensors = graph.initializer.iter().map(|it| &it.name);
    let sparse = graph.sparse_initializer.iter().map(|it| &it.values.name);
    let made = graph.node.iter().flat_map(|it| &it.output);
    inputs.chain(tensors).chain(sparse).chain(made)
}

/// Nodes and those of their bodies.
fn all_nodes(nodes: &[NodeProto]) -> Vec<&NodeProto> {
    let mut out = Vec::new();
    for node in nodes {
        out.push(node);
        for attribute in &node.attribute {
            for graph in attribute.g.iter().chain(&attribute.graphs) {
                out.extend(all_nodes(&graph.node));
            }
        }
    }
    out
}
