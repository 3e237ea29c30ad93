//! How each rule measures a model: a number, its known part, or why it is not known.

use std::collections::{BTreeMap, BTreeSet};

use super::super::amount::Unit;
use super::super::layers::{Field, Kind, rows};
use super::{Measured, Model, Named};
use crate::Inspection;
use crate::account;
use crate::tensor::Dim;

impl<'a> Model<'a> {
    /// A model for rules to look at.
    #[must_use]
    pub fn of(inspection: &'a Inspection) -> Self {
        Self {
            inspection,
            layers: rows(inspection),
        }
    }

    /// Why some layers cannot be seen, where that is so: then no number is whole.
    fn hidden(&self) -> Option<String> {
        self.gap(|_, what| what == "layers")
    }

    /// The first gap of a kind, with its layer.
    fn gap(&self, of: impl Fn(&str, &str) -> bool) -> Option<String> {
        let gap = self
            .inspection
            .gaps
            .iter()
            .find(|it| of(&it.layer, &it.what))?;
        Some(match gap.layer.as_str() {
            "totals" => gap.reason.clone(),
            layer => format!("{layer}: {}", gap.reason),
        })
    }

    /// A sum of the account, or its known part with the reason.
    fn sum(&self, known: Option<u128>, what: &str, field: Option<Field>) -> Measured {
        let gap = if known.is_some() {
            self.hidden()
        } else {
            let gap = self.gap(|layer, it| layer == "totals" && it == what);
            let formulas = &self.inspection.totals.formulas;
            let open = formulas.contains_key(what);
            let open = open.then(|| "sizes are open".to_owned());
            let reason = gap.or_else(|| self.hidden()).or(open);
            let reason = reason.unwrap_or_else(|| "nothing in the file tells it".to_owned());
            Some(reason + &self.open_sizes())
        };
        let parts = self.layers.iter().filter_map(|it| it.of(field?));
        let part = parts.fold(0u128, |sum, it| sum.saturating_add(it.certain));
        Measured {
            certain: known.unwrap_or(part),
            gap,
        }
    }

    /// Why a number is not known: the gap of that kind.
    fn missing(&self, of: impl Fn(&str, &str) -> bool) -> String {
        let reason = self.hidden().or_else(|| self.gap(of));
        reason.unwrap_or_else(|| "nothing in the file tells it".to_owned())
    }

    /// What would settle the sizes that are open.
    fn open_sizes(&self) -> String {
        let mut names = BTreeSet::new();
        let mut inputs = Vec::new();
        for input in &self.inspection.inputs {
            let dims = input.shape.iter().flat_map(|it| &it.0);
            let open: Vec<&Dim> = dims.filter(|it| it.known().is_none()).collect();
            if !open.is_empty() || input.shape.is_none() {
                inputs.push(format!("{}=…", input.name));
            }
            let symbols = open.into_iter().filter(|it| matches!(it, Dim::Symbolic(_)));
            names.extend(symbols.map(ToString::to_string));
        }
        let dims: Vec<String> = names.iter().map(|it| format!("--dim {it}=…")).collect();
        match (dims.is_empty(), inputs.is_empty()) {
            (_, true) => String::new(),
            (false, _) => format!("; give {}", dims.join(" ")),
            (true, _) => format!("; give --input {}", inputs.join(" --input ")),
        }
    }
}

pub(super) fn params(it: &Model<'_>) -> Measured {
    Measured {
        certain: it.inspection.totals.params.0,
        gap: it.hidden().or_else(|| it.gap(|_, what| what == "params")),
    }
}

pub(super) fn conv_params(it: &Model<'_>) -> Measured {
    let stored = it.inspection.totals.conv.stored;
    it.sum(stored.map(|it| it.0), "conv.stored", None)
}

pub(super) fn weight_bytes(it: &Model<'_>) -> Measured {
    let missing = |_: &str, what: &str| matches!(what, "params" | "weight_bytes");
    Measured {
        certain: it.inspection.totals.weight_bytes,
        gap: it.hidden().or_else(|| it.gap(missing)),
    }
}

pub(super) fn macs(it: &Model<'_>) -> Measured {
    let macs = it.inspection.totals.macs;
    it.sum(macs.map(|it| it.0), "macs", Some(Field::Macs))
}

pub(super) fn unshared(it: &Model<'_>) -> Measured {
    let unshared = it.inspection.totals.conv.unshared;
    it.sum(
        unshared.map(|it| it.0),
        "conv.unshared",
        Some(Field::Unshared),
    )
}

/// unshared / shared in thousandths, to the nearest.
pub(super) fn sharing_factor(it: &Model<'_>) -> Measured {
    let conv = &it.inspection.totals.conv;
    if conv.layers == 0 {
        let none = "there is no convolution".to_owned();
        return Measured::unknown(it.hidden().unwrap_or(none));
    }
    let shared = it.sum(conv.shared.map(|it| it.0), "conv.shared", None);
    let whole = unshared(it);
    if let Some(gap) = whole.gap.or(shared.gap) {
        return Measured::unknown(gap);
    }
    let thousandths = whole.certain.checked_mul(Unit::Factor.scale());
    let rounded = thousandths.and_then(|it| it.checked_add(shared.certain / 2));
    match rounded.and_then(|it| it.checked_div(shared.certain)) {
        Some(factor) => Measured::known(factor),
        None => Measured::unknown("it passes 128 bits, or nothing is shared".to_owned()),
    }
}

/// The fullest moment of a forward pass, in bytes.
pub(super) fn peak_activations(it: &Model<'_>) -> Measured {
    let peak = it.inspection.totals.peak_activations.as_ref();
    match peak.and_then(|it| it.bytes) {
        Some(bytes) if it.hidden().is_none() => Measured::known(bytes),
        _ => Measured::unknown(
            it.missing(|layer, what| layer == "totals" && what.starts_with("peak_activations")),
        ),
    }
}

/// What the widest windows see; whole where the field of every row is known.
pub(super) fn receptive_field(it: &Model<'_>) -> Measured {
    let gap = it.gap(|_, what| what == "receptive_field");
    match account::widest_field(&it.inspection.layers) {
        Some(pixels) => Measured {
            certain: pixels.into(),
            gap: it.hidden().or(gap),
        },
        None => Measured::unknown(it.missing(|_, what| what == "receptive_field")),
    }
}

pub(super) fn layers(it: &Model<'_>, kind: Kind) -> Measured {
    let count = it.layers.iter().filter(|it| it.kind == kind).count();
    Measured {
        certain: u128::try_from(count).unwrap_or(u128::MAX),
        gap: it.hidden(),
    }
}

pub(super) fn operators(it: &Model<'_>) -> Named {
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for layer in &it.layers {
        let users = names.entry(layer.operator.clone()).or_default();
        users.push(layer.name.clone());
    }
    Named {
        names,
        gap: it.hidden(),
    }
}

pub(super) fn data_types(it: &Model<'_>) -> Named {
    let types = it.inspection.totals.data_types.keys();
    Named {
        names: types.map(|it| (it.name().to_owned(), vec![])).collect(),
        gap: it
            .hidden()
            .or_else(|| it.gap(|_, what| what == "data_type")),
    }
}
