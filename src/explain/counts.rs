//! A convolution's parameters counted four ways, and what it takes to compute.

use super::conv::{Facts, inside_name};
use super::formula::Formula;
use super::scene::Scene;
use super::{Answer, Part, Step, said, window, words};
use crate::units::percent;

impl Facts<'_> {
    /// A product that came to a number before, by its name.
    fn short(formula: Formula, name: &'static str) -> Formula {
        match formula.value() {
            Some(value) => Formula::number(name, value),
            None => formula,
        }
    }

    /// `kernel elements + 1`.
    fn seen(&self) -> Option<Formula> {
        let kernel = Formula::count("kernel_elements", self.kernel_elements()?)?;
        Some(self.with_bias(kernel))
    }

    fn with_bias(&self, formula: Formula) -> Formula {
        if self.bias {
            Formula::Sum(vec![formula, Formula::number("bias", 1)])
        } else {
            formula
        }
    }

    /// Fully connected, locally connected, shared.
    pub(super) fn counts(&self, scene: &Scene<'_>) -> Vec<Step> {
        let row = self.row;
        let neurons = Self::short(self.neurons_formula(), "output_neurons");
        let dense = Formula::Product(vec![self.with_bias(self.inputs_formula()), neurons.clone()]);
        let (unshared, shared) = self.local_and_shared(neurons);
        let (local, one) = if self.transposed {
            ("an input has its own kernel", "one kernel for all places")
        } else {
            ("a neuron sees its window", "one filter for all places")
        };
        let answer = |name: &'static str, what: &str, number: Option<u128>| {
            self.answer(scene, name, what, number)
        };
        let of = |it: Option<crate::units::Params>| it.map(|it| it.0);
        let counts = [
            of(row.params.dense),
            of(row.params.unshared),
            of(row.params.shared),
        ];
        let [dense_count, local_count, shared_count] = counts;
        vec![
            Step::new(
                "dense",
                Part::Count,
                "fully connected",
                answer("dense", "params.dense", dense_count),
            )
            .words("a neuron sees every input")
            .by(Some(dense)),
            Step::new(
                "unshared",
                Part::Count,
                "locally connected",
                answer("unshared", "params.unshared", local_count),
            )
            .words(local)
            .by(unshared)
            .noting(words::fewer(dense_count, local_count)),
            Step::new(
                "shared",
                Part::Count,
                "convolution",
                answer("shared", "params.shared", shared_count),
            )
            .words(one)
            .by(shared)
            .noting(words::fewer(local_count, shared_count)),
        ]
    }

    fn local_and_shared(&self, neurons: Formula) -> (Option<Formula>, Option<Formula>) {
        if !self.transposed {
            let filters = window::leaf("filters", self.filters);
            let times = |it: Formula| self.seen().map(|seen| Formula::Product(vec![seen, it]));
            return (times(neurons), times(filters));
        }
        let kernel = self
            .kernel_elements()
            .and_then(|it| Formula::count("kernel_elements", it));
        let Some(kernel) = kernel else {
            return (None, None);
        };
        let inputs = Self::short(self.inputs_formula(), "input_activations");
        let plus = |product: Vec<Formula>, biases: Formula| {
            let product = Formula::Product(product);
            if self.bias {
                Formula::Sum(vec![product, biases])
            } else {
                product
            }
        };
        let unshared = plus(vec![kernel.clone(), inputs], neurons);
        let channels = window::leaf("channels", self.channels);
        let shared = plus(
            vec![kernel, channels],
            window::leaf("filters", self.filters),
        );
        (Some(unshared), Some(shared))
    }

    /// One of the row's counts.
    fn answer(
        &self,
        scene: &Scene<'_>,
        name: &'static str,
        what: &str,
        number: Option<u128>,
    ) -> Answer {
        match (number, self.row.formulas.get(name)) {
            (Some(number), _) => Answer::Number(number),
            (None, Some(form)) => Answer::Form(form.to_string()),
            (None, None) => Answer::Unknown(scene.why(&self.row.name, what)),
        }
    }

    /// Multiply-accumulates, and those of them that are spent on padding.
    pub(super) fn work(&self, scene: &Scene<'_>) -> Vec<Step> {
        let row = self.row;
        let kernel = self
            .kernel_elements()
            .and_then(|it| Formula::count("kernel_elements", it));
        let places = if self.transposed {
            Self::short(self.inputs_formula(), "input_activations")
        } else {
            Self::short(self.neurons_formula(), "output_neurons")
        };
        let formula = kernel.map(|it| Formula::Product(vec![it, places]));
        let macs = row.macs.map(|it| it.0);
        let answer = self.answer(scene, "macs", "macs", macs);
        let step = Step::new("macs", Part::Work, "multiply-accumulates", answer).by(formula);
        let padding = row.padding_macs.map(|it| it.0);
        let what = if self.transposed {
            "outside the output"
        } else {
            "on padding"
        };
        if row.formulas.contains_key("padding_macs") {
            let answer = self.answer(scene, "padding_macs", "padding_macs", None);
            let on_padding = Step::new("padding_macs", Part::Work, what, answer);
            return vec![step, on_padding];
        }
        let Some(padding) = padding.filter(|it| *it > 0) else {
            let none = row.padding_macs.map(|_| {
                if self.transposed {
                    "none falls outside the output"
                } else {
                    "none multiplies padding"
                }
            });
            return vec![step.noting(none.map(str::to_owned))];
        };
        let share = macs.and_then(|macs| percent(padding, macs));
        vec![
            step,
            Step::new("padding_macs", Part::Work, what, Answer::Number(padding))
                .by(self.padding_formula())
                .noting(share.map(|it| format!("{it} of them"))),
        ]
    }

    /// All taps but those inside: what is left multiplies padding.
    fn padding_formula(&self) -> Option<Formula> {
        let macs = Formula::count("macs", self.row.macs?.0)?;
        let (whole, name) = if self.transposed {
            (self.channels?, "channels")
        } else {
            (self.filters?, "filters")
        };
        let mut inside = vec![Formula::number(name, whole)];
        inside.push(Formula::number("channels_seen", self.grouped?));
        for (at, (axis, input, output)) in window::known(&self.along)?.into_iter().enumerate() {
            let (taken, windows) = if self.transposed {
                (output, input)
            } else {
                (input, output)
            };
            let name = inside_name(said::axis_name(at, self.along.len()));
            inside.push(Formula::count(name, axis.taps_inside(taken, windows)?)?);
        }
        Some(Formula::Sum(vec![macs, Formula::Product(inside).minus()]))
    }
}
