//! What is said of stored tensors: in a line, in a line each, and in JSON.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Page, words};
use crate::compare::tensors::{Content, Difference, Pair, Shapes, Side, Tensors};
use crate::render::cell::joined;
use crate::render::paint::Ink;
use crate::render::text::{plural, printable};
use crate::units::{Bytes, counted, wide};

/// Tensors of one kind that are listed where not all are asked for.
const MOST_LISTED: usize = 8;

/// One tensor, or several of which the same is to be said.
pub(super) struct Line {
    /// `different`, `only in first`, …
    pub(super) mark: &'static str,
    pub(super) ink: Ink,
    /// Its name in the first model, and in the second where that is another.
    pub(super) name: String,
    /// What is said of it.
    pub(super) says: String,
}

/// What the comparison comes to, contents included where they were read.
pub(super) fn headline(page: &Page<'_>) -> String {
    let head = words::headline(page.layers);
    let Some(tensors) = page.tensors.filter(|it| it.read.is_some()) else {
        return head;
    };
    let count = |of: fn(&Content) -> bool| tensors.count(|it| it.content.as_ref().is_some_and(of));
    let differ = count(|it| matches!(it, Content::Different(_)));
    let close = count(|it| matches!(it, Content::Close(_)));
    let open = count(|it| matches!(it, Content::NotCompared(_)));
    let folded = count(|it| matches!(it, Content::Folded(_)));
    let alone = tensors.count(|it| it.content.is_none() && it.differs());
    let words = [
        (differ, "with other numbers"),
        (close, "with close ones"),
        (alone, "without a counterpart of like size"),
        (open, "not compared"),
    ];
    let words = words.iter().filter(|it| it.0 > 0);
    let words: Vec<String> = words
        .map(|(many, what)| format!("{} {what}", plural(wide(*many).into(), "tensor")))
        .collect();
    let words = match words.as_slice() {
        [] if folded > 0 => {
            "the tensors hold the same numbers but for folded normalisations".into()
        }
        [] => same_numbers(tensors),
        words => words.join(", "),
    };
    format!("{head}; {words}")
}

/// That nothing differs, and the types that numbers were rounded to.
fn same_numbers(tensors: &Tensors) -> String {
    let contents = tensors.pairs.iter().filter_map(|it| it.content.as_ref());
    let rounded = contents.filter_map(|it| match it {
        Content::EqualValues { rounded } => *rounded,
        _ => None,
    });
    let rounded: BTreeSet<String> = rounded.map(|it| it.to_string()).collect();
    let same = "the tensors hold the same numbers";
    if rounded.is_empty() {
        return same.to_owned();
    }
    let rounded: Vec<String> = rounded.into_iter().collect();
    format!("{same} as {}", rounded.join(" and "))
}

/// What it all comes to.
pub(super) fn lead(tensors: &Tensors) -> String {
    let mut parts: Vec<(String, usize)> = Vec::new();
    for pair in &tensors.pairs {
        let words = kind(pair);
        match parts.iter_mut().find(|it| it.0 == words) {
            Some(part) => part.1 += 1,
            None => parts.push((words, 1)),
        }
    }
    parts.sort_by_key(|it| std::cmp::Reverse(it.1));
    let parts = parts.iter();
    let parts = parts.map(|(words, many)| format!("{} {words}", count(*many)));
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() {
        return "none".to_owned();
    }
    let mut out = vec![parts.join(", ")];
    let renamed = tensors.count(Pair::is_renamed);
    if renamed > 0 {
        out.push(format!("{} under another name", count(renamed)));
    }
    out.push(match tensors.read {
        Some(read) => format!("{} read", Bytes(read)),
        None => "--weights compares what they hold".to_owned(),
    });
    out.join("; ")
}

/// What a pair is counted as.
fn kind(pair: &Pair) -> String {
    let Some(content) = &pair.content else {
        return match &pair.shapes {
            Shapes::Same => "of the same shape".to_owned(),
            Shapes::Folded(_) => "folded into others".to_owned(),
            Shapes::Other => "of another shape".to_owned(),
            other => other.name().to_owned(),
        };
    };
    match content {
        Content::EqualValues { rounded: Some(it) } => format!("equal as {it}"),
        Content::EqualValues { rounded: None } if !pair.axes.is_empty() => {
            "equal but transposed".to_owned()
        }
        Content::Folded(_) => "equal but for a folded normalisation".to_owned(),
        other => other.name().to_owned(),
    }
}

/// A line for each tensor that is not there, not the same or not compared; of many of one kind the first ones
/// unless `all` are asked for.
pub(super) fn lines(tensors: &Tensors, all: bool) -> Vec<Line> {
    let mut out = unlike(tensors, all);
    out.extend(not_compared(tensors));
    out.sort_by_key(|it| place(it.mark));
    if all {
        return out;
    }
    let mut kept: Vec<Line> = Vec::new();
    let mut rest = out.into_iter().peekable();
    while let Some(first) = rest.next() {
        let (mark, ink) = (first.mark, first.ink);
        let mut run = vec![first];
        while let Some(next) = rest.next_if(|it| it.mark == mark) {
            run.push(next);
        }
        let more = run.len().saturating_sub(MOST_LISTED);
        run.truncate(MOST_LISTED);
        kept.extend(run);
        if more > 0 {
            kept.push(Line {
                mark,
                ink,
                name: "…".to_owned(),
                says: format!("and {} more; --all lists them", count(more)),
            });
        }
    }
    kept
}

/// What matters most comes first.
fn place(mark: &str) -> usize {
    let order = ["different", "close", "other shape", "ambiguous"];
    let place = order.iter().position(|it| *it == mark);
    place.unwrap_or(order.len())
}

fn unlike(tensors: &Tensors, all: bool) -> Vec<Line> {
    // Where contents are not asked for, the layers say whose weights have other sizes.
    let told = |it: &&Pair| tensors.read.is_none() && !all && it.shapes == Shapes::Other;
    let pairs = tensors.pairs.iter();
    let pairs = pairs.filter(|it| it.differs() && !told(it));
    let line = |pair: &Pair| {
        let says = match &pair.content {
            Some(content) => content.difference().map(apart).unwrap_or_default(),
            None => shapes(pair),
        };
        let elsewhere = pair.elsewhere.as_ref().map(|other| {
            let other = printable(other);
            format!("{says}; one holds what {other} holds in the other")
        });
        let says = elsewhere.unwrap_or(says);
        let (mark, ink) = match (&pair.content, &pair.shapes) {
            (Some(content @ Content::Different(_)), _) => (content.name(), Ink::Bad),
            (Some(content), _) => (content.name(), Ink::Warning),
            (None, shapes) => (shapes.name(), Ink::Warning),
        };
        Line {
            mark,
            ink,
            name: name(pair),
            says,
        }
    };
    pairs.map(line).collect()
}

/// Tensors whose contents could not be compared, those of one reason together.
fn not_compared(tensors: &Tensors) -> Vec<Line> {
    let mut reasons: BTreeMap<&str, Vec<&Pair>> = BTreeMap::new();
    for pair in &tensors.pairs {
        if let Some(Content::NotCompared(reason)) = &pair.content {
            reasons.entry(reason).or_default().push(pair);
        }
    }
    let line = |(reason, pairs): (&str, Vec<&Pair>)| Line {
        mark: "not compared",
        ink: Ink::Warning,
        name: match pairs.as_slice() {
            [one] => name(one),
            many => plural(wide(many.len()).into(), "tensor"),
        },
        says: printable(reason),
    };
    reasons.into_iter().map(line).collect()
}

fn name(pair: &Pair) -> String {
    let own = |it: &Option<Side>| it.as_ref().map(|it| printable(&it.name));
    match (own(&pair.before), own(&pair.after)) {
        (Some(before), Some(after)) if before != after => format!("{before} → {after}"),
        (Some(name), _) | (None, Some(name)) => name,
        (None, None) => String::new(),
    }
}

fn shapes(pair: &Pair) -> String {
    let shape = |it: &Option<Side>| it.as_ref().map(|it| sizes(&it.shape));
    let shapes: Vec<String> = [&pair.before, &pair.after]
        .into_iter()
        .filter_map(shape)
        .collect();
    let shapes = shapes.join(" → ");
    match pair.shapes {
        Shapes::Ambiguous(many) => format!(
            "{shapes}; the other model has {} of that shape",
            count(many)
        ),
        _ => shapes,
    }
}

fn sizes(shape: &[u64]) -> String {
    match shape {
        [] => "one element".to_owned(),
        sizes => joined(sizes, "×"),
    }
}

/// `1 of 144 elements, by up to 0.25`.
pub(super) fn apart(it: &Difference) -> String {
    let many = if it.elements == it.of {
        format!("all {} elements", counted(it.of))
    } else {
        format!("{} of {} elements", counted(it.elements), counted(it.of))
    };
    let far = it.max_abs.map(|abs| format!(", by up to {}", short(abs)));
    let relative = it.max_rel.filter(|it| *it >= 0.0005);
    let relative = relative.map(|it| format!(" ({:.1} %)", it * 100.0));
    format!(
        "{many}{}{}",
        far.unwrap_or_default(),
        relative.unwrap_or_default()
    )
}

/// A small number in a few digits.
fn short(value: f64) -> String {
    if (0.001..10_000.0).contains(&value) {
        let text = format!("{value:.4}");
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    format!("{value:.1e}")
}

fn count(many: usize) -> String {
    counted(wide(many).into())
}

/// What is said of a layer's contents; `None` where they are equal or were not asked for.
pub(super) fn of_layer(content: Option<&Content>) -> Option<String> {
    Some(match content? {
        Content::Equal | Content::EqualValues { rounded: None } => return None,
        Content::EqualValues { rounded: Some(it) } => format!("weights equal as {it}"),
        Content::Folded(_) => "weights equal but for a folded normalisation".to_owned(),
        Content::Close(_) => "weights close".to_owned(),
        Content::Different(_) => "weights differ".to_owned(),
        Content::NotCompared(_) => "weights not compared".to_owned(),
    })
}

/// A pair in the JSON document.
#[derive(Serialize)]
pub(super) struct Row<'a> {
    /// `same shape`, `transposed`, `reshaped`, `other shape`, `folded`, `ambiguous`, `only in first`, `only in second`.
    status: &'static str,
    /// `name`, `spelling`, `layer`, `content` or `shape`.
    matched_by: Option<&'static str>,
    before: Option<Of<'a>>,
    after: Option<Of<'a>>,
    /// Axis i of the second is axis `axes[i]` of the first; empty where they lie alike.
    axes: &'a [usize],
    /// `equal`, `equal as values`, `folded`, `close`, `different`, `not compared`; null where not asked for.
    content: Option<&'static str>,
    /// The type that a cast rounded to.
    rounded_to: Option<&'static str>,
    elements_compared: Option<u128>,
    elements_different: Option<u128>,
    max_abs: Option<f64>,
    max_rel: Option<f64>,
    /// Why contents were not compared.
    reason: Option<&'a str>,
    /// The tensor whose weights a folded one is in.
    folded_into: Option<&'a str>,
    /// How many of the other model it could be.
    candidates: Option<usize>,
    /// The other model's tensor that holds what one of two different ones holds.
    found_as: Option<&'a str>,
}

#[derive(Serialize)]
struct Of<'a> {
    name: &'a str,
    role: &'static str,
    data_type: Option<&'static str>,
    shape: &'a [u64],
}

/// Every pair, for the JSON document.
pub(super) fn rows(tensors: &Tensors) -> Vec<Row<'_>> {
    tensors.pairs.iter().map(row).collect()
}

fn row(pair: &Pair) -> Row<'_> {
    let content = pair.content.as_ref();
    let difference = content.and_then(Content::difference);
    let rounded = match content {
        Some(Content::EqualValues { rounded }) => *rounded,
        _ => None,
    };
    Row {
        status: pair.shapes.name(),
        matched_by: pair.by.map(crate::compare::tensors::By::name),
        before: pair.before.as_ref().map(of),
        after: pair.after.as_ref().map(of),
        axes: &pair.axes,
        content: content.map(Content::name),
        rounded_to: rounded.map(crate::tensor::DataType::name),
        elements_compared: difference.map(|it| it.of),
        elements_different: difference.map(|it| it.elements),
        max_abs: difference.and_then(|it| it.max_abs),
        max_rel: difference.and_then(|it| it.max_rel),
        reason: match content {
            Some(Content::NotCompared(reason)) => Some(reason),
            _ => None,
        },
        folded_into: match &pair.shapes {
            Shapes::Folded(name) => Some(name),
            _ => None,
        },
        candidates: match pair.shapes {
            Shapes::Ambiguous(many) => Some(many),
            _ => None,
        },
        found_as: pair.elsewhere.as_deref(),
    }
}

fn of(side: &Side) -> Of<'_> {
    Of {
        name: &side.name,
        role: side.role.name(),
        data_type: side.data_type.map(crate::tensor::DataType::name),
        shape: &side.shape,
    }
}
