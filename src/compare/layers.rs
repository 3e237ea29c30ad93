//! Two versions of one architecture, layer by layer.
//!
//! Convolutions, pools, matrix products and recurrent operators are aligned: by the module that they are in
//! where names tell it, else by what they are and where they stand, so that a layer that was put in does not
//! make every later one differ. What differs is said field by field; a field that only one side tells is no
//! difference but open. How nodes are wired is not compared, beyond what shapes show of it.
//!
//! Comparing the other way round gives the mirror image: lists are aligned in one order of the two, whichever
//! was asked for.

mod align;
mod anchors;
mod field;
mod item;
mod moved;
mod name;
mod notes;
mod token;
mod told;
mod totals;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use crate::Inspection;

pub use field::{Agreement, Value, names as field_names};
pub(super) use name::is_generated;
pub use totals::{InputChange, InputSide, OperatorCount, Total, permille};

use item::Item;
use told::{has_graph, has_order, kinds, told};

/// At this similarity and above two models are versions of one architecture: two of three layers have a
/// counterpart.
const ALIKE: f64 = 0.6;

/// Two models, layer by layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Layers {
    /// Paths of the two, as they were given.
    pub paths: [String; 2],
    /// Every layer of the two, in the order of the two files; where layers have no counterpart, those of the
    /// first stand before those of the second, and one that moved stands where the second has it.
    pub pairs: Vec<Pair>,
    /// Inputs of other sizes or types.
    pub inputs: Vec<InputChange>,
    /// How often each operator that computes stands in the two beside the layers, where the numbers differ.
    pub operators: Vec<OperatorCount>,
    /// Sums over the two files.
    pub totals: Vec<Total>,
    /// What could not be compared, a sentence each.
    pub notes: Vec<String>,
    /// How far one is a version of the other: 1 where every layer has its equal, 0 where none has.
    pub similarity: f64,
}

/// A layer and its counterpart; at least one of them is there.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// What became of the layer.
    pub status: Status,
    /// In the first model.
    pub before: Option<Side>,
    /// In the second model.
    pub after: Option<Side>,
    /// What differs.
    pub changes: Vec<Change>,
    /// Fields that only one of the two tells.
    pub open: Vec<&'static str>,
    /// Whether it stands elsewhere among the layers.
    pub moved: bool,
}

/// What became of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Nothing that both tell differs.
    Same,
    /// It has a counterpart that differs.
    Changed,
    /// The first model does not have it.
    Added,
    /// The second model does not have it.
    Removed,
}

impl Status {
    /// Its name in JSON and CSV.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Changed => "changed",
            Self::Added => "added",
            Self::Removed => "removed",
        }
    }
}

/// A layer of one model.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// Its place among the model's layers, from 0.
    pub at: usize,
    /// Its place among all rows of the inspection.
    pub row: usize,
    /// `conv`, `pool`, `linear` or `recurrent`.
    pub kind: &'static str,
    /// The node's name.
    pub name: String,
    /// Where it stands: empty in the main graph.
    pub scope: String,
    /// Name of its stored weight.
    pub weight: Option<String>,
    /// The module of the training framework that it is, as far as names tell: its weight's name or its own
    /// without what an exporter adds, `#2` behind it at the second use of a weight. `None` where names only count.
    pub module: Option<String>,
    /// What is compared, by the names of the JSON document.
    pub fields: Vec<(&'static str, Value)>,
}

impl Side {
    /// One of its fields; `None` where a layer of its kind has no such thing.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Value> {
        let mut fields = self.fields.iter();
        fields.find(|it| it.0 == name).map(|it| &it.1)
    }
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The field, as the JSON document names it.
    pub what: &'static str,
    /// In the first model.
    pub before: Value,
    /// In the second model.
    pub after: Value,
}

impl Change {
    /// By how many thousandths of the first count the second is off; `None` where it is no count, or the
    /// first is zero.
    #[must_use]
    pub fn permille(&self) -> Option<i128> {
        match (&self.before, &self.after) {
            (Value::Count(before), Value::Count(after)) => totals::permille(*before, *after),
            _ => None,
        }
    }
}

impl Pair {
    /// Whether its module has another name. One that is told on one side only is no other name, nor is a node's
    /// that an exporter made up.
    #[must_use]
    pub fn is_renamed(&self) -> bool {
        let module = |it: &Option<Side>| it.as_ref().and_then(|it| it.module.clone());
        let both = module(&self.before).zip(module(&self.after));
        both.is_some_and(|(before, after)| before != after)
    }

    /// Whether there is anything to say of it beside its name.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.status == Status::Same && !self.moved
    }
}

impl Layers {
    /// Whether nothing that was compared and that both tell differs. Names may, and what only one of the two
    /// tells is no difference.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.pairs.iter().all(Pair::is_same)
            && self.inputs.is_empty()
            && self.operators.is_empty()
            && self.totals.iter().all(|it| !it.differs())
    }

    /// Whether the two are versions of one architecture, so that comparing their layers tells more than
    /// comparing their sums.
    #[must_use]
    pub fn are_alike(&self) -> bool {
        self.similarity >= ALIKE
    }

    /// How many pairs have this status.
    #[must_use]
    pub fn count(&self, status: Status) -> usize {
        let pairs = self.pairs.iter();
        pairs.filter(|it| it.status == status).count()
    }
}

/// Compares two models layer by layer.
#[must_use]
pub fn compare(before: &Inspection, after: &Inspection) -> Layers {
    let sides = [before, after];
    let kinds = kinds(sides);
    let items = sides.map(|it| item::items(it, &kinds));
    let ordered = sides.iter().all(|it| has_order(it));
    let matches = matched(&items, ordered);
    let similarity = similarity(&matches, &items);
    Layers {
        paths: sides.map(|it| it.path.clone()),
        pairs: pairs(&matches, &items),
        inputs: told(ordered, || totals::inputs(before, after)),
        operators: told(sides.iter().all(|it| has_graph(it)), || {
            totals::operators(before, after)
        }),
        totals: totals::totals(before, after, ordered),
        notes: notes::notes(sides),
        similarity,
    }
}

/// A layer of the first list, of the second, or of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Match {
    before: Option<usize>,
    after: Option<usize>,
    /// Found outside the order.
    moved: bool,
}

/// Aligns two lists in the one order of the two that both ways of asking share.
fn matched(items: &[Vec<Item>; 2], ordered: bool) -> Vec<Match> {
    let [before, after] = items;
    let flip = item::order(before, after) == Ordering::Greater;
    let (first, second) = if flip {
        (after, before)
    } else {
        (before, after)
    };
    let mut matches = if ordered {
        align::align(first, second)
    } else {
        all_alone(first.len(), second.len())
    };
    let mut found = if ordered {
        moved::find(&matches, first, second)
    } else {
        moved::regardless(first, second)
    };
    if flip {
        for it in &mut matches {
            (it.before, it.after) = (it.after, it.before);
        }
        for it in &mut found {
            *it = (it.1, it.0);
        }
    }
    in_order(&matches, &found, ordered)
}

/// No layer has a counterpart yet.
fn all_alone(first: usize, second: usize) -> Vec<Match> {
    let first = (0..first).map(|it| (Some(it), None));
    let second = (0..second).map(|it| (None, Some(it)));
    let alone = first.chain(second);
    alone
        .map(|(before, after)| Match {
            before,
            after,
            moved: false,
        })
        .collect()
}

/// Every layer once: what only the first list has stands before what only the second has; a pair out of
/// order stands where the second list has it.
fn in_order(matches: &[Match], found: &[(usize, usize)], ordered: bool) -> Vec<Match> {
    let gone: BTreeSet<usize> = found.iter().map(|it| it.0).collect();
    let come: BTreeMap<usize, usize> = found.iter().map(|it| (it.1, it.0)).collect();
    let mut out = Vec::with_capacity(matches.len());
    let mut run: Vec<Match> = Vec::new();
    for it in matches {
        match (it.before, it.after) {
            (Some(_), Some(_)) => {
                out.append(&mut run);
                out.push(*it);
            }
            (Some(before), None) if gone.contains(&before) => {}
            (Some(_), None) => {
                // Those of one list keep its order.
                let place = run.partition_point(|it| it.after.is_none());
                run.insert(place, *it);
            }
            (None, after) => {
                let before = after.and_then(|it| come.get(&it)).copied();
                let moved = ordered && before.is_some();
                run.push(Match {
                    before,
                    after,
                    moved,
                });
            }
        }
    }
    out.append(&mut run);
    out
}

/// How many layers of the two have a counterpart, each as far as it resembles it.
#[expect(
    clippy::cast_precision_loss,
    clippy::as_conversions,
    reason = "a share needs no more digits than a float has"
)]
fn similarity(matches: &[Match], items: &[Vec<Item>; 2]) -> f64 {
    let [before, after] = items;
    let all = before.len().saturating_add(after.len());
    if all == 0 {
        return 1.0;
    }
    let likeness = matches.iter().filter_map(|it| {
        let pair = before.get(it.before?)?.likeness(after.get(it.after?)?);
        Some(2.0 * pair)
    });
    likeness.sum::<f64>() / all as f64
}

fn pairs(matches: &[Match], items: &[Vec<Item>; 2]) -> Vec<Pair> {
    let [before, after] = items;
    let pair = |it: &Match| {
        let before = it.before.and_then(|at| before.get(at));
        let after = it.after.and_then(|at| after.get(at));
        pair(before, after, it.moved)
    };
    matches.iter().map(pair).collect()
}

fn pair(before: Option<&Item>, after: Option<&Item>, moved: bool) -> Pair {
    let mut out = Pair {
        status: match (before, after) {
            (None, _) => Status::Added,
            (_, None) => Status::Removed,
            _ => Status::Same,
        },
        before: before.map(|it| it.side.clone()),
        after: after.map(|it| it.side.clone()),
        changes: vec![],
        open: vec![],
        moved,
    };
    let Some((before, after)) = before.zip(after) else {
        return out;
    };
    for (what, agreement) in item::differences(before, after) {
        match agreement {
            Agreement::Equal => {}
            Agreement::Open => out.open.push(what),
            Agreement::Differ => {
                let value = |it: &Side| it.field(what).cloned().unwrap_or(Value::Unknown);
                out.changes.push(Change {
                    what,
                    before: value(&before.side),
                    after: value(&after.side),
                });
            }
        }
    }
    if !out.changes.is_empty() {
        out.status = Status::Changed;
    }
    out
}
