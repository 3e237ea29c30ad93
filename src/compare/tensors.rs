//! The stored tensors of two models: which is which, whether their shapes agree, and their contents.
//!
//! A tensor is paired by its name, by its name behind a prefix or in another framework's spelling, by the
//! aligned layer that it belongs to and its part there, by equal content, and at last by a shape that it
//! alone has. Contents are read a run at a time; a tensor is never held as a whole.

mod anchor;
mod axes;
mod content;
mod fold;
mod matching;
mod names;
mod number;
mod tally;
mod unfold;
mod work;

use std::collections::BTreeMap;

use crate::Inspection;
use crate::account::{Role, TensorRow, tensors};
use crate::infer::{self, Sizes, SizesError, concerning};
use crate::network::{Edges, NodeId};
use crate::read::Model;
use crate::tensor::DataType;

use super::layers::Layers;
pub use axes::Axes;
pub use tally::{Content, Difference};

/// A model whose tensors are compared.
pub struct Subject<'a> {
    model: &'a Model,
    inspection: &'a Inspection,
    edges: Edges,
    /// The tensors that carry what was learnt or measured.
    rows: Vec<TensorRow>,
    /// The inspection's rows by node.
    places: BTreeMap<NodeId, usize>,
}

/// The stored tensors of two models.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tensors {
    /// Every tensor of the two that carries parameters, statistics or scales: in the order of the first model,
    /// then those that only the second has.
    pub pairs: Vec<Pair>,
    /// Bytes that were read of their contents; `None` where contents were not asked for.
    pub read: Option<u64>,
}

/// A tensor and its counterpart; at least one of them is there.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// In the first model.
    pub before: Option<Side>,
    /// In the second model.
    pub after: Option<Side>,
    /// What told that they belong together.
    pub by: Option<By>,
    /// Whether their shapes agree.
    pub shapes: Shapes,
    /// The order of axes in which their contents agree, or in which their shapes do; empty for the order in
    /// which they lie.
    pub axes: Axes,
    /// What their contents say; `None` where they were not read.
    pub content: Option<Content>,
    /// Name of the other model's tensor that has the very content of the first, or else of the second one,
    /// where the two differ.
    pub elsewhere: Option<String>,
}

/// A tensor of one model.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Its element type.
    pub data_type: Option<DataType>,
    /// Its sizes.
    pub shape: Vec<u64>,
    /// The row of the inspection that takes it.
    pub row: Option<usize>,
}

/// What tells that two tensors belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// The same name.
    Name,
    /// The same name behind a prefix, or in another framework's spelling.
    Spelling,
    /// The aligned layer that it belongs to, and its part there.
    Layer,
    /// Equal content.
    Content,
    /// A shape that no other tensor has.
    Shape,
}

impl By {
    /// Its name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Spelling => "spelling",
            Self::Layer => "layer",
            Self::Content => "content",
            Self::Shape => "shape",
        }
    }
}

/// What two shapes say of each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shapes {
    /// The same sizes.
    Same,
    /// The same sizes in another order of axes.
    Transposed,
    /// As many elements in other sizes.
    Reshaped,
    /// Not as many elements.
    Other,
    /// The second model has no such tensor.
    OnlyBefore,
    /// The first model has no such tensor.
    OnlyAfter,
    /// The other model has it in the weights of this tensor: a normalisation that was multiplied into a convolution, or
    /// the bias that came of it.
    Folded(String),
    /// The other model has several of that shape, and nothing tells which it is: so many.
    Ambiguous(usize),
}

impl Shapes {
    /// Its name in JSON.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Same => "same shape",
            Self::Transposed => "transposed",
            Self::Reshaped => "reshaped",
            Self::Other => "other shape",
            Self::OnlyBefore => "only in first",
            Self::OnlyAfter => "only in second",
            Self::Folded(_) => "folded",
            Self::Ambiguous(_) => "ambiguous",
        }
    }
}

impl Content {
    /// Its name in JSON.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::EqualValues { .. } => "equal as values",
            Self::Close(_) => "close",
            Self::Folded(_) => "folded",
            Self::Different(_) => "different",
            Self::NotCompared(_) => "not compared",
        }
    }

    /// Whether the contents are the same numbers.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        matches!(self, Self::Equal | Self::EqualValues { .. })
    }

    /// How far they differ.
    #[must_use]
    pub fn difference(&self) -> Option<&Difference> {
        match self {
            Self::Close(it) | Self::Folded(it) | Self::Different(it) => Some(it),
            Self::Equal | Self::EqualValues { .. } | Self::NotCompared(_) => None,
        }
    }

    /// How much it says against the two being the same, the least first.
    fn weight(&self) -> u8 {
        match self {
            Self::Equal => 0,
            Self::EqualValues { .. } => 1,
            Self::Folded(_) => 2,
            Self::NotCompared(_) => 3,
            Self::Close(_) => 4,
            Self::Different(_) => 5,
        }
    }
}

impl Pair {
    /// Whether anything that is known of the two differs: there is no counterpart, another number of elements, or
    /// contents that were read and are not the same numbers.
    #[must_use]
    pub fn differs(&self) -> bool {
        let shapes = !matches!(
            self.shapes,
            Shapes::Same | Shapes::Transposed | Shapes::Reshaped | Shapes::Folded(_)
        );
        let content = self.content.as_ref();
        let differs = |it: &Content| matches!(it, Content::Close(_) | Content::Different(_));
        shapes || content.is_some_and(differs)
    }

    /// Whether the two have different names.
    #[must_use]
    pub fn is_renamed(&self) -> bool {
        let both = self.before.as_ref().zip(self.after.as_ref());
        both.is_some_and(|(before, after)| before.name != after.name)
    }
}

impl Tensors {
    /// Whether anything that is known differs.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.pairs.iter().any(Pair::differs)
    }

    /// How many pairs are like that.
    #[must_use]
    pub fn count(&self, like: impl Fn(&Pair) -> bool) -> usize {
        self.pairs.iter().filter(|it| like(it)).count()
    }

    /// Whether contents were read that are not the same.
    #[must_use]
    pub fn contents_differ(&self) -> bool {
        self.read.is_some() && self.differs()
    }

    /// What the contents of each layer's tensors say together, by pair of layers: that which speaks most
    /// against their being the same. `None` where none of them was compared.
    #[must_use]
    pub fn of_layers(&self, layers: &Layers) -> Vec<Option<&Content>> {
        let mut worst: BTreeMap<[usize; 2], &Content> = BTreeMap::new();
        for pair in &self.pairs {
            let row = |it: &Option<Side>| it.as_ref().and_then(|it| it.row);
            let rows = row(&pair.before).zip(row(&pair.after));
            let Some(((before, after), content)) = rows.zip(pair.content.as_ref()) else {
                continue;
            };
            let known = worst.entry([before, after]).or_insert(content);
            if known.weight() < content.weight() {
                *known = content;
            }
        }
        let of = |it: &super::layers::Pair| {
            let (before, after) = (it.before.as_ref()?.row, it.after.as_ref()?.row);
            worst.get(&[before, after]).copied()
        };
        layers.pairs.iter().map(of).collect()
    }
}

impl<'a> Subject<'a> {
    /// Takes up a model that was inspected with these sizes.
    ///
    /// # Errors
    /// Where the sizes do not fit it.
    pub fn new(
        model: &'a Model,
        inspection: &'a Inspection,
        sizes: &Sizes,
    ) -> Result<Self, SizesError> {
        let network = &model.network;
        let edges = network.edges();
        let shapes = infer::infer(network, &edges, &concerning(network, sizes))?;
        let mut rows = tensors(network, &edges, &shapes);
        rows.retain(|it| !matches!(it.role, Role::Constant | Role::Dead));
        let layers = inspection.layers.iter().enumerate();
        Ok(Self {
            model,
            inspection,
            edges,
            rows,
            places: layers.map(|(at, it)| (it.node(), at)).collect(),
        })
    }

    fn row(&self, at: usize) -> Option<&TensorRow> {
        self.rows.get(at)
    }
}

/// Compares the stored tensors of two models whose layers are aligned already; with `contents` by what they hold
/// too.
#[must_use]
pub fn compare(subjects: [&Subject<'_>; 2], layers: &Layers, contents: bool) -> Tensors {
    let mut matching = matching::Matching::new(subjects);
    matching.by_name();
    matching.by_spelling();
    matching.by_layer(layers);
    matching.by_generated_name();
    let work = contents.then(|| work::Work::new(subjects));
    let mut found = BTreeMap::new();
    if let Some(work) = &work {
        work.read(&mut matching, &mut found);
    }
    let folds = work.as_ref().map(|it| it.unfold(&matching, &mut found));
    let folds = folds.unwrap_or_default();
    matching.by_shape(&folds);
    if let Some(work) = &work {
        work.read_rest(&matching, &mut found);
    }
    Tensors {
        pairs: matching.pairs(&found, &folds),
        read: work.map(|it| it.bytes_read()),
    }
}
