//! Which tensor of one model is which of the other.

use std::collections::BTreeMap;

use super::anchor::anchors;
use super::axes::orders;
use super::names::{behind_prefix, plain};
use super::work::{Folds, Found, Read};
use super::{By, Pair, Shapes, Side, Subject};
use crate::account::{Role, TensorRow};
use crate::compare::layers::{Layers, is_generated};
use crate::units::product;

/// The tensors of two models, paired so far.
pub(super) struct Matching<'s, 'a> {
    pub(super) subjects: [&'s Subject<'a>; 2],
    /// By tensor of the first model: its counterpart.
    before: Vec<Option<(usize, By)>>,
    /// By tensor of the second model.
    after: Vec<Option<usize>>,
}

/// What two shapes say of each other.
pub(super) fn relation(before: &[u64], after: &[u64]) -> Shapes {
    let numel = |it: &[u64]| product(it.iter().copied().map(u128::from));
    if before == after {
        Shapes::Same
    } else if !orders(before, after).is_empty() {
        Shapes::Transposed
    } else if numel(before).is_some() && numel(before) == numel(after) {
        Shapes::Reshaped
    } else {
        Shapes::Other
    }
}

impl<'s, 'a> Matching<'s, 'a> {
    pub(super) fn new(subjects: [&'s Subject<'a>; 2]) -> Self {
        let [before, after] = subjects.map(|it| it.rows.len());
        Self {
            subjects,
            before: vec![None; before],
            after: vec![None; after],
        }
    }

    /// Tensors of one side without a counterpart.
    pub(super) fn alone(&self, side: usize) -> Vec<usize> {
        let free = |taken: Vec<bool>| -> Vec<usize> {
            let places = taken.into_iter().enumerate();
            places.filter(|it| !it.1).map(|it| it.0).collect()
        };
        match side {
            0 => free(self.before.iter().map(Option::is_some).collect()),
            _ => free(self.after.iter().map(Option::is_some).collect()),
        }
    }

    pub(super) fn is_alone(&self, side: usize, at: usize) -> bool {
        match side {
            0 => self.before.get(at) == Some(&None),
            _ => self.after.get(at) == Some(&None),
        }
    }

    /// Every pair, in the order of the first model.
    pub(super) fn matched(&self) -> Vec<(usize, usize, By)> {
        let all = self.before.iter().enumerate();
        all.filter_map(|(at, it)| it.map(|(after, by)| (at, after, by)))
            .collect()
    }

    /// Pairs two tensors that are both alone.
    pub(super) fn join(&mut self, before: usize, after: usize, by: By) {
        if !self.is_alone(0, before) || !self.is_alone(1, after) {
            return;
        }
        let slots = self.before.get_mut(before).zip(self.after.get_mut(after));
        if let Some((left, right)) = slots {
            *left = Some((after, by));
            *right = Some(before);
        }
    }

    /// Takes a pair apart.
    pub(super) fn part(&mut self, before: usize, after: usize) {
        if let Some(slot) = self.before.get_mut(before) {
            *slot = None;
        }
        if let Some(slot) = self.after.get_mut(after) {
            *slot = None;
        }
    }

    pub(super) fn row(&self, side: usize, at: usize) -> Option<&'s TensorRow> {
        self.subjects.get(side)?.row(at)
    }

    /// What the shapes of two tensors say.
    fn shapes(&self, before: usize, after: usize) -> Shapes {
        let rows = self.row(0, before).zip(self.row(1, after));
        rows.map_or(Shapes::Other, |(before, after)| {
            relation(&before.shape, &after.shape)
        })
    }

    /// Pairs those that are alone and that share a key which no other of either side has.
    fn by_key<K: Ord>(&mut self, by: By, key: impl Fn(usize, usize) -> Option<K>) {
        let mut places: BTreeMap<K, [Vec<usize>; 2]> = BTreeMap::new();
        for side in [0, 1] {
            for at in self.alone(side) {
                let Some(key) = key(side, at) else { continue };
                if let Some(list) = places.entry(key).or_default().get_mut(side) {
                    list.push(at);
                }
            }
        }
        for [before, after] in places.into_values() {
            if let ([before], [after]) = (before.as_slice(), after.as_slice()) {
                self.join(*before, *after, by);
            }
        }
    }

    pub(super) fn by_name(&mut self) {
        let subjects = self.subjects;
        self.by_key(By::Name, |side, at| {
            let subject = subjects.get(side)?;
            let row = subject.row(at)?;
            (!generated(subject, row)).then_some(&row.name)
        });
    }

    /// Generated names say little: they count nodes, and shift when one is put in.
    pub(super) fn by_generated_name(&mut self) {
        let subjects = self.subjects;
        self.by_key(By::Name, |side, at| {
            let row = subjects.get(side)?.row(at)?;
            Some((&row.name, row.role, &row.shape))
        });
    }

    pub(super) fn by_spelling(&mut self) {
        let list = |side: usize| -> Vec<(usize, String)> {
            let alone = self.alone(side).into_iter();
            let named = alone.filter_map(|at| {
                let row = self.row(side, at)?;
                let subject = self.subjects.get(side)?;
                (!generated(subject, row)).then(|| (at, plain(&row.name)))
            });
            named.collect()
        };
        let fits = |before, after| self.shapes(before, after) != Shapes::Other;
        for (before, after) in behind_prefix(&list(0), &list(1), fits) {
            self.join(before, after, By::Spelling);
        }
    }

    pub(super) fn by_layer(&mut self, layers: &Layers) {
        let [before, after] = self.subjects;
        let before = anchors(before, layers, |it| it.before.as_ref());
        let after = anchors(after, layers, |it| it.after.as_ref());
        self.by_key(By::Layer, |side, at| match side {
            0 => before.get(at)?.as_ref(),
            _ => after.get(at)?.as_ref(),
        });
    }

    pub(super) fn by_shape(&mut self, folds: &Folds) {
        let subjects = self.subjects;
        let row = |side: usize, at: usize| {
            let row = subjects.get(side)?.row(at)?;
            (!folds.contains_key(&(side, at))).then_some(row)
        };
        self.by_key(By::Shape, |side, at| {
            let row = row(side, at)?;
            Some((row.role, &row.shape))
        });
        self.by_key(By::Shape, |side, at| {
            let row = row(side, at)?;
            let mut sizes: Vec<u64> = row.shape.iter().copied().filter(|it| *it != 1).collect();
            sizes.sort_unstable();
            Some((row.role, sizes))
        });
    }

    /// All tensors with what was found of them.
    pub(super) fn pairs(&self, found: &Found, folds: &Folds) -> Vec<Pair> {
        let mut counts: BTreeMap<(usize, Role, &[u64]), usize> = BTreeMap::new();
        for side in [0, 1] {
            let alone = self.alone(side).into_iter();
            let alone = alone.filter(|it| !folds.contains_key(&(side, *it)));
            for row in alone.filter_map(|it| self.row(side, it)) {
                let count = counts.entry((side, row.role, &row.shape)).or_default();
                *count = count.saturating_add(1);
            }
        }
        // Those of the other model that it could be.
        let like = |side: usize, at: usize| {
            if let Some(name) = folds.get(&(side, at)) {
                return Some(Shapes::Folded(name.clone()));
            }
            let row = self.row(side, at)?;
            let other = 1_usize.saturating_sub(side);
            let count = counts.get(&(other, row.role, row.shape.as_slice()));
            count.map(|it| Shapes::Ambiguous(*it))
        };
        let mut pairs = Vec::with_capacity(self.before.len());
        for (at, partner) in self.before.iter().enumerate() {
            let before = self.side(0, at);
            pairs.push(match partner {
                Some((after, by)) => {
                    let read = found.get(&(at, *after)).cloned().unwrap_or_default();
                    self.pair([at, *after], *by, read)
                }
                None => lonely(before, None, like(0, at)),
            });
        }
        for at in self.alone(1) {
            pairs.push(lonely(None, self.side(1, at), like(1, at)));
        }
        pairs
    }

    fn pair(&self, [before, after]: [usize; 2], by: By, read: Read) -> Pair {
        Pair {
            shapes: self.shapes(before, after),
            before: self.side(0, before),
            after: self.side(1, after),
            by: Some(by),
            axes: read.axes,
            content: read.content,
            elsewhere: read.elsewhere,
        }
    }

    fn side(&self, side: usize, at: usize) -> Option<Side> {
        let subject = self.subjects.get(side)?;
        let row = subject.row(at)?;
        Some(Side {
            name: row.name.clone(),
            role: row.role,
            data_type: row.data_type,
            shape: row.shape.clone(),
            row: row.user.and_then(|it| subject.places.get(&it.0).copied()),
        })
    }
}

fn lonely(before: Option<Side>, after: Option<Side>, known: Option<Shapes>) -> Pair {
    let shapes = known.unwrap_or(match before {
        Some(_) => Shapes::OnlyBefore,
        None => Shapes::OnlyAfter,
    });
    Pair {
        before,
        after,
        by: None,
        shapes,
        axes: vec![],
        content: None,
        elsewhere: None,
    }
}

/// Whether a tensor's name counts tensors or nodes.
fn generated(subject: &Subject<'_>, row: &TensorRow) -> bool {
    let node = row.user.map(|it| subject.model.network.node(it.0));
    is_generated(&row.name, node.map_or("Constant", |it| &it.op_type))
}
