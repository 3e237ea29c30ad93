//! Where a geometry may come from, in the order in which they are asked.

use std::path::Path;

use super::beside::{self, Beside};
use super::sidecar::{self, Fault};
use super::tensors::Tensors;
use super::{GeometryError, Options, Plan, recipe};
use crate::finding::Finding;
use crate::network::{Claim, GeometryFacts, GeometrySource, Network};

/// The answer of a source.
pub(super) struct Answer {
    /// `None` where the source knows why there is none.
    pub(super) plan: Option<Plan>,
    pub(super) facts: GeometryFacts,
    /// What pins are said to come from.
    pub(super) by: String,
    pub(super) findings: Vec<Finding>,
}

/// What a source looks at.
pub(super) struct Asked<'a> {
    pub(super) network: &'a Network,
    pub(super) tensors: &'a Tensors,
    pub(super) model: Option<&'a Path>,
    pub(super) options: &'a Options,
    pub(super) beside: &'a Beside,
}

/// A place where a geometry may come from.
pub(super) struct Source {
    /// Whether a user asks for it by name: then it is an error where it cannot be had or does not fit, and
    /// else a warning.
    pub(super) by_name: bool,
    /// Its answer; `None` where it has none.
    pub(super) ask: fn(&Asked<'_>) -> Result<Option<Answer>, GeometryError>,
}

/// Every source; the first that answers counts.
pub(super) const SOURCES: &[Source] = &[
    Source {
        by_name: true,
        ask: given_file,
    },
    Source {
        by_name: false,
        ask: metadata,
    },
    Source {
        by_name: false,
        ask: neighbour,
    },
    Source {
        by_name: false,
        ask: known_recipe,
    },
];

fn parsed(file: &str, text: &str) -> Result<Plan, GeometryError> {
    sidecar::parse(text).map_err(|Fault { at, message }| GeometryError::File {
        file: file.to_owned(),
        line: at,
        message,
    })
}

fn from_file(path: &Path, detail: String) -> Result<Answer, GeometryError> {
    let file = path.to_string_lossy().into_owned();
    let text = beside::read_text(path).map_err(|message| GeometryError::File {
        file: file.clone(),
        line: None,
        message,
    })?;
    Ok(Answer {
        plan: Some(parsed(&file, &text)?),
        facts: exact(detail),
        by: file,
        findings: vec![],
    })
}

fn exact(detail: String) -> GeometryFacts {
    GeometryFacts {
        source: GeometrySource::Sidecar,
        claim: Claim::Exact,
        detail: Some(detail),
        ..GeometryFacts::default()
    }
}

/// `--geometry`.
fn given_file(asked: &Asked<'_>) -> Result<Option<Answer>, GeometryError> {
    let Some(path) = &asked.options.file else {
        return Ok(None);
    };
    let detail = path.to_string_lossy().into_owned();
    from_file(path, detail).map(Some)
}

/// A geometry file in the model's own metadata.
fn metadata(asked: &Asked<'_>) -> Result<Option<Answer>, GeometryError> {
    const KEY: &str = "cnninspect.geometry";
    let found = asked.network.metadata.iter().find(|it| it.0 == KEY);
    let Some((_, text)) = found else {
        return Ok(None);
    };
    let detail = format!("the file's own metadata {KEY:?}");
    Ok(Some(Answer {
        plan: Some(parsed(KEY, text)?),
        facts: exact(detail),
        by: KEY.to_owned(),
        findings: vec![],
    }))
}

/// `net.geometry.toml` beside `net.safetensors`.
fn neighbour(asked: &Asked<'_>) -> Result<Option<Answer>, GeometryError> {
    let Some(path) = beside::sidecar(asked.model) else {
        return Ok(None);
    };
    let file = path.file_name().unwrap_or_default();
    let detail = format!("{} beside the model", file.to_string_lossy());
    from_file(&path, detail).map(Some)
}

/// A recipe, by the tensors and what lies beside.
fn known_recipe(asked: &Asked<'_>) -> Result<Option<Answer>, GeometryError> {
    let Some(answer) = recipe(&asked.tensors.table, &asked.beside.hints) else {
        return Ok(None);
    };
    let said = answer.warnings.into_iter();
    let findings = said.map(|it| Finding::general("recipe", it)).collect();
    let known = answer.plan.is_some();
    let detail = answer
        .detail
        .map_or_else(String::new, |it| format!(": {it}"));
    let input = asked.beside.input_from.as_ref().filter(|_| known);
    let input = input.map_or_else(String::new, |it| format!("; input from {it}"));
    Ok(Some(Answer {
        plan: answer.plan,
        facts: GeometryFacts {
            source: if known {
                GeometrySource::Recipe
            } else {
                GeometrySource::None
            },
            claim: if known { answer.claim } else { Claim::Unknown },
            detail: Some(format!("{}{detail}{input}", answer.name)),
            ..GeometryFacts::default()
        },
        by: format!("recipe {}", answer.name),
        findings,
    }))
}
