//! What convolutions and pools see through their windows.

use std::ops::Range;

use super::field::{Cause, Field, Place};
use super::operators::{Look, OPEN};
use super::steps::Steps;
use super::walk::State;
use super::{resize, signed};
use crate::account::rows::Layer;
use crate::op::conv;
use crate::tensor::Shape;

/// What a convolution or pool sees, and along which axes it moves.
pub(super) struct Seen {
    pub(super) field: Field,
    pub(super) axes: Range<usize>,
    /// Whether the operator takes its spatial axes away.
    gone: bool,
}

impl Seen {
    /// What its output sees.
    pub(super) fn kept(self, look: &Look<'_>) -> Field {
        let Self {
            mut field,
            axes,
            gone,
        } = self;
        if gone {
            let cause = look.cause("takes its axes away");
            let below = axes.start;
            let count = axes.len();
            field.renumber(
                |at| match at {
                    at if at < below => Some(at),
                    at if axes.contains(&at) => None,
                    at => at.checked_sub(count),
                },
                cause,
            );
        }
        field
    }
}

/// The windows of a row.
struct Window<'r> {
    kernel: Option<&'r [u64]>,
    strides: Option<&'r [u64]>,
    dilations: Option<&'r [u64]>,
    pads: Option<&'r [i64]>,
    transposed: bool,
    nhwc: bool,
}

/// What a convolution or pool sees through its windows.
pub(super) fn window(look: &Look<'_>, layer: &Layer) -> Result<Seen, Cause> {
    let open = look.cause("has windows that are not known");
    let (window, mixes) = match layer {
        Layer::Conv(row) => {
            let operator = conv::find(&look.node.domain, &look.node.op_type).ok_or(open)?;
            let weight = look.inputs.get(operator.weight);
            if &*look.node.op_type == "DeformConv" {
                look.first()?;
                return Err(look.cause("takes its taps from where it computes them to be"));
            }
            match weight {
                Some(State::Unknown(cause)) => return Err(*cause),
                // One that is fed beside the picture is a weight like any other.
                Some(State::Known(weight)) if weight.input == look.first()?.input => {
                    return Err(look.cause("has a weight that is computed from the input"));
                }
                Some(State::Known(_) | State::Free) | None => {}
            }
            let window = Window {
                kernel: row.kernel_shape.as_deref(),
                strides: row.strides.as_deref(),
                dilations: row.dilations.as_deref(),
                pads: row.pads.as_deref(),
                transposed: operator.transposed,
                nhwc: row.layout.is_some(),
            };
            (window, true)
        }
        Layer::Pool(row) if row.global => return global(look, row.layout.is_some()),
        Layer::Pool(row) => {
            let window = Window {
                kernel: row.kernel_shape.as_deref(),
                strides: row.strides.as_deref(),
                dilations: row.dilations.as_deref(),
                pads: row.pads.as_deref(),
                transposed: false,
                nhwc: row.layout.is_some(),
            };
            (window, false)
        }
        _ => return Err(open),
    };
    let mut field = look.first()?;
    let (Some(kernel), Some(strides)) = (window.kernel, window.strides) else {
        return Err(open);
    };
    // Padding that is chosen by an input's size is open where that is.
    let sizes = look.shape(0).and_then(Shape::sizes);
    let lost = if window.pads.is_none() && sizes.is_none() {
        Cause {
            at: Place::Value(field.input),
            why: OPEN,
        }
    } else {
        open
    };
    let count = kernel.len();
    let first = if window.nhwc { 1 } else { 2 };
    let past = count.saturating_add(first);
    if mixes {
        field.mix(if window.nhwc { past } else { 1 });
    }
    for (at, axis) in (first..past).enumerate() {
        let steps = || {
            let of = |list: Option<&[u64]>| list.and_then(|it| it.get(at).copied());
            let pad = window.pads?.get(at).copied()?;
            let (kernel, dilation) = (of(Some(kernel))?, of(window.dilations)?);
            let stride = of(Some(strides))?;
            if window.transposed {
                return resize::transposed(kernel, stride, dilation, pad);
            }
            let first = pad.checked_neg()?;
            let reach = dilation.checked_mul(kernel.checked_sub(1)?)?;
            Steps::one(signed(stride)?, first, first.checked_add(signed(reach)?)?)
        };
        field.through(axis, steps().as_ref(), lost);
    }
    Ok(Seen {
        field,
        axes: first..past,
        gone: false,
    })
}

/// What a global pool sees: all of its spatial axes.
fn global(look: &Look<'_>, nhwc: bool) -> Result<Seen, Cause> {
    let mut field = look.single()?;
    let rank = look.shape(0).map(Shape::rank);
    let rank = rank.ok_or(look.cause("pools a value of unknown shape"))?;
    let axes = if nhwc {
        1..rank.saturating_sub(1)
    } else {
        2..rank
    };
    for at in axes.clone() {
        field.mix(at);
    }
    let reduces = look.node.op_type.starts_with("Reduce");
    Ok(Seen {
        field,
        axes,
        gone: reduces && look.node.attrs.int_or("keepdims", 1) == Ok(0),
    })
}
