//! `cnninspect check` and `cnninspect init`: files around the library's judgement.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use cnninspect::check::{
    Against, Baseline, CONFIG_NAME, Config, ConfigError, LOCK_NAME, Model, ModelRecord, Place,
    Planned, Report, Subject, draft, find_config, find_models, plan,
};
use cnninspect::render::{View, problems};
use cnninspect::verify::Choice;
use cnninspect::{Inspection, Options, inspect_each};

use crate::cli::{Checking, Common, Drafting, Keeping};
use crate::{FAILED, FINE, Failure, VIOLATED, about, errors_in_color, keep, say, show, write_file};

/// The files that a check goes by.
struct Setup {
    place: Place,
    config: Option<(PathBuf, Config)>,
    lock: PathBuf,
    /// Whether the user named the baseline, so that it must be there.
    lock_named: bool,
}

/// `cnninspect check [MODEL…]`: inspects every model, judges, shows.
pub(crate) fn check(task: &Checking, common: &Common) -> Result<u8, Failure> {
    let started = Instant::now();
    let setup = Setup::read(task)?;
    let config = setup.config.as_ref().map(|it| &it.1);
    let planned = plan(config, &setup.place, &task.models, &task.overrides);
    if planned.is_empty() {
        return Err(nothing_to_check(&setup));
    }
    for model in &planned {
        keep(&model.path, common)?;
    }
    let baseline = setup.baseline(task)?;
    let subjects = inspected(planned, task, setup.lock_named);
    if task.keeping == Keeping::Save {
        return save(&setup, &subjects, Baseline::default(), common);
    }
    let against = match (&baseline, task.keeping) {
        (_, Keeping::Update) => Against::Accepted,
        (Some(baseline), _) => Against::Baseline(baseline),
        (None, _) => Against::Nothing,
    };
    let compared = matches!(against, Against::Baseline(_));
    let report = Report {
        config: setup.config.as_ref().map(|it| shown(&it.0)),
        baseline: compared.then(|| shown(&setup.lock)),
        ..cnninspect::check::check(&subjects, against)
    };
    show(common, &|page, out| {
        task.format
            .write(&report, &page.view(&View::default()), out)
    })?;
    if common.verbose {
        let (count, elapsed) = (subjects.len(), started.elapsed());
        say(&format!("checked models: {count}, in {elapsed:.1?}"));
    }
    if task.keeping == Keeping::Update {
        save(&setup, &subjects, baseline.unwrap_or_default(), common)?;
    }
    Ok(code(&report))
}

fn code(report: &Report) -> u8 {
    let counts = report.counts();
    if counts.failed > 0 {
        FAILED
    } else if counts.broken + counts.unknown > 0 {
        VIOLATED
    } else {
        FINE
    }
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn nothing_to_check(setup: &Setup) -> Failure {
    Failure {
        message: match &setup.config {
            Some((path, _)) => format!("{}: lists no model", path.display()),
            None => format!("there is no model to check, and no {CONFIG_NAME} from here upwards"),
        },
        hint: Some(format!(
            "name a model, or let \"cnninspect init\" write {CONFIG_NAME}"
        )),
        shown: None,
    }
}

impl Setup {
    fn read(task: &Checking) -> Result<Self, Failure> {
        let found = || {
            let folder = std::env::current_dir().ok()?;
            find_config(&folder).filter(|_| !task.no_config)
        };
        let path = task.config.clone().or_else(found);
        let root = path.as_deref().and_then(Path::parent).map(Path::to_owned);
        let place = Place {
            root: root.unwrap_or_default(),
        };
        let config = match path {
            Some(path) => Some((path.clone(), read_config(&path)?)),
            None => None,
        };
        let own = config.as_ref().and_then(|it| it.1.baseline.as_ref());
        let own = own.map(|it| place.root.join(it));
        let named = task.baseline.clone().or(own);
        Ok(Self {
            lock_named: named.is_some(),
            lock: named.unwrap_or_else(|| place.root.join(LOCK_NAME)),
            place,
            config,
        })
    }

    /// The baseline, where there is one.
    fn baseline(&self, task: &Checking) -> Result<Option<Baseline>, Failure> {
        if task.keeping == Keeping::Save {
            return Ok(None);
        }
        match fs::read_to_string(&self.lock) {
            Ok(text) => Baseline::read(&shown(&self.lock), &text)
                .map(Some)
                .map_err(|it| broken(&it)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if self.lock_named && task.keeping == Keeping::Compare {
                    let hint = Some("--save-baseline writes it");
                    return Err(about(&self.lock, &"no such file or folder", hint));
                }
                Ok(None)
            }
            Err(error) => Err(about(&self.lock, &error, None)),
        }
    }
}

fn read_config(path: &Path) -> Result<Config, Failure> {
    let text = fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => about(path, &"no such file or folder", None),
        _ => about(path, &error, None),
    })?;
    Config::read(&shown(path), &text).map_err(|it| broken(&it))
}

/// A file with mistakes: each is shown in its line.
fn broken(error: &ConfigError) -> Failure {
    let mut lines = Vec::new();
    let view = View {
        color: errors_in_color(),
        ..View::default()
    };
    // Writing to memory cannot fail.
    let _ = problems(error, &view, &mut lines);
    let count = error.problems.len();
    let mistakes = if count == 1 {
        "1 mistake".to_owned()
    } else {
        format!("{count} mistakes")
    };
    Failure {
        message: format!("{}: {mistakes}", error.path),
        hint: None,
        shown: Some(String::from_utf8_lossy(&lines).into_owned()),
    }
}

/// Inspects what is planned, side by side.
fn inspected(planned: Vec<Planned>, task: &Checking, must_be_in_baseline: bool) -> Vec<Subject> {
    let there = planned.iter().filter(|it| it.error.is_none());
    let questions: Vec<_> = there
        .map(|it| {
            let options = Options {
                sizes: it.sizes.clone(),
                verify: Choice::None,
                allow_links: task.allow_links,
                ..Options::default()
            };
            (it.path.clone(), options)
        })
        .collect();
    let mut answers = inspect_each(&questions).into_iter();
    let mut subjects = Vec::new();
    for it in planned {
        let inspection = match it.error {
            Some(error) => Err(error),
            None => answers.next().map_or_else(
                || Err("was not inspected".to_owned()),
                |answer| answer.map_err(|error| error.to_string()),
            ),
        };
        subjects.push(Subject {
            path: shown(&it.path),
            key: it.key,
            budget: it.budget,
            must_be_in_baseline: it.listed || must_be_in_baseline,
            inspection,
        });
    }
    subjects
}

/// Writes `baseline` with what the subjects are now. Where one cannot be read, nothing is written.
fn save(
    setup: &Setup,
    subjects: &[Subject],
    mut baseline: Baseline,
    common: &Common,
) -> Result<u8, Failure> {
    for subject in subjects {
        let inspection = subject.inspection.as_ref();
        let inspection =
            inspection.map_err(|error| about(Path::new(&subject.path), error, None))?;
        let record = ModelRecord::of(&Model::of(inspection));
        baseline.models.insert(subject.key.clone(), record);
    }
    let text = baseline.to_text();
    write_file(&setup.lock, common.color, &|_, out| {
        out.write_all(text.as_bytes())
    })
    .map_err(|error| about(&setup.lock, &error, None))?;
    if !common.quiet {
        let count = subjects.len();
        say(&format!("wrote {}, models: {count}", setup.lock.display()));
    }
    Ok(FINE)
}

/// `cnninspect init [MODEL…]`: writes a first configuration.
pub(crate) fn init(task: &Drafting, common: &Common) -> Result<u8, Failure> {
    let target = common
        .output()
        .cloned()
        .unwrap_or_else(|| PathBuf::from(CONFIG_NAME));
    if target.exists() && !task.force && !task.print {
        return Err(about(
            &target,
            &"is there already",
            Some("--force replaces it"),
        ));
    }
    let models = measured(task, &target)?;
    let text = draft(&models);
    if task.print {
        let to_stdout = common.without_output();
        show(&to_stdout, &|_, out| out.write_all(text.as_bytes()))?;
        return Ok(FINE);
    }
    write_file(&target, common.color, &|_, out| {
        out.write_all(text.as_bytes())
    })
    .map_err(|error| about(&target, &error, None))?;
    if !common.quiet {
        say(&format!(
            "wrote {}, models: {}",
            target.display(),
            models.len()
        ));
    }
    Ok(FINE)
}

/// The models that a draft is made from, by their paths from its folder. What cannot be read is said
/// and left out.
fn measured(task: &Drafting, target: &Path) -> Result<Vec<(String, Inspection)>, Failure> {
    let place = Place {
        root: target.parent().map(Path::to_owned).unwrap_or_default(),
    };
    let paths = if task.models.is_empty() {
        find_models(Path::new("."))
    } else {
        task.models.clone()
    };
    let options = Options {
        verify: Choice::None,
        ..Options::default()
    };
    let questions: Vec<_> = paths.into_iter().map(|it| (it, options.clone())).collect();
    let mut models = Vec::new();
    for ((path, _), answer) in questions.iter().zip(inspect_each(&questions)) {
        match answer {
            Ok(inspection) => models.push((place.key(path), inspection)),
            Err(error) => say(&format!("left out: {}: {error}", path.display())),
        }
    }
    if models.is_empty() {
        return Err(Failure {
            message: "there is no model to make budgets from".to_owned(),
            hint: Some("name one: cnninspect init model.onnx".to_owned()),
            shown: None,
        });
    }
    Ok(models)
}
