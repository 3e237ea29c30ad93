//! What inference knows of one value of the graph.

use std::sync::Arc;

use crate::tensor::{DataType, Dim, Expr, Shape};

/// Values of tensors up to this many elements are carried along; sizes are computed from them.
pub const MOST_ELEMENTS: usize = 4096;

/// A value of more axes than this is unknown: no operator has a use for it.
pub const MOST_RANK: usize = 64;

/// One element of a tensor whose values are carried along.
#[derive(Clone, Debug, PartialEq)]
pub enum Element {
    /// A whole number, or a truth value as 0 or 1.
    Int(i64),
    /// A float.
    Float(f64),
    /// A size that the file leaves open, as a formula.
    Size(Expr),
    /// Computed at run time.
    Unknown,
}

impl Element {
    /// The whole number, where it is one.
    #[must_use]
    pub fn int(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }
}

impl From<&Dim> for Element {
    fn from(dim: &Dim) -> Self {
        match dim {
            Dim::Known(size) => i64::try_from(*size).map_or(Self::Unknown, Self::Int),
            Dim::Symbolic(expr) => Self::Size(expr.clone()),
            Dim::Unknown => Self::Unknown,
        }
    }
}

/// What is known of one value: a tensor's type, sizes and, where small, its elements; or a sequence.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Value {
    /// Element type.
    pub data_type: Option<DataType>,
    /// Sizes; `None` where not even the rank is known, and for a sequence.
    pub shape: Option<Shape>,
    /// Row-major elements of a small tensor whose sizes are all known.
    pub elements: Option<Arc<[Element]>>,
    /// The values of a sequence whose length is known.
    pub items: Option<Arc<[Value]>>,
    /// Why something of it is not known: the first cause along the way.
    pub note: Option<Arc<str>>,
}

impl Value {
    /// A tensor of this type and shape.
    #[must_use]
    pub fn tensor(data_type: Option<DataType>, shape: Shape) -> Self {
        Self {
            data_type,
            shape: Some(shape),
            ..Self::default()
        }
    }

    /// A value of which nothing is known, and why.
    #[must_use]
    pub fn unknown(note: impl Into<Arc<str>>) -> Self {
        Self {
            note: Some(note.into()),
            ..Self::default()
        }
    }

    /// Sizes, when every one is a number.
    #[must_use]
    pub fn sizes(&self) -> Option<Vec<u64>> {
        self.shape.as_ref()?.sizes()
    }

    /// Its elements as whole numbers, when every one is known.
    #[must_use]
    pub fn ints(&self) -> Option<Vec<i64>> {
        self.elements.as_ref()?.iter().map(Element::int).collect()
    }
}
