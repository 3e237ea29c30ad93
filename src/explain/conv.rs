//! The derivation of a convolution's row.

use super::formula::Formula;
use super::said::{self, joined};
use super::scene::{Scene, input_of, output_of};
use super::window::{self, Alike, Along, Rounding, Window, alike};
use super::{Answer, Explanation, Kind, Part, Step, picture, stored, words};
use crate::account::ConvLayer;
use crate::op::conv::{self, Conv, ConvOperator};
use crate::tensor::{Dim, Shape};

/// A convolution, as its row and its node's attributes describe it.
pub(super) struct Facts<'a> {
    pub(super) row: &'a ConvLayer,
    pub(super) transposed: bool,
    /// The attributes, where they can be read.
    pub(super) conv: Option<Conv>,
    pub(super) operator: Option<&'static ConvOperator>,
    pub(super) channels: Option<u64>,
    pub(super) filters: Option<u64>,
    /// Channels that a filter sees; of a transposed one filters that a channel writes to.
    pub(super) grouped: Option<u64>,
    pub(super) along: Vec<Along>,
    pub(super) bias: bool,
}

/// Explains a convolution.
pub(super) fn explained(scene: &mut Scene<'_>, row: &ConvLayer) -> Explanation {
    let facts = Facts::of(scene, row);
    let mut steps = facts.window_steps(scene);
    steps.extend(facts.counts(scene));
    steps.push(stored::step(scene, &facts));
    steps.extend(facts.work(scene));
    let (picture, no_picture) = picture::of(&facts.along, facts.transposed);
    Explanation {
        layer: row.name.clone(),
        kind: Kind::Conv,
        op_type: row.op_type.clone(),
        scope: row.scope.clone(),
        title: facts.title(),
        input_shape: row.input_shape.clone(),
        output_shape: row.output_shape.clone(),
        remarks: words::of_conv(scene, &facts),
        steps,
        picture,
        no_picture,
    }
}

impl<'a> Facts<'a> {
    fn of(scene: &Scene<'_>, row: &'a ConvLayer) -> Self {
        let node = scene.node(row);
        let operator = conv::find(&node.domain, &node.op_type);
        let transposed = operator.is_some_and(|it| it.transposed);
        let known = row.strides.is_some();
        let weight = row.weight_shape.as_ref().filter(|_| known);
        let read = operator.zip(weight);
        let conv = read.and_then(|(it, weight)| Conv::read(it, &node.attrs, weight, None).ok());
        let outer = |at: usize| row.weight_shape.as_ref()?.dim(at).known();
        let of = |shape: &Option<Shape>| shape.as_ref()?.dim(1).known();
        let times = |it: Option<u64>| it?.checked_mul(row.group?);
        let (channels, filters) = if transposed {
            (outer(0), times(outer(1)))
        } else {
            (times(outer(1)), outer(0))
        };
        let extra = conv.as_ref().map_or(vec![], |it| it.output_padding.clone());
        let along = window(row, &extra).along();
        Self {
            row,
            transposed,
            conv,
            operator,
            channels: of(&row.input_shape).or(channels),
            filters: filters.or(of(&row.output_shape)),
            grouped: outer(1),
            along,
            bias: row.bias.is_some(),
        }
    }

    pub(super) fn is_depthwise(&self) -> bool {
        self.row.group.is_some_and(|it| it > 1) && self.channels == self.row.group
    }

    pub(super) fn is_pointwise(&self) -> bool {
        let kernel = self.row.kernel_shape.as_deref().unwrap_or_default();
        !kernel.is_empty() && kernel.iter().all(|it| *it == 1)
    }

    fn title(&self) -> String {
        let row = self.row;
        let kernel = said::kernel_words(row.kernel_shape.as_deref());
        let mut parts = vec![format!("{} {kernel}", row.op_type)];
        parts.extend(said::window_words(&window(row, &[])));
        match row.group {
            Some(group) if self.is_depthwise() => parts.push(format!("depthwise ({group} groups)")),
            Some(group) if group > 1 => parts.push(format!("{group} groups")),
            _ => {}
        }
        if let Some(extra) = self.conv.as_ref().map(|it| &it.output_padding)
            && extra.iter().any(|it| *it > 0)
        {
            parts.push(format!("output padding {}", joined(extra)));
        }
        parts.join(", ")
    }

    /// One kernel, and what the window makes of the sizes.
    fn window_steps(&self, scene: &Scene<'_>) -> Vec<Step> {
        let mut steps = vec![self.kernel(scene)];
        let axes = alike(&self.along);
        let output = output_of(scene.node(self.row));
        let stated = scene.stated_by(output).map(str::to_owned);
        let why = || scene.why(&self.row.name, "output_shape");
        for it in axes.iter().filter(|_| self.row.strides.is_some()) {
            steps.extend(window::reach_step(it));
            let same = self.row.auto_pad.as_str();
            let step = if self.transposed {
                transposed_size(it, &why)
            } else if same.starts_with("SAME") && it.along.pads.is_none() {
                window::same_output(it, &why)
            } else {
                if same.starts_with("SAME") {
                    steps.extend(window::same_step(it, same == "SAME_LOWER"));
                }
                window::output_step(it, Rounding::Down, &why)
            };
            let by = stated.as_ref().filter(|_| step.formula.is_none());
            let by = by.map(|it| format!("as stated by {it}"));
            steps.push(step.noting(by));
        }
        steps.push(self.neurons(scene));
        steps
    }

    fn kernel(&self, scene: &Scene<'_>) -> Step {
        let kernel = self.row.kernel_shape.as_deref();
        let mut factors: Vec<Formula> = kernel
            .unwrap_or_default()
            .iter()
            .enumerate()
            .map(|(at, it)| {
                let axes = self.along.len();
                Formula::number(kernel_name(said::axis_name(at, axes)), *it)
            })
            .collect();
        let name = if self.transposed {
            "filters_of_a_group"
        } else {
            "channels_seen"
        };
        factors.push(window::leaf(name, self.grouped));
        let formula = Formula::Product(factors);
        let value = kernel
            .and(formula.value())
            .and_then(|it| u128::try_from(it).ok());
        let why = || scene.why(&self.row.name, "params.shared");
        let answer = value.map_or_else(|| Answer::Unknown(why()), Answer::Number);
        let what = if self.transposed {
            "one kernel"
        } else {
            "one filter"
        };
        let unit = match (self.bias, self.transposed) {
            (true, false) => "weights, + 1 bias",
            _ => "weights",
        };
        Step::new("kernel_elements", Part::Window, what, answer)
            .by(Some(formula))
            .unit(unit)
            .noting(words::kernel_note(self))
    }

    /// Elements of one kernel.
    pub(super) fn kernel_elements(&self) -> Option<u128> {
        let kernel = self.row.kernel_shape.as_ref()?;
        let sizes = kernel.iter().copied().chain(self.grouped);
        self.grouped?;
        crate::units::product(sizes.map(u128::from))
    }

    fn positions(&self, input: bool) -> Vec<Formula> {
        let axes = self.along.len();
        let one = |(at, it): (usize, &Along)| {
            let axis = said::axis_name(at, axes);
            if input {
                window::dim(input_name(axis), &it.input, input_name(axis))
            } else {
                window::dim(output_name(axis), &it.output, output_name(axis))
            }
        };
        if axes == 0 || self.any_unknown(input) {
            let name = if input {
                "input_positions"
            } else {
                "output_positions"
            };
            return vec![Formula::open(name, name.replace('_', " "))];
        }
        self.along.iter().enumerate().map(one).collect()
    }

    fn any_unknown(&self, input: bool) -> bool {
        let size = |it: &Along| {
            if input {
                it.input.clone()
            } else {
                it.output.clone()
            }
        };
        self.along.iter().any(|it| size(it) == Dim::Unknown)
    }

    pub(super) fn neurons_formula(&self) -> Formula {
        let mut factors = self.positions(false);
        factors.push(window::leaf("filters", self.filters));
        Formula::Product(factors)
    }

    pub(super) fn inputs_formula(&self) -> Formula {
        let mut factors = self.positions(true);
        factors.push(window::leaf("channels", self.channels));
        Formula::Product(factors)
    }

    fn neurons(&self, scene: &Scene<'_>) -> Step {
        let formula = self.neurons_formula();
        let why = || scene.why(&self.row.name, "output_shape");
        let answer = settled(&formula, why);
        Step::new("output_neurons", Part::Window, "output neurons", answer).by(Some(formula))
    }
}

fn window<'a>(row: &'a ConvLayer, extra: &'a [u64]) -> Window<'a> {
    Window {
        input: row.input_shape.as_ref(),
        output: row.output_shape.as_ref(),
        kernel: row.kernel_shape.as_deref(),
        strides: row.strides.as_deref(),
        dilations: row.dilations.as_deref(),
        pads: row.pads.as_deref(),
        extra,
    }
}

/// What a formula comes to, or the formula itself where a size is open.
pub(super) fn settled(formula: &Formula, why: impl FnOnce() -> String) -> Answer {
    let number = formula.value().and_then(|it| u128::try_from(it).ok());
    let open = formula
        .quantities()
        .into_iter()
        .any(|(name, value)| match value {
            super::Value::Open(text) => *text == name.replace('_', " ") || text == name,
            super::Value::Number(_) => false,
        });
    match number {
        Some(number) => Answer::Number(number),
        None if open => Answer::Unknown(why()),
        None => Answer::Form(formula.plain()),
    }
}

/// A transposed convolution's output: stride · (input − 1) + reach + output padding − padding.
fn transposed_size(it: &Alike<'_>, why: &dyn Fn() -> String) -> Step {
    let along = it.along;
    let moved = Formula::Product(vec![
        Formula::Sum(vec![
            window::dim("input", &along.input, "input"),
            Formula::Number(1).minus(),
        ]),
        window::leaf("stride", along.stride),
    ]);
    let mut terms = vec![
        moved,
        window::leaf("window", along.reach().or(along.kernel)),
    ];
    terms.push(Formula::number("output_padding", along.extra));
    terms.extend(window::padding(along.pads).into_iter().map(|it| match it {
        Formula::Named(name, super::Value::Number(value)) if value < 0 => {
            Formula::number(name, value.saturating_neg())
        }
        it => it.minus(),
    }));
    let answer = window::answer(&along.output, why);
    let step = Step::new("output_size", Part::Window, it.named("output"), answer);
    step.by(Some(Formula::Sum(terms)))
        .noting(words::overlap(it))
}

macro_rules! named {
    ($function:ident, $before:literal, $other:literal) => {
        pub(super) fn $function(axis: &str) -> &'static str {
            match axis {
                "height" => concat!($before, "height"),
                "width" => concat!($before, "width"),
                "depth" => concat!($before, "depth"),
                "length" => concat!($before, "length"),
                _ => $other,
            }
        }
    };
}

named!(kernel_name, "kernel_", "kernel");
named!(input_name, "input_", "input");
named!(output_name, "output_", "output");
named!(inside_name, "taps_inside_", "taps_inside");

/// The weight's and the bias's places among the node's inputs.
pub(super) fn parameters(
    scene: &Scene<'_>,
    facts: &Facts<'_>,
) -> [Option<crate::network::ValueId>; 2] {
    let node = scene.node(facts.row);
    let Some(operator) = facts.operator else {
        return [None, None];
    };
    let bias = operator.bias.and_then(|place| input_of(node, place));
    [input_of(node, operator.weight), bias.filter(|_| facts.bias)]
}
