//! A first configuration, made from what was measured.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use super::baseline::lock::{quoted, written_factor};
use super::rules::{Measure, Model, RULES, Rule};
use crate::Inspection;
use crate::tensor::Dim;

/// Folders below one another that are looked into.
const MOST_FOLDERS: usize = 6;
/// Folders that hold no models of one's own.
const SKIPPED: &[&str] = &[
    "target",
    "node_modules",
    "venv",
    "site-packages",
    "__pycache__",
];
/// Rules whose budget is set at once; the others stand there as comments.
const SET: &[&str] = &["params", "weight-bytes", "macs"];
/// Rules that are not worth a line for each model.
const LEFT_OUT: &[&str] = &["conv-params", "file-bytes", "pool-layers", "other-layers"];

const HEAD: &str = "\
# Budgets of models: `cnninspect check` fails where one is broken. Amounts are whole numbers or text with
# a unit: \"25.6 M\", \"98 MiB\". A budget has min and/or max, and may have level = \"warn\", a message of
# yours, and allow-unknown = true (else a number that cannot be computed fails).

# What holds for every model:
# [defaults]
# operators.deny = [\"Loop\", \"Scan\", \"com.microsoft.*\"]
# data-types.allow = [\"float32\", \"float16\"]

# What may change from cnninspect.lock, which `cnninspect check --save-baseline` writes:
# tolerance = \"1 %\"
";

/// The `.onnx` files below a folder, sorted, by their paths from it.
#[must_use]
pub fn find_models(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    walk(folder, Path::new(""), MOST_FOLDERS, &mut found);
    found.sort();
    found
}

fn walk(root: &Path, inside: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(root.join(inside));
    for entry in entries.into_iter().flatten().flatten() {
        let name = entry.file_name();
        let text = name.to_string_lossy();
        let path = inside.join(&name);
        if text.starts_with('.') || SKIPPED.contains(&&*text) {
            continue;
        }
        if entry.file_type().is_ok_and(|it| it.is_dir()) {
            if depth > 1 {
                walk(root, &path, depth - 1, found);
            }
        } else if path
            .extension()
            .is_some_and(|it| it.eq_ignore_ascii_case("onnx"))
        {
            found.push(path);
        }
    }
}

/// A commented configuration for these models, each by its path from the configuration's folder. Every
/// budget that it sets is what was measured, so a check passes.
#[must_use]
pub fn draft(models: &[(String, Inspection)]) -> String {
    let mut out = HEAD.to_owned();
    for (path, inspection) in models {
        out.push_str(&entry(path, inspection));
    }
    out
}

fn entry(path: &str, inspection: &Inspection) -> String {
    let model = Model::of(inspection);
    let mut out = format!("\n[[model]]\npath = {}\n", quoted(path));
    out.push_str(&open_inputs(inspection));
    for rule in RULES.iter().filter(|it| !LEFT_OUT.contains(&it.name)) {
        line(&mut out, &model, rule);
    }
    if let Some((name, count)) = heaviest(&model) {
        let _ = writeln!(
            out,
            "# [model.layer.{}]\n# params.max = {count}",
            quoted(&name)
        );
    }
    out
}

/// What would settle open sizes, as a comment.
fn open_inputs(inspection: &Inspection) -> String {
    let mut out = String::new();
    for input in &inspection.inputs {
        let Some(shape) = &input.shape else { continue };
        if shape.sizes().is_some() {
            continue;
        }
        let sizes = shape.0.iter().map(|it| match it {
            Dim::Known(size) => size.to_string(),
            Dim::Symbolic(_) | Dim::Unknown => "?".to_owned(),
        });
        let sizes: Vec<String> = sizes.collect();
        let text = quoted(&format!("{}={}", input.name, sizes.join("x")));
        let _ = writeln!(
            out,
            "# input = [{text}]   # sizes are open: write numbers for ?"
        );
    }
    out
}

fn line(out: &mut String, model: &Model<'_>, rule: &Rule) {
    let name = rule.name;
    let result = match rule.measure {
        Measure::Count { unit, of, .. } => {
            let measured = of(model);
            match measured.count() {
                None => writeln!(
                    out,
                    "# {name}.max = {}   # unknown here: {}",
                    unit.example(),
                    in_a_comment(&measured.gap.unwrap_or_default())
                ),
                Some(count) if SET.contains(&name) => {
                    writeln!(out, "{name}.max = {}", amount(count))
                }
                Some(count) => {
                    let count = if unit.scale() == 1 {
                        amount(count)
                    } else {
                        written_factor(count)
                    };
                    writeln!(out, "# {name}.max = {count}")
                }
            }
        }
        Measure::Names { of } => {
            let names: Vec<String> = of(model).names.keys().map(|it| quoted(it)).collect();
            writeln!(out, "# {name}.allow = [{}]", names.join(", "))
        }
    };
    // Writing to a string cannot fail.
    result.unwrap_or_default();
}

/// Text that stays within its comment and shows all that is in it.
fn in_a_comment(text: &str) -> String {
    quoted(text).trim_matches('"').to_owned()
}

/// Digits with TOML's separators; beyond its 64 bits as text.
fn amount(count: u128) -> String {
    let digits = crate::units::grouped(&count.to_string()).replace(',', "_");
    match i64::try_from(count) {
        Ok(_) => digits,
        Err(_) => format!("\"{digits}\""),
    }
}

/// The layer with the most parameters.
fn heaviest(model: &Model<'_>) -> Option<(String, String)> {
    let counted = model.layers.iter().filter_map(|it| {
        let count = it.of(super::layers::Field::Params)?.count()?;
        Some((it, count))
    });
    let (layer, count) = counted.max_by_key(|it| it.1).filter(|it| it.1 > 0)?;
    Some((layer.name.clone(), amount(count)))
}
