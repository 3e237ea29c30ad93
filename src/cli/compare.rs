//! `cnninspect compare`: models side by side.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use cnninspect::Options;
use cnninspect::compare::property::{PROPERTIES, Property};
use cnninspect::render::{COMPARE_FORMATS, CompareFormat, Comparing as View};
use cnninspect::verify::Choice;

use super::values::{Common, Opening};

/// What a comparison is asked to do.
#[derive(Debug)]
pub(crate) struct Comparing {
    /// Files, folders and patterns.
    pub(crate) models: Vec<PathBuf>,
    /// How to inspect them.
    pub(crate) options: Options,
    /// The output format.
    pub(crate) format: &'static CompareFormat,
    /// What is shown.
    pub(crate) view: View,
    /// In which order.
    pub(crate) sort: Option<&'static Property>,
    /// Whether a difference is a violation.
    pub(crate) exit_code: bool,
}

const EXAMPLES: &str = "\
Examples:
  cnninspect compare alexnet.onnx vgg16.onnx resnet50.safetensors
  cnninspect compare models/ --sort params
  cnninspect compare 'models/*.onnx' --columns params,macs,weight_bytes --relative
  cnninspect compare old.onnx new.onnx --exit-code
  cnninspect compare a.onnx b.onnx -f json | jq .best.params

";

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  done, and --exit-code found a difference, or a run of a convolution disagrees
  2  could not be done for one of the models: wrong usage, unreadable or malformed file, unknown name";

/// What `--help` says beside the options.
fn more_help() -> String {
    let names: Vec<&str> = PROPERTIES.iter().map(|it| it.name).collect();
    format!(
        "{EXAMPLES}Properties:\n  {}\n\n{EXIT_CODES}",
        names.join(", ")
    )
}

/// Sets models side by side: what they hold, what they cost, and which is best in what
///
/// One that cannot be read does not stop the others. --input, --dim and what tells a geometry are given to
/// each model that has what they are of.
#[derive(Debug, Args)]
#[command(after_long_help = more_help())]
pub(super) struct Compare {
    /// ONNX, safetensors or .pt2 files; folders, whose .onnx and .safetensors files are taken; patterns
    #[arg(value_name = "MODEL", required = true)]
    models: Vec<PathBuf>,

    /// Show differences to the first model, in percent
    #[arg(long)]
    relative: bool,

    /// These properties, in this order, separated by commas; --help lists them
    #[arg(long, value_name = "PROPERTIES", value_delimiter = ',', value_parser = properties(), hide_possible_values = true)]
    columns: Option<Vec<&'static Property>>,

    /// Order models by a property, numbers from the greatest; as they were named without
    #[arg(long, value_name = "PROPERTY", value_parser = properties(), hide_possible_values = true)]
    sort: Option<&'static Property>,

    /// Exit with code 1 where the models differ in any property
    #[arg(long)]
    exit_code: bool,

    /// Whether a convolution of each model is run through candle
    #[arg(long, value_name = "WHICH", default_value = "none", value_parser = choice())]
    verify: Choice,

    #[command(flatten)]
    opening: Opening,

    /// Output format
    #[arg(short, long, value_name = "FORMAT", default_value = "table", value_parser = formats())]
    format: &'static CompareFormat,

    #[command(flatten)]
    pub(super) common: Common,
}

impl Compare {
    /// The library's view of the arguments, or what is wrong with them together.
    pub(super) fn request(self) -> Result<Comparing, String> {
        let shown = [
            ("--relative", self.relative),
            ("--columns", self.columns.is_some()),
            ("--sort", self.sort.is_some()),
        ];
        let unfit = shown.iter().find(|it| it.1 && !self.format.tabular);
        if let Some((flag, _)) = unfit {
            return Err(format!(
                "{flag} has no meaning in {}, which always holds everything",
                self.format.name
            ));
        }
        Ok(Comparing {
            models: self.models,
            options: Options {
                verify: self.verify,
                ..self.opening.options()?
            },
            format: self.format,
            view: View {
                relative: self.relative,
                properties: self.columns,
            },
            sort: self.sort,
            exit_code: self.exit_code,
        })
    }
}

fn properties() -> impl TypedValueParser<Value = &'static Property> {
    PossibleValuesParser::new(PROPERTIES.iter().map(|it| it.name))
        .try_map(|name| Property::find(&name).ok_or("not a property"))
}

fn formats() -> impl TypedValueParser<Value = &'static CompareFormat> {
    let row = |it: &CompareFormat| PossibleValue::new(it.name).help(it.about);
    PossibleValuesParser::new(COMPARE_FORMATS.iter().map(row))
        .try_map(|name| CompareFormat::find(&name).ok_or("not a format"))
}

fn choice() -> impl TypedValueParser<Value = Choice> {
    PossibleValuesParser::new(["none", "cheapest", "first", "all"]).map(|it| match it.as_str() {
        "cheapest" => Choice::Cheapest,
        "first" => Choice::First,
        "all" => Choice::All,
        _ => Choice::None,
    })
}
