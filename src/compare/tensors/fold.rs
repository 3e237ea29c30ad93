//! Normalisations that an exporter multiplied into the convolutions before them.
//!
//! A filter `w` with a bias `b`, then a normalisation of scale `γ`, shift `β`, mean `μ` and variance `σ²`,
//! is the filter `w · γ / √(σ² + ε)` with the bias `β + (b − μ) · γ / √(σ² + ε)`.

use std::collections::BTreeMap;

use super::content::{Budget, Open};
use super::names::plain;
use super::number::{Element, element};
use super::tally::{Content, Kind, Tally};
use super::{Subject, anchor};
use crate::account::Role;
use crate::network::NodeId;
use crate::op::Attr;
use crate::tensor::StoredTensor;

/// Channels that are taken into memory at most, eight bytes each.
const MOST_CHANNELS: u64 = 1 << 20;
/// Normalisations that are tried for a convolution whose graph does not name its own.
const MOST_TRIES: usize = 32;
/// Convolutions times normalisations that are looked at; more are a hostile file's.
pub(super) const MOST_LOOKS: usize = 1 << 22;
/// `ε` of PyTorch's layers, and of TensorFlow's.
const EPSILONS: &[f64] = &[1e-5, 1e-3];

/// Filters are compared as long as they are near this, relative to what was added up.
const RELATIVE: f64 = 1e-5;
const ABSOLUTE: f64 = 1e-8;

/// A normalisation that a model has and the other may have folded.
#[derive(Clone, Debug, Default)]
pub(super) struct Norm {
    /// Scale, shift, mean and variance, as places among the subject's tensors.
    pub(super) parts: [Option<usize>; 4],
    /// The node that comes before it, where a graph tells.
    pub(super) behind: Option<NodeId>,
    epsilon: Option<f64>,
    channels: u64,
}

/// What a normalisation does to the channels before it.
pub(super) struct Factors {
    scale: Vec<f64>,
    mean: Vec<f64>,
    shift: Vec<f64>,
}

/// The normalisations with statistics of a model's tensors, `alone` those without a counterpart.
pub(super) fn norms(subject: &Subject<'_>, alone: &[usize]) -> Vec<Norm> {
    #[derive(PartialEq, Eq, PartialOrd, Ord)]
    enum Key {
        Node(NodeId),
        Module(String),
    }
    let mut norms: BTreeMap<Key, Norm> = BTreeMap::new();
    for at in alone {
        let Some(row) = subject.row(*at) else {
            continue;
        };
        let [channels] = row.shape.as_slice() else {
            continue;
        };
        let network = &subject.model.network;
        let node = row.user.map(|(id, place)| (id, place, network.node(id)));
        let node = node.filter(|it| &*it.2.op_type == "BatchNormalization");
        let (key, part) = if let Some((id, place, _)) = node {
            (Key::Node(id), place.checked_sub(1))
        } else {
            let name = plain(&row.name);
            let (module, leaf) = name.rsplit_once('.').unwrap_or(("", &name));
            let leaves = ["weight", "bias", "running_mean", "running_var"];
            let part = leaves.iter().position(|it| *it == leaf);
            (Key::Module(module.to_owned()), part)
        };
        if !matches!(row.role, Role::NormAffine | Role::NormStatistics) {
            continue;
        }
        let norm = norms.entry(key).or_default();
        norm.channels = *channels;
        if let Some((id, ..)) = node {
            norm.behind = anchor::before(subject, id);
            norm.epsilon = epsilon(subject, id);
        }
        if let Some(slot) = part.and_then(|it| norm.parts.get_mut(it)) {
            *slot = Some(*at);
        }
    }
    let whole = norms.into_values();
    whole
        .filter(|it| it.parts[2].is_some() && it.parts[3].is_some())
        .filter(|it| it.channels <= MOST_CHANNELS)
        .collect()
}

fn epsilon(subject: &Subject<'_>, node: NodeId) -> Option<f64> {
    match subject.model.network.node(node).attrs.get("epsilon") {
        Some(Attr::Float(epsilon)) => Some(f64::from(*epsilon)),
        _ => EPSILONS.first().copied(),
    }
}

impl Norm {
    /// Whether it may stand behind the layer `node`: its graph says so, or has nothing to say.
    fn may_follow(&self, node: Option<NodeId>) -> bool {
        self.behind.is_none() || self.behind == node
    }

    /// How far it stands from a tensor in the file's order.
    fn distance(&self, at: usize) -> (bool, usize) {
        let first = self.parts.iter().flatten().min().copied().unwrap_or(0);
        (first < at, first.abs_diff(at))
    }

    /// The values of ε that it may have.
    fn epsilons(&self) -> Vec<f64> {
        self.epsilon
            .map_or_else(|| EPSILONS.to_vec(), |it| vec![it])
    }

    /// Reads it.
    fn factors(&self, subject: &Subject<'_>, epsilon: f64, budget: &Budget) -> Option<Factors> {
        let part = |place: usize, default: f64| match self.parts.get(place).copied().flatten() {
            Some(at) => numbers(subject, at, budget),
            None => Some(vec![default; usize::try_from(self.channels).ok()?]),
        };
        let (gamma, shift) = (part(0, 1.0)?, part(1, 0.0)?);
        let (mean, variance) = (part(2, 0.0)?, part(3, 1.0)?);
        let scale = gamma.iter().zip(&variance);
        Some(Factors {
            scale: scale
                .map(|(gamma, it)| gamma / (it + epsilon).sqrt())
                .collect(),
            mean,
            shift,
        })
    }
}

fn stored<'a>(subject: &Subject<'a>, at: usize) -> Option<&'a StoredTensor> {
    let row = subject.row(at)?;
    Some(&subject.model.network.initializer(row.id).tensor)
}

/// A short tensor's numbers.
fn numbers(subject: &Subject<'_>, at: usize, budget: &Budget) -> Option<Vec<f64>> {
    let open = Open::new(subject.model, stored(subject, at)?).ok()?;
    let count = open.components().ok().filter(|it| *it <= MOST_CHANNELS)?;
    let mut bytes = Vec::new();
    open.read(0, count, &mut bytes, budget).ok()?;
    let number = |at| match element(open.data_type, &bytes, at)? {
        Element::Float(value) => Some(value),
        Element::Whole(_) => None,
    };
    (0..usize::try_from(count).ok()?).map(number).collect()
}

/// A convolution of both models whose weights differ: the side that may have a normalisation behind it, and
/// the places of its weight there and on the other side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) side: usize,
    pub(super) plain: usize,
    pub(super) folded: usize,
}

/// A normalisation that was found in a convolution.
pub(super) struct Fold {
    /// Which of the norms it is.
    pub(super) norm: usize,
    /// How near the filters are.
    pub(super) content: Content,
    /// What the bias is expected to be without the plain side's own.
    pub(super) factors: Factors,
}

/// Looks for the normalisation that makes the other side's filters of the plain side's.
pub(super) fn find(
    subjects: [&Subject<'_>; 2],
    candidate: Candidate,
    norms: &[(usize, Norm)],
    budget: &Budget,
) -> Option<Fold> {
    let Candidate {
        side,
        plain,
        folded,
    } = candidate;
    let ours = subjects.get(side)?;
    let theirs = subjects.get(1_usize.saturating_sub(side))?;
    let row = ours.row(plain)?;
    let node = row.user.map(|it| it.0);
    let axis = axis(ours, node);
    let channels = *row.shape.get(axis)?;
    let mut likely: Vec<&(usize, Norm)> = norms
        .iter()
        .filter(|it| it.1.channels == channels && it.1.may_follow(node))
        .collect();
    likely.sort_by_key(|it| it.1.distance(plain));
    let open = [
        Open::new(ours.model, stored(ours, plain)?).ok()?,
        Open::new(theirs.model, stored(theirs, folded)?).ok()?,
    ];
    let inner = row.shape.get(axis.checked_add(1)?..)?;
    let inner = inner
        .iter()
        .try_fold(1_u64, |all, it| all.checked_mul(*it))?;
    for (norm, it) in likely.into_iter().take(MOST_TRIES) {
        for epsilon in it.epsilons() {
            let factors = it.factors(ours, epsilon, budget)?;
            if let Some(content) = scaled(&open, &factors.scale, inner, budget) {
                return Some(Fold {
                    norm: *norm,
                    content,
                    factors,
                });
            }
        }
    }
    None
}

/// The axis of a weight that its filters stand along.
fn axis(subject: &Subject<'_>, node: Option<NodeId>) -> usize {
    let node = node.map(|it| subject.model.network.node(it));
    let transposed = node.is_some_and(|it| &*it.op_type == "ConvTranspose");
    usize::from(transposed)
}

/// Compares filters, those of the first side each with its factor; `None` as soon as they differ.
fn scaled(open: &[Open<'_>; 2], scale: &[f64], inner: u64, budget: &Budget) -> Option<Content> {
    const RUN: u64 = 1 << 15;
    let [plain, folded] = open;
    let all = plain.components().ok()?;
    if folded.components().ok()? != all {
        return None;
    }
    let kind = Kind::of([plain.data_type, folded.data_type]).ok()?;
    let mut tally = Tally::new(kind, true);
    let (mut one, mut other) = (Vec::new(), Vec::new());
    let channels = u64::try_from(scale.len()).ok()?;
    let mut first = 0;
    while first < all {
        let count = RUN.min(all.saturating_sub(first));
        plain.read(first, count, &mut one, budget).ok()?;
        folded.read(first, count, &mut other, budget).ok()?;
        for at in 0..count {
            let channel = first.saturating_add(at).checked_div(inner)?;
            let channel = usize::try_from(channel.checked_rem(channels)?).ok()?;
            let at = usize::try_from(at).ok()?;
            let left = element(plain.data_type, &one, at)?;
            let right = element(folded.data_type, &other, at)?;
            let (Element::Float(left), Element::Float(right)) = (left, right) else {
                return None;
            };
            tally.floats(left * *scale.get(channel)?, right);
        }
        if tally.is_far() {
            return None;
        }
        first = first.saturating_add(count);
    }
    let difference = tally.difference();
    Some(Content::Folded(difference))
}

/// Holds a folded bias against what the normalisation makes of the plain side's own.
pub(super) fn bias(
    subjects: [&Subject<'_>; 2],
    side: usize,
    [own, folded]: [Option<usize>; 2],
    factors: &Factors,
    budget: &Budget,
) -> Option<Content> {
    let ours = subjects.get(side)?;
    let theirs = subjects.get(1_usize.saturating_sub(side))?;
    let types = [theirs.row(folded?)?.data_type?; 2];
    let folded = numbers(theirs, folded?, budget)?;
    let own = match own {
        Some(at) => numbers(ours, at, budget)?,
        None => vec![0.0; folded.len()],
    };
    let mut tally = Tally::new(Kind::of(types).ok()?, true);
    let lengths = [
        own.len(),
        factors.scale.len(),
        factors.shift.len(),
        factors.mean.len(),
    ];
    if lengths.iter().any(|it| *it != folded.len()) {
        return None;
    }
    let parts = factors.scale.iter().zip(&factors.mean).zip(&factors.shift);
    for (((scale, mean), shift), (own, folded)) in parts.zip(own.iter().zip(&folded)) {
        let scaled = (own - mean) * scale;
        let expected = shift + scaled;
        // Two large numbers may leave a small one: what is near is told by what was added up.
        let near = (shift.abs() + scaled.abs()) * RELATIVE + ABSOLUTE;
        if (expected - folded).abs() > near || folded.is_nan() {
            return None;
        }
        tally.floats(expected, *folded);
    }
    Some(Content::Folded(tally.difference()))
}
