//! `cnninspect verify MODEL`: running convolutions.

use std::path::PathBuf;

use clap::Args;
use cnninspect::Options;
use cnninspect::render::OutputFormat;
use cnninspect::verify::Choice;

use super::findings::Findings;
use super::values::{Common, Format, Most, Opening, count};

/// What a verification is asked to do.
#[derive(Debug)]
pub(crate) struct Verifying {
    /// The model file, a folder that holds one, or `-`.
    pub(crate) model: PathBuf,
    /// How to open it, and which layers to run.
    pub(crate) options: Options,
    /// The layer whose sharing is to be shown instead, and the weights that its copies may have.
    pub(crate) replicate: Option<(String, u64)>,
    /// The output format.
    pub(crate) format: &'static OutputFormat,
    /// `--strict`.
    pub(crate) strict: bool,
}

const EXAMPLES: &str = "\
Examples:
  cnninspect verify model.onnx
  cnninspect verify model.onnx --layer 'block2.*' --layer conv1
  cnninspect verify model.onnx --input images=1x3x640x640 --max-macs 50G --max-bytes 4GiB
  cnninspect verify model.onnx --strict -f json -o verification.json
  cnninspect verify model.onnx --replicate conv1

Exit codes:
  0  every convolution that could be run is confirmed
  1  one disagrees with what the report says, or --strict found one that was not run
  2  could not be done: wrong usage, unreadable or malformed file, unknown name";

/// Runs convolutions with their real weights and compares them with what the report says
///
/// Each layer runs through candle on a pseudo-random input. Its output's shape, and the values at up to 64
/// positions (corners and edges among them), are compared with what the report says of it: a direct dot
/// product in float64 over the window that the report's strides, padding, dilations and group name.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Verify {
    /// An ONNX, safetensors or .pt2 file, a folder that holds one, or - for standard input
    #[arg(value_name = "MODEL")]
    model: PathBuf,

    /// Only layers of this name, or whose name fits this pattern; repeatable
    ///
    /// In a pattern * stands for any letters, ? for one, [a-c] for one of these, {a,b} for either; all of
    /// them over slashes too. A layer of just this name goes before.
    #[arg(long, value_name = "NAME|PATTERN")]
    layer: Vec<String>,

    #[command(flatten)]
    most: Most,

    /// Show what sharing is: this layer with a kernel of its own at every position
    ///
    /// Builds the locally connected layer that the report counts, one copy of the kernel for each output
    /// position, row by row; runs it, and compares it with the convolution. Then one copy changes, and one
    /// output with it.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["layer", "strict"])]
    replicate: Option<String>,

    /// Refuse to build copies of more weights together than this
    #[arg(long, value_name = "N", default_value = "1G", value_parser = count, requires = "replicate")]
    max_copies: u64,

    #[command(flatten)]
    opening: Opening,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    findings: Findings,

    /// Exit with code 1 also where a layer was not run
    #[arg(long)]
    strict: bool,

    #[command(flatten)]
    pub(super) common: Common,
}

impl Verify {
    /// The library's view of the arguments, or what is wrong with them together.
    pub(super) fn request(self) -> Result<Verifying, String> {
        let format = self.format.format;
        if self.replicate.is_some() && !format.can_replicate() {
            return Err(format!("--replicate has no meaning in {}", format.name));
        }
        let verify = match (&self.replicate, self.layer.is_empty()) {
            (Some(_), _) => Choice::None,
            (None, true) => Choice::All,
            (None, false) => Choice::Named(self.layer),
        };
        let max_copies = self.max_copies;
        Ok(Verifying {
            model: self.model,
            options: Options {
                verify,
                limits: self.most.limits(),
                findings: self.findings.selection(),
                ..self.opening.options()?
            },
            replicate: self.replicate.map(|it| (it, max_copies)),
            format,
            strict: self.strict,
        })
    }
}
