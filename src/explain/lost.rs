//! What a pool keeps, loses and saves, in words.

use super::Remark;
use super::overlap::most_windows;
use super::pool::taken;
use super::scene::Scene;
use super::window::Along;
use super::words;
use crate::account::PoolLayer;
use crate::op::Attr;
use crate::units::{counted, product};

/// Sizes that are open are taken to be this large where the most is asked for.
const LARGE: u64 = 1 << 40;

/// What a pool makes of a window.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Max,
    Mean,
    Lp,
}

/// What is lost, by kind of pool.
pub(super) fn remarks(scene: &Scene<'_>, row: &PoolLayer, along: &[Along]) -> Vec<Remark> {
    let is = |word: &str| row.op_type.contains(word);
    let kind = if is("Max") {
        Kind::Max
    } else if is("Average") || is("Mean") {
        Kind::Mean
    } else {
        Kind::Lp
    };
    let one = taken(row) == Some(1);
    let lost = if one {
        of_one_value(row, kind)
    } else {
        of_window(scene, row, kind)
    };
    let mut out = vec![remark("lost", lost)];
    out.extend(overlapping(row, along, kind));
    out.extend(edges(scene, row, kind));
    let sharing = if one && row.activations_in == row.activations_out {
        "A pool holds no parameters."
    } else {
        "A pool holds no parameters. It loses information, where a convolution that shares its weights drops no activation."
    };
    out.push(remark("sharing", sharing));
    out.extend(words::layout(row.layout));
    out.extend(saved(row));
    out.extend(scene.findings(&row.name));
    out
}

fn remark(id: &'static str, text: impl Into<String>) -> Remark {
    Remark {
        id,
        text: text.into(),
    }
}

/// A window of one value has nothing to choose from or to mix.
fn of_one_value(row: &PoolLayer, kind: Kind) -> String {
    let strides = row.strides.as_deref().unwrap_or_default();
    let copied = if kind == Kind::Lp {
        "what comes out is its magnitude"
    } else {
        "it comes out as it is"
    };
    if strides.iter().any(|it| *it > 1) {
        format!(
            "A window is one value, and {copied}: what is lost is what lies between two windows."
        )
    } else {
        format!("A window is one value, and {copied}: nothing is mixed and nothing is dropped.")
    }
}

fn of_window(scene: &Scene<'_>, row: &PoolLayer, kind: Kind) -> String {
    let number = taken(row).map_or_else(String::new, |it| format!("{} ", counted(it)));
    let values = format!("the {number}values");
    match kind {
        Kind::Max if scene.uses_output(row.node, 1) => format!(
            "Max pooling keeps 1 of {values} in each window and forgets the others; where it stood is handed on, as the second output."
        ),
        Kind::Max => format!(
            "Max pooling keeps 1 of {values} in each window and forgets the others, and where it stood."
        ),
        Kind::Mean => format!(
            "Average pooling mixes {values} of each window into their mean: none of them can be had back."
        ),
        Kind::Lp => {
            let sum = match power(scene, row).as_deref() {
                Some("1") => "the sum of their magnitudes (p = 1)".to_owned(),
                Some("2") => "the root of the sum of their squares (p = 2)".to_owned(),
                Some(power) => format!(
                    "the p-th root of the sum of the p-th powers of their magnitudes (p = {power})"
                ),
                None => {
                    "the p-th root of the sum of the p-th powers of their magnitudes".to_owned()
                }
            };
            format!(
                "Lp pooling makes of {values} of each window {sum}: none of them can be had back."
            )
        }
    }
}

/// The attribute p, 2 where it is left out; a float before operator set 2.
fn power(scene: &Scene<'_>, row: &PoolLayer) -> Option<String> {
    match scene.network.node(row.node).attrs.get("p") {
        None => Some("2".to_owned()),
        Some(Attr::Int(power)) => Some(power.to_string()),
        Some(Attr::Float(power)) => Some(power.to_string()),
        Some(_) => None,
    }
}

/// Said where an activation lies in several windows.
fn overlapping(row: &PoolLayer, along: &[Along], kind: Kind) -> Option<Remark> {
    if row.global {
        return None;
    }
    let most = |it: &Along| {
        let size = |dim: &crate::tensor::Dim| dim.known().unwrap_or(LARGE);
        most_windows(it.axis()?, size(&it.input), size(&it.output)).map(u128::from)
    };
    let windows = along.iter().map(most).collect::<Option<Vec<_>>>()?;
    let windows = product(windows).filter(|it| *it > 1)?;
    let so = match kind {
        Kind::Max => {
            "one value can be the largest of several, and fewer different values can come out than there are outputs"
        }
        Kind::Mean => "it goes into several means",
        Kind::Lp => "it goes into several sums",
    };
    let of = counted(windows);
    Some(remark(
        "overlapping",
        format!("Windows overlap: an activation lies in up to {of} of them, so {so}."),
    ))
}

/// What an average at the edge is divided by.
fn edges(scene: &Scene<'_>, row: &PoolLayer, kind: Kind) -> Option<Remark> {
    let padded = row.pads.as_ref()?.iter().any(|it| *it > 0);
    if kind != Kind::Mean || !padded {
        return None;
    }
    let node = scene.network.node(row.node);
    let counts = node.attrs.int_or("count_include_pad", 0) == Ok(1);
    let text = if counts {
        "At the edge padding counts as zeros in the mean (count_include_pad = 1), which makes it smaller."
    } else {
        "At the edge the mean is over the values inside only (count_include_pad = 0)."
    };
    Some(remark("edges", text))
}

/// What the pool saves downstream, or why that cannot be told.
fn saved(row: &PoolLayer) -> Option<Remark> {
    let without = row.without_pool.as_deref()?;
    let mut said = Vec::new();
    if let Some(it) = &without.largest_linear {
        said.push(format!(
            "{} would need {} weights instead of {}",
            it.layer,
            counted(it.weights_without),
            counted(it.weights_with)
        ));
    }
    let changes = [
        ("locally connected layers", " parameters", without.unshared),
        ("one pass", " multiply-accumulates", without.macs),
    ];
    for (what, unit, change) in changes {
        let numbers = change.and_then(|it| Some((it.without?, it.with?)));
        if let Some((without, with)) = numbers.filter(|it| it.0 != it.1) {
            let (without, with) = (counted(without), counted(with));
            said.push(format!(
                "{what} would take {without}{unit} instead of {with}"
            ));
        }
    }
    let mut text = match (said.as_slice(), &without.reason) {
        ([], None) => "Without it nothing downstream would grow.".to_owned(),
        ([], Some(reason)) => {
            format!("What would grow without it cannot be told, since {reason}.")
        }
        (said, None) => format!("Without it: {}.", said.join("; ")),
        (said, Some(reason)) => format!(
            "Without it: {}. What else would grow cannot be told, since {reason}.",
            said.join("; ")
        ),
    };
    let absorbed = without.absorbed_by.as_ref();
    let absorbed = absorbed
        .map(|by| format!(" {by} makes the same sizes of its input with the pool and without it."));
    text.extend(absorbed);
    Some(remark("without-pool", text))
}
