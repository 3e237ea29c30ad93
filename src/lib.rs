//! Inspects ONNX and safetensors model files: every convolution and pool, what weight sharing saves in each, and proof by
//! running one. Numbers are exact, what cannot be known is said with its reason, and a weight's bytes are
//! read only to run a layer.
//!
//! ```
//! use cnninspect::account::Layer;
//! use cnninspect::{Options, inspect};
//!
//! let report = inspect("fixtures/alexnet-2012.onnx", &Options::default())?;
//! let Some(Layer::Conv(conv1)) = report.layers.first() else { panic!("no convolution") };
//! // 96 filters of 11 · 11 · 3 weights and a bias, shared by 55 · 55 places or not.
//! assert_eq!(conv1.params.shared.unwrap().0, 96 * (11 * 11 * 3 + 1));
//! assert_eq!(conv1.params.unshared.unwrap().0, 55 * 55 * 96 * (11 * 11 * 3 + 1));
//! # Ok::<(), cnninspect::Error>(())
//! ```
//!
//! # How data flows: a room imports only from rooms above it
//!
//! ```text
//! source → read → network → (geometry) → infer → account → verify | check | compare → render → main
//! ```
//!
//! | room | what it does |
//! |---|---|
//! | [`units`] | exact counts, and how they print |
//! | [`source`] | positioned reads: all that is needed of a file |
//! | [`tensor`] | element types, sizes that may be open, stored tensors |
//! | [`finding`] | what is said about a model beside its numbers |
//! | [`op`] | operators by family: attributes, shape rules, geometry |
//! | [`network`] | the one format-neutral model |
//! | [`read`] | bytes → network: the ONNX skeleton reader, safetensors headers, exported programs, external data |
//! | [`geometry`] | a graph for a network that came without one: geometry files, recipes, another file's graph |
//! | [`infer`] | network + given sizes → shapes |
//! | [`account`] | network + shapes → rows, roles, totals, findings |
//! | [`verify`] | network + shapes + weight bytes → what running a layer showed; the only room that knows candle |
//! | [`mod@explain`] | account + geometry → how a layer's numbers come about, step by step |
//! | [`sweep`] | network + a list of sizes → sums and rows at each |
//! | [`check`] | inspections + budgets + baseline → verdicts |
//! | [`compare`] | several inspections → one beside the other |
//! | [`render`] | an inspection or a report → table, JSON, Markdown, CSV, … |
//!
//! # Invariants
//!
//! - Only reading can fail on a file's account. Inference and accounting return gaps as data, so one odd
//!   node never hides the other hundred.
//! - Every element of every stored tensor is booked in exactly one role.
//! - `stored` comes from the tensors and `shared` from the geometry, and neither is computed from the other.
//! - No step takes memory or time out of proportion to the file: nesting, inlining and the elements carried
//!   along in shape inference have limits, and what lies beyond one is a gap.
//! - Nothing panics on a file's account, and there is no `unsafe`.
//!
//! # Errors, units, tests
//!
//! An error says what and both numbers; its caller adds where, `main` adds the file. Counts are `u128` with
//! checked products, per sample. Expected numbers in tests come from ONNX Runtime, PyTorch, ONNX's own test
//! data, or arithmetic written beside them, never from this crate.
#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::as_conversions
    )
)]

pub mod units;

pub mod source;

pub mod tensor;

pub mod finding;

pub mod op;

pub mod network;

pub mod read;

pub mod geometry;

pub mod infer;

pub mod account;

pub mod verify;

pub mod explain;

pub mod sweep;

pub mod check;

pub mod compare;

pub mod render;

use std::io;
use std::path::{Path, PathBuf};

use account::{Account, Layer, Totals};
use explain::{Explanation, Question, QuestionError};
use finding::{Finding, Gap};
use geometry::GeometryError;
use infer::{Input, Shapes, Sizes, SizesError};
use network::{Edges, Facts, Network};
use rayon::prelude::*;
use read::{Model, ReadError};
use verify::{Choice, Limits, ReplicateError, Replication, UnknownLayer, Verification, Watch};

/// How to inspect a model.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Sizes of inputs that the file leaves open, or other ones than it fixes.
    pub sizes: Sizes,
    /// Which convolutions to run.
    pub verify: Choice,
    /// What one layer may need to be run.
    pub limits: Limits,
    /// Whether links that lead out of the model's folder are followed to external data.
    pub allow_links: bool,
    /// What is said about the geometry of a model that comes without a graph.
    pub geometry: geometry::Options,
    /// Which rules are told.
    pub findings: finding::rules::Selection,
    /// Whether each pool tells what the network would cost without it.
    pub without_pools: bool,
}

/// Everything that inspecting one file tells, as plain data.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// The path as it was given; `-` for standard input.
    pub path: String,
    /// What the file says of itself.
    pub facts: Facts,
    /// Bytes of the model file that were read to tell all this, without the weights of layers that were run.
    pub bytes_read: u64,
    /// The model's inputs, as declared and as taken.
    pub inputs: Vec<Input>,
    /// Every node's row, in the file's order.
    pub layers: Vec<Layer>,
    /// Sums over the file.
    pub totals: Totals,
    /// What running convolutions showed.
    pub verification: Vec<Verification>,
    /// What is odd about the model.
    pub warnings: Vec<Finding>,
    /// What could not be told.
    pub gaps: Vec<Gap>,
}

/// Why nothing can be told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no model to read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The geometry that was asked for cannot be had.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
    /// A given size fits nothing in it.
    #[error(transparent)]
    Sizes(#[from] SizesError),
    /// It has no layer of the given name.
    #[error(transparent)]
    Layer(#[from] UnknownLayer),
    /// It has no such layer to explain.
    #[error(transparent)]
    Question(#[from] QuestionError),
    /// A layer's sharing cannot be shown.
    #[error(transparent)]
    Replicate(#[from] ReplicateError),
    /// The file was written to meanwhile.
    #[error("{0}")]
    Changed(io::Error),
}

impl Error {
    /// The next step, where there is one.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Sizes(SizesError::AmbiguousInput { .. }) => {
                Some("write --input NAME=1x3x224x224")
            }
            Self::Replicate(ReplicateError::TooLarge { .. }) => {
                Some("--max-copies lifts the limit, as --max-copies 5G")
            }
            _ => None,
        }
    }
}

/// Inspects one model file, a folder that holds one, or standard input as `-`.
///
/// # Errors
/// [`Error`] where there is no model to read, or a given size or name fits nothing in it. Whatever is odd
/// about the model itself is part of the answer.
pub fn inspect(path: impl AsRef<Path>, options: &Options) -> Result<Inspection, Error> {
    inspect_watched(path, options, &|_| {})
}

/// Inspects as [`inspect`] does, and tells `watch` of the layers that are run meanwhile.
///
/// # Errors
/// As [`inspect`].
pub fn inspect_watched(
    path: impl AsRef<Path>,
    options: &Options,
    watch: &Watch<'_>,
) -> Result<Inspection, Error> {
    let path = path.as_ref();
    let model = open(path, options)?;
    inspect_model(&model, &path.to_string_lossy(), options, watch)
}

/// Inspects several models side by side; the answers stand in the order of the questions.
#[must_use]
pub fn inspect_each(models: &[(PathBuf, Options)]) -> Vec<Result<Inspection, Error>> {
    let models = models.par_iter();
    models
        .map(|(path, options)| inspect(path, options))
        .collect()
}

/// Reads a model, and gives one that comes without a graph its geometry.
///
/// # Errors
/// [`Error`] where there is no model to read, or a geometry that was asked for cannot be had.
pub fn open(path: impl AsRef<Path>, options: &Options) -> Result<Model, Error> {
    let mut model = unsettled(path.as_ref(), options)?;
    settle(&mut model, options)?;
    Ok(model)
}

/// Reads a model as it is.
fn unsettled(path: &Path, options: &Options) -> Result<Model, ReadError> {
    let links = read::Options {
        allow_links: options.allow_links,
    };
    read::open(path, &links)
}

/// Gives a model that comes without a graph its geometry; the plan that it was built from, where there is
/// one.
///
/// # Errors
/// [`Error::Geometry`] where one that was asked for cannot be had.
pub fn settle(model: &mut Model, options: &Options) -> Result<Option<geometry::Plan>, Error> {
    let mut geometry = options.geometry.clone();
    geometry.input = geometry::given_input(&options.sizes.inputs);
    let path = model.path().map(Path::to_owned);
    Ok(geometry::settle(
        &mut model.network,
        path.as_deref(),
        &geometry,
    )?)
}

/// The geometry file of a model: strides, pools and order as a geometry source or its graph tells them, or
/// a form to be filled in where nobody knows.
///
/// # Errors
/// As [`open`], and [`Error::Sizes`].
pub fn geometry_file(path: impl AsRef<Path>, options: &Options) -> Result<String, Error> {
    let path = path.as_ref();
    let mut model = unsettled(path, options)?;
    let by_graph = options.geometry.graph.is_some() && options.geometry.file.is_none();
    let open = geometry::is_open(&model.network) && !by_graph;
    let plan = settle(&mut model, options)?;
    let name = path.file_name().unwrap_or(path.as_os_str());
    let name = name.to_string_lossy();
    if open {
        return Ok(geometry::written(&model.network, plan.as_ref(), &name));
    }
    let edges = model.network.edges();
    let shapes = infer::infer(&model.network, &edges, &options.sizes)?;
    let shape = |value| shapes.value(value).shape.clone();
    let plan = geometry::of_graph(&model.network, &edges, &shape);
    let note = format!("the graph of {name}");
    Ok(geometry::print(&plan, &[note]))
}

/// Inspects a model that is read already; `path` is what the report calls it, `watch` is told of the layers
/// that are run.
///
/// # Errors
/// As [`inspect`].
pub fn inspect_model(
    model: &Model,
    path: &str,
    options: &Options,
    watch: &Watch<'_>,
) -> Result<Inspection, Error> {
    let network = &model.network;
    let (edges, shapes, mut account) = accounted(network, options)?;
    if options.without_pools {
        account::without_pools(network, &edges, &shapes, &mut account);
    }
    // Weights that are read to run a layer come on top.
    let bytes_read = model.bytes_read();
    let verification = with_weights(model, &edges, &shapes, |subject| {
        let (convs, limits) = (account.convs(), &options.limits);
        verify::verify(subject, &convs, &options.verify, limits, watch)
    })?;
    model.check_unchanged().map_err(Error::Changed)?;
    let mut warnings = network.findings.clone();
    warnings.extend(shapes.findings);
    warnings.extend(account.findings);
    options.findings.apply(&mut warnings);
    Ok(Inspection {
        path: path.to_owned(),
        facts: network.facts.clone(),
        bytes_read,
        inputs: shapes.inputs,
        layers: account.layers,
        totals: account.totals,
        verification,
        warnings,
        gaps: account.gaps,
    })
}

/// A network's edges, shapes and account.
fn accounted(network: &Network, options: &Options) -> Result<(Edges, Shapes, Account), SizesError> {
    let edges = network.edges();
    let shapes = infer::infer(network, &edges, &options.sizes)?;
    let account = account::account(network, &edges, &shapes);
    Ok((edges, shapes, account))
}

/// Shows what sharing is in `layer`, built as a locally connected layer of at most `most` weights.
///
/// # Errors
/// As [`inspect`], and where the layer is too large or cannot be run.
pub fn replicate(
    path: impl AsRef<Path>,
    options: &Options,
    layer: &str,
    most: u128,
) -> Result<Replication, Error> {
    let model = open(path, options)?;
    let network = &model.network;
    let (edges, shapes, account) = accounted(network, options)?;
    let shown = with_weights(&model, &edges, &shapes, |subject| {
        let convs = account.convs();
        verify::replicate(subject, &convs, layer, &options.limits, most)
    })?;
    model.check_unchanged().map_err(Error::Changed)?;
    Ok(shown)
}

/// Explains where the numbers of the layers that `question` asks for come from, in the file's order.
///
/// # Errors
/// As [`inspect`], and where there is no such layer.
pub fn explain(
    path: impl AsRef<Path>,
    options: &Options,
    question: &Question,
) -> Result<Vec<Explanation>, Error> {
    let model = open(path, options)?;
    let network = &model.network;
    let (edges, shapes, mut account) = accounted(network, options)?;
    if explain::asks_for_pools(&account, question) {
        account::without_pools(network, &edges, &shapes, &mut account);
    }
    let explained = explain::explain(network, &edges, &shapes, &account, question)?;
    model.check_unchanged().map_err(Error::Changed)?;
    Ok(explained)
}

/// Calls `work` with the model as the verify room takes it.
fn with_weights<T>(
    model: &Model,
    edges: &Edges,
    shapes: &Shapes,
    work: impl FnOnce(verify::Model<'_>) -> T,
) -> T {
    let load =
        |tensor: &tensor::StoredTensor| model.load(tensor).map_err(|error| error.to_string());
    work(verify::Model {
        network: &model.network,
        edges,
        shapes,
        load: &load,
    })
}

/// The README's samples, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct ReadmeSamples;
