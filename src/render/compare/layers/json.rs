//! JSON, version 1: every pair of layers with all fields of both, sums with their differences.

use std::collections::BTreeMap;
use std::io;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{Page, tensors};
use crate::compare::layers::{
    Change, InputChange, Layers, OperatorCount, Pair, Side, Status, Total, Value,
};
use crate::compare::tensors::{Content, Tensors};
use crate::render::json::{self, Named};

/// The document; keys stand in this order.
#[derive(serde::Serialize)]
struct Document<'a> {
    by: &'static str,
    /// Before and after.
    models: Vec<Named<'a>>,
    same: bool,
    similarity: f64,
    counts: BTreeMap<&'static str, usize>,
    inputs: &'a [InputChange],
    layers: Vec<Row<'a>>,
    totals: Totals<'a>,
    /// Null where they were not compared.
    tensors: Option<Vec<tensors::Row<'a>>>,
    /// Bytes of contents that were read; null where only shapes were compared.
    contents_read: Option<u64>,
    operators: &'a [OperatorCount],
    notes: &'a [String],
}

#[derive(serde::Serialize)]
struct Row<'a> {
    status: &'static str,
    moved: bool,
    renamed: bool,
    kind: Option<&'static str>,
    before: Option<Of<'a>>,
    after: Option<Of<'a>>,
    changes: Vec<Changed<'a>>,
    /// Fields that only one of the two tells.
    open: &'a [&'static str],
    /// What the contents of its tensors say together; null where they were not compared.
    weights: Option<&'static str>,
}

#[derive(serde::Serialize)]
struct Of<'a> {
    index: usize,
    name: &'a str,
    scope: &'a str,
    weight: Option<&'a str>,
    module: Option<&'a str>,
    fields: Fields<'a>,
}

/// Fields in the order in which they are compared.
struct Fields<'a>(&'a [(&'static str, Value)]);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|it| (it.0, &it.1)))
    }
}

#[derive(serde::Serialize)]
struct Changed<'a> {
    what: &'static str,
    before: &'a Value,
    after: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    difference_permille: Option<i128>,
}

/// Sums under their names in the document of an inspection: `totals.conv.macs`.
struct Totals<'a>(&'a [Total]);

impl Serialize for Totals<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let mut rest = self.0;
        while let Some(first) = rest.first() {
            let Some((group, _)) = first.name.split_once('.') else {
                map.serialize_entry(first.name, &Sum::of(first))?;
                rest = rest.get(1..).unwrap_or_default();
                continue;
            };
            let of_group = |it: &&Total| it.name.split_once('.').is_some_and(|it| it.0 == group);
            let (those, after) = rest.split_at(rest.iter().take_while(of_group).count());
            map.serialize_entry(group, &Group(those))?;
            rest = after;
        }
        map.end()
    }
}

/// Sums of one kind of layer, under the rest of their names.
struct Group<'a>(&'a [Total]);

impl Serialize for Group<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let name = |it: &Total| it.name.split_once('.').map_or(it.name, |it| it.1);
        serializer.collect_map(self.0.iter().map(|it| (name(it), Sum::of(it))))
    }
}

#[derive(serde::Serialize)]
struct Sum {
    before: Option<u128>,
    after: Option<u128>,
    difference: Option<i128>,
    difference_permille: Option<i128>,
}

impl Sum {
    fn of(total: &Total) -> Self {
        Self {
            before: total.before,
            after: total.after,
            difference: total.difference(),
            difference_permille: total.permille(),
        }
    }
}

pub(in crate::render::compare) fn write(
    page: &Page<'_>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let layers = page.layers;
    let none = std::iter::repeat(None);
    let contents = page.contents.iter().copied().chain(none);
    let document = Document {
        by: "layers",
        models: layers.paths.iter().map(|path| Named { path }).collect(),
        same: layers.is_same() && !page.tensors.is_some_and(Tensors::contents_differ),
        similarity: layers.similarity,
        counts: counts(layers),
        inputs: &layers.inputs,
        layers: layers.pairs.iter().zip(contents).map(row).collect(),
        totals: Totals(&layers.totals),
        tensors: page.tensors.map(tensors::rows),
        contents_read: page.tensors.and_then(|it| it.read),
        operators: &layers.operators,
        notes: &layers.notes,
    };
    json::document(document, out)
}

fn counts(layers: &Layers) -> BTreeMap<&'static str, usize> {
    let all = [
        Status::Same,
        Status::Changed,
        Status::Added,
        Status::Removed,
    ];
    let mut counts: BTreeMap<_, _> = all
        .iter()
        .map(|it| (it.name(), layers.count(*it)))
        .collect();
    let of = |is: fn(&Pair) -> bool| layers.pairs.iter().filter(|it| is(it)).count();
    counts.insert("moved", of(|it| it.moved));
    counts.insert("renamed", of(Pair::is_renamed));
    counts
}

fn row<'a>((pair, content): (&'a Pair, Option<&Content>)) -> Row<'a> {
    let (before, after) = (pair.before.as_ref(), pair.after.as_ref());
    Row {
        status: pair.status.name(),
        moved: pair.moved,
        renamed: pair.is_renamed(),
        kind: after.or(before).map(|it| it.kind),
        before: before.map(of),
        after: after.map(of),
        changes: pair.changes.iter().map(changed).collect(),
        open: &pair.open,
        weights: content.map(Content::name),
    }
}

fn of(side: &Side) -> Of<'_> {
    Of {
        index: side.at,
        name: &side.name,
        scope: &side.scope,
        weight: side.weight.as_deref(),
        module: side.module.as_deref(),
        fields: Fields(&side.fields),
    }
}

fn changed(change: &Change) -> Changed<'_> {
    Changed {
        what: change.what,
        before: &change.before,
        after: &change.after,
        difference_permille: change.permille(),
    }
}
