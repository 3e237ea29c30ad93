//! A row for each layer that there is something to say of, and a line for those between.

use super::{Page, tensors, words};
use crate::compare::layers::{Pair, Side, Status};
use crate::compare::tensors::Content;
use crate::render::paint::Ink;
use crate::render::text::{plural, printable, short_name};
use crate::units::{counted, wide};

/// How much a row says.
#[derive(Clone, Copy)]
pub(super) struct Detail {
    /// Whether counts say from what to what.
    pub(super) exact: bool,
    /// Room of a name among words.
    pub(super) name: usize,
}

pub(super) enum Row {
    /// Equal layers, one after the other: how many there are, and what is said of them.
    Equal(String),
    /// One layer.
    One(One),
}

pub(super) struct One {
    /// `same`, `changed`, `added`, `removed` or `moved`.
    pub(super) mark: &'static str,
    pub(super) ink: Ink,
    /// What it goes by in the second model, else in the first.
    pub(super) layer: String,
    /// What is said of it.
    pub(super) items: Vec<String>,
}

/// The rows, in the order of the comparison.
pub(super) fn rows(page: &Page<'_>, detail: Detail) -> Vec<Row> {
    let pairs = page.layers.pairs.as_slice();
    let befores = ordered(pairs);
    let mut out = Vec::new();
    let mut rest = pairs;
    while let Some((first, after)) = rest.split_first() {
        let at = pairs.len().saturating_sub(rest.len());
        let contents = page.contents.get(at..).unwrap_or_default();
        let content = |at: usize| contents.get(at).copied().flatten();
        let like = |(at, it): &(usize, &Pair)| it.is_same() && !differs(content(*at));
        if page.all || !like(&(0, first)) {
            out.push(Row::One(one(first, content(0), &befores, detail)));
            rest = after;
            continue;
        }
        let equal = rest.iter().enumerate().take_while(like).count();
        let (run, after) = rest.split_at(equal);
        out.push(Row::Equal(run_of(run, detail)));
        rest = after;
    }
    out
}

/// Whether a layer's contents alone are worth a row.
fn differs(content: Option<&Content>) -> bool {
    matches!(content, Some(Content::Different(_)))
}

/// The first model's layers in its own order.
fn ordered(pairs: &[Pair]) -> Vec<&Side> {
    let mut sides: Vec<&Side> = pairs.iter().filter_map(|it| it.before.as_ref()).collect();
    sides.sort_by_key(|it| it.at);
    sides
}

/// `12 layers are the same: conv1 … pool2; 3 renamed`.
fn run_of(run: &[Pair], detail: Detail) -> String {
    // One name has the room of two.
    let room = match run.len() {
        1 => detail.name.saturating_mul(2),
        _ => detail.name,
    };
    let name = |it: Option<&Pair>| short_name(&it.map(name).unwrap_or_default(), room);
    let (first, last) = (name(run.first()), name(run.last()));
    let renamed = run.iter().filter(|it| it.is_renamed()).count();
    let out = match run.len() {
        1 => format!("{first} is the same"),
        2 => format!("2 layers are the same: {first}, {last}"),
        many => {
            let layers = plural(wide(many).into(), "layer");
            format!("{layers} are the same: {first} … {last}")
        }
    };
    match renamed {
        0 => out,
        many => format!("{out}; {} renamed", counted(wide(many).into())),
    }
}

/// What a layer goes by: its name, or its module where two exporters name one layer differently.
fn name(pair: &Pair) -> String {
    let (before, after) = (pair.before.as_ref(), pair.after.as_ref());
    let module = before.zip(after).and_then(|(before, after)| {
        let module = after.module.as_ref().or(before.module.as_ref());
        module.filter(|_| before.name != after.name)
    });
    let name = || after.or(before).map(|it| &it.name);
    printable(module.or_else(name).map_or("", String::as_str))
}

/// A layer of the first model, by its module where it has one.
fn was(side: &Side, detail: Detail) -> String {
    let name = side.module.as_ref().unwrap_or(&side.name);
    short_name(&printable(name), detail.name)
}

fn one(pair: &Pair, content: Option<&Content>, befores: &[&Side], detail: Detail) -> One {
    let (mark, ink) = match pair.status {
        Status::Same if pair.moved => ("moved", Ink::Warning),
        Status::Same if differs(content) => ("weights", Ink::Warning),
        Status::Same => (pair.status.name(), Ink::Dim),
        Status::Changed => (pair.status.name(), Ink::Warning),
        Status::Added => (pair.status.name(), Ink::Good),
        Status::Removed => (pair.status.name(), Ink::Bad),
    };
    let mut items = Vec::new();
    let (before, after) = (pair.before.as_ref(), pair.after.as_ref());
    match (before, after) {
        (Some(side), None) | (None, Some(side)) => items = words::described(side),
        _ => items.extend(words::changes(&pair.changes, detail.exact)),
    }
    if pair.is_same() && differs(content) {
        items.push("same shape".to_owned());
    }
    items.extend(tensors::of_layer(content));
    if pair.moved {
        items.push(stood(before, befores, detail));
    }
    if let Some(before) = before.filter(|_| pair.is_renamed()) {
        items.push(format!("was {}", was(before, detail)));
    }
    if let Some(side) = after.or(before).filter(|it| !it.scope.is_empty()) {
        items.push(format!(
            "in {}",
            short_name(&printable(&side.scope), detail.name)
        ));
    }
    One {
        mark,
        ink,
        layer: name(pair),
        items,
    }
}

/// Where a layer that moved stood before.
fn stood(before: Option<&Side>, befores: &[&Side], detail: Detail) -> String {
    let ahead = before.and_then(|it| it.at.checked_sub(1));
    match ahead.and_then(|at| befores.get(at)) {
        Some(it) => format!("stood after {}", was(it, detail)),
        None => "stood first".to_owned(),
    }
}
