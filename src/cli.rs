//! Command line: clap's structs, and their conversion to the library's plain configurations. The only
//! room that knows clap.
//!
//! A command is a file under `cli/`, a variant of [`Command`] and one of [`Task`]. A model file of the same
//! name is reached as `./verify`.

mod check;
mod compare;
mod explain;
mod findings;
mod geometry;
mod init;
mod inspect;
mod values;
mod verify;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ColorChoice, CommandFactory, Parser, Subcommand};
use cnninspect::render::COLUMNS;

pub(crate) use check::{Checking, Keeping};
pub(crate) use compare::{By, Comparing};
pub(crate) use explain::{Deriving, Explaining};
pub(crate) use geometry::Printing;
pub(crate) use init::Drafting;
pub(crate) use inspect::Inspecting;
pub(crate) use values::{Color, Common};
pub(crate) use verify::Verifying;

/// What a run is asked to do.
#[derive(Debug)]
pub(crate) struct Request {
    /// Where results go, and what is said beside them.
    pub(crate) common: Common,
    /// The command.
    pub(crate) task: Task,
}

/// A command with its settings.
#[derive(Debug)]
pub(crate) enum Task {
    /// Without a command's name.
    Inspect(Inspecting),
    /// `verify`
    Verify(Verifying),
    /// `check`
    Check(Box<Checking>),
    /// `compare`
    Compare(Box<Comparing>),
    /// `init`
    Init(Drafting),
    /// `geometry`
    Geometry(Printing),
    /// `explain`
    Explain(Box<Explaining>),
}

/// Every convolution and pool of an ONNX, safetensors or .pt2 file, what weight sharing saves in each, and proof by running one
#[derive(Debug, Parser)]
#[command(
    name = "cnninspect",
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    max_term_width = 100,
    after_long_help = more_help()
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    inspect: inspect::Inspect,
}

/// The commands beside inspecting.
#[derive(Debug, Subcommand)]
enum Command {
    Verify(verify::Verify),
    Check(Box<check::Check>),
    Compare(Box<compare::Compare>),
    Init(init::Init),
    Geometry(geometry::Geometry),
    Explain(Box<explain::Explain>),
}

impl Command {
    fn name(&self) -> &'static str {
        match self {
            Self::Verify(_) => "verify",
            Self::Check(_) => "check",
            Self::Compare(_) => "compare",
            Self::Init(_) => "init",
            Self::Geometry(_) => "geometry",
            Self::Explain(_) => "explain",
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  cnninspect model.onnx
  cnninspect model.onnx --input images=1x3x640x640
  cnninspect model.onnx --dim height=224 --dim width=224 --top 10
  cnninspect model.onnx --sweep 224,256,320
  cnninspect model.safetensors --input 3x224x224
  cnninspect verify model.onnx
  cnninspect explain model.onnx conv1
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

/// Reads the command line; answers `--help`, `--version` and wrong usage by itself.
pub(crate) fn parse() -> Request {
    let cli = Cli::try_parse().unwrap_or_else(|error| plainly(error).exit());
    let command = cli.command.as_ref().map(Command::name);
    match cli.request() {
        Ok(request) => request,
        Err(message) => conflict(command, &message).exit(),
    }
}

/// An error with the usage of the command that it is about.
fn conflict(command: Option<&str>, message: &str) -> clap::Error {
    let mut all = Cli::command().color(ColorChoice::Auto);
    all.build();
    let kind = ErrorKind::ArgumentConflict;
    match command.and_then(|it| all.find_subcommand_mut(it)) {
        Some(command) => command.error(kind, message),
        None => all.error(kind, message),
    }
}

/// A second model, which clap takes for a command in the wrong place, as what it is.
fn plainly(error: clap::Error) -> clap::Error {
    match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(name)) if error.kind() == ErrorKind::ArgumentConflict => {
            conflict(
                None,
                &format!("one model at a time: '{name}' is one too many"),
            )
        }
        _ => error,
    }
}

impl Cli {
    /// The library's view of the arguments, or what is wrong with them together.
    fn request(self) -> Result<Request, String> {
        let (common, task) = match self.command {
            Some(Command::Verify(it)) => (it.common.clone(), Task::Verify(it.request()?)),
            Some(Command::Check(it)) => (it.common.clone(), Task::Check(Box::new(it.request()?))),
            Some(Command::Compare(it)) => {
                (it.common.clone(), Task::Compare(Box::new(it.request()?)))
            }
            Some(Command::Init(it)) => (it.common.clone(), Task::Init(it.request())),
            Some(Command::Geometry(it)) => (it.common.clone(), Task::Geometry(it.request()?)),
            Some(Command::Explain(it)) => {
                (it.common.clone(), Task::Explain(Box::new(it.request()?)))
            }
            None => (
                self.inspect.common.clone(),
                Task::Inspect(self.inspect.request()?),
            ),
        };
        Ok(Request { common, task })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cnninspect::render::FORMATS;

    fn request(arguments: &[&str]) -> Result<Inspecting, String> {
        let cli = Cli::try_parse_from([&["cnninspect"], arguments].concat());
        match cli.map_err(|error| error.to_string())?.request()?.task {
            Task::Inspect(it) => Ok(it),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
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
