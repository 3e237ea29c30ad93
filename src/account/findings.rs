//! What is odd about a network: strides that leave input over, weights that nothing uses.

use super::geometry::Geometry;
use super::roles::{Booked, Role};
use super::scene::Scene;
use crate::finding::Finding;
use crate::op::window::Axis;
use crate::tensor::DataType;
use crate::units::grouped;

/// Fires where a convolution's stride leaves real input, not only padding, that no window sees.
///
/// A kernel smaller than its stride skips input everywhere on purpose, so it never fires there.
pub(super) fn uneven_stride(layer: &str, geometry: &Geometry) -> Option<Finding> {
    let output = geometry.output.as_ref()?;
    if geometry.operator.transposed || geometry.problem.is_some() {
        return None;
    }
    let input = geometry.input.as_ref()?;
    let axes = output.rank().checked_sub(2)?;
    let mut messages: Vec<(Vec<&'static str>, String)> = Vec::new();
    for at in 0..axes {
        let Some(size) = input.dim(at.checked_add(2)?).known() else {
            continue;
        };
        let Some(message) = geometry.axis(at).and_then(|it| left_over(it, size)) else {
            continue;
        };
        let name = axis_name(at, axes);
        match messages.iter_mut().find(|it| it.1 == message) {
            Some(same) => same.0.push(name),
            None => messages.push((vec![name], message)),
        }
    }
    if messages.is_empty() {
        return None;
    }
    let messages = messages
        .into_iter()
        .map(|(names, message)| format!("{} {message}", names.join(" and ")));
    let message = messages.collect::<Vec<_>>().join("; ");
    Some(Finding::about("uneven-stride", layer, message))
}

/// What is said of an axis of `size` elements, where real input is left over.
fn left_over(axis: Axis, size: u64) -> Option<String> {
    let over = axis.left_over(size);
    let end = u64::try_from(axis.pads.1).unwrap_or(0);
    if over <= end || axis.reach() < axis.stride {
        return None;
    }
    let real = over.checked_sub(end)?.min(size);
    let larger = size.checked_add(axis.stride.checked_sub(over)?)?;
    let fit = match size.checked_sub(over) {
        Some(smaller) if axis.output_size(smaller).is_ok() => {
            format!("the nearest sizes that fit are {smaller} and {larger}")
        }
        _ => format!("the nearest size that fits is {larger}"),
    };
    let padded = match axis.pads {
        (0, 0) => String::new(),
        (start, end) => format!(" with padding {start} and {end}"),
    };
    let elements = if real == 1 {
        "element that no window sees"
    } else {
        "elements that no window sees"
    };
    Some(format!(
        "{size}{padded} leaves {real} {elements} (window {}, stride {}); {fit}",
        axis.reach(),
        axis.stride,
    ))
}

/// What an axis is called.
fn axis_name(at: usize, axes: usize) -> &'static str {
    match (axes, at) {
        (1, _) => "length",
        (2, 0) | (3, 1) => "height",
        (2, 1) | (3, 2) => "width",
        (3, 0) => "depth",
        _ => "an axis of",
    }
}

/// Names the first of the stored tensors that no output depends on.
pub(super) fn dead_weights(scene: Scene<'_>, booked: &Booked) -> Option<Finding> {
    let dead = scene.network.initializers().filter(|(id, it)| {
        let float = it.tensor.data_type.is_some_and(DataType::is_float);
        booked.role(*id) == Role::Dead && float && it.tensor.numel().is_none_or(|it| it > 1)
    });
    let dead: Vec<_> = dead.collect();
    if dead.is_empty() {
        return None;
    }
    let elements = dead.iter().fold(0u128, |sum, (_, it)| {
        sum.saturating_add(it.tensor.numel().unwrap_or(u128::MAX))
    });
    let named = dead
        .iter()
        .take(3)
        .map(|(id, _)| format!("{:?}", scene.tensor_name(*id)));
    let named = named.collect::<Vec<_>>().join(", ");
    let more = match dead.len().saturating_sub(3) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let count = dead.len();
    let (noun, verb) = if count == 1 {
        ("tensor", "reaches")
    } else {
        ("tensors", "reach")
    };
    Some(Finding::general(
        "dead-weights",
        format!(
            "{count} stored {noun} of {} elements {verb} no output: {named}{more}",
            grouped(&elements.to_string()),
        ),
    ))
}
