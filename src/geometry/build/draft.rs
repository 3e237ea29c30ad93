//! A network while nodes are added to it.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::super::tensors::{ConvTensor, Tensors};
use crate::network::{Declared, Network, Node, NodeId, ValueId, ValueInfo};
use crate::op::{Attr, Attrs, ONNX};
use crate::tensor::{DataType, Dim};

/// The operator set that nodes are written in.
const OPSET: i64 = 22;

/// A network in the making.
pub(super) struct Draft<'a> {
    pub(super) network: &'a mut Network,
    pub(super) tensors: &'a Tensors,
    /// Weights that a node uses.
    pub(super) used: HashSet<String>,
    /// Values that a node makes and none reads so far.
    unread: BTreeSet<ValueId>,
    /// What stands in for an input that nobody knows.
    unknown: Option<ValueId>,
    why: Arc<str>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(network: &'a mut Network, tensors: &'a Tensors, why: &str) -> Self {
        Self {
            network,
            tensors,
            used: HashSet::new(),
            unread: BTreeSet::new(),
            unknown: None,
            why: why.into(),
        }
    }

    /// A new value.
    pub(super) fn value(&mut self, name: &str, dims: Option<Vec<Dim>>) -> Option<ValueId> {
        let id = ValueId::next(self.network.values.len())?;
        self.network.values.push(ValueInfo {
            name: name.into(),
            declared: dims.map(|dims| Declared {
                data_type: Some(DataType::Float),
                dims: Some(dims),
                container: false,
            }),
        });
        Some(id)
    }

    /// The graph's input.
    pub(super) fn input(&mut self, dims: Vec<Dim>) -> Option<ValueId> {
        let id = self.value("input", Some(dims))?;
        if let Some(graph) = self.network.graphs.first_mut() {
            graph.inputs.push(id);
        }
        Some(id)
    }

    /// The one value that nobody knows.
    pub(super) fn unknown(&mut self) -> Option<ValueId> {
        if self.unknown.is_none() {
            let id = self.value("?", None)?;
            self.network.notes.insert(id, self.why.clone());
            self.unknown = Some(id);
        }
        self.unknown
    }

    /// A node with one output, of which `dims` may be declared.
    pub(super) fn node(
        &mut self,
        name: &str,
        op_type: &str,
        inputs: &[Option<ValueId>],
        attrs: Vec<(&str, Attr)>,
        dims: Option<Vec<Dim>>,
    ) -> Option<(NodeId, ValueId)> {
        let id = NodeId::next(self.network.nodes.len())?;
        let output = self.value(&format!("{name}.out"), dims)?;
        for input in inputs.iter().flatten() {
            self.unread.remove(input);
        }
        self.unread.insert(output);
        let attrs = attrs
            .into_iter()
            .map(|(name, attr)| (name.to_owned(), attr));
        self.network.nodes.push(Node {
            name: name.to_owned(),
            op_type: op_type.into(),
            domain: domain(op_type).into(),
            opset: if op_type == "Upsample" { 7 } else { OPSET },
            scope: "".into(),
            inputs: inputs.to_vec(),
            outputs: vec![Some(output)],
            attrs: Attrs(attrs.collect()),
            subgraphs: vec![],
            opaque: None,
        });
        if let Some(graph) = self.network.graphs.first_mut() {
            graph.nodes.push(id);
        }
        Some((id, output))
    }

    /// The value of a stored tensor, by its name.
    pub(super) fn stored(&self, name: &str) -> Option<ValueId> {
        let id = self.tensors.ids.get(name)?;
        self.network.initializer(*id).values.first().copied()
    }

    /// The value of a convolution's weight as ONNX wants it: turned, where the file has another order.
    pub(super) fn weight(&mut self, name: &str, rank: usize) -> Option<ValueId> {
        let value = self.stored(name)?;
        let perm = self.tensors.layout.perm(rank);
        if perm.iter().copied().eq(0..rank) {
            return Some(value);
        }
        let perm = perm
            .iter()
            .filter_map(|it| i64::try_from(*it).ok())
            .collect();
        let attrs = vec![("perm", Attr::Ints(perm))];
        self.node(
            &format!("{name}.turned"),
            "Transpose",
            &[Some(value)],
            attrs,
            None,
        )
        .map(|it| it.1)
    }

    /// The value of a module's bias.
    pub(super) fn bias(&self, module: &str) -> Option<ValueId> {
        let bias = self.tensors.table.bias(module)?;
        self.stored(&bias.name)
    }

    /// A convolution of which only the tensors are known.
    pub(super) fn open_conv(&mut self, conv: &ConvTensor) -> Option<NodeId> {
        let input = self.unknown()?;
        let rank = conv.shape.len();
        let weight = self.weight(&conv.weight, rank)?;
        let bias = self.bias(&conv.module);
        let filters = if conv.transposed {
            let each = conv.shape.get(1).copied()?;
            each.checked_mul(conv.group.unwrap_or(1))
        } else {
            conv.shape.first().copied()
        };
        let mut dims = vec![Dim::Known(1), filters.map_or(Dim::Unknown, Dim::Known)];
        dims.resize(rank, Dim::Unknown);
        let mut attrs = vec![];
        let kernel = conv.shape.get(2..).unwrap_or_default();
        attrs.push(("kernel_shape", ints(kernel)));
        let group = conv.group.and_then(|it| i64::try_from(it).ok());
        attrs.extend(group.map(|it| ("group", Attr::Int(it))));
        let op_type = if conv.transposed {
            "ConvTranspose"
        } else {
            "Conv"
        };
        let inputs = [Some(input), Some(weight), bias];
        self.node(&conv.module, op_type, &inputs, attrs, Some(dims))
            .map(|it| it.0)
    }

    /// Whatever nobody reads is an output.
    pub(super) fn finish(self) {
        if let Some(graph) = self.network.graphs.first_mut() {
            graph.outputs.extend(self.unread);
        }
    }
}

/// ONNX's domain, but for the one operator that it lacks.
fn domain(op_type: &str) -> &'static str {
    if op_type == crate::op::CHANNELS {
        crate::op::OWN
    } else {
        ONNX
    }
}

/// A list of integers; none that a file can hold is too large for one, but in a broken one.
pub(super) fn ints(values: &[u64]) -> Attr {
    let values = values
        .iter()
        .map(|it| i64::try_from(*it).unwrap_or(i64::MAX));
    Attr::Ints(values.collect())
}
