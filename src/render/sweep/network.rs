//! The columns of a network's sums.

use super::columns::{Cell, Column, count, sizes};
use crate::account::Totals;
use crate::infer::Input;
use crate::render::cell::{self, sample_shape};
use crate::render::column::Raw;
use crate::sweep::Swept;
use crate::units::Bytes;

/// What is summed up over the network.
struct Sum {
    name: &'static str,
    json: &'static str,
    of: fn(&Totals) -> Option<u128>,
    rank: Option<u8>,
    /// The rank of its growth, where that is of interest.
    growth: Option<u8>,
}

const SUMS: &[Sum] = &[
    Sum {
        name: "params",
        json: "params",
        of: |it| Some(it.params.0),
        rank: None,
        growth: None,
    },
    Sum {
        name: "shared",
        json: "shared",
        of: |it| Some(it.conv.shared?.0),
        rank: None,
        growth: None,
    },
    Sum {
        name: "stored",
        json: "stored",
        of: |it| Some(it.conv.stored?.0),
        rank: Some(1),
        growth: None,
    },
    Sum {
        name: "unshared",
        json: "unshared",
        of: |it| Some(it.conv.unshared?.0),
        rank: Some(0),
        growth: Some(0),
    },
    Sum {
        name: "dense",
        json: "dense",
        of: |it| Some(it.conv.dense?.0),
        rank: Some(3),
        growth: Some(4),
    },
    Sum {
        name: "MACs",
        json: "macs",
        of: |it| Some(it.macs?.0),
        rank: Some(2),
        growth: Some(5),
    },
];

/// The columns of the network's sums.
pub(super) fn of_network(swept: &Swept) -> Vec<Column> {
    let mut out = vec![sizes(swept, |_, it| !it.problems.is_empty())];
    let inputs = swept.sizes.iter().map(|it| input(swept, &it.inputs));
    out.push(Column::new("input", "input_shape", 8, inputs.collect()).words());
    for sum in SUMS {
        let cells = swept.sizes.iter().map(|it| count((sum.of)(&it.totals)));
        let column = Column::new(sum.name, sum.json, sum.rank, cells.collect());
        let growth = sum.growth.map(|rank| column.growth(rank));
        out.push(column);
        out.extend(growth);
    }
    let peaks = || {
        swept
            .sizes
            .iter()
            .map(|it| it.totals.peak_activations.as_ref())
    };
    let elements: Vec<Cell> = peaks().map(|it| count(it.map(|it| it.elements))).collect();
    let elements = Column::new("peak", "peak_activations", None, elements);
    let bytes = peaks().map(|it| {
        let mut cell = count(it.and_then(|it| it.bytes));
        if let Raw::Count(bytes) = cell.raw {
            cell.text = Bytes(u64::try_from(bytes).unwrap_or(u64::MAX)).to_string();
        }
        cell
    });
    let bytes = Column::new("peak", "peak_activations_bytes", 6, bytes.collect());
    let growth = bytes.growth(7);
    // What is written in no order of its own, or for tensors alone, has no peak.
    if swept
        .sizes
        .iter()
        .any(|it| it.totals.peak_activations.is_some())
    {
        out.extend([elements, bytes, growth]);
    }
    out
}

/// The shape of what is swept, or of the first input.
fn input(swept: &Swept, inputs: &[Input]) -> Cell {
    let name = swept.axes.inputs.first().map(|it| &it.name);
    let dims = |it: &&Input| {
        let declared = it.declared.iter().flatten();
        declared
            .map(ToString::to_string)
            .any(|it| swept.axes.dims.contains(&it))
    };
    let found = match name {
        Some(name) => inputs.iter().find(|it| it.name == *name),
        None => inputs.iter().find(dims),
    };
    let shape = found.and_then(|it| it.shape.as_ref());
    Cell {
        text: sample_shape(shape),
        raw: cell::shape(shape),
    }
}
