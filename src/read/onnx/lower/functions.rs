//! The model's own functions, and how large each is once everything it calls stands in its place.

use std::collections::BTreeMap;

use foldhash::{HashMap, HashMapExt};
use std::rc::Rc;

use super::types::{Types, types};
use super::{Opsets, domain_of, opsets};
use crate::read::onnx::proto::{AttributeProto, FunctionProto, GraphProto, NodeProto};
use crate::units::wide;

/// Bytes of a node's attributes and names that weigh as much as one more node.
const BYTES_OF_A_NODE: u64 = 1024;
/// Declarations that weigh as much as one more node.
const NAMES_OF_A_NODE: u64 = 16;

/// A model-local function.
pub(super) struct Function<'m> {
    pub(super) proto: &'m FunctionProto,
    /// What one call puts into the network.
    pub(super) size: Size,
    /// Whether it calls itself, at whatever distance.
    pub(super) recursive: bool,
    /// Operator sets that hold in it.
    pub(super) opsets: Rc<Opsets>,
    /// Declared types of its values.
    pub(super) types: Rc<Types<'m>>,
}

/// What inlining takes; each number stops at the end of its scale.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Size {
    /// Nodes; one that is long counts as several.
    pub(super) nodes: u64,
    /// Calls inside each other and after each other.
    pub(super) calls: u64,
}

/// Domain, name and overload.
type Id<'m> = (&'m [u8], &'m [u8], &'m [u8]);

/// Every model-local function.
pub(super) struct Functions<'m> {
    list: Vec<Function<'m>>,
    places: HashMap<Id<'m>, usize>,
}

impl<'m> Functions<'m> {
    /// Looks at every function once, however often and deep they call each other.
    pub(super) fn new(protos: &'m [FunctionProto], model: &Opsets) -> Self {
        let mut functions = Self {
            list: Vec::with_capacity(protos.len()),
            places: HashMap::new(),
        };
        for proto in protos {
            let id = (domain_of(&proto.domain), &*proto.name, &*proto.overload);
            let place = functions.list.len();
            functions.places.entry(id).or_insert(place);
            let mut own: Opsets = model.clone();
            own.extend(opsets(&proto.opset_import));
            functions.list.push(Function {
                proto,
                size: Size::default(),
                recursive: false,
                opsets: Rc::new(own),
                types: Rc::new(types(&[&proto.value_info])),
            });
        }
        functions.measure();
        functions
    }

    /// The function that a node calls.
    pub(super) fn called(&self, node: &NodeProto) -> Option<usize> {
        if self.list.is_empty() {
            return None;
        }
        let id: Id = (domain_of(&node.domain), &node.op_type, &node.overload);
        self.places.get(&id).copied()
    }

    pub(super) fn get(&self, place: usize) -> Option<&Function<'m>> {
        self.list.get(place)
    }

    /// Depth-first over the calls without recursion: a function's size is known when those of all that it
    /// calls are, and one that is met again on the way down calls itself.
    fn measure(&mut self) {
        let calls: Vec<Contents> = self.list.iter().map(|it| self.contents(it)).collect();
        let mut seen = vec![false; calls.len()];
        let mut on_path = vec![false; calls.len()];
        for root in 0..calls.len() {
            let mut path = vec![(root, 0usize)];
            while let Some((at, next)) = path.pop() {
                if next == 0 {
                    if seen.get(at).copied().unwrap_or(true) {
                        continue;
                    }
                    set(&mut seen, at, true);
                    set(&mut on_path, at, true);
                }
                let callee = calls.get(at).and_then(|it| it.calls.get(next).copied());
                let Some(callee) = callee else {
                    set(&mut on_path, at, false);
                    self.close(at, calls.get(at));
                    continue;
                };
                path.push((at, next.saturating_add(1)));
                if on_path.get(callee).copied().unwrap_or(false) {
                    if let Some(function) = self.list.get_mut(callee) {
                        function.recursive = true;
                    }
                } else {
                    path.push((callee, 0));
                }
            }
        }
    }

    /// Sums up a function whose callees are summed up.
    fn close(&mut self, at: usize, contents: Option<&Contents>) {
        let Some(contents) = contents else { return };
        let mut size = Size {
            nodes: contents.weight,
            calls: 1,
        };
        for callee in &contents.calls {
            let inlined = self.list.get(*callee).filter(|it| !it.recursive);
            let opaque = Size { nodes: 1, calls: 0 };
            let inner = inlined.map_or(opaque, |it| it.size);
            size.nodes = size.nodes.saturating_add(inner.nodes);
            size.calls = size.calls.saturating_add(inner.calls);
        }
        if let Some(function) = self.list.get_mut(at) {
            function.size = size;
        }
    }

    fn contents(&self, function: &Function) -> Contents {
        let proto = function.proto;
        let names = proto.input.len() + proto.output.len() + proto.attribute_proto.len();
        let mut contents = Contents {
            weight: wide(names) / NAMES_OF_A_NODE,
            calls: Vec::new(),
        };
        self.add_nodes(&proto.node, &mut contents);
        contents
    }

    fn add_nodes(&self, nodes: &[NodeProto], contents: &mut Contents) {
        for node in nodes {
            let call = self.called(node);
            let own = weight(node).saturating_add(u64::from(call.is_none()));
            contents.weight = contents.weight.saturating_add(own);
            contents.calls.extend(call);
            for graph in node.attribute.iter().flat_map(graphs) {
                let names = graph.input.len() + graph.initializer.len() + graph.value_info.len();
                let names = wide(names) / NAMES_OF_A_NODE;
                contents.weight = contents.weight.saturating_add(names);
                self.add_nodes(&graph.node, contents);
            }
        }
    }
}

/// What stands in a function's body.
struct Contents {
    /// Of its own nodes.
    weight: u64,
    /// Places of the functions that they call, one for each call.
    calls: Vec<usize>,
}

fn set(flags: &mut [bool], at: usize, value: bool) {
    if let Some(flag) = flags.get_mut(at) {
        *flag = value;
    }
}

/// The bodies in an attribute.
pub(super) fn graphs(attribute: &AttributeProto) -> impl Iterator<Item = &GraphProto> {
    attribute.g.as_deref().into_iter().chain(&attribute.graphs)
}

/// 0 for an ordinary node, more for one whose copies would take much memory.
fn weight(node: &NodeProto) -> u64 {
    let names = node
        .input
        .iter()
        .chain(&node.output)
        .map(|it| it.len() + 16);
    let attributes = node.attribute.iter().map(|it| {
        let strings: usize = it.strings.iter().map(|it| it.len() + 24).sum();
        let tensor = it.t.as_ref().and_then(|it| it.raw_data.as_ref());
        let bytes = [
            it.name.len() + it.s.as_ref().map_or(0, Vec::len) + strings,
            it.ints.len().saturating_mul(8),
            it.floats.len().saturating_mul(4),
            tensor.map_or(0, Vec::len),
        ];
        bytes.iter().sum()
    });
    let bytes: usize = names.chain(attributes).sum();
    wide(bytes) / BYTES_OF_A_NODE
}

/// Attributes of a call by name, with the function's defaults behind them.
pub(super) type Given<'m> = BTreeMap<&'m [u8], &'m AttributeProto>;

/// What a call gives a function's attributes.
pub(super) fn given<'m>(
    call: &[(&'m [u8], &'m AttributeProto)],
    function: &'m FunctionProto,
) -> Given<'m> {
    let defaults = function.attribute_proto.iter();
    let mut given: Given = defaults.map(|it| (&*it.name, it)).collect();
    // Backwards, since of two attributes with one name the first counts.
    given.extend(call.iter().rev().copied());
    given
}
