//! Runs one convolution in candle. Everything that candle does not check is checked before it is
//! called, and a panic inside it is an answer like any other.

mod decomposed;
mod native;

use std::panic::{AssertUnwindSafe, catch_unwind};

use candle_core::{Device, Tensor, WithDType};

use super::geometry::{Geometry, Method};
use super::real::Real;

/// Whether layers can be run.
pub(super) const BUILT_IN: bool = true;
/// The engine and its version.
pub(super) const NAME: &str = "candle-core 0.11.1";

/// An element that candle computes with.
pub trait Element: Real + WithDType {}
impl Element for f32 {}
impl Element for f64 {}

/// What the engine gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Output<T> {
    /// How it was computed.
    pub method: Method,
    /// `[N, M, o1, …, on]`, as the engine says.
    pub shape: Vec<usize>,
    /// Row-major values.
    pub values: Vec<T>,
}

/// Runs `geometry` on these tensors, each row-major: input `[N, C, d1, …, dn]`, the weight, and the
/// bias `[M]`.
///
/// # Errors
/// What does not fit together, or what candle says.
pub fn run<T: Element>(
    geometry: &Geometry,
    input: Vec<T>,
    weight: Vec<T>,
    bias: Option<Vec<T>>,
) -> Result<Output<T>, String> {
    geometry.output()?;
    let whole = || compute(geometry, input, weight, bias).map_err(|it| it.to_string());
    catch_unwind(AssertUnwindSafe(whole)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(ToString::to_string);
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(format!("panic: {}", text.unwrap_or_default()))
    })
}

fn compute<T: Element>(
    geometry: &Geometry,
    input: Vec<T>,
    weight: Vec<T>,
    bias: Option<Vec<T>>,
) -> candle_core::Result<Output<T>> {
    let input = Tensor::from_vec(input, geometry.input.as_slice(), &Device::Cpu)?;
    let weight = Tensor::from_vec(weight, geometry.weight.as_slice(), &Device::Cpu)?;
    let method = geometry.method();
    let mut output = match method {
        Method::Decomposed => decomposed::run(geometry, &input, &weight)?,
        native => native::run(geometry, native, &input, &weight)?,
    };
    drop((input, weight));
    if let Some(bias) = bias {
        let mut sizes = vec![1; output.rank()];
        if let Some(filters) = sizes.get_mut(1) {
            *filters = bias.len();
        }
        output = output.broadcast_add(&Tensor::from_vec(bias, sizes, &Device::Cpu)?)?;
    }
    Ok(Output {
        method,
        shape: output.dims().to_vec(),
        values: output.flatten_all()?.to_vec1()?,
    })
}

/// `begin` and `end` zeros around an axis; negative ones crop.
fn pad(tensor: &Tensor, axis: usize, begin: i64, end: i64) -> candle_core::Result<Tensor> {
    let count = |pads: i64| usize::try_from(pads.max(0)).unwrap_or(usize::MAX);
    let (crop, crop_end) = (count(begin.saturating_neg()), count(end.saturating_neg()));
    let mut tensor = tensor.clone();
    // Padding first: an input may be cropped by more than it has on one side where the other adds.
    if begin > 0 || end > 0 {
        tensor = tensor.pad_with_zeros(axis, count(begin), count(end))?;
    }
    if crop > 0 || crop_end > 0 {
        let kept = tensor
            .dim(axis)?
            .saturating_sub(crop.saturating_add(crop_end));
        tensor = tensor.narrow(axis, crop, kept)?;
    }
    Ok(tensor)
}
