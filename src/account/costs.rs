//! What a convolution costs by its geometry: the formulas of [`crate::account`].

use super::count::{Count, Extent, OPEN, minus, plus, times};
use super::geometry::Geometry;
use crate::op::window::AutoPad;
use crate::tensor::{Dim, Form, Shape};
use crate::units;

/// What a convolution costs by its geometry.
pub(super) struct Costs {
    pub(super) shared: Count,
    pub(super) unshared: Count,
    pub(super) dense: Count,
    pub(super) macs: Count,
    pub(super) padding_macs: Count,
}

impl Geometry {
    /// Channels that go in.
    fn channels(&self) -> Option<u64> {
        let given = self.input.as_ref().and_then(|it| it.dim(1).known());
        given.or_else(|| {
            let weight = self.weight.as_ref()?;
            if self.operator.transposed {
                weight.dim(0).known()
            } else {
                weight.dim(1).known()?.checked_mul(self.group?)
            }
        })
    }

    /// Filters: channels that come out.
    pub(super) fn filters(&self) -> Option<u64> {
        let weight = self.weight.as_ref().and_then(|weight| {
            if self.operator.transposed {
                weight.dim(1).known()?.checked_mul(self.group?)
            } else {
                weight.dim(0).known()
            }
        });
        weight.or_else(|| self.output.as_ref()?.dim(1).known())
    }

    /// What the grouped side of the weight holds: channels of one group, of a transposed one filters.
    fn grouped(&self) -> Option<u64> {
        let whole = if self.operator.transposed {
            self.filters()
        } else {
            self.channels()
        };
        let held = || self.weight.as_ref()?.dim(1).known();
        let Some(group) = self.group else {
            return held();
        };
        match whole {
            Some(whole) if whole.checked_rem(group) == Some(0) => whole.checked_div(group),
            _ => held(),
        }
    }

    /// The weight's elements by its geometry: `M · C/group · ∏k`, of a transposed one `C · M/group · ∏k`.
    fn weights(&self) -> Option<Count> {
        let whole = if self.operator.transposed {
            self.channels()?
        } else {
            self.filters()?
        };
        let sizes = [whole, self.grouped()?];
        let kernel = self.kernel.as_ref()?;
        let sizes = sizes.iter().chain(kernel).copied().map(u128::from);
        Some(Count::exact(units::product(sizes)))
    }

    /// The four counts and their MACs, by the formulas of the module [`super`].
    pub(super) fn costs(&self) -> Costs {
        let open = || Count::Unknown(self.why_unknown());
        let (Some(weights), Some(filters)) = (self.weights(), self.filters()) else {
            return Costs {
                shared: open(),
                unshared: open(),
                dense: open(),
                macs: open(),
                padding_macs: open(),
            };
        };
        let filters = u128::from(filters);
        let biases = if self.bias { filters } else { 0 };
        let shared = plus(weights.clone(), Count::Exact(biases));
        if let Some(problem) = &self.problem {
            let open = || Count::Unknown(problem.clone());
            return Costs {
                shared,
                unshared: open(),
                dense: open(),
                macs: open(),
                padding_macs: open(),
            };
        }
        let outputs = Extent::spatial(self.output.as_ref(), "output positions");
        let inputs = Extent::spatial(self.input.as_ref(), "input positions");
        let scaled = |extent: &Extent, count: &Count| match count {
            Count::Exact(number) => extent.times(*number),
            other => other.clone(),
        };
        let macs = scaled(
            if self.operator.transposed {
                &inputs
            } else {
                &outputs
            },
            &weights,
        );
        let unshared = if self.operator.transposed {
            plus(macs.clone(), outputs.times(biases))
        } else {
            scaled(&outputs, &shared)
        };
        let bias = Count::Exact(u128::from(self.bias));
        let dense = if let Some(channels) = self.channels() {
            times(
                outputs.times(filters),
                plus(inputs.times(u128::from(channels)), bias),
            )
        } else {
            let open = self.open.clone();
            Count::Unknown(open.unwrap_or_else(|| "the input's channels are unknown".to_owned()))
        };
        Costs {
            shared,
            unshared,
            dense,
            padding_macs: self.padding_macs(&macs),
            macs,
        }
    }

    fn why_unknown(&self) -> String {
        self.problem.clone().unwrap_or_else(|| {
            if self.weight.is_some() {
                "a size of the weight is unknown".to_owned()
            } else {
                "the weight's shape is unknown".to_owned()
            }
        })
    }

    /// Those of `macs` whose tap lies in the padding, of a transposed one outside the output.
    fn padding_macs(&self, macs: &Count) -> Count {
        if self.operator.op_type == "DeformConv" {
            return Count::Unknown("where a deformed tap lies is computed at run time".to_owned());
        }
        if let Some(open) = &self.open {
            return Count::Unknown(open.clone());
        }
        let Some(pads) = &self.pads else {
            return Count::Unknown(self.why_no_pads().to_owned());
        };
        let never = !self.operator.transposed && pads.iter().all(|pad| *pad <= 0);
        if never {
            return Count::Exact(0);
        }
        if let Count::Unknown(reason) = macs {
            return Count::Unknown(reason.clone());
        }
        let (Some(inputs), Some(outputs)) =
            (spatial(self.input.as_ref()), spatial(self.output.as_ref()))
        else {
            return Count::Unknown(OPEN.to_owned());
        };
        if inputs.iter().chain(&outputs).any(|it| *it == Dim::Unknown) {
            return Count::Unknown(OPEN.to_owned());
        }
        match self.inside(&inputs, &outputs) {
            Some(inside) => minus(macs, &inside),
            None => Count::Unknown(
                "kernel and positions are too many to walk, or their formula grows too long"
                    .to_owned(),
            ),
        }
    }

    /// Why the padding is not known as it is applied.
    fn why_no_pads(&self) -> &'static str {
        let same = [AutoPad::SameUpper, AutoPad::SameLower];
        match &self.conv {
            Some(conv) if same.contains(&conv.auto_pad) => {
                "auto_pad pads by what the input's size leaves over, and that size is open"
            }
            Some(conv) if conv.output_shape.is_some() => {
                "output_shape pads by what the input's size leaves over, and that size is open"
            }
            _ => "the padding is unknown",
        }
    }

    /// Multiply-accumulates whose tap lies inside, of sizes that are numbers or formulas.
    fn inside(&self, inputs: &[Dim], outputs: &[Dim]) -> Option<Count> {
        let mut inside = vec![];
        for (at, (input, output)) in inputs.iter().zip(outputs).enumerate() {
            let axis = self.axis(at)?;
            // A transposed convolution's taps fall on the output as a convolution's on its input.
            let (taken, windows) = if self.operator.transposed {
                (output, input)
            } else {
                (input, output)
            };
            inside.push(match (taken.known(), windows.known()) {
                (Some(taken), Some(windows)) => Count::Exact(axis.taps_inside(taken, windows)?),
                _ => Count::form(Some(Form::size(axis.taps_inside_open(taken, windows)?))),
            });
        }
        let whole = if self.operator.transposed {
            self.channels()?
        } else {
            self.filters()?
        };
        let channels = u128::from(whole).checked_mul(u128::from(self.grouped()?))?;
        Some(inside.into_iter().fold(Count::Exact(channels), times))
    }
}

/// The spatial sizes of `[N, C, d1, …, dn]`.
fn spatial(shape: Option<&Shape>) -> Option<Vec<Dim>> {
    shape?.0.get(2..).map(<[Dim]>::to_vec)
}
