//! In which order a file keeps the axes of its convolutions' weights.

use crate::network::LayoutFacts;

/// The order of a convolution weight's axes in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// Filters, channels, height, width: PyTorch.
    #[default]
    Oihw,
    /// Filters, height, width, channels: MLX.
    Ohwi,
    /// Height, width, channels, filters: Flax, Keras.
    Hwio,
}

/// Kernels of more taps along an axis than this are first taken for channels.
const MOST_TAPS: [u64; 2] = [31, 64];

impl Layout {
    /// Every layout; of a tie the first counts.
    pub const ALL: [Self; 3] = [Self::Oihw, Self::Ohwi, Self::Hwio];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Oihw => "oihw",
            Self::Ohwi => "ohwi",
            Self::Hwio => "hwio",
        }
    }

    /// For each axis of PyTorch's order, the axis of the file: ONNX's `perm`.
    #[must_use]
    pub fn perm(self, rank: usize) -> Vec<usize> {
        let last = rank.saturating_sub(1);
        let (first, rest): ([usize; 2], std::ops::Range<usize>) = match self {
            Self::Oihw => ([0, 1], 2..rank),
            Self::Ohwi => ([0, last], 1..last),
            Self::Hwio => ([last, last.saturating_sub(1)], 0..last.saturating_sub(1)),
        };
        first.into_iter().chain(rest).collect()
    }

    /// Sizes of the file in PyTorch's order.
    #[must_use]
    pub fn torch(self, dims: &[u64]) -> Vec<u64> {
        let perm = self.perm(dims.len());
        perm.iter()
            .filter_map(|it| dims.get(*it).copied())
            .collect()
    }

    /// Whether the sizes of a 4-D weight look like this: a square kernel of few taps at its place.
    fn fits(self, dims: &[u64], most: u64) -> bool {
        let torch = self.torch(dims);
        matches!(torch.as_slice(), [_, _, height, width] if height == width && *height <= most)
    }
}

/// The layout that most of the 4-D weights look like; each may look like several. A tie is settled by
/// `format` in the file's metadata, else in PyTorch's favour.
pub(super) fn vote(weights: &[&[u64]], format: Option<&str>) -> LayoutFacts {
    let usual = match format {
        Some("mlx") => Layout::Ohwi,
        Some("flax" | "tf" | "keras") => Layout::Hwio,
        _ => Layout::Oihw,
    };
    let count = |layout: Layout, most| weights.iter().filter(|it| layout.fits(it, most)).count();
    for most in MOST_TAPS {
        let votes = Layout::ALL.map(|it| (it, count(it, most)));
        let best = votes.iter().map(|it| it.1).max().unwrap_or(0);
        if best == 0 {
            continue;
        }
        let mut winners = votes.iter().filter(|it| it.1 == best);
        let winner = if votes.contains(&(usual, best)) {
            usual
        } else {
            winners.next().map_or(usual, |it| it.0)
        };
        return facts(winner, best, weights.len());
    }
    facts(usual, 0, weights.len())
}

/// The layout that a user gave.
pub(super) fn given(layout: Layout, weights: usize) -> LayoutFacts {
    LayoutFacts {
        given: true,
        ..facts(layout, 0, weights)
    }
}

fn facts(layout: Layout, votes: usize, of: usize) -> LayoutFacts {
    LayoutFacts {
        name: layout.name(),
        votes: crate::units::wide(votes),
        of: crate::units::wide(of),
        given: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_decides_where_one_weight_cannot() {
        // The weights of chess-cv's `pieces`, as MLX writes them, and the same in the other two orders.
        let torch: [&[u64]; 3] = [&[16, 3, 3, 3], &[32, 16, 3, 3], &[64, 32, 3, 3]];
        for layout in Layout::ALL {
            let perm = layout.perm(4);
            let stored: Vec<Vec<u64>> = torch
                .iter()
                .map(|dims| {
                    let mut out = vec![0; 4];
                    for (to, from) in perm.iter().enumerate() {
                        out[*from] = dims[to];
                    }
                    out
                })
                .collect();
            let weights: Vec<&[u64]> = stored.iter().map(Vec::as_slice).collect();
            let facts = vote(&weights, None);
            assert_eq!((facts.name, facts.votes, facts.of), (layout.name(), 3, 3));
            for (dims, stored) in torch.iter().zip(&stored) {
                assert_eq!(layout.torch(stored), *dims);
            }
        }
    }

    #[test]
    fn a_patch_of_32_is_still_a_kernel() {
        let facts = vote(&[&[768, 3, 32, 32]], None);
        assert_eq!((facts.name, facts.votes), ("oihw", 1));
    }
}
