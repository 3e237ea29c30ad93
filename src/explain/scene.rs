//! What an explanation looks at: the network, its shapes, and the account of it.

use std::collections::HashMap;

use super::Remark;
use crate::account::trace::{Root, Tracer};
use crate::account::{Account, ConvLayer};
use crate::finding::Finding;
use crate::infer::Shapes;
use crate::network::{Edges, Network, Node, NodeId, ValueId};
use crate::tensor::Shape;

pub(super) use crate::network::{input_of, output_of};

/// The network with what was found out about it.
pub(super) struct Scene<'a> {
    pub(super) network: &'a Network,
    pub(super) shapes: &'a Shapes,
    edges: &'a Edges,
    tracer: Tracer<'a>,
    /// The reason of every gap, by layer and field.
    gaps: HashMap<(&'a str, &'a str), &'a str>,
    findings: &'a [Finding],
}

impl<'a> Scene<'a> {
    pub(super) fn new(
        network: &'a Network,
        edges: &'a Edges,
        shapes: &'a Shapes,
        account: &'a Account,
    ) -> Self {
        let mut gaps = HashMap::new();
        for gap in &account.gaps {
            let key = (gap.layer.as_str(), gap.what.as_str());
            gaps.entry(key).or_insert(gap.reason.as_str());
        }
        Self {
            network,
            shapes,
            edges,
            tracer: Tracer::new(network, edges, shapes),
            gaps,
            findings: &account.findings,
        }
    }

    /// Why a field of a layer's row is null.
    pub(super) fn why(&self, layer: &str, what: &str) -> String {
        let reason = self.gaps.get(&(layer, what));
        reason.map_or_else(|| "sizes are open".to_owned(), |it| (*it).to_owned())
    }

    /// What the rules say of a layer.
    pub(super) fn findings(&self, layer: &str) -> Vec<Remark> {
        let own = self.findings.iter();
        let own = own.filter(|it| it.layer.as_deref() == Some(layer));
        let remark = |it: &Finding| Remark {
            id: it.rule,
            text: format!("{}: {}.", it.rule, it.message),
        };
        own.map(remark).collect()
    }

    pub(super) fn node(&self, row: &ConvLayer) -> &'a Node {
        self.network.node(row.node)
    }

    /// The stored tensor that a value leads back to, by its sizes.
    pub(super) fn stored(&mut self, value: ValueId) -> Option<Vec<u64>> {
        match self.tracer.root(value) {
            Root::Stored(id) => Some(self.network.initializer(id).tensor.dims.clone()),
            Root::ConstantOfShape(_) => self.shape(value)?.sizes(),
            _ => None,
        }
    }

    /// Whether anything uses the output of a node at this place.
    pub(super) fn uses_output(&self, node: NodeId, place: usize) -> bool {
        let outputs = &self.network.node(node).outputs;
        let value = outputs.get(place).copied().flatten();
        value.is_some_and(|it| !self.edges.uses(it).is_empty())
    }

    /// What is known of a value's sizes.
    pub(super) fn shape(&self, value: ValueId) -> Option<&'a Shape> {
        self.shapes.values.get(value.at())?.shape.as_ref()
    }

    /// Who stated a value's sizes, where a user did.
    pub(super) fn stated_by(&self, value: Option<ValueId>) -> Option<&'a str> {
        self.network.pinned.get(&value?).map(|it| it.by.as_str())
    }
}
