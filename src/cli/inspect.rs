//! `cnninspect MODEL`: inspecting one model.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use cnninspect::Options;
use cnninspect::render::{COLUMNS, Column, OutputFormat, View, WITHOUT_POOL, find_column};
use cnninspect::sweep::Sweep;
use cnninspect::verify::Choice;

use super::findings::Findings;
use super::values::{Common, Format, Most, Opening, one_sweep};

/// What an inspection is asked to do.
#[derive(Debug)]
pub(crate) struct Inspecting {
    /// The model file, a folder that holds one, or `-`.
    pub(crate) model: PathBuf,
    /// How to inspect it.
    pub(crate) options: Options,
    /// The output format.
    pub(crate) format: &'static OutputFormat,
    /// What is shown; its width and colour are the caller's to set.
    pub(crate) view: View,
    /// `--strict`.
    pub(crate) strict: bool,
    /// `--sweep`: the sums at each of these sizes instead.
    pub(crate) sweep: Option<Sweep>,
}

/// Inspecting one model.
#[derive(Debug, Args)]
pub(super) struct Inspect {
    /// An ONNX, safetensors or .pt2 file, a safetensors index, a folder that holds one, or - for standard input
    // Beside a command there is none, though its name is required where there is no command.
    #[arg(value_name = "MODEL", required = true)]
    model: Option<PathBuf>,

    #[command(flatten)]
    opening: Opening,

    /// A row of sums for each of these sizes: what grows and what stays
    ///
    /// The sizes are those of height and width of the only image input, or of the dimensions or inputs that are
    /// named before them: height=width=224,256,320. 224..320:32 goes from 224 to 320 in steps of 32. At most 256.
    #[arg(
        long,
        value_name = "[NAME=]224,256",
        value_parser = Sweep::read,
        conflicts_with_all = ["verify", "max_macs", "max_bytes", "all", "top", "columns", "sort"]
    )]
    sweep: Vec<Sweep>,

    #[command(flatten)]
    format: Format,

    /// Which convolution to run through candle: cheapest, first, all, none, or a layer's name or pattern
    #[arg(long, value_name = "WHICH", default_value = "cheapest", value_parser = choice)]
    verify: Choice,

    #[command(flatten)]
    most: Most,

    /// List every node, not only convolutions and pools
    #[arg(long)]
    all: bool,

    /// Show the heaviest N by unshared parameters, and one line for the rest
    #[arg(long, value_name = "N")]
    top: Option<usize>,

    /// These columns, in this order, separated by commas; --help lists them
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', value_parser = columns(), hide_possible_values = true)]
    columns: Option<Vec<&'static Column>>,

    /// Order rows by a column, numbers from the greatest; the file's order without
    #[arg(long, value_name = "COLUMN", value_parser = columns(), hide_possible_values = true)]
    sort: Option<&'static Column>,

    #[command(flatten)]
    findings: Findings,

    /// Exit with code 1 where there is any warning or gap
    #[arg(long)]
    strict: bool,

    #[command(flatten)]
    pub(super) common: Common,
}

impl Inspect {
    /// The library's view of the arguments, or what is wrong with them together.
    pub(super) fn request(self) -> Result<Inspecting, String> {
        let format = self.format.format;
        let tabular = [
            ("--top", self.top.is_some()),
            ("--columns", self.columns.is_some()),
            ("--sort", self.sort.is_some()),
        ];
        if let Some((flag, _)) = tabular.iter().find(|(_, given)| *given && !format.tabular) {
            let name = format.name;
            return Err(format!(
                "{flag} has no meaning in {name}, which always holds everything"
            ));
        }
        let options = self.opening.options()?;
        let columns = self.columns.iter().flatten().chain(&self.sort);
        let asked = columns.map(|it| it.name).any(|it| it == WITHOUT_POOL);
        Ok(Inspecting {
            model: self.model.ok_or("a model is needed")?,
            options: Options {
                verify: self.verify,
                limits: self.most.limits(),
                findings: self.findings.selection(),
                without_pools: asked || !format.tabular,
                ..options
            },
            format,
            view: View {
                all: self.all,
                top: self.top,
                columns: self.columns,
                sort: self.sort,
                ..View::default()
            },
            strict: self.strict,
            sweep: one_sweep(self.sweep)?,
        })
    }
}

#[expect(clippy::unnecessary_wraps, reason = "clap's value parsers can fail")]
fn choice(text: &str) -> Result<Choice, String> {
    Ok(match text {
        "cheapest" => Choice::Cheapest,
        "first" => Choice::First,
        "all" => Choice::All,
        "none" => Choice::None,
        name => Choice::Named(vec![name.to_owned()]),
    })
}

/// The rows of the list of columns, each under its name in tables and its name in JSON.
fn columns() -> impl TypedValueParser<Value = &'static Column> {
    let names = |it: &Column| {
        let json = it
            .json
            .filter(|json| COLUMNS.iter().all(|it| it.name != *json));
        PossibleValue::new(it.name).aliases(json)
    };
    PossibleValuesParser::new(COLUMNS.iter().map(names))
        .try_map(|name| find_column(&name).ok_or("not a column"))
}
