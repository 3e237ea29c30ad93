//! Operators that move, cut, join and fold axes.

use super::field::{Cause, Field};
use super::operators::{InputSizes, Look, add};
use super::steps::Steps;
use super::walk::State;
use super::{reshape as groups, resize, signed};
use crate::network::Node;
use crate::op::call::axis_at;
use crate::tensor::{Dim, Shape};

/// A field, or why it cannot be told.
type Answer = Result<Field, Cause>;

pub(super) fn transpose(look: &Look<'_>) -> Answer {
    let mut field = look.single()?;
    let cause = look.cause("transposes a value of unknown shape");
    let rank = look.shape(0).map(Shape::rank).ok_or(cause)?;
    let order = match look.node.attrs.ints("perm").ok().flatten() {
        Some(order) => order,
        None => (0..rank)
            .rev()
            .filter_map(|it| i64::try_from(it).ok())
            .collect(),
    };
    field.renumber(
        |at| order.iter().position(|it| usize::try_from(*it) == Ok(at)),
        cause,
    );
    Ok(field)
}

pub(super) fn reshape(look: &Look<'_>, size: &InputSizes<'_>) -> Answer {
    let mut field = look.single()?;
    let cause = look.cause("lays axes together or apart that windows move along");
    let (Some(from), Some(to)) = (look.shape(0), look.output_shape()) else {
        return Err(look.cause("reshapes a value of unknown shape"));
    };
    let input = field.input;
    groups::regroup(&mut field, &from.0, &to.0, |axis| size(input, axis), cause);
    Ok(field)
}

/// Folds axes away.
pub(super) fn reduce(look: &Look<'_>) -> Answer {
    let mut field = look.single()?;
    let cause = look.cause("folds axes that are not known");
    let rank = look.shape(0).map(Shape::rank).ok_or(cause)?;
    let node = look.node;
    let axes = if node.op_type.starts_with("Arg") {
        vec![look.axis(0, rank).ok_or(cause)?]
    } else {
        let given = look.ints("axes", 1);
        let runtime = given.is_none() && node.inputs.get(1).copied().flatten().is_some();
        let given = given.unwrap_or_default();
        match (
            given.is_empty(),
            node.attrs.int_or("noop_with_empty_axes", 0),
        ) {
            _ if runtime => return Err(cause),
            (true, Ok(1)) => return Ok(field),
            (true, _) => (0..rank).collect(),
            _ => crate::op::call::axes_at(&given, rank).map_err(|_| cause)?,
        }
    };
    for at in &axes {
        field.mix(*at);
    }
    if node.attrs.int_or("keepdims", 1) == Ok(0) {
        field.renumber(
            |at| {
                let before = axes.iter().filter(|it| **it < at).count();
                Some(at.saturating_sub(before)).filter(|_| !axes.contains(&at))
            },
            cause,
        );
    }
    Ok(field)
}

/// Every nth place from a first one on.
pub(super) fn slice(look: &Look<'_>) -> Answer {
    let mut field = look.single()?;
    let cause = look.cause("cuts out of a map what is not known");
    let shape = look.shape(0).ok_or(cause)?;
    let rank = shape.rank();
    let starts = look.ints("starts", 1).ok_or(cause)?;
    let given = |name, place| {
        let runtime = look.node.inputs.get(place).copied().flatten().is_some();
        let found = look.ints(name, place);
        if runtime && found.is_none() {
            Err(cause)
        } else {
            Ok(found)
        }
    };
    let axes = given("axes", 3)?;
    let steps = given("steps", 4)?;
    for (place, start) in starts.iter().enumerate() {
        let axis = match &axes {
            Some(axes) => axes.get(place).and_then(|it| axis_at(*it, rank).ok()),
            None => Some(place),
        };
        let axis = axis.ok_or(cause)?;
        let step = steps.as_ref().map_or(Some(1), |it| it.get(place).copied());
        let cause = match step {
            Some(..=-1) => look.cause("takes a map in reverse, and windows are followed forward"),
            _ => cause,
        };
        let windows = || {
            let start = first_place(*start, &shape.dim(axis))?;
            Steps::one(step?, start, start)
        };
        field.through(axis, windows().as_ref(), cause);
    }
    Ok(field)
}

/// The first place of a slice, counted from the front.
fn first_place(start: i64, dim: &Dim) -> Option<i64> {
    match dim.known() {
        Some(size) => {
            let size = signed(size)?;
            let start = if start < 0 {
                start.saturating_add(size)
            } else {
                start
            };
            Some(start.clamp(0, size))
        }
        None => Some(start).filter(|it| *it >= 0),
    }
}

pub(super) fn split(look: &Look<'_>) -> Vec<State> {
    let count = look.node.outputs.len();
    let cause = look.cause("splits a map into parts of unknown size");
    let field = look.single();
    let axis = look.shape(0).and_then(|it| look.axis(0, it.rank()));
    let (field, axis) = match (field, axis) {
        (Ok(field), Some(axis)) => (field, axis),
        (Err(cause), _) => return vec![State::Unknown(cause); count],
        (_, None) => return vec![State::Unknown(cause); count],
    };
    let mut before = Some(0i64);
    let parts = look.node.outputs.iter().map(|value| {
        let mut part = field.clone();
        let windows = before.and_then(|it| Steps::one(1, it, it));
        part.through(axis, windows.as_ref(), cause);
        let shape = value.and_then(|it| look.scene.shape(it));
        let size = shape.and_then(|it| it.dim(axis).known()).and_then(signed);
        before = before.zip(size).and_then(|(sum, it)| sum.checked_add(it));
        State::from(Ok(part))
    });
    parts.collect()
}

pub(super) fn pad(look: &Look<'_>) -> Answer {
    let mut field = look.single()?;
    let cause = look.cause("pads a map by what is not known");
    let rank = look.shape(0).map(Shape::rank).ok_or(cause)?;
    let old = look.node.attrs.ints("paddings").ok().flatten();
    let pads = old.or_else(|| look.ints("pads", 1)).ok_or(cause)?;
    let given = look.node.inputs.get(3).copied().flatten();
    let axes = match given.and_then(|it| look.scene.shapes.values.get(it.at())) {
        Some(axes) => {
            let axes = axes.ints().ok_or(cause)?;
            let axes = axes.iter().map(|it| axis_at(*it, rank).map_err(|_| cause));
            axes.collect::<Result<Vec<_>, _>>()?
        }
        None => (0..rank).collect(),
    };
    for (axis, pad) in axes.iter().zip(&pads) {
        let windows = pad.checked_neg().and_then(|it| Steps::one(1, it, it));
        field.through(*axis, windows.as_ref(), cause);
    }
    Ok(field)
}

/// Maps side by side: along the axis of the joint only one may move, and what stands before it shifts it.
pub(super) fn concat(look: &Look<'_>) -> State {
    let cause = look.cause("lays maps side by side along an axis that windows move along");
    let unknown = look
        .inputs
        .iter()
        .find(|it| matches!(it, State::Unknown(_)));
    if let Some(state) = unknown {
        return state.clone();
    }
    let rank = look.output_shape().map(Shape::rank);
    let Some(axis) = rank.and_then(|it| look.axis(1, it)) else {
        return State::Unknown(look.cause("joins values of unknown shape"));
    };
    let seeing = look.inputs.iter();
    let alone = seeing.filter(|it| matches!(it, State::Known(_))).count() == 1;
    let mut before = Some(0i64);
    let mut all: Option<Field> = None;
    for (place, state) in look.inputs.iter().enumerate() {
        let shift = before;
        if !quantisation(look.node, place) {
            let size = look.shape(place).and_then(|it| it.dim(axis).known());
            let size = size.and_then(signed);
            before = before.zip(size).and_then(|(sum, it)| sum.checked_add(it));
        }
        let State::Known(field) = state else { continue };
        let mut field = (**field).clone();
        let windows = shift.filter(|_| alone).and_then(i64::checked_neg);
        let windows = windows.and_then(|it| Steps::one(1, it, it));
        field.through(axis, windows.as_ref(), cause);
        if let Err(cause) = add(&mut all, field, look.id) {
            return State::Unknown(cause);
        }
    }
    all.map_or(State::Free, |it| State::from(Ok(it)))
}

/// Scales and zero points among the inputs of a quantised joint.
fn quantisation(node: &Node, place: usize) -> bool {
    &*node.op_type == "QLinearConcat" && (place < 2 || place % 3 != 2)
}

/// Places picked along an axis, or a table looked up.
#[expect(clippy::single_match_else, reason = "the two ways of one operator")]
pub(super) fn gather(look: &Look<'_>) -> Answer {
    let cause = look.cause("picks places of a map");
    let (Some(data), Some(indices)) = (look.shape(0), look.shape(1)) else {
        return Err(look.cause("picks from a value of unknown shape"));
    };
    let axis = look.axis(0, data.rank()).ok_or(cause)?;
    match (look.inputs.first(), look.inputs.get(1)) {
        (Some(State::Free), Some(State::Known(field))) => {
            let mut field = (**field).clone();
            field.renumber(|at| at.checked_add(axis), cause);
            Ok(field)
        }
        _ => {
            let mut field = look.single()?;
            let to = (indices.rank() == 1).then_some(axis);
            field.lose(axis, None, cause);
            let shift = indices.rank();
            field.renumber(
                |at| match at {
                    at if at < axis => Some(at),
                    at if at == axis => to,
                    at => at.checked_add(shift)?.checked_sub(1),
                },
                cause,
            );
            Ok(field)
        }
    }
}

pub(super) fn tile(look: &Look<'_>) -> Answer {
    let mut field = look.single()?;
    let cause = look.cause("repeats a part of a map");
    let (Some(from), Some(to)) = (look.shape(0), look.output_shape()) else {
        return Err(cause);
    };
    for (at, (from, to)) in from.0.iter().zip(&to.0).enumerate() {
        if from != to || *from == Dim::Unknown {
            field.lose(at, Some(at), cause);
        }
    }
    Ok(field)
}

/// Blocks of places moved into the channels, or out of them.
pub(super) fn blocks(look: &Look<'_>) -> Answer {
    let mut field = look.single()?;
    let cause = look.cause("moves blocks of unknown size");
    let size = look.node.attrs.int("blocksize").ok().flatten();
    let size = size.and_then(|it| u64::try_from(it).ok()).ok_or(cause)?;
    let windows = if &*look.node.op_type == "DepthToSpace" {
        resize::repeated(size)
    } else {
        signed(size).and_then(|it| Steps::one(it, 0, it.checked_sub(1)?))
    };
    let rank = look.shape(0).map(Shape::rank).ok_or(cause)?;
    field.mix(1);
    for at in 2..rank {
        field.through(at, windows.as_ref(), cause);
    }
    Ok(field)
}

/// A map sampled more or less densely.
pub(super) fn resized(look: &Look<'_>) -> Answer {
    let mut field = look.single()?;
    let cause = look.cause("scales a map in a way that is not followed");
    let sampling = resize::Sampling::of(look.node).ok_or(cause)?;
    let (Some(from), Some(to)) = (look.shape(0), look.output_shape()) else {
        return Err(cause);
    };
    let scales = scales(look);
    for at in 0..from.rank() {
        let sizes = from.dim(at).known().zip(to.dim(at).known());
        let scale = match &scales {
            Some(scales) if scales.len() == from.rank() => scales.get(at).copied(),
            _ => None,
        };
        let same = sizes.is_some_and(|(from, to)| from == to)
            && scale.is_none_or(|it| it.to_bits() == 1.0f64.to_bits());
        if same || scale == Some(1.0) {
            continue;
        }
        let windows = sampling.along(sizes, scale.and_then(resize::fraction));
        field.through(at, windows.as_ref(), cause);
    }
    Ok(field)
}

/// The factors of a resize, one for each axis.
fn scales(look: &Look<'_>) -> Option<Vec<f64>> {
    let node = look.node;
    if let Some(scales) = node.attrs.floats("scales").ok().flatten() {
        return Some(scales.iter().map(|it| f64::from(*it)).collect());
    }
    let old = &*node.op_type == "Upsample" || node.opset < 11;
    let value = node
        .inputs
        .get(if old { 1 } else { 2 })
        .copied()
        .flatten()?;
    let elements = look
        .scene
        .shapes
        .values
        .get(value.at())?
        .elements
        .as_ref()?;
    let floats = elements.iter().map(|it| match it {
        crate::op::Element::Float(scale) => Some(*scale),
        _ => None,
    });
    let floats: Vec<f64> = floats.collect::<Option<_>>()?;
    Some(floats).filter(|it| !it.is_empty())
}

/// A sequence of the parts of a map: which part is taken later is not told, so windows that move along the
/// axis are lost.
pub(super) fn sequence(look: &Look<'_>) -> Answer {
    let mut field = look.single()?;
    let cause = look.cause("cuts a map into parts that are not told apart");
    let rank = look.shape(0).map(Shape::rank).ok_or(cause)?;
    let axis = look.axis(0, rank).ok_or(cause)?;
    field.lose(axis, Some(axis), cause);
    let whole = look.node.inputs.get(1).copied().flatten().is_none();
    if whole && look.node.attrs.int_or("keepdims", 1) == Ok(0) {
        let below = |at: usize| at.checked_sub(usize::from(at > axis));
        field.renumber(|at| below(at).filter(|_| at != axis), cause);
    }
    Ok(field)
}
