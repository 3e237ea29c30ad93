//! Samples: how many the model takes at once, and which values hold all of them.
//!
//! The batch is the first size of the model's first input of more than one axis; other inputs with that first
//! size hold it too. Where it is above 1, what lies downstream is walked once more with twice as many samples: a
//! value that then has twice the elements holds the batch, one that stays as it was does not. Where a convolution
//! refuses twice as many channels, the first axis was theirs and the model takes one sample.

mod whole;

use std::collections::HashSet;

use super::scene::{Scene, input_of, is};
use crate::infer::{Again, Changed, Stop};
use crate::network::{NodeId, Producer, ValueId};
use crate::op::{Value, conv, pool};
use crate::tensor::Dim;

/// Edges that are looked at again, and elements carried along, at most.
const MOST_STEPS: usize = 8 << 20;

/// Which values hold the samples of a batch.
#[derive(Debug)]
pub(super) enum Batch {
    /// There is one sample.
    One,
    /// There are more.
    Of {
        samples: u128,
        /// Values that hold each sample's elements.
        holding: HashSet<ValueId>,
        /// Values that grow with the batch otherwise.
        odd: HashSet<ValueId>,
    },
    /// Why that cannot be told.
    Unknown(String),
}

impl Batch {
    /// Looks at what depends on the batch.
    pub(super) fn find(scene: Scene<'_>) -> Self {
        let samples = scene.batch();
        let sizes = u64::try_from(samples).ok();
        let Some(sizes) = sizes.and_then(|it| Some([it, it.checked_mul(2)?])) else {
            let reason = "the first input's first size is too large to be doubled".to_owned();
            return Self::Unknown(reason);
        };
        if samples <= 1 {
            return Self::One;
        }
        let again = Again::new(scene.network, scene.edges, scene.shapes);
        let inputs = inputs(scene, sizes[0]);
        let (mut changed, mut stop) = again.with_first_sizes(&inputs, sizes, MOST_STEPS);
        if let Some(Stop::Control(_)) = stop
            && let Some(whole) = whole::again(scene, &inputs, sizes[1])
        {
            (changed, stop) = whole;
        }
        let search = Search {
            scene,
            sizes,
            changed: &changed,
        };
        if let Some(stop) = stop {
            if search.is_no_batch(&stop) {
                return Self::One;
            }
            return Self::Unknown(search.why(&stop));
        }
        if let Some(reason) = search.contradiction() {
            return Self::Unknown(reason);
        }
        search.sorted()
    }

    /// How many samples a value holds, or why that cannot be told.
    pub(super) fn held(&self, value: ValueId) -> Result<u128, &str> {
        match self {
            Self::Of { odd, .. } if odd.contains(&value) => {
                Err("it grows with the batch, but not in proportion")
            }
            Self::Of {
                samples, holding, ..
            } if holding.contains(&value) => Ok(*samples),
            Self::One | Self::Of { .. } => Ok(1),
            Self::Unknown(reason) => Err(reason),
        }
    }
}

/// The main graph's inputs whose first size is the batch.
fn inputs(scene: Scene<'_>, batch: u64) -> Vec<ValueId> {
    let inputs = scene.network.main().map_or(&[][..], |it| &it.inputs);
    let holds = |it: &&ValueId| {
        let stored = matches!(scene.edges.producer(**it), Producer::Initializer(_));
        let shape = scene.shape(**it).filter(|it| it.rank() > 1);
        !stored && shape.is_some_and(|it| it.dim(0).known() == Some(batch))
    };
    inputs.iter().filter(holds).copied().collect()
}

/// Elements of a value, those of a sequence together.
pub(super) fn elements(value: &Value) -> Option<u128> {
    match &value.items {
        Some(items) => items.iter().try_fold(0u128, |sum, it| {
            elements(it).and_then(|it| sum.checked_add(it))
        }),
        None => value.shape.as_ref()?.numel(),
    }
}

/// What twice as many samples lead to.
struct Search<'a> {
    scene: Scene<'a>,
    sizes: [u64; 2],
    changed: &'a Changed,
}

impl Search<'_> {
    /// Whether a convolution refuses more channels, and no map has had more samples on its first axis.
    fn is_no_batch(&self, stop: &Stop) -> bool {
        let Stop::Refused(id, _) = stop else {
            return false;
        };
        let is_conv = |id: NodeId| {
            let node = self.scene.network.node(id);
            conv::find(&node.domain, &node.op_type).is_some()
        };
        let mut nodes = self.changed.nodes.iter();
        is_conv(*id)
            && !self.has_more_samples(*id)
            && !nodes.any(|it| self.is_map(*it) && self.has_more_samples(*it))
    }

    /// Whether a node takes a map, whose first axis is that of the samples.
    fn is_map(&self, id: NodeId) -> bool {
        let node = self.scene.network.node(id);
        let (domain, op_type) = (&node.domain, &node.op_type);
        conv::find(domain, op_type).is_some() || pool::find(domain, op_type).is_some()
    }

    fn has_more_samples(&self, id: NodeId) -> bool {
        let first = |value: &Value| value.shape.as_ref().map(|it| it.dim(0));
        let input = input_of(self.scene.network.node(id), 0);
        input.is_some_and(|it| {
            let after = self.changed.values.get(&it).and_then(first);
            let before = self.scene.value(it).and_then(first);
            after.is_some() && after != before
        })
    }

    fn named(&self, id: NodeId) -> String {
        let node = self.scene.network.node(id);
        format!("{} {:?}", node.op_type, node.name)
    }

    /// Why the walk ended.
    fn why(&self, stop: &Stop) -> String {
        let why = match stop {
            Stop::Refused(id, _) => format!("{} takes no other first size", self.named(*id)),
            Stop::Control(id) => format!("{} is, or is in, control flow", self.named(*id)),
            Stop::Pinned(id, by) => {
                format!("{by} states the size of what {} makes", self.named(*id))
            }
            Stop::Batch(id, ..) | Stop::Whole(id, ..) => format!("{} fixes it", self.named(*id)),
            Stop::Cycle(id) => format!("{} uses what it makes itself", self.named(*id)),
            Stop::TooMuch => "too much lies downstream".to_owned(),
        };
        self.untold(&why)
    }

    fn untold(&self, why: &str) -> String {
        format!(
            "the first input has a first size of {}, and what depends on it is not told: {why}",
            self.sizes[0]
        )
    }

    /// What speaks against all that was found: a product that no longer fits, or a value that has the size of the
    /// batch whatever the batch is.
    fn contradiction(&self) -> Option<String> {
        let [size, _] = self.sizes;
        let why = if let Some((id, ..)) = self.changed.unfit.first() {
            format!("{} takes no other first size", self.named(*id))
        } else {
            let mut nodes = self.changed.nodes.iter();
            let fixed = nodes.find(|it| self.fixes(**it))?;
            format!("{} makes {size} for any other, too", self.named(*fixed))
        };
        Some(self.untold(&why))
    }

    /// Whether a node takes more samples and makes something of the size of the batch all the same.
    fn fixes(&self, id: NodeId) -> bool {
        let node = self.scene.network.node(id);
        if is(node, &["Shape", "Size"]) {
            return false;
        }
        let grows = |value: ValueId| {
            let before = self.scene.value(value).and_then(elements);
            let after = self.changed.values.get(&value).map(elements);
            after.is_some_and(|it| it != before)
        };
        let mut inputs = node.inputs.iter().flatten();
        let mut outputs = node.outputs.iter().flatten();
        let kept = |it: &ValueId| {
            let shape = self.scene.shape(*it);
            let batch = Dim::Known(self.sizes[0]);
            !grows(*it) && shape.is_some_and(|it| it.0.contains(&batch))
        };
        inputs.any(|it| grows(*it)) && outputs.any(kept)
    }

    /// The changed values by how they grew.
    fn sorted(&self) -> Batch {
        let samples = u128::from(self.sizes[0]);
        let (mut holding, mut odd) = (HashSet::new(), HashSet::new());
        for (value, new) in &self.changed.values {
            let Some(before) = self.scene.value(*value).and_then(elements) else {
                continue;
            };
            let after = elements(new);
            if after == before.checked_mul(2) && before.checked_rem(samples) == Some(0) {
                holding.insert(*value);
            } else if after != Some(before) {
                odd.insert(*value);
            }
        }
        Batch::Of {
            samples,
            holding,
            odd,
        }
    }
}
