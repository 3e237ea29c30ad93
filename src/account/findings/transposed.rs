//! Transposed convolutions whose taps overlap unevenly.

use super::window::Window;

/// Neighbouring outputs that sum different numbers of taps.
///
/// Source: <https://distill.pub/2016/deconv-checkerboard/>
pub(super) fn overlap(window: &Window<'_>) -> Option<String> {
    window.said(|along| {
        let axis = along.axis;
        let rest = axis.kernel.checked_rem(axis.stride)?;
        let uneven = axis.stride > 1 && axis.dilation == 1 && rest > 0 && along.input > 1;
        let fewest = axis.kernel.checked_div(axis.stride)?;
        uneven.then(|| {
            format!(
                ": kernel {} is no multiple of stride {}, so an output sums {fewest} or {} taps",
                axis.kernel,
                axis.stride,
                fewest.saturating_add(1)
            )
        })
    })
}
