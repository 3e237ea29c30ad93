//! `cnninspect.toml`: what models there are, and what each may cost.

mod bound;

use std::path::{Path, PathBuf};

use toml::de::DeTable;

use self::bound::Rules;
pub use self::bound::{percent, rule_pattern};
use super::budget::{Budget, LayerBudget, Level, Pattern};
use super::problem::ConfigError;
use super::rules::RULES;
use super::toml::{Reader, Value, read, scalar};
use crate::infer::{Sizes, read_input, read_size};

/// The name that is looked for.
pub const CONFIG_NAME: &str = "cnninspect.toml";

/// Keys of every budget, beside the rules.
const COMMON: &[&str] = &["level", "allow-unknown", "tolerance", "layer"];
/// Keys of a model, beside those.
const MODEL: &[&str] = &["path", "input", "dim"];
/// Keys of the whole file.
const TOP: &[&str] = &["defaults", "model", "baseline"];

/// A configuration.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Where the baseline is, from this file's folder.
    pub baseline: Option<String>,
    /// What holds for every model.
    pub defaults: Budget,
    /// Models in order.
    pub models: Vec<ModelEntry>,
}

/// One `[[model]]`.
#[derive(Clone, Debug)]
pub struct ModelEntry {
    /// Its path, or a glob, from the configuration's folder.
    pub path: Pattern,
    /// Sizes of its inputs and dimensions.
    pub sizes: Sizes,
    /// What it may cost.
    pub budget: Budget,
}

impl Config {
    /// Reads a configuration; `path` is what errors call it.
    ///
    /// # Errors
    /// [`ConfigError`] with every mistake in it.
    pub fn read(path: &str, text: &str) -> Result<Self, ConfigError> {
        read(path, text, config)
    }
}

/// Looks for a configuration in `folder` and upwards; the path found is relative where `folder` is the
/// working directory: `../../cnninspect.toml`.
#[must_use]
pub fn find(folder: &Path) -> Option<PathBuf> {
    let mut up = PathBuf::new();
    for ancestor in folder.ancestors() {
        if ancestor.join(CONFIG_NAME).is_file() {
            return Some(up.join(CONFIG_NAME));
        }
        up.push("..");
    }
    None
}

fn config(reader: &mut Reader, table: &DeTable<'_>) -> Config {
    let mut config = Config::default();
    for (key, value) in table {
        match key.get_ref().as_ref() {
            "defaults" => {
                if let Some(table) = reader.table(value, "a table, [defaults]") {
                    config.defaults = budget(reader, table, true);
                }
            }
            "model" => config.models = models(reader, value),
            "baseline" => config.baseline = reader.string(value, "the baseline's path"),
            _ => reader.unknown_key(key, TOP),
        }
    }
    config
}

fn models(reader: &mut Reader, value: &Value<'_>) -> Vec<ModelEntry> {
    let Some(list) = value.get_ref().as_array() else {
        let span = value.span();
        let help = "write [[model]] with two brackets, once for each model".to_owned();
        reader.say(span, "model is a list of tables".to_owned(), Some(help));
        return vec![];
    };
    let mut models = Vec::new();
    for item in list {
        if let Some(table) = reader.table(item, "a table, [[model]]") {
            models.extend(model(reader, item, table));
        }
    }
    models
}

fn model(reader: &mut Reader, item: &Value<'_>, table: &DeTable<'_>) -> Option<ModelEntry> {
    let budget = budget(reader, table, false);
    let sizes = sizes(reader, table);
    let Some(path) = table.get("path") else {
        let help = "path = \"models/*.onnx\"".to_owned();
        reader.say(item.span(), "this model has no path".to_owned(), Some(help));
        return None;
    };
    let text = reader.string(path, "a path or a glob")?;
    let text = text.strip_prefix("./").unwrap_or(&text);
    let path = reader.ask(path.span(), Pattern::path(text))?;
    Some(ModelEntry {
        path,
        sizes,
        budget,
    })
}

fn sizes(reader: &mut Reader, table: &DeTable<'_>) -> Sizes {
    let mut sizes = Sizes::default();
    for (text, span) in table
        .get("input")
        .map(|it| reader.strings(it))
        .into_iter()
        .flatten()
    {
        sizes.inputs.extend(reader.ask(span, read_input(&text)));
    }
    let dims = table.get("dim");
    let dims = dims.and_then(|it| reader.table(it, "a table, dim = { batch = 1 }"));
    for (name, value) in dims.into_iter().flatten() {
        let Some(text) = scalar(value.get_ref()) else {
            reader.wrong(value, "a whole number from 1");
            continue;
        };
        if let Some(size) = reader.ask(value.span(), read_size(&text)) {
            sizes.dims.insert(name.get_ref().to_string(), size);
        }
    }
    sizes
}

/// The keys that a budget has in common.
fn budget(reader: &mut Reader, table: &DeTable<'_>, default: bool) -> Budget {
    let mut budget = Budget::default();
    let rules = Rules {
        known: &RULES.iter().collect::<Vec<_>>(),
        keys: if default { &[COMMON] } else { &[MODEL, COMMON] },
    };
    budget.rules = rules.read(reader, table);
    for (key, value) in table {
        match key.get_ref().as_ref() {
            "level" => budget.level = level(reader, value),
            "allow-unknown" => budget.allow_unknown = reader.bool(value),
            "tolerance" => budget.tolerance = bound::tolerance(reader, value, None),
            "layer" => budget.layers = layers(reader, value, default),
            _ => {}
        }
    }
    budget
}

fn layers(reader: &mut Reader, value: &Value<'_>, default: bool) -> Vec<LayerBudget> {
    let expected = "a table for each layer, [model.layer.\"conv*\"]";
    let rules: Vec<_> = RULES.iter().filter(|it| it.layer.is_some()).collect();
    let rules = Rules {
        known: &rules,
        keys: &[],
    };
    let mut layers = Vec::new();
    for (name, value) in reader.table(value, expected).into_iter().flatten() {
        let pattern = reader.ask(name.span(), Pattern::name(name.get_ref()));
        let table = reader.table(value, expected);
        if let Some((pattern, table)) = pattern.zip(table) {
            layers.push(LayerBudget {
                pattern,
                rules: rules.read(reader, table),
                default,
            });
        }
    }
    layers
}

fn level(reader: &mut Reader, value: &Value<'_>) -> Option<Level> {
    match value.get_ref().as_str() {
        Some("error") => Some(Level::Error),
        Some("warn") => Some(Level::Warn),
        Some(other) => {
            let message = format!("{other:?} is no level; there are \"error\" and \"warn\"");
            reader.say(value.span(), message, None);
            None
        }
        None => {
            reader.wrong(value, "\"error\" or \"warn\"");
            None
        }
    }
}
