//! What a row says of its field: the entries of its spatial axes.

use std::ops::Range;

use super::field::{Along, Cause, Field, Place, Reach};
use super::operators::OPEN;
use super::{ReceptiveField, Step, Windows};
use crate::network::NodeId;
use crate::tensor::{Dim, Shape};

/// A row and the axes that its windows move along.
pub(super) struct Row<'a> {
    pub(super) id: NodeId,
    /// Its spatial axes as the operator lays them out.
    pub(super) axes: Range<usize>,
    /// Shape of what goes in.
    pub(super) shape: Option<&'a Shape>,
    /// Axes of the model's input that windows move along elsewhere.
    pub(super) spatial: &'a [usize],
}

/// One axis' entry: size, stride and start.
type Entry = (u64, Step, i64);

const STILL: Step = Step {
    pixels: 0,
    positions: 1,
};

/// The axes of the input that windows along `axes` move over, where all of them move.
pub(super) fn moving(field: &Field, axes: Range<usize>) -> Option<Vec<usize>> {
    let over = |at| {
        let mut reaches = field.axes.iter();
        reaches.position(|it| matches!(it.along, Along::Moving { at: mine, .. } if mine == at))
    };
    axes.map(over).collect()
}

/// The field of a row.
pub(super) fn field(
    field: &Field,
    row: &Row<'_>,
    size: &dyn Fn(usize) -> Option<u64>,
) -> Result<ReceptiveField, Cause> {
    let standing = standing(field, row)?;
    let (mut whole, mut windows) = (vec![], vec![]);
    for axis in standing {
        let Some(axis) = axis else {
            // An axis that the graph adds has one place, and nothing of the input lies along it.
            whole.push((1, STILL, 0));
            windows.push(None);
            continue;
        };
        let reach = field.axes.get(axis);
        let moved = reach.map(|it| entry(it, row.id)).transpose()?.flatten();
        let covered = reach.is_some_and(|it| it.whole) || moved.is_none();
        let open = Cause {
            at: Place::Value(field.input),
            why: OPEN,
        };
        whole.push(match moved {
            Some(moved) if !covered => moved,
            _ => (size(axis).ok_or(open)?, STILL, 0),
        });
        windows.push(moved.filter(|_| covered));
    }
    let narrower = windows.iter().any(Option::is_some);
    let windows = windows.into_iter().zip(&whole);
    let windows: Vec<Entry> = windows.map(|(it, whole)| it.unwrap_or(*whole)).collect();
    let size = |list: &[Entry]| list.iter().map(|it| it.0).collect();
    let stride = |list: &[Entry]| list.iter().map(|it| it.1).collect();
    let start = |list: &[Entry]| list.iter().map(|it| it.2).collect();
    let windows = narrower.then(|| {
        Box::new(Windows {
            size: size(&windows),
            stride: stride(&windows),
            start: start(&windows),
        })
    });
    Ok(ReceptiveField {
        size: size(&whole),
        stride: stride(&whole),
        start: start(&whole),
        windows,
    })
}

/// Which axis of the input each spatial axis of the row goes with.
fn standing(field: &Field, row: &Row<'_>) -> Result<Vec<Option<usize>>, Cause> {
    let on = |at: usize| {
        let mut reaches = field.axes.iter();
        let moving = |it: &Reach| matches!(it.along, Along::Moving { at: mine, .. } if mine == at);
        let place = reaches.position(moving);
        place.or_else(|| {
            let mut reaches = field.axes.iter();
            reaches.position(|it| it.along.at() == Some(at))
        })
    };
    let mut standing: Vec<Option<usize>> = row.axes.clone().map(on).collect();
    let open = standing.iter().filter(|it| it.is_none()).count();
    // What a global pool made may have lost its axes meanwhile, and got others.
    let folded = |it: &&usize| {
        let reach = field.axes.get(**it);
        reach.is_some_and(|it| it.whole && it.along == Along::Still { at: None })
    };
    let folded: Vec<usize> = row.spatial.iter().filter(folded).copied().collect();
    if folded.len() == open {
        let mut folded = folded.into_iter();
        for axis in standing.iter_mut().filter(|it| it.is_none()) {
            *axis = folded.next();
        }
        return Ok(standing);
    }
    // An axis whose windows were lost with their place may be the one that is looked for.
    let lost = field.axes.iter().find_map(|it| match it.along {
        Along::Lost { at: None, cause } => Some(cause),
        _ => None,
    });
    if let Some(cause) = lost {
        return Err(cause);
    }
    for (at, axis) in row.axes.clone().zip(&standing) {
        let one = row.shape.map(|it| it.dim(at)) == Some(Dim::Known(1));
        if axis.is_none() && !one {
            return Err(Cause {
                at: Place::Value(field.input),
                why: "has no axis that goes with one that windows move along",
            });
        }
    }
    Ok(standing)
}

/// The entry of windows that move; `None` where none does.
fn entry(reach: &Reach, row: NodeId) -> Result<Option<Entry>, Cause> {
    let steps = match &reach.along {
        Along::Moving { steps, .. } => steps,
        Along::Still { .. } => return Ok(None),
        Along::Folded { cause, .. } | Along::Lost { cause, .. } => return Err(*cause),
    };
    let found = || {
        let (pixels, positions) = steps.stride()?;
        let stride = Step { pixels, positions };
        Some((steps.size()?, stride, steps.start()?))
    };
    let cause = Cause {
        at: Place::Node(row),
        why: "sees none of the input at its first position, or passes 64 bits",
    };
    found().map(Some).ok_or(cause)
}
