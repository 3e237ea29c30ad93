//! A list of nodes: of a graph, or of a function's body where it is called.

use std::ptr;
use std::sync::Arc;

use super::functions::graphs;
use super::sort::{Step, sort};
use super::types::Types;
use super::{Lowering, MOST_DEEP, Place, attributes, domain_of};
use crate::network::{GraphId, Node, NodeId, Source, ValueId};
use crate::op::{Attr, Attrs, ONNX};
use crate::read::onnx::error::OnnxError;
use crate::read::onnx::proto::{AttributeProto, NodeProto};
use crate::units::grouped;

/// An attribute's name, and what it is: the call's own where it refers to one.
pub(super) type Given<'m> = (&'m [u8], &'m AttributeProto);

impl<'m> Lowering<'m, '_> {
    /// Adds nodes; returns them in an order in which they can run.
    pub(super) fn body(
        &mut self,
        protos: &'m [NodeProto],
        types: &Types<'m>,
        place: &Place<'m>,
    ) -> Result<Vec<NodeId>, OnnxError> {
        // Every output first, since the file's order need not be one that can run.
        let mut made = Vec::with_capacity(protos.len());
        for proto in protos {
            made.push(self.outputs(proto, types)?);
        }
        let mut steps = Vec::with_capacity(protos.len());
        let mut groups = Vec::with_capacity(protos.len());
        for (proto, outputs) in protos.iter().zip(made) {
            let makes = outputs.iter().flatten().copied().collect();
            let (nodes, uses) = self.node(proto, outputs, place)?;
            steps.push(Step { uses, makes });
            groups.push(nodes);
        }
        let order = sort(&steps);
        if order.stuck > 0 {
            self.report_cycle(&groups, &order.places, order.stuck);
        }
        let groups = order.places.iter().filter_map(|it| groups.get(*it));
        Ok(groups.flatten().copied().collect())
    }

    fn outputs(
        &mut self,
        proto: &'m NodeProto,
        types: &Types<'m>,
    ) -> Result<Vec<Option<ValueId>>, OnnxError> {
        let mut outputs = Vec::with_capacity(proto.output.len());
        for output in &proto.output {
            outputs.push(if output.is_empty() {
                None
            } else {
                let maker = || format!("node {:?}", name_of(proto));
                Some(self.declare(output, types, maker)?)
            });
        }
        Ok(outputs)
    }

    /// Adds what one node of the file becomes: one node, or those of the function that it calls. Returns
    /// them and the values of this scope that they use.
    fn node(
        &mut self,
        proto: &'m NodeProto,
        outputs: Vec<Option<ValueId>>,
        place: &Place<'m>,
    ) -> Result<(Vec<NodeId>, Vec<ValueId>), OnnxError> {
        let name = name_of(proto);
        let mut inputs = Vec::with_capacity(proto.input.len());
        for input in &proto.input {
            inputs.push(self.resolve(input, &name, || format!("node {name:?}"))?);
        }
        self.scopes.take_captured();
        let mut uses: Vec<ValueId> = inputs.iter().flatten().copied().collect();
        let given = attributes_of(proto, place);
        let opaque = match self.functions.called(proto) {
            None => None,
            Some(function) => match self.refusal(function, place) {
                None => {
                    let nodes = self.call(function, &name, &inputs, &outputs, &given, place)?;
                    return Ok((nodes, uses));
                }
                reason => reason,
            },
        };
        let mut node = self.plain_node(proto, name, inputs, outputs, place);
        node.opaque = opaque;
        self.constant(&node, &given)?;
        self.attributes(&mut node, &given, place)?;
        uses.extend(self.scopes.take_captured());
        Ok((vec![self.push(node)?], uses))
    }

    /// The node without its attributes.
    fn plain_node(
        &mut self,
        proto: &'m NodeProto,
        name: String,
        inputs: Vec<Option<ValueId>>,
        outputs: Vec<Option<ValueId>>,
        place: &Place<'m>,
    ) -> Node {
        let domain = self.intern(domain_of(&proto.domain));
        Node {
            name,
            op_type: self.intern(&proto.op_type),
            opset: place.opsets.get(&domain).copied().unwrap_or(1),
            domain,
            scope: Arc::clone(&place.scope),
            inputs,
            outputs,
            attrs: Attrs::default(),
            subgraphs: Vec::new(),
            opaque: None,
        }
    }

    pub(super) fn push(&mut self, node: Node) -> Result<NodeId, OnnxError> {
        let id = NodeId::next(self.network.nodes.len()).ok_or(OnnxError::TooMany("nodes"))?;
        self.network.nodes.push(node);
        Ok(id)
    }

    /// A `Constant` node's output is a stored tensor.
    fn constant(&mut self, node: &Node, given: &[Given<'m>]) -> Result<(), OnnxError> {
        let output = node.outputs.first().copied().flatten();
        let is_constant = &*node.op_type == "Constant" && &*node.domain == ONNX;
        let Some(value) = output.filter(|_| is_constant && node.opaque.is_none()) else {
            return Ok(());
        };
        let starts = |it: &&Given| it.0.starts_with(b"value") || it.0 == b"sparse_value";
        let Some((attribute, proto)) = given.iter().find(starts).copied() else {
            return Ok(());
        };
        let name = Arc::clone(&self.network.value(value).name);
        self.store(ptr::from_ref(proto).addr(), value, Source::Constant, |it| {
            attributes::constant(attribute, proto, &name, &mut it.tensors, &mut it.findings)
        })
    }

    fn attributes(
        &mut self,
        node: &mut Node,
        given: &[Given<'m>],
        place: &Place<'m>,
    ) -> Result<(), OnnxError> {
        for (name, proto) in given.iter().copied() {
            let attribute = attributes::text(name);
            if proto.g.is_none() && proto.graphs.is_empty() {
                let value = self.attribute(proto, &node.name);
                node.attrs.0.push((attribute, value));
                continue;
            }
            for graph in graphs(proto) {
                if place.depth >= MOST_DEEP {
                    node.opaque = Some(too_deep());
                    break;
                }
                let inner = format!("{}.{attribute}", node.name);
                let inner = Place {
                    scope: self.scope(&place.scope, &inner),
                    depth: place.depth.saturating_add(1),
                    ..place.clone()
                };
                let graph: GraphId = self.graph(graph, &inner)?;
                node.subgraphs.push((attribute.clone(), graph));
            }
        }
        Ok(())
    }

    /// An attribute that is no graph. The tensor of a `Constant` node is made already.
    fn attribute(&mut self, proto: &AttributeProto, node: &str) -> Attr {
        let stored = self.stored.get(&ptr::from_ref(proto).addr()).copied();
        let (tensors, findings) = (&mut self.tensors, &mut self.findings);
        match stored.filter(|_| proto.t.is_some()) {
            Some(Some(id)) => {
                let tensor = self.network.initializer(id).tensor.clone();
                Attr::Tensor(Box::new(tensor))
            }
            Some(None) => Attr::Other,
            None => attributes::attr(proto, node, tensors, findings),
        }
    }

    fn report_cycle(&mut self, groups: &[Vec<NodeId>], places: &[usize], stuck: usize) {
        let first = places.get(places.len().saturating_sub(stuck));
        let first = first.and_then(|it| groups.get(*it)?.first().copied());
        let name = first.map(|it| self.network.node(it).name.clone());
        let count = grouped(&stuck.to_string());
        self.findings.add("cycle", name.as_deref(), || {
            format!("{count} nodes use, at some distance, what they make themselves")
        });
    }
}

pub(super) fn too_deep() -> Arc<str> {
    format!("it stands more than {MOST_DEEP} bodies and calls deep").into()
}

/// A node's name, or its first output's where it has none.
fn name_of(proto: &NodeProto) -> String {
    let output = || proto.output.iter().find(|it| !it.is_empty());
    let name = if proto.name.is_empty() {
        output().map_or(&[][..], |it| it)
    } else {
        &proto.name
    };
    attributes::text(name)
}

/// A node's attributes, those that refer to one of the call's replaced by it; one that the call does not
/// give is left out.
fn attributes_of<'m>(proto: &'m NodeProto, place: &Place<'m>) -> Vec<Given<'m>> {
    let resolve = |it: &'m AttributeProto| {
        if it.ref_attr_name.is_empty() {
            return Some((&*it.name, it));
        }
        let given = place.given.get(&*it.ref_attr_name)?;
        Some((&*it.name, *given))
    };
    proto.attribute.iter().filter_map(resolve).collect()
}
