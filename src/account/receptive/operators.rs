//! How operators pass on what their inputs see.

use std::ops::Range;

use super::field::{Cause, Field, Place};
use super::walk::State;
use super::{movers, product};
use crate::account::pointwise;
use crate::account::scene::{Scene, input_of, is, output_of};
use crate::network::{Node, NodeId, ValueId};
use crate::op::{CHANNELS, OWN, linear};
use crate::tensor::{Dim, Shape};

/// Said of an input whose sizes are open.
pub(super) const OPEN: &str = "has open sizes";

/// A node at work.
pub(super) struct Look<'a> {
    pub(super) scene: Scene<'a>,
    pub(super) id: NodeId,
    pub(super) node: &'a Node,
    /// What its inputs see.
    pub(super) inputs: &'a [State],
}

/// The sizes of a model input by its axes.
pub(super) type InputSizes<'a> = dyn Fn(ValueId, usize) -> Option<u64> + 'a;

/// Operators beside the pointwise ones of one operand whose output sees, place by place, what their first
/// input sees.
const KEEPS: &[&str] = &[
    "BiasAdd",
    "Acos",
    "Acosh",
    "Asin",
    "Asinh",
    "Atan",
    "Atanh",
    "Cosh",
    "Sinh",
    "Tan",
    "Affine",
    "ParametricSoftplus",
    "ScaledTanh",
    "ImageScaler",
    "BitwiseNot",
    "IsInf",
    "DynamicQuantizeLinear",
];

/// Operators beside the pointwise ones of several operands that bring their inputs to one shape.
const JOINS: &[&str] = &[
    "Xor",
    "Equal",
    "Less",
    "LessOrEqual",
    "Greater",
    "GreaterOrEqual",
    "BitwiseAnd",
    "BitwiseOr",
    "BitwiseXor",
    "BitShift",
    "QLinearWhere",
    "Expand",
];

/// Operators that tell sizes, or make values by them.
const SIZES: &[&str] = &[
    "Shape",
    "Size",
    "EyeLike",
    "RandomNormalLike",
    "RandomUniformLike",
    "ConstantOfShape",
];

impl Look<'_> {
    pub(super) fn cause(&self, why: &'static str) -> Cause {
        Cause {
            at: Place::Node(self.id),
            why,
        }
    }

    pub(super) fn shape(&self, place: usize) -> Option<&Shape> {
        let value = input_of(self.node, place)?;
        self.scene.shape(value)
    }

    pub(super) fn output_shape(&self) -> Option<&Shape> {
        output_of(self.node).and_then(|it| self.scene.shape(it))
    }

    /// The whole numbers of an attribute, or of an input in newer operator sets.
    pub(super) fn ints(&self, name: &'static str, place: usize) -> Option<Vec<i64>> {
        if let Some(values) = self.node.attrs.ints(name).ok().flatten() {
            return Some(values);
        }
        let value = input_of(self.node, place)?;
        self.scene.shapes.values.get(value.at())?.ints()
    }

    /// Place of an axis that an attribute counts from either end.
    pub(super) fn axis(&self, default: i64, rank: usize) -> Option<usize> {
        let axis = self.node.attrs.int_or("axis", default).ok()?;
        crate::op::call::axis_at(axis, rank).ok()
    }

    /// What the first input sees, where no other input sees anything.
    pub(super) fn single(&self) -> Result<Field, Cause> {
        let mut others = self.inputs.iter().skip(1);
        match others.find(|it| !matches!(it, State::Free)) {
            Some(State::Unknown(cause)) => Err(*cause),
            Some(_) => Err(self.cause("is steered by values computed from the input")),
            None => self.first(),
        }
    }

    /// What the first input sees.
    pub(super) fn first(&self) -> Result<Field, Cause> {
        match self.inputs.first() {
            Some(State::Known(field)) => Ok((**field).clone()),
            Some(State::Unknown(cause)) => Err(*cause),
            Some(State::Free) | None => Err(self.cause("depends on none of the model's inputs")),
        }
    }
}

/// What each output of a node sees that is neither convolution nor pool.
pub(super) fn outputs(look: &Look<'_>, size: &InputSizes<'_>) -> Vec<State> {
    let node = look.node;
    let all = |state: State| vec![state; node.outputs.len()];
    if &*node.domain == OWN && &*node.op_type == CHANNELS {
        let mixed = look.single().map(|mut field| {
            field.mix(1);
            field
        });
        return all(State::from(mixed));
    }
    if is(node, SIZES) {
        return all(State::Free);
    }
    if is(node, &["Split"]) {
        return movers::split(look);
    }
    // Scales that are computed with a value steer it and are no part of it.
    if is(node, &["DynamicQuantizeLinear"]) {
        let mut states = all(State::Free);
        if let (Some(state), Some(first)) = (states.first_mut(), look.inputs.first()) {
            *state = first.clone();
        }
        return states;
    }
    if is(node, pointwise::OF_ONE) || is(node, KEEPS) {
        let kept = match (look.inputs.first(), look.single()) {
            // The same value, not a copy of it: a long chain holds one.
            (Some(first @ State::Known(_)), Ok(_)) => first.clone(),
            (_, other) => State::from(other),
        };
        return all(kept);
    }
    if is(node, pointwise::OF_SEVERAL) || is(node, JOINS) {
        return all(joined(look, size));
    }
    all(one(look, size))
}

/// What several operands see together.
fn joined(look: &Look<'_>, size: &InputSizes<'_>) -> State {
    let node = look.node;
    let fitted = node.opset < 7 && node.attrs.get("axis").is_some();
    let free = look
        .inputs
        .iter()
        .skip(1)
        .all(|it| matches!(it, State::Free));
    if fitted && free {
        return look.inputs.first().cloned().unwrap_or(State::Free);
    }
    let operands = look.inputs.iter().enumerate();
    let operands = operands.map(|(place, it)| (it.clone(), look.shape(place)));
    meet(operands.collect(), look.output_shape(), size, look.id)
}

/// What values see together that are brought to one shape.
pub(super) fn meet(
    operands: Vec<(State, Option<&Shape>)>,
    shape: Option<&Shape>,
    size: &InputSizes<'_>,
    id: NodeId,
) -> State {
    let cause = |why| Cause {
        at: Place::Node(id),
        why,
    };
    let mut all: Option<Field> = None;
    for (state, own) in operands {
        let field = match state {
            State::Free => continue,
            State::Unknown(_) => return state,
            State::Known(field) => field,
        };
        let mut field = (*field).clone();
        let (Some(own), Some(shape)) = (own, shape) else {
            return State::Unknown(cause("joins values of unknown shape"));
        };
        broadcast(
            &mut field,
            own,
            shape,
            size,
            cause("repeats a part of a map"),
        );
        if let Err(cause) = add(&mut all, field, id) {
            return State::Unknown(cause);
        }
    }
    all.map_or(State::Free, |it| State::from(Ok(it)))
}

/// Lays the axes of an operand under those of the result.
pub(super) fn broadcast(
    field: &mut Field,
    own: &Shape,
    shape: &Shape,
    size: &InputSizes<'_>,
    cause: Cause,
) {
    let shift = shape.rank().saturating_sub(own.rank());
    let input = field.input;
    for (at, dim) in own.0.iter().enumerate() {
        let repeated =
            *dim == Dim::Known(1) && shape.dim(at.saturating_add(shift)) != Dim::Known(1);
        if repeated {
            field.settle(at, |axis| size(input, axis), cause);
        }
    }
    field.renumber(|at| at.checked_add(shift), cause);
}

/// What two values see together. One that comes from an input without spatial axes (a number, a vector)
/// adds no pixels.
pub(super) fn both(mut left: Field, right: &Field, id: NodeId) -> Result<Field, Cause> {
    let at = Place::Node(id);
    if left.input == right.input {
        let why = "joins branches whose windows move differently";
        left.join(right, Cause { at, why });
        return Ok(left);
    }
    match (left.axes.len() > 2, right.axes.len() > 2) {
        (true, false) => Ok(left),
        (false, true) => Ok(right.clone()),
        _ => Err(Cause {
            at,
            why: "joins what comes from several inputs of the model",
        }),
    }
}

/// Adds what one more operand sees to what is seen so far.
pub(super) fn add(all: &mut Option<Field>, field: Field, id: NodeId) -> Result<(), Cause> {
    *all = Some(match all.take() {
        None => field,
        Some(all) => both(all, &field, id)?,
    });
    Ok(())
}

/// What the output of an operator with one data input sees, or of a matrix product.
fn one(look: &Look<'_>, size: &InputSizes<'_>) -> State {
    let node = look.node;
    if linear::find(&node.domain, &node.op_type).is_some() {
        return product::product(look, size);
    }
    let ours = &*node.domain == crate::op::ONNX || &*node.domain == crate::op::MICROSOFT;
    let op_type = if ours { &*node.op_type } else { "" };
    let moved = match op_type {
        "Transpose" => movers::transpose(look),
        "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" => movers::reshape(look, size),
        "Slice" => movers::slice(look),
        "Pad" => movers::pad(look),
        "Concat" | "QLinearConcat" => return movers::concat(look),
        "Gather" => movers::gather(look),
        "Tile" => movers::tile(look),
        "DepthToSpace" | "SpaceToDepth" => movers::blocks(look),
        "Resize" | "Upsample" => movers::resized(look),
        "SplitToSequence" => movers::sequence(look),
        "SequenceAt" => look.single(),
        "ArgMax" | "ArgMin" => movers::reduce(look),
        _ if op_type.starts_with("Reduce") => movers::reduce(look),
        _ => match spread_axes(look) {
            Some(axes) => look.single().map(|mut field| {
                axes.for_each(|at| field.spread(at));
                field
            }),
            None => Err(look.cause("is no operator through which windows are followed")),
        },
    };
    // What an unknown operator hides was hidden before it.
    let hidden = look.inputs.iter().find_map(|it| match it {
        State::Unknown(cause) => Some(*cause),
        _ => None,
    });
    State::from(moved.map_err(|cause| hidden.unwrap_or(cause)))
}

/// Axes along which an operator takes all places together and leaves each its own.
fn spread_axes(look: &Look<'_>) -> Option<Range<usize>> {
    let rank = look.shape(0)?.rank();
    let from = |default| look.axis(default, rank);
    match &*look.node.op_type {
        "Softmax" | "LogSoftmax" | "Hardmax" if look.node.opset < 13 => Some(from(1)?..rank),
        "Softmax" | "LogSoftmax" | "Hardmax" | "LpNormalization" => {
            let at = from(-1)?;
            Some(at..at.checked_add(1)?)
        }
        "CumSum" => Some(0..rank),
        "LayerNormalization" | "RMSNormalization" | "SimplifiedLayerNormalization" => {
            Some(from(-1)?..rank)
        }
        "InstanceNormalization" | "GroupNormalization" | "MeanVarianceNormalization" => {
            Some(1..rank)
        }
        _ => None,
    }
}
