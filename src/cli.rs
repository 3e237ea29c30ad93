//! Command line: clap's structs, and their conversion to the library's plain configurations. The only
//! file that knows clap.
//!
//! A subcommand is a variant of an enum beside [`Inspect`] (`args_conflicts_with_subcommands` is set for
//! that); a file of the same name is then reached as `./check`.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args, ColorChoice, CommandFactory, Parser};
use cnninspect::Options;
use cnninspect::infer::Sizes;
use cnninspect::render::{COLUMNS, Column, FORMATS, OutputFormat, View, find_column};
use cnninspect::verify::Choice;

/// What a run is asked to do.
#[derive(Debug)]
pub(crate) struct Request {
    /// The model file, a folder that holds one, or `-`.
    pub(crate) model: PathBuf,
    /// How to inspect it.
    pub(crate) options: Options,
    /// The output format.
    pub(crate) format: &'static OutputFormat,
    /// Where results go instead of standard output.
    pub(crate) output: Option<PathBuf>,
    /// What is shown; its width and colour are the caller's to set.
    pub(crate) view: View,
    /// `--strict`.
    pub(crate) strict: bool,
    /// `--color`.
    pub(crate) color: Color,
    /// `-q`.
    pub(crate) quiet: bool,
    /// `-v`.
    pub(crate) verbose: bool,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Also into files and pipes
    Always,
    /// Nowhere
    Never,
}

/// Every convolution and pool of an ONNX file, what weight sharing saves in each, and proof by running one
#[derive(Debug, Parser)]
#[command(
    name = "cnninspect",
    version,
    args_conflicts_with_subcommands = true,
    arg_required_else_help = true,
    max_term_width = 100,
    after_long_help = more_help()
)]
struct Cli {
    #[command(flatten)]
    inspect: Inspect,
}

const EXAMPLES: &str = "\
Examples:
  cnninspect model.onnx
  cnninspect model.onnx --input images=1x3x640x640
  cnninspect model.onnx --dim height=224 --dim width=224 --top 10
  cnninspect model.onnx --verify all --strict
  cnninspect model.onnx -f json | jq '.layers[] | select(.kind == \"conv\") | .params'
  cnninspect model.onnx -f csv --columns layer,stored,unshared,macs -o layers.csv
";

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  done, and a run of a convolution disagrees, or --strict found a warning or a gap
  2  could not be done: wrong usage, unreadable or malformed file, unknown name";

/// What `--help` says beside the options.
fn more_help() -> String {
    let names: Vec<&str> = COLUMNS.iter().map(|it| it.name).collect();
    format!(
        "{EXAMPLES}\nColumns:\n  {}\n\n{EXIT_CODES}",
        names.join(", ")
    )
}

/// Inspecting one model.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "one for each flag")]
struct Inspect {
    /// An ONNX file, a folder that holds one, or - for standard input
    #[arg(value_name = "MODEL")]
    model: PathBuf,

    /// Sizes of one input; the name may be left out where only one input fits
    ///
    /// Sizes are whole numbers from 1, separated by x or a comma. Repeat it for several inputs.
    #[arg(long, value_name = "[NAME=]1x3x224x224", value_parser = input_sizes)]
    input: Vec<(Option<String>, Vec<u64>)>,

    /// The size of a dimension that the file gives a name; repeatable
    #[arg(long, value_name = "NAME=SIZE", value_parser = named_size)]
    dim: Vec<(String, u64)>,

    /// Output format
    #[arg(short, long, value_name = "FORMAT", default_value = "table", value_parser = formats())]
    format: &'static OutputFormat,

    /// Write there instead of to standard output; an existing file is replaced in one step
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Which convolution to run through candle: cheapest, first, all, none, or a layer's name
    #[arg(long, value_name = "WHICH", default_value = "cheapest", value_parser = choice)]
    verify: Choice,

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

    /// Exit with code 1 where there is any warning or gap
    #[arg(long)]
    strict: bool,

    /// Follow links to weights outside the model's folder
    #[arg(long)]
    allow_links: bool,

    /// When to colour
    #[arg(long, value_name = "WHEN", default_value = "auto", value_enum)]
    color: Color,

    /// No hints and no notes on standard error; errors stay
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,

    /// Say on standard error how long it took and how much was read
    #[arg(short, long, action = ArgAction::SetTrue)]
    verbose: bool,
}

/// Reads the command line; answers `--help`, `--version` and wrong usage by itself.
pub(crate) fn parse() -> Request {
    let cli = Cli::parse();
    match cli.inspect.request() {
        Ok(request) => request,
        Err(message) => Cli::command()
            .color(ColorChoice::Auto)
            .error(clap::error::ErrorKind::ArgumentConflict, message)
            .exit(),
    }
}

impl Inspect {
    /// The library's view of the arguments, or what is wrong with them together.
    fn request(self) -> Result<Request, String> {
        let tabular = [
            ("--top", self.top.is_some()),
            ("--columns", self.columns.is_some()),
            ("--sort", self.sort.is_some()),
        ];
        if let Some((flag, _)) = tabular
            .iter()
            .find(|(_, given)| *given && !self.format.tabular)
        {
            let name = self.format.name;
            return Err(format!(
                "{flag} has no meaning in {name}, which always holds everything"
            ));
        }
        let sizes = sizes(self.input, self.dim)?;
        Ok(Request {
            model: self.model,
            options: Options {
                sizes,
                verify: self.verify,
                allow_links: self.allow_links,
                ..Options::default()
            },
            format: self.format,
            output: self.output.filter(|it| it.as_os_str() != "-"),
            view: View {
                all: self.all,
                top: self.top,
                columns: self.columns,
                sort: self.sort,
                ..View::default()
            },
            strict: self.strict,
            color: self.color,
            quiet: self.quiet,
            verbose: self.verbose,
        })
    }
}

/// Sizes by input and by name; one name cannot have two.
fn sizes(
    inputs: Vec<(Option<String>, Vec<u64>)>,
    dims: Vec<(String, u64)>,
) -> Result<Sizes, String> {
    let mut sizes = Sizes {
        inputs,
        ..Sizes::default()
    };
    for (name, size) in dims {
        match sizes.dims.insert(name.clone(), size) {
            Some(other) if other != size => {
                return Err(format!("--dim {name:?} is given as {other} and as {size}"));
            }
            _ => {}
        }
    }
    Ok(sizes)
}

/// `[NAME=]1x3x224x224`.
fn input_sizes(text: &str) -> Result<(Option<String>, Vec<u64>), String> {
    let (name, sizes) = match text.rsplit_once('=') {
        Some(("", _)) => return Err("the name before \"=\" is empty".to_owned()),
        Some((name, sizes)) => (Some(name.to_owned()), sizes),
        None => (None, text),
    };
    let sizes: Result<Vec<u64>, String> = sizes.split(['x', 'X', '×', ',']).map(size).collect();
    Ok((name, sizes?))
}

/// `NAME=SIZE`.
fn named_size(text: &str) -> Result<(String, u64), String> {
    match text.rsplit_once('=') {
        None | Some(("", _)) => Err("needs a name and a size, as in height=224".to_owned()),
        Some((name, number)) => Ok((name.to_owned(), size(number)?)),
    }
}

fn size(text: &str) -> Result<u64, String> {
    let number = text.trim().parse::<u64>().ok().filter(|it| *it > 0);
    number.ok_or_else(|| format!("{text:?} is not a size, which is a whole number from 1"))
}

#[expect(clippy::unnecessary_wraps, reason = "clap's value parsers can fail")]
fn choice(text: &str) -> Result<Choice, String> {
    Ok(match text {
        "cheapest" => Choice::Cheapest,
        "first" => Choice::First,
        "all" => Choice::All,
        "none" => Choice::None,
        name => Choice::Named(name.to_owned()),
    })
}

/// The rows of the list of formats.
fn formats() -> impl TypedValueParser<Value = &'static OutputFormat> {
    let row = |it: &OutputFormat| PossibleValue::new(it.name).help(it.about);
    PossibleValuesParser::new(FORMATS.iter().map(row))
        .try_map(|name| OutputFormat::find(&name).ok_or("not a format"))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn request(arguments: &[&str]) -> Result<Request, String> {
        let cli = Cli::try_parse_from([&["cnninspect"], arguments].concat());
        cli.map_err(|error| error.to_string())?.inspect.request()
    }

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn sizes_are_read_in_every_spelling() {
        let expected = |name: Option<&str>| Ok((name.map(str::to_owned), vec![1, 3, 224, 224]));
        let cases = [
            ("1x3x224x224", expected(None)),
            ("images=1x3x224x224", expected(Some("images"))),
            ("1,3,224,224", expected(None)),
            ("1×3×224×224", expected(None)),
            ("a=b=1X3X224X224", expected(Some("a=b"))),
            (
                "1x3x0x224",
                Err("\"0\" is not a size, which is a whole number from 1".to_owned()),
            ),
            (
                "1x3x",
                Err("\"\" is not a size, which is a whole number from 1".to_owned()),
            ),
            ("=1x3", Err("the name before \"=\" is empty".to_owned())),
        ];
        for (text, expected) in cases {
            assert_eq!(input_sizes(text), expected, "{text}");
        }
    }

    #[test]
    fn every_format_and_column_can_be_asked_for() {
        for format in FORMATS {
            let request = request(&["m.onnx", "-f", format.name]).unwrap();
            assert_eq!(request.format.name, format.name);
        }
        for column in COLUMNS {
            let request = request(&["m.onnx", "--sort", column.name]).unwrap();
            assert_eq!(request.view.sort.map(|it| it.name), Some(column.name));
        }
        let request = request(&["m.onnx", "--columns", "name,output_shape"]).unwrap();
        let names: Vec<_> = request
            .view
            .columns
            .unwrap()
            .iter()
            .map(|it| it.name)
            .collect();
        assert_eq!(names, ["layer", "output"]);
    }

    #[test]
    fn an_unknown_column_is_an_error_that_lists_them() {
        let error = request(&["m.onnx", "--columns", "unshred"]).unwrap_err();
        assert!(
            error.contains("unshared") && error.contains("tip:"),
            "{error}"
        );
    }

    #[test]
    fn options_that_cannot_go_together_are_refused() {
        let cases = [
            (
                &["m.onnx", "-f", "json", "--top", "3"][..],
                "--top has no meaning in json, which always holds everything",
            ),
            (
                &["m.onnx", "--dim", "h=1", "--dim", "h=2"][..],
                "--dim \"h\" is given as 1 and as 2",
            ),
        ];
        for (arguments, expected) in cases {
            assert_eq!(request(arguments).unwrap_err(), expected);
        }
    }
}
