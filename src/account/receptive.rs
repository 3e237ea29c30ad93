//! The receptive field: which pixels of the model's input one output position of a layer depends on.
//!
//! Windows are followed from the input forward, a value at a time and exactly: a convolution or pool of
//! stride `s`, padding `p`, dilation `d` and kernel `k` sees positions `s·i − p … s·i − p + d·(k − 1)` of what
//! goes in, and through each of them what that sees. Branches that meet (Add, Concat, Mul, …) see from the first
//! pixel of any to the last of any. A transposed convolution or a resize makes positions of several kinds
//! (phases); the size is that of the kind that sees most, the start that of position 0, the stride a fraction.
//! Sizes are not cut at the borders of the input, as tables of networks give them: 435 for ResNet-18 at 224.
//!
//! What a global pool makes depends on the whole input: its size is the input's, its stride 0 since no window
//! moves, its start 0. The same holds where that is multiplied back onto a map (a squeeze-and-excitation gate),
//! and where a norm or a softmax takes all places of a map together; what the windows alone see, which is what
//! tables give for such a network, then stands in `windows`.
//!
//! Where it is not known the cause is said once, however many layers lie behind it.

mod field;
mod movers;
mod operators;
mod product;
mod report;
mod reshape;
mod resize;
mod steps;
mod walk;
mod windows;

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::count::{gap, open};
use super::rows::Layer;
use super::scene::Scene;
use crate::finding::Gap;
use crate::units::fraction;
use field::{Cause, Place};

/// The pixels of the model's input that one output position depends on, for each spatial axis of the layer.
///
/// Position `i` sees the `size` pixels from `start + i · stride` on; some of them may lie outside the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReceptiveField {
    /// Pixels from the first to the last; the input's size where the whole of it is seen.
    pub size: Vec<u64>,
    /// Pixels from one position's field to the next one's; 0 where the whole is seen.
    pub stride: Vec<Step>,
    /// The first pixel that position 0 sees; negative in the padding.
    pub start: Vec<i64>,
    /// What the windows alone see, where global values make that the whole input; left out elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub windows: Option<Box<Windows>>,
}

impl ReceptiveField {
    /// What the windows see, without what global values add; `None` where no window moves.
    #[must_use]
    pub fn reach(&self) -> Option<&[u64]> {
        if let Some(windows) = &self.windows {
            return Some(&windows.size);
        }
        let moves = self.stride.iter().any(|it| it.pixels > 0);
        moves.then_some(&self.size)
    }
}

/// A field as the windows alone make it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "as in ReceptiveField")]
pub struct Windows {
    pub size: Vec<u64>,
    pub stride: Vec<Step>,
    pub start: Vec<i64>,
}

/// How far a field moves: so many pixels in so many positions, in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Pixels.
    pub pixels: u64,
    /// Positions; 1 but behind a transposed convolution or a resize.
    pub positions: u64,
}

impl Serialize for Step {
    /// Pixels a position: a whole number where it is one.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let quotient = fraction(u128::from(self.pixels), u128::from(self.positions));
        match quotient {
            Some(quotient) if self.positions != 1 => serializer.serialize_f64(quotient),
            _ => serializer.serialize_u64(self.pixels),
        }
    }
}

impl std::fmt::Display for Step {
    /// `32`, or `1/2`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.positions == 1 {
            write!(f, "{}", self.pixels)
        } else {
            write!(f, "{}/{}", self.pixels, self.positions)
        }
    }
}

/// The most pixels along one axis that the windows of any row see; `None` where no row's are known.
#[must_use]
pub fn widest_field(layers: &[Layer]) -> Option<u64> {
    let reaches = layers.iter().filter_map(|it| it.receptive_field()?.reach());
    reaches.flatten().copied().max()
}

/// Puts the receptive field into the rows of convolutions and pools; `layers` are the rows in the order of
/// nodes.
pub(super) fn fill(scene: Scene<'_>, layers: &mut [Layer], gaps: &mut Vec<Gap>) {
    let found = walk::Walk::run(scene, layers);
    // By cause: the first row it leaves without a field, and how many.
    let mut missing: BTreeMap<Cause, (usize, u64)> = BTreeMap::new();
    let mut order = Vec::new();
    for (at, (layer, field)) in layers.iter_mut().zip(found).enumerate() {
        let Some(field) = field else { continue };
        match (field, layer) {
            (Ok(field), Layer::Conv(row)) => row.receptive_field = Some(field),
            (Ok(field), Layer::Pool(row)) => row.receptive_field = Some(field),
            (Err(cause), _) => {
                let known = missing.entry(cause).or_insert_with(|| {
                    order.push(cause);
                    (at, 0)
                });
                known.1 = known.1.saturating_add(1);
            }
            (Ok(_), _) => {}
        }
    }
    for cause in order {
        let Some((first, count)) = missing.get(&cause) else {
            continue;
        };
        let name = match layers.get(*first) {
            Some(Layer::Conv(row)) => row.name.as_str(),
            Some(Layer::Pool(row)) => row.name.as_str(),
            _ => "totals",
        };
        gaps.push(gap(name, "receptive_field", why(scene, cause, *count)));
    }
}

/// A cause in words, and how many rows it is that of.
fn why(scene: Scene<'_>, cause: Cause, count: u64) -> String {
    let why = match cause.at {
        Place::Node(id) => {
            let node = scene.network.node(id);
            format!("{} {:?} {}", node.op_type, node.name, cause.why)
        }
        Place::Value(value) => {
            let name = &scene.network.value(value).name;
            match (scene.network.notes.get(&value), cause.why) {
                (Some(note), _) => note.to_string(),
                (None, operators::OPEN) => open(scene.shapes),
                (None, why) => format!("{name:?} {why}"),
            }
        }
    };
    match count {
        0 | 1 => why,
        2 => format!("{why}; so it is for 1 more layer"),
        more => format!("{why}; so it is for {} more layers", more.saturating_sub(1)),
    }
}

/// A list's place as a number that windows are counted in.
fn signed(size: u64) -> Option<i64> {
    i64::try_from(size).ok()
}
