//! What is said of two versions, the same in the table and in Markdown.

use super::Page;
use crate::compare::layers::{
    Change, InputChange, InputSide, Layers, OperatorCount, Side, Status, Value, field_names,
    permille,
};
use crate::compare::property::Value as Sum;
use crate::render::cell;
use crate::render::compare::cells::relative;
use crate::render::text::{plural, printable, spoken};
use crate::units::{counted, wide};

/// Fields that people call otherwise than the JSON document does.
const LABELS: &[(&str, &str)] = &[
    ("op_type", "operator"),
    ("kernel_shape", "kernel"),
    ("ceil_mode", "ceil mode"),
    ("group", "groups"),
    ("in_channels", "channels"),
    ("data_type", "type"),
    ("input_shape", "input"),
    ("output_shape", "output"),
    ("macs", "MACs"),
    ("unshared", "locally connected"),
    ("dense", "fully connected"),
    ("padding_macs", "MACs on padding"),
];

/// Counts that follow from what else changed; JSON and CSV have them.
const FOLLOWING: &[&str] = &["shared", "unshared", "dense", "padding_macs"];

/// Inputs that differ are told up to so many.
const MOST_INPUTS: usize = 5;

fn label(what: &str) -> &str {
    LABELS
        .iter()
        .find(|it| it.0 == what)
        .map_or(what, |it| it.1)
}

/// What it all comes to: `3 changed, 1 added, 8 the same; params +12.5 %`.
pub(super) fn headline(layers: &Layers) -> String {
    let pairs = || layers.pairs.iter();
    let same = pairs().filter(|it| it.is_same()).count();
    let renamed = match pairs().filter(|it| it.is_renamed()).count() {
        0 => String::new(),
        many => format!(" ({} renamed)", count(many)),
    };
    if layers.is_same() {
        let open = pairs().any(|it| !it.open.is_empty());
        let told = if open { ", as far as both tell" } else { "" };
        let many = plural(wide(same).into(), "layer");
        return format!("no difference in {many}{renamed}{told}");
    }
    let counts = [
        (layers.count(Status::Changed), "changed"),
        (layers.count(Status::Added), "added"),
        (layers.count(Status::Removed), "removed"),
        (pairs().filter(|it| it.moved).count(), "moved"),
        (same, "the same"),
    ];
    let counts = counts.iter().filter(|it| it.0 > 0);
    let counts: Vec<String> = counts
        .map(|(many, what)| format!("{} {what}", count(*many)))
        .collect();
    let mut out = vec![format!("{}{renamed}", counts.join(", "))];
    let beside = [
        (!layers.inputs.is_empty(), "the inputs differ"),
        (!layers.operators.is_empty(), "other operators differ"),
    ];
    out.extend(beside.iter().filter(|it| it.0).map(|it| it.1.to_owned()));
    out.extend(sums(layers));
    out.retain(|it| !it.is_empty());
    out.join("; ")
}

/// `params +12.5 %, MACs the same`.
fn sums(layers: &Layers) -> Option<String> {
    let shown = [("params", "params"), ("macs", "MACs")];
    let sums = shown.iter().filter_map(|(name, label)| {
        let total = layers.totals.iter().find(|it| it.name == *name)?;
        let (before, after) = total.before.zip(total.after)?;
        let off = off(before, after).unwrap_or_else(|| "the same".to_owned());
        Some(format!("{label} {off}"))
    });
    let sums: Vec<String> = sums.collect();
    (!sums.is_empty()).then(|| sums.join(", "))
}

fn count(many: usize) -> String {
    counted(wide(many).into())
}

/// `+12.5 %`, exact where rounding would hide it; `None` where there is no difference.
pub(super) fn off(before: u128, after: u128) -> Option<String> {
    if before == after {
        return None;
    }
    let exact = || signed(before, after);
    Some(match permille(before, after) {
        None | Some(0) => exact(),
        Some(_) => relative(&Sum::Count(after), &Sum::Count(before)).unwrap_or_else(exact),
    })
}

/// `+1,413,120`, `−34`, `=`.
pub(super) fn signed(before: u128, after: u128) -> String {
    let size = counted(before.abs_diff(after));
    match before.cmp(&after) {
        std::cmp::Ordering::Less => format!("+{size}"),
        std::cmp::Ordering::Equal => "=".to_owned(),
        std::cmp::Ordering::Greater => format!("−{size}"),
    }
}

/// What changed in a layer; counts by how much, and `exact` also from what to what.
pub(super) fn changes(changes: &[Change], exact: bool) -> Vec<String> {
    let follows = |it: &&Change| FOLLOWING.contains(&it.what);
    let told = |it: &&Change| !follows(it) || changes.iter().all(|it| follows(&it));
    changes
        .iter()
        .filter(told)
        .map(|it| change(it, exact))
        .collect()
}

fn change(change: &Change, exact: bool) -> String {
    let label = label(change.what);
    let is_cost = FOLLOWING.contains(&change.what) || ["params", "macs"].contains(&change.what);
    if let (Value::Count(before), Value::Count(after), true) =
        (&change.before, &change.after, is_cost)
    {
        let off = off(*before, *after).unwrap_or_default();
        return if exact {
            format!("{label} {} → {} ({off})", counted(*before), counted(*after))
        } else {
            format!("{label} {off}")
        };
    }
    let [before, after] = both(change);
    format!("{label} {before} → {after}")
}

/// Two values that differ, so spelled that it shows.
fn both(change: &Change) -> [String; 2] {
    let sides = [&change.before, &change.after];
    let short = sides.map(|it| match it {
        Value::Sizes(sizes) if change.what == "pads" => alike(sizes, " "),
        it => value(it),
    });
    if short[0] != short[1] {
        return short;
    }
    sides.map(|it| match it {
        Value::Shape(shape) => printable(&shape.to_string()),
        it => value(it),
    })
}

fn value(it: &Value) -> String {
    match it {
        Value::Unknown => cell::UNKNOWN.to_owned(),
        Value::Word(word) => printable(word),
        Value::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        Value::Count(count) => counted(*count),
        Value::Sizes(sizes) => cell::joined(sizes, "×"),
        Value::Shape(shape) => cell::sample_shape(Some(shape)),
    }
}

/// One number where all are alike.
fn alike(sizes: &[i64], separator: &str) -> String {
    match sizes {
        [first, rest @ ..] if rest.iter().all(|it| it == first) => first.to_string(),
        _ => cell::joined(sizes, separator),
    }
}

/// What a layer without counterpart is: `Conv 3×3 /2`, `64 filters`, `output 64×56×56`, `params 36,928`.
pub(super) fn described(side: &Side) -> Vec<String> {
    let known = |name: &str| side.field(name).filter(|it| !it.is_unknown());
    let op = known("op_type").map_or_else(|| side.kind.to_owned(), value);
    let kernel = known("kernel_shape").map(|it| format!(" {}", value(it)));
    let strides = match known("strides") {
        Some(Value::Sizes(sizes)) if sizes.iter().any(|it| *it != 1) => Some(sizes),
        _ => None,
    };
    let strides = strides.map(|it| format!(" /{}", alike(it, "×")));
    let groups = match known("group") {
        Some(Value::Count(groups @ 2..)) => Some(format!(" g{groups}")),
        _ => None,
    };
    let parts = [kernel, strides, groups];
    let op = format!("{op}{}", parts.map(Option::unwrap_or_default).concat());
    let mut out = vec![op];
    out.extend(known("filters").map(|it| format!("{} filters", value(it))));
    out.extend(known("output_shape").map(|it| format!("output {}", value(it))));
    out.extend(known("params").map(|it| format!("params {}", value(it))));
    out
}

/// `data 1×3×227×227 float32 → data 1×3×224×224 float32`. Weights may be inputs, so the first few have a line,
/// and all of them where every layer has a row.
pub(super) fn inputs(page: &Page<'_>) -> Vec<String> {
    let inputs = &page.layers.inputs;
    let most = if page.all { inputs.len() } else { MOST_INPUTS };
    let mut out: Vec<String> = inputs.iter().take(most).map(input).collect();
    match inputs.len().saturating_sub(most) {
        0 => {}
        more => out.push(format!("and {} more", count(more))),
    }
    out
}

fn input(it: &InputChange) -> String {
    let side = |it: &Option<InputSide>| {
        let Some(it) = it else {
            return "none".to_owned();
        };
        let shape = match &it.shape {
            Value::Shape(shape) => cell::shape_cell(Some(shape)),
            other => value(other),
        };
        format!("{} {shape} {}", spoken(&it.name), value(&it.data_type))
    };
    format!("{} → {}", side(&it.before), side(&it.after))
}

/// `Relu 7 → 0`.
pub(super) fn operators(operators: &[OperatorCount]) -> Vec<String> {
    let change = |it: &OperatorCount| {
        let name = spoken(&it.op_type);
        format!(
            "{name} {} → {}",
            counted(it.before.into()),
            counted(it.after.into())
        )
    };
    operators.iter().map(change).collect()
}

/// What is said of the two together.
pub(super) fn notes(page: &Page<'_>) -> Vec<String> {
    let mut out: Vec<String> = page.layers.notes.iter().map(|it| printable(it)).collect();
    let open: Vec<&[&str]> = page
        .layers
        .pairs
        .iter()
        .map(|it| it.open.as_slice())
        .collect();
    let fields = field_names().filter(|name| open.iter().any(|it| it.contains(name)));
    let fields: Vec<&str> = fields.map(label).collect();
    if !fields.is_empty() {
        let layers = open.iter().filter(|it| !it.is_empty()).count();
        let layers = plural(wide(layers).into(), "layer");
        out.push(format!(
            "only one of the two tells, in {layers}: {}",
            fields.join(", ")
        ));
    }
    out.extend(folded(page.layers));
    if !page.layers.are_alike() {
        out.push(
            "the two have little in common; --by summary sets their sums side by side".to_owned(),
        );
    }
    out
}

/// Batch norms that an exporter folded into convolutions: as many went as convolutions got a bias, or came as
/// lost one.
fn folded(layers: &Layers) -> Option<String> {
    let norms = layers
        .operators
        .iter()
        .find(|it| it.op_type == "BatchNormalization")?;
    let many = norms.before.abs_diff(norms.after);
    let is_fewer = norms.after < norms.before;
    let changes = layers.pairs.iter().flat_map(|it| &it.changes);
    let got = changes.filter(|it| it.what == "bias" && it.after == Value::Flag(is_fewer));
    (wide(got.count()) == many).then(|| {
        let many = counted(many.into());
        if is_fewer {
            format!("as many batch norms went as convolutions got a bias, {many}: they are folded into them")
        } else {
            format!("as many batch norms came as convolutions lost a bias, {many}: they were folded into them")
        }
    })
}
