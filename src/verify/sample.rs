//! Which output positions are checked: the same for every run of a shape.

/// Positions checked of one layer's output, where it has as many.
pub(super) const MOST_POSITIONS: usize = 64;

/// Up to [`MOST_POSITIONS`] positions of an output `[N, M, o1, …, on]`, each once and in order: every
/// corner, the middle of every edge, the centre, and a spread over the rest. Filters walk from the
/// first to the last, so that every group has its turn where there are not more than positions.
pub(super) fn positions(output: &[usize]) -> Vec<Vec<usize>> {
    let Some(total) = super::array::numel(output) else {
        return Vec::new();
    };
    let mut flat: Vec<usize> = if total <= MOST_POSITIONS {
        (0..total).collect()
    } else {
        (0..MOST_POSITIONS)
            .filter_map(|turn| place(output, turn))
            .collect()
    };
    flat.sort_unstable();
    flat.dedup();
    flat.into_iter().map(|it| unravel(output, it)).collect()
}

/// The flat place that is checked at `turn`.
fn place(output: &[usize], turn: usize) -> Option<usize> {
    let filters = output.get(1)?;
    let spatial = output.get(2..)?;
    // Each of the axes' three marks in turn: all corners, edges and the centre of up to three axes.
    let mut marks = turn;
    let filter = scaled(turn, MOST_POSITIONS - 1, filters.checked_sub(1)?)?;
    let mut flat = filter;
    for (axis, size) in spatial.iter().enumerate() {
        let last = size.checked_sub(1)?;
        let at = if turn < 3usize.checked_pow(u32::try_from(spatial.len()).ok()?)? {
            [0, last, last / 2].get(marks % 3).copied()?
        } else {
            // Multiplying by a number with no factor in common with 61 visits every residue.
            scaled((turn * [17, 23, 37].get(axis % 3)?) % 61, 60, last)?
        };
        marks /= 3;
        flat = flat.checked_mul(*size)?.checked_add(at)?;
    }
    Some(flat)
}

/// `at` of `most` as a place from 0 to `last`.
fn scaled(at: usize, most: usize, last: usize) -> Option<usize> {
    at.checked_mul(last)?.checked_div(most)
}

/// A flat row-major place as one index an axis.
pub(super) fn unravel(sizes: &[usize], mut flat: usize) -> Vec<usize> {
    let mut index: Vec<usize> = sizes
        .iter()
        .rev()
        .map(|size| {
            let here = flat % (*size).max(1);
            flat /= (*size).max(1);
            here
        })
        .collect();
    index.reverse();
    index
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn corners_and_centre_are_among_them() {
        let got = positions(&[1, 96, 55, 41]);
        assert!(got.len() > 55, "{}", got.len());
        let spatial: BTreeSet<&[usize]> = got.iter().map(|it| &it[2..]).collect();
        for corner in [[0, 0], [0, 40], [54, 0], [54, 40], [27, 20], [0, 20]] {
            assert!(spatial.contains(&corner[..]), "{corner:?}");
        }
        let filters: BTreeSet<usize> = got.iter().map(|it| it[1]).collect();
        assert!(filters.contains(&0) && filters.contains(&95));
        assert!(filters.len() > 50);
    }

    #[test]
    fn a_small_output_is_checked_whole() {
        assert_eq!(positions(&[1, 2, 3]).len(), 6);
        assert_eq!(positions(&[1, 2, 0]).len(), 0);
    }

    #[test]
    fn every_axis_takes_many_values() {
        let got = positions(&[1, 1, 100, 100, 100]);
        for axis in 2..5 {
            let values: BTreeSet<usize> = got.iter().map(|it| it[axis]).collect();
            assert!(values.len() > 20, "axis {axis}: {}", values.len());
        }
    }
}
