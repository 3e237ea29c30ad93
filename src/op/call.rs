//! What a shape rule sees of a node, and what it answers.

use super::{Attrs, Element, ShapeError, Value};
use crate::tensor::{DataType, Dim, Shape};

/// A node at work: its attributes, and what is known of its inputs.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// ONNX's `domain`, the default one as `ai.onnx`.
    pub domain: &'a str,
    /// ONNX's `op_type`.
    pub op_type: &'a str,
    /// Version of the operator set.
    pub opset: i64,
    /// Attributes but for graphs.
    pub attrs: &'a Attrs,
    /// Inputs in order; `None` where an optional one is left out.
    pub inputs: &'a [Option<&'a Value>],
    /// How many outputs the node names, with left-out ones in between.
    pub outputs: usize,
}

/// What a shape rule answers: a value for each output, in order; fewer where it knows fewer.
pub type Answer = Result<Vec<Value>, ShapeError>;

/// A shape rule.
pub type Rule = fn(&Call<'_>) -> Answer;

/// An operator and its shape rule.
#[derive(Debug)]
pub struct Operator {
    /// Domain of its operator set.
    pub domain: &'static str,
    /// ONNX's `op_type`.
    pub op_type: &'static str,
    /// Its shape rule.
    pub rule: Rule,
}

/// Rows of one rule for several operators of one domain.
macro_rules! operators {
    ($($domain:ident { $($name:literal),+ $(,)? } => $rule:path),+ $(,)?) => {
        &[$($($crate::op::call::Operator { domain: $crate::op::$domain, op_type: $name, rule: $rule },)+)+]
    };
}
pub(crate) use operators;

impl<'a> Call<'a> {
    /// Input `index`, where the node has it.
    #[must_use]
    pub fn input(&self, index: usize) -> Option<&'a Value> {
        self.inputs.get(index).copied().flatten()
    }

    /// Input `index`, which the operator cannot do without.
    ///
    /// # Errors
    /// [`ShapeError::InputMissing`].
    pub fn need(&self, index: usize, what: &'static str) -> Result<&'a Value, ShapeError> {
        self.input(index)
            .ok_or(ShapeError::InputMissing { index, what })
    }

    /// Shape of input `index`.
    ///
    /// # Errors
    /// [`ShapeError::InputMissing`], or [`ShapeError::Unknown`] with the value's own reason.
    pub fn shape(&self, index: usize, what: &'static str) -> Result<&'a Shape, ShapeError> {
        let value = self.need(index, what)?;
        value.shape.as_ref().ok_or_else(|| unknown(value, what))
    }

    /// Element type of input `index`.
    #[must_use]
    pub fn data_type(&self, index: usize) -> Option<DataType> {
        self.input(index)?.data_type
    }

    /// The whole numbers of an optional input: `None` where it is left out.
    ///
    /// # Errors
    /// [`ShapeError::Unknown`] where they are computed at run time.
    pub fn ints(&self, index: usize, what: &'static str) -> Result<Option<Vec<i64>>, ShapeError> {
        let Some(value) = self.input(index) else {
            return Ok(None);
        };
        // An empty list needs no elements.
        if value.shape.as_ref().and_then(Shape::numel) == Some(0) {
            return Ok(Some(vec![]));
        }
        value.ints().map(Some).ok_or_else(|| unknown(value, what))
    }

    /// A list that older operator sets have as an attribute and newer ones as input `index`.
    ///
    /// # Errors
    /// As [`Call::ints`] and [`Attrs::ints`].
    pub fn ints_from(
        &self,
        name: &'static str,
        index: usize,
    ) -> Result<Option<Vec<i64>>, ShapeError> {
        match self.attrs.ints(name)? {
            Some(values) => Ok(Some(values)),
            None => self.ints(index, name),
        }
    }

    /// One output of the first input's type.
    ///
    /// # Errors
    /// None; the type is an [`Answer`] so that rules can end in it.
    pub fn one(&self, shape: Shape) -> Answer {
        Ok(vec![Value::tensor(self.data_type(0), shape)])
    }
}

/// The error for a value that something needs and that is not known.
#[must_use]
pub fn unknown(value: &Value, what: &'static str) -> ShapeError {
    let note = value.note.clone();
    ShapeError::Unknown(note.unwrap_or_else(|| format!("{what} is computed at run time").into()))
}

/// Place of `axis` among `rank` axes, counted from the end where it is negative.
///
/// # Errors
/// [`ShapeError::Disagree`] where there is no such axis.
pub fn axis_at(axis: i64, rank: usize) -> Result<usize, ShapeError> {
    let signed = i64::try_from(rank).unwrap_or(i64::MAX);
    let at = if axis < 0 {
        axis.checked_add(signed)
    } else {
        Some(axis)
    };
    let at = at
        .filter(|it| (0..signed).contains(it))
        .and_then(|it| usize::try_from(it).ok());
    at.ok_or_else(|| ShapeError::Disagree {
        what: "axis and rank",
        left: axis.to_string(),
        right: rank.to_string(),
    })
}

/// Places of several axes, sorted and without repeats.
///
/// # Errors
/// As [`axis_at`].
pub fn axes_at(axes: &[i64], rank: usize) -> Result<Vec<usize>, ShapeError> {
    let mut places = axes
        .iter()
        .map(|it| axis_at(*it, rank))
        .collect::<Result<Vec<_>, _>>()?;
    places.sort_unstable();
    places.dedup();
    Ok(places)
}

/// Row-major elements with their sizes, for rules that compute values.
#[must_use]
pub fn elements_of(value: &Value) -> Option<(Vec<usize>, &[Element])> {
    let elements = value.elements.as_deref()?;
    let sizes: Option<Vec<usize>> = value
        .sizes()?
        .iter()
        .map(|it| usize::try_from(*it).ok())
        .collect();
    Some((sizes?, elements))
}

/// A size from an element that a rule takes as one: a number of 0 or more, a formula, or unknown.
#[must_use]
pub fn dim_of(element: &Element) -> Dim {
    match element {
        Element::Int(value) => u64::try_from(*value).map_or(Dim::Unknown, Dim::Known),
        Element::Size(expr) => Dim::Symbolic(expr.clone()),
        Element::Float(_) | Element::Unknown => Dim::Unknown,
    }
}

/// The sizes that input `index` lists, each known, a formula or unknown.
///
/// # Errors
/// [`ShapeError::Unknown`] where not even their number is known.
pub fn dims_from(
    call: &Call<'_>,
    index: usize,
    what: &'static str,
) -> Result<Vec<Element>, ShapeError> {
    let value = call.need(index, what)?;
    if let Some(elements) = &value.elements {
        return Ok(elements.to_vec());
    }
    let length = value
        .shape
        .as_ref()
        .and_then(|shape| match shape.0.as_slice() {
            [Dim::Known(length)] => usize::try_from(*length)
                .ok()
                .filter(|it| *it <= super::MOST_RANK),
            _ => None,
        });
    length
        .map(|it| vec![Element::Unknown; it])
        .ok_or_else(|| unknown(value, what))
}
