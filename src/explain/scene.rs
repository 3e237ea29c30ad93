//! What an explanation looks at: the network, its shapes, and the account of it.

use std::collections::HashMap;

use crate::account::trace::{Root, Tracer};
use crate::account::{Account, ConvLayer};
use crate::infer::Shapes;
use crate::network::{Edges, Network, Node, ValueId};
use crate::tensor::Shape;

pub(super) use crate::network::{input_of, output_of};

/// The network with what was found out about it.
pub(super) struct Scene<'a> {
    pub(super) network: &'a Network,
    pub(super) shapes: &'a Shapes,
    tracer: Tracer<'a>,
    /// The reason of every gap, by layer and field.
    gaps: HashMap<(&'a str, &'a str), &'a str>,
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
            tracer: Tracer::new(network, edges, shapes),
            gaps,
        }
    }

    /// Why a field of a layer's row is null.
    pub(super) fn why(&self, layer: &str, what: &str) -> String {
        let reason = self.gaps.get(&(layer, what));
        reason.map_or_else(|| "sizes are open".to_owned(), |it| (*it).to_owned())
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

    /// What is known of a value's sizes.
    pub(super) fn shape(&self, value: ValueId) -> Option<&'a Shape> {
        self.shapes.values.get(value.at())?.shape.as_ref()
    }

    /// Who stated a value's sizes, where a user did.
    pub(super) fn stated_by(&self, value: Option<ValueId>) -> Option<&'a str> {
        self.network.pinned.get(&value?).map(|it| it.by.as_str())
    }
}
