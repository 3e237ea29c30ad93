//! What is said beside the rows: what was swept, what cannot take a size, what grows and what stays.

use std::collections::BTreeMap;

use super::columns::{Column, times};
use super::notes::{MOST_LAYERS, Notes, enumerated};
use crate::explain::Kind;
use crate::finding::Gap;
use crate::network::Claim;
use crate::render::summary::format_name;
use crate::render::text::{plural, printable, spoken};
use crate::sweep::{At, Swept};
use crate::tensor::Shape;
use crate::units::counted;

/// Path, format, parameters.
pub(super) fn headline(swept: &Swept) -> Vec<String> {
    let path = match swept.path.as_str() {
        "-" => "standard input".to_owned(),
        path => printable(path),
    };
    let mut out = vec![path, format_name(swept.facts.format).to_owned()];
    if let Some(first) = swept.sizes.first() {
        out.push(plural(first.totals.params.0, "parameter"));
    }
    match swept.facts.geometry.claim {
        Claim::Exact => {}
        Claim::Assumed => out.push("geometry assumed".to_owned()),
        Claim::Unknown => out.push("geometry unknown".to_owned()),
    }
    out
}

/// `height and width of data, otherwise 1×3×227×227`.
pub(super) fn axes(swept: &Swept) -> Vec<String> {
    let otherwise = |name: &str| {
        let found = swept.inputs.iter().find(|it| it.name == name);
        let shape = found.and_then(|it| it.shape.as_ref());
        shape.map_or_else(String::new, |it| {
            format!(", otherwise {}", printable(&it.to_string()))
        })
    };
    let mut out = Vec::new();
    if !swept.axes.dims.is_empty() {
        let names: Vec<String> = swept.axes.dims.iter().map(|it| printable(it)).collect();
        out.push(names.join(" = "));
    }
    out.extend(swept.axes.inputs.iter().map(|it| {
        let words = match it.axes.len() {
            1 => "length",
            2 => "height and width",
            _ => "depth, height and width",
        };
        format!("{words} of {}{}", printable(&it.name), otherwise(&it.name))
    }));
    out
}

/// What is odd about the sizes: that the file fixes others, that two inputs disagree.
pub(super) fn warnings(swept: &Swept) -> Vec<String> {
    let mut out = Vec::new();
    let told = |rule: &str| {
        let warnings = swept.sizes.iter().flat_map(|it| &it.warnings);
        warnings.into_iter().any(|it| it.rule == rule)
    };
    if told("input-override") {
        for (input, sizes) in swept.axes.fixed(&swept.inputs) {
            let own = printable(&Shape::known(&sizes).to_string());
            let name = printable(&input.name);
            out.push(format!("{name} is fixed at {own} in the file; other sizes are taken all the same [input-override]"));
        }
    }
    let mut notes = Notes::default();
    let others = |rule: &str| rule != "input-override";
    for at in &swept.sizes {
        for it in at.warnings.iter().filter(|it| others(it.rule)) {
            let layer = it.layer.as_deref().unwrap_or_default();
            notes.add(
                at.size,
                layer,
                it.rule,
                &format!("{} [{}]", it.message, it.rule),
            );
        }
    }
    out.extend(notes.lines(swept.sizes.len()));
    out
}

/// What could not be told, with the sizes at which.
pub(super) fn gaps(swept: &Swept) -> Vec<String> {
    let mut notes = Notes::default();
    let mut more = 0usize;
    let whole = swept.layers.is_empty();
    for at in &swept.sizes {
        if whole && !at.problems.is_empty() {
            // Where a layer cannot take the size, that is why its sums are unknown.
            for it in at.problems.iter().filter(|it| it.expected.is_none()) {
                let subject = format!("{} ({})", it.layer, it.op_type);
                notes.add(at.size, &subject, "", &it.reason);
            }
            more = more.max(at.more_problems);
            continue;
        }
        let (sums, causes): (Vec<&Gap>, Vec<&Gap>) =
            at.gaps.iter().partition(|it| whole && it.layer == "totals");
        for it in causes.iter().filter(|it| it.what != "padding_macs") {
            notes.add(at.size, &it.layer, "", &it.reason);
        }
        for it in sums.iter().filter(|_| causes.is_empty()) {
            notes.add(at.size, &it.what, "", &it.reason);
        }
    }
    let mut out = if whole { unfit(&swept.sizes) } else { vec![] };
    out.extend(notes.lines(swept.sizes.len()));
    if more > 0 {
        let more = plural(u128::try_from(more).unwrap_or(0), "more layer");
        out.push(format!("and {more} that cannot take a size"));
    }
    out
}

/// Linear layers that do not fit, each with what it is given instead, and what that means for the sums.
fn unfit(sizes: &[At]) -> Vec<String> {
    let mut found: BTreeMap<(&str, u64), Vec<String>> = BTreeMap::new();
    for at in sizes {
        for it in &at.problems {
            let Some((expected, given)) = it.expected.zip(it.found) else {
                continue;
            };
            let text = format!("{} at {}", counted(given.into()), at.size);
            found.entry((&it.layer, expected)).or_default().push(text);
        }
    }
    let line = |((layer, expected), texts): (&(&str, u64), &Vec<String>)| {
        let inputs = counted((*expected).into());
        format!(
            "{} expects {inputs} inputs, here {}",
            spoken(layer),
            enumerated(texts)
        )
    };
    let mut out: Vec<String> = found.iter().take(MOST_LAYERS).map(line).collect();
    let more = found.len().saturating_sub(MOST_LAYERS);
    if more > 0 {
        out.push(format!("and {more} more such layers"));
    }
    if let Some(last) = out.last_mut() {
        last.push_str(
            "; it is counted as stored, and the network runs at that size only with a new one",
        );
    }
    out
}

/// What grows and what stays, from the least size at which it is known to the greatest.
pub(super) fn sentence(swept: &Swept, columns: &[Column], kind: Option<Kind>) -> Option<String> {
    let ends = |json: &str| ends(swept, columns, json);
    if kind == Some(Kind::Pool) {
        let (least, greatest, before, after) = ends("activations_out")?;
        let how = changed("grows", before, after);
        return Some(format!(
            "From {least} to {greatest} what comes out {how}; a pool has no parameters."
        ));
    }
    let stays = stays(columns)?;
    let Some((least, greatest, before, after)) = ends("unshared").filter(|it| it.2 > 0) else {
        return Some(stays);
    };
    let span = |it: &(u64, u64, u128, u128)| (it.0, it.1) == (least, greatest);
    let mut parts = vec![format!("unshared {}", changed("grows", before, after))];
    if before != after {
        parts = vec![format!("{} with the output positions", parts.concat())];
    }
    if let Some((_, _, before, after)) = ends("dense").filter(span) {
        let with = if before == after {
            ""
        } else {
            " with positions and inputs alike"
        };
        parts.push(format!(
            "dense {}{with}",
            changed("", before, after).trim_start()
        ));
    }
    if let Some((_, _, before, after)) = ends("macs").filter(span) {
        parts.push(format!("MACs {}", changed("", before, after).trim_start()));
    }
    Some(format!(
        "{stays} From {least} to {greatest} {}.",
        parts.join(", ")
    ))
}

/// What is stored is the same at every size; where it is not known, what the geometry says.
fn stays(columns: &[Column]) -> Option<String> {
    let column = |json: &str| columns.iter().find(|it| it.json.as_deref() == Some(json));
    let counts = |json: &str| column(json).map_or_else(Vec::new, Column::counts);
    let one = |counts: &[Option<u128>]| match counts {
        [Some(first), rest @ ..] if rest.iter().all(|it| *it == Some(*first)) => Some(*first),
        _ => None,
    };
    let stored = one(&counts("stored")).map(|it| ("Stored", it));
    let (what, count) = stored.or_else(|| one(&counts("shared")).map(|it| ("Shared", it)))?;
    if count == 0 {
        return None;
    }
    let count = counted(count);
    Some(format!(
        "{what} stays {count} at every size, since all positions share it."
    ))
}

/// `grows ×2.04`.
fn changed(verb: &str, before: u128, after: u128) -> String {
    match times(after, before) {
        Some(_) if before == after => "stays".to_owned(),
        Some(times) => format!("{verb} {times}"),
        None => format!("{verb} beyond measure"),
    }
}

/// The least and the greatest size at which a count is known, and the counts there.
fn ends(swept: &Swept, columns: &[Column], json: &str) -> Option<(u64, u64, u128, u128)> {
    let column = columns.iter().find(|it| it.json.as_deref() == Some(json))?;
    let counts = column.counts();
    let known = || {
        swept
            .sizes
            .iter()
            .zip(&counts)
            .filter_map(|(at, it)| Some((at.size, (*it)?)))
    };
    let (least, greatest) = (known().min()?, known().max()?);
    (least.0 < greatest.0).then_some((least.0, greatest.0, least.1, greatest.1))
}
