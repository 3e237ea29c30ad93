//! The door: arguments, files, standard output and error, exit code.

#[path = "main/check.rs"]
mod check;
mod cli;
#[path = "main/compare.rs"]
mod compare;
#[path = "main/progress.rs"]
mod progress;
#[path = "main/sweep.rs"]
mod sweep;

use std::fs;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::mem;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anstream::{AutoStream, ColorChoice};
use cli::{Color, Common, Deriving, Explaining, Inspecting, Printing, Task, Verifying};
use cnninspect::render::{Pages, View, printable};
use cnninspect::units::Bytes;
use cnninspect::verify::{Progress, Status, Verification};
use cnninspect::{Error, Inspection, Options};

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

/// Bytes of a result that are gathered before they are written.
const WRITE_AT_ONCE: usize = 1 << 16;

/// What went wrong, and what to do about it.
struct Failure {
    message: String,
    hint: Option<String>,
    /// The places in a file that it is about, as they are shown.
    shown: Option<String>,
}

fn main() -> ExitCode {
    let request = cli::parse();
    let common = &request.common;
    let code = match &request.task {
        Task::Inspect(it) => inspect(it, common),
        Task::Verify(it) => verify(it, common),
        Task::Check(it) => check::check(it, common),
        Task::Compare(it) => compare::compare(it, common),
        Task::Init(it) => check::init(it, common),
        Task::Geometry(it) => geometry(it, common),
        Task::Explain(it) => explain(it, common),
    };
    match code {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            if let Some(shown) = failure.shown {
                let _ = writeln!(io::stderr().lock(), "{shown}");
            }
            say(&format!("error: {}", failure.message));
            if let Some(hint) = failure.hint.filter(|_| !common.quiet) {
                say(&format!("hint: {hint}"));
            }
            ExitCode::from(FAILED)
        }
    }
}

/// `cnninspect MODEL`: inspects, shows, judges.
fn inspect(task: &Inspecting, common: &Common) -> Result<u8, Failure> {
    if let Some(sizes) = &task.sweep {
        return sweep::inspect(task, sizes, common);
    }
    let inspection = inspected(&task.model, &task.options, common)?;
    show(common, &|page, out| {
        let view = page.view(&task.view);
        task.format.write(&inspection, &view, out)
    })?;
    let code = judged(&inspection, task.strict, common);
    mem::forget(inspection);
    Ok(code)
}

/// `cnninspect verify MODEL`: runs convolutions, shows, judges.
fn verify(task: &Verifying, common: &Common) -> Result<u8, Failure> {
    if let Some((layer, most)) = &task.replicate {
        return replicate(task, layer, *most, common);
    }
    let inspection = inspected(&task.model, &task.options, common)?;
    show(common, &|page, out| {
        let view = page.view(&View::default());
        task.format.write_verified(&inspection, &view, out)
    })?;
    Ok(settled(&inspection.verification, task.strict))
}

/// The exit code that these outcomes earn.
fn settled(verification: &[Verification], strict: bool) -> u8 {
    let is_fine = |it: &Verification| match it.status {
        Status::Confirmed => true,
        Status::Mismatch => false,
        Status::NotRun => !strict,
    };
    if verification.iter().all(is_fine) {
        FINE
    } else {
        VIOLATED
    }
}

/// `cnninspect verify MODEL --replicate NAME`: what sharing is, shown on one layer.
fn replicate(task: &Verifying, layer: &str, most: u64, common: &Common) -> Result<u8, Failure> {
    keep(&task.model, common)?;
    let shown = progress::shown(common.quiet, |watch| {
        watch(Progress::Layers(1));
        watch(Progress::Begun(layer));
        cnninspect::replicate(&task.model, &task.options, layer, most.into())
    });
    let shown = shown.map_err(|error| about(&task.model, &error, error.hint()))?;
    let path = task.model.to_string_lossy();
    show(common, &|page, out| {
        let view = page.view(&View::default());
        task.format.write_replicated(&path, &shown, &view, out)
    })?;
    Ok(match shown.status {
        Status::Confirmed => FINE,
        Status::Mismatch | Status::NotRun => VIOLATED,
    })
}

/// `cnninspect geometry MODEL`: prints a geometry file.
fn geometry(task: &Printing, common: &Common) -> Result<u8, Failure> {
    keep(&task.model, common)?;
    let text = cnninspect::geometry_file(&task.model, &task.options);
    let text = text.map_err(|error| about(&task.model, &error, error.hint()))?;
    show(common, &|_, out| out.write_all(text.as_bytes()))?;
    Ok(FINE)
}

/// `cnninspect explain`: where a layer's numbers come from, or the pages of rules.
fn explain(task: &Explaining, common: &Common) -> Result<u8, Failure> {
    match task {
        Explaining::Rules { rules, format } => {
            let pages = Pages::of(rules);
            show(common, &|page, out| {
                let view = page.view(&View::default());
                format.write_rules(&pages, &view, out)
            })?;
        }
        Explaining::Layers(task) => layers(task, common)?,
    }
    Ok(FINE)
}

/// `cnninspect explain MODEL`: where a layer's numbers come from.
fn layers(task: &Deriving, common: &Common) -> Result<(), Failure> {
    if let Some(sizes) = &task.sweep {
        return sweep::explain(task, sizes, common);
    }
    keep(&task.model, common)?;
    let explained = cnninspect::explain(&task.model, &task.options, &task.question);
    let explained = explained.map_err(|error| about(&task.model, &error, error.hint()))?;
    let path = task.model.to_string_lossy();
    show(common, &|page, out| {
        let view = page.view(&View::default());
        let (format, drawing) = (task.format, task.drawing);
        format.write_explained(&path, &explained, drawing, &view, out)
    })
}

/// Inspects a model, and says how long it took where that is asked for.
fn inspected(model: &Path, options: &Options, common: &Common) -> Result<Inspection, Failure> {
    let started = Instant::now();
    keep(model, common)?;
    let failed = |error: Error| about(model, &error, error.hint());
    let read = cnninspect::open(model, options).map_err(failed)?;
    let path = model.to_string_lossy();
    let inspection = progress::shown(common.quiet, |watch| {
        cnninspect::inspect_model(&read, &path, options, watch)
    });
    let inspection = inspection.map_err(failed)?;
    // The process ends soon: giving back a large model piece by piece would only cost time.
    mem::forget(read);
    if common.verbose {
        let elapsed = started.elapsed();
        let (read, size) = (Bytes(inspection.bytes_read), inspection.facts.file_bytes);
        say(&format!(
            "inspected in {elapsed:.1?}, {read} of {size} read"
        ));
    }
    Ok(inspection)
}

/// Refuses to write a result over the model that it is about.
fn keep(model: &Path, common: &Common) -> Result<(), Failure> {
    match common.output().filter(|it| same_file(it, model)) {
        Some(output) => Err(about(output, &"is the model itself", None)),
        None => Ok(()),
    }
}

fn same_file(left: &Path, right: &Path) -> bool {
    let found = fs::canonicalize(left).ok();
    found.is_some() && found == fs::canonicalize(right).ok()
}

/// Where a result is shown.
struct Page {
    width: usize,
    color: bool,
}

impl Page {
    fn view(&self, view: &View) -> View {
        View {
            width: self.width,
            color: self.color,
            ..view.clone()
        }
    }
}

/// Writes a result to where it is shown.
type Render<'a> = &'a dyn Fn(&Page, &mut dyn Write) -> io::Result<()>;

/// Writes the result to where it was asked for.
fn show(common: &Common, render: Render<'_>) -> Result<(), Failure> {
    match common.output() {
        Some(path) => write_file(path, common.color, render).map_err(|it| about(path, &it, None)),
        None => unless_closed(write_stdout(common.color, render))
            .map_err(|it| about(Path::new("standard output"), &it, None)),
    }
}

/// A failure, and the file that it is about.
fn about(path: &Path, error: &impl ToString, hint: Option<&str>) -> Failure {
    Failure {
        message: format!("{}: {}", path.display(), error.to_string()),
        hint: hint.map(str::to_owned),
        shown: None,
    }
}

/// The exit code that the inspection earns.
fn judged(inspection: &Inspection, strict: bool, common: &Common) -> u8 {
    let mismatch = |it: &Verification| it.status == Status::Mismatch;
    if inspection.verification.iter().any(mismatch) {
        return VIOLATED;
    }
    let (warnings, gaps) = (inspection.warnings.len(), inspection.gaps.len());
    if strict && warnings + gaps > 0 {
        if !common.quiet {
            say(&format!("strict: warnings {warnings}, gaps {gaps}"));
        }
        return VIOLATED;
    }
    FINE
}

/// Whether standard error takes colours.
fn errors_in_color() -> bool {
    AutoStream::choice(&io::stderr()) != ColorChoice::Never
}

/// One line on standard error; nobody is told where that is closed.
fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", printable(line));
}

fn write_stdout(color: Color, render: Render<'_>) -> io::Result<()> {
    let stdout = io::stdout();
    let choice = match color {
        Color::Auto => AutoStream::choice(&stdout),
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };
    let width = if stdout.is_terminal() {
        terminal_size::terminal_size_of(&stdout).map(|(width, _)| usize::from(width.0))
    } else {
        None
    };
    let page = Page {
        width: width.unwrap_or_else(pipe_width),
        color: choice != ColorChoice::Never,
    };
    if !page.color {
        // Nothing to strip: without colour no escape sequence is written.
        let mut out = BufWriter::with_capacity(WRITE_AT_ONCE, stdout.lock());
        render(&page, &mut out)?;
        return out.flush();
    }
    let mut out = BufWriter::new(AutoStream::new(stdout.lock(), choice));
    render(&page, &mut out)?;
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
fn write_file(path: &Path, color: Color, render: Render<'_>) -> io::Result<()> {
    let page = Page {
        width: pipe_width(),
        color: color == Color::Always,
    };
    let mut bytes = Vec::new();
    render(&page, &mut bytes)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mismatch_is_a_violation_and_what_was_not_run_only_if_strict() {
        let inspection = cnninspect::inspect("fixtures/alexnet-2012.onnx", &Options::default());
        let one = inspection.unwrap().verification.remove(0);
        let of = |status| Verification {
            status,
            ..one.clone()
        };
        let (fine, wrong, open) = (
            of(Status::Confirmed),
            of(Status::Mismatch),
            of(Status::NotRun),
        );
        let cases = [
            (vec![fine.clone()], [FINE, FINE]),
            (vec![fine.clone(), open.clone()], [FINE, VIOLATED]),
            (vec![open, wrong], [VIOLATED, VIOLATED]),
            (vec![], [FINE, FINE]),
        ];
        for (outcomes, codes) in cases {
            let got = [false, true].map(|strict| settled(&outcomes, strict));
            assert_eq!(got, codes, "{outcomes:?}");
        }
    }
}
