//! The derivation of a pool's row.

use super::conv::settled;
use super::formula::Formula;
use super::scene::{Scene, output_of};
use super::window::{self, Rounding, Window, alike};
use super::{Answer, Explanation, Kind, Part, Remark, Step, picture, said, words};
use crate::account::PoolLayer;
use crate::tensor::{Dim, Shape};
use crate::units::{counted, percent, product};

/// Explains a pool.
pub(super) fn explained(scene: &Scene<'_>, row: &PoolLayer) -> Explanation {
    let window = Window {
        input: row.input_shape.as_ref(),
        output: row.output_shape.as_ref(),
        kernel: row.kernel_shape.as_deref(),
        strides: row.strides.as_deref(),
        dilations: row.dilations.as_deref(),
        pads: row.pads.as_deref(),
        extra: &[],
    };
    let along = window.along();
    let mut steps = vec![one_window(scene, row)];
    if !row.global {
        steps.extend(sizes(scene, row, &along));
    }
    steps.extend(activations(scene, row));
    let (picture, no_picture) = if row.global {
        (vec![], Some("one window covers the whole input".to_owned()))
    } else {
        picture::of(&along, false)
    };
    Explanation {
        layer: row.name.clone(),
        kind: Kind::Pool,
        op_type: row.op_type.clone(),
        scope: row.scope.clone(),
        title: title(row, &window),
        input_shape: row.input_shape.clone(),
        output_shape: row.output_shape.clone(),
        steps,
        remarks: remarks(scene, row),
        picture,
        no_picture,
    }
}

fn title(row: &PoolLayer, window: &Window<'_>) -> String {
    if row.global {
        return format!("{}, one window over everything", row.op_type);
    }
    let kernel = said::kernel_words(row.kernel_shape.as_deref());
    let mut parts = vec![format!("{} {kernel}", row.op_type)];
    parts.extend(said::window_words(window));
    if row.ceil_mode {
        parts.push("sizes rounded up".to_owned());
    }
    parts.join(", ")
}

/// Values that one window takes together.
fn taken(row: &PoolLayer) -> Option<u128> {
    let kernel = row.kernel_shape.as_ref()?;
    product(kernel.iter().copied().map(u128::from))
}

fn one_window(scene: &Scene<'_>, row: &PoolLayer) -> Step {
    let kernel = row.kernel_shape.as_deref().unwrap_or_default();
    let factors = kernel.iter().map(|it| Formula::number("kernel", *it));
    let formula = Formula::Product(factors.collect());
    let why = || scene.why(&row.name, "kernel_shape");
    let open = row
        .formulas
        .iter()
        .filter(|it| it.0.starts_with("kernel_shape["));
    let open = open.map(|it| Formula::open("kernel", it.1.to_string()));
    let open = Formula::Product(open.collect());
    let (answer, formula) = match taken(row) {
        Some(taken) => (Answer::Number(taken), formula),
        None if open.quantities().is_empty() => (Answer::Unknown(why()), formula),
        None => (Answer::Form(open.plain()), open),
    };
    let step = Step::new("window_elements", Part::Window, "one window", answer);
    let step = step.by((!formula.quantities().is_empty()).then_some(formula));
    step.unit("values of one channel, no weights")
}

fn sizes(scene: &Scene<'_>, row: &PoolLayer, along: &[window::Along]) -> Vec<Step> {
    let node = scene.network.node(row.node);
    let auto_pad = node
        .attrs
        .string("auto_pad")
        .ok()
        .flatten()
        .unwrap_or_default();
    let same = auto_pad.starts_with("SAME");
    let stated = scene.stated_by(output_of(node)).map(str::to_owned);
    let why = || scene.why(&row.name, "output_shape");
    let mut steps = vec![];
    for it in alike(along) {
        steps.extend(window::reach_step(&it));
        if same && it.along.pads.is_none() {
            steps.push(window::same_output(&it, &why));
            continue;
        }
        if same {
            steps.extend(window::same_step(&it, auto_pad == "SAME_LOWER"));
        }
        let up = row.ceil_mode && !same;
        let rounding = if up { Rounding::Up } else { Rounding::Down };
        let step = window::output_step(&it, rounding, &why);
        let by = stated.as_ref().filter(|_| step.formula.is_none());
        let by = by.map(|it| format!("as stated by {it}"));
        steps.push(step.noting(by));
    }
    steps
}

/// What goes in, comes out and is dropped.
fn activations(scene: &Scene<'_>, row: &PoolLayer) -> Vec<Step> {
    let count = |shape: Option<&Shape>, number: Option<u128>, name: &'static str| {
        let sizes = shape.and_then(|it| it.0.get(1..)).unwrap_or_default();
        let named = |it: &Dim| window::dim("size", it, "size");
        let formula = Formula::Product(sizes.iter().map(named).collect());
        let why = || scene.why(&row.name, name);
        let answer = match number {
            Some(number) => Answer::Number(number),
            None if sizes.is_empty() => Answer::Unknown(why()),
            None => settled(&formula, why),
        };
        (answer, (!sizes.is_empty()).then_some(formula))
    };
    let (before, after) = (row.activations_in, row.activations_out);
    let (answer, formula) = count(row.input_shape.as_ref(), before, "activations_in");
    let into = Step::new("activations_in", Part::Count, "activations in", answer).by(formula);
    let (answer, formula) = count(row.output_shape.as_ref(), after, "activations_out");
    let out = Step::new("activations_out", Part::Count, "activations out", answer);
    let out = out.by(formula).noting(words::fewer(before, after));
    let mut steps = vec![into, out];
    steps.extend(dropped(before, after));
    steps
}

fn dropped(before: Option<u128>, after: Option<u128>) -> Option<Step> {
    let (before, after) = (before?, after?);
    let dropped = before.checked_sub(after).filter(|it| *it > 0)?;
    let formula = Formula::Sum(vec![
        Formula::count("activations_in", before)?,
        Formula::count("activations_out", after)?.minus(),
    ]);
    let step = Step::new("dropped", Part::Count, "dropped", Answer::Number(dropped));
    let share = percent(dropped, before)?;
    Some(
        step.by(Some(formula))
            .note(format!("{share} of what goes in")),
    )
}

/// What is lost, by kind of pool.
fn remarks(scene: &Scene<'_>, row: &PoolLayer) -> Vec<Remark> {
    let taken = taken(row).map_or("values".to_owned(), |it| format!("{} values", counted(it)));
    let is = |word: &str| row.op_type.contains(word);
    let lost = if is("Max") {
        format!(
            "Max pooling keeps 1 of the {taken} in each window and forgets the others, and where it stood."
        )
    } else if is("Average") || is("Mean") {
        format!(
            "Average pooling mixes the {taken} of each window into their mean: none of them can be had back."
        )
    } else {
        format!(
            "The {taken} of each window become one number, the p-th root of the sum of their p-th powers."
        )
    };
    let mut out = vec![Remark {
        id: "lost",
        text: lost,
    }];
    out.extend(overlapping(row));
    out.extend(edges(scene, row));
    let text = "A pool holds no parameters. It loses information, where a convolution that shares its weights drops no activation.";
    out.push(Remark {
        id: "sharing",
        text: text.to_owned(),
    });
    out.extend(saved(row));
    out
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
    if let Some(reason) = &without.reason {
        said.push(format!("not all can be told: {reason}"));
    }
    let text = match said.as_slice() {
        [] => "Without it nothing downstream would grow.".to_owned(),
        said => format!("Without it: {}.", said.join("; ")),
    };
    Some(Remark {
        id: "without-pool",
        text,
    })
}

/// Said where an activation lies in several windows.
fn overlapping(row: &PoolLayer) -> Option<Remark> {
    let pairs = row.kernel_shape.as_ref()?.iter().zip(row.strides.as_ref()?);
    let windows = pairs.map(|(kernel, stride)| {
        kernel
            .checked_div(*stride)
            .map(|it| u128::from(it) + u128::from(kernel % stride > 0))
    });
    let windows = product(windows.collect::<Option<Vec<_>>>()?)?;
    let overlap = row
        .kernel_shape
        .as_ref()?
        .iter()
        .zip(row.strides.as_ref()?)
        .any(|(kernel, stride)| kernel > stride);
    let of = counted(windows);
    let max = if row.op_type.contains("Max") {
        ", so one value can be the largest of several, and fewer different values come out than there are outputs"
    } else {
        ", so it goes into several means"
    };
    overlap.then(|| Remark {
        id: "overlapping",
        text: format!("Windows overlap: an activation lies in up to {of} of them{max}."),
    })
}

/// What an average at the edge is divided by.
fn edges(scene: &Scene<'_>, row: &PoolLayer) -> Option<Remark> {
    let padded = row.pads.as_ref()?.iter().any(|it| *it > 0);
    if !row.op_type.contains("Average") || !padded {
        return None;
    }
    let node = scene.network.node(row.node);
    let counts = node.attrs.int_or("count_include_pad", 0) == Ok(1);
    let text = if counts {
        "At the edge padding counts as zeros in the mean (count_include_pad = 1), which makes it smaller."
    } else {
        "At the edge the mean is over the values inside only (count_include_pad = 0)."
    };
    Some(Remark {
        id: "edges",
        text: text.to_owned(),
    })
}
