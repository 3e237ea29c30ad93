//! A node's attributes.

use super::ShapeError;
use crate::tensor::StoredTensor;

/// One attribute's value. Graph attributes are a node's subgraphs and not kept here.
#[derive(Clone, Debug, PartialEq)]
pub enum Attr {
    /// ONNX's `i`.
    Int(i64),
    /// ONNX's `f`.
    Float(f32),
    /// ONNX's `s`, converted lossily.
    String(String),
    /// ONNX's `ints`.
    Ints(Vec<i64>),
    /// ONNX's `floats`.
    Floats(Vec<f32>),
    /// ONNX's `strings`, converted lossily.
    Strings(Vec<String>),
    /// ONNX's `t`.
    Tensor(Box<StoredTensor>),
    /// A kind of value that no operator here needs (types, sparse tensors, lists of tensors).
    Other,
}

/// A node's attributes by name, in the file's order; of two with one name the first counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attrs(pub Vec<(String, Attr)>);

impl Attrs {
    /// The attribute `name`, where the node has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Attr> {
        self.0
            .iter()
            .find(|(it, _)| it == name)
            .map(|(_, attr)| attr)
    }

    /// The integer `name`, `None` where the node leaves it out.
    ///
    /// # Errors
    /// [`ShapeError::AttributeType`] when it is something else.
    pub fn int(&self, name: &'static str) -> Result<Option<i64>, ShapeError> {
        match self.get(name) {
            None => Ok(None),
            Some(Attr::Int(value)) => Ok(Some(*value)),
            Some(_) => Err(ShapeError::AttributeType {
                name,
                expected: "an integer",
            }),
        }
    }

    /// The integer `name`, or ONNX's default.
    ///
    /// # Errors
    /// As [`Attrs::int`].
    pub fn int_or(&self, name: &'static str, default: i64) -> Result<i64, ShapeError> {
        Ok(self.int(name)?.unwrap_or(default))
    }

    /// The list of integers `name`; a lone integer is a list of one, as old exporters write it.
    ///
    /// # Errors
    /// [`ShapeError::AttributeType`] when it is something else.
    pub fn ints(&self, name: &'static str) -> Result<Option<Vec<i64>>, ShapeError> {
        match self.get(name) {
            None => Ok(None),
            Some(Attr::Ints(values)) => Ok(Some(values.clone())),
            Some(Attr::Int(value)) => Ok(Some(vec![*value])),
            // An empty list carries no sign of its type.
            Some(Attr::Floats(values)) if values.is_empty() => Ok(Some(vec![])),
            Some(_) => Err(ShapeError::AttributeType {
                name,
                expected: "a list of integers",
            }),
        }
    }

    /// The list of floats `name`.
    ///
    /// # Errors
    /// [`ShapeError::AttributeType`] when it is something else.
    pub fn floats(&self, name: &'static str) -> Result<Option<Vec<f32>>, ShapeError> {
        match self.get(name) {
            None => Ok(None),
            Some(Attr::Floats(values)) => Ok(Some(values.clone())),
            Some(Attr::Float(value)) => Ok(Some(vec![*value])),
            Some(Attr::Ints(values)) if values.is_empty() => Ok(Some(vec![])),
            Some(_) => Err(ShapeError::AttributeType {
                name,
                expected: "a list of floats",
            }),
        }
    }

    /// The string `name`.
    ///
    /// # Errors
    /// [`ShapeError::AttributeType`] when it is something else.
    pub fn string(&self, name: &'static str) -> Result<Option<&str>, ShapeError> {
        match self.get(name) {
            None => Ok(None),
            Some(Attr::String(value)) => Ok(Some(value)),
            Some(_) => Err(ShapeError::AttributeType {
                name,
                expected: "a string",
            }),
        }
    }
}
