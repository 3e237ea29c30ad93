//! `cnninspect explain`: where a layer's numbers come from, and the pages of rules.

use std::path::PathBuf;

use clap::Args;
use cnninspect::Options;
use cnninspect::explain::{Kind, Question};
use cnninspect::finding::rules::Named;
use cnninspect::render::{Drawing, OutputFormat};
use cnninspect::sweep::Sweep;
use cnninspect::verify::Choice;

use super::values::{Common, Format, Opening, one_sweep};

/// What is to be explained.
#[derive(Debug)]
pub(crate) enum Explaining {
    /// `--rule`: the pages of rules.
    Rules {
        /// Which.
        rules: Vec<Named>,
        /// The output format.
        format: &'static OutputFormat,
    },
    /// Layers of a model.
    Layers(Box<Deriving>),
}

/// Layers of a model whose numbers are derived.
#[derive(Debug)]
pub(crate) struct Deriving {
    /// The model file, a folder that holds one, or `-`.
    pub(crate) model: PathBuf,
    /// How to open it.
    pub(crate) options: Options,
    /// Which layers.
    pub(crate) question: Question,
    /// How they are drawn.
    pub(crate) drawing: Drawing,
    /// The output format.
    pub(crate) format: &'static OutputFormat,
    /// `--sweep`: the layers' rows at each of these sizes instead.
    pub(crate) sweep: Option<Sweep>,
}

const EXAMPLES: &str = "\
Examples:
  cnninspect explain model.onnx
  cnninspect explain model.onnx conv2 'block1.*'
  cnninspect explain model.onnx --kind pool
  cnninspect explain model.onnx conv1 --input images=1x3x640x640 -f markdown
  cnninspect explain model.onnx conv1 --sweep 224,256,320
  cnninspect explain model.safetensors --geometry net.toml conv1
  cnninspect explain --rule uneven-stride
  cnninspect explain --rule all -f json | jq '.rules[] | {name, fix}'

Exit codes:
  0  done
  2  could not be done: wrong usage, unreadable or malformed file, unknown name";

/// Shows where a layer's numbers come from, step by step, with a drawing of its windows
///
/// Without a name the first convolution. Every number is the report's own, with the formula that leads to it.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Explain {
    /// An ONNX, safetensors or .pt2 file, a folder that holds one, or - for standard input
    #[arg(value_name = "MODEL", required_unless_present = "rule")]
    model: Option<PathBuf>,

    /// Layers of these names, or whose names fit these patterns (`*`, `?`, `[a-c]`, `{a,b}`)
    #[arg(value_name = "LAYER")]
    layers: Vec<String>,

    /// Only layers of this kind; without names all of them
    #[arg(long, value_name = "KIND", value_enum)]
    kind: Option<Which>,

    /// Instead of layers, what these rules of warnings mean, separated by commas; all and default list rules in a line each
    #[arg(long, value_name = "RULES", conflicts_with = "model", value_delimiter = ',', value_parser = Named::read)]
    rule: Vec<Named>,

    /// Instead of a derivation, a row for each of these sizes: what grows and what stays
    ///
    /// The sizes are those of height and width of the only image input, or of the dimensions or inputs that are
    /// named before them: height=width=224,256,320. 224..320:32 goes from 224 to 320 in steps of 32. At most 256.
    #[arg(
        long,
        value_name = "[NAME=]224,256",
        value_parser = Sweep::read,
        conflicts_with_all = ["rule", "ascii", "no_drawing"]
    )]
    sweep: Vec<Sweep>,

    /// Draw and write in plain ASCII
    #[arg(long)]
    ascii: bool,

    /// Leave out the drawing
    #[arg(long, conflicts_with = "ascii")]
    no_drawing: bool,

    #[command(flatten)]
    opening: Opening,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Which {
    /// Convolutions
    Conv,
    /// Pools
    Pool,
}

impl Explain {
    /// The library's view of the arguments, or what is wrong with them together.
    pub(super) fn request(self) -> Result<Explaining, String> {
        let format = self.format.format;
        let Some(model) = self.model else {
            if !format.has_rules() {
                return Err(format!("--rule has no meaning in {}", format.name));
            }
            return Ok(Explaining::Rules {
                rules: self.rule,
                format,
            });
        };
        let sweep = one_sweep(self.sweep)?;
        if !format.can_explain() && sweep.is_none() {
            return Err(format!("explain has no meaning in {}", format.name));
        }
        let kind = self.kind.map(|it| match it {
            Which::Conv => Kind::Conv,
            Which::Pool => Kind::Pool,
        });
        Ok(Explaining::Layers(Box::new(Deriving {
            options: Options {
                verify: Choice::None,
                ..self.opening.options()?
            },
            model,
            question: Question {
                layers: self.layers,
                kind,
            },
            drawing: Drawing {
                ascii: self.ascii,
                none: self.no_drawing,
            },
            format,
            sweep,
        })))
    }
}
