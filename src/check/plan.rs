//! Which files are checked, and what each may cost: the configuration, the named files, the flags.

use std::fs;
use std::path::{Path, PathBuf};

use super::budget::{Budget, Pattern};
use super::config::Config;
use crate::infer::Sizes;

/// Where paths are seen from.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The folder of the configuration, or else of the baseline, from the working directory; may be empty.
    pub root: PathBuf,
}

/// What the command line says over the configuration, for every model.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Budgets.
    pub budget: Budget,
    /// Sizes.
    pub sizes: Sizes,
}

/// A model to inspect and check.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Where it is, from the working directory; as reports show it.
    pub path: PathBuf,
    /// Its path from the configuration's folder, with `/`: its name in the baseline.
    pub key: String,
    /// What it may cost.
    pub budget: Budget,
    /// Sizes of its inputs.
    pub sizes: Sizes,
    /// Whether the configuration lists it.
    pub listed: bool,
    /// Why there is no such file.
    pub error: Option<String>,
}

/// Plans a check of the models that were named, or else of every model of the configuration, each once
/// and in that order. A pattern that matches no file is an entry with an error.
#[must_use]
pub fn plan(
    config: Option<&Config>,
    place: &Place,
    named: &[PathBuf],
    overrides: &Overrides,
) -> Vec<Planned> {
    let mut files: Vec<(PathBuf, String, Option<String>)> = Vec::new();
    for path in named {
        files.push((path.clone(), place.key(path), None));
    }
    for entry in config
        .iter()
        .flat_map(|it| &it.models)
        .filter(|_| named.is_empty())
    {
        let found = place.expand(&entry.path);
        if found.is_empty() {
            let text = entry.path.text.clone();
            let error = "no file matches it".to_owned();
            files.push((place.root.join(&text), text, Some(error)));
        }
        for key in found {
            files.push((place.root.join(&key), key, None));
        }
    }
    let mut planned: Vec<Planned> = Vec::new();
    for (path, key, error) in files {
        if planned.iter().all(|it| it.key != key) {
            planned.push(place.planned(config, path, key, error, overrides));
        }
    }
    planned
}

/// The files that a path with `*`, `?`, `[a-c]` or `{a,b}` in it means, from the working directory, sorted; the
/// path itself where there is such a file.
///
/// # Errors
/// What is wrong with the pattern.
pub fn matching(pattern: &str) -> Result<Vec<PathBuf>, String> {
    let found = Place::default().expand(&Pattern::path(pattern)?);
    Ok(found.into_iter().map(PathBuf::from).collect())
}

impl Place {
    fn planned(
        &self,
        config: Option<&Config>,
        path: PathBuf,
        key: String,
        error: Option<String>,
        overrides: &Overrides,
    ) -> Planned {
        let mut budget = config.map(|it| it.defaults.clone()).unwrap_or_default();
        let mut sizes = Sizes::default();
        let mut listed = false;
        let entries = config.iter().flat_map(|it| &it.models);
        for entry in entries.filter(|it| self.is_meant(&it.path, &key, &path)) {
            listed = true;
            budget.refine(&entry.budget);
            refine(&mut sizes, &entry.sizes);
        }
        budget.refine(&overrides.budget);
        refine(&mut sizes, &overrides.sizes);
        Planned {
            path,
            key,
            budget,
            sizes,
            listed,
            error,
        }
    }

    fn is_meant(&self, pattern: &Pattern, key: &str, path: &Path) -> bool {
        let same_file = || {
            let meant = fs::canonicalize(self.root.join(&pattern.text)).ok();
            meant.is_some() && meant == fs::canonicalize(path).ok()
        };
        pattern.matches(key) || (!pattern.is_glob() && same_file())
    }

    /// A file's path from the root, with `/`; as it was given where it lies elsewhere.
    #[must_use]
    pub fn key(&self, path: &Path) -> String {
        let root = if self.root.as_os_str().is_empty() {
            Path::new(".")
        } else {
            &self.root
        };
        // A link keeps its name; only the folders are followed.
        let parent = path.parent().filter(|it| !it.as_os_str().is_empty());
        let parent = fs::canonicalize(parent.unwrap_or(Path::new(".")));
        let inside = parent.ok().zip(fs::canonicalize(root).ok());
        let inside = inside.and_then(|(parent, root)| {
            let full = parent.join(path.file_name()?);
            full.strip_prefix(root).ok().map(slashed)
        });
        inside.unwrap_or_else(|| slashed(path))
    }

    /// The files that a pattern means, by their paths from the root, sorted.
    fn expand(&self, pattern: &Pattern) -> Vec<String> {
        let literal = self.root.join(&pattern.text);
        if !pattern.is_glob() || literal.exists() {
            return if literal.exists() {
                vec![pattern.text.clone()]
            } else {
                vec![]
            };
        }
        let fixed: Vec<&str> = pattern
            .text
            .split('/')
            .take_while(|it| !it.contains(['*', '?', '[', '{']))
            .collect();
        let depth = if pattern.text.contains("**") {
            MOST_FOLDERS
        } else {
            pattern.text.split('/').count()
        };
        let mut found = Vec::new();
        self.walk(
            &fixed.join("/"),
            pattern,
            depth.saturating_sub(fixed.len()),
            &mut found,
        );
        found.sort();
        found
    }

    fn walk(&self, folder: &str, pattern: &Pattern, depth: usize, found: &mut Vec<String>) {
        let path = self.root.join(folder);
        let path = if path.as_os_str().is_empty() {
            PathBuf::from(".")
        } else {
            path
        };
        for entry in path.read_dir().into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let key = if folder.is_empty() {
                name.clone()
            } else {
                format!("{folder}/{name}")
            };
            if name.starts_with('.') && !pattern.text.contains("/.") {
                continue;
            }
            // Links to folders are not followed: they can lead around in a circle.
            if entry.file_type().is_ok_and(|it| it.is_dir()) {
                if depth > 1 {
                    self.walk(&key, pattern, depth - 1, found);
                }
            } else if pattern.matches(&key) && entry.path().is_file() {
                found.push(key);
            }
        }
    }
}

/// Folders below one another that a `**` looks into.
const MOST_FOLDERS: usize = 32;

fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// Takes what `other` says over what stands here.
fn refine(sizes: &mut Sizes, other: &Sizes) {
    for (name, shape) in &other.inputs {
        sizes.inputs.retain(|it| it.0 != *name);
        sizes.inputs.push((name.clone(), shape.clone()));
    }
    let dims = other.dims.iter().map(|(name, size)| (name.clone(), *size));
    sizes.dims.extend(dims);
}
