//! What the numbers rest on, by kind of layer.

use super::Remark;
use super::conv::Facts;
use super::scene::{Scene, input_of};
use super::window::Alike;
use crate::units::{counted, ratio};

fn remark(id: &'static str, text: impl Into<String>) -> Remark {
    Remark {
        id,
        text: text.into(),
    }
}

/// `425 times fewer`.
pub(super) fn fewer(before: Option<u128>, after: Option<u128>) -> Option<String> {
    let (before, after) = (before?, after?);
    if before == after {
        return Some("as many".to_owned());
    }
    let (more, less, word) = if before > after {
        (before, after, "fewer")
    } else {
        (after, before, "more")
    };
    Some(format!("{} times {word}", ratio(more, less)?))
}

/// What is special about one kernel.
pub(super) fn kernel_note(facts: &Facts<'_>) -> Option<String> {
    let group = facts.row.group.filter(|it| *it > 1);
    if facts.transposed {
        return Some(
            "what one input value is multiplied with, and where it is added to".to_owned(),
        );
    }
    if facts.is_depthwise() {
        return Some("depthwise: a filter sees one channel".to_owned());
    }
    if let Some(group) = group {
        let (seen, all) = (facts.grouped?, facts.channels?);
        return Some(format!(
            "{group} groups: a filter sees {seen} of {all} channels"
        ));
    }
    facts
        .is_pointwise()
        .then(|| "pointwise: one place, every channel".to_owned())
}

/// How the windows of a transposed convolution lie on the output.
pub(super) fn overlap(it: &Alike<'_>) -> Option<String> {
    let (reach, stride) = (it.along.reach()?, it.along.stride?);
    if it.along.input.known()? < 2 || it.along.dilated() {
        return None;
    }
    Some(match reach.checked_sub(stride) {
        None => format!(
            "{} between two windows are written by none",
            it.elements(stride.saturating_sub(reach))
        ),
        Some(0) => "the windows meet and do not overlap".to_owned(),
        Some(over) => format!(
            "two windows overlap by {}, where they are added",
            it.elements(over)
        ),
    })
}

/// What a convolution of this kind assumes and gives up.
pub(super) fn of_conv(scene: &Scene<'_>, facts: &Facts<'_>) -> Vec<Remark> {
    let row = facts.row;
    let mut out = Vec::new();
    out.extend(factors(facts));
    if row.params.unshared.is_some() && row.params.unshared == row.params.shared {
        out.push(remark(
            "nothing-shared",
            "There is only one place, so nothing is shared: the factor is 1.",
        ));
    } else if facts.is_pointwise() && !facts.transposed {
        out.push(remark("pointwise", "The window is one place: the layer is a small fully connected one over the channels, the same at every place. What is given up: a place can have no mix of its own, and neighbours are not seen."));
    } else if facts.transposed {
        out.push(remark("assumed", "Every input place spreads its values over the output with the same kernel, and what falls together is added. What is given up: a place can have no kernel of its own. What is assumed: a value means the same wherever it stands."));
    } else {
        out.push(remark("assumed", "What is given up: a place can have no filter of its own. What is assumed: a patch feature useful here is useful there."));
    }
    out.extend(groups(facts));
    if facts.along.iter().any(super::window::Along::dilated) {
        out.push(remark("dilated", "Dilation widens the window without a weight more: what lies between two taps is skipped by this window and seen by its neighbours."));
    }
    if row.op_type == "DeformConv" {
        out.push(remark("deformable", "Where the taps lie is computed at run time, from the offsets that are the layer's third input: the window is where they start from, and what multiplies padding is unknown."));
    }
    out.extend(quantised(scene, facts));
    out.extend(special(facts));
    out
}

/// Locality and sharing, told apart.
fn factors(facts: &Facts<'_>) -> Option<Remark> {
    let params = facts.row.params;
    let (dense, local, shared) = (params.dense?.0, params.unshared?.0, params.shared?.0);
    let whole = ratio(dense, shared)?;
    Some(remark(
        "factors",
        format!(
            "Locality saves a factor of {}, sharing one of {}, both together one of {whole}.",
            ratio(dense, local)?,
            ratio(local, shared)?,
        ),
    ))
}

fn groups(facts: &Facts<'_>) -> Option<Remark> {
    let group = facts.row.group.filter(|it| *it > 1)?;
    let group = counted(group.into());
    Some(if facts.is_depthwise() {
        remark(
            "depthwise",
            "Channels are not mixed: each has filters of its own, so the layer stores as many times fewer weights as there are channels. A pointwise convolution usually mixes them afterwards.",
        )
    } else {
        remark(
            "grouped",
            format!(
                "Channels fall into {group} groups that do not see one another, which takes {group} times fewer weights than one group would."
            ),
        )
    })
}

fn quantised(scene: &Scene<'_>, facts: &Facts<'_>) -> Option<Remark> {
    let row = facts.row;
    let node = scene.node(row);
    let kind = row.data_type.map_or("integers", |it| it.name());
    let elements = |place: usize| {
        let value = input_of(node, place)?;
        scene.shape(value)?.numel()
    };
    if row.op_type.starts_with("QLinear") {
        let scales = match elements(4) {
            Some(1) => "one scale and zero point for all".to_owned(),
            Some(count) => format!("{} scales, one a filter", counted(count)),
            None => "scales known at run time".to_owned(),
        };
        return Some(remark(
            "quantised",
            format!(
                "Weights are {kind} and stand for (value − zero point) × scale, with {scales}; input and output have their own. Scales and zero points are booked under quantization, not as parameters."
            ),
        ));
    }
    if row.op_type == "ConvInteger" {
        return Some(remark(
            "quantised",
            format!(
                "Weights are {kind} and are multiplied as whole numbers, less their zero point; whoever uses the result knows its scale."
            ),
        ));
    }
    let dequantised = row.weight_via.iter().any(|it| it == "DequantizeLinear");
    dequantised.then(|| remark("quantised", format!("Weights are stored as {kind} and turned into numbers by DequantizeLinear before the layer: (value − zero point) × scale. Scales and zero points are booked under quantization, not as parameters.")))
}

/// Where the weight comes from, and who uses it too.
fn special(facts: &Facts<'_>) -> Vec<Remark> {
    let row = facts.row;
    let mut out = Vec::new();
    if !row.tied_with.is_empty() {
        let mut names: Vec<String> = row.tied_with.iter().take(3).cloned().collect();
        let more = row
            .tied_with
            .len()
            .saturating_sub(names.len())
            .saturating_add(row.tied_more);
        if more > 0 {
            names.push(format!("{more} more"));
        }
        out.push(remark("tied", format!("The same tensor is the weight of {} too: it is shared over layers as well as over places, and stored once.", names.join(", "))));
    }
    match row.weight_source.as_str() {
        "computed" => out.push(remark("computed-weight", "The weight is computed at run time, or from several tensors: the file has no one tensor to count.")),
        "input" => out.push(remark("computed-weight", "The weight is an input of the model: the file does not store it.")),
        "ConstantOfShape" => out.push(remark("computed-weight", "The weight is one value repeated: its elements count as stored and take no bytes.")),
        _ => {}
    }
    if row.op_type.contains("Fused") {
        out.push(remark("fused", "The operator applies an activation to each output as well, which takes no parameters; all numbers are the convolution's."));
    }
    out
}
