//! The columns: what each row has at a size, exact and for the eye, and how much it has grown.

use crate::account::{Layer, Totals};
use crate::explain::Kind;
use crate::infer::Input;
use crate::render::cell::{self, UNKNOWN, sample_shape};
use crate::render::column::{Raw, find};
use crate::sweep::{At, Swept};
use crate::units::{Bytes, counted, fraction, grouped};

/// One column.
pub(super) struct Column {
    /// Header for the eye.
    pub(super) name: &'static str,
    /// Header in CSV; `None` where the column only shows what another says.
    pub(super) json: Option<String>,
    /// Whether cells are numbers, so aligned right.
    pub(super) number: bool,
    /// Columns of the greatest number go first where room is short; `None` for one that is in CSV only.
    pub(super) rank: Option<u8>,
    /// A cell for each size.
    pub(super) cells: Vec<Cell>,
}

/// One cell.
pub(super) struct Cell {
    /// For the eye, safe to print.
    pub(super) text: String,
    /// As it is.
    pub(super) raw: Raw,
}

impl Column {
    fn new(name: &'static str, json: &str, rank: impl Into<Option<u8>>, cells: Vec<Cell>) -> Self {
        Self {
            name,
            json: Some(json.to_owned()),
            number: true,
            rank: rank.into(),
            cells,
        }
    }

    fn words(mut self) -> Self {
        self.number = false;
        self
    }

    /// The exact counts.
    pub(super) fn counts(&self) -> Vec<Option<u128>> {
        let count = |it: &Cell| match it.raw {
            Raw::Count(count) => Some(count),
            _ => None,
        };
        self.cells.iter().map(count).collect()
    }

    /// A column of what its counts have grown to since the first of them that is known.
    fn growth(&self, rank: impl Into<Option<u8>>) -> Self {
        let counts = self.counts();
        let first = counts.iter().flatten().next().copied();
        let cell = |count: &Option<u128>| {
            let both = count.zip(first);
            Cell {
                text: both.and_then(|it| times(it.0, it.1)).unwrap_or_default(),
                raw: both
                    .and_then(|it| fraction(it.0, it.1))
                    .map_or(Raw::Nothing, Raw::Ratio),
            }
        };
        Self {
            name: GROWTH,
            json: self.json.as_ref().map(|it| format!("{it}_growth")),
            number: true,
            rank: rank.into(),
            cells: counts.iter().map(cell).collect(),
        }
    }
}

/// Header of a column that stands close to the one whose growth it shows.
pub(super) const GROWTH: &str = "growth";

/// `×1.31`, rounded to hundredths.
pub(super) fn times(count: u128, base: u128) -> Option<String> {
    let hundredths = count
        .checked_mul(100)?
        .checked_add(base / 2)?
        .checked_div(base)?;
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    Some(format!("×{}.{rest:02}", grouped(&whole.to_string())))
}

fn count(number: Option<u128>) -> Cell {
    Cell {
        text: number.map_or_else(|| UNKNOWN.to_owned(), counted),
        raw: cell::number(number),
    }
}

/// The size, marked where something cannot take it.
fn sizes(swept: &Swept, is_marked: impl Fn(usize, &At) -> bool) -> Column {
    let cell = |(at, it): (usize, &At)| Cell {
        text: format!("{}{}", it.size, if is_marked(at, it) { "*" } else { "" }),
        raw: Raw::Count(it.size.into()),
    };
    Column::new(
        "size",
        "size",
        0,
        swept.sizes.iter().enumerate().map(cell).collect(),
    )
}

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

/// The columns of one layer.
pub(super) fn of_layer(swept: &Swept, at: usize, kind: Kind) -> Vec<Column> {
    let layers: Vec<Option<&Layer>> = swept
        .sizes
        .iter()
        .map(|it| it.layers.get(at).and_then(Option::as_ref))
        .collect();
    let named = |name: &'static str, rank: u8| {
        let column = find(name)?;
        let cells = layers.iter().map(|layer| match layer {
            Some(layer) => Cell {
                text: filled((column.cell)(layer)),
                raw: (column.raw)(layer),
            },
            None => count(None),
        });
        let json = column.json.unwrap_or(name);
        let mut out = Column::new(column.name, json, rank, cells.collect());
        out.number = column.number;
        Some(out)
    };
    let mut out = vec![sizes(swept, |at, _| {
        layers.get(at).is_none_or(|it| it.is_none_or(is_open))
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

/// Whether a layer's output is not known in numbers.
pub(super) fn is_open(layer: &Layer) -> bool {
    let output = match layer {
        Layer::Conv(row) => row.output_shape.as_ref(),
        Layer::Pool(row) => row.output_shape.as_ref(),
        _ => None,
    };
    output.and_then(crate::tensor::Shape::sizes).is_none()
}

/// A cell that says that it does not know.
fn filled(text: String) -> String {
    if text.is_empty() {
        UNKNOWN.to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::times;

    #[test]
    fn growth_is_rounded_to_hundredths() {
        let cases = [
            // 1,301,870,080 / 666,434,944 = 1.95349…
            (1_301_870_080, 666_434_944, "×1.95"),
            (1, 1, "×1.00"),
            (1, 3, "×0.33"),
            (2, 3, "×0.67"),
            (123_456_700, 100, "×1,234,567.00"),
        ];
        for (count, base, expected) in cases {
            assert_eq!(times(count, base).as_deref(), Some(expected));
        }
        assert_eq!(times(1, 0), None);
        assert_eq!(times(u128::MAX, 1), None);
    }
}
