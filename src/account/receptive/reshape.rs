//! How a reshape regroups axes.
//!
//! An axis is told by its place in row-major order: how many elements lie within one step along it, and how
//! many steps it has. Where the new shape has the same steps they are an axis again, however often they were
//! laid together with others meanwhile: a group norm flattens a map and unfolds it afterwards.

use std::ops::Range;

use super::field::{Along, Cause, Field};
use crate::tensor::Dim;

/// Steps in row-major order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// Elements within one step.
    inner: u64,
    /// Steps.
    size: u64,
}

/// What becomes of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    /// It is this axis now.
    To(usize),
    /// It is a part of this axis: these steps of it.
    Into(usize, Span),
    /// It is no axis, nor part of one.
    Apart,
}

impl Move {
    fn place(self) -> Option<usize> {
        match self {
            Self::To(at) | Self::Into(at, _) => Some(at),
            Self::Apart => None,
        }
    }
}

/// Axes of the old shape and of the new one that hold the same elements.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    old: Range<usize>,
    new: Range<usize>,
}

/// Regroups the axes of a value of sizes `from` into `to`; `size` tells those of the model's input.
pub(super) fn regroup(
    field: &mut Field,
    from: &[Dim],
    to: &[Dim],
    size: impl Fn(usize) -> Option<u64>,
    cause: Cause,
) {
    let groups = groups(from, to);
    for at in 0..from.len() {
        let one = from.get(at) == Some(&Dim::Known(1));
        if one && moved(&groups, from, to, at, None) == Move::Apart {
            field.settle(at, &size, cause);
        }
    }
    for reach in &mut field.axes {
        let Some(at) = reach.along.at() else { continue };
        let part = match &reach.along {
            Along::Folded { span, .. } => Some(*span),
            _ => None,
        };
        let moved = moved(&groups, from, to, at, part);
        reach.along = match (&reach.along, moved) {
            (Along::Moving { steps, .. } | Along::Folded { steps, .. }, moved) => {
                let steps = steps.clone();
                match moved {
                    Move::To(at) => Along::Moving { at, steps },
                    Move::Into(at, span) => Along::Folded {
                        at,
                        span,
                        steps,
                        cause,
                    },
                    Move::Apart => Along::Lost { at: None, cause },
                }
            }
            (Along::Still { .. }, moved) => Along::Still { at: moved.place() },
            (Along::Lost { cause, .. }, moved) => Along::Lost {
                at: moved.place(),
                cause: *cause,
            },
        };
    }
}

/// What becomes of axis `at`, or of the `part` of it that is asked for.
fn moved(groups: &[Group], from: &[Dim], to: &[Dim], at: usize, part: Option<Span>) -> Move {
    let group = groups.iter().find(|it| it.old.contains(&at));
    let Some(Group { old, new }) = group else {
        return Move::Apart;
    };
    let wide = |list: &[Dim], range: &Range<usize>| {
        let mut axes = range.clone();
        let first = axes.find(|it| list.get(*it) != Some(&Dim::Known(1)));
        first.filter(|_| axes.all(|it| list.get(it) == Some(&Dim::Known(1))))
    };
    // One axis for one: open sizes do not matter.
    let alone = old.len() == 1 && new.len() == 1;
    if alone || (wide(from, old) == Some(at) && wide(to, new).is_some()) {
        let place = if alone {
            Some(new.start)
        } else {
            wide(to, new)
        };
        return match (place, part) {
            (Some(place), None) => Move::To(place),
            (Some(place), Some(span)) => Move::Into(place, span),
            (None, _) => Move::Apart,
        };
    }
    sought(from, to, group, at, part).unwrap_or(Move::Apart)
}

/// Looks for the new axis that has, or holds, the steps of axis `at`.
fn sought(
    from: &[Dim],
    to: &[Dim],
    group: Option<&Group>,
    at: usize,
    part: Option<Span>,
) -> Option<Move> {
    let Group { old, new } = group?;
    let size = from.get(at)?.known()?;
    let inner = within(from, at, old.end)?;
    let steps = match part {
        Some(part) => Span {
            inner: inner.checked_mul(part.inner)?,
            ..part
        },
        None => Span { inner, size },
    };
    // An axis of one place is nowhere, and everywhere.
    if steps.size == 1 {
        return None;
    }
    new.clone().find_map(|place| {
        let (size, inner) = (to.get(place)?.known()?, within(to, place, new.end)?);
        if steps == (Span { inner, size }) {
            return Some(Move::To(place));
        }
        let (whole, held) = (
            inner.checked_mul(size)?,
            steps.inner.checked_mul(steps.size)?,
        );
        let fits = steps.inner.checked_rem(inner) == Some(0) && whole.checked_rem(held) == Some(0);
        let span = Span {
            inner: steps.inner.checked_div(inner)?,
            ..steps
        };
        (fits && size > 1).then_some(Move::Into(place, span))
    })
}

/// Elements within one step along axis `at`, of the axes before `end`.
fn within(sizes: &[Dim], at: usize, end: usize) -> Option<u64> {
    let inner = sizes.get(at.checked_add(1)?..end)?;
    let mut inner = inner.iter().map(Dim::known);
    inner.try_fold(1u64, |product, it| product.checked_mul(it?))
}

/// Groups of axes: equal sizes from both ends stay one for one, and between them products are matched.
fn groups(from: &[Dim], to: &[Dim]) -> Vec<Group> {
    let same = |pair: &(&Dim, &Dim)| pair.0 == pair.1 && *pair.0 != Dim::Unknown;
    let front = from.iter().zip(to).take_while(same).count();
    let rest = from.len().min(to.len()).saturating_sub(front);
    let back = from.iter().rev().zip(to.iter().rev()).take_while(same);
    let back = back.take(rest).count();
    let (old_end, new_end) = (
        from.len().saturating_sub(back),
        to.len().saturating_sub(back),
    );
    let one = |(old, new): (usize, usize)| Group {
        old: old..old.saturating_add(1),
        new: new..new.saturating_add(1),
    };
    let mut groups: Vec<Group> = (0..front).zip(0..front).map(one).collect();
    groups.extend(matched(from, to, front..old_end, front..new_end));
    groups.extend((old_end..from.len()).zip(new_end..to.len()).map(one));
    groups
}

/// The shortest groups of equal product between the ends; one group where sizes are open.
fn matched(from: &[Dim], to: &[Dim], old: Range<usize>, new: Range<usize>) -> Vec<Group> {
    let sizes = |list: &[Dim], range: &Range<usize>| {
        let sizes = list.get(range.clone())?.iter().map(Dim::known);
        sizes.collect::<Option<Vec<u64>>>()
    };
    if sizes(from, &old).is_none() || sizes(to, &new).is_none() {
        return vec![Group { old, new }];
    }
    let size = |list: &[Dim], at: usize| list.get(at).and_then(Dim::known).map(u128::from);
    let mut groups = vec![];
    let (mut left, mut right) = (old.start, new.start);
    while left < old.end {
        let (mut end, mut new_end) = (left, right);
        let (mut mine, mut theirs) = (1u128, 1u128);
        while mine != theirs || end == left {
            let (list, at, product, past) = if mine < theirs || end == left {
                (from, &mut end, &mut mine, old.end)
            } else {
                (to, &mut new_end, &mut theirs, new.end)
            };
            let Some(size) = size(list, *at).filter(|_| *at < past) else {
                break;
            };
            *product = product.saturating_mul(size);
            *at = at.saturating_add(1);
        }
        groups.push(Group {
            old: left..end,
            new: right..new_end,
        });
        (left, right) = (end, new_end);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dims(sizes: &[u64]) -> Vec<Dim> {
        sizes.iter().copied().map(Dim::Known).collect()
    }

    fn all(from: &[u64], to: &[u64]) -> Vec<Move> {
        let (from, to) = (dims(from), dims(to));
        let groups = groups(&from, &to);
        let each = (0..from.len()).map(|at| moved(&groups, &from, &to, at, None));
        each.collect()
    }

    const fn into(at: usize, inner: u64, size: u64) -> Move {
        Move::Into(at, Span { inner, size })
    }

    #[test]
    fn axes_are_regrouped_as_row_major_order_has_them() {
        use Move::{Apart, To};
        // Of a flattened [8, 4, 5] a step along 8 is 4·5 elements, one along 4 is 5.
        type Case<'a> = (&'a str, &'a [u64], &'a [u64], &'a [Move]);
        let cases: &[Case<'_>] = &[
            (
                "flatten",
                &[1, 8, 4, 5],
                &[1, 160],
                &[To(0), into(1, 20, 8), into(1, 5, 4), into(1, 1, 5)],
            ),
            (
                "channel shuffle",
                &[2, 8, 4, 5],
                &[2, 2, 4, 4, 5],
                &[To(0), Apart, To(3), To(4)],
            ),
            ("unsqueeze", &[2, 500], &[2, 1, 500], &[To(0), To(2)]),
            (
                "squeeze",
                &[2, 8, 1, 40],
                &[2, 8, 40],
                &[To(0), To(1), Apart, To(2)],
            ),
            (
                "group norm: 8 channels in 2 groups",
                &[3, 8, 4, 5],
                &[3, 2, 80],
                &[To(0), Apart, into(2, 5, 4), into(2, 1, 5)],
            ),
            (
                "frames into the batch",
                &[2, 5, 3, 6],
                &[10, 3, 6],
                &[into(0, 5, 2), into(0, 1, 5), To(1), To(2)],
            ),
            (
                "one more axis in front",
                &[3, 6, 7],
                &[1, 3, 6, 7],
                &[To(1), To(2), To(3)],
            ),
        ];
        for (case, from, to, expected) in cases {
            assert_eq!(all(from, to), *expected, "{case}");
        }
    }

    #[test]
    fn what_was_laid_together_comes_apart_again() {
        let (from, to) = (dims(&[3, 2, 80]), dims(&[3, 8, 4, 5]));
        let groups = groups(&from, &to);
        let part = |inner, size| moved(&groups, &from, &to, 2, Some(Span { inner, size }));
        assert_eq!(part(5, 4), Move::To(2));
        assert_eq!(part(1, 5), Move::To(3));
        // 16 steps of 5 are neither the 4 of that axis nor a part of one.
        assert_eq!(part(5, 16), Move::Apart);
    }
}
