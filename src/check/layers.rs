//! A layer as a budget and a baseline see it: its name, what it is, and three numbers.

use std::collections::{BTreeMap, BTreeSet};

use super::rules::Measured;
use crate::Inspection;
use crate::account::{ConvLayer, Layer, PoolLayer};
use crate::tensor::{Dim, Form, Shape};

/// A number that a single layer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Stored parameters.
    Params,
    /// Multiply-accumulates of one sample.
    Macs,
    /// Parameters without sharing; of convolutions only.
    Unshared,
}

/// What a layer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A convolution.
    Conv,
    /// A pool.
    Pool,
    /// Anything else.
    Other,
}

/// One layer.
#[derive(Clone, Debug)]
pub struct LayerRow {
    /// Its name as the model has it.
    pub name: String,
    /// Its name made unique: with its scope, and a number from the second of a name on.
    pub key: String,
    /// What it is.
    pub kind: Kind,
    /// Its operator, with the domain where that is not ONNX's own.
    pub operator: String,
    /// What it looks like: `kernel`, `strides`, `output`, …, sizes joined by `x`.
    pub traits: BTreeMap<&'static str, String>,
    params: Option<Measured>,
    macs: Option<Measured>,
    unshared: Option<Measured>,
}

impl LayerRow {
    /// One of its numbers; `None` where a layer of its kind has no such thing.
    #[must_use]
    pub fn of(&self, field: Field) -> Option<&Measured> {
        match field {
            Field::Params => self.params.as_ref(),
            Field::Macs => self.macs.as_ref(),
            Field::Unshared => self.unshared.as_ref(),
        }
    }

    /// Whether a baseline keeps it: what has a window or a number.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        let counts = |it: &Option<Measured>| it.as_ref().is_some_and(|it| it.count() != Some(0));
        self.kind != Kind::Other || counts(&self.params) || counts(&self.macs)
    }
}

/// Every layer of a model, in the file's order.
#[must_use]
pub(super) fn rows(inspection: &Inspection) -> Vec<LayerRow> {
    let mut taken = BTreeSet::new();
    let mut reasons: BTreeMap<&str, &str> = BTreeMap::new();
    for gap in &inspection.gaps {
        reasons.entry(gap.layer.as_str()).or_insert(&gap.reason);
    }
    let mut rows: Vec<LayerRow> = inspection
        .layers
        .iter()
        .map(|it| row(it, &reasons))
        .collect();
    // Where to go on counting, so that a file full of one name takes a step a row.
    let mut last: BTreeMap<String, u64> = BTreeMap::new();
    for row in &mut rows {
        let plain = row.key.clone();
        let mut number = last.get(&plain).copied().unwrap_or(1);
        while !taken.insert(row.key.clone()) {
            number = number.saturating_add(1);
            row.key = format!("{plain} ({number})");
        }
        last.insert(plain, number);
    }
    rows
}

/// What rows of every kind have.
struct Common<'a> {
    name: &'a str,
    scope: &'a str,
    domain: &'a str,
    op_type: &'a str,
    output: Option<&'a Shape>,
}

/// Reads the fields that every kind of row has under the same name.
macro_rules! common {
    ($row:expr) => {
        Common {
            name: &$row.name,
            scope: &$row.scope,
            domain: &$row.domain,
            op_type: &$row.op_type,
            output: $row.output_shape.as_ref(),
        }
    };
}

fn row(layer: &Layer, reasons: &BTreeMap<&str, &str>) -> LayerRow {
    match layer {
        Layer::Conv(it) => conv(it, reasons),
        Layer::Pool(it) => pool(it),
        Layer::Linear(it) | Layer::Recurrent(it) => LayerRow {
            params: Some(Measured::known(it.params.0)),
            macs: Some(counted(
                it.macs.map(|it| it.0),
                it.formulas.get("macs"),
                reasons.get(it.name.as_str()),
            )),
            ..named(Kind::Other, &common!(it))
        },
        Layer::Other(it) => LayerRow {
            params: Some(Measured::known(it.params.0)),
            ..named(Kind::Other, &common!(it))
        },
    }
}

fn conv(it: &ConvLayer, reasons: &BTreeMap<&str, &str>) -> LayerRow {
    let count = |count: Option<u128>, field| {
        Some(counted(
            count,
            it.formulas.get(field),
            reasons.get(it.name.as_str()),
        ))
    };
    let mut row = LayerRow {
        params: count(it.params.stored.map(|it| it.0), "stored"),
        macs: count(it.macs.map(|it| it.0), "macs"),
        unshared: count(it.params.unshared.map(|it| it.0), "unshared"),
        ..named(Kind::Conv, &common!(it))
    };
    row.add("kernel", it.kernel_shape.as_deref());
    row.add("strides", it.strides.as_deref());
    row.add("pads", it.pads.as_deref());
    row.add_unless_1("dilations", it.dilations.as_deref());
    row.add_unless_1(
        "group",
        it.group.map(|it| [it]).as_ref().map(<[u64; 1]>::as_slice),
    );
    row
}

fn pool(it: &PoolLayer) -> LayerRow {
    let mut row = LayerRow {
        params: Some(Measured::known(0)),
        ..named(Kind::Pool, &common!(it))
    };
    row.add("kernel", it.kernel_shape.as_deref());
    row.add("strides", it.strides.as_deref());
    row.add("pads", it.pads.as_deref());
    row.add_unless_1("dilations", it.dilations.as_deref());
    row
}

fn named(kind: Kind, it: &Common<'_>) -> LayerRow {
    let key = match it.scope {
        "" => it.name.to_owned(),
        scope => format!("{scope}/{}", it.name),
    };
    let output = it.output.map(|it| ("output", sizes(it)));
    LayerRow {
        name: it.name.to_owned(),
        key,
        kind,
        operator: operator(it.domain, it.op_type),
        traits: output.into_iter().collect(),
        params: None,
        macs: None,
        unshared: None,
    }
}

/// An operator's name in budgets: `Conv`, `com.microsoft.FusedConv`.
fn operator(domain: &str, op_type: &str) -> String {
    match domain {
        "" | "ai.onnx" => op_type.to_owned(),
        domain => format!("{domain}.{op_type}"),
    }
}

fn counted(count: Option<u128>, formula: Option<&Form>, reason: Option<&&str>) -> Measured {
    match (count, formula, reason) {
        (Some(count), _, _) => Measured::known(count),
        (None, Some(formula), _) => Measured::unknown(format!("it is {formula}, with open sizes")),
        (None, None, Some(reason)) => Measured::unknown((*reason).to_owned()),
        (None, None, None) => Measured::unknown("nothing in the file tells it".to_owned()),
    }
}

/// Sizes joined by `x`, an unknown one as `?`; the batch is left out.
fn sizes(shape: &Shape) -> String {
    let dims = shape.0.iter().skip(usize::from(shape.rank() > 1));
    dims.map(Dim::to_string).collect::<Vec<_>>().join("x")
}

impl LayerRow {
    fn add(&mut self, name: &'static str, values: Option<&[impl ToString]>) {
        if let Some(values) = values.filter(|it| !it.is_empty()) {
            let values: Vec<String> = values.iter().map(ToString::to_string).collect();
            self.traits.insert(name, values.join("x"));
        }
    }

    fn add_unless_1(&mut self, name: &'static str, values: Option<&[u64]>) {
        self.add(name, values.filter(|it| it.iter().any(|it| *it != 1)));
    }
}
