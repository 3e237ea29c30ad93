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
    /// What is set side by side.
    pub(crate) by: By,
    /// Whether what tensors hold is compared.
    pub(crate) weights: bool,
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

/// What is set side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum By {
    /// Layers of two versions of one architecture, else sums
    Auto,
    /// Sums of any number of models, a column each
    Summary,
    /// Layers of two models
    Layers,
}

const EXAMPLES: &str = "\
Examples:
  cnninspect compare alexnet.onnx vgg16.onnx resnet50.safetensors
  cnninspect compare before.onnx after.onnx
  cnninspect compare before.onnx after.onnx --by layers --all
  cnninspect compare net.onnx net.safetensors --weights
  cnninspect compare net.onnx net.safetensors -f json | jq '.layers[] | select(.status != \"same\")'
  cnninspect compare models/ --sort params
  cnninspect compare 'models/*.onnx' --columns params,macs,weight_bytes --relative
  cnninspect compare old.onnx new.onnx --exit-code
  cnninspect compare a.onnx b.onnx --by summary -f json | jq .best.params

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

/// Sets models side by side: what they hold, what they cost, and which is best in what; or two versions of
/// one, layer by layer
///
/// Two models of which two layers in three have a counterpart are versions of one architecture: their layers
/// are aligned, and what changed, was added, removed, moved or renamed is said. All others are set side by
/// side by their sums, a column each. --by says which of the two it is to be; so do --relative, --columns and
/// --sort, which are about sums, and --all and --weights, which are about layers.
///
/// One that cannot be read does not stop the others. --input, --dim and what tells a geometry are given to
/// each model that has what they are of.
#[derive(Debug, Args)]
#[command(after_long_help = more_help())]
#[expect(clippy::struct_excessive_bools, reason = "a flag is a truth value")]
pub(super) struct Compare {
    /// ONNX, safetensors or .pt2 files; folders, whose .onnx and .safetensors files are taken; patterns
    #[arg(value_name = "MODEL", required = true)]
    models: Vec<PathBuf>,

    /// What is set side by side
    #[arg(long, value_name = "WHAT", default_value = "auto")]
    by: By,

    /// List every layer and every sum, equal ones too
    #[arg(long)]
    all: bool,

    /// Compare what the tensors of two models hold, not their shapes alone
    ///
    /// Every element is read and compared: equal, equal but for a cast to a narrower type, another order of axes
    /// or a normalisation that was folded in, close, or different. A tensor under another name is known by what
    /// it holds.
    #[arg(long)]
    weights: bool,

    /// Show differences to the first model that is shown, in percent
    #[arg(long)]
    relative: bool,

    /// These properties, in this order, separated by commas; --help lists them
    #[arg(long, value_name = "PROPERTIES", value_delimiter = ',', value_parser = properties(), hide_possible_values = true)]
    columns: Option<Vec<&'static Property>>,

    /// Order models by a property, numbers from the greatest; as they were named without
    #[arg(long, value_name = "PROPERTY", value_parser = properties(), hide_possible_values = true)]
    sort: Option<&'static Property>,

    /// Exit with code 1 where the models differ: in a property, one of --columns where they are given, or a
    /// layer; names may
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
        // JSON has an order, too.
        let mut unfit = shown.iter().filter(|it| it.0 != "--sort");
        let unfit = unfit.find(|it| it.1 && !self.format.tabular);
        if let Some((flag, _)) = unfit {
            return Err(format!(
                "{flag} has no meaning in {}, which always holds everything",
                self.format.name
            ));
        }
        let by = self.by(&shown)?;
        Ok(Comparing {
            models: self.models,
            by,
            weights: self.weights,
            options: Options {
                verify: self.verify,
                ..self.opening.options()?
            },
            format: self.format,
            view: View {
                relative: self.relative,
                properties: self.columns.map(once),
                all: self.all,
            },
            sort: self.sort,
            exit_code: self.exit_code,
        })
    }

    /// What is set side by side: what is said, else what an option is about.
    fn by(&self, of_sums: &[(&'static str, bool)]) -> Result<By, String> {
        let of_sums = of_sums.iter().find(|it| it.1).map(|it| it.0);
        let of_layers = match (self.all, self.weights) {
            (true, _) => Some(("--all", "lists layers")),
            (_, true) => Some(("--weights", "compares tensors by layers")),
            _ => None,
        };
        match (self.by, of_sums, of_layers) {
            (By::Auto | By::Layers, Some(flag), Some((other, _))) => {
                Err(format!("{flag} is about sums, and {other} about layers"))
            }
            (By::Layers, Some(flag), _) => Err(format!(
                "{flag} is about sums, and --by layers has none to choose from"
            )),
            (By::Summary, _, Some((flag, what))) => {
                Err(format!("{flag} {what}, and --by summary has none"))
            }
            (By::Auto, Some(_), None) => Ok(By::Summary),
            (By::Auto, None, Some(_)) => Ok(By::Layers),
            (by, ..) => Ok(by),
        }
    }
}

/// Each property where it stands first.
fn once(properties: Vec<&'static Property>) -> Vec<&'static Property> {
    let mut seen = std::collections::HashSet::new();
    let first = properties.into_iter().filter(|it| seen.insert(it.name));
    first.collect()
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
