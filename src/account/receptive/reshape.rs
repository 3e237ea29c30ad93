//! How a reshape regroups axes.

use super::field::{Along, Cause, Field};
use crate::tensor::Dim;

/// What becomes of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    /// It is this axis now.
    To(usize),
    /// It had one place, and is gone.
    Gone,
    /// It is a part of this axis.
    Into(usize),
    /// It lies in parts.
    Split,
}

/// Regroups the axes of a value of sizes `from` into `to`; `size` tells those of the model's input.
pub(super) fn regroup(
    field: &mut Field,
    from: &[Dim],
    to: &[Dim],
    size: impl Fn(usize) -> Option<u64>,
    cause: Cause,
) {
    let moves = moves(from, to);
    for (at, _) in moves.iter().enumerate().filter(|it| *it.1 == Move::Gone) {
        field.settle(at, &size, cause);
    }
    for reach in &mut field.axes {
        let Some(at) = reach.along.at() else { continue };
        let (place, kept) = match moves.get(at) {
            Some(Move::To(to)) => (Some(*to), true),
            Some(Move::Into(to)) => (Some(*to), false),
            Some(Move::Gone | Move::Split) | None => (None, false),
        };
        reach.along = match (&reach.along, place) {
            (Along::Moving { steps, .. }, Some(at)) if kept => Along::Moving {
                at,
                steps: steps.clone(),
            },
            (Along::Moving { .. }, at) => Along::Lost { at, cause },
            (Along::Still { .. }, at) => Along::Still { at },
            (Along::Lost { cause, .. }, at) => Along::Lost { at, cause: *cause },
        };
    }
}

/// What becomes of each axis: equal sizes from both ends stay, and between them products are matched.
fn moves(from: &[Dim], to: &[Dim]) -> Vec<Move> {
    let same = |pair: &(&Dim, &Dim)| pair.0 == pair.1 && *pair.0 != Dim::Unknown;
    let front = from.iter().zip(to).take_while(same).count();
    let rest = from.len().min(to.len()).saturating_sub(front);
    let back = from.iter().rev().zip(to.iter().rev()).take_while(same);
    let back = back.take(rest).count();
    let (from_end, to_end) = (
        from.len().saturating_sub(back),
        to.len().saturating_sub(back),
    );
    let mut moves: Vec<Move> = (0..front).map(Move::To).collect();
    let middle = |list: &[Dim], end: usize| list.get(front..end).unwrap_or_default().to_vec();
    moves.extend(matched(&middle(from, from_end), &middle(to, to_end), front));
    moves.extend((to_end..to.len()).map(Move::To));
    moves
}

/// The same between the ends; `offset` is the first place in the new shape.
fn matched(from: &[Dim], to: &[Dim], offset: usize) -> Vec<Move> {
    let sizes = |list: &[Dim]| list.iter().map(Dim::known).collect::<Option<Vec<u64>>>();
    let (Some(from), Some(to)) = (sizes(from), sizes(to)) else {
        return rough(from, to, offset);
    };
    let mut moves = Vec::with_capacity(from.len());
    let (mut left, mut right) = (0, 0);
    while left < from.len() {
        let (mut end, mut to_end) = (left, right);
        let (mut mine, mut theirs) = (1u128, 1u128);
        // The shortest groups of equal product, of at least one axis on the old side.
        loop {
            if end == left || mine < theirs {
                let Some(size) = from.get(end) else { break };
                mine = mine.saturating_mul(u128::from(*size));
                end = end.saturating_add(1);
            } else if theirs < mine {
                let Some(size) = to.get(to_end) else { break };
                theirs = theirs.saturating_mul(u128::from(*size));
                to_end = to_end.saturating_add(1);
            } else {
                break;
            }
        }
        let old = from.get(left..end).unwrap_or_default();
        let wide = |list: &[u64]| list.iter().filter(|it| **it != 1).count();
        let new = to.get(right..to_end).unwrap_or_default();
        let only = new.iter().position(|it| *it != 1);
        for size in old {
            moves.push(match (only, wide(new)) {
                _ if *size == 1 => Move::Gone,
                (Some(at), 1) if wide(old) == 1 => {
                    Move::To(offset.saturating_add(right).saturating_add(at))
                }
                (Some(at), 1) => Move::Into(offset.saturating_add(right).saturating_add(at)),
                _ => Move::Split,
            });
        }
        if end == left {
            break;
        }
        (left, right) = (end, to_end);
    }
    moves.resize(from.len(), Move::Split);
    moves
}

/// Where sizes are open: all axes become one, or parts.
fn rough(from: &[Dim], to: &[Dim], offset: usize) -> Vec<Move> {
    let wide: Vec<usize> = (0..to.len())
        .filter(|it| to.get(*it) != Some(&Dim::Known(1)))
        .collect();
    let old = from.iter().filter(|it| **it != Dim::Known(1)).count();
    let of = |size: &Dim| match wide.as_slice() {
        _ if *size == Dim::Known(1) => Move::Gone,
        [at] if old == 1 => Move::To(offset.saturating_add(*at)),
        [at] => Move::Into(offset.saturating_add(*at)),
        _ => Move::Split,
    };
    from.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_regrouped_as_row_major_order_has_them() {
        use Move::{Gone, Into, Split, To};
        let cases: &[(&str, &[u64], &[u64], &[Move])] = &[
            (
                "flatten",
                &[1, 8, 4, 5],
                &[1, 160],
                &[To(0), Into(1), Into(1), Into(1)],
            ),
            (
                "channel shuffle",
                &[2, 8, 4, 5],
                &[2, 2, 4, 4, 5],
                &[To(0), Split, To(3), To(4)],
            ),
            ("unsqueeze", &[2, 500], &[2, 1, 500], &[To(0), To(2)]),
            (
                "squeeze of five",
                &[1, 1, 96, 5, 5],
                &[1, 96, 5, 5],
                &[To(0), Gone, To(1), To(2), To(3)],
            ),
            (
                "squeeze",
                &[2, 8, 1, 40],
                &[2, 8, 40],
                &[To(0), To(1), Gone, To(2)],
            ),
            (
                "places in one row",
                &[1, 8, 4, 5],
                &[1, 8, 20],
                &[To(0), To(1), Into(2), Into(2)],
            ),
            (
                "frames into the batch",
                &[2, 5, 3, 6, 7],
                &[10, 3, 6, 7],
                &[Into(0), Into(0), To(1), To(2), To(3)],
            ),
            (
                "one more axis in front",
                &[3, 6, 7],
                &[1, 3, 6, 7],
                &[To(1), To(2), To(3)],
            ),
        ];
        for (case, from, to, expected) in cases {
            let dims = |it: &[u64]| it.iter().copied().map(Dim::Known).collect::<Vec<_>>();
            assert_eq!(moves(&dims(from), &dims(to)), *expected, "{case}");
        }
    }
}
