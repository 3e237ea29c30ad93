//! cnninspect
#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::as_conversions
    )
)]

pub mod account;
pub mod finding;
pub mod infer;
pub mod network;
pub mod op;
pub mod render;
pub mod source;
pub mod tensor;
pub mod units;
pub mod verify;

use account::{Layer, Totals};
use finding::{Finding, Gap};
use infer::Input;
use network::Facts;
use verify::Verification;

/// Everything that inspecting one file tells, as plain data.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// The path as it was given; `-` for standard input.
    pub path: String,
    /// What the file says of itself.
    pub facts: Facts,
    /// Bytes of the model file that were read to tell all this.
    pub bytes_read: u64,
    /// The model's inputs, as declared and as taken.
    pub inputs: Vec<Input>,
    /// Every node's row, in the file's order.
    pub layers: Vec<Layer>,
    /// Sums over the file.
    pub totals: Totals,
    /// What running convolutions showed.
    pub verification: Vec<Verification>,
    /// What is odd about the model.
    pub warnings: Vec<Finding>,
    /// What could not be told.
    pub gaps: Vec<Gap>,
}

/// How to inspect. A stand-in until the rooms are joined.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "a stand-in")]
pub struct Options {
    pub sizes: infer::Sizes,
    pub verify: verify::Choice,
    pub allow_links: bool,
}

/// Why nothing can be told. A stand-in until the rooms are joined.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

impl Error {
    /// The next step, where there is one.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        None
    }
}

/// A stand-in until the rooms are joined.
///
/// # Errors
/// Always.
pub fn inspect(path: &std::path::Path, _options: &Options) -> Result<Inspection, Error> {
    let found = std::fs::metadata(path).map_err(|error| Error(error.to_string()))?;
    Err(Error(format!(
        "{} bytes that nothing reads yet",
        found.len()
    )))
}

/// The README's samples, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct ReadmeSamples;
