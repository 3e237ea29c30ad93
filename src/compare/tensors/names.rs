//! One tensor's name in several spellings.

use std::collections::BTreeMap;

/// Names of so many parts at most are looked at from behind.
const MOST_PARTS: usize = 32;

/// What frameworks call the last part of a name, and what PyTorch calls it.
const LEAVES: &[(&str, &str)] = &[
    ("kernel", "weight"),
    ("gamma", "weight"),
    ("W", "weight"),
    ("beta", "bias"),
    ("B", "bias"),
    ("moving_mean", "running_mean"),
    ("moving_variance", "running_var"),
];

/// A name with points between its parts, its last part as PyTorch has it.
pub(super) fn plain(name: &str) -> String {
    let name = name.strip_suffix(":0").unwrap_or(name);
    let name = name.strip_suffix("_quantized").unwrap_or(name);
    let joined = name.replace("::", ".").replace('/', ".");
    let joined = joined.trim_matches('.');
    let (module, leaf) = joined.rsplit_once('.').unwrap_or(("", joined));
    let leaf = LEAVES
        .iter()
        .find(|it| it.0 == leaf)
        .map_or(leaf, |it| it.1);
    if module.is_empty() {
        return leaf.to_owned();
    }
    format!("{module}.{leaf}")
}

/// Pairs of names of which one is the other behind a prefix, the prefix that most pairs share first. `fits`
/// says whether two may be one tensor at all.
pub(super) fn behind_prefix(
    before: &[(usize, String)],
    after: &[(usize, String)],
    fits: impl Fn(usize, usize) -> bool,
) -> Vec<(usize, usize)> {
    let mut found: BTreeMap<(bool, &str), Vec<(usize, usize)>> = BTreeMap::new();
    let places = [places(before), places(after)];
    for (flipped, list) in [(false, before), (true, after)] {
        let [ours, theirs] = &places;
        let others = if flipped { ours } else { theirs };
        for (at, name) in list {
            for (prefix, rest) in cuts(name) {
                let Some(Some(other)) = others.get(rest) else {
                    continue;
                };
                let pair = if flipped {
                    (*other, *at)
                } else {
                    (*at, *other)
                };
                if fits(pair.0, pair.1) {
                    // Names that are the same in plain spelling have no prefix on either side.
                    let side = flipped && !prefix.is_empty();
                    found.entry((side, prefix)).or_default().push(pair);
                }
            }
        }
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by(|((_, one), left), ((_, other), right)| {
        let more = right.len().cmp(&left.len());
        more.then(one.len().cmp(&other.len())).then(one.cmp(other))
    });
    found.into_iter().flat_map(|it| it.1).collect()
}

/// Where each name is; `None` for one that occurs twice.
fn places(list: &[(usize, String)]) -> BTreeMap<&str, Option<usize>> {
    let mut places = BTreeMap::new();
    for (at, name) in list {
        let place = places.entry(name.as_str()).or_insert(Some(*at));
        if *place != Some(*at) {
            *place = None;
        }
    }
    places
}

/// A name whole, and without one part more each time.
fn cuts(name: &str) -> impl Iterator<Item = (&str, &str)> {
    let cuts = name.match_indices('.').take(MOST_PARTS);
    let cuts = cuts.filter_map(|(at, _)| name.split_at_checked(at.saturating_add(1)));
    std::iter::once(("", name)).chain(cuts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frameworks_spell_one_tensor_alike() {
        let cases = [
            ("layer1.0.conv1.weight", "layer1.0.conv1.weight"),
            ("block1/conv/kernel:0", "block1.conv.weight"),
            ("bn/moving_variance", "bn.running_var"),
            ("conv1.weight_quantized", "conv1.weight"),
            ("/conv1/W", "conv1.weight"),
            ("", ""),
        ];
        for (name, expected) in cases {
            assert_eq!(plain(name), expected, "{name:?}");
        }
    }

    #[test]
    fn the_prefix_of_most_names_counts() {
        let list = |names: &[&str]| -> Vec<(usize, String)> {
            names
                .iter()
                .map(|it| (*it).to_owned())
                .enumerate()
                .collect()
        };
        let before = list(&["model.a.w", "model.b.w", "model.b.c.w"]);
        let after = list(&["a.w", "b.w", "c.w", "b.c.w"]);
        let pairs = behind_prefix(&before, &after, |_, _| true);
        // `model.` brings three pairs, `model.b.` one more that comes after them.
        assert_eq!(pairs, [(0, 0), (1, 1), (2, 3), (2, 2)]);
        let mirrored = behind_prefix(&after, &before, |_, _| true);
        let flipped: Vec<_> = mirrored.into_iter().map(|it| (it.1, it.0)).collect();
        assert_eq!(flipped, pairs);
    }
}
