//! A plan as a geometry file.

use std::fmt::Write;

use super::{Line, Pad, Plan, PoolKind, Step};
use crate::network::{Claim, GeometrySource, Network, ValueId};
use crate::op::conv;

/// The geometry file of a network that came without a graph, after `settle` has built `plan`; a form to be
/// filled in where there is none.
#[must_use]
pub fn written(network: &Network, plan: Option<&Plan>, model: &str) -> String {
    let facts = &network.facts.geometry;
    if let Some(plan) = plan {
        let source = match facts.source {
            GeometrySource::Recipe => "recipe ",
            _ => "from ",
        };
        let claim = match facts.claim {
            Claim::Assumed => " (assumed: nobody has checked it for this network)",
            _ => "",
        };
        let detail = facts.detail.as_deref().unwrap_or_default();
        let note = format!("geometry of {model}, {source}{detail}{claim}");
        return print(plan, &[note]);
    }
    let convs = network.nodes.iter().filter_map(|node| {
        let operator = conv::find(&node.domain, &node.op_type)?;
        let weight = node.inputs.get(operator.weight).copied().flatten()?;
        Some((node.name.clone(), shape(network, weight)))
    });
    let mut notes = vec![
        format!("geometry of {model}: fill in each ? and put the lines in forward order"),
        "a line reads the one above; from = \"NAME\" reads another, side = true is read by from only"
            .to_owned(),
    ];
    notes.extend(facts.hints.iter().map(|it| format!("hint: {it}")));
    template(&convs.collect::<Vec<_>>(), &notes)
}

/// Sizes of a stored weight, as the file has them.
fn shape(network: &Network, weight: ValueId) -> String {
    let name = &network.value(weight).name;
    let name = name.strip_suffix(".turned.out").unwrap_or(name);
    let found = network
        .initializers
        .iter()
        .find(|it| it.tensor.name == name);
    found.map_or_else(String::new, |it| format!("{:?}", it.tensor.dims))
}

/// The text of a geometry file that reads as this plan. `notes` stand above it as comments.
#[must_use]
pub fn print(plan: &Plan, notes: &[String]) -> String {
    let mut out = String::new();
    for note in notes {
        let _ = writeln!(out, "# {}", one_line(note));
    }
    if let Some(input) = &plan.input {
        let _ = writeln!(out, "input = \"{}\"", joined(input));
    }
    out.push_str("layers = [\n");
    for line in &plan.lines {
        let _ = writeln!(out, "  {{ {} }},", keys(line).join(", "));
    }
    out.push_str("]\n");
    out
}

/// A file to be filled in: every convolution in the order of names, `?` where somebody must know.
fn template(convs: &[(String, String)], notes: &[String]) -> String {
    let mut out = String::new();
    for note in notes {
        let _ = writeln!(out, "# {}", one_line(note));
    }
    out.push_str("input = \"?\"            # channels x height x width, as \"3x224x224\"\n");
    out.push_str(
        "layers = [               # in forward order; put { maxpool = 2 } and the like between\n",
    );
    for (name, shape) in convs {
        let name = braced(name);
        let _ = writeln!(
            out,
            "  {{ conv = {name}, stride = \"?\", pad = \"?\" }},  # {}",
            one_line(shape)
        );
    }
    out.push_str("]\n");
    out
}

fn joined(sizes: &[u64]) -> String {
    let sizes: Vec<String> = sizes.iter().map(u64::to_string).collect();
    sizes.join("x")
}

fn keys(line: &Line) -> Vec<String> {
    let mut out = match &line.step {
        Step::Conv(conv) => {
            let mut out = vec![format!("conv = {}", braced(&conv.name))];
            out.extend(unless("stride", &conv.stride));
            out.extend(unless("dilation", &conv.dilation));
            out.extend(pad(&conv.pad));
            out.extend(conv.groups.map(|it| format!("groups = {it}")));
            out.extend(conv.transposed.then(|| "transposed = true".to_owned()));
            out
        }
        Step::Pool(pool) => {
            let kind = match pool.kind {
                PoolKind::Max => "maxpool",
                PoolKind::Average => "avgpool",
            };
            let mut out = vec![format!("{kind} = {}", numbers(&pool.kernel))];
            if !pool.stride.is_empty() && pool.stride != pool.kernel {
                out.push(format!("stride = {}", numbers(&pool.stride)));
            }
            out.extend(pad(&pool.pad));
            out.extend(pool.ceil.then(|| "ceil = true".to_owned()));
            out
        }
        Step::Adaptive(sizes) => vec![format!("adaptive = {}", numbers(sizes))],
        Step::Global => vec!["global = true".to_owned()],
        Step::Upsample(sizes) => vec![format!("upsample = {}", numbers(sizes))],
    };
    let names: Vec<String> = line.from.iter().map(|it| quoted(it)).collect();
    match names.as_slice() {
        [] => {}
        [one] => out.push(format!("from = {one}")),
        several => out.push(format!("from = [{}]", several.join(", "))),
    }
    out.extend(line.side.then(|| "side = true".to_owned()));
    out.extend(line.id.as_ref().map(|it| format!("id = {}", quoted(it))));
    let list = |it: &Vec<u64>| it.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    out.extend(line.out.as_ref().map(|it| format!("out = [{}]", list(it))));
    out.extend(line.aux.then(|| "aux = true".to_owned()));
    out
}

/// A list that is not all ones.
fn unless(key: &str, values: &[u64]) -> Option<String> {
    let ones = values.iter().all(|it| *it == 1);
    (!ones).then(|| format!("{key} = {}", numbers(values)))
}

fn pad(pad: &Pad) -> Option<String> {
    match pad {
        Pad::Same => Some("pad = \"same\"".to_owned()),
        Pad::Zeros(list) if list.iter().all(|it| *it == 0) => None,
        Pad::Zeros(list) => Some(format!("pad = {}", numbers(list))),
    }
}

/// One number where all are one.
fn numbers(values: &[u64]) -> String {
    match values {
        [first, rest @ ..] if rest.iter().all(|it| it == first) => first.to_string(),
        values => {
            let values: Vec<String> = values.iter().map(u64::to_string).collect();
            format!("[{}]", values.join(", "))
        }
    }
}

/// A pattern that stands for this name alone.
fn braced(name: &str) -> String {
    quoted(&name.replace('{', "{{"))
}

/// A comment's text on one line.
fn one_line(text: &str) -> String {
    let plain = |it: char| if it.is_control() { ' ' } else { it };
    text.chars().map(plain).collect()
}

/// A TOML string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for it in text.chars() {
        match it {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            it if it.is_control() || ('\u{200b}'..='\u{2069}').contains(&it) => {
                let _ = write!(out, "\\u{:04X}", u32::from(it));
            }
            it => out.push(it),
        }
    }
    out.push('"');
    out
}
