//! Which source is asked for a geometry, in which order, and what its answer makes of the network.

use std::path::{Path, PathBuf};

use super::beside::{self, Beside};
use super::build::{self, PlanError};
use super::source::{Answer, Asked, SOURCES};
use super::tensors::Tensors;
use super::{Layout, Plan};
use super::{graph as graphs, unknown};
use crate::finding::Finding;
use crate::network::{Claim, GeometryFacts, GeometrySource, Network};

/// What a user says about a network's geometry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `--geometry`: a geometry file.
    pub file: Option<PathBuf>,
    /// `--graph`: a file whose graph is put over the tensors.
    pub graph: Option<PathBuf>,
    /// `--output-size`: spatial output sizes of single convolutions, by name.
    pub output_sizes: Vec<(String, Vec<u64>)>,
    /// `--layout`: in which order weights are kept.
    pub layout: Option<Layout>,
    /// Channels and spatial sizes of the input, from `--input`; a batch may stand before them.
    pub input: Option<Vec<u64>>,
}

/// Why a geometry that was asked for cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GeometryError {
    /// A geometry file is broken, or does not fit the model.
    #[error("{}{}: {message}", .file, .line.map_or(String::new(), |it| format!(":{it}")))]
    File {
        /// The file, as it was given.
        file: String,
        /// Its line, counted from 1.
        line: Option<usize>,
        /// What is wrong.
        message: String,
    },
    /// A given output size fits nothing in the model.
    #[error("--output-size {name}={sizes}: {message}")]
    OutputSize {
        /// As it was given.
        name: String,
        /// As it was given: `13x13`.
        sizes: String,
        /// What is wrong.
        message: String,
    },
    /// A graph cannot be had, or is another network's.
    #[error("{0}")]
    Graph(String),
    /// The model has a graph of its own.
    #[error("{0} is for models without a graph, and this one has its own")]
    OwnGraph(&'static str),
}

/// What `--input` gave for the one input of a network that came without a graph.
#[must_use]
pub fn given_input(inputs: &[(Option<String>, Vec<u64>)]) -> Option<Vec<u64>> {
    let named = |it: &&(Option<String>, Vec<u64>)| it.0.as_deref().is_none_or(|it| it == "input");
    inputs.iter().find(named).map(|it| it.1.clone())
}

/// `[1, 3, 224, 224]` as `[3, 224, 224]`, for the axes that the convolutions have.
fn without_batch(sizes: &[u64], tensors: &Tensors) -> Vec<u64> {
    let rank = tensors.convs.first().map_or(4, |it| it.shape.len());
    match sizes {
        [_, rest @ ..] if sizes.len() == rank => rest.to_vec(),
        sizes => sizes.to_vec(),
    }
}

/// Whether this network came without a graph, so that its geometry has to be settled.
#[must_use]
pub fn is_open(network: &Network) -> bool {
    network.facts.format == "safetensors" && network.nodes.is_empty()
}

/// Gives a network that came without a graph one, by the first source that knows it, and says which that
/// was. `model` is the file that it was read from. A network with a graph is left as it is; the plan that
/// was built is handed back.
///
/// # Errors
/// [`GeometryError`] where something that was asked for by name cannot be had.
pub fn settle(
    network: &mut Network,
    model: Option<&Path>,
    options: &Options,
) -> Result<Option<Plan>, GeometryError> {
    if !is_open(network) {
        return own_graph(options).map(|()| None);
    }
    let tensors = Tensors::of(network, options.layout);
    let input = options.input.as_ref();
    let options = &Options {
        input: input.map(|it| without_batch(it, &tensors)),
        ..options.clone()
    };
    if let Some(graph) = options.graph.as_ref().filter(|_| options.file.is_none()) {
        return over_graph(network, &tensors, graph, model, options).map(|()| None);
    }
    by_sources(network, tensors, model, options)
}

/// Asks every source in turn.
fn by_sources(
    network: &mut Network,
    tensors: Tensors,
    model: Option<&Path>,
    options: &Options,
) -> Result<Option<Plan>, GeometryError> {
    let mut beside = beside::look(model, &network.metadata);
    if options.input.is_some() {
        beside.hints.input.clone_from(&options.input);
        beside.input_from = None;
    }
    let mut findings = tensors.findings.clone();
    findings.append(&mut beside.findings);
    let mut built = None;
    for source in SOURCES {
        let asked = Asked {
            network,
            tensors: &tensors,
            model,
            options,
            beside: &beside,
        };
        let answer = match (source.ask)(&asked) {
            Ok(None) => continue,
            Ok(Some(mut answer)) => {
                findings.append(&mut answer.findings);
                let plan = take(network, &tensors, &answer, &beside, options);
                plan.map(|it| (answer.facts, it))
            }
            Err(error) => Err(error),
        };
        match answer {
            Ok(answer) => {
                built = Some(answer);
                break;
            }
            Err(error) if source.by_name => return Err(error),
            Err(error) => findings.push(Finding::general("neighbour", error.to_string())),
        }
    }
    let (mut facts, plan) = match built {
        Some(built) => built,
        None => (unsettled(), nothing(network, &tensors, options)?),
    };
    pin_outputs(network, &tensors, options, &mut facts)?;
    if facts.claim == Claim::Unknown {
        facts.hints = unknown::hints(&tensors);
    }
    network.facts.geometry = facts;
    network.facts.weight_layout = Some(tensors.layout_facts);
    network.roles = tensors.roles;
    network.findings.extend(findings);
    Ok(plan)
}

/// Puts the graph of another file over the tensors.
fn over_graph(
    network: &mut Network,
    tensors: &Tensors,
    graph: &Path,
    model: Option<&Path>,
    options: &Options,
) -> Result<(), GeometryError> {
    let bound = graphs::over(network, tensors, graph, model);
    let mut bound = bound.map_err(GeometryError::Graph)?;
    let mut facts = std::mem::take(&mut bound.facts.geometry);
    pin_outputs(&mut bound, tensors, options, &mut facts)?;
    bound.facts.geometry = facts;
    bound.facts.weight_layout = Some(tensors.layout_facts.clone());
    *network = bound;
    Ok(())
}

/// A network with a graph takes no other.
fn own_graph(options: &Options) -> Result<(), GeometryError> {
    let flags = [
        ("--geometry", options.file.is_some()),
        ("--graph", options.graph.is_some()),
        ("--output-size", !options.output_sizes.is_empty()),
        ("--layout", options.layout.is_some()),
    ];
    match flags.into_iter().find(|it| it.1) {
        Some((flag, _)) => Err(GeometryError::OwnGraph(flag)),
        None => Ok(()),
    }
}

fn unsettled() -> GeometryFacts {
    GeometryFacts {
        source: GeometrySource::None,
        claim: Claim::Unknown,
        ..GeometryFacts::default()
    }
}

/// Builds an answer's plan; on failure the network is as it was.
fn take(
    network: &mut Network,
    tensors: &Tensors,
    answer: &Answer,
    beside: &Beside,
    options: &Options,
) -> Result<Option<Plan>, GeometryError> {
    let Some(plan) = &answer.plan else {
        return nothing(network, tensors, options);
    };
    let mut plan = plan.clone();
    let known = options.input.clone().or(plan.input.take());
    plan.input = known.or_else(|| beside.hints.input.clone());
    let mut draft = network.clone();
    let built = build::build(
        &mut draft,
        tensors,
        &plan,
        None,
        &answer.by,
        unknown::NOT_NAMED,
    );
    match built {
        Ok(()) => {
            *network = draft;
            Ok(Some(plan))
        }
        Err(PlanError { at, message }) => Err(GeometryError::File {
            file: answer.by.clone(),
            line: at,
            message,
        }),
    }
}

/// Every convolution by itself.
fn nothing(
    network: &mut Network,
    tensors: &Tensors,
    options: &Options,
) -> Result<Option<Plan>, GeometryError> {
    let input = options.input.as_deref();
    let plan = Plan::default();
    let built = build::build(network, tensors, &plan, input, "", unknown::WHY);
    // A plan without lines has none that could be wrong.
    built.map_err(|error| GeometryError::File {
        file: String::new(),
        line: None,
        message: error.message,
    })?;
    Ok(None)
}

/// `--output-size`, which comes last and is believed.
fn pin_outputs(
    network: &mut Network,
    tensors: &Tensors,
    options: &Options,
    facts: &mut GeometryFacts,
) -> Result<(), GeometryError> {
    for (name, sizes) in &options.output_sizes {
        let fault = |message: String| GeometryError::OutputSize {
            name: name.clone(),
            sizes: sizes
                .iter()
                .map(u64::to_string)
                .collect::<Vec<_>>()
                .join("x"),
            message,
        };
        if let Some(conv) = tensors.conv(name) {
            let axes = conv.shape.len().saturating_sub(2);
            if axes != sizes.len() {
                return Err(fault(format!("{name} has {axes} spatial axes")));
            }
        }
        if !build::pin(network, name, sizes, "--output-size") {
            let names = tensors.convs.iter().map(|it| it.module.as_str());
            let close = crate::finding::similar(name, names);
            return Err(fault(format!("no conv named {name:?}{close}")));
        }
        if facts.source == GeometrySource::None {
            facts.source = GeometrySource::Out;
        }
    }
    let open = |it: &crate::network::Node| {
        let conv = crate::op::conv::find(&it.domain, &it.op_type).is_some();
        let output = it.outputs.first().copied().flatten();
        conv && output.is_none_or(|it| !network.pinned.contains_key(&it))
    };
    if facts.source == GeometrySource::Out && !network.nodes.iter().any(open) {
        facts.claim = Claim::Exact;
    }
    Ok(())
}
