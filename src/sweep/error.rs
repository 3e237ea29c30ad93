//! Why a network cannot be swept, with the next step.

use crate::Error;
use crate::explain::QuestionError;
use crate::infer::SizesError;

/// Why a network cannot be swept.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// There is no model, or no such layer, or another option does not fit.
    #[error(transparent)]
    Model(#[from] Error),
    /// No input has spatial axes.
    #[error("no input has 3 to 5 axes, of which some were height and width; the inputs are {0}")]
    NoImage(String),
    /// Several inputs have spatial axes.
    #[error("several inputs have spatial axes, so a name is needed; the inputs are {inputs}")]
    Several {
        /// The ones there are.
        inputs: String,
        /// The names of the first two, as they are tied to one list.
        names: String,
    },
    /// A name of nothing in the model.
    #[error(
        "no input and no dimension of one is named {name:?}; the dimensions are {dims}, the inputs {inputs}"
    )]
    Unknown {
        /// As it was given.
        name: String,
        /// The dimensions there are.
        dims: String,
        /// The inputs there are.
        inputs: String,
    },
    /// The size is given by another option.
    #[error("dimension {name:?} is to be swept and is settled by {flag}")]
    Settled {
        /// The dimension.
        name: String,
        /// The option.
        flag: &'static str,
    },
    /// An axis beside the swept ones has no size.
    #[error("axis {axis} of input {name:?} is open")]
    Open {
        /// The input.
        name: String,
        /// The axis, counted from 0.
        axis: usize,
    },
    /// More rows than are kept at once.
    #[error("{layers} layers at {sizes} sizes are more than 100,000 rows")]
    TooMuch {
        /// Layers that were asked for.
        layers: usize,
        /// Sizes.
        sizes: usize,
    },
}

impl SweepError {
    /// The next step, where there is one.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Model(error) => return error.hint().map(str::to_owned),
            Self::NoImage(_) => {
                "a dimension can be named, as in --sweep length=100,200; an input without a shape needs --input, a \
                 model without a graph --geometry or --graph"
            }
            Self::Several { names, .. } => {
                return Some(format!(
                    "name inputs or dimensions, tied by =: --sweep {names}=224,256 or --sweep height=width=224,256"
                ));
            }
            Self::Settled { .. } => "leave out one of the two",
            Self::Open { .. } => "--dim or --input gives its size",
            Self::TooMuch { .. } => "name fewer layers, or fewer sizes at a time",
            Self::Unknown { .. } => return None,
        };
        Some(text.to_owned())
    }
}

impl From<SizesError> for SweepError {
    fn from(error: SizesError) -> Self {
        Self::Model(error.into())
    }
}

impl From<QuestionError> for SweepError {
    fn from(error: QuestionError) -> Self {
        Self::Model(error.into())
    }
}
