//! The sizes of the model's inputs: as given, as declared, or assumed.

use std::collections::{BTreeMap, BTreeSet};

use super::{Input, Sizes, SizesError};
use crate::finding::Finding;
use crate::network::{Declared, Network, ValueId};
use crate::op::Value;
use crate::tensor::{Dim, Expr, Shape};

/// What the inputs were taken as.
#[derive(Debug, Default)]
pub(super) struct Bound {
    /// A value for each input of the main graph.
    pub(super) values: Vec<(ValueId, Value)>,
    /// The same for the report.
    pub(super) inputs: Vec<Input>,
    /// Sizes of the inputs' named dimensions, as far as they are settled.
    pub(super) dims: BTreeMap<String, u64>,
    /// Every name of a dimension of an input.
    pub(super) names: BTreeSet<String>,
    /// Conflicts among the given sizes.
    pub(super) findings: Vec<Finding>,
    /// Whether a given size contradicts a fixed one, so that declared sizes inside no longer hold.
    pub(super) overridden: bool,
}

/// Settles the sizes of every input of the main graph.
///
/// # Errors
/// [`SizesError`] where a given name or number of sizes fits no input.
pub(super) fn bind(network: &Network, sizes: &Sizes) -> Result<Bound, SizesError> {
    let mut bound = Bound {
        names: names(network),
        ..Bound::default()
    };
    for (name, size) in &sizes.dims {
        if !bound.names.contains(name) {
            let dims = listed(bound.names.iter().cloned());
            return Err(SizesError::UnknownDim {
                name: name.clone(),
                dims,
            });
        }
        bound.dims.insert(name.clone(), *size);
    }
    let mut given = BTreeMap::new();
    for (name, shape) in &sizes.inputs {
        let shape = with_batch(network, shape);
        let value = find(network, name.as_deref(), &shape)?;
        match given.insert(value, shape.clone()) {
            Some(other) if other != shape => {
                return Err(SizesError::InputTwice {
                    name: network.value(value).name.to_string(),
                    sizes: joined(&shape),
                    other: joined(&other),
                });
            }
            _ => {}
        }
    }
    for (value, shape) in &given {
        bound.give(network, *value, shape);
    }
    bound.assume_batch(network, &given);
    for value in network.main().map_or(&[][..], |it| &it.inputs) {
        bound.settle(network, *value, given.get(value));
    }
    Ok(bound)
}

/// Those of `sizes` that concern `network`: of inputs and dimensions that it has. Sizes without a name concern
/// it where one of its inputs has that many axes.
#[must_use]
pub fn concerning(network: &Network, sizes: &Sizes) -> Sizes {
    let names = names(network);
    let is_here = |(name, shape): &&(Option<String>, Vec<u64>)| match find(
        network,
        name.as_deref(),
        &with_batch(network, shape),
    ) {
        Ok(_) => true,
        Err(SizesError::UnknownInput { .. }) => false,
        Err(SizesError::AmbiguousInput { fits, .. }) => fits > 0,
        Err(_) => name.is_some(),
    };
    let dims = sizes.dims.iter().filter(|it| names.contains(it.0));
    Sizes {
        inputs: sizes.inputs.iter().filter(is_here).cloned().collect(),
        dims: dims.map(|(name, size)| (name.clone(), *size)).collect(),
    }
}

fn declared(network: &Network, value: ValueId) -> Option<&Declared> {
    network.value(value).declared.as_ref()
}

fn dims(network: &Network, value: ValueId) -> Option<&[Dim]> {
    declared(network, value)?.dims.as_deref()
}

/// A network that came without a graph has one input with a batch of 1, which may be left out.
fn with_batch(network: &Network, sizes: &[u64]) -> Vec<u64> {
    let inputs = network.main().map_or(&[][..], |it| &it.inputs);
    let lacks = match inputs {
        [only] if network.facts.format == "safetensors" => {
            let rank = dims(network, *only).map(<[Dim]>::len);
            rank == sizes.len().checked_add(1)
        }
        _ => false,
    };
    let batch = lacks.then_some(1);
    batch.into_iter().chain(sizes.iter().copied()).collect()
}

/// Names of the inputs' open dimensions.
fn names(network: &Network) -> BTreeSet<String> {
    let inputs = network.main().map_or(&[][..], |it| &it.inputs);
    let dims = inputs.iter().filter_map(|it| dims(network, *it)).flatten();
    let name = |dim: &Dim| match dim {
        Dim::Symbolic(name) => Some(name.to_string()),
        _ => None,
    };
    dims.filter_map(name).collect()
}

/// Errors list so many names.
const MOST_LISTED: usize = 10;

/// The first ten names, and how many more there are.
pub(crate) fn listed(names: impl ExactSizeIterator<Item = String>) -> String {
    let more = names.len().saturating_sub(MOST_LISTED);
    let mut names: Vec<String> = names.take(MOST_LISTED).collect();
    match (names.len(), more) {
        (0, _) => return "none".to_owned(),
        (_, 0) => {}
        _ => names.push(format!("{more} more")),
    }
    names.join(", ")
}

/// The input that given sizes are meant for.
fn find(network: &Network, name: Option<&str>, sizes: &[u64]) -> Result<ValueId, SizesError> {
    let inputs = network.main().map_or(&[][..], |it| &it.inputs);
    let listed = || listed(inputs.iter().map(|it| described(network, *it)));
    let rank = |it: &ValueId| dims(network, *it).map(<[Dim]>::len);
    let found = if let Some(name) = name {
        inputs
            .iter()
            .find(|it| &*network.value(**it).name == name)
            .copied()
            .ok_or_else(|| SizesError::UnknownInput {
                name: name.to_owned(),
                inputs: listed(),
            })?
    } else {
        let fits = |it: &ValueId| rank(it) == Some(sizes.len());
        let fitting: Vec<ValueId> = inputs.iter().copied().filter(fits).collect();
        match (inputs, fitting.as_slice()) {
            ([only], _) | (_, [only]) => *only,
            _ => {
                let sizes = joined(sizes);
                return Err(SizesError::AmbiguousInput {
                    sizes,
                    fits: fitting.len(),
                    inputs: listed(),
                });
            }
        }
    };
    match rank(&found) {
        Some(expected) if expected != sizes.len() => Err(SizesError::Rank {
            name: network.value(found).name.to_string(),
            expected,
            sizes: joined(sizes),
            found: sizes.len(),
        }),
        _ => Ok(found),
    }
}

fn joined(sizes: &[u64]) -> String {
    sizes
        .iter()
        .map(u64::to_string)
        .collect::<Vec<_>>()
        .join("x")
}

/// `"data" (batch×3×height×width)`.
fn described(network: &Network, value: ValueId) -> String {
    let name = &network.value(value).name;
    match dims(network, value) {
        Some(dims) => format!("{name:?} ({})", Shape(dims.to_vec())),
        None => format!("{name:?} (no shape)"),
    }
}

impl Bound {
    /// Takes the sizes of one given input, and the names of its dimensions with them.
    fn give(&mut self, network: &Network, value: ValueId, sizes: &[u64]) {
        let name = network.value(value).name.to_string();
        let Some(declared) = dims(network, value) else {
            return;
        };
        for (dim, size) in declared.iter().zip(sizes) {
            match dim {
                Dim::Known(fixed) if fixed != size => {
                    self.overridden = true;
                    let message = format!(
                        "a size of input {name:?} is {fixed} in the file and was given as {size}"
                    );
                    self.findings
                        .push(Finding::about("input-override", &name, message));
                }
                Dim::Symbolic(dim) => self.name(&name, dim, *size),
                _ => {}
            }
        }
    }

    fn name(&mut self, input: &str, dim: &Expr, size: u64) {
        let dim = dim.to_string();
        match self.dims.get(&dim) {
            Some(other) if *other != size => {
                let message =
                    format!("dimension {dim:?} is {other} elsewhere and {size} in input {input:?}");
                self.findings
                    .push(Finding::about("dim-conflict", input, message));
            }
            Some(_) => {}
            None => {
                self.dims.insert(dim, size);
            }
        }
    }

    /// An open first size of an input of two or more axes is a batch of 1, wherever its name stands.
    fn assume_batch(&mut self, network: &Network, given: &BTreeMap<ValueId, Vec<u64>>) {
        for value in network.main().map_or(&[][..], |it| &it.inputs) {
            let first = match dims(network, *value) {
                Some([Dim::Symbolic(first), _, ..]) if !given.contains_key(value) => {
                    first.to_string()
                }
                _ => continue,
            };
            self.dims.entry(first).or_insert(1);
        }
    }

    fn settle(&mut self, network: &Network, value: ValueId, given: Option<&Vec<u64>>) {
        let info = network.value(value);
        let declared = info.declared.clone().unwrap_or_default();
        let shape = match (given, &declared.dims) {
            (Some(sizes), _) => Some(Shape::known(sizes)),
            (None, Some(dims)) => Some(self.taken(dims)),
            (None, None) => None,
        };
        self.inputs.push(Input {
            name: info.name.to_string(),
            data_type: declared.data_type,
            declared: declared.dims.clone(),
            shape: shape.clone().filter(|_| !declared.container),
        });
        let note = note(&info.name, shape.as_ref(), declared.container);
        let shape = shape.filter(|_| !declared.container);
        self.values.push((
            value,
            Value {
                data_type: declared.data_type,
                shape,
                note,
                ..Value::default()
            },
        ));
    }

    fn taken(&self, dims: &[Dim]) -> Shape {
        let taken = |(at, dim): (usize, &Dim)| match dim {
            Dim::Symbolic(name) => self
                .dims
                .get(&name.to_string())
                .map_or_else(|| dim.clone(), |it| Dim::Known(*it)),
            Dim::Unknown if at == 0 && dims.len() > 1 => Dim::Known(1),
            other => other.clone(),
        };
        dims.iter().enumerate().map(taken).collect()
    }
}

/// A dimension's name as a word to be replaced: one that a shell and `--input` take in one piece.
fn pasted(name: &str) -> String {
    let letter = |it: char| if it.is_alphanumeric() { it } else { '_' };
    name.chars().map(letter).collect()
}

/// An argument in quotes where a shell would take it apart.
fn argument(text: &str) -> String {
    let plain = |it: char| it.is_alphanumeric() || "_=./:-?".contains(it);
    if text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// Why sizes that depend on this input are open, and the flag that settles them.
fn note(name: &str, shape: Option<&Shape>, container: bool) -> Option<std::sync::Arc<str>> {
    let text = match shape {
        _ if container => format!("input {name:?} is no tensor"),
        None => format!(
            "input {name:?} has no shape in the file; give --input {} or what it takes",
            argument(&format!("{name}=1x3x224x224"))
        ),
        Some(shape) if shape.sizes().is_some() => return None,
        Some(shape) => {
            let placeholder = |dim: &Dim| match dim {
                Dim::Known(size) => size.to_string(),
                Dim::Symbolic(name) => pasted(&name.to_string().to_uppercase()),
                Dim::Unknown => "?".to_owned(),
            };
            let sizes: Vec<String> = shape.0.iter().map(placeholder).collect();
            format!(
                "input {name:?} leaves sizes open; give --input {}",
                argument(&format!("{name}={}", sizes.join("x")))
            )
        }
    };
    Some(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Expr;

    #[test]
    fn the_flag_that_settles_a_size_can_be_pasted() {
        let open = |name: &str| Shape(vec![Dim::Known(3), Dim::Symbolic(Expr::name(name))]);
        let cases = [
            ("x", "width", "give --input x=3xWIDTH"),
            ("x", "my width", "give --input x=3xMY_WIDTH"),
            ("my x", "width", "give --input 'my x=3xWIDTH'"),
            ("it's", "width", "give --input 'it'\\''s=3xWIDTH'"),
        ];
        for (name, dim, expected) in cases {
            let note = note(name, Some(&open(dim)), false).unwrap();
            assert!(note.ends_with(expected), "{note}");
        }
    }
}
