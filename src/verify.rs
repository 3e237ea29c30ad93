//! Runs convolutions for real and compares them with what was inferred.

use serde::Serialize;

use crate::tensor::Shape;

/// What running one convolution showed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verification {
    /// The layer's name.
    pub layer: String,
    /// The engine and its version; null where nothing ran.
    pub engine: Option<String>,
    /// `conv1d`, `conv2d`, `conv_transpose1d`, `conv_transpose2d` or `decomposed`; null where nothing ran.
    pub method: Option<&'static str>,
    /// `[N, C, d1, …, dn]` that it was run on.
    pub input_shape: Option<Shape>,
    /// The inferred output shape.
    pub expected_shape: Option<Shape>,
    /// The engine's output shape.
    pub actual_shape: Option<Shape>,
    /// Whether the two are equal; null where nothing ran.
    pub shapes_agree: Option<bool>,
    /// Output positions whose value was compared with a direct dot product in `f64`.
    pub positions_checked: u64,
    /// The largest difference found there.
    pub max_abs_error: Option<f64>,
    /// The outcome.
    pub status: Status,
    /// Why it was not run, or what disagreed.
    pub reason: Option<String>,
}

/// The outcome of running one convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Status {
    /// Shape and sampled values agree.
    #[serde(rename = "confirmed")]
    Confirmed,
    /// Something disagrees.
    #[serde(rename = "mismatch")]
    Mismatch,
    /// It could not be run, or its data is not there.
    #[serde(rename = "not run")]
    NotRun,
}

/// Which convolutions to run. A stand-in until the room is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "a stand-in")]
pub enum Choice {
    #[default]
    Cheapest,
    First,
    All,
    None,
    Named(String),
}
