//! Comparing contents: of pairs first, then in search of what has no counterpart yet.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::axes::{Axes, orders};
use super::content::{Budget, Open, Print, compare, print};
use super::matching::{Matching, relation};
use super::number::narrower;
use super::tally::Content;
use super::{By, Shapes, Subject};
use crate::account::Role;
use crate::tensor::DataType;

/// What reading a pair showed.
#[derive(Clone, Debug, Default)]
pub(super) struct Read {
    pub(super) axes: Axes,
    pub(super) content: Option<Content>,
    pub(super) elsewhere: Option<String>,
}

/// By pair.
pub(super) type Found = BTreeMap<(usize, usize), Read>;

/// Tensors without a counterpart that are in another one's weights, by side and place: that one's name.
pub(super) type Folds = BTreeMap<(usize, usize), String>;

/// Tensors of equal prints that are tried, one after the other.
const MOST_TRIES: usize = 8;

/// Reads the contents of two models' tensors.
pub(super) struct Work<'s, 'a> {
    pub(super) subjects: [&'s Subject<'a>; 2],
    pub(super) budget: Budget,
}

/// Prints by side, tensor, and the type that numbers were rounded to.
type Prints = BTreeMap<(usize, usize, Option<DataType>), Print>;

/// What tensors of equal numbers share: how many there are, their print, and their role where their numbers
/// are all one.
type Key = (u128, Print, Option<Role>);

impl<'s, 'a> Work<'s, 'a> {
    pub(super) fn new(subjects: [&'s Subject<'a>; 2]) -> Self {
        Self {
            budget: Budget::of(subjects.map(|it| it.model)),
            subjects,
        }
    }

    pub(super) fn bytes_read(&self) -> u64 {
        self.budget.read()
    }

    /// Compares every pair, and pairs what is left by its content.
    pub(super) fn read(&self, matching: &mut Matching<'_, '_>, found: &mut Found) {
        self.read_rest(matching, found);
        let different = |before: usize, after: usize, found: &Found| {
            let read = found.get(&(before, after));
            matches!(
                read.and_then(|it| it.content.as_ref()),
                Some(Content::Different(_))
            )
        };
        // What only its place suggests gives way to equal content.
        let mut held = vec![];
        let mut named = vec![];
        for (before, after, by) in matching.matched() {
            if !different(before, after, found) {
                continue;
            }
            if by == By::Layer {
                matching.part(before, after);
                held.push((before, after));
            } else {
                named.push((before, after));
            }
        }
        let mut pools = [matching.alone(0), matching.alone(1)];
        pools[0].extend(named.iter().map(|it| it.0));
        pools[1].extend(named.iter().map(|it| it.1));
        let prints = self.prints(&pools);
        let twins = self.twins(&pools, &prints);
        for [ours, theirs] in &twins.groups {
            self.join(ours, theirs, matching, found);
        }
        for (before, after) in held {
            matching.join(before, after, By::Layer);
        }
        for (before, after) in named {
            let other = self.elsewhere(before, after, &twins);
            if let Some(read) = found.get_mut(&(before, after)) {
                read.elsewhere = other;
            }
        }
    }

    /// Pairs tensors of equal prints whose contents turn out to be equal, those of one shape and role first.
    fn join(
        &self,
        ours: &[usize],
        theirs: &[usize],
        matching: &mut Matching<'_, '_>,
        found: &mut Found,
    ) {
        for near in [true, false] {
            let free = theirs.iter().filter(|it| matching.is_alone(1, **it));
            let mut free: Vec<usize> = free.copied().collect();
            for before in ours {
                if !matching.is_alone(0, *before) {
                    continue;
                }
                let fits = |it: &(usize, &usize)| !near || self.are_near(*before, *it.1);
                let tries = free.iter().enumerate().filter(fits).take(MOST_TRIES);
                let twin = tries.map(|it| (it.0, *it.1)).find_map(|(at, after)| {
                    let read = self.pair(*before, after);
                    let equal = read.content.as_ref().is_some_and(Content::is_equal);
                    equal.then_some((at, after, read))
                });
                if let Some((at, after, read)) = twin {
                    matching.join(*before, after, By::Content);
                    found.insert((*before, after), read);
                    free.remove(at);
                }
            }
        }
    }

    /// Whether two tensors have one shape and one role.
    fn are_near(&self, before: usize, after: usize) -> bool {
        let rows = self.subjects[0]
            .row(before)
            .zip(self.subjects[1].row(after));
        rows.is_some_and(|(one, other)| one.shape == other.shape && one.role == other.role)
    }

    /// Compares the pairs that were not read yet.
    pub(super) fn read_rest(&self, matching: &Matching<'_, '_>, found: &mut Found) {
        let pairs = matching.matched();
        let new = pairs
            .into_par_iter()
            .filter(|(before, after, _)| !found.contains_key(&(*before, *after)));
        let read: Vec<_> = new
            .map(|(before, after, _)| ((before, after), self.pair(before, after)))
            .collect();
        found.extend(read);
    }

    fn open(&self, side: usize, at: usize) -> Result<Open<'a>, String> {
        let subject = self.subjects.get(side).ok_or("there is no such model")?;
        let row = subject.row(at).ok_or("there is no such tensor")?;
        let model = subject.model;
        Open::new(model, &model.network.initializer(row.id).tensor)
    }

    /// Compares two tensors in the order that their shapes tell, else in others that they allow.
    fn pair(&self, before: usize, after: usize) -> Read {
        let rows = self.subjects[0]
            .row(before)
            .zip(self.subjects[1].row(after));
        let Some((one, other)) = rows else {
            return Read::default();
        };
        let shapes = relation(&one.shape, &other.shape);
        if shapes == Shapes::Other {
            return Read::default();
        }
        let told = |content| Read {
            content: Some(content),
            ..Read::default()
        };
        if one.shape.contains(&0) {
            return told(Content::Equal);
        }
        let mut open = Vec::with_capacity(2);
        for (side, at, name) in [(0, before, "first"), (1, after, "second")] {
            match self.open(side, at) {
                Ok(it) => open.push(it),
                Err(reason) => {
                    return told(Content::NotCompared(format!(
                        "in the {name} model: {reason}"
                    )));
                }
            }
        }
        let [one, other] = open.as_slice() else {
            return Read::default();
        };
        let sides = [one, other];
        let mut best = (shapes != Shapes::Transposed).then(|| Read {
            content: Some(compare(sides, None, false, &self.budget)),
            ..Read::default()
        });
        let differs = |it: &Read| matches!(it.content, Some(Content::Different(_)));
        if best.as_ref().is_some_and(|it| !differs(it)) {
            return best.unwrap_or_default();
        }
        for axes in orders(one.shape, other.shape) {
            let trial = best.is_some();
            let content = compare(sides, Some(&axes), trial, &self.budget);
            let equal = content.is_equal() || matches!(content, Content::Close(_));
            let read = Read {
                axes,
                content: Some(content),
                elsewhere: None,
            };
            if equal {
                return read;
            }
            best.get_or_insert(read);
        }
        best.unwrap_or_default()
    }

    /// Reads tensors for their prints, each in its own type and in every narrower one of the other side.
    fn prints(&self, pools: &[Vec<usize>; 2]) -> Prints {
        let types = [self.types(0, &pools[0]), self.types(1, &pools[1])];
        let mut tasks = vec![];
        for (side, pool) in pools.iter().enumerate() {
            let Some(theirs) = types.get(1_usize.saturating_sub(side)) else {
                continue;
            };
            for at in pool {
                let Some(own) = self.data_type(side, *at) else {
                    continue;
                };
                let formats: BTreeSet<Option<DataType>> =
                    theirs.iter().map(|it| rounding(own, *it)).collect();
                tasks.extend(formats.into_iter().map(|it| (side, *at, it)));
            }
        }
        let prints = tasks.into_par_iter().filter_map(|(side, at, rounded)| {
            let open = self.open(side, at).ok()?;
            let format = rounded.and_then(|it| narrower(it, it));
            let print = print(&open, format, &self.budget).ok()?;
            Some(((side, at, rounded), print))
        });
        prints.collect()
    }

    fn types(&self, side: usize, pool: &[usize]) -> BTreeSet<DataType> {
        let types = pool.iter().filter_map(|it| self.data_type(side, *it));
        types.collect()
    }

    fn data_type(&self, side: usize, at: usize) -> Option<DataType> {
        let row = self.subjects.get(side)?.row(at)?;
        // One number says nothing about which tensor it is.
        let numel = crate::units::product(row.shape.iter().copied().map(u128::from));
        row.data_type.filter(|_| numel.is_some_and(|it| it > 1))
    }

    /// Tensors of both models that seem to hold the same numbers.
    fn twins(&self, pools: &[Vec<usize>; 2], prints: &Prints) -> Twins {
        let types = [self.types(0, &pools[0]), self.types(1, &pools[1])];
        let pairs = types[0]
            .iter()
            .flat_map(|own| types[1].iter().map(move |it| [*own, *it]));
        let mut pairs: Vec<_> = pairs.collect();
        pairs.sort_by_key(|[one, other]| one != other);
        let mut twins = Twins::default();
        for [one, other] in pairs {
            let mut groups: BTreeMap<Key, [Vec<usize>; 2]> = BTreeMap::new();
            for (side, own, theirs) in [(0, one, other), (1, other, one)] {
                for at in pools.get(side).into_iter().flatten() {
                    if self.data_type(side, *at) == Some(own)
                        && let Some(key) = self.key(side, *at, rounding(own, theirs), prints)
                        && let Some(list) = groups.entry(key).or_default().get_mut(side)
                    {
                        list.push(*at);
                    }
                }
            }
            for group in groups.into_values() {
                twins.add(group);
            }
        }
        twins
    }

    fn key(
        &self,
        side: usize,
        at: usize,
        rounded: Option<DataType>,
        prints: &Prints,
    ) -> Option<Key> {
        let row = self.subjects.get(side)?.row(at)?;
        let print = *prints.get(&(side, at, rounded))?;
        let numel = crate::units::product(row.shape.iter().copied().map(u128::from))?;
        Some((numel, print, print.uniform.then_some(row.role)))
    }

    /// The tensor that holds what one of a pair holds, where that is not its counterpart.
    fn elsewhere(&self, before: usize, after: usize, twins: &Twins) -> Option<String> {
        let equal = |one: usize, other: usize| {
            let read = self.pair(one, other);
            read.content.as_ref().is_some_and(Content::is_equal)
        };
        let mut theirs = twins.of(0, before).take(MOST_TRIES);
        if let Some(other) = theirs.find(|it| *it != after && equal(before, *it)) {
            return self.subjects[1].row(other).map(|it| it.name.clone());
        }
        let mut ours = twins.of(1, after).take(MOST_TRIES);
        let other = ours.find(|it| *it != before && equal(*it, after))?;
        self.subjects[0].row(other).map(|it| it.name.clone())
    }
}

/// Tensors of both models in groups of those that seem to hold the same numbers.
#[derive(Default)]
struct Twins {
    groups: Vec<[Vec<usize>; 2]>,
    /// Groups by side and tensor.
    places: BTreeMap<(usize, usize), Vec<usize>>,
}

impl Twins {
    fn add(&mut self, group: [Vec<usize>; 2]) {
        if group.iter().any(Vec::is_empty) {
            return;
        }
        for (side, list) in group.iter().enumerate() {
            for at in list {
                let places = self.places.entry((side, *at)).or_default();
                places.push(self.groups.len());
            }
        }
        self.groups.push(group);
    }

    /// Those of the other side that seem to be a tensor's twins.
    fn of(&self, side: usize, at: usize) -> impl Iterator<Item = usize> {
        let places = self.places.get(&(side, at)).into_iter().flatten();
        let groups = places.filter_map(|it| self.groups.get(*it));
        let other = 1_usize.saturating_sub(side);
        let lists = groups.filter_map(move |it| it.get(other));
        lists.flatten().copied()
    }
}

/// The type that numbers of `own` are rounded to before they are held against those of `other`; `None` where
/// they are taken as they are.
fn rounding(own: DataType, other: DataType) -> Option<DataType> {
    let narrow = narrower(own, other)?.data_type;
    (narrow != own).then_some(narrow)
}
