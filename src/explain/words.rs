//! What the numbers rest on, by kind of layer.

use super::Remark;
use super::conv::Facts;
use super::said::listed;
use super::scene::{Scene, input_of};
use super::window::{Alike, alike};
use crate::units::{common_divisor, counted, percent, ratio};

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
    // What rounds to 1 is no factor that anybody would name.
    let times = ratio(more, less).filter(|it| it != "1")?;
    Some(format!("{times} times {word}"))
}

/// `13.2 % of them`; a small part is not none.
pub(super) fn share(part: u128, whole: u128, of: &str) -> Option<String> {
    let share = percent(part, whole)?;
    Some(match share.as_str() {
        "0.0 %" if part > 0 => format!("less than 0.1 % of {of}"),
        share => format!("{share} of {of}"),
    })
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
        None => {
            let gap = stride.saturating_sub(reach);
            let (elements, are) = (it.elements(gap), it.are(gap));
            format!("{elements} between two windows {are} written by none")
        }
        Some(0) => "the windows meet and do not overlap".to_owned(),
        Some(over) => format!(
            "two windows overlap by {}, where they are added",
            it.elements(over)
        ),
    })
}

/// Said where `output_shape` asks for more than is written.
pub(super) fn unwritten(it: &Alike<'_>) -> Option<String> {
    let rest = it.along.rest;
    (rest > 0).then(|| {
        let (elements, are) = (it.elements(rest), it.are(rest));
        format!("output_shape asks for more than is written: {elements} at the end {are} zero")
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
    out.extend(dilated(facts));
    out.extend(deformable(scene, facts));
    out.extend(quantised(scene, facts));
    out.extend(special(facts));
    out.extend(fused(scene, facts));
    out.extend(layout(row.layout));
    out.extend(scene.findings(&row.name));
    out
}

/// What becomes of the elements between the taps of a dilated window, along each axis that has them.
fn dilated(facts: &Facts<'_>) -> Option<Remark> {
    let axes: Vec<Alike<'_>> = alike(&facts.along);
    let axes: Vec<&Alike<'_>> = axes.iter().filter(|it| it.along.dilated()).collect();
    let said = axes.iter().map(|it| {
        let along = if it.others {
            format!("along {} ", listed(&it.names, "and"))
        } else {
            String::new()
        };
        format!("{along}{}", between_taps(it, facts.transposed))
    });
    let said: Vec<String> = said.collect();
    (!said.is_empty()).then(|| {
        let said = said.join("; ");
        remark(
            "dilated",
            format!("Dilation widens the window without a weight more: {said}."),
        )
    })
}

fn between_taps(it: &Alike<'_>, transposed: bool) -> String {
    let between = "what lies between two taps is";
    let (skipped, seen) = if transposed {
        ("left out", "written")
    } else {
        ("skipped", "seen")
    };
    let windows = if transposed {
        &it.along.input
    } else {
        &it.along.output
    };
    let (stride, dilation) = (it.along.stride, it.along.dilation);
    let (Some(stride), Some(dilation)) = (stride, dilation) else {
        return format!("{between} {skipped} by this window");
    };
    let step = common_divisor(stride, dilation);
    match windows.known() {
        Some(..2) => format!("{between} {seen} by none, since there is one window only"),
        _ if step > 1 => format!(
            "stride {stride} and dilation {dilation} both step by {step}, so 1 of every {step} elements is {seen}, and the others by no window"
        ),
        Some(windows) if windows < dilation => {
            format!("{between} {skipped} by this window, and {seen} in part by its neighbours")
        }
        _ => format!("{between} {skipped} by this window and {seen} by its neighbours"),
    }
}

/// Where the taps of a DeformConv lie, and what multiplies them.
fn deformable(scene: &Scene<'_>, facts: &Facts<'_>) -> Option<Remark> {
    let row = facts.row;
    if row.op_type != "DeformConv" {
        return None;
    }
    let mask = if input_of(scene.node(row), 4).is_some() {
        " Each tap is also multiplied by a mask, the layer's fifth input, which no count includes."
    } else {
        ""
    };
    Some(remark(
        "deformable",
        format!(
            "Where the taps lie is computed at run time, from the offsets that are the layer's third input: the window is where they start from, and what multiplies padding is unknown.{mask}"
        ),
    ))
}

/// Locality and sharing, told apart.
fn factors(facts: &Facts<'_>) -> Option<Remark> {
    let params = facts.row.params;
    let (dense, local, shared) = (params.dense?.0, params.unshared?.0, params.shared?.0);
    let whole = ratio(dense, shared)?;
    if local > dense {
        let over = if facts.transposed {
            "Windows reach beyond the output, where the locally connected layer has weights too"
        } else {
            "Windows reach over padding, for which the locally connected layer has weights too"
        };
        return Some(remark(
            "factors",
            format!(
                "Locality saves nothing here: it takes {} times as many. {over}. Sharing saves a factor of {}, both together one of {whole}.",
                ratio(local, dense)?,
                ratio(local, shared)?,
            ),
        ));
    }
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
        let less = match [2, 3].map(|it| input_of(node, it).is_some()) {
            [true, true] => ", input and weights less their zero points",
            [true, false] => ", the input less its zero point",
            [false, true] => ", less their zero point",
            [false, false] => "",
        };
        return Some(remark(
            "quantised",
            format!(
                "Weights are {kind} and are multiplied as whole numbers{less}; whoever uses the result knows its scale."
            ),
        ));
    }
    let dequantised = row.weight_via.iter().any(|it| it == "DequantizeLinear");
    dequantised.then(|| remark("quantised", format!("Weights are stored as {kind} and turned into numbers by DequantizeLinear before the layer: (value − zero point) × scale. Scales and zero points are booked under quantization, not as parameters.")))
}

/// Said of an operator that works in another order of axes than all others.
pub(super) fn layout(layout: Option<&'static str>) -> Option<Remark> {
    layout.map(|it| {
        remark(
            "layout",
            format!("The operator takes and makes tensors in the order {it}; shapes here are in the order of all others, N, C, spatial."),
        )
    })
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
    out
}

/// What a fused operator does beside the convolution.
fn fused(scene: &Scene<'_>, facts: &Facts<'_>) -> Option<Remark> {
    let row = facts.row;
    if !row.op_type.contains("Fused") {
        return None;
    }
    let node = scene.node(row);
    let activation = node.attrs.string("activation").ok().flatten();
    let added = input_of(node, 3).is_some();
    let applies = match activation.filter(|it| !it.is_empty()) {
        Some(name) => format!("applies {name} to each output"),
        None => String::new(),
    };
    let adds = "adds its fourth input to each output";
    let does = match (added, applies.as_str()) {
        (false, "") => return None,
        (false, applies) => applies.to_owned(),
        (true, "") => adds.to_owned(),
        (true, applies) => format!(
            "{adds} and then {}",
            applies.replace("to each output", "to the sum")
        ),
    };
    Some(remark(
        "fused",
        format!(
            "The operator also {does}, which takes no parameters; all numbers are the convolution's."
        ),
    ))
}
