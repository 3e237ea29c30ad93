//! Aligns two lists of layers: the cheapest way from one to the other.
//!
//! Needleman and Wunsch's alignment: a layer that is put in or left out costs [`GAP`], a pair as much as its
//! layers differ, less where both are the same module. What the lists have in common at their ends costs
//! nothing to find; long lists are cut where both have one and the same layer once, and what is still too
//! long is searched in a band around the straight way only. So time and memory are bounded by
//! [`MOST_CELLS`], whatever the lists are.
//!
//! Source: Needleman, Wunsch: A general method applicable to the search for similarities in the amino acid
//! sequence of two proteins, 1970; the cuts are those of Bram Cohen's patience diff.

use super::Match;
use super::anchors::{anchors, bind};
use super::field::FIELDS;
use super::item::Item;
use super::token::{Numbers, Token};

/// A layer without counterpart.
const GAP: u32 = 10;
/// A pair of layers that have nothing in common; at twice [`GAP`] or more two layers are no pair.
const STRANGERS: u32 = 40;
/// A pair of two modules that go by different names, or of which one has none.
const OTHER_NAME: u32 = 2;
const NO_NAME: u32 = 1;
/// Pairs that are looked at, over all.
const MOST_CELLS: usize = 1 << 24;
/// A band is this wide at least, and not wider than that.
const LEAST_BAND: usize = 8;
const MOST_BAND: usize = 2048;

const NEVER: u32 = u32::MAX / 2;

/// Aligns two lists; pairs keep the order of both.
pub(super) fn align(first: &[Item], second: &[Item]) -> Vec<Match> {
    let mut numbers = Numbers::default();
    let mut first: Vec<Token> = first.iter().map(|it| numbers.token(it)).collect();
    let mut second: Vec<Token> = second.iter().map(|it| numbers.token(it)).collect();
    let mut work = Work::on(first.len().saturating_add(second.len()).max(1));
    bind(&mut first, &mut second, |left, right| {
        work.apart(left, right) < 2 * GAP
    });
    work.span(Span::of(&first), Span::of(&second), true);
    work.out
}

/// A part of a list, and where it begins.
#[derive(Clone, Copy)]
struct Span<'a> {
    tokens: &'a [Token],
    start: usize,
}

impl<'a> Span<'a> {
    fn of(tokens: &'a [Token]) -> Self {
        Self { tokens, start: 0 }
    }

    fn len(self) -> usize {
        self.tokens.len()
    }

    /// The part from `from` to before `to`.
    fn part(self, from: usize, to: usize) -> Self {
        Self {
            tokens: self.tokens.get(from..to).unwrap_or_default(),
            start: self.start.saturating_add(from),
        }
    }
}

struct Work {
    band: usize,
    weights: Vec<u32>,
    /// Pairs that were looked at.
    cells: usize,
    out: Vec<Match>,
}

impl Work {
    /// Work on two lists of `all` layers together.
    fn on(all: usize) -> Self {
        let weights = FIELDS.iter().map(|it| u32::from(it.weight));
        Self {
            band: (MOST_CELLS / all).clamp(LEAST_BAND, MOST_BAND),
            weights: weights.filter(|it| *it > 0).collect(),
            cells: 0,
            out: Vec::with_capacity(all),
        }
    }

    fn pair(&mut self, before: usize, after: usize) {
        self.out.push(Match {
            before: Some(before),
            after: Some(after),
            moved: false,
        });
    }

    fn only(&mut self, before: Option<usize>, after: Option<usize>) {
        self.out.push(Match {
            before,
            after,
            moved: false,
        });
    }

    /// Aligns two parts. `cuts` is whether cutting them may still help.
    fn span(&mut self, first: Span<'_>, second: Span<'_>, cuts: bool) {
        let equal = |(left, right): &(&Token, &Token)| {
            left.whole == right.whole && left.module == right.module
        };
        let pairs = || first.tokens.iter().zip(second.tokens);
        let head = pairs().take_while(equal).count();
        let ends = first.tokens.iter().rev().zip(second.tokens.iter().rev());
        let most = first.len().min(second.len()).saturating_sub(head);
        let tail = ends.take(most).take_while(equal).count();
        for at in 0..head {
            self.pair(first.start + at, second.start + at);
        }
        let (first_end, second_end) = (first.len() - tail, second.len() - tail);
        self.middle(
            first.part(head, first_end),
            second.part(head, second_end),
            cuts,
        );
        for at in 0..tail {
            self.pair(first.start + first_end + at, second.start + second_end + at);
        }
    }

    fn middle(&mut self, first: Span<'_>, second: Span<'_>, cuts: bool) {
        let cells = first.len().saturating_mul(second.len());
        let small = cells
            <= first
                .len()
                .saturating_add(second.len())
                .saturating_mul(self.band);
        let anchors = if small || !cuts {
            vec![]
        } else {
            anchors(first.tokens, second.tokens)
        };
        if anchors.is_empty() {
            self.table(first, second, if small { usize::MAX } else { self.band });
            return;
        }
        let (mut left, mut right) = (0, 0);
        for (before, after) in anchors {
            self.span(first.part(left, before), second.part(right, after), false);
            self.pair(first.start + before, second.start + after);
            (left, right) = (before + 1, after + 1);
        }
        self.span(
            first.part(left, first.len()),
            second.part(right, second.len()),
            false,
        );
    }

    /// Fills the table of costs from its end, and walks it from its start.
    fn table(&mut self, first: Span<'_>, second: Span<'_>, band: usize) {
        // A band goes straight from corner to corner, so its rows are the longer list.
        let turned = first.len() < second.len();
        let (rows, columns) = if turned {
            (second, first)
        } else {
            (first, second)
        };
        let ways = self.ways(rows.tokens, columns.tokens, band);
        let (mut row, mut column) = (0, 0);
        while row < rows.len() || column < columns.len() {
            let way = match ways.get(row) {
                Some(line) if column < columns.len() => line.at(column),
                _ if row < rows.len() => Way::Row,
                _ => Way::Column,
            };
            let (at, by) = (rows.start + row, columns.start + column);
            match (way, turned) {
                (Way::Both, false) => self.pair(at, by),
                (Way::Both, true) => self.pair(by, at),
                (Way::Row, false) => self.only(Some(at), None),
                (Way::Row, true) => self.only(None, Some(at)),
                (Way::Column, false) => self.only(None, Some(by)),
                (Way::Column, true) => self.only(Some(by), None),
            }
            row += usize::from(way != Way::Column);
            column += usize::from(way != Way::Row);
        }
    }

    /// Which way to go from each cell of the band, a line a row.
    fn ways(&mut self, rows: &[Token], columns: &[Token], band: usize) -> Vec<Line> {
        let mut below = Costs {
            start: 0,
            costs: (0..=columns.len())
                .map(|it| gaps(columns.len() - it))
                .collect(),
        };
        let mut lines = Vec::with_capacity(rows.len());
        for (at, row) in rows.iter().enumerate().rev() {
            let center = at.saturating_mul(columns.len()) / rows.len().max(1);
            let start = center.saturating_sub(band);
            let end = center
                .saturating_add(band)
                .saturating_add(1)
                .min(columns.len());
            let mut costs = vec![NEVER; end.saturating_sub(start) + 1];
            let mut line = Line {
                start,
                ways: vec![Way::Row; end.saturating_sub(start)],
            };
            // The cell right of the band: all that is left is taken row by row.
            let mut right = below.at(end).saturating_add(GAP);
            if let Some(last) = costs.last_mut() {
                *last = right;
            }
            self.cells = self.cells.saturating_add(end.saturating_sub(start));
            for column in (start..end).rev() {
                let both = columns.get(column).map_or(NEVER, |it| self.cost(row, it));
                let both = below.at(column + 1).saturating_add(both);
                let down = below.at(column).saturating_add(GAP);
                let ahead = right.saturating_add(GAP);
                let least = both.min(down).min(ahead);
                let way = if least == both {
                    Way::Both
                } else if least == down {
                    Way::Row
                } else {
                    Way::Column
                };
                right = least;
                if let Some(cell) = costs.get_mut(column - start) {
                    *cell = least;
                }
                if let Some(cell) = line.ways.get_mut(column - start) {
                    *cell = way;
                }
            }
            below = Costs { start, costs };
            lines.push(line);
        }
        lines.reverse();
        lines
    }

    /// How much two layers of one kind differ.
    fn apart(&self, left: &Token, right: &Token) -> u32 {
        let mut differing = 0;
        let mut all = 0;
        if left.whole != right.whole {
            let keys = left.keys.iter().zip(&right.keys).zip(&self.weights);
            for ((left, right), weight) in keys.filter(|it| *it.0.0 != 0 && *it.0.1 != 0) {
                all += weight;
                differing += if left == right { 0 } else { *weight };
            }
        }
        (STRANGERS * differing).div_ceil(all.max(1))
    }

    /// What a pair costs.
    fn cost(&self, left: &Token, right: &Token) -> u32 {
        let named = left.module != 0 && left.module == right.module;
        if left.kind != right.kind || (!named && (left.bound || right.bound)) {
            return NEVER;
        }
        let apart = self.apart(left, right);
        if named {
            // One module however much was changed in it.
            return apart.div_ceil(2).min(2 * GAP - 1);
        }
        let name = if left.module == 0 || right.module == 0 {
            NO_NAME
        } else {
            OTHER_NAME
        };
        match apart + name {
            cost if cost < 2 * GAP => cost,
            _ => NEVER,
        }
    }
}

/// The cost of so many layers without counterpart.
fn gaps(count: usize) -> u32 {
    u32::try_from(count).map_or(NEVER, |it| it.saturating_mul(GAP))
}

/// Where the cheapest way goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Both,
    Row,
    Column,
}

/// A row's ways within the band.
struct Line {
    start: usize,
    ways: Vec<Way>,
}

impl Line {
    /// Left of the band the way goes right, right of it down.
    fn at(&self, column: usize) -> Way {
        match column.checked_sub(self.start) {
            None => Way::Column,
            Some(at) => self.ways.get(at).copied().unwrap_or(Way::Row),
        }
    }
}

/// A row's costs within the band.
struct Costs {
    start: usize,
    costs: Vec<u32>,
}

impl Costs {
    fn at(&self, column: usize) -> u32 {
        let at = column.checked_sub(self.start);
        at.and_then(|it| self.costs.get(it))
            .copied()
            .unwrap_or(NEVER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tokens of layers that differ as their numbers do.
    fn tokens(numbers: &[u32]) -> Vec<Token> {
        let token = |number: &u32| Token {
            kind: 1,
            module: 0,
            whole: *number,
            keys: vec![*number; Work::on(1).weights.len()],
            trusted: false,
            bound: false,
        };
        numbers.iter().map(token).collect()
    }

    fn cells(first: &[u32], second: &[u32]) -> usize {
        let (first, second) = (tokens(first), tokens(second));
        let mut work = Work::on(first.len() + second.len());
        work.span(Span::of(&first), Span::of(&second), true);
        let both = work
            .out
            .iter()
            .filter(|it| it.before.is_some() && it.after.is_some());
        assert!(both.count() > 400);
        work.cells
    }

    /// A cell is a comparison of some twenty numbers, so a thousand of them take microseconds.
    #[test]
    fn five_hundred_layers_are_aligned_with_bounded_work() {
        // Blocks that repeat, as those of residual networks do.
        let before: Vec<u32> = (0..500).map(|it| 1 + it / 60 * 4 + it % 3).collect();
        // Nothing is looked at where nothing differs.
        assert_eq!(cells(&before, &before), 0);
        // A layer put in in the middle: the common ends are left out.
        let mut after = before.clone();
        after.insert(250, 99);
        assert_eq!(cells(&before, &after), 0);
        // Both ends differ, and one in fifty between: all of the table, once.
        after.insert(0, 98);
        after.push(97);
        for at in (30..500).step_by(50) {
            after[at] = 96;
        }
        assert!(cells(&before, &after) <= 503 * 503);
    }
}
