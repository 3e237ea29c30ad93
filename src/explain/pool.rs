//! The derivation of a pool's row.

use super::conv::settled;
use super::formula::Formula;
use super::scene::{Scene, output_of};
use super::window::{self, Rounding, Window, alike};
use super::{Answer, Explanation, Kind, Part, Step, lost, picture, said, words};
use crate::account::PoolLayer;
use crate::tensor::Shape;
use crate::units::product;

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
        remarks: lost::remarks(scene, row, &along),
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
pub(super) fn taken(row: &PoolLayer) -> Option<u128> {
    let kernel = row.kernel_shape.as_ref()?;
    product(kernel.iter().copied().map(u128::from))
}

fn one_window(scene: &Scene<'_>, row: &PoolLayer) -> Step {
    let kernel = row.kernel_shape.as_deref().unwrap_or_default();
    let factors = kernel.iter().enumerate().map(|(at, it)| {
        let name = said::axis_quantity("kernel", at, kernel.len());
        Formula::number(name, *it)
    });
    let formula = Formula::Product(factors.collect());
    let why = || scene.why(&row.name, "kernel_shape");
    let open: Vec<String> = row
        .formulas
        .iter()
        .filter(|it| it.0.starts_with("kernel_shape["))
        .map(|it| it.1.to_string())
        .collect();
    let named = |(at, it): (usize, &String)| {
        let name = said::axis_quantity("kernel", at, open.len());
        Formula::open(name, it.as_str())
    };
    let open = Formula::Product(open.iter().enumerate().map(named).collect());
    let (answer, formula) = match taken(row) {
        Some(taken) => (Answer::Number(taken), formula),
        None if open.quantities().is_empty() => (Answer::Unknown(why()), formula),
        None => (Answer::Form(open.plain()), open),
    };
    let step = Step::new("window_elements", Part::Window, "one window", answer);
    let step = step.by((!formula.quantities().is_empty()).then_some(formula));
    step.unit(if taken(row) == Some(1) {
        "value of one channel, no weights"
    } else {
        "values of one channel, no weights"
    })
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
        let axes = sizes.len().saturating_sub(1);
        let before = if name == "activations_in" {
            "input"
        } else {
            "output"
        };
        let named = |(at, it)| {
            let name = match usize::checked_sub(at, 1) {
                Some(at) => said::axis_quantity(before, at, axes),
                None => "channels".to_owned(),
            };
            window::dim(name.clone(), it, &name)
        };
        let formula = Formula::Product(sizes.iter().enumerate().map(named).collect());
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
    let share = words::share(dropped, before, "what goes in");
    Some(step.by(Some(formula)).noting(share))
}
