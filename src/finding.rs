//! What is said about a model beside its numbers: warnings, and gaps with their reasons.

use serde::Serialize;

/// Something about the model that a reader should know; never an error of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule that fired, in kebab case: `uneven-stride`, `payload-size`, …
    pub rule: &'static str,
    /// Name of the layer, tensor or input that it is about; `None` for the whole file.
    pub layer: Option<String>,
    /// One sentence, lower case, no full stop, with the numbers in it.
    pub message: String,
}

impl Finding {
    /// A finding about one layer, tensor or input.
    #[must_use]
    pub fn about(rule: &'static str, layer: &str, message: String) -> Self {
        Self {
            rule,
            layer: Some(layer.to_owned()),
            message,
        }
    }

    /// A finding about the whole file.
    #[must_use]
    pub fn general(rule: &'static str, message: String) -> Self {
        Self {
            rule,
            layer: None,
            message,
        }
    }
}

/// A number that could not be told, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Name of the layer or total that has the gap.
    pub layer: String,
    /// The field that is null: `output_shape`, `params.stored`, …
    pub what: String,
    /// Why, with the flag that would settle it where there is one.
    pub reason: String,
}
