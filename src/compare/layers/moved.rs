//! Layers that have a counterpart out of order.

use std::collections::BTreeMap;

use super::Match;
use super::align::align;
use super::item::Item;
use super::name::is_trusted;

/// Finds a counterpart out of order for layers that have none in it: of the same module, else the only two
/// that are equal and that names do not tell apart.
pub(super) fn find(matches: &[Match], first: &[Item], second: &[Item]) -> Vec<(usize, usize)> {
    let alone = |of: fn(&Match) -> Option<usize>| -> Vec<usize> {
        let alone = matches
            .iter()
            .filter(|it| it.before.is_none() || it.after.is_none());
        alone.filter_map(of).collect()
    };
    let mut left = alone(|it| it.before);
    let mut right = alone(|it| it.after);
    let mut found = take(&mut left, &mut right, first, second, by_module, |_, _| true);
    found.extend(take(
        &mut left, &mut right, first, second, by_all, may_be_one,
    ));
    found
}

/// Pairs two lists of which one is in no order: by module, else by what tensors alone tell where only one
/// layer of each list has it, else one after the other.
pub(super) fn regardless(first: &[Item], second: &[Item]) -> Vec<(usize, usize)> {
    let mut left: Vec<usize> = (0..first.len()).collect();
    let mut right: Vec<usize> = (0..second.len()).collect();
    let mut found = take(&mut left, &mut right, first, second, by_module, |_, _| true);
    found.extend(take(
        &mut left,
        &mut right,
        first,
        second,
        by_tensor,
        |_, _| true,
    ));
    let of = |places: &[usize], items: &[Item]| -> Vec<Item> {
        places
            .iter()
            .filter_map(|at| items.get(*at))
            .cloned()
            .collect()
    };
    let rest = align(&of(&left, first), &of(&right, second));
    let rest = rest
        .iter()
        .filter_map(|it| Some((*left.get(it.before?)?, *right.get(it.after?)?)));
    found.extend(rest);
    found
}

type Key = Vec<String>;

/// Whether no two names that count nothing say that two layers are not one.
fn may_be_one(left: &Item, right: &Item) -> bool {
    let names = [left, right].map(|it| it.side.module.as_deref());
    names[0] == names[1] || !names.iter().all(|it| it.is_some_and(is_trusted))
}

fn by_module(item: &Item) -> Option<Key> {
    let module = item.side.module.clone()?;
    Some(vec![item.side.kind.to_owned(), module])
}

fn by_all(item: &Item) -> Option<Key> {
    let mut key = item.keys.clone();
    key.push(item.side.kind.to_owned());
    Some(key)
}

fn by_tensor(item: &Item) -> Option<Key> {
    let fields = ["kernel_shape", "filters", "params"].iter();
    let values = fields.map(|it| {
        item.side
            .field(it)
            .map_or(String::new(), |it| format!("{it:?}"))
    });
    let mut key: Key = values.collect();
    key.push(item.side.kind.to_owned());
    Some(key)
}

/// Takes the pairs out of two lists that have a key in common which each has once, and that fit.
fn take(
    left: &mut Vec<usize>,
    right: &mut Vec<usize>,
    first: &[Item],
    second: &[Item],
    key: fn(&Item) -> Option<Key>,
    fits: fn(&Item, &Item) -> bool,
) -> Vec<(usize, usize)> {
    let mut places: BTreeMap<Key, [Vec<usize>; 2]> = BTreeMap::new();
    for at in left.iter() {
        if let Some(key) = first.get(*at).and_then(key) {
            places.entry(key).or_default()[0].push(*at);
        }
    }
    for at in right.iter() {
        if let Some(key) = second.get(*at).and_then(key) {
            places.entry(key).or_default()[1].push(*at);
        }
    }
    let once = places.into_values().filter_map(|[before, after]| {
        let ([before], [after]) = (before.as_slice(), after.as_slice()) else {
            return None;
        };
        let fit = fits(first.get(*before)?, second.get(*after)?);
        fit.then_some((*before, *after))
    });
    let mut found: Vec<(usize, usize)> = once.collect();
    found.sort_unstable();
    let (mut befores, mut afters): (Vec<usize>, Vec<usize>) = found.iter().copied().unzip();
    befores.sort_unstable();
    afters.sort_unstable();
    left.retain(|it| befores.binary_search(it).is_err());
    right.retain(|it| afters.binary_search(it).is_err());
    found
}
