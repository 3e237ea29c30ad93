//! N, C, spatial and N, spatial, C.

use crate::tensor::Shape;

/// `[N, d1, …, dn, C]` as `[N, C, d1, …, dn]`.
#[must_use]
pub fn channels_first(shape: &Shape) -> Shape {
    let mut dims = shape.0.clone();
    if dims.len() > 2
        && let Some(channels) = dims.pop()
    {
        dims.insert(1, channels);
    }
    Shape(dims)
}

/// `[N, C, d1, …, dn]` as `[N, d1, …, dn, C]`.
#[must_use]
pub fn channels_last(shape: &Shape) -> Shape {
    let mut dims = shape.0.clone();
    if dims.len() > 2 {
        let channels = dims.remove(1);
        dims.push(channels);
    }
    Shape(dims)
}
