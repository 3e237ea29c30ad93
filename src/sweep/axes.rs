//! Which axes take the sizes: dimensions that the file names, or the spatial axes of inputs.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use serde::Serialize;

use super::{Sweep, SweepError};
use crate::infer::{self, Input, Sizes};
use crate::tensor::{Dim, Shape};

/// Axes of an input that has spatial ones: N, C and one to three more.
const RANKS: RangeInclusive<usize> = 3..=5;

/// What takes the sizes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Axes {
    /// Dimensions, by the names that the file gives them.
    pub dims: Vec<String>,
    /// Inputs, with their axes.
    pub inputs: Vec<InputAxes>,
}

/// Axes of one input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InputAxes {
    /// The input's name.
    pub name: String,
    /// Its axes that take the sizes, counted from 0.
    pub axes: Vec<usize>,
    /// The sizes that the other axes keep; those of `axes` are replaced.
    #[serde(skip)]
    shape: Vec<u64>,
    /// Whether it is the only input.
    #[serde(skip)]
    only: bool,
    /// Whether the file declares its shape.
    #[serde(skip)]
    declared: bool,
}

impl Axes {
    /// Finds what `sweep` is about among `inputs`, as they were taken with the sizes that were `given`.
    ///
    /// # Errors
    /// [`SweepError`] where that is nothing, or several things, or settled otherwise.
    pub(super) fn find(inputs: &[Input], given: &Sizes, sweep: &Sweep) -> Result<Self, SweepError> {
        let mut out = Self::default();
        if sweep.names.is_empty() {
            let spatial: Vec<&Input> = inputs.iter().filter(|it| spatial(it).is_some()).collect();
            let [one] = spatial.as_slice() else {
                return Err(match spatial.as_slice() {
                    [] => SweepError::NoImage(listed(inputs.iter())),
                    several => SweepError::Several {
                        inputs: listed(several.iter().copied()),
                        names: several
                            .iter()
                            .take(2)
                            .map(|it| it.name.as_str())
                            .collect::<Vec<_>>()
                            .join("="),
                    },
                });
            };
            out.inputs.push(InputAxes::of(one, inputs, given)?);
        }
        for name in &sweep.names {
            let is_name = |dim: &&Dim| matches!(dim, Dim::Symbolic(it) if it.to_string() == *name);
            if inputs
                .iter()
                .flat_map(|it| it.declared.iter().flatten())
                .any(|it| is_name(&it))
            {
                if given.dims.contains_key(name) {
                    return Err(SweepError::Settled {
                        name: name.clone(),
                        flag: "--dim",
                    });
                }
                out.dims.push(name.clone());
            } else if let Some(input) = inputs.iter().find(|it| it.name == *name) {
                out.inputs.push(InputAxes::of(input, inputs, given)?);
            } else {
                return Err(SweepError::Unknown {
                    name: name.clone(),
                    dims: dims(inputs),
                    inputs: listed(inputs.iter()),
                });
            }
        }
        Ok(out)
    }

    /// The given sizes, and `size` at the swept axes.
    pub(super) fn sizes(&self, given: &Sizes, size: u64) -> Sizes {
        let mut out = given.clone();
        out.dims
            .extend(self.dims.iter().map(|it| (it.clone(), size)));
        for it in &self.inputs {
            out.inputs.retain(|(name, sizes)| match name {
                Some(name) => *name != it.name,
                None => !it.takes(sizes),
            });
            let sizes = it.shape.iter().enumerate();
            let sizes = sizes.map(|(at, own)| if it.axes.contains(&at) { size } else { *own });
            out.inputs.push((Some(it.name.clone()), sizes.collect()));
        }
        out
    }

    /// Whether the inputs, as they were taken, have `size` wherever it was to be; the name of one that has not.
    pub(super) fn settled_otherwise(&self, inputs: &[Input], size: u64) -> Option<&String> {
        let otherwise = |name: &&String| {
            inputs.iter().any(|it| {
                let declared = it.declared.iter().flatten();
                let taken = it.shape.iter().flat_map(|it| &it.0);
                let mut pairs = declared.zip(taken);
                pairs.any(|(declared, taken)| {
                    let named = matches!(declared, Dim::Symbolic(dim) if dim.to_string() == **name);
                    named && *taken != Dim::Known(size)
                })
            })
        };
        self.dims.iter().find(otherwise)
    }

    /// Sizes that the file fixes at the swept axes, with the input that has them.
    #[must_use]
    pub fn fixed<'a>(&self, inputs: &'a [Input]) -> Vec<(&'a Input, Vec<u64>)> {
        let swept = self.inputs.iter();
        let swept =
            swept.filter_map(|it| Some((it, inputs.iter().find(|input| input.name == it.name)?)));
        let fixed = swept.map(|(it, input)| {
            let declared = input.declared.as_deref().unwrap_or_default();
            let sizes = it.axes.iter().filter_map(|at| declared.get(*at)?.known());
            (input, sizes.collect::<Vec<_>>())
        });
        fixed.filter(|it| !it.1.is_empty()).collect()
    }
}

impl InputAxes {
    fn of(input: &Input, inputs: &[Input], given: &Sizes) -> Result<Self, SweepError> {
        let axes =
            spatial(input).ok_or_else(|| SweepError::NoImage(listed([input].into_iter())))?;
        let declared = input.declared.as_deref().unwrap_or_default();
        let dims = input.shape.as_ref().map_or(declared, |it| &it.0);
        let mut shape = Vec::with_capacity(dims.len());
        for (at, dim) in dims.iter().enumerate() {
            // What the list replaces may be open.
            let known = if axes.contains(&at) {
                Some(1)
            } else {
                dim.known()
            };
            shape.push(known.ok_or_else(|| SweepError::Open {
                name: input.name.clone(),
                axis: at,
            })?);
        }
        let names = axes.iter().filter_map(|at| match declared.get(*at) {
            Some(Dim::Symbolic(name)) => Some(name.to_string()),
            _ => None,
        });
        let mut names = names.filter(|it| given.dims.contains_key(it));
        if let Some(name) = names.next() {
            return Err(SweepError::Settled {
                name,
                flag: "--dim",
            });
        }
        Ok(Self {
            name: input.name.clone(),
            axes,
            shape,
            only: inputs.len() == 1,
            declared: input.declared.is_some(),
        })
    }

    /// Whether sizes that were given without a name are this input's.
    fn takes(&self, sizes: &[u64]) -> bool {
        self.only || self.declared && self.shape.len() == sizes.len()
    }
}

/// The axes of height, width and the like: from the third on, or those between batch and channels where the
/// last axis looks like colours, or like the one channel of a signal.
fn spatial(input: &Input) -> Option<Vec<usize>> {
    let taken = input.shape.as_ref().map(|it| it.0.as_slice());
    let dims = input.declared.as_deref().or(taken)?;
    let rank = dims.len();
    if !RANKS.contains(&rank) {
        return None;
    }
    let size = |at: usize| dims.get(at).and_then(Dim::known);
    let colours = |at: usize| size(at).is_some_and(|it| [1, 3, 4].contains(&it));
    let last = rank.checked_sub(1)?;
    let is_last = match rank {
        3 => size(2) == Some(1) && !colours(1),
        _ => colours(last) && !colours(1) && size(1) == size(2),
    };
    Some(if is_last {
        (1..last).collect()
    } else {
        (2..rank).collect()
    })
}

/// `"data" (batch×3×height×width), "mask" (1×1×224×224)`.
fn listed<'a>(inputs: impl ExactSizeIterator<Item = &'a Input>) -> String {
    let described = |it: &Input| match (&it.declared, &it.shape) {
        (Some(dims), _) => format!("{:?} ({})", it.name, Shape(dims.clone())),
        (None, Some(shape)) => format!("{:?} ({shape})", it.name),
        (None, None) => format!("{:?} (no shape)", it.name),
    };
    infer::listed(inputs.map(described))
}

/// The inputs' named dimensions, each once.
fn dims(inputs: &[Input]) -> String {
    let dims = inputs.iter().flat_map(|it| it.declared.iter().flatten());
    let names: BTreeSet<String> = dims
        .filter_map(|it| match it {
            Dim::Symbolic(name) => Some(name.to_string()),
            _ => None,
        })
        .collect();
    infer::listed(names.into_iter())
}
