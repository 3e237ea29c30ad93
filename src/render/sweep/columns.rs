//! A column: what each row has at a size, exact and for the eye, and how much it has grown.

use crate::render::cell::{self, UNKNOWN};
use crate::render::column::Raw;
use crate::sweep::{At, Swept};
use crate::units::{counted, fraction, grouped};

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
    pub(super) fn new(
        name: &'static str,
        json: &str,
        rank: impl Into<Option<u8>>,
        cells: Vec<Cell>,
    ) -> Self {
        Self {
            name,
            json: Some(json.to_owned()),
            number: true,
            rank: rank.into(),
            cells,
        }
    }

    pub(super) fn words(mut self) -> Self {
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
    pub(super) fn growth(&self, rank: impl Into<Option<u8>>) -> Self {
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

/// `×1.31`, rounded to hundredths; from 100 on to a whole number.
pub(super) fn times(count: u128, base: u128) -> Option<String> {
    let half = base / 2;
    let whole = count.checked_add(half)?.checked_div(base)?;
    if whole >= 100 {
        return Some(format!("×{}", grouped(&whole.to_string())));
    }
    let hundredths = count
        .checked_mul(100)?
        .checked_add(half)?
        .checked_div(base)?;
    Some(format!("×{}.{:02}", hundredths / 100, hundredths % 100))
}

pub(super) fn count(number: Option<u128>) -> Cell {
    Cell {
        text: number.map_or_else(|| UNKNOWN.to_owned(), counted),
        raw: cell::number(number),
    }
}

/// The size, marked where something cannot take it.
pub(super) fn sizes(swept: &Swept, is_marked: impl Fn(usize, &At) -> bool) -> Column {
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

#[cfg(test)]
mod tests {
    use super::times;

    #[test]
    fn growth_is_rounded() {
        let cases = [
            // 1,301,870,080 / 666,434,944 = 1.95349…
            (1_301_870_080, 666_434_944, "×1.95"),
            (1, 1, "×1.00"),
            (1, 3, "×0.33"),
            (2, 3, "×0.67"),
            (9_949, 100, "×99.49"),
            (9_950, 100, "×100"),
            (123_456_749, 100, "×1,234,567"),
        ];
        for (count, base, expected) in cases {
            assert_eq!(times(count, base).as_deref(), Some(expected));
        }
        assert_eq!(times(1, 0), None);
        assert_eq!(times(u128::MAX, 2), None);
    }
}
