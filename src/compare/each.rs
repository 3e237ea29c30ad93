//! Inspecting several models with one set of options, each with those that concern it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rayon::prelude::*;

use crate::infer::{Sizes, concerning};
use crate::read::Model;
use crate::{Error, Inspection, Options, geometry, inspect_model, settle, unsettled};

/// An option that concerns none of the models.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unused {
    /// An input's name.
    #[error("no model has an input named {name:?}; the inputs are {inputs}")]
    Input {
        /// As it was given.
        name: String,
        /// The ones there are.
        inputs: String,
    },
    /// Sizes without a name.
    #[error("no model has an input that {sizes} fits; the inputs are {inputs}")]
    Sizes {
        /// As they were given.
        sizes: String,
        /// The ones there are.
        inputs: String,
    },
    /// A dimension's name.
    #[error("no model has a dimension named {name:?}")]
    Dim {
        /// As it was given.
        name: String,
    },
    /// A geometry option.
    #[error("{0} is for models without a graph, and each of these has its own")]
    Geometry(&'static str),
}

/// Errors list so many names and say how many more there are.
const MOST_LISTED: usize = 10;

/// What of the options concerned a model so far.
#[derive(Debug, Default)]
struct Taken {
    inputs: Vec<(Option<String>, Vec<u64>)>,
    dims: BTreeSet<String>,
    /// Names of the models' inputs.
    names: BTreeSet<String>,
    /// Whether any model could be read at all.
    read: bool,
    /// Whether any came without a graph.
    open: bool,
}

/// Inspects every model, as many side by side as there are cores, and hands each with its answer to `then` at
/// once, so that no more than what `then` keeps of it stays in memory. Sizes and geometry are given to each model that
/// has what they are of.
///
/// # Errors
/// [`Unused`] where an option concerns none of the models that could be read.
pub fn open_each<T: Send>(
    paths: &[PathBuf],
    options: &Options,
    then: impl Fn(&Path, Result<(Model, Inspection), Error>) -> T + Sync,
) -> Result<Vec<T>, Unused> {
    let taken = Mutex::new(Taken::default());
    let one = |path: &PathBuf| then(path, inspect(path, options, &taken));
    let answers = paths.par_iter().map(one).collect();
    let taken = taken.into_inner();
    let taken = taken.unwrap_or_else(std::sync::PoisonError::into_inner);
    taken.check(options).map(|()| answers)
}

fn inspect(
    path: &Path,
    options: &Options,
    taken: &Mutex<Taken>,
) -> Result<(Model, Inspection), Error> {
    let mut model = unsettled(path, options)?;
    let open = geometry::is_open(&model.network);
    let mut own = options.clone();
    if !open {
        own.geometry = geometry::Options::default();
    }
    settle(&mut model, &own)?;
    own.sizes = concerning(&model.network, &options.sizes);
    let inputs = model.network.main().map_or(&[][..], |it| &it.inputs);
    let names = inputs.iter().map(|it| &model.network.value(*it).name);
    taken
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .add(&own.sizes, names.map(|it| format!("{it:?}")), open);
    let inspection = inspect_model(&model, &path.to_string_lossy(), &own, &|_| {})?;
    Ok((model, inspection))
}

impl Taken {
    fn add(&mut self, sizes: &Sizes, names: impl Iterator<Item = String>, open: bool) {
        self.read = true;
        self.open |= open;
        self.inputs.extend(sizes.inputs.iter().cloned());
        self.dims.extend(sizes.dims.keys().cloned());
        // One more than is listed, so that it is known whether there are more.
        self.names.extend(names.take(MOST_LISTED + 1));
    }

    fn check(&self, options: &Options) -> Result<(), Unused> {
        if !self.read {
            return Ok(());
        }
        let mut inputs = options.sizes.inputs.iter();
        if let Some((name, shape)) = inputs.find(|it| !self.inputs.contains(it)) {
            let inputs = self.listed();
            return Err(match name.clone() {
                Some(name) => Unused::Input { name, inputs },
                None => Unused::Sizes {
                    sizes: spelled(shape),
                    inputs,
                },
            });
        }
        if let Some(name) = options
            .sizes
            .dims
            .keys()
            .find(|it| !self.dims.contains(*it))
        {
            return Err(Unused::Dim { name: name.clone() });
        }
        let geometry = &options.geometry;
        let asked = [
            ("--geometry", geometry.file.is_some()),
            ("--graph", geometry.graph.is_some()),
            ("--output-size", !geometry.output_sizes.is_empty()),
            ("--layout", geometry.layout.is_some()),
        ];
        match asked.iter().find(|it| it.1 && !self.open) {
            Some((flag, _)) => Err(Unused::Geometry(flag)),
            None => Ok(()),
        }
    }

    fn listed(&self) -> String {
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        let more = if names.len() > MOST_LISTED {
            ", …"
        } else {
            ""
        };
        let first: Vec<&str> = names.iter().copied().take(MOST_LISTED).collect();
        format!("{}{more}", first.join(", "))
    }
}

fn spelled(shape: &[u64]) -> String {
    let sizes: Vec<String> = shape.iter().map(u64::to_string).collect();
    sizes.join("x")
}
