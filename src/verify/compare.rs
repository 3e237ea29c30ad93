//! What the engine gave against what the report says.

use super::array::{Array, strides};
use super::direct::Direct;
use super::layer::{Failure, Plan, not_run};
use super::operands::Operands;
use super::real::Real;
use super::{Verification, sample};
use crate::tensor::Shape;

fn shape_of(sizes: &[usize]) -> Shape {
    Shape::known(
        &sizes
            .iter()
            .map(|it| crate::units::wide(*it))
            .collect::<Vec<_>>(),
    )
}

/// Compares the output shapes.
pub(super) fn compare_shapes(
    plan: &Plan<'_>,
    actual: &[usize],
    found: &mut Verification,
) -> Result<(), Failure> {
    let shape = shape_of(actual);
    let agree = actual == plan.expected;
    found.actual_shape = Some(shape.clone());
    found.shapes_agree = Some(agree);
    if agree {
        return Ok(());
    }
    let expected = shape_of(&plan.expected);
    Err(Failure::Mismatch(format!(
        "candle gives {shape}, the report says {expected}"
    )))
}

/// What the report says of the layer, as the direct dot product takes it; it must fit the weight.
pub(super) fn claimed<'a, T: Real>(
    plan: &Plan<'a>,
    operands: &'a Operands<T>,
) -> Result<Direct<'a, T>, Failure> {
    let conv = plan.conv;
    let weight = &operands.weight;
    let shape = shape_of(&weight.sizes);
    if let Some(claimed) = conv.weight_shape.as_ref().filter(|it| **it != shape) {
        return Err(Failure::Mismatch(format!(
            "the weight is {shape}, the report says {claimed}"
        )));
    }
    let kernel = shape.0.get(2..).map(|it| Shape(it.to_vec()));
    let missing = || not_run("the report leaves its geometry open");
    let claim = conv.kernel_shape.as_deref().map(Shape::known);
    let claim = claim.ok_or_else(missing)?;
    if kernel.as_ref() != Some(&claim) {
        return Err(Failure::Mismatch(format!(
            "the weight's kernel is {}, the report says {claim}",
            kernel.unwrap_or_default()
        )));
    }
    Ok(Direct {
        transposed: plan.operator.transposed,
        strides: conv.strides.as_deref().ok_or_else(missing)?,
        dilations: conv.dilations.as_deref().ok_or_else(missing)?,
        pads: conv.pads.as_deref().ok_or_else(missing)?,
        group: conv
            .group
            .and_then(|it| usize::try_from(it).ok())
            .ok_or_else(missing)?,
        input: &operands.input,
        weight,
        bias: operands.bias.as_ref().map(|it| it.values.as_slice()),
    })
}

/// The difference that a sum of products of this magnitude may have.
fn allowed(magnitude: f64) -> f64 {
    1e-4 * magnitude + 1e-6
}

/// Whether a difference is allowed; one that is no number is not.
pub(super) fn is_within(error: f64, magnitude: f64) -> bool {
    matches!(
        error.partial_cmp(&allowed(magnitude)),
        Some(std::cmp::Ordering::Less | std::cmp::Ordering::Equal)
    )
}

/// Compares with the direct dot product: |candle − direct| may be 10⁻⁴ · Σ|w·x| + 10⁻⁶.
pub(super) fn compare_values<T: Real>(
    plan: &Plan<'_>,
    operands: &Operands<T>,
    output: &Array<T>,
    found: &mut Verification,
) -> Result<(), Failure> {
    let direct = claimed(plan, operands)?;
    let steps = strides(&output.sizes);
    let mut worst: Option<String> = None;
    for position in sample::positions(&output.sizes) {
        let flat = position
            .iter()
            .zip(&steps)
            .map(|(at, step)| at.saturating_mul(step.unsigned_abs()));
        let got = output.values.get(flat.sum::<usize>()).map(|it| it.to_f64());
        let Some((got, wanted)) = got.zip(direct.at(&position)) else {
            return Err(Failure::Mismatch(format!(
                "the report's strides, padding and group lead outside the tensors at {position:?}"
            )));
        };
        if wanted.magnitude > f64::from(f32::MAX) {
            return Err(not_run("its values pass what float32 holds"));
        }
        let error = (got - wanted.value).abs();
        found.positions_checked += 1;
        found.max_abs_error = Some(found.max_abs_error.unwrap_or(0.0).max(error));
        if worst.is_none() && !is_within(error, wanted.magnitude) {
            worst = Some(format!(
                "at {position:?} candle gives {got}, the report's geometry {} (allowed difference {:.1e})",
                wanted.value,
                allowed(wanted.magnitude)
            ));
        }
    }
    worst.map_or(Ok(()), |it| Err(Failure::Mismatch(it)))
}
