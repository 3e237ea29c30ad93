//! The door: arguments, files, standard output and error, exit code.

mod cli;

use std::fs;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anstream::{AutoStream, ColorChoice};
use cli::{Color, Request};
use cnninspect::Inspection;
use cnninspect::render::{View, printable};
use cnninspect::units::Bytes;
use cnninspect::verify::Status;

/// Done, and nothing that was asked for is violated.
const FINE: u8 = 0;
/// Done, and something is.
const VIOLATED: u8 = 1;
/// Could not be done.
const FAILED: u8 = 2;

/// Columns of a table that goes into a pipe or a file.
const PIPE_WIDTH: usize = 100;
/// `COLUMNS` below this is taken for a mistake.
const LEAST_WIDTH: usize = 20;

/// What went wrong, and what to do about it.
struct Failure {
    message: String,
    hint: Option<String>,
}

fn main() -> ExitCode {
    let request = cli::parse();
    match run(&request) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            say(&format!("error: {}", failure.message));
            if let Some(hint) = failure.hint.filter(|_| !request.quiet) {
                say(&format!("hint: {hint}"));
            }
            ExitCode::from(FAILED)
        }
    }
}

/// Inspects, shows, judges.
fn run(request: &Request) -> Result<u8, Failure> {
    let started = Instant::now();
    let inspection = inspected(request)?;
    let elapsed = started.elapsed();
    show(&inspection, request)?;
    if request.verbose {
        let (read, size) = (Bytes(inspection.bytes_read), inspection.facts.file_bytes);
        say(&format!(
            "inspected in {elapsed:.1?}, {read} of {size} read"
        ));
    }
    Ok(judged(&inspection, request))
}

fn inspected(request: &Request) -> Result<Inspection, Failure> {
    let model = &request.model;
    if let Some(output) = request.output.as_deref().filter(|it| same_file(it, model)) {
        return Err(about(output, &"is the model itself", None));
    }
    cnninspect::inspect(model, &request.options).map_err(|error| about(model, &error, error.hint()))
}

fn same_file(left: &Path, right: &Path) -> bool {
    let found = fs::canonicalize(left).ok();
    found.is_some() && found == fs::canonicalize(right).ok()
}

/// Writes the result to where it was asked for.
fn show(inspection: &Inspection, request: &Request) -> Result<(), Failure> {
    match &request.output {
        Some(path) => write_file(path, inspection, request).map_err(|it| about(path, &it, None)),
        None => unless_closed(write_stdout(inspection, request))
            .map_err(|it| about(Path::new("standard output"), &it, None)),
    }
}

/// A failure, and the file that it is about.
fn about(path: &Path, error: &impl ToString, hint: Option<&str>) -> Failure {
    Failure {
        message: format!("{}: {}", path.display(), error.to_string()),
        hint: hint.map(str::to_owned),
    }
}

/// The exit code that the inspection earns.
fn judged(inspection: &Inspection, request: &Request) -> u8 {
    let mismatch = |it: &cnninspect::verify::Verification| it.status == Status::Mismatch;
    if inspection.verification.iter().any(mismatch) {
        return VIOLATED;
    }
    let (warnings, gaps) = (inspection.warnings.len(), inspection.gaps.len());
    if request.strict && warnings + gaps > 0 {
        if !request.quiet {
            say(&format!("strict: warnings {warnings}, gaps {gaps}"));
        }
        return VIOLATED;
    }
    FINE
}

/// One line on standard error; nobody is told where that is closed.
fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", printable(line));
}

fn write_stdout(inspection: &Inspection, request: &Request) -> io::Result<()> {
    let stdout = io::stdout();
    let choice = match request.color {
        Color::Auto => AutoStream::choice(&stdout),
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };
    let width = if stdout.is_terminal() {
        terminal_size::terminal_size_of(&stdout).map(|(width, _)| usize::from(width.0))
    } else {
        None
    };
    let view = View {
        width: width.unwrap_or_else(pipe_width),
        color: choice != ColorChoice::Never,
        ..request.view.clone()
    };
    let mut out = BufWriter::new(AutoStream::new(stdout.lock(), choice));
    request.format.write(inspection, &view, &mut out)?;
    out.flush()
}

fn pipe_width() -> usize {
    let columns = std::env::var("COLUMNS").ok();
    let columns = columns.and_then(|it| it.trim().parse().ok());
    columns
        .filter(|it| *it >= LEAST_WIDTH)
        .unwrap_or(PIPE_WIDTH)
}

/// A reader that has seen enough and closed the pipe is no error.
fn unless_closed(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writes beside `path` and renames, so that no reader sees half a file. What is no regular file (a
/// pipe, a device) is written to directly.
fn write_file(path: &Path, inspection: &Inspection, request: &Request) -> io::Result<()> {
    let view = View {
        width: pipe_width(),
        color: request.color == Color::Always,
        ..request.view.clone()
    };
    let mut bytes = Vec::new();
    request.format.write(inspection, &view, &mut bytes)?;
    // A link keeps being one: what it leads to is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let existing = fs::metadata(&path).ok();
    if existing.as_ref().is_some_and(|it| !it.is_file()) {
        return fs::write(&path, bytes);
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    let partial = path.with_file_name(name);
    let written = fs::write(&partial, bytes)
        .and_then(|()| match existing {
            Some(existing) => fs::set_permissions(&partial, existing.permissions()),
            None => Ok(()),
        })
        .and_then(|()| fs::rename(&partial, &path));
    if written.is_err() {
        let _ = fs::remove_file(&partial);
    }
    written
}
