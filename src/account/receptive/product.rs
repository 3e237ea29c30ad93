//! What a matrix product sees.

use super::field::{Along, Field};
use super::operators::{InputSizes, Look, add, broadcast};
use super::walk::State;
use crate::network::Node;
use crate::op::linear;
use crate::tensor::{Dim, Shape};

/// A matrix product: what an operand sees along the axis that is summed is seen whole.
pub(super) fn product(look: &Look<'_>, size: &InputSizes<'_>) -> State {
    let node = look.node;
    let operands = linear::find(&node.domain, &node.op_type).map_or(&[][..], |it| it.operands);
    let cause = look.cause("multiplies values of unknown shape");
    let mut all: Option<Field> = None;
    for (place, state) in look.inputs.iter().enumerate() {
        let field = match state {
            State::Free => continue,
            State::Unknown(_) => return state.clone(),
            State::Known(field) => field,
        };
        if place != 0 && !operands.contains(&place) {
            return State::Unknown(look.cause("is steered by values computed from the input"));
        }
        let (Some(own), Some(shape)) = (look.shape(place), look.output_shape()) else {
            return State::Unknown(cause);
        };
        let mut field = (**field).clone();
        if own.rank() < 2 || shape.rank() < own.rank() {
            return State::Unknown(cause);
        }
        factor(&mut field, node, own.rank(), place == 0);
        // The two last axes are the result's own; those before them are laid under one another.
        let outer = |shape: &Shape| {
            let outer = shape.rank().saturating_sub(2);
            let mut dims = shape.0.clone();
            dims.iter_mut()
                .skip(outer)
                .for_each(|it| *it = Dim::Unknown);
            Shape(dims)
        };
        broadcast(&mut field, &outer(own), &outer(shape), size, cause);
        if let Err(cause) = add(&mut all, field, look.id) {
            return State::Unknown(cause);
        }
    }
    all.map_or(State::Free, |it| State::from(Ok(it)))
}

/// Sums a factor's inner axis and lays its other one where the result has it.
fn factor(field: &mut Field, node: &Node, rank: usize, left: bool) {
    let (row, column) = (rank.saturating_sub(2), rank.saturating_sub(1));
    let name = if left { "transA" } else { "transB" };
    let transposed = node.attrs.int_or(name, 0) != Ok(0);
    let inner = if left == transposed { row } else { column };
    field.mix(inner);
    let own = if inner == row { column } else { row };
    let result = if left { row } else { column };
    for reach in &mut field.axes {
        let at = reach.along.at();
        if at == Some(inner) {
            reach.along = Along::Still { at: None };
        } else if at == Some(own)
            && let Some(at) = reach.along.place()
        {
            *at = result;
        }
    }
}
