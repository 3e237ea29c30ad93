//! Which columns fit, and how wide each may be.

use super::View;
use super::column::{self, BAR, Column};
use super::names::{BELOW, Names, Told};
use super::pooled::Pooled;
use super::rows::Selection;
use super::text::{elided, short_name, width};
use crate::Inspection;
use crate::account::Layer;
use crate::units::counted;

/// Spaces between two columns.
pub(super) const GAP: usize = 2;
/// Before the first column.
pub(super) const MARGIN: usize = 1;
/// Columns that go first where there is no room for all. A page of at least [`WIDE`] columns keeps the
/// bar and does without the input, which is the row above's output in a chain.
const LEAVING: &[&str] = &[BAR, "input", "window", "factor", "op"];
const LEAVING_WIDE: &[&str] = &["input", BAR, "window", "factor", "op"];
const WIDE: usize = 90;
/// A name is not shortened below this while another column can go.
const NAME_ROOM: usize = 20;
/// Nor ever below this.
const LEAST_NAME_ROOM: usize = 8;
/// A bar's cells.
const LEAST_BAR: usize = 10;
const MOST_BAR: usize = 24;

/// Cells of the columns that fit.
pub(super) struct Grid {
    /// Without the bar.
    pub(super) columns: Vec<&'static Column>,
    /// One list of cells a layer.
    pub(super) rows: Vec<Vec<String>>,
    /// One list of cells for each line of sums.
    pub(super) sums: Vec<Vec<String>>,
    /// Room for the bar; 0 where there is none.
    pub(super) bar: usize,
    /// What the cells leave to be told under the table.
    pub(super) told: Told,
}

/// The columns that fit into the view's width.
pub(super) fn grid(
    inspection: &Inspection,
    selection: &Selection<'_>,
    names: &Names,
    view: &View,
) -> Grid {
    let (columns, leaving): (_, &[&str]) = match view.columns.clone() {
        Some(asked) => (asked, &[]),
        None if view.width >= WIDE => (column::usual(&selection.shown), LEAVING_WIDE),
        None => (column::usual(&selection.shown), LEAVING),
    };
    // How many columns left, and whether formulas stand with names: that is better than to lose a column
    // that says more than the bar and the input do.
    let whole = (0..=leaving.len().min(2)).map(|left| (left, false));
    let short = (leaving.len().min(2)..=leaving.len()).map(|left| (left, true));
    let without = |left: usize| -> Vec<&'static Column> {
        let gone: Vec<&str> = leaving.iter().copied().take(left).collect();
        columns
            .iter()
            .copied()
            .filter(|it| !gone.contains(&it.name))
            .collect()
    };
    let mut tries = whole
        .chain(short)
        .map(|(left, short)| attempt(inspection, selection, names, &without(left), short));
    let fitting = tries.find_map(|it| it.fit(view.width, NAME_ROOM));
    fitting.unwrap_or_else(|| {
        attempt(inspection, selection, names, &without(leaving.len()), true).squeezed(view.width)
    })
}

/// Cells at their full width, not yet known to fit.
struct Attempt {
    grid: Grid,
    wants_bar: bool,
    /// Every column but the name, with the gaps between.
    fixed: usize,
    longest_name: usize,
}

fn attempt(
    inspection: &Inspection,
    selection: &Selection<'_>,
    names: &Names,
    columns: &[&'static Column],
    short: bool,
) -> Attempt {
    let wants_bar = columns.iter().any(|it| it.name == BAR);
    let columns: Vec<_> = columns
        .iter()
        .copied()
        .filter(|it| it.name != BAR)
        .collect();
    let mut told = Told::default();
    let cells = |layer: &&Layer| -> Vec<String> {
        let mut cell = |column: &Column| {
            let form = names.cell(column, layer, short, &mut told);
            form.unwrap_or_else(|| shown(column, layer, wants_bar, short))
        };
        columns.iter().map(|it| cell(it)).collect()
    };
    let rows: Vec<Vec<String>> = selection.shown.iter().map(cells).collect();
    let mut sums = Vec::new();
    if !selection.rest.is_empty() {
        sums.push(columns.iter().map(|it| rest(it, &selection.rest)).collect());
    }
    sums.push(columns.iter().map(|it| total(it, inspection)).collect());
    let grid = Grid {
        columns,
        rows,
        sums,
        bar: 0,
        told,
    };
    let longest_name = grid.column_width(|it| it.name == "layer");
    // The bar stands behind one more gap.
    let gaps = grid.columns.len().saturating_sub(usize::from(!wants_bar));
    let fixed = MARGIN + grid.column_width(|it| it.name != "layer") + GAP * gaps;
    Attempt {
        grid,
        wants_bar,
        fixed,
        longest_name,
    }
}

/// A layer's cell; without a bar beside it, a pool's factor says what it counts.
fn shown(column: &Column, layer: &Layer, wants_bar: bool, short: bool) -> String {
    match (column.name, Pooled::of(layer)) {
        ("factor", Some(pooled)) if !wants_bar => pooled.short(),
        ("scope", _) => elided(&(column.cell)(layer), if short { 16 } else { NAME_ROOM }),
        _ => (column.cell)(layer),
    }
}

/// The sum of the rows that are not shown; empty where one of them is open.
fn rest(column: &Column, layers: &[&Layer]) -> String {
    if !["shared", "stored", "unshared", "dense", "macs"].contains(&column.name) {
        return String::new();
    }
    let mut sum = 0u128;
    for layer in layers {
        match (column.raw)(layer) {
            column::Raw::Count(count) => sum = sum.saturating_add(count),
            _ if matches!(layer, Layer::Conv(_)) => return String::new(),
            _ => {}
        }
    }
    counted(sum)
}

/// The convolutions' total in this column.
fn total(column: &Column, inspection: &Inspection) -> String {
    let conv = &inspection.totals.conv;
    let formulas = &inspection.totals.formulas;
    let open = column.json.filter(|it| {
        formulas
            .keys()
            .any(|path| path.strip_prefix("conv.") == Some(it))
    });
    let count = match column.name {
        _ if conv.layers == 0 => return String::new(),
        "shared" => conv.shared.map(|it| it.0),
        "stored" => conv.stored.map(|it| it.0),
        "unshared" => conv.unshared.map(|it| it.0),
        "dense" => conv.dense.map(|it| it.0),
        "macs" => conv.macs.map(|it| it.0),
        "factor" => {
            let counts = conv.unshared.zip(conv.shared);
            let times =
                counts.and_then(|(unshared, shared)| crate::units::ratio(unshared.0, shared.0));
            return times.unwrap_or_default();
        }
        _ => return String::new(),
    };
    let unknown = if open.is_some() { BELOW } else { "?" };
    count.map_or(unknown.to_owned(), counted)
}

impl Grid {
    /// Room of the columns that `wanted` picks, each as wide as its widest cell.
    fn column_width(&self, wanted: fn(&Column) -> bool) -> usize {
        let widest = |at: usize, header: &str| {
            let cells = self
                .rows
                .iter()
                .chain(&self.sums)
                .filter_map(|row| row.get(at));
            cells
                .map(|it| width(it))
                .max()
                .unwrap_or(0)
                .max(width(header))
        };
        let columns = self.columns.iter().enumerate().filter(|(_, it)| wanted(it));
        columns.map(|(at, it)| widest(at, it.name)).sum()
    }

    /// Room of the factor, where it stands last, with its gap.
    pub(super) fn factor_room(&self) -> usize {
        match self.columns.last() {
            Some(last) if last.name == "factor" => {
                self.column_width(|it| it.name == "factor") + GAP
            }
            _ => 0,
        }
    }

    fn shorten_names(&mut self, room: usize) {
        let Some(at) = self.columns.iter().position(|it| it.name == "layer") else {
            return;
        };
        for name in self.rows.iter_mut().filter_map(|row| row.get_mut(at)) {
            *name = short_name(name, room);
        }
    }
}

impl Attempt {
    /// The grid in `room` columns, where names keep `name_room` or their length.
    fn fit(mut self, room: usize, name_room: usize) -> Option<Grid> {
        let least_bar = if self.wants_bar { LEAST_BAR } else { 0 };
        let left = room.checked_sub(self.fixed)?.checked_sub(least_bar)?;
        if left < self.longest_name.min(name_room) {
            return None;
        }
        let name = self.longest_name.min(left);
        self.grid.shorten_names(name);
        if self.wants_bar {
            self.grid.bar = (left + least_bar - name).min(MOST_BAR);
        }
        Some(self.grid)
    }

    /// The grid as narrow as it gets: names shortened, numbers whole.
    fn squeezed(mut self, room: usize) -> Grid {
        let least_bar = if self.wants_bar { LEAST_BAR } else { 0 };
        let left = room.saturating_sub(self.fixed).saturating_sub(least_bar);
        self.grid.shorten_names(left.max(LEAST_NAME_ROOM));
        self.grid.bar = least_bar;
        self.grid
    }
}
