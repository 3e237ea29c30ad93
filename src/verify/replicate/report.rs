//! The copies beside the convolution, and beside themselves once a weight has changed.

use super::{Change, Chosen, Local, Pass, Replication, Touch, outside, unravel};
use crate::account::ConvLayer;
use crate::tensor::Shape;
use crate::units::{Params, counted, wide};
use crate::verify::array::Array;
use crate::verify::compare::is_within;
use crate::verify::layer::{self, Failure, Prepared};
use crate::verify::real::Real;
use crate::verify::{Status, Verification, engine};

/// Runs the copies as they are, with one of them changed, and with all of them changed.
pub(super) fn report<T: Real>(
    conv: &ConvLayer,
    prepared: &Prepared<'_, T>,
    output: &Array<T>,
    found: &Verification,
    local: &dyn Local,
) -> Result<Replication, Failure> {
    let base = local.pass(None).ok_or_else(outside)?;
    let (max_abs_error, mut reason) = difference(&base, output);
    let chosen = local
        .choose()
        .ok_or_else(|| layer::not_run("no copy in its middle meets the input"))?;
    let (change, alone) = changed(local, &base, &chosen, output)?;
    if !alone {
        let count = change.changed_by_one;
        reason = reason.or(Some(format!(
            "one copy changed {count} outputs, not its own"
        )));
    }
    if let Some(unshared) = conv.params.unshared.filter(|it| it.0 != base.built) {
        let built = counted(base.built);
        reason = reason.or(Some(format!(
            "the copies have {built} weights, the report says {unshared}"
        )));
    }
    let operands = &prepared.operands;
    Ok(Replication {
        layer: conv.name.clone(),
        engine: engine::NAME.to_owned(),
        method: found.method.unwrap_or_default(),
        transposed: prepared.geometry.transposed,
        input_shape: Shape::known(&sizes(&operands.input.sizes)),
        output_shape: Shape::known(&sizes(&output.sizes)),
        weight_shape: Shape::known(&sizes(&operands.weight.sizes)),
        bias: operands.bias.is_some(),
        shared: conv.params.shared,
        unshared: conv.params.unshared,
        built: Params(base.built),
        positions: wide(local.positions()),
        outputs: wide(base.values.len()),
        max_abs_error,
        change,
        status: match reason {
            Some(_) => Status::Mismatch,
            None => Status::Confirmed,
        },
        reason,
        note: found.note.clone(),
    })
}

fn sizes(sizes: &[usize]) -> Vec<u64> {
    sizes.iter().map(|it| wide(*it)).collect()
}

/// What the change of one weight does, and whether that of one copy changes its own output alone.
fn changed<T>(
    local: &dyn Local,
    base: &Pass,
    chosen: &Chosen,
    output: &Array<T>,
) -> Result<(Change, bool), Failure> {
    let with = |position| {
        let touch = Touch {
            position,
            ..chosen.touch
        };
        let pass = local.pass(Some(touch)).ok_or_else(outside)?;
        Ok(changes(base, &pass))
    };
    let (by_one, by_all) = (with(chosen.touch.position)?, with(None)?);
    let place = unravel(output.sizes.get(1..).unwrap_or_default(), chosen.output);
    let change = Change {
        weight: sizes(&chosen.weight),
        position: sizes(&chosen.position),
        output: sizes(&place),
        changed_by_one: wide(by_one.len()),
        changed_by_all: wide(by_all.len()),
    };
    Ok((change, by_one == [chosen.output]))
}

/// The largest difference from what the engine gave, and the first that is too large.
fn difference<T: Real>(base: &Pass, output: &Array<T>) -> (f64, Option<String>) {
    let (mut most, mut reason) = (0f64, None);
    if base.values.len() != output.values.len() {
        let (built, ran) = (base.values.len(), output.values.len());
        return (f64::NAN, Some(format!("{built} outputs instead of {ran}")));
    }
    let pairs = base.values.iter().zip(&base.magnitudes);
    for (at, ((value, magnitude), got)) in pairs.zip(&output.values).enumerate() {
        let got = got.to_f64();
        let error = (got - value).abs();
        most = most.max(error);
        if !is_within(error, *magnitude) && reason.is_none() {
            let position = unravel(output.sizes.get(1..).unwrap_or_default(), at);
            reason = Some(format!(
                "at {position:?} the convolution gives {got}, its copies {value}"
            ));
        }
    }
    (most, reason)
}

/// Flat places of the outputs that differ.
fn changes(base: &Pass, other: &Pass) -> Vec<usize> {
    let pairs = base.values.iter().zip(&other.values).enumerate();
    let differ = pairs.filter(|(_, (one, other))| one.to_bits() != other.to_bits());
    differ.map(|it| it.0).collect()
}
