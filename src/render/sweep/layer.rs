//! The columns of one layer: those of an inspection, with growth beside counts that grow.

use super::columns::{Cell, Column, count, sizes};
use crate::account::Layer;
use crate::explain::Kind;
use crate::render;
use crate::render::cell::UNKNOWN;
use crate::render::column::{Raw, find};
use crate::sweep::Swept;
use crate::tensor::Shape;

/// The columns of one layer.
pub(super) fn of_layer(swept: &Swept, at: usize, kind: Kind) -> Vec<Column> {
    let layers: Vec<Option<&Layer>> = swept
        .sizes
        .iter()
        .map(|it| it.layers.get(at).and_then(Option::as_ref))
        .collect();
    let named = |name: &'static str, rank: u8| {
        let column = find(name)?;
        let cells = layers
            .iter()
            .map(|layer| layer.map_or_else(|| count(None), |it| cell_of(column, it)));
        let json = column.json.unwrap_or(name);
        let mut out = Column::new(column.name, json, rank, cells.collect());
        out.number = column.number;
        Some(out)
    };
    let mut out = vec![sizes(swept, |at, _| {
        layers.get(at).copied().flatten().and_then(output).is_none()
    })];
    let wanted: &[(&'static str, u8, Option<u8>)] = match kind {
        Kind::Conv => &[
            ("input", 8, None),
            ("output", 1, None),
            ("stored", 2, None),
            ("shared", 7, None),
            ("unshared", 0, Some(0)),
            ("dense", 3, Some(5)),
            ("macs", 4, Some(6)),
            ("factor", 1, None),
        ],
        Kind::Pool => &[
            ("input", 3, None),
            ("output", 1, None),
            ("activations_in", 2, Some(4)),
            ("activations_out", 0, Some(0)),
        ],
    };
    for (name, rank, growth) in wanted {
        let Some(column) = named(name, *rank) else {
            continue;
        };
        let growth = growth.map(|rank| column.growth(rank));
        out.push(column);
        out.extend(growth);
    }
    for column in &mut out {
        column.name = match column.name {
            "macs" => "MACs",
            "activations_in" => "activations in",
            "activations_out" => "out",
            other => other,
        };
    }
    out
}

fn output(layer: &Layer) -> Option<&Shape> {
    match layer {
        Layer::Conv(row) => row.output_shape.as_ref(),
        Layer::Pool(row) => row.output_shape.as_ref(),
        _ => None,
    }
}

/// A layer's cell; where its output cannot be told at all, no formula stands for what depends on it.
fn cell_of(column: &render::Column, layer: &Layer) -> Cell {
    let raw = (column.raw)(layer);
    let text = (column.cell)(layer);
    let unknown = raw == Raw::Nothing && output(layer).is_none();
    Cell {
        text: if unknown || text.is_empty() {
            UNKNOWN.to_owned()
        } else {
            text
        },
        raw,
    }
}
