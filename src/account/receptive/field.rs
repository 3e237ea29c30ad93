//! What one value sees of the model's input, axis by axis.

use super::reshape::Span;
use super::steps::Steps;
use crate::network::{NodeId, ValueId};

/// Why something is not known: where, and in which words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cause {
    /// The node or the value that it lies at.
    pub(super) at: Place,
    /// What is the matter there.
    pub(super) why: &'static str,
}

/// Where a cause lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Node(NodeId),
    Value(ValueId),
}

/// What a value sees along one axis of the model's input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reach {
    /// Whether every position sees the whole axis, beside the windows that move.
    pub(super) whole: bool,
    /// How that goes with the value's own axes.
    pub(super) along: Along,
}

/// How positions of a value go with positions of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Along {
    /// Windows move with the value's axis `at`.
    Moving { at: usize, steps: Steps },
    /// Windows move with a part of the value's axis `at`, which holds others beside; `cause` laid them together.
    Folded {
        at: usize,
        span: Span,
        steps: Steps,
        cause: Cause,
    },
    /// No window moves: every position sees the same, the whole. `at` is the axis that stood for it.
    Still { at: Option<usize> },
    /// Not known; somewhere along the value's axis `at`, where that is known.
    Lost { at: Option<usize>, cause: Cause },
}

impl Along {
    pub(super) fn place(&mut self) -> Option<&mut usize> {
        match self {
            Self::Moving { at, .. } | Self::Folded { at, .. } => Some(at),
            Self::Still { at } | Self::Lost { at, .. } => at.as_mut(),
        }
    }

    pub(super) fn at(&self) -> Option<usize> {
        match self {
            Self::Moving { at, .. } | Self::Folded { at, .. } => Some(*at),
            Self::Still { at } | Self::Lost { at, .. } => *at,
        }
    }
}

/// What a value sees of one input of the model: an entry for each of the input's axes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) input: ValueId,
    pub(super) axes: Vec<Reach>,
}

impl Field {
    /// An input sees itself.
    pub(super) fn of_input(input: ValueId, rank: usize) -> Self {
        let reach = |at| Reach {
            whole: false,
            along: Along::Moving {
                at,
                steps: Steps::identity(),
            },
        };
        Self {
            input,
            axes: (0..rank).map(reach).collect(),
        }
    }

    /// Passes through windows that move along axis `at`; `cause` stands where that cannot be followed.
    pub(super) fn through(&mut self, at: usize, windows: Option<&Steps>, cause: Cause) {
        for reach in &mut self.axes {
            let seen = match &reach.along {
                Along::Moving { at: mine, steps } if *mine == at => {
                    windows.and_then(|it| steps.seen_through(it))
                }
                Along::Folded { at: mine, .. } if *mine == at => None,
                _ => continue,
            };
            reach.along = match seen {
                Some(steps) => Along::Moving { at, steps },
                None => Along::Lost {
                    at: Some(at),
                    cause,
                },
            };
        }
    }

    /// Every position sees all along axis `at`, and is the same along it.
    pub(super) fn mix(&mut self, at: usize) {
        for reach in &mut self.axes {
            if reach.along.at() == Some(at) {
                reach.whole = true;
                reach.along = Along::Still { at: Some(at) };
            }
        }
    }

    /// Every position sees all along axis `at`, beside its own window.
    pub(super) fn spread(&mut self, at: usize) {
        for reach in &mut self.axes {
            reach.whole |= reach.along.at() == Some(at);
        }
    }

    /// Windows along axis `at` are no longer known.
    pub(super) fn lose(&mut self, at: usize, to: Option<usize>, cause: Cause) {
        for reach in &mut self.axes {
            match &reach.along {
                Along::Moving { at: mine, .. } | Along::Folded { at: mine, .. } if *mine == at => {
                    reach.along = Along::Lost { at: to, cause };
                }
                Along::Lost { at: mine, cause } if *mine == Some(at) => {
                    let cause = *cause;
                    reach.along = Along::Lost { at: to, cause };
                }
                Along::Still { at: mine } if *mine == Some(at) => {
                    reach.along = Along::Still { at: to };
                }
                _ => {}
            }
        }
    }

    /// Axis `at`, of one position, goes or is repeated: what that one sees is seen from everywhere.
    pub(super) fn settle(&mut self, at: usize, size: impl Fn(usize) -> Option<u64>, cause: Cause) {
        for (axis, reach) in self.axes.iter_mut().enumerate() {
            let Along::Moving { at: mine, steps } = &reach.along else {
                continue;
            };
            if *mine != at {
                continue;
            }
            let whole = reach.whole || size(axis).is_some_and(|it| steps.covers(it));
            reach.along = if whole {
                Along::Still { at: Some(at) }
            } else {
                Along::Lost {
                    at: Some(at),
                    cause,
                }
            };
            reach.whole = whole;
        }
    }

    /// Gives the value's axes other places; one without a place is gone.
    pub(super) fn renumber(&mut self, to: impl Fn(usize) -> Option<usize>, cause: Cause) {
        for reach in &mut self.axes {
            let Some(at) = reach.along.place() else {
                continue;
            };
            if let Some(new) = to(*at) {
                *at = new;
                continue;
            }
            reach.along = match &reach.along {
                Along::Moving { .. } | Along::Folded { .. } => Along::Lost { at: None, cause },
                Along::Still { .. } => Along::Still { at: None },
                Along::Lost { cause, .. } => Along::Lost {
                    at: None,
                    cause: *cause,
                },
            };
        }
    }

    /// Adds what another value of the same shape sees.
    pub(super) fn join(&mut self, other: &Self, cause: Cause) {
        for (mine, theirs) in self.axes.iter_mut().zip(&other.axes) {
            if mine == theirs {
                continue;
            }
            mine.whole |= theirs.whole;
            let joined = match (&mine.along, &theirs.along) {
                (
                    Along::Moving { at, steps },
                    Along::Moving {
                        at: to,
                        steps: more,
                    },
                ) if at == to => {
                    let at = *at;
                    let steps = steps.with(more);
                    steps.map_or(
                        Along::Lost {
                            at: Some(at),
                            cause,
                        },
                        |steps| Along::Moving { at, steps },
                    )
                }
                (Along::Lost { at, cause }, other) | (other, Along::Lost { at, cause }) => {
                    Along::Lost {
                        at: at.filter(|_| *at == other.at()),
                        cause: *cause,
                    }
                }
                (Along::Still { at }, Along::Still { at: to }) => Along::Still { at: at.or(*to) },
                (moving, Along::Still { .. }) | (Along::Still { .. }, moving) => moving.clone(),
                (left, right) if left == right => left.clone(),
                _ => Along::Lost { at: None, cause },
            };
            mine.along = joined;
        }
    }
}
