//! What stands around the rows, in words: the file's facts, the sums, what was confirmed, what is
//! odd and what is missing. Table and Markdown lay it out.

use super::names::{Names, Told};
use super::paint::Ink;
use super::rows::{common, conv};
use super::text::{plural, printable, spoken};
use super::verified;
use crate::Inspection;
use crate::account::{ConvLayer, ConvTotals, Layer, Roles, widest_field};
use crate::infer::Input;
use crate::network::Claim;
use crate::tensor::Dim;
use crate::units::{Bytes, Params, counted, percent, ratio, wide};

/// Inputs beyond this many are only counted.
const MOST_INPUTS: usize = 8;

/// A labelled line of facts, each of which stays on one line.
pub(super) struct Block {
    pub(super) label: &'static str,
    pub(super) ink: Ink,
    pub(super) items: Vec<String>,
}

impl Block {
    pub(super) fn new(label: &'static str, ink: Ink, items: Vec<String>) -> Self {
        Self { label, ink, items }
    }
}

/// Path, format, parameters, what was read.
pub(super) fn headline(inspection: &Inspection) -> Vec<String> {
    let facts = &inspection.facts;
    let mut format = vec![format_name(facts.format).to_owned()];
    for (domain, version) in &facts.opset_import {
        format.push(match domain.as_str() {
            "ai.onnx" => format!("opset {version}"),
            other => format!("{} {version}", printable(other)),
        });
    }
    format.extend(facts.ir_version.map(|it| format!("IR {it}")));
    let producer = facts.producer.as_deref().filter(|it| !it.is_empty());
    format.extend(producer.map(|it| format!("by {}", printable(it))));
    vec![
        match inspection.path.as_str() {
            "-" => "standard input".to_owned(),
            path => printable(path),
        },
        format.join(", "),
        parameters(inspection),
        format!(
            "read {} of {}",
            Bytes(inspection.bytes_read),
            facts.file_bytes
        ),
    ]
}

pub(super) fn format_name(format: &str) -> &str {
    if format == "onnx" { "ONNX" } else { format }
}

/// `60,965,224 parameters (232.6 MiB as float32, 137.0 KiB stored)`.
fn parameters(inspection: &Inspection) -> String {
    let totals = &inspection.totals;
    if totals.params == Params(0) {
        return "no parameters".to_owned();
    }
    let as_float = totals.params.0.saturating_mul(4);
    let stored = if totals.weight_bytes == as_float {
        String::new()
    } else {
        format!(", {} stored", size(totals.weight_bytes))
    };
    let float = size(as_float);
    format!(
        "{} ({float} as float32{stored})",
        plural(totals.params.0, "parameter")
    )
}

/// A number of bytes as it prints.
fn size(bytes: u128) -> Bytes {
    Bytes(u64::try_from(bytes).unwrap_or(u64::MAX))
}

/// One text for each input: `data N×3×227×227, taken as 1×3×227×227, float32`.
pub(super) fn inputs(inputs: &[Input]) -> Vec<String> {
    let mut out: Vec<String> = inputs.iter().take(MOST_INPUTS).map(input).collect();
    match inputs.len().saturating_sub(MOST_INPUTS) {
        0 => {}
        more => out.push(format!("and {}", plural(wide(more).into(), "more input"))),
    }
    out
}

fn input(input: &Input) -> String {
    let sizes = |dims: &[Dim]| {
        let sizes: Vec<String> = dims.iter().map(Dim::to_string).collect();
        printable(&sizes.join("×"))
    };
    let taken = input.shape.as_ref().map(|it| it.0.as_slice());
    let shape = match (input.declared.as_deref(), taken) {
        (Some(declared), Some(taken)) if declared != taken => {
            format!("{} taken as {}", sizes(declared), sizes(taken))
        }
        (_, Some([])) => "a scalar".to_owned(),
        (_, Some(taken)) => sizes(taken),
        (_, None) => "of unknown shape".to_owned(),
    };
    let data_type = input.data_type.map_or("", |it| it.name());
    format!("{} {shape} {data_type}", printable(&input.name))
        .trim_end()
        .to_owned()
}

/// The sums and what was confirmed.
pub(super) fn blocks(inspection: &Inspection, names: &Names, told: &mut Told) -> Vec<Block> {
    let mut out = vec![Block::new("parameters", Ink::Dim, roles(inspection))];
    out.push(Block::new(
        "not counted",
        Ink::Dim,
        uncounted(&inspection.totals.roles),
    ));
    out.push(Block::new(
        "convolution",
        Ink::Dim,
        convolution(inspection, names, told),
    ));
    out.push(Block::new("activations", Ink::Dim, activations(inspection)));
    out.extend(verified::blocks(&inspection.verification));
    out.retain(|it| !it.items.is_empty());
    out
}

/// The fullest moment of a forward pass, and how far the windows see.
fn activations(inspection: &Inspection) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(peak) = &inspection.totals.peak_activations {
        let size = match peak.bytes {
            Some(bytes) => size(bytes).to_string(),
            None => plural(peak.elements, "element"),
        };
        out.push(format!(
            "at most {size} at once, in {}",
            printable(&peak.layer)
        ));
    }
    if let Some(pixels) = widest_field(&inspection.layers) {
        let mut gaps = inspection.gaps.iter();
        let least = if gaps.any(|it| it.what == "receptive_field") {
            "at least "
        } else {
            ""
        };
        out.push(format!("windows see {least}{pixels} pixels"));
    }
    out
}

fn named(rows: &[(&str, Params)]) -> Vec<String> {
    let filled = rows.iter().filter(|(_, count)| count.0 > 0);
    filled
        .map(|(name, count)| format!("{name} {count}"))
        .collect()
}

/// The headline by role, and by kind of layer.
fn roles(inspection: &Inspection) -> Vec<String> {
    let totals = &inspection.totals;
    let roles = &totals.roles;
    let mut out = named(&[
        ("weight", roles.weight),
        ("bias", roles.bias),
        ("norm affine", roles.norm_affine),
        ("elementwise", roles.elementwise),
    ]);
    let conv = totals.conv.params;
    let linear = totals.linear.params;
    let other = totals
        .params
        .0
        .saturating_sub(conv.0)
        .saturating_sub(linear.0);
    for (name, count) in [("conv", conv.0), ("linear", linear.0), ("other", other)] {
        let share = percent(count, totals.params.0).filter(|_| count > 0);
        out.extend(share.map(|it| format!("{name} {it}")));
    }
    out
}

/// What the file stores beside parameters.
fn uncounted(roles: &Roles) -> Vec<String> {
    named(&[
        ("norm statistics", roles.norm_statistics),
        ("quantization", roles.quantization),
        ("constant", roles.constant),
        ("dead", roles.dead),
    ])
}

fn convolution(inspection: &Inspection, names: &Names, told: &mut Told) -> Vec<String> {
    let conv = &inspection.totals.conv;
    if conv.layers == 0 {
        return vec![];
    }
    let counts = [
        ("stored", "conv.stored", conv.stored.map(|it| it.0)),
        (
            "locally connected",
            "conv.unshared",
            conv.unshared.map(|it| it.0),
        ),
        ("fully connected", "conv.dense", conv.dense.map(|it| it.0)),
        ("MACs", "conv.macs", conv.macs.map(|it| it.0)),
    ];
    let counts = counts.map(|(what, path, number)| {
        let form = inspection.totals.formulas.get(path);
        let said = match (number, form) {
            (Some(number), _) => counted(number),
            (None, Some(form)) => names.sum(form, told),
            (None, None) => "unknown".to_owned(),
        };
        format!("{what} {said}")
    });
    counts.into()
}

/// What sharing saves, in words.
pub(super) fn sentence(inspection: &Inspection) -> String {
    let convs: Vec<&ConvLayer> = inspection.layers.iter().filter_map(conv).collect();
    let totals = &inspection.totals.conv;
    if convs.is_empty() {
        return no_convolution(inspection);
    }
    let counts = totals.shared.zip(totals.unshared);
    let saved = counts.and_then(|(shared, unshared)| {
        let layers = if convs.len() == 1 {
            "a locally connected layer"
        } else {
            "locally connected layers"
        };
        let (stored, times) = (tied(totals), saving(shared, unshared)?);
        Some(format!(
            "Sharing keeps {shared} parameters{stored} where {layers} would need {unshared} ({times})"
        ))
    });
    let alone = alone(&convs);
    match (saved, alone) {
        (Some(saved), Some(alone)) if convs.len() > 1 => format!("{saved}; {alone}."),
        (Some(saved), _) => format!("{saved}."),
        (None, Some(alone)) => format!("What sharing saves in all is not known; {alone}."),
        (None, None) => open(&inspection.inputs, inspection.facts.geometry.claim),
    }
}

/// Where layers share tensors among them too, how many parameters that leaves.
fn tied(totals: &ConvTotals) -> String {
    match (totals.stored, totals.shared) {
        (Some(stored), Some(shared)) if stored < shared => format!(" ({stored} in the file)"),
        _ => String::new(),
    }
}

/// Why no number can be said, and the flags that would settle it.
fn open(inputs: &[Input], claim: Claim) -> String {
    let why = "Each shared parameter would be needed once for every output position, and how many of \
               those there are is open";
    match settling(inputs).as_slice() {
        [] if claim == Claim::Unknown => {
            format!("{why}: the file does not tell.")
        }
        [] => format!("{why}."),
        flags => format!("{why}; {} would settle it.", flags.join(" ")),
    }
}

/// `--dim height=SIZE` for each named size, `--input data=1x3xSIZExSIZE` where a size has no name.
fn settling(inputs: &[Input]) -> Vec<String> {
    let mut flags = Vec::new();
    for input in inputs {
        let Some(shape) = &input.shape else {
            flags.push(format!("--input {}=SIZES", printable(&input.name)));
            continue;
        };
        if shape.0.contains(&Dim::Unknown) {
            let size = |dim: &Dim| dim.known().map_or("SIZE".to_owned(), |it| it.to_string());
            let sizes: Vec<String> = shape.0.iter().map(size).collect();
            flags.push(format!(
                "--input {}={}",
                printable(&input.name),
                sizes.join("x")
            ));
            continue;
        }
        let named = shape.0.iter().filter(|it| it.known().is_none());
        flags.extend(named.map(|it| format!("--dim {}=SIZE", printable(&it.to_string()))));
    }
    let mut seen = std::collections::HashSet::new();
    flags.retain(|it| seen.insert(it.clone()));
    flags
}

fn saving(shared: Params, unshared: Params) -> Option<String> {
    Some(format!("{} times fewer", ratio(unshared.0, shared.0)?))
}

/// The layer that sharing helps most, the first of equals.
fn alone(convs: &[&ConvLayer]) -> Option<String> {
    let factor = |it: &ConvLayer| it.sharing_factor.filter(|it| it.is_finite());
    let mut best: Option<&ConvLayer> = None;
    for row in convs {
        if factor(row) > best.and_then(factor) {
            best = Some(row);
        }
    }
    let row = best?;
    let (shared, unshared) = row.params.shared.zip(row.params.unshared)?;
    let times = saving(shared, unshared)?;
    let name = match row.scope.as_str() {
        "" => spoken(&row.name),
        scope => format!("{} in {}", spoken(&row.name), spoken(scope)),
    };
    Some(format!(
        "for {name} alone it is {shared} instead of {unshared} ({times})"
    ))
}

fn no_convolution(inspection: &Inspection) -> String {
    if inspection.layers.is_empty() {
        return "No convolution in this file: it has no nodes.".to_owned();
    }
    let nodes = plural(wide(inspection.layers.len()).into(), "node");
    let linear = plural(inspection.totals.linear.layers.into(), "linear layer");
    format!("No convolution in this file: {nodes}, {linear}; --all lists them.")
}

/// A row of sums: how many convolutions and pools.
pub(super) fn count_of(layers: &[&Layer]) -> String {
    let count = |kind: &str| {
        let rows = layers.iter().filter(|it| common(it).kind == kind);
        u128::from(wide(rows.count()))
    };
    format!(
        "{}, {}",
        plural(count("conv"), "conv"),
        plural(count("pool"), "pool")
    )
}
