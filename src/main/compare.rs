//! `cnninspect compare`: which models are meant, and their columns.

use std::path::{Path, PathBuf};
use std::time::Instant;

use cnninspect::check::matching;
use cnninspect::compare::each::inspect_each;
use cnninspect::compare::summary::{Model, Summary};
use cnninspect::read::models_in;

use crate::cli::{Common, Comparing};
use crate::{FAILED, FINE, Failure, VIOLATED, keep, say, show};

/// A model to compare, or why what was named is none.
struct Named {
    path: PathBuf,
    error: Option<String>,
}

/// `cnninspect compare MODEL…`: inspects every model, sets them side by side.
pub(crate) fn compare(task: &Comparing, common: &Common) -> Result<u8, Failure> {
    let started = Instant::now();
    let named = named(&task.models);
    enough(&named)?;
    for it in &named {
        keep(&it.path, common)?;
    }
    let there = named.iter().filter(|it| it.error.is_none());
    let paths: Vec<PathBuf> = there.map(|it| it.path.clone()).collect();
    let column = |path: &Path, answer: Result<_, cnninspect::Error>| {
        let answer = answer.as_ref().map_err(ToString::to_string);
        Model::new(shown(path), answer)
    };
    let columns = inspect_each(&paths, &task.options, column);
    let columns = columns.map_err(|unused| Failure {
        message: unused.to_string(),
        hint: None,
        shown: None,
    })?;
    let mut columns = columns.into_iter();
    let mut summary = Summary::default();
    for it in named {
        summary.models.extend(match it.error {
            Some(error) => Some(Model::new(shown(&it.path), Err(error))),
            None => columns.next(),
        });
    }
    if let Some(property) = task.sort {
        summary.sort(property);
    }
    show(common, &|page, out| {
        task.format
            .write(&summary, &task.view, page.width, page.color, out)
    })?;
    if common.verbose {
        let (count, elapsed) = (summary.models.len(), started.elapsed());
        say(&format!("compared models: {count}, in {elapsed:.1?}"));
    }
    Ok(code(&summary, task.exit_code))
}

/// The exit code, after a line for each model that could not be read.
fn code(summary: &Summary, exit_code: bool) -> u8 {
    let mut code = FINE;
    let wrong = |it: &Model| it.sums.as_ref().is_ok_and(|it| it.mismatches > 0);
    if (exit_code && summary.differs()) || summary.models.iter().any(wrong) {
        code = VIOLATED;
    }
    for model in &summary.models {
        if let Err(error) = &model.sums {
            say(&format!("error: {}: {error}", model.path));
            code = FAILED;
        }
    }
    code
}

fn enough(named: &[Named]) -> Result<(), Failure> {
    let pipes = named.iter().filter(|it| it.path == Path::new("-"));
    let message = match (named, pipes.count()) {
        ([] | [_], _) => format!("two models are needed, and this is {}", named.len()),
        (_, 0 | 1) => return Ok(()),
        _ => "standard input holds one model, and is named twice".to_owned(),
    };
    Err(Failure {
        message,
        hint: None,
        shown: None,
    })
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The models that arguments mean. What folders and patterns bring and is there already stays away; what is named
/// twice by itself is compared with itself.
fn named(arguments: &[PathBuf]) -> Vec<Named> {
    let mut out: Vec<Named> = Vec::new();
    for path in arguments {
        for it in meant(path) {
            let twice = it.path != *path && out.iter().any(|other| other.path == it.path);
            if !twice {
                out.push(it);
            }
        }
    }
    out
}

fn meant(path: &Path) -> Vec<Named> {
    let text = path.to_string_lossy();
    let one = |error| {
        vec![Named {
            path: path.to_owned(),
            error,
        }]
    };
    let found = if path.is_dir() {
        // One model, several files of one, or none: that is the reader's to say.
        models_in(path).ok().filter(|it| it.len() > 1)
    } else if !path.exists() && text.contains(['*', '?', '[', '{']) {
        match matching(&text) {
            Ok(found) if found.is_empty() => return one(Some("no file matches it".to_owned())),
            Ok(found) => Some(found),
            Err(error) => return one(Some(error)),
        }
    } else {
        None
    };
    let named = |path| Named { path, error: None };
    found.map_or_else(|| one(None), |it| it.into_iter().map(named).collect())
}
