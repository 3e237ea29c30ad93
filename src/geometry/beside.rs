//! What lies beside a model and in its metadata: the network's name, the size of its input.

mod config;

use std::fs;
use std::path::{Path, PathBuf};

use super::Hints;
use crate::finding::Finding;

/// A neighbour of more bytes than this is not read.
const MOST_BYTES: u64 = 16 << 20;

/// What was found beside a model.
#[derive(Default)]
pub(super) struct Beside {
    pub(super) hints: Hints,
    /// Which file or key told the input's size.
    pub(super) input_from: Option<String>,
    /// Which file named the network.
    pub(super) named_by: Option<String>,
    pub(super) findings: Vec<Finding>,
}

/// Looks at `config.json` and `preprocessor_config.json` beside `model`, and at the metadata.
pub(super) fn look(model: Option<&Path>, metadata: &[(String, String)]) -> Beside {
    let mut beside = Beside::default();
    let config = read_json(model, "config.json", &mut beside.findings);
    let preprocessor = read_json(model, "preprocessor_config.json", &mut beside.findings);
    let resolution = metadata.iter().find(|it| it.0 == "modelspec.resolution");
    let channels = config.as_ref().and_then(config::channels).unwrap_or(3);
    let timm = config.as_ref().and_then(config::timm_input);
    let cropped = preprocessor.as_ref().and_then(config::cropped);
    let with = |sizes: Vec<u64>| [vec![channels], sizes].concat();
    let image = config.as_ref().and_then(config::image);
    let stated = resolution.and_then(|it| config::resolution(&it.1));
    let sources = [
        (timm, "config.json"),
        (cropped.map(with), "preprocessor_config.json"),
        (image.map(with), "config.json"),
        (
            stated.map(|it| [vec![3], it].concat()),
            "modelspec.resolution",
        ),
    ];
    if let Some((input, from)) = sources.into_iter().find_map(|(it, from)| Some((it?, from))) {
        beside.hints.input = Some(input);
        beside.input_from = Some(from.to_owned());
    }
    if let Some(config) = config {
        beside.hints.architecture = config::word(&config, "architecture");
        beside.hints.model_type = config::word(&config, "model_type");
        let named = beside.hints.architecture.is_some() || beside.hints.model_type.is_some();
        beside.named_by = named.then(|| "config.json".to_owned());
        beside.hints.config = Some(config);
    }
    beside
}

/// The geometry file beside a model: `net.geometry.toml` for `net.safetensors`, and for the index of a
/// sharded one too.
pub(super) fn sidecar(model: Option<&Path>) -> Option<PathBuf> {
    let model = model?;
    let name = model.file_name()?.to_str()?;
    let stem = name.strip_suffix(".index.json").unwrap_or(name);
    let stem = stem.rsplit_once('.').map_or(stem, |it| it.0);
    let path = model.with_file_name(format!("{stem}.geometry.toml"));
    path.is_file().then_some(path)
}

/// The text of a small file.
pub(super) fn read_text(path: &Path) -> Result<String, String> {
    let metadata = fs::metadata(path).map_err(|error| plainly(&error))?;
    if !metadata.is_file() {
        return Err("is not a file".to_owned());
    }
    if metadata.len() > MOST_BYTES {
        return Err(format!(
            "has {} bytes, over the limit of 16 MiB",
            metadata.len()
        ));
    }
    fs::read_to_string(path).map_err(|error| plainly(&error))
}

fn plainly(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file".to_owned(),
        std::io::ErrorKind::InvalidData => "is not UTF-8".to_owned(),
        _ => error.to_string(),
    }
}

/// A neighbour as JSON; a broken one is a warning.
fn read_json(
    model: Option<&Path>,
    name: &str,
    findings: &mut Vec<Finding>,
) -> Option<serde_json::Value> {
    let path = model?.with_file_name(name);
    if !path.is_file() {
        return None;
    }
    let parsed = read_text(&path)
        .and_then(|it| serde_json::from_str(&it).map_err(|error| error.to_string()));
    match parsed {
        Ok(value) => Some(value),
        Err(problem) => {
            let message = format!("{name} beside the model is not read: {problem}");
            findings.push(Finding::general("neighbour", message));
            None
        }
    }
}
