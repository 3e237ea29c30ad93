//! A layer as alignment sees it: what it is and what it is called, comparable at once.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::field::{Agreement, FIELDS, Value};
use super::{Side, field, name};
use crate::Inspection;
use crate::account::Layer;
use crate::tensor::Dim;

/// A layer to be aligned.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// What the comparison shows of it.
    pub(super) side: Side,
    /// Its fields of some weight as text, an empty one where it is unknown.
    pub(super) keys: Vec<String>,
    batch: Option<u64>,
}

/// The layers of some kinds, in the model's order.
pub(super) fn items(inspection: &Inspection, kinds: &[&'static str]) -> Vec<Item> {
    let batch = batch(inspection);
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let mut items = Vec::new();
    for (row, layer) in inspection.layers.iter().enumerate() {
        let Some(kind) = field::kind(layer).filter(|it| kinds.contains(it)) else {
            continue;
        };
        let mut item = item(layer, kind, [items.len(), row], batch);
        if let Some(module) = &mut item.side.module {
            let uses = seen.entry(module.clone()).or_default();
            *uses = uses.saturating_add(1);
            // A weight that is used twice is in two layers; a hash is in no module's name.
            if *uses > 1 {
                *module = format!("{module}#{uses}");
            }
        }
        items.push(item);
    }
    items
}

/// The batch: the first size of the model's first input that has more than one axis.
fn batch(inspection: &Inspection) -> Option<u64> {
    let mut shapes = inspection.inputs.iter().filter_map(|it| it.shape.as_ref());
    let shape = shapes.find(|it| it.rank() > 1)?;
    shape.dim(0).known()
}

fn item(layer: &Layer, kind: &'static str, [at, row]: [usize; 2], batch: Option<u64>) -> Item {
    let (name, scope, op_type, weight) = match layer {
        Layer::Conv(it) => (&it.name, &it.scope, &it.op_type, it.weight.as_ref()),
        Layer::Pool(it) => (&it.name, &it.scope, &it.op_type, None),
        Layer::Linear(it) | Layer::Recurrent(it) | Layer::Other(it) => {
            (&it.name, &it.scope, &it.op_type, it.weight.as_ref())
        }
    };
    let mut fields = Vec::new();
    let mut keys = Vec::new();
    for field in FIELDS {
        let value = (field.read)(layer);
        if field.weight > 0 {
            keys.push(value.as_ref().map_or_else(String::new, |it| key(it, batch)));
        }
        fields.extend(value.map(|it| (field.name, it)));
    }
    Item {
        side: Side {
            at,
            row,
            kind,
            name: name.clone(),
            scope: scope.clone(),
            weight: weight.cloned(),
            module: name::module(weight.map(String::as_str), name, op_type),
            fields,
        },
        keys,
        batch,
    }
}

/// A value as text: equal for values that agree, empty where anything about it is unknown.
fn key(value: &Value, batch: Option<u64>) -> String {
    match value {
        Value::Unknown => String::new(),
        Value::Word(word) => word.clone(),
        Value::Flag(flag) => flag.to_string(),
        Value::Count(count) => count.to_string(),
        Value::Sizes(sizes) => format!("{sizes:?}"),
        Value::Shape(shape) => {
            let first = shape.dim(0).known();
            let is_batch = shape.rank() > 1 && batch.is_some() && first == batch;
            let sizes = shape.0.iter().skip(usize::from(is_batch));
            let sizes: Option<Vec<u64>> = sizes.map(Dim::known).collect();
            sizes.map_or_else(String::new, |it| format!("{it:?}"))
        }
    }
}

/// What every field of two layers of one kind says.
pub(super) fn differences(before: &Item, after: &Item) -> Vec<(&'static str, Agreement)> {
    let batches = [before.batch, after.batch];
    let agreement = |(name, left): &(&'static str, Value)| {
        let right = after.side.field(name);
        // A global pool has no strides: that it is global is said already.
        let agreement = right.map_or(Agreement::Equal, |right| left.agrees(right, batches));
        (*name, agreement)
    };
    before.side.fields.iter().map(agreement).collect()
}

/// One order of two lists of layers, by all that alignment looks at.
pub(super) fn order(left: &[Item], right: &[Item]) -> Ordering {
    let looked_at = |it: &Item| {
        let (module, keys) = (it.side.module.clone(), it.keys.clone());
        (it.side.kind, module, keys)
    };
    left.len()
        .cmp(&right.len())
        .then_with(|| left.iter().map(looked_at).cmp(right.iter().map(looked_at)))
}

impl Item {
    /// How much of what both tell of themselves is equal, from 0 to 1.
    pub(super) fn likeness(&self, other: &Self) -> f64 {
        let mut all = 0u32;
        let mut equal = 0u32;
        let weights = FIELDS.iter().map(|it| it.weight).filter(|it| *it > 0);
        for ((left, right), weight) in self.keys.iter().zip(&other.keys).zip(weights) {
            if !left.is_empty() && !right.is_empty() {
                all += u32::from(weight);
                equal += u32::from(weight) * u32::from(left == right);
            }
        }
        if all == 0 {
            return 1.0;
        }
        f64::from(equal) / f64::from(all)
    }
}
