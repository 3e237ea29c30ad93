//! Layers that another, plainer layer equals.

use super::window::{Along, Window};
use crate::account::rows::ConvLayer;
use crate::units::counted;

/// A convolution of one position, whose kernel is as large as its input.
pub(super) fn linear(row: &ConvLayer, window: &Window<'_>) -> Option<String> {
    let whole = window.complete && window.axes.iter().all(covers);
    if !whole || row.group != Some(1) {
        return None;
    }
    let channels = row.input_shape.as_ref()?.dim(1).known()?;
    let sizes = window.axes.iter().map(|it| u128::from(it.input));
    let inputs = sizes
        .chain([u128::from(channels)])
        .try_fold(1u128, u128::checked_mul)?;
    let filters = row.output_shape.as_ref()?.dim(1).known()?;
    Some(format!(
        "its kernel covers the whole input, so it equals a linear layer of {} inputs and {} outputs",
        counted(inputs),
        counted(filters.into())
    ))
}

/// Whether one window without padding takes in the axis.
fn covers(along: &Along) -> bool {
    let axis = along.axis;
    let dense = axis.kernel == 1 || axis.dilation == 1;
    along.output == 1 && axis.kernel == along.input && dense && axis.pads == (0, 0)
}

/// A pool whose window takes in a whole axis at the size that it is given.
pub(super) fn global(window: &Window<'_>) -> Option<String> {
    window.said(|along| {
        (along.input > 1 && covers(along)).then(|| {
            format!(
                ": the window is as large as the input, {} elements, so this is a global pool at this size only",
                along.input
            )
        })
    })
}

/// A pool that copies.
pub(super) fn copy(window: &Window<'_>) -> Option<String> {
    let copies = |it: &Along| it.axis.kernel == 1 && it.axis.stride == 1 && it.axis.pads == (0, 0);
    let idle = window.complete && window.axes.iter().all(copies);
    idle.then(|| "a window of one element that moves by one: it copies its input".to_owned())
}
