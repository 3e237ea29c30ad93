//! `cnninspect init`: a first configuration.

use std::path::PathBuf;

use clap::Args;

use super::values::Common;

/// What a draft is made from.
#[derive(Debug)]
pub(crate) struct Drafting {
    /// Models; those that are found where there is none.
    pub(crate) models: Vec<PathBuf>,
    /// Whether an existing configuration is replaced.
    pub(crate) force: bool,
    /// Whether it is printed instead of written.
    pub(crate) print: bool,
}

/// Writes cnninspect.toml with budgets as measured
///
/// Without MODEL it takes the ONNX files in this folder and below it.
#[derive(Debug, Args)]
pub(super) struct Init {
    /// ONNX files
    #[arg(value_name = "MODEL")]
    models: Vec<PathBuf>,

    /// Replace an existing configuration
    #[arg(long)]
    force: bool,

    /// Print it instead of writing cnninspect.toml
    #[arg(long)]
    print: bool,

    #[command(flatten)]
    pub(super) common: Common,
}

impl Init {
    /// What is asked for.
    pub(super) fn request(self) -> Drafting {
        Drafting {
            models: self.models,
            force: self.force,
            print: self.print,
        }
    }
}
