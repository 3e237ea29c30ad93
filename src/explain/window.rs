//! A window along each spatial axis: what convolutions and pools share.

use super::formula::Formula;
use super::said::{apart, axis_name, element_name, fit, skipped};
use super::{Answer, Part, Step};
use crate::op::window::Axis;
use crate::tensor::{Dim, Shape};

/// How a size that is no multiple of the stride is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rounding {
    Down,
    /// ONNX's `ceil_mode`.
    Up,
}

/// A window along one spatial axis; what is open is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Along {
    pub(super) input: Dim,
    pub(super) output: Dim,
    pub(super) kernel: Option<u64>,
    pub(super) stride: Option<u64>,
    pub(super) dilation: Option<u64>,
    pub(super) pads: Option<(i64, i64)>,
    /// Elements added at the end of a transposed convolution's output.
    pub(super) extra: u64,
}

/// Sizes of a window operator, every spatial axis in one list each.
pub(super) struct Window<'a> {
    pub(super) input: Option<&'a Shape>,
    pub(super) output: Option<&'a Shape>,
    pub(super) kernel: Option<&'a [u64]>,
    pub(super) strides: Option<&'a [u64]>,
    pub(super) dilations: Option<&'a [u64]>,
    pub(super) pads: Option<&'a [i64]>,
    pub(super) extra: &'a [u64],
}

impl Window<'_> {
    /// How many spatial axes there are; 0 where nothing tells.
    pub(super) fn axes(&self) -> usize {
        let of_shape = |it: &Shape| it.rank().saturating_sub(2);
        let kernel = self.kernel.map(<[u64]>::len);
        let shape = self.input.or(self.output).map(of_shape);
        kernel.or(shape).unwrap_or(0)
    }

    pub(super) fn along(&self) -> Vec<Along> {
        let axes = self.axes();
        let dim = |shape: Option<&Shape>, at: usize| {
            shape.map_or(Dim::Unknown, |it| it.dim(at.saturating_add(2)))
        };
        let of = |list: Option<&[u64]>, at: usize| list.and_then(|it| it.get(at)).copied();
        let pads = |at: usize| {
            let list = self.pads?;
            let end = list.get(at.checked_add(axes)?)?;
            Some((*list.get(at)?, *end))
        };
        let one = |at: usize| Along {
            input: dim(self.input, at),
            output: dim(self.output, at),
            kernel: of(self.kernel, at),
            stride: of(self.strides, at),
            dilation: of(self.dilations, at),
            pads: pads(at),
            extra: of(Some(self.extra), at).unwrap_or(0),
        };
        (0..axes).map(one).collect()
    }
}

impl Along {
    /// The axis, where all that makes it is known.
    pub(super) fn axis(&self) -> Option<Axis> {
        Some(Axis {
            kernel: self.kernel?,
            stride: self.stride?,
            dilation: self.dilation?,
            pads: self.pads?,
        })
    }

    pub(super) fn dilated(&self) -> bool {
        self.dilation.is_some_and(|it| it > 1) && self.kernel.is_some_and(|it| it > 1)
    }

    /// Elements from a window's first tap to its last.
    pub(super) fn reach(&self) -> Option<u64> {
        let axis = Axis {
            kernel: self.kernel?,
            stride: 1,
            dilation: self.dilation?,
            pads: (0, 0),
        };
        Some(axis.reach())
    }
}

/// Axes that are alike, said once.
pub(super) struct Alike<'a> {
    pub(super) names: Vec<&'static str>,
    pub(super) along: &'a Along,
    /// Whether there is an axis beside them.
    pub(super) others: bool,
}

pub(super) fn alike(along: &[Along]) -> Vec<Alike<'_>> {
    let mut out: Vec<Alike<'_>> = Vec::new();
    for (at, it) in along.iter().enumerate() {
        let name = axis_name(at, along.len());
        match out.iter_mut().find(|same| same.along == it) {
            Some(same) => same.names.push(name),
            None => out.push(Alike {
                names: vec![name],
                along: it,
                others: false,
            }),
        }
    }
    let many = out.len() > 1;
    for it in &mut out {
        it.others = many;
    }
    out
}

impl Alike<'_> {
    /// `output side`, `output height`, `output depth and width`.
    pub(super) fn named(&self, before: &str) -> String {
        let axis = match self.names.as_slice() {
            [one] => (*one).to_owned(),
            _ if !self.others => "side".to_owned(),
            names => names.join(" and "),
        };
        format!("{before} {axis}").trim_start().to_owned()
    }

    /// `1 row and 1 column`.
    pub(super) fn elements(&self, count: u64) -> String {
        let plural = if count == 1 { "" } else { "s" };
        let mut names: Vec<&str> = self.names.iter().map(|it| element_name(it)).collect();
        names.dedup();
        let names = names.iter().map(|it| format!("{count} {it}{plural}"));
        names.collect::<Vec<_>>().join(" and ")
    }

    /// `no row and no column`.
    pub(super) fn no_element(&self) -> String {
        let mut names: Vec<&str> = self.names.iter().map(|it| element_name(it)).collect();
        names.dedup();
        format!("no {}", names.join(" or "))
    }
}

/// A size as a leaf of a formula.
pub(super) fn dim(name: &'static str, dim: &Dim, unknown: &str) -> Formula {
    match dim {
        Dim::Known(size) => Formula::number(name, *size),
        Dim::Symbolic(expr) => Formula::open(name, expr.to_string()),
        Dim::Unknown => Formula::open(name, unknown),
    }
}

/// A size as an answer.
pub(super) fn answer(dim: &Dim, why: impl FnOnce() -> String) -> Answer {
    match dim {
        Dim::Known(size) => Answer::Number(u128::from(*size)),
        Dim::Symbolic(expr) => Answer::Form(expr.to_string()),
        Dim::Unknown => Answer::Unknown(why()),
    }
}

/// A quantity that may be unknown.
pub(super) fn leaf(name: &'static str, value: Option<u64>) -> Formula {
    match value {
        Some(value) => Formula::number(name, value),
        None => Formula::open(name, name),
    }
}

/// The terms of the padding: twice the same, or start and end.
pub(super) fn padding(pads: Option<(i64, i64)>) -> Vec<Formula> {
    match pads {
        None => vec![Formula::open("padding", "padding")],
        Some((0, 0)) => vec![Formula::number("padding", 0)],
        Some((start, end)) if start == end && start > 0 => vec![Formula::Product(vec![
            Formula::Number(2),
            Formula::number("padding", start),
        ])],
        Some((start, end)) => vec![
            Formula::number("padding_start", start),
            Formula::number("padding_end", end),
        ],
    }
}

/// Elements that a dilated window reaches over; nothing of one that is not dilated.
pub(super) fn reach_step(it: &Alike<'_>) -> Option<Step> {
    let along = it.along;
    let (kernel, dilation) = (along.kernel?, along.dilation?);
    if !along.dilated() {
        return None;
    }
    let formula = Formula::Sum(vec![
        Formula::Product(vec![
            Formula::number("dilation", dilation),
            Formula::Sum(vec![
                Formula::number("kernel", kernel),
                Formula::Number(1).minus(),
            ]),
        ]),
        Formula::Number(1),
    ]);
    let what = if it.others {
        it.named("window")
    } else {
        "window".to_owned()
    };
    let step = Step::new(
        "reach",
        Part::Window,
        what,
        Answer::Number(along.reach()?.into()),
    );
    let between = dilation.saturating_sub(1);
    let step = step.by(Some(formula)).words("from first to last tap");
    Some(step.note(format!("{kernel} taps, {} between two", skipped(between))))
}

/// How the padding comes out of `SAME`: enough for ⌈input / stride⌉ windows.
pub(super) fn same_step(it: &Alike<'_>, lower: bool) -> Option<Step> {
    let along = it.along;
    let (start, end) = along.pads?;
    let (input, output) = (along.input.known()?, along.output.known()?);
    let need = u128::try_from(start.checked_add(end)?).ok()?;
    let formula = Formula::Sum(vec![
        Formula::Product(vec![
            Formula::Sum(vec![
                Formula::number("output", output),
                Formula::Number(1).minus(),
            ]),
            Formula::number("stride", along.stride?),
        ]),
        Formula::number("window", along.reach()?),
        Formula::number("input", input).minus(),
    ]);
    let (first, odd) = if lower {
        ("end", "start")
    } else {
        ("start", "end")
    };
    let note = if need == 0 {
        "none is needed".to_owned()
    } else if start == end {
        format!("{start} at each end")
    } else {
        format!(
            "{start} at the start and {end} at the end: the odd one goes to the {odd}, not the {first}"
        )
    };
    let word = if lower { "SAME_LOWER" } else { "SAME_UPPER" };
    let step = Step::new(
        "padding",
        Part::Window,
        it.named("padding of"),
        Answer::Number(need),
    );
    let step = step.by(Some(formula));
    Some(
        step.words(format!("{word}: the least that fits"))
            .note(note),
    )
}

/// The output's size under `SAME`, whatever the window: ⌈input / stride⌉.
pub(super) fn same_output(it: &Alike<'_>, why: &dyn Fn() -> String) -> Step {
    let along = it.along;
    let input = dim("input", &along.input, "input");
    let formula = input.ceil(leaf("stride", along.stride));
    let step = Step::new(
        "output_size",
        Part::Window,
        it.named("output"),
        answer(&along.output, why),
    );
    step.by(Some(formula))
}

/// Output size: the windows that fit, and what none of them sees.
pub(super) fn output_step(it: &Alike<'_>, rounding: Rounding, why: &dyn Fn() -> String) -> Step {
    let along = it.along;
    let mut terms = vec![dim("input", &along.input, "input")];
    terms.extend(padding(along.pads));
    terms.push(leaf("window", along.reach().or(along.kernel)).minus());
    let slack = Formula::Sum(terms);
    let stride = leaf("stride", along.stride);
    let windows = match rounding {
        Rounding::Down => slack.floor(stride),
        Rounding::Up => slack.ceil(stride),
    };
    let mut sum = vec![windows, Formula::Number(1)];
    let full = Formula::Sum(sum.clone()).value();
    let output = along.output.known();
    // Rounded up, the last window may start in the padding at the end; then it is left out.
    let left_out = rounding == Rounding::Up
        && full
            .zip(output)
            .is_some_and(|(full, output)| full.checked_sub(1) == Some(output.into()));
    if left_out {
        sum.push(Formula::Number(1).minus());
    }
    let step = Step::new(
        "output_size",
        Part::Window,
        it.named("output"),
        answer(&along.output, why),
    );
    let step = step.by(Some(Formula::Sum(sum)));
    if step.formula.is_none() || output.is_none() {
        return step;
    }
    let step = step.noting(left_out.then(|| {
        "rounded up, but the last window would start in the padding at the end, so it is left out"
            .to_owned()
    }));
    let note = fit(it, rounding).filter(|_| !left_out);
    step.noting(note).noting(apart(it))
}

/// What is drawn and counted of every axis, where its sizes are known.
pub(super) fn known(along: &[Along]) -> Option<Vec<(Axis, u64, u64)>> {
    let one = |it: &Along| Some((it.axis()?, it.input.known()?, it.output.known()?));
    let known: Option<Vec<_>> = along.iter().map(one).collect();
    known.filter(|it| !it.is_empty())
}
