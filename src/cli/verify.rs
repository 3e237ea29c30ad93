//! `cnninspect verify MODEL`: running convolutions.

use std::path::PathBuf;

use clap::Args;
use cnninspect::Options;
use cnninspect::render::OutputFormat;
use cnninspect::verify::Choice;

use super::values::{Common, Format, Opening};

/// What a verification is asked to do.
#[derive(Debug)]
pub(crate) struct Verifying {
    /// The model file, a folder that holds one, or `-`.
    pub(crate) model: PathBuf,
    /// How to open it, and which layers to run.
    pub(crate) options: Options,
    /// The output format.
    pub(crate) format: &'static OutputFormat,
}

/// Runs the convolutions with their real weights and compares them with what the report says
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// An ONNX, safetensors or .pt2 file, a folder that holds one, or - for standard input
    #[arg(value_name = "MODEL")]
    model: PathBuf,

    #[command(flatten)]
    opening: Opening,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    pub(super) common: Common,
}

impl Verify {
    /// The library's view of the arguments, or what is wrong with them together.
    pub(super) fn request(self) -> Result<Verifying, String> {
        Ok(Verifying {
            model: self.model,
            options: Options {
                verify: Choice::All,
                ..self.opening.options()?
            },
            format: self.format.format,
        })
    }
}
