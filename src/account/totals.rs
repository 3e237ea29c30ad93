//! Sums over the rows. A sum with an unknown term is unknown, and says which term.

use std::collections::{BTreeMap, BTreeSet};

use super::count::{Count, OVERFLOW, gap};
use super::roles::Sums;
use super::rows::{ConvLayer, ConvTotals, Layer, LinearTotals, PoolTotals, Totals};
use super::trace::{Root, Tracer};
use crate::finding::Gap;
use crate::tensor::Form;
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
    let mut adder = Adder {
        gaps,
        formulas: BTreeMap::new(),
    };
    let conv = conv(layers, tracer, conv_roots, &mut adder);
    let linear = linear(layers, &mut adder);
    let macs = layers.iter().filter_map(|it| match it {
        Layer::Conv(row) if row.is_aside() => None,
        Layer::Conv(row) => Some(term(
            &row.name,
            row.macs.map(|it| it.0),
            &row.formulas,
            "macs",
        )),
        Layer::Linear(row) | Layer::Recurrent(row) => Some(term(
            &row.name,
            row.macs.map(|it| it.0),
            &row.formulas,
            "macs",
        )),
        Layer::Pool(_) | Layer::Other(_) => None,
    });
    let macs = adder.sum("macs", macs).map(Macs);
    let pools = layers.iter().filter(|it| matches!(it, Layer::Pool(_)));
    Totals {
        params: Params(params),
        roles: sums.roles,
        weight_bytes: sums.weight_bytes,
        data_types: sums.data_types.clone(),
        macs,
        peak_activations: None,
        conv,
        pool: PoolTotals {
            layers: wide(pools.count()),
        },
        linear,
        formulas: adder.formulas,
    }
}

fn conv(
    layers: &[Layer],
    tracer: &Tracer<'_>,
    roots: &BTreeSet<Root>,
    adder: &mut Adder<'_>,
) -> ConvTotals {
    let rows: Vec<&ConvLayer> = layers
        .iter()
        .filter_map(|it| match it {
            Layer::Conv(row) if !row.is_aside() => Some(row.as_ref()),
            _ => None,
        })
        .collect();
    let mut of = |path, field, count: fn(&ConvLayer) -> Option<u128>| {
        let terms = rows.iter();
        let terms = terms.map(|row| term(&row.name, count(row), &row.formulas, field));
        adder.sum(path, terms)
    };
    let shared = of("conv.shared", "shared", |row| {
        row.params.shared.map(|it| it.0)
    });
    // Each row must be known; then each tensor counts once.
    let stored = of("conv.stored", "stored", |row| row.params.stored.map(|_| 0));
    let unshared = of("conv.unshared", "unshared", |row| {
        row.params.unshared.map(|it| it.0)
    });
    let dense = of("conv.dense", "dense", |row| row.params.dense.map(|it| it.0));
    let macs = of("conv.macs", "macs", |row| row.macs.map(|it| it.0));
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

fn linear(layers: &[Layer], adder: &mut Adder<'_>) -> LinearTotals {
    let rows = layers.iter().filter_map(|it| match it {
        Layer::Linear(row) => Some(term(
            &row.name,
            row.macs.map(|it| it.0),
            &row.formulas,
            "macs",
        )),
        _ => None,
    });
    LinearTotals {
        layers: wide(rows.clone().count()),
        params: Params::default(),
        macs: adder.sum("linear.macs", rows).map(Macs),
    }
}

/// Elements of stored tensors, each once.
fn once(tracer: &Tracer<'_>, roots: &BTreeSet<Root>) -> u128 {
    let sizes = roots.iter().filter_map(|it| tracer.root_numel(*it));
    sizes.fold(0, u128::saturating_add)
}

/// A layer's part of a sum.
struct Term<'a> {
    layer: &'a str,
    number: Option<u128>,
    /// Where the number is open.
    form: Option<&'a Form>,
}

fn term<'a>(
    layer: &'a str,
    number: Option<u128>,
    formulas: &'a BTreeMap<&'static str, Form>,
    field: &str,
) -> Term<'a> {
    // What one layer calls its output positions are not another's.
    let form = formulas.get(field).filter(|it| !it.has_words());
    Term {
        layer,
        number,
        form,
    }
}

/// Adds up terms, and keeps what it cannot say as a number.
struct Adder<'a> {
    gaps: &'a mut Vec<Gap>,
    formulas: BTreeMap<&'static str, Form>,
}

impl Adder<'_> {
    /// The sum of the terms, else its formula, or a gap that names the first unknown ones.
    fn sum<'a>(
        &mut self,
        path: &'static str,
        terms: impl Iterator<Item = Term<'a>> + Clone,
    ) -> Option<u128> {
        let mut unknown = terms
            .clone()
            .filter(|it| it.number.is_none() && it.form.is_none())
            .map(|it| it.layer);
        let named: Vec<&str> = unknown.by_ref().take(MOST_NAMED).collect();
        let reason = match (named.as_slice(), unknown.count()) {
            ([], _) => match sum(terms) {
                Count::Exact(sum) => return Some(sum),
                Count::Form(form) => {
                    self.formulas.insert(path, form);
                    return None;
                }
                Count::Unknown(reason) => reason,
            },
            (named, 0) => format!("unknown for {}", named.join(", ")),
            (named, more) => format!("unknown for {} and {more} more", named.join(", ")),
        };
        self.gaps.push(gap("totals", path, reason));
        None
    }
}

/// The sum of terms that are numbers or formulas.
fn sum<'a>(terms: impl Iterator<Item = Term<'a>> + Clone) -> Count {
    let mut numbers = terms.clone().filter_map(|it| it.number);
    let numbers = Count::exact(numbers.try_fold(0u128, u128::checked_add));
    let open = terms.filter(|it| it.number.is_none());
    let mut forms = open.filter_map(|it| it.form).cloned().peekable();
    match numbers {
        Count::Exact(number) if forms.peek().is_some() => match Form::number(number) {
            Some(number) => Count::form(Form::sum(forms.chain([number]))),
            None => Count::Unknown(OVERFLOW.to_owned()),
        },
        numbers => numbers,
    }
}
