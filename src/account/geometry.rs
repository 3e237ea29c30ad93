//! A convolution's geometry, and what it costs by it.

use super::count::{Count, Extent, plus, times};
use super::scene::{Scene, input_of, output_of};
use crate::network::{Node, NodeId};
use crate::op::conv::{self, Conv, ConvOperator};
use crate::op::window::{AutoPad, Axis};
use crate::tensor::{Dim, Shape};
use crate::units;

/// A convolution as its attributes, its weight and its activations describe it, in N, C, spatial order.
pub(super) struct Geometry {
    pub(super) operator: &'static ConvOperator,
    /// The attributes, where they can be read.
    pub(super) conv: Option<Conv>,
    /// The weight's shape as the operator sees it.
    pub(super) weight: Option<Shape>,
    pub(super) input: Option<Shape>,
    pub(super) output: Option<Shape>,
    /// Padding as it is applied.
    pub(super) pads: Option<Vec<i64>>,
    pub(super) kernel: Option<Vec<u64>>,
    pub(super) group: Option<u64>,
    /// Whether the node adds a bias.
    pub(super) bias: bool,
    /// Why it has no output.
    pub(super) problem: Option<String>,
}

/// What a convolution costs by its geometry.
pub(super) struct Costs {
    pub(super) shared: Count,
    pub(super) unshared: Count,
    pub(super) dense: Count,
    pub(super) macs: Count,
    pub(super) padding_macs: Count,
}

impl Geometry {
    /// Reads the geometry of a convolution node.
    pub(super) fn of(scene: Scene<'_>, id: NodeId, operator: &'static ConvOperator) -> Self {
        let node = scene.network.node(id);
        let shape = |value| scene.shape(value).cloned();
        let weight = input_of(node, operator.weight).and_then(shape);
        let input = input_of(node, 0).and_then(shape);
        let output = output_of(node).and_then(shape);
        // Without a weight's shape its rank is told by the kernel, or by the activation.
        let stand_in = weight.clone().or_else(|| stand_in(node, input.as_ref()));
        let dynamic_pads = dynamic_pads(scene, node, operator);
        let read = stand_in
            .as_ref()
            .map(|weight| Conv::read(operator, &node.attrs, weight, dynamic_pads.as_deref()));
        let problem = scene.shapes.problems.get(&id).map(ToString::to_string);
        let (conv, unread) = match read {
            Some(Ok(conv)) => (Some(conv), None),
            Some(Err(error)) => (None, Some(error.to_string())),
            None => (None, None),
        };
        let problem = problem.or(unread);
        let nhwc = conv.as_ref().map_or(operator.nhwc, |it| it.nhwc);
        let first = |it: Shape| if nhwc { conv::channels_first(&it) } else { it };
        let resolved = conv.as_ref().zip(input.as_ref()).zip(stand_in.as_ref());
        let resolved =
            resolved.and_then(|((conv, input), weight)| conv.resolve(input, weight).ok());
        let fixed = conv.as_ref().and_then(fixed_pads);
        let pads = match &resolved {
            Some(resolved) => resolved.pads.clone(),
            None => fixed,
        };
        let known_pads =
            operator.op_type != "ConvTransposeWithDynamicPads" || dynamic_pads.is_some();
        let inferred = resolved.filter(|_| problem.is_none() && known_pads);
        Self {
            operator,
            kernel: kernel(node, conv.as_ref(), weight.as_ref()),
            group: group(node),
            weight,
            input: input.map(first),
            output: output.map(first).or(inferred.map(|it| it.output)),
            pads: pads.filter(|_| known_pads),
            conv,
            bias: false,
            problem,
        }
    }

    /// Whether the activations are N, spatial, C.
    pub(super) fn nhwc(&self) -> bool {
        self.conv.as_ref().map_or(self.operator.nhwc, |it| it.nhwc)
    }

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
        let group = self.group?;
        match whole {
            Some(whole) if whole.checked_rem(group) == Some(0) => whole.checked_div(group),
            _ => self.weight.as_ref()?.dim(1).known(),
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
        let dense = match self.channels() {
            Some(channels) => times(
                outputs.times(filters),
                plus(inputs.times(u128::from(channels)), bias),
            ),
            None => Count::Unknown("the input's channels are unknown".to_owned()),
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
        let never = !self.operator.transposed
            && self
                .pads
                .as_ref()
                .is_some_and(|it| it.iter().all(|pad| *pad <= 0));
        if never {
            return Count::Exact(0);
        }
        let Some(macs) = macs.number() else {
            return match macs {
                Count::Unknown(reason) => Count::Unknown(reason.clone()),
                _ => Count::Unknown("sizes are open".to_owned()),
            };
        };
        let inside = self.inside();
        match inside {
            Some(inside) => Count::exact(macs.checked_sub(inside)),
            None => Count::Unknown(
                "padding is unknown, or kernel and positions are too many to walk".to_owned(),
            ),
        }
    }

    /// Multiply-accumulates whose tap lies inside.
    fn inside(&self) -> Option<u128> {
        let sizes = |shape: &Option<Shape>| shape.as_ref()?.0.get(2..).map(<[Dim]>::to_vec);
        let (inputs, outputs) = (sizes(&self.input)?, sizes(&self.output)?);
        let mut inside = vec![];
        for (at, (input, output)) in inputs.iter().zip(&outputs).enumerate() {
            let (input, output) = (input.known()?, output.known()?);
            let axis = self.axis(at)?;
            // A transposed convolution's taps fall on the output as a convolution's on its input.
            let (taken, windows) = if self.operator.transposed {
                (output, input)
            } else {
                (input, output)
            };
            inside.push(axis.taps_inside(taken, windows)?);
        }
        let whole = if self.operator.transposed {
            self.channels()?
        } else {
            self.filters()?
        };
        let channels = [u128::from(whole), u128::from(self.grouped()?)];
        units::product(channels.into_iter().chain(inside))
    }

    /// Spatial axis `at` with its padding as it is applied.
    pub(super) fn axis(&self, at: usize) -> Option<Axis> {
        let conv = self.conv.as_ref()?;
        Some(conv.axis(at, self.pads.as_ref()?))
    }
}

/// A shape of the weight's rank, where only the kernel or the input is known.
fn stand_in(node: &Node, input: Option<&Shape>) -> Option<Shape> {
    let kernel = node.attrs.ints("kernel_shape").ok().flatten();
    let axes = kernel.filter(|it| !it.is_empty()).map(|it| it.len());
    let rank = axes
        .and_then(|it| it.checked_add(2))
        .or(input.map(Shape::rank))?;
    // A rank that no file's list can have is none of a weight.
    (rank < 64).then(|| Shape::unknown(rank))
}

/// The values of a pads input, where the operator has one and they are known.
fn dynamic_pads(scene: Scene<'_>, node: &Node, operator: &ConvOperator) -> Option<Vec<i64>> {
    if operator.op_type != "ConvTransposeWithDynamicPads" {
        return None;
    }
    let pads = input_of(node, 2)?;
    scene.shapes.values.get(pads.at())?.ints()
}

/// Padding that does not depend on the input's sizes.
fn fixed_pads(conv: &Conv) -> Option<Vec<i64>> {
    match conv.auto_pad {
        AutoPad::NotSet if conv.output_shape.is_none() => Some(conv.pads.clone()),
        AutoPad::Valid if conv.output_shape.is_none() => Some(vec![0; conv.pads.len()]),
        _ => None,
    }
}

/// The kernel by the attribute, else by the weight.
fn kernel(node: &Node, conv: Option<&Conv>, weight: Option<&Shape>) -> Option<Vec<u64>> {
    if let Some(conv) = conv {
        return Some(conv.kernel_shape.clone());
    }
    let given = node.attrs.ints("kernel_shape").ok().flatten();
    let given = given.filter(|it| !it.is_empty());
    let given = given.and_then(|it| it.iter().map(|it| u64::try_from(*it).ok()).collect());
    given.or_else(|| weight?.0.get(2..)?.iter().map(Dim::known).collect())
}

/// The group, where it is at least 1.
fn group(node: &Node) -> Option<u64> {
    let group = node.attrs.int_or("group", 1).ok()?;
    u64::try_from(group).ok().filter(|it| *it > 0)
}
