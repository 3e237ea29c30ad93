//! What is odd about a network: one row a rule, and weights that nothing uses.

mod gaps;
mod norm;
mod padding;
mod same;
mod transposed;
mod uneven;
mod window;

use super::roles::{Booked, Role};
use super::rows::{ConvLayer, PoolLayer};
use super::scene::Scene;
use crate::finding::Finding;
use crate::tensor::DataType;
use crate::units::grouped;
use window::Window;

/// What the rules say of a convolution whose shapes fit together.
pub(super) fn of_conv(scene: Scene<'_>, row: &ConvLayer) -> Vec<Finding> {
    let bias = norm::bias(scene, row);
    let bias = bias.map(|it| Finding::about("conv-bias-before-norm", &row.name, it));
    let window = Window::of_conv(row);
    let found = match &window {
        // Its offsets move the taps, wherever strides and dilations put them.
        Some(_) if row.op_type == "DeformConv" => vec![],
        Some(window) if row.op_type.contains("Transpose") => of_transposed(window),
        Some(window) => of_window(row, window),
        None => vec![],
    };
    found.into_iter().chain(bias).collect()
}

fn of_transposed(window: &Window<'_>) -> Vec<Finding> {
    let overlap = transposed::overlap(window);
    let found = overlap.map(|it| Finding::about("uneven-overlap", window.layer, it));
    found.into_iter().collect()
}

fn of_window(row: &ConvLayer, window: &Window<'_>) -> Vec<Finding> {
    let layer = window.layer;
    let found = [
        uneven::left_over(window).map(|it| Finding::about("uneven-stride", layer, it)),
        gaps::of_stride(window).map(|it| Finding::about("stride-gaps", layer, it)),
        gaps::of_grid(window).map(|it| Finding::about("stride-dilation-grid", layer, it)),
        gaps::of_one_tap(window).map(|it| Finding::about("strided-pointwise", layer, it)),
        padding::windows(window).map(|it| Finding::about("padding-exceeds-kernel", layer, it)),
        padding::taps(window).map(|it| Finding::about("kernel-exceeds-input", layer, it)),
        padding::dilation(window).map(|it| Finding::about("dilation-exceeds-input", layer, it)),
        same::linear(row, window).map(|it| Finding::about("conv-is-linear", layer, it)),
    ];
    found.into_iter().flatten().collect()
}

/// What the rules say of a pool whose shapes fit together.
pub(super) fn of_pool(row: &PoolLayer) -> Vec<Finding> {
    let Some(window) = &Window::of_pool(row) else {
        return vec![];
    };
    let layer = window.layer;
    let found = [
        uneven::left_over(window).map(|it| Finding::about("uneven-pool", layer, it)),
        gaps::of_stride(window).map(|it| Finding::about("stride-gaps", layer, it)),
        gaps::of_grid(window).map(|it| Finding::about("stride-dilation-grid", layer, it)),
        gaps::of_one_tap(window).map(|it| Finding::about("strided-pointwise", layer, it)),
        padding::windows(window).map(|it| Finding::about("padding-exceeds-kernel", layer, it)),
        same::global(window).map(|it| Finding::about("whole-axis-pool", layer, it)),
        same::copy(window).map(|it| Finding::about("idle-pool", layer, it)),
    ];
    found.into_iter().flatten().collect()
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
