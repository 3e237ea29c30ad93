//! A walk that came to its end: the plan that is made of it, and what tells it from others.

use std::collections::BTreeMap;

use crate::geometry::{Line, Pad, Plan, PoolKind, Step};

/// A line as it is walked; one that reads no line reads the input.
pub(super) struct Drawn {
    /// The line, which does not say yet what it reads.
    pub(super) line: Line,
    /// Places of the lines that it reads.
    pub(super) reads: Vec<usize>,
    /// Sizes of its weight; none for a pool.
    pub(super) dims: Vec<u64>,
}

/// A walk that came to its end.
pub(super) struct Walk {
    /// The geometry.
    pub(super) plan: Plan,
    /// Convolutions in it, those of auxiliary heads too.
    pub(super) convs: usize,
    /// Equal where every step, its reads and its weight's sizes are equal; names play no part.
    pub(super) fingerprint: u64,
}

/// Names what each line reads, where it is not the line above.
pub(super) fn labelled(drawn: Vec<Drawn>) -> Vec<Line> {
    let mut readers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, it) in drawn.iter().enumerate() {
        it.reads
            .iter()
            .for_each(|read| readers.entry(*read).or_default().push(at));
    }
    let all: Vec<Vec<usize>> = drawn.iter().map(|it| it.reads.clone()).collect();
    let mut lines: Vec<Line> = drawn.into_iter().map(|it| it.line).collect();
    // A geometry file says so of convolutions, which are what is totalled.
    for line in &mut lines {
        line.aux &= matches!(line.step, Step::Conv(_));
    }
    // The line that the next one reads where it says nothing.
    let mut above: Option<usize> = None;
    for (at, reads) in all.iter().enumerate() {
        let implicit = reads.as_slice() == above.as_slice();
        if !implicit {
            let from = reads
                .iter()
                .map(|it| label(&mut lines, *it))
                .collect::<Vec<_>>();
            let input = || vec!["input".to_owned()];
            set(&mut lines, at, |line| {
                line.from = if from.is_empty() { input() } else { from };
            });
        }
        let is_side =
            implicit && !readers.contains_key(&at) && all.get(at + 1).is_some_and(|it| it == reads);
        if is_side {
            set(&mut lines, at, |line| line.side = true);
        } else {
            above = Some(at);
        }
    }
    lines
}

fn set(lines: &mut [Line], at: usize, change: impl FnOnce(&mut Line)) {
    if let Some(line) = lines.get_mut(at) {
        change(line);
    }
}

/// The name of line `at`; pools get one when the first line asks for it.
fn label(lines: &mut [Line], at: usize) -> String {
    let Some(line) = lines.get_mut(at) else {
        return "input".to_owned();
    };
    if let Some(label) = line.label() {
        return label.to_owned();
    }
    let id = format!("pool-{at}");
    line.id = Some(id.clone());
    id
}

/// FNV-1a over every step: its kind, its numbers, the sizes of its weight, and how far up it reads.
///
/// Source: <http://www.isthe.com/chongo/tech/comp/fnv/>
pub(super) fn fingerprint(drawn: &[Drawn]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut feed = |numbers: &[u64]| {
        // The count first, so that no two lists run into one another.
        let count = crate::units::wide(numbers.len());
        for byte in [count]
            .iter()
            .chain(numbers)
            .flat_map(|it| it.to_le_bytes())
        {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for (at, it) in drawn.iter().enumerate() {
        let back = it.reads.iter().map(|read| at.abs_diff(*read));
        let back: Vec<u64> = back.map(crate::units::wide).collect();
        feed(&back);
        feed(&it.dims);
        feed(&[u64::from(it.line.aux)]);
        match &it.line.step {
            Step::Conv(conv) => {
                feed(&[1]);
                feed(&conv.stride);
                feed_pad(&mut feed, &conv.pad);
            }
            Step::Pool(pool) => {
                let max = u64::from(pool.kind == PoolKind::Max);
                feed(&[2, max, u64::from(pool.ceil)]);
                feed(&pool.kernel);
                feed(&pool.stride);
                feed_pad(&mut feed, &pool.pad);
            }
            Step::Adaptive(sizes) => feed(&[vec![3], sizes.clone()].concat()),
            Step::Global => feed(&[4]),
            Step::Upsample(factors) => feed(&[vec![5], factors.clone()].concat()),
        }
    }
    hash
}

fn feed_pad(feed: &mut impl FnMut(&[u64]), pad: &Pad) {
    match pad {
        Pad::Same => feed(&[]),
        Pad::Zeros(zeros) => feed(zeros),
    }
}
