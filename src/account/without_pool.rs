//! What a pool saves downstream: the same network with that pool replaced by identity, and both counted.
//!
//! A pool hands on what it takes. What its output's sizes would be then is inferred anew for the nodes
//! downstream, and what these cost is counted by the formulas of [`crate::account`]. A matrix product's
//! weight grows with the values that it sums over, `weights · K′ / K`; a convolution's stays, and its
//! locally connected and fully connected counterparts and its multiply-accumulates grow. A reduction that
//! drops the axes it reduces (`keepdims` = 0) leaves one list of values per sample instead.

mod count;
mod words;

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;
use serde::Serialize;

use super::batch::Batch;
use super::count::why_open;
use super::rows::{Account, Layer, PoolLayer, Totals};
use super::scene::{Scene, input_of, output_of};
use super::trace::Root;
use crate::infer::{Again, Shapes};
use crate::network::{Edges, Network, NodeId, ValueId};
use crate::op::Value;
use crate::tensor::{Dim, Shape};

/// Edges that are looked at again for all pools of a network together; each pool has its share of them.
const MOST_STEPS: usize = 8 << 20;

/// What the network would cost without one pool. A number that cannot be told is null, and `reason` says
/// why; that is no gap of the network, which has the pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WithoutPool {
    /// Why a number is null.
    pub reason: Option<String>,
    /// Elements of the linear layers' stored weights and biases: `totals.linear.params`.
    pub linear_params: Option<Change>,
    /// The linear layer whose weight would grow most, the first of equals; null where none would.
    pub largest_linear: Option<LinearGrowth>,
    /// Parameters of locally connected layers in place of the convolutions: `totals.conv.unshared`.
    pub unshared: Option<Change>,
    /// Parameters of fully connected layers in their place: `totals.conv.dense`.
    pub dense: Option<Change>,
    /// Multiply-accumulates of one sample: `totals.macs`.
    pub macs: Option<Change>,
}

/// A sum over the network with a pool and without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The sum as it is; null where the network has an unknown term elsewhere.
    pub with: Option<u128>,
    /// The sum without the pool.
    pub without: Option<u128>,
    /// How much more that is; below zero where the pool makes its input larger.
    pub change: i128,
}

/// How a linear layer's weight would grow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LinearGrowth {
    /// The layer's name.
    pub layer: String,
    /// Values that each of its sums has.
    pub inputs_with: u64,
    /// The same without the pool.
    pub inputs_without: u64,
    /// Elements of its weight.
    pub weights_with: u128,
    /// The same without the pool.
    pub weights_without: u128,
}

/// A linear layer's stored weight.
#[derive(Clone, Copy, Debug)]
pub(super) struct LinearWeight {
    pub(super) node: NodeId,
    /// Its place among the node's inputs.
    pub(super) place: usize,
    pub(super) root: Root,
    /// Its elements; `None` past `u128`.
    pub(super) numel: Option<u128>,
    /// Whether it counts as a parameter.
    pub(super) live: bool,
}

/// Tells of each pool of an account what it saves downstream. `shapes` are those that the account was made
/// with.
pub fn without_pools(network: &Network, edges: &Edges, shapes: &Shapes, account: &mut Account) {
    let pools = account.layers.iter().filter_map(|it| match it {
        Layer::Pool(row) => Some(row.as_ref()),
        _ => None,
    });
    let pools: Vec<&PoolLayer> = pools.collect();
    if pools.is_empty() {
        return;
    }
    let asked = Asked::new(network, edges, shapes, account, pools.len());
    let answers: Vec<WithoutPool> = pools.par_iter().map(|it| asked.without(it)).collect();
    let rows = account.layers.iter_mut().filter_map(|it| match it {
        Layer::Pool(row) => Some(row),
        _ => None,
    });
    for (row, answer) in rows.zip(answers) {
        row.without_pool = Some(Box::new(answer));
    }
}

/// What every pool's answer is told from.
struct Asked<'a> {
    scene: Scene<'a>,
    again: Again<'a>,
    batch: Batch,
    totals: &'a Totals,
    /// The rows that cost something, by node.
    rows: HashMap<NodeId, &'a Layer>,
    weights: HashMap<NodeId, LinearWeight>,
    /// How many linear layers use a stored weight.
    users: BTreeMap<Root, usize>,
    pools: usize,
}

impl<'a> Asked<'a> {
    fn new(
        network: &'a Network,
        edges: &'a Edges,
        shapes: &'a Shapes,
        account: &'a Account,
        pools: usize,
    ) -> Self {
        let scene = Scene {
            network,
            edges,
            shapes,
            changes: None,
        };
        let costly = account.layers.iter().filter_map(|it| match it {
            Layer::Conv(row) => Some((row.node, it)),
            Layer::Linear(row) | Layer::Recurrent(row) => Some((row.node, it)),
            Layer::Pool(_) | Layer::Other(_) => None,
        });
        let mut users = BTreeMap::new();
        for weight in &account.linear_weights {
            let count = users.entry(weight.root).or_insert(0usize);
            *count = count.saturating_add(1);
        }
        let weights = account.linear_weights.iter();
        Self {
            scene,
            again: Again::new(network, edges, shapes),
            batch: Batch::find(scene),
            totals: &account.totals,
            rows: costly.collect(),
            weights: weights.map(|it| (it.node, *it)).collect(),
            users,
            pools,
        }
    }

    fn without(&self, pool: &PoolLayer) -> WithoutPool {
        let answer = self.identity(pool).and_then(|(output, value)| {
            let most = MOST_STEPS.checked_div(self.pools).unwrap_or(MOST_STEPS);
            let changed = self.again.with(output, value, most);
            changed.map_err(|it| self.why(&it))
        });
        match answer {
            Ok(changed) => self.counted(&changed),
            Err(reason) => WithoutPool {
                reason: Some(reason),
                ..WithoutPool::default()
            },
        }
    }

    /// What the pool's output would be: its input.
    fn identity(&self, pool: &PoolLayer) -> Result<(ValueId, Value), String> {
        let scene = self.scene;
        let node = scene.network.node(pool.node);
        if !self.again.is_main(pool.node) {
            return Err("it stands in a body of control flow, which is not walked again".into());
        }
        let indices = node.outputs.get(1).copied().flatten();
        if indices.is_some_and(|it| !scene.edges.uses(it).is_empty()) {
            return Err("where each maximum stood is used, which only a pool tells".into());
        }
        let (input, output) = (input_of(node, 0), output_of(node));
        let known = |value: Option<ValueId>| {
            let shape = value.and_then(|it| scene.shape(it));
            let shape = shape.filter(|it| it.sizes().is_some());
            shape.ok_or_else(|| why_open(scene.shapes, value))
        };
        let (taken, made) = (known(input)?, known(output)?);
        let output = output.ok_or("it makes nothing")?;
        let shape = if made.rank() < taken.rank() {
            flat(taken)?
        } else {
            taken.clone()
        };
        let data_type = scene.value(output).and_then(|it| it.data_type);
        Ok((output, Value::tensor(data_type, shape)))
    }
}

/// One list of values per sample.
fn flat(shape: &Shape) -> Result<Shape, String> {
    let mut sizes = shape.0.iter().skip(1).filter_map(Dim::known);
    let values = sizes.try_fold(1u64, u64::checked_mul);
    let values = values.ok_or("one sample has more values than 64 bits count")?;
    Ok(Shape(vec![shape.dim(0), Dim::Known(values)]))
}
