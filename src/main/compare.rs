//! `cnninspect compare`: which models are meant, and whether their sums or their layers are compared.

use std::mem;
use std::path::{Component, Path, PathBuf};
use std::time::Instant;

use cnninspect::Inspection;
use cnninspect::check::matching;
use cnninspect::compare::each::open_each;
use cnninspect::compare::layers::{self, Layers};
use cnninspect::compare::summary::{Model, Summary};
use cnninspect::compare::tensors::{self, Subject, Tensors};
use cnninspect::infer::SizesError;
use cnninspect::read::{self, models_in};
use cnninspect::verify::Verification;

use crate::cli::{By, Common, Comparing};
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
    enough(&named, task.by)?;
    for it in &named {
        keep(&it.path, common)?;
    }
    let code = match named.as_slice() {
        [_, _] if task.by != By::Summary => versions(&named, task, common)?,
        _ => {
            let column = |path: &Path, answer: Answer<&Inspection>| Model::new(shown(path), answer);
            let models = each(&named, task, |path, it| {
                column(path, it.as_ref().map(|it| &it.1).map_err(String::clone))
            })?;
            side_by_side(models, task, common)?
        }
    };
    if common.verbose {
        let (count, elapsed) = (named.len(), started.elapsed());
        say(&format!("compared models: {count}, in {elapsed:.1?}"));
    }
    Ok(code)
}

/// What is known of a model, or why nothing is.
type Answer<T> = Result<T, String>;

/// A model, and what inspecting it told.
type Opened = (read::Model, Inspection);

/// Inspects the models that are there, and keeps of each what `then` makes of it.
fn each<T: Send>(
    named: &[Named],
    task: &Comparing,
    then: impl Fn(&Path, Answer<Opened>) -> T + Sync,
) -> Result<Vec<T>, Failure> {
    let there = named.iter().filter(|it| it.error.is_none());
    let paths: Vec<PathBuf> = there.map(|it| it.path.clone()).collect();
    let answers = open_each(&paths, &task.options, |path, answer| {
        then(path, answer.map_err(|error| error.to_string()))
    });
    let mut answers = answers
        .map_err(|unused| failure(unused.to_string()))?
        .into_iter();
    let one = |it: &Named| match &it.error {
        Some(error) => Some(then(&it.path, Err(error.clone()))),
        None => answers.next(),
    };
    Ok(named.iter().filter_map(one).collect())
}

/// Two models: layer by layer where they are versions of one architecture or that is asked for.
fn versions(named: &[Named], task: &Comparing, common: &Common) -> Result<u8, Failure> {
    let answers = each(named, task, |_, answer| answer)?;
    if let [Ok(before), Ok(after)] = answers.as_slice() {
        let layers = layers::compare(&before.1, &after.1);
        if task.by == By::Layers || layers.are_alike() {
            let tensors = held([before, after], &layers, task)?;
            show(common, &|page, out| {
                let (format, tensors) = (task.format, Some(&tensors));
                format.write_layers(&layers, tensors, &task.view, page.width, page.color, out)
            })?;
            let wrong = answers.iter().flatten().any(|it| is_wrong(&it.1));
            let same = layers.is_same() && !tensors.contents_differ();
            let differ = task.exit_code && !same;
            // The process ends soon: giving back large models piece by piece would only cost time.
            mem::forget(answers);
            return Ok(if wrong || differ { VIOLATED } else { FINE });
        }
    }
    let named = named.iter().zip(&answers);
    let column = |(named, answer): (&Named, &Answer<Opened>)| {
        let answer = answer.as_ref().map(|it| &it.1);
        Model::new(shown(&named.path), answer.map_err(String::clone))
    };
    let models: Vec<Model> = named.map(column).collect();
    if task.by == By::Layers {
        // There are no layers of a model that could not be read.
        return Ok(code(&Summary { models }, false));
    }
    side_by_side(models, task, common)
}

/// The stored tensors of two models side by side.
fn held(models: [&Opened; 2], layers: &Layers, task: &Comparing) -> Result<Tensors, Failure> {
    let [before, after] = models.map(|it| Subject::new(&it.0, &it.1, &task.options.sizes));
    let sizes = |error: SizesError| failure(error.to_string());
    let (before, after) = (before.map_err(sizes)?, after.map_err(sizes)?);
    let tensors = tensors::compare([&before, &after], layers, task.weights);
    for (model, inspection) in models {
        let changed = |error| failure(format!("{}: {error}", inspection.path));
        model.check_unchanged().map_err(changed)?;
    }
    Ok(tensors)
}

/// Whether a run of a convolution disagrees.
fn is_wrong(it: &Inspection) -> bool {
    it.verification.iter().any(Verification::is_mismatch)
}

/// Any number of models by their sums.
fn side_by_side(models: Vec<Model>, task: &Comparing, common: &Common) -> Result<u8, Failure> {
    let mut summary = Summary { models };
    if let Some(property) = task.sort {
        summary.sort(property);
    }
    show(common, &|page, out| {
        task.format
            .write(&summary, &task.view, page.width, page.color, out)
    })?;
    let mut differing = vec![];
    if task.exit_code {
        differing = summary.differing(task.view.properties.as_deref());
    }
    let names: Vec<&str> = differing.iter().map(|it| it.name).collect();
    if !names.is_empty() {
        say(&format!("the models differ in {}", names.join(", ")));
    }
    Ok(code(&summary, !names.is_empty()))
}

/// The exit code, after a line for each model that could not be read.
fn code(summary: &Summary, differ: bool) -> u8 {
    let mut code = FINE;
    let wrong = |it: &Model| it.sums.as_ref().is_ok_and(|it| it.mismatches > 0);
    if differ || summary.models.iter().any(wrong) {
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

fn enough(named: &[Named], by: By) -> Result<(), Failure> {
    let pipes = named.iter().filter(|it| it.path == Path::new("-"));
    Err(failure(match (named, pipes.count()) {
        ([] | [_], _) => format!("two models are needed, and this is {}", named.len()),
        (_, 2..) => "standard input holds one model, and is named twice".to_owned(),
        ([_, _, _, ..], _) if by == By::Layers => {
            return Err(Failure {
                hint: Some("--by summary sets any number side by side".to_owned()),
                ..failure(format!(
                    "layers of two models are compared, and these are {}",
                    named.len()
                ))
            });
        }
        _ => return Ok(()),
    }))
}

fn failure(message: String) -> Failure {
    Failure {
        message,
        hint: None,
        shown: None,
    }
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
            let brought = it.path != *path;
            let twice = brought
                && out
                    .iter()
                    .any(|other| plain(&other.path) == plain(&it.path));
            if !twice {
                out.push(it);
            }
        }
    }
    out
}

/// A path without the dots that lead nowhere.
fn plain(path: &Path) -> PathBuf {
    let parts = path.components();
    parts.filter(|it| *it != Component::CurDir).collect()
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
