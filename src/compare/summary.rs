//! One column a model: what is kept of an inspection, who is best in what, and how far the others are off.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::Serialize;

use super::property::{PROPERTIES, Property, Value};
use crate::Inspection;
use crate::account::{ConvLayer, Layer, Totals, widest_field};
use crate::infer::Input;
use crate::network::{Claim, GeometryFacts};
use crate::tensor::{Dim, Shape};
use crate::units::{Bytes, Macs, Params, wide};

/// Models side by side.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// In the order in which they were named.
    pub models: Vec<Model>,
}

/// One model: its column.
#[derive(Clone, Debug)]
pub struct Model {
    /// Its path as it was given.
    pub path: String,
    /// What is known of it, or why nothing is.
    pub sums: Result<Box<Sums>, String>,
}

/// What is kept of an inspection; small, so that many models can be held.
#[derive(Clone, Debug, Serialize)]
pub struct Sums {
    /// `onnx`, `safetensors` or `pt2`.
    pub format: &'static str,
    /// Size of the file.
    pub file_bytes: Bytes,
    /// Bytes of it that were read to tell all this.
    pub bytes_read: u64,
    /// Where strides, pools and order come from.
    pub geometry: GeometryFacts,
    /// The model's inputs.
    pub inputs: Vec<Input>,
    /// Sums over the file, as an inspection has them.
    pub totals: Totals,
    /// LSTM, GRU and RNN nodes.
    pub recurrent_layers: u64,
    /// Multiply-accumulates of the convolutions that multiply padding.
    pub padding_macs: Option<Macs>,
    /// Pixels that the widest windows see along one axis; null where those of a layer are not known.
    pub receptive_field: Option<u64>,
    /// The same of the layers of which it is known; left out where it is known of all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receptive_field_at_least: Option<u64>,
    /// The layer that holds most parameters.
    pub largest_layer: Option<Largest>,
    /// Convolutions that were run and agreed; null where none was asked for.
    pub confirmed: Option<u64>,
    /// Convolutions that were run and disagreed.
    pub mismatches: u64,
    /// Convolutions that were to be run and were not.
    pub not_run: u64,
    /// How many warnings the inspection has.
    pub warnings: u64,
    /// How many gaps it has.
    pub gaps: u64,
    /// Why a sum is null, by its name in `totals`.
    pub unknown: BTreeMap<String, String>,
}

/// The layer that holds most parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Largest {
    /// Its name.
    pub name: String,
    /// `conv`, `linear`, `recurrent` or `other`.
    pub kind: &'static str,
    /// What it stores.
    pub params: Params,
}

impl Sums {
    /// What is kept of an inspection.
    #[must_use]
    pub fn of(inspection: &Inspection) -> Self {
        let mut unknown: BTreeMap<String, String> = BTreeMap::new();
        for gap in inspection.gaps.iter().filter(|it| it.layer == "totals") {
            unknown.insert(gap.what.clone(), gap.reason.clone());
        }
        for path in inspection.totals.formulas.keys() {
            unknown.insert((*path).to_owned(), "sizes are open".to_owned());
        }
        let padding_macs = padding(&inspection.layers).map_err(|it| {
            unknown.insert("padding_macs".to_owned(), it);
        });
        let field = widest_field(&inspection.layers);
        let partly = list(inspection, |it| it == "receptive_field");
        let whole = partly.is_none();
        unknown.extend(partly.map(|it| ("receptive_field".to_owned(), it)));
        let runs = inspection.verification.iter();
        let left_out = || {
            runs.clone()
                .filter(|it| !it.is_confirmed() && !it.is_mismatch())
        };
        let reason =
            left_out().find_map(|it| Some(format!("{}: {}", it.layer, it.reason.as_ref()?)));
        unknown.extend(reason.map(|it| ("verified".to_owned(), it)));
        let not_run = wide(left_out().count());
        let confirmed = wide(runs.clone().filter(|it| it.is_confirmed()).count());
        let recurrent = |it: &&Layer| matches!(it, Layer::Recurrent(_));
        Self {
            format: inspection.facts.format,
            file_bytes: inspection.facts.file_bytes,
            bytes_read: inspection.bytes_read,
            geometry: inspection.facts.geometry.clone(),
            inputs: inspection.inputs.clone(),
            totals: inspection.totals.clone(),
            recurrent_layers: wide(inspection.layers.iter().filter(recurrent).count()),
            padding_macs: padding_macs.ok(),
            receptive_field: field.filter(|_| whole),
            receptive_field_at_least: field.filter(|_| !whole),
            largest_layer: largest(&inspection.layers),
            confirmed: (!inspection.verification.is_empty()).then_some(confirmed),
            mismatches: wide(runs.clone().filter(|it| it.is_mismatch()).count()),
            not_run,
            warnings: wide(inspection.warnings.len()),
            gaps: wide(inspection.gaps.len()),
            unknown,
        }
    }

    /// Whether its strides and pools are somebody's assumption.
    #[must_use]
    pub fn is_assumed(&self) -> bool {
        self.geometry.claim == Claim::Assumed
    }
}

/// The gaps in what layers tell, in one sentence.
fn list(inspection: &Inspection, what: fn(&str) -> bool) -> Option<String> {
    let mut gaps = inspection.gaps.iter().filter(|it| what(&it.what));
    let first = gaps.next()?;
    let first = match first.layer.as_str() {
        "totals" => first.reason.clone(),
        layer => format!("{layer}: {}", first.reason),
    };
    Some(match gaps.count() {
        0 => first,
        more => format!("{first} (and {more} more)"),
    })
}

/// The padding's share of the convolutions' multiply-accumulates, or which layers leave it open.
fn padding(layers: &[Layer]) -> Result<Macs, String> {
    let mut sum = 0u128;
    let mut open: Vec<&str> = Vec::new();
    for row in layers.iter().filter_map(conv).filter(|it| !it.is_aside()) {
        match row.padding_macs {
            Some(macs) => sum = sum.saturating_add(macs.0),
            None => open.push(&row.name),
        }
    }
    match open.as_slice() {
        [] => Ok(Macs(sum)),
        [one] => Err(format!("unknown for {one}")),
        [first, rest @ ..] => Err(format!("unknown for {first} and {} more", rest.len())),
    }
}

fn conv(layer: &Layer) -> Option<&ConvLayer> {
    match layer {
        Layer::Conv(row) => Some(row),
        _ => None,
    }
}

/// The sizes of inputs, without the batch: the first size of the first input of more than one axis.
fn samples(inputs: &[Input]) -> Vec<Option<Vec<Dim>>> {
    let shapes = || inputs.iter().map(|it| it.shape.as_ref());
    let batch = shapes().flatten().find(|it| it.rank() > 1);
    let batch = batch.map(|it| it.dim(0));
    let sample = |shape: &Shape| match shape.0.as_slice() {
        [first, rest @ ..] if !rest.is_empty() && Some(first) == batch.as_ref() => rest.to_vec(),
        all => all.to_vec(),
    };
    shapes().map(|it| it.map(sample)).collect()
}

/// The layer that holds most, the first of equals.
fn largest(layers: &[Layer]) -> Option<Largest> {
    let mut best: Option<Largest> = None;
    for layer in layers {
        let (name, kind, params) = match layer {
            Layer::Conv(row) => (&row.name, "conv", row.params.stored),
            Layer::Linear(row) => (&row.name, "linear", Some(row.params)),
            Layer::Recurrent(row) => (&row.name, "recurrent", Some(row.params)),
            Layer::Other(row) => (&row.name, "other", Some(row.params)),
            Layer::Pool(_) => continue,
        };
        let Some(params) = params.filter(|it| it.0 > 0) else {
            continue;
        };
        if best.as_ref().is_none_or(|it| it.params < params) {
            let name = name.clone();
            best = Some(Largest { name, kind, params });
        }
    }
    best
}

impl Model {
    /// A model's column.
    #[must_use]
    pub fn new(path: String, inspection: Result<&Inspection, String>) -> Self {
        let sums = inspection.map(|it| Box::new(Sums::of(it)));
        Self { path, sums }
    }

    /// One of its properties; `None` where it could not be read.
    #[must_use]
    pub fn value(&self, property: &Property) -> Option<Value> {
        self.sums.as_ref().ok().map(|it| (property.value)(it))
    }
}

impl Summary {
    /// The models that could be read.
    fn read(&self) -> impl Iterator<Item = &Model> {
        self.models.iter().filter(|it| it.sums.is_ok())
    }

    /// The model that the others are measured against: the first that could be read.
    #[must_use]
    pub fn reference(&self) -> Option<&Model> {
        self.read().next()
    }

    /// Whether all models were taken with inputs of the same sizes but for the batch, so that what depends on them compares.
    #[must_use]
    pub fn inputs_agree(&self) -> bool {
        let shapes = |it: &Model| -> Option<Vec<_>> {
            let sums = it.sums.as_ref().ok()?;
            Some(samples(&sums.inputs))
        };
        let mut all = self.read().map(shapes);
        let first = all.next();
        all.all(|it| Some(it) == first)
    }

    /// Places of the models that are best in `property`, all of equals. There is none where nothing is best in
    /// it, where all are alike, where a model's value is unknown, or where inputs of other sizes make values
    /// that depend on them no measure.
    #[must_use]
    pub fn best(&self, property: &Property) -> Vec<usize> {
        if !property.fewest || (property.by_input && !self.inputs_agree()) {
            return vec![];
        }
        let mut best: Vec<(usize, Value)> = Vec::new();
        let mut differ = false;
        for (at, model) in self.models.iter().enumerate() {
            let Some(value) = model.value(property) else {
                continue;
            };
            if value.is_open() {
                return vec![];
            }
            let order = best.first().map(|it| value.compared(&it.1));
            differ |= order.is_some_and(|it| it != Ordering::Equal);
            match order {
                Some(Ordering::Greater) => {}
                Some(Ordering::Equal) => best.push((at, value)),
                Some(Ordering::Less) | None => best = vec![(at, value)],
            }
        }
        if !differ {
            return vec![];
        }
        best.into_iter().map(|it| it.0).collect()
    }

    /// The properties in which two of the models that could be read differ: of those that are asked for, or of all
    /// that are more than what something is called.
    #[must_use]
    pub fn differing(&self, asked: Option<&[&'static Property]>) -> Vec<&'static Property> {
        let all = PROPERTIES.iter().filter(|it| !it.called);
        let properties: Vec<&'static Property> = asked.map_or_else(|| all.collect(), <[_]>::to_vec);
        let Some(first) = self.reference() else {
            return vec![];
        };
        let differ = |it: &&'static Property| {
            let own = first.value(it);
            let mut others = self.read().map(|other| other.value(it));
            others.any(|other| match (&other, &own) {
                (Some(other), Some(own)) => other.differs(own),
                _ => other != own,
            })
        };
        properties.into_iter().filter(differ).collect()
    }

    /// Orders the models by a property, numbers from the greatest; what has no value comes last, equals stay as
    /// they were.
    pub fn sort(&mut self, property: &Property) {
        let key = |it: &Model| match it.value(property) {
            Some(value) if !value.is_open() => Some(value),
            _ => None,
        };
        self.models
            .sort_by(|left, right| match (key(left), key(right)) {
                (Some(left), Some(right)) => right.ordered(&left),
                (left, right) => left.is_none().cmp(&right.is_none()),
            });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(shapes: &[&[u64]]) -> Vec<Option<Vec<Dim>>> {
        let input = |sizes: &&[u64]| Input {
            name: String::new(),
            data_type: None,
            declared: None,
            shape: Some(Shape::known(sizes)),
        };
        samples(&shapes.iter().map(input).collect::<Vec<_>>())
    }

    #[test]
    fn a_batch_is_no_size_of_the_input() {
        assert_eq!(of(&[&[8, 3, 16, 16]]), of(&[&[1, 3, 16, 16]]));
        assert_eq!(of(&[&[8, 3, 16], &[8, 2]]), of(&[&[1, 3, 16], &[1, 2]]));
        assert_ne!(of(&[&[8, 3, 16, 16]]), of(&[&[1, 3, 16, 17]]));
        // Without a second axis it is a size.
        assert_ne!(of(&[&[8]]), of(&[&[1]]));
    }
}
