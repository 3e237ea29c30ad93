//! Sums over the rows. A sum with an unknown term is unknown, and says which term.

use std::collections::BTreeSet;

use super::count::{OVERFLOW, gap};
use super::roles::Sums;
use super::rows::{ConvLayer, ConvTotals, Layer, LinearTotals, PoolTotals, Totals};
use super::trace::{Root, Tracer};
use crate::finding::Gap;
use crate::units::{Macs, Params, wide};

/// A sum says no more than this many names of what it lacks.
const MOST_NAMED: usize = 3;

/// Adds up the rows; `conv_roots` are the stored tensors that the convolutions use. Which of them count
/// as parameters is the caller's to fill in.
pub(super) fn totals(
    layers: &[Layer],
    sums: &Sums,
    tracer: &Tracer<'_>,
    conv_roots: &BTreeSet<Root>,
    gaps: &mut Vec<Gap>,
) -> Totals {
    let params = super::roles::Role::ALL
        .into_iter()
        .filter(|it| it.is_parameter());
    let params = params.fold(0u128, |sum, it| sum.saturating_add(sums.roles.of(it).0));
    let conv = conv(layers, tracer, conv_roots, gaps);
    let linear = linear(layers, gaps);
    let macs = layers.iter().filter_map(|it| match it {
        Layer::Conv(row) if row.is_aside() => None,
        Layer::Conv(row) => Some((row.name.as_str(), row.macs)),
        Layer::Linear(row) | Layer::Recurrent(row) => Some((row.name.as_str(), row.macs)),
        Layer::Pool(_) | Layer::Other(_) => None,
    });
    let macs = macs.map(|(name, macs)| (name, macs.map(|it| it.0)));
    let pools = layers.iter().filter(|it| matches!(it, Layer::Pool(_)));
    Totals {
        params: Params(params),
        roles: sums.roles,
        weight_bytes: sums.weight_bytes,
        data_types: sums.data_types.clone(),
        macs: sum("macs", macs, gaps).map(Macs),
        peak_activations: None,
        conv,
        pool: PoolTotals {
            layers: wide(pools.count()),
        },
        linear,
    }
}

fn conv(
    layers: &[Layer],
    tracer: &Tracer<'_>,
    roots: &BTreeSet<Root>,
    gaps: &mut Vec<Gap>,
) -> ConvTotals {
    let rows: Vec<&ConvLayer> = layers
        .iter()
        .filter_map(|it| match it {
            Layer::Conv(row) if !row.is_aside() => Some(row.as_ref()),
            _ => None,
        })
        .collect();
    let mut of = |what: &str, count: fn(&ConvLayer) -> Option<u128>| {
        let terms = rows.iter().map(|row| (row.name.as_str(), count(row)));
        sum(&format!("conv.{what}"), terms, gaps)
    };
    let shared = of("shared", |row| row.params.shared.map(|it| it.0));
    // Each row must be known; then each tensor counts once.
    let stored = of("stored", |row| row.params.stored.map(|_| 0));
    let unshared = of("unshared", |row| row.params.unshared.map(|it| it.0));
    let dense = of("dense", |row| row.params.dense.map(|it| it.0));
    let macs = of("macs", |row| row.macs.map(|it| it.0));
    ConvTotals {
        layers: wide(rows.len()),
        params: Params::default(),
        shared: shared.map(Params),
        stored: stored.map(|_| Params(once(tracer, roots))),
        unshared: unshared.map(Params),
        dense: dense.map(Params),
        macs: macs.map(Macs),
    }
}

fn linear(layers: &[Layer], gaps: &mut Vec<Gap>) -> LinearTotals {
    let rows = layers.iter().filter_map(|it| match it {
        Layer::Linear(row) => Some((row.name.as_str(), row.macs.map(|it| it.0))),
        _ => None,
    });
    LinearTotals {
        layers: wide(rows.clone().count()),
        params: Params::default(),
        macs: sum("linear.macs", rows, gaps).map(Macs),
    }
}

/// Elements of stored tensors, each once.
fn once(tracer: &Tracer<'_>, roots: &BTreeSet<Root>) -> u128 {
    let sizes = roots.iter().filter_map(|it| tracer.root_numel(*it));
    sizes.fold(0, u128::saturating_add)
}

/// The sum of named terms, or a gap that names the first unknown ones.
fn sum<'a>(
    what: &str,
    terms: impl Iterator<Item = (&'a str, Option<u128>)> + Clone,
    gaps: &mut Vec<Gap>,
) -> Option<u128> {
    let mut unknown = terms.clone().filter(|it| it.1.is_none()).map(|it| it.0);
    let named: Vec<&str> = unknown.by_ref().take(MOST_NAMED).collect();
    let reason = match (named.as_slice(), unknown.count()) {
        ([], _) => {
            let mut terms = terms.filter_map(|it| it.1);
            match terms.try_fold(0u128, u128::checked_add) {
                Some(sum) => return Some(sum),
                None => OVERFLOW.to_owned(),
            }
        }
        (named, 0) => format!("unknown for {}", named.join(", ")),
        (named, more) => format!("unknown for {} and {more} more", named.join(", ")),
    };
    gaps.push(gap("totals", what, reason));
    None
}
