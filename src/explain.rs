//! Where a layer's numbers come from: the derivation of its row, step by step, as data.
//!
//! Each step names a number of the account and the formula that leads to it, with this layer's own numbers in
//! it. Results are the account's, formulas are put together here from the geometry: where the two do not meet
//! (a size that a user stated, a shape that only the file's own declaration tells) the formula is left out.
//!
//! `conv` and `pool` write the steps, `window` those that both share, `words` says what a kind of layer
//! assumes and gives up, `picture` is what is drawn.

mod conv;
mod counts;
mod formula;
mod picture;
mod pool;
mod said;
mod scene;
mod stored;
mod window;
mod words;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::account::{Account, Layer};
use crate::finding::{closest, listed};
use crate::infer::Shapes;
use crate::network::{Edges, Network};
use crate::tensor::Shape;
use crate::verify::matching;
use formula::Quantities;
pub use formula::{Formula, PLAIN, Spelling, Value};
pub use picture::Strip;
use scene::Scene;

/// Which layers are to be explained.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// Names, or patterns (`block?.*`); all of the kind where there are none, and the first convolution where
    /// no kind is given either.
    pub layers: Vec<String>,
    /// Only layers of this kind.
    pub kind: Option<Kind>,
}

/// What can be explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Convolutions.
    Conv,
    /// Pools.
    Pool,
}

/// Why nothing can be explained.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuestionError {
    /// A name that no layer of the kind has.
    #[error("no {kind} is named {name:?}; {}", listed(close))]
    Unknown {
        /// What was looked for: `convolution or pool`.
        kind: &'static str,
        /// As it was given.
        name: String,
        /// Names there are, the most similar first.
        close: Vec<String>,
    },
    /// A name of something else.
    #[error("{name:?} is {op_type}, not a {kind}")]
    OtherKind {
        /// What was looked for.
        kind: &'static str,
        /// As it was given.
        name: String,
        /// What it is.
        op_type: String,
    },
    /// There is nothing of the kind.
    #[error("the model has no {0}")]
    None(&'static str),
}

/// One layer's derivation.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The layer's name.
    pub layer: String,
    /// What it is.
    pub kind: Kind,
    /// ONNX's `op_type`.
    pub op_type: String,
    /// Where it stands: empty in the main graph.
    pub scope: String,
    /// What it is, in words: `Conv 11×11, stride 4, no padding`.
    pub title: String,
    /// `[N, C, d1, …, dn]` going in.
    pub input_shape: Option<Shape>,
    /// `[N, C, o1, …, on]` coming out.
    pub output_shape: Option<Shape>,
    /// The derivation.
    pub steps: Vec<Step>,
    /// What the numbers rest on, and what else is to be known of a layer of this kind.
    pub remarks: Vec<Remark>,
    /// How the windows lie along each spatial axis; empty where sizes are open.
    pub picture: Vec<Strip>,
    /// Why there is no picture.
    pub no_picture: Option<String>,
}

/// Which part of a derivation a step belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The window and what it makes of the sizes.
    Window,
    /// The parameters, counted four ways; of a pool its activations.
    Count,
    /// What it takes to compute.
    Work,
}

/// One step of a derivation.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its name for programs, in snake case.
    pub id: &'static str,
    /// Which part it belongs to.
    pub part: Part,
    /// What the number is: `output neurons`.
    pub what: String,
    /// Why it is so, in a few words: `a neuron sees its window`.
    pub words: Option<String>,
    /// How it is computed.
    pub formula: Option<Formula>,
    /// What it comes to.
    pub answer: Answer,
    /// What is counted, where `what` does not say: `weights, + 1 bias`.
    pub unit: Option<String>,
    /// What is to be noticed: `exact: no column is left over`.
    pub note: Option<String>,
}

/// What a step comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A number.
    Number(u128),
    /// Its closed form in open sizes.
    Form(String),
    /// Why it is unknown.
    Unknown(String),
}

/// A sentence beside the numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// Its name for programs, in kebab case: `assumed`, `given-up`, `depthwise`, …
    pub id: &'static str,
    /// One sentence or two.
    pub text: String,
}

impl Step {
    /// A step; a formula that does not come to the answer is no formula of it, and is left out.
    fn new(id: &'static str, part: Part, what: impl Into<String>, answer: Answer) -> Self {
        Self {
            id,
            part,
            what: what.into(),
            words: None,
            formula: None,
            answer,
            unit: None,
            note: None,
        }
    }

    fn words(mut self, words: impl Into<String>) -> Self {
        self.words = Some(words.into());
        self
    }

    fn by(mut self, formula: Option<Formula>) -> Self {
        self.formula = formula.filter(|it| match (&self.answer, it.value()) {
            (Answer::Number(answer), Some(value)) => u128::try_from(value) == Ok(*answer),
            (Answer::Number(_), None) => false,
            (Answer::Form(_) | Answer::Unknown(_), _) => true,
        });
        self
    }

    fn unit(mut self, unit: impl Into<String>) -> Self {
        self.unit = Some(unit.into());
        self
    }

    fn note(mut self, note: impl Into<String>) -> Self {
        self.add_note(note.into());
        self
    }

    fn noting(mut self, note: Option<String>) -> Self {
        if let Some(note) = note {
            self.add_note(note);
        }
        self
    }

    fn add_note(&mut self, note: String) {
        self.note = Some(match self.note.take() {
            Some(before) => format!("{before}; {note}"),
            None => note,
        });
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Step", 11)?;
        out.serialize_field("id", self.id)?;
        out.serialize_field("part", &self.part)?;
        out.serialize_field("what", &self.what)?;
        out.serialize_field("words", &self.words)?;
        let symbols = self.formula.as_ref().map(|it| it.spelled(&PLAIN, true));
        out.serialize_field("symbols", &symbols)?;
        out.serialize_field("numbers", &self.formula.as_ref().map(Quantities))?;
        out.serialize_field("formula", &self.formula.as_ref().map(Formula::plain))?;
        let (number, form, reason) = match &self.answer {
            Answer::Number(number) => (Some(*number), None, None),
            Answer::Form(form) => (None, Some(form), None),
            Answer::Unknown(reason) => (None, None, Some(reason)),
        };
        out.serialize_field("result", &number)?;
        out.serialize_field("form", &form)?;
        out.serialize_field("reason", &reason)?;
        out.serialize_field("unit", &self.unit)?;
        out.serialize_field("note", &self.note)?;
        out.end()
    }
}

/// Explains the layers of `account` that `question` asks for, in the file's order.
///
/// # Errors
/// [`QuestionError`] where a name is given that no such layer has, or there is none at all.
pub fn explain(
    network: &Network,
    edges: &Edges,
    shapes: &Shapes,
    account: &Account,
    question: &Question,
) -> Result<Vec<Explanation>, QuestionError> {
    let chosen = chosen(&account.layers, question)?;
    let mut scene = Scene::new(network, edges, shapes, account);
    let explained = chosen.into_iter().filter_map(|layer| match layer {
        Layer::Conv(row) => Some(conv::explained(&mut scene, row)),
        Layer::Pool(row) => Some(pool::explained(&scene, row)),
        _ => None,
    });
    Ok(explained.collect())
}

/// Whether a pool is among the layers that are asked for, so that what it saves is worth finding out.
#[must_use]
pub fn asks_for_pools(account: &Account, question: &Question) -> bool {
    let chosen = chosen(&account.layers, question);
    chosen.is_ok_and(|it| it.iter().any(|it| matches!(it, Layer::Pool(_))))
}

/// The layers that are asked for, in the file's order.
///
/// # Errors
/// As [`explain`].
pub fn chosen<'a>(
    layers: &'a [Layer],
    question: &Question,
) -> Result<Vec<&'a Layer>, QuestionError> {
    let of_kind = |it: &&Layer| match question.kind {
        Some(Kind::Conv) => matches!(it, Layer::Conv(_)),
        Some(Kind::Pool) => matches!(it, Layer::Pool(_)),
        None => matches!(it, Layer::Conv(_) | Layer::Pool(_)),
    };
    let candidates: Vec<&Layer> = layers.iter().filter(of_kind).collect();
    if candidates.is_empty() && question.layers.is_empty() {
        return Err(QuestionError::None(kind_name(question.kind)));
    }
    if !question.layers.is_empty() {
        return named(layers, &candidates, question);
    }
    if question.kind.is_some() {
        return Ok(candidates);
    }
    let conv = candidates.iter().find(|it| matches!(it, Layer::Conv(_)));
    Ok(conv.or(candidates.first()).copied().into_iter().collect())
}

fn kind_name(kind: Option<Kind>) -> &'static str {
    match kind {
        Some(Kind::Conv) => "convolution",
        Some(Kind::Pool) => "pool",
        None => "convolution or pool",
    }
}

fn named<'a>(
    layers: &[Layer],
    candidates: &[&'a Layer],
    question: &Question,
) -> Result<Vec<&'a Layer>, QuestionError> {
    let names: Vec<&str> = candidates.iter().map(|it| it.name()).collect();
    let mut taken = vec![false; names.len()];
    for name in &question.layers {
        let fits = matching(&names, name).ok_or_else(|| unknown(layers, &names, name, question))?;
        for (taken, fits) in taken.iter_mut().zip(fits) {
            *taken |= fits;
        }
    }
    let pairs = candidates.iter().zip(taken);
    Ok(pairs.filter(|it| it.1).map(|it| *it.0).collect())
}

fn unknown(layers: &[Layer], names: &[&str], name: &str, question: &Question) -> QuestionError {
    let kind = kind_name(question.kind);
    if let Some(other) = layers.iter().find(|it| it.name() == name) {
        return QuestionError::OtherKind {
            kind,
            name: name.to_owned(),
            op_type: other.op_type().to_owned(),
        };
    }
    QuestionError::Unknown {
        kind,
        name: name.to_owned(),
        close: closest(names, name),
    }
}
