//! One network at a list of sizes: what grows with its input and what stays.
//!
//! The file is read once; shapes and account are worked out anew for each size, side by side. Each size gives
//! the numbers of an inspection with that size as `--input` or `--dim`.

mod axes;
mod error;
mod list;
mod problem;

use std::collections::HashSet;
use std::path::Path;

use rayon::prelude::*;

pub use axes::{Axes, InputAxes};
pub use error::SweepError;
pub use list::{MOST_SIZES, Sweep};
pub use problem::Problem;

use crate::account::{Account, Layer, Totals, account};
use crate::explain::{Explanation, Question, chosen, explain};
use crate::finding::{Finding, Gap};
use crate::geometry;
use crate::infer::{Input, Shapes, Sizes, infer};
use crate::network::{Edges, Facts, Network};
use crate::{Error, Options, settle, unsettled};

/// Layers times sizes: each is a row that is kept.
const MOST_ROWS: usize = 100_000;
/// So many reasons are kept for what is missing in the sums at one size.
const MOST_REASONS: usize = 4;

/// A network at several sizes.
#[derive(Clone, Debug)]
pub struct Swept {
    /// The path as it was given; `-` for standard input.
    pub path: String,
    /// What the file says of itself.
    pub facts: Facts,
    /// The model's inputs without the list: as the file declares them, and as they are taken otherwise.
    pub inputs: Vec<Input>,
    /// What took the sizes.
    pub axes: Axes,
    /// The layers that were asked for, explained at the first size; empty where it is the whole network.
    pub layers: Vec<Explanation>,
    /// One entry a size, in the order in which they were given.
    pub sizes: Vec<At>,
}

/// The network at one size.
#[derive(Clone, Debug)]
pub struct At {
    /// The size.
    pub size: u64,
    /// The model's inputs with it.
    pub inputs: Vec<Input>,
    /// Sums over the file.
    pub totals: Totals,
    /// The rows of [`Swept::layers`], in their order; `None` where one is no convolution or pool at this size.
    pub layers: Vec<Option<Layer>>,
    /// Layers that cannot take the size.
    pub problems: Vec<Problem>,
    /// How many more there are than are listed.
    pub more_problems: usize,
    /// What is odd about the sizes themselves, and about the layers that were asked for.
    pub warnings: Vec<Finding>,
    /// Why a number that was asked for is null: those of the layers, else those of the sums and what they
    /// come from.
    pub gaps: Vec<Gap>,
    /// Warnings and gaps that an inspection with this size has.
    pub noted: usize,
    /// The first of them that is listed neither in `warnings` nor in `gaps`, in words.
    pub unlisted: Option<String>,
}

/// Works out a model at each size of `sweep`: its sums, and the rows of the layers that `question` asks for.
///
/// # Errors
/// [`SweepError`] where there is no model to read, or nothing in it that takes the sizes. A layer that cannot
/// take one of them is part of the answer.
pub fn sweep(
    path: impl AsRef<Path>,
    options: &Options,
    sweep: &Sweep,
    question: Option<&Question>,
) -> Result<Swept, SweepError> {
    let path = path.as_ref();
    let mut model = unsettled(path, options).map_err(Error::from)?;
    if !geometry::is_open(&model.network) {
        // Nothing is to be settled once more for each size; what is given for it all the same is refused.
        settle(&mut model, options)?;
    }
    let source = Source {
        network: &model.network,
        path: model.path(),
        options,
    };
    let first = source.at(&options.sizes)?;
    let axes = Axes::find(&first.shapes.inputs, &options.sizes, sweep)?;
    let facts = first.network().facts.clone();
    let sizes = sweep.sizes.as_slice();
    let start = sizes
        .first()
        .map(|it| source.at(&axes.sizes(&options.sizes, *it)));
    let asked = match (start, question) {
        (Some(start), Some(question)) => Asked::of(&start?, question)?,
        _ => Asked::default(),
    };
    let rows = asked.places.len().saturating_mul(sizes.len());
    if rows > MOST_ROWS {
        return Err(SweepError::TooMuch {
            layers: asked.places.len(),
            sizes: sizes.len(),
        });
    }
    let ats: Vec<Result<At, SweepError>> = sizes
        .par_iter()
        .map(|size| source.swept(&axes, *size, &asked))
        .collect();
    let ats = ats.into_iter().collect::<Result<Vec<At>, SweepError>>()?;
    model.check_unchanged().map_err(Error::Changed)?;
    Ok(Swept {
        path: path.to_string_lossy().into_owned(),
        facts,
        inputs: first.shapes.inputs,
        axes,
        layers: asked.layers,
        sizes: ats,
    })
}

/// The network as it was read, before its geometry is settled.
struct Source<'a> {
    network: &'a Network,
    path: Option<&'a Path>,
    options: &'a Options,
}

/// The network with certain sizes.
struct Inferred<'a> {
    /// A network of its own where the geometry depends on the sizes.
    settled: Option<Network>,
    read: &'a Network,
    edges: Edges,
    shapes: Shapes,
}

/// The layers that were asked for.
#[derive(Default)]
struct Asked {
    layers: Vec<Explanation>,
    /// Their places among all rows.
    places: Vec<usize>,
}

impl Source<'_> {
    fn at(&self, sizes: &Sizes) -> Result<Inferred<'_>, SweepError> {
        let mut settled = geometry::is_open(self.network).then(|| self.network.clone());
        if let Some(own) = &mut settled {
            let mut geometry = self.options.geometry.clone();
            geometry.input = geometry::given_input(&sizes.inputs);
            geometry::settle(own, self.path, &geometry).map_err(Error::from)?;
        }
        let network = settled.as_ref().unwrap_or(self.network);
        let edges = network.edges();
        let shapes = infer(network, &edges, sizes)?;
        Ok(Inferred {
            settled,
            read: self.network,
            edges,
            shapes,
        })
    }

    /// The network at one size.
    fn swept(&self, axes: &Axes, size: u64, asked: &Asked) -> Result<At, SweepError> {
        let inferred = self.at(&axes.sizes(&self.options.sizes, size))?;
        let inputs = inferred.shapes.inputs.clone();
        if let Some(name) = axes.settled_otherwise(&inputs, size) {
            return Err(SweepError::Settled {
                name: name.clone(),
                flag: "--input",
            });
        }
        let account = inferred.account();
        Ok(inferred.gathered(size, account, asked, self.options))
    }
}

impl Inferred<'_> {
    fn network(&self) -> &Network {
        self.settled.as_ref().unwrap_or(self.read)
    }

    fn account(&self) -> Account {
        account(self.network(), &self.edges, &self.shapes)
    }

    /// What is kept of an account.
    fn gathered(self, size: u64, account: Account, asked: &Asked, options: &Options) -> At {
        let (problems, more_problems) =
            problem::problems(self.network(), &self.edges, &self.shapes);
        let names: Vec<&str> = asked.layers.iter().map(|it| it.layer.as_str()).collect();
        let known: HashSet<&str> = names.iter().copied().collect();
        let mut warnings = self.shapes.findings;
        let mut all = self.settled.as_ref().unwrap_or(self.read).findings.clone();
        all.extend(warnings.iter().cloned());
        all.extend(account.findings.iter().cloned());
        options.findings.apply(&mut all);
        let noted = all.len().saturating_add(account.gaps.len());
        let all_gaps = account.gaps.clone();
        let of_asked = |it: &Finding| it.layer.as_deref().is_some_and(|it| known.contains(it));
        // Height and width say the same.
        warnings.dedup();
        warnings.extend(account.findings.into_iter().filter(of_asked));
        options.findings.apply(&mut warnings);
        let mut gaps = if names.is_empty() {
            of_totals(account.gaps)
        } else {
            let of_asked = |it: &Gap| known.contains(it.layer.as_str());
            account.gaps.into_iter().filter(of_asked).collect()
        };
        let unlisted = unlisted((&all, &warnings), (&all_gaps, &gaps));
        let mut rows: Vec<Option<Layer>> = account.layers.into_iter().map(Some).collect();
        let mut layers = Vec::with_capacity(names.len());
        for (place, name) in asked.places.iter().zip(names) {
            let row = rows.get_mut(*place).and_then(Option::take);
            let row =
                row.filter(|it| it.name() == name && matches!(it, Layer::Conv(_) | Layer::Pool(_)));
            if row.is_none() {
                gaps.push(Gap {
                    layer: name.to_owned(),
                    what: "layers".to_owned(),
                    reason: "it is no convolution or pool at this size".to_owned(),
                });
            }
            layers.push(row);
        }
        At {
            size,
            inputs: self.shapes.inputs,
            totals: account.totals,
            layers,
            problems,
            more_problems,
            warnings,
            gaps,
            noted,
            unlisted,
        }
    }
}

/// The first of all warnings and gaps, each beside those that are listed, that is not among the listed.
fn unlisted(
    (warnings, listed): (&[Finding], &[Finding]),
    (gaps, listed_gaps): (&[Gap], &[Gap]),
) -> Option<String> {
    let warning = warnings.iter().find(|it| !listed.contains(it)).map(|it| {
        let layer = it.layer.as_ref().map(|it| format!("{it}: "));
        let (layer, kind) = (layer.unwrap_or_default(), it.rule);
        format!("{layer}{} [{kind}]", it.message)
    });
    let gap = || gaps.iter().find(|it| !listed_gaps.contains(it));
    warning.or_else(|| gap().map(|it| format!("{} ({}): {}", it.layer, it.what, it.reason)))
}

/// The gaps of the sums, and the first few reasons that rows have for counts that are missing in them.
fn of_totals(gaps: Vec<Gap>) -> Vec<Gap> {
    let is_total = |it: &Gap| it.layer == "totals";
    if !gaps.iter().any(is_total) {
        return vec![];
    }
    let counts = ["macs", "params.stored", "params.unshared", "params.dense"];
    let mut reasons = HashSet::new();
    gaps.into_iter()
        .filter(|it| {
            is_total(it)
                || counts.contains(&it.what.as_str())
                    && reasons.len() < MOST_REASONS
                    && reasons.insert(it.reason.clone())
        })
        .collect()
}

impl Asked {
    fn of(start: &Inferred<'_>, question: &Question) -> Result<Self, SweepError> {
        let account = start.account();
        let mut wanted = chosen(&account.layers, question)?.into_iter().peekable();
        let mut places = Vec::new();
        for (at, layer) in account.layers.iter().enumerate() {
            // Both stand in the file's order.
            if wanted.next_if(|it| std::ptr::eq(*it, layer)).is_some() {
                places.push(at);
            }
        }
        let (network, edges, shapes) = (start.network(), &start.edges, &start.shapes);
        Ok(Self {
            layers: explain(network, edges, shapes, &account, question)?,
            places,
        })
    }
}
