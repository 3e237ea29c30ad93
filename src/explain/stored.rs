//! What the file really stores for a convolution, and whether that is what its geometry needs.

use super::conv::{Facts, parameters};
use super::formula::Formula;
use super::said::joined;
use super::scene::Scene;
use super::{Answer, Part, Step};
use crate::units::counted;

/// The tensors of a convolution, and the verdict.
pub(super) fn step(scene: &mut Scene<'_>, facts: &Facts<'_>) -> Step {
    let row = facts.row;
    let values = parameters(scene, facts);
    let mut dims = Vec::new();
    for value in values.into_iter().flatten() {
        dims.extend(scene.stored(value));
    }
    let product = |dims: &Vec<u64>| {
        let sizes = dims.iter().map(|it| Formula::number("size", *it));
        match dims.len() {
            0 => Formula::Number(1),
            _ => Formula::Product(sizes.collect()),
        }
    };
    let formula = Formula::Sum(dims.iter().map(product).collect());
    let answer = match row.params.stored {
        Some(stored) => Answer::Number(stored.0),
        None => Answer::Unknown(scene.why(&row.name, "params.stored")),
    };
    let stored_bias = row.bias.clone().filter(|_| row.bias_source.is_none());
    let names: Vec<String> = row.weight.clone().into_iter().chain(stored_bias).collect();
    let known = row.params.stored.is_some();
    Step::new("stored", Part::Count, "in the file", answer)
        .words(names.join(" + "))
        .by(Some(formula).filter(|_| known && !dims.is_empty()))
        .noting(verdict(facts))
        .noting(read_through(facts, dims.first().filter(|_| known)))
}

fn verdict(facts: &Facts<'_>) -> Option<String> {
    let row = facts.row;
    let (stored, shared) = (row.params.stored?.0, row.params.shared?.0);
    let run_time = row.bias_source.as_ref().and(facts.filters).map(u128::from);
    Some(match run_time {
        _ if stored == shared => "agrees".to_owned(),
        Some(biases) if stored.checked_add(biases) == Some(shared) => {
            format!(
                "agrees: the {} values of the bias come at run time",
                counted(biases)
            )
        }
        _ => format!("does not agree: the geometry needs {}", counted(shared)),
    })
}

/// Said where the operator sees another shape than the one that is stored.
fn read_through(facts: &Facts<'_>, dims: Option<&Vec<u64>>) -> Option<String> {
    let row = facts.row;
    let seen = row.weight_shape.as_ref()?.sizes()?;
    let via = row.weight_via.join(", ");
    if *dims? == seen {
        return (!via.is_empty()).then(|| format!("read through {via}"));
    }
    Some(format!("read as {} through {via}", joined(&seen)))
}
