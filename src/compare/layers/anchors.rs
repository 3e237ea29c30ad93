//! Layers that are found before anything is aligned: where two long lists are cut, at layers that each has
//! once, and which layers their names bind to each other.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::token::Token;

/// Layers that each list has once under one name, as many as keep the order of both.
pub(super) fn anchors(first: &[Token], second: &[Token]) -> Vec<(usize, usize)> {
    let key = |it: &Token| (it.module, it.whole);
    let mut places: HashMap<(u32, u32), [Place; 2], RandomState> = HashMap::default();
    for (list, tokens) in [first, second].into_iter().enumerate() {
        for (at, token) in tokens.iter().enumerate() {
            if let Some(place) = places.entry(key(token)).or_default().get_mut(list) {
                *place = match place {
                    Place::Nowhere => Place::At(at),
                    _ => Place::Several,
                };
            }
        }
    }
    let common = first.iter().filter_map(|it| match places.get(&key(it)) {
        Some([Place::At(before), Place::At(after)]) => Some((*before, *after)),
        _ => None,
    });
    increasing(&common.collect::<Vec<_>>())
}

/// Marks layers whose counterpart their names tell: each list has one of that name, the name counts nothing,
/// and `fit` says that the two may be one layer.
pub(super) fn bind(
    first: &mut [Token],
    second: &mut [Token],
    fit: impl Fn(&Token, &Token) -> bool,
) {
    let mut places: HashMap<u32, [Place; 2], RandomState> = HashMap::default();
    for (list, tokens) in [&*first, &*second].into_iter().enumerate() {
        for (at, token) in tokens.iter().enumerate().filter(|it| it.1.trusted) {
            if let Some(place) = places.entry(token.module).or_default().get_mut(list) {
                *place = match place {
                    Place::Nowhere => Place::At(at),
                    _ => Place::Several,
                };
            }
        }
    }
    for place in places.into_values() {
        let [Place::At(before), Place::At(after)] = place else {
            continue;
        };
        if let Some((left, right)) = first.get_mut(before).zip(second.get_mut(after)) {
            let bound = left.kind == right.kind && fit(left, right);
            (left.bound, right.bound) = (bound, bound);
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
enum Place {
    #[default]
    Nowhere,
    At(usize),
    Several,
}

/// The longest run of pairs whose second numbers increase; the first ones do already.
fn increasing(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // For each length, the pair that ends the run with the least second number; each pair knows its
    // forerunner.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    let second = |at: usize| pairs.get(at).map(|it| it.1);
    for (at, pair) in pairs.iter().enumerate() {
        let length = ends.partition_point(|it| second(*it) < Some(pair.1));
        before.push(length.checked_sub(1).and_then(|it| ends.get(it).copied()));
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut out = Vec::with_capacity(ends.len());
    let mut next = ends.last().copied();
    while let Some(at) = next {
        out.extend(pairs.get(at));
        next = before.get(at).copied().flatten();
    }
    out.reverse();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_increasing_run_is_found() {
        // 0 1 2 6 8 of 3 0 1 9 2 6 8 5.
        let second = [3, 0, 1, 9, 2, 6, 8, 5];
        let pairs: Vec<(usize, usize)> = second.into_iter().enumerate().collect();
        let got: Vec<usize> = increasing(&pairs).into_iter().map(|it| it.1).collect();
        assert_eq!(got, [0, 1, 2, 6, 8]);
        assert!(increasing(&[]).is_empty());
    }
}
