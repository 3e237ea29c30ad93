//! What a network costs: each convolution with and without sharing, each pool, every tensor's role.
//!
//! Formulas, per sample, exact in `u128` (`b` is 1 with a bias, else 0):
//!
//! | count | `Conv`, weight `[M, C/group, k…]` | `ConvTranspose`, weight `[C, M/group, k…]` |
//! |---|---|---|
//! | `shared` | `M · (C/group · ∏k + b)` | `C · M/group · ∏k + b · M` |
//! | `unshared` | `M · ∏o · (C/group · ∏k + b)` | `C · ∏d · M/group · ∏k + b · M · ∏o` |
//! | `dense` | `M · ∏o · (C · ∏d + b)` | `M · ∏o · (C · ∏d + b)` |
//! | `macs` | `M · ∏o · C/group · ∏k` | `C · ∏d · M/group · ∏k` |
//!
//! `stored` is counted from the tensors themselves, apart from all this.

mod batch;
mod conv;
mod costs;
mod count;
mod feature_maps;
mod fill;
mod findings;
mod flow;
mod geometry;
mod live;
mod node;
mod peak;
mod pointwise;
mod pool;
mod receptive;
mod roles;
mod rows;
mod scene;
mod slots;
mod tensors;
mod ties;
mod totals;
pub mod trace;
mod without_pool;

#[cfg(test)]
mod tests;

pub use peak::Peak;
pub use receptive::{ReceptiveField, Step, Windows, widest_field};
pub use roles::Role;
pub use rows::{
    Account, ConvLayer, ConvTotals, Layer, LinearTotals, NodeLayer, ParamCounts, PoolLayer,
    PoolTotals, Roles, Totals,
};
pub use tensors::{TensorRow, tensors};
pub use without_pool::{Change, LinearGrowth, WithoutPool, without_pools};

use std::collections::BTreeSet;

use crate::infer::Shapes;
use crate::network::{Edges, Network};
use crate::op;
use crate::units::Params;
use scene::Scene;

/// Accounts for every node and every stored tensor of a network; what cannot be told is a gap.
#[must_use]
pub fn account(network: &Network, edges: &Edges, shapes: &Shapes) -> Account {
    let scene = Scene {
        network,
        edges,
        shapes,
        changes: None,
    };
    let order = scene.order();
    let mut tracer = trace::Tracer::of(scene);
    let booked = roles::book(scene, &mut tracer);
    let ties = ties::Ties::find(scene, &mut tracer, &order);
    let feature_maps = feature_maps::find(scene, &order);
    let batch = batch::Batch::find(scene);
    let mut linears = node::Linears::default();
    let mut rows = conv::Rows {
        scene,
        tracer: &mut tracer,
        ties: &ties,
        batch: &batch,
        findings: vec![],
        gaps: vec![],
        roots: BTreeSet::new(),
    };
    let mut layers = Vec::with_capacity(order.len());
    for id in order {
        let node = network.node(id);
        let conv = op::conv::find(&node.domain, &node.op_type);
        layers.push(if let Some(operator) = conv {
            Layer::Conv(Box::new(rows.conv(id, operator)))
        } else if let Some(kind) = feature_maps::kind(scene, node, &feature_maps) {
            Layer::Pool(Box::new(rows.pool(id, &kind)))
        } else {
            rows.node(id, &booked, &mut linears)
        });
    }
    let (mut findings, mut gaps, roots) = (rows.findings, rows.gaps, rows.roots);
    findings.extend(findings::dead_weights(scene, &booked));
    let sums = roles::sum(scene, &booked, &mut gaps);
    receptive::fill(scene, &mut layers, &mut gaps);
    let mut totals = totals::totals(&layers, &sums, &tracer, &roots, &mut gaps);
    let live = |roots: &BTreeSet<trace::Root>| {
        let live = roots.iter().filter(|it| booked.is_parameter(**it));
        let sizes = live.filter_map(|it| tracer.root_numel(*it));
        Params(sizes.fold(0, u128::saturating_add))
    };
    totals.peak_activations = peak::of_model(scene, &batch, &mut gaps);
    totals.conv.params = live(&roots);
    totals.linear.params = live(&linears.roots);
    Account {
        layers,
        totals,
        findings,
        gaps,
        linear_weights: linears.weights,
    }
}
