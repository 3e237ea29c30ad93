//! Orders of axes, and comparing two tensors that lie in different ones.

use super::content::{Budget, Open};
use super::number::component;
use super::tally::Tally;

/// Where the axes of the second tensor stand in the first: its axis `i` is axis `self[i]` there.
pub type Axes = Vec<usize>;

/// Orders in which frameworks keep weights beside each other's: a matrix and its transpose; of a convolution
/// PyTorch's, TensorFlow's, MLX's, and that of a transposed one.
const ORDERS: &[&[usize]] = &[
    &[1, 0],
    &[0, 2, 1],
    &[2, 1, 0],
    &[0, 2, 3, 1],
    &[2, 3, 1, 0],
    &[0, 3, 1, 2],
    &[3, 2, 0, 1],
    &[1, 0, 2, 3],
    &[1, 2, 3, 0],
    &[3, 0, 1, 2],
    &[2, 3, 0, 1],
];

/// Memory that a band of one tensor may take.
const MOST_BAND: u64 = 32 << 20;

/// Orders of axes that make a tensor of the shape `after` of one of the shape `before`.
pub(super) fn orders(before: &[u64], after: &[u64]) -> Vec<Axes> {
    let fits = |order: &&&[usize]| {
        let sizes = order.iter().map(|it| before.get(*it));
        order.len() == before.len()
            && before.len() == after.len()
            && sizes.eq(after.iter().map(Some))
    };
    // A tensor with an axis of one element lies the same in several orders.
    let moves = |order: &&&[usize]| {
        let sizes = order.iter().filter(|it| before.get(**it) != Some(&1));
        !sizes.is_sorted()
    };
    let orders = ORDERS.iter().filter(fits).filter(moves);
    orders.map(|it| it.to_vec()).collect()
}

/// The order seen from the other side.
pub(super) fn inverse(axes: &[usize]) -> Axes {
    let place = |at: usize| axes.iter().position(|it| *it == at).unwrap_or(at);
    (0..axes.len()).map(place).collect()
}

/// Compares two tensors of which the second has its axes in another order.
///
/// # Errors
/// Why they cannot be read.
pub(super) fn compare(
    sides: [&Open<'_>; 2],
    axes: &Axes,
    trial: bool,
    tally: &mut Tally,
    budget: &Budget,
) -> Result<(), String> {
    let [left, right] = sides;
    if sides
        .iter()
        .any(|it| component(it.data_type) != it.data_type || it.data_type.bits() < 8)
    {
        return Err(format!(
            "{} is not compared in another order of axes",
            left.data_type
        ));
    }
    // Bands along the first axis of one are scattered in the other: that of fewer pieces is taken.
    let forth = Plan::new(left, right, axes);
    let back = Plan::new(right, left, &inverse(axes));
    let (plan, flipped) = match (forth, back) {
        (Some(forth), Some(back)) if back.pieces() < forth.pieces() => (back, true),
        (Some(forth), _) => (forth, false),
        (None, Some(back)) => (back, true),
        (None, None) => return Err("it is too large to be compared in another order".to_owned()),
    };
    let sides = if flipped { [right, left] } else { sides };
    plan.run(sides, [flipped, trial], tally, budget)
}

/// How two tensors are walked through: `rows` of the first axis of one at a time.
struct Plan {
    shape: Vec<u64>,
    /// For each axis of the one its place among the axes of the other.
    places: Axes,
    rows: u64,
    /// Components of one row.
    row: u64,
    /// In the other: what stands before and behind the axis that is the first of the one.
    before: u64,
    after: u64,
}

impl Plan {
    fn new(one: &Open<'_>, other: &Open<'_>, axes: &[usize]) -> Option<Self> {
        let shape = one.shape.to_vec();
        let places = inverse(axes);
        let (first, rest) = shape.split_first()?;
        let row = product(rest)?;
        let place = *places.first()?;
        let before = product(other.shape.get(..place)?)?;
        let after = product(other.shape.get(place.checked_add(1)?..)?)?;
        let widest = one.data_type.bits().max(other.data_type.bits()) / 8;
        let bytes = row.checked_mul(widest)?;
        let rows = MOST_BAND.checked_div(bytes.max(1))?.min(*first);
        (rows > 0).then_some(Self {
            shape,
            places,
            rows,
            row,
            before,
            after,
        })
    }

    /// Reads of the other tensor.
    fn pieces(&self) -> u64 {
        let first = self.shape.first().copied().unwrap_or(0);
        first.div_ceil(self.rows.max(1)).saturating_mul(self.before)
    }

    fn run(
        &self,
        sides: [&Open<'_>; 2],
        [flipped, trial]: [bool; 2],
        tally: &mut Tally,
        budget: &Budget,
    ) -> Result<(), String> {
        let [one, other] = sides;
        let all = self.shape.first().copied().unwrap_or(0);
        let (mut band, mut piece, mut gathered) = (Vec::new(), Vec::new(), Vec::new());
        let mut first = 0;
        while first < all {
            let rows = self.rows.min(all.saturating_sub(first));
            let count = rows.saturating_mul(self.row);
            one.read(first.saturating_mul(self.row), count, &mut band, budget)?;
            gathered.clear();
            for before in 0..self.before {
                let start = before.saturating_mul(all).saturating_add(first);
                let start = start.saturating_mul(self.after);
                other.read(start, rows.saturating_mul(self.after), &mut piece, budget)?;
                gathered.extend_from_slice(&piece);
            }
            let places = self.walk(rows);
            for (at, there) in places.enumerate() {
                let there = usize::try_from(there).unwrap_or(usize::MAX);
                let done = if flipped {
                    tally.one([&gathered, &band], [there, at])
                } else {
                    tally.one([&band, &gathered], [at, there])
                };
                done.ok_or("its elements do not decode")?;
                if trial && tally.is_far() {
                    return Ok(());
                }
            }
            first = first.saturating_add(rows);
        }
        Ok(())
    }

    /// For each component of a band, in order, its place in what was gathered of the other.
    fn walk(&self, rows: u64) -> impl Iterator<Item = u64> {
        let mut sizes = self.shape.clone();
        if let Some(first) = sizes.first_mut() {
            *first = rows;
        }
        let strides = self.strides(&sizes);
        let mut at = vec![0_u64; sizes.len()];
        let mut place = 0_u64;
        let mut left = sizes.iter().copied().fold(1, u64::saturating_mul);
        std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            let here = place;
            for ((at, size), stride) in at.iter_mut().zip(&sizes).zip(&strides).rev() {
                *at = at.saturating_add(1);
                place = place.saturating_add(*stride);
                if *at < *size {
                    break;
                }
                place = place.saturating_sub(stride.saturating_mul(*size));
                *at = 0;
            }
            Some(here)
        })
    }

    /// How far apart neighbours along each axis of the one lie in the gathered other.
    fn strides(&self, sizes: &[u64]) -> Vec<u64> {
        let stride = |place: &usize| {
            let behind = self.places.iter().zip(sizes).filter(|it| it.0 > place);
            behind.map(|it| *it.1).fold(1, u64::saturating_mul)
        };
        self.places.iter().map(stride).collect()
    }
}

fn product(sizes: &[u64]) -> Option<u64> {
    sizes.iter().try_fold(1_u64, |all, it| all.checked_mul(*it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_those_that_the_shapes_allow() {
        type Case<'a> = (&'a [u64], &'a [u64], &'a [&'a [usize]]);
        let cases: &[Case<'_>] = &[
            (&[4, 3], &[3, 4], &[&[1, 0]]),
            (&[4, 4], &[4, 4], &[&[1, 0]]),
            (&[4, 1], &[1, 4], &[]),
            (&[8, 3, 5, 5], &[8, 5, 5, 3], &[&[0, 2, 3, 1]]),
            (&[8, 3, 5, 5], &[5, 5, 3, 8], &[&[2, 3, 1, 0]]),
            (&[8, 3, 5, 5], &[8, 3, 5, 6], &[]),
            (&[8], &[8], &[]),
        ];
        for (before, after, expected) in cases {
            assert_eq!(orders(before, after), *expected, "{before:?} {after:?}");
        }
    }

    #[test]
    fn an_order_turned_round_twice_is_itself() {
        for order in ORDERS {
            assert_eq!(inverse(&inverse(order)), *order);
            let there: Vec<usize> = inverse(order).iter().map(|it| order[*it]).collect();
            assert!(there.iter().enumerate().all(|(at, it)| at == *it));
        }
    }
}
