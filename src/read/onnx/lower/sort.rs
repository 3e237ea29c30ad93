//! The order in which a graph's nodes can run.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::network::ValueId;

/// What one node of a file uses and makes.
#[derive(Debug, Default)]
pub(super) struct Step {
    /// Values that it, or a body of it, uses.
    pub(super) uses: Vec<ValueId>,
    /// Values that it makes.
    pub(super) makes: Vec<ValueId>,
}

/// An order, and how many at its end could not be put in one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Order {
    /// Places in the list that was sorted.
    pub(super) places: Vec<usize>,
    /// Steps of a cycle or behind one; they come last.
    pub(super) stuck: usize,
}

/// Sorts `steps` so that each comes after those that make what it uses, and no further from the given
/// order than that needs: of the steps that can run, the first is next. O((n + edges) log n).
pub(super) fn sort(steps: &[Step]) -> Order {
    let makers = Makers::of(steps);
    if in_order(steps, &makers) {
        let places = (0..steps.len()).collect();
        return Order { places, stuck: 0 };
    }
    let mut waits = vec![0usize; steps.len()];
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); steps.len()];
    for (at, step) in steps.iter().enumerate() {
        for maker in step.uses.iter().filter_map(|it| makers.get(*it)) {
            bump(&mut waits, at);
            if let Some(users) = users.get_mut(maker) {
                users.push(at);
            }
        }
    }
    let ready = waits.iter().enumerate().filter(|(_, it)| **it == 0);
    let mut ready: BinaryHeap<_> = ready.map(|(at, _)| Reverse(at)).collect();
    let mut places = Vec::with_capacity(steps.len());
    while let Some(Reverse(at)) = ready.pop() {
        places.push(at);
        for user in users.get(at).into_iter().flatten() {
            if settle(&mut waits, *user) {
                ready.push(Reverse(*user));
            }
        }
    }
    let stuck = waits.iter().enumerate().filter(|(_, it)| **it > 0);
    let before = places.len();
    places.extend(stuck.map(|(at, _)| at));
    let stuck = places.len().saturating_sub(before);
    Order { places, stuck }
}

/// Whether each step comes after those that make what it uses, as nearly every file has it.
fn in_order(steps: &[Step], makers: &Makers) -> bool {
    let after = |at: usize, value: ValueId| makers.get(value).is_none_or(|maker| maker < at);
    let mut steps = steps.iter().enumerate();
    steps.all(|(at, step)| step.uses.iter().all(|it| after(at, *it)))
}

/// The step that makes each value, sorted by value; of two that do, the first.
struct Makers(Vec<(ValueId, usize)>);

impl Makers {
    fn of(steps: &[Step]) -> Self {
        let steps = steps.iter().enumerate();
        let made = steps.flat_map(|(at, step)| step.makes.iter().map(move |value| (*value, at)));
        let mut made: Vec<_> = made.collect();
        made.sort_unstable();
        made.dedup_by_key(|it| it.0);
        Self(made)
    }

    fn get(&self, value: ValueId) -> Option<usize> {
        let at = self.0.binary_search_by_key(&value, |it| it.0).ok()?;
        self.0.get(at).map(|it| it.1)
    }
}

fn bump(waits: &mut [usize], at: usize) {
    if let Some(count) = waits.get_mut(at) {
        *count = count.saturating_add(1);
    }
}

/// One thing less to wait for; true when it was the last.
fn settle(waits: &mut [usize], at: usize) -> bool {
    waits.get_mut(at).is_some_and(|count| {
        *count = count.saturating_sub(1);
        *count == 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(steps: &[(&[u32], &[u32])]) -> (Vec<usize>, usize) {
        let values = |ids: &[u32]| ids.iter().copied().map(ValueId).collect();
        let steps: Vec<_> = steps
            .iter()
            .map(|(uses, makes)| Step {
                uses: values(uses),
                makes: values(makes),
            })
            .collect();
        let Order { places, stuck } = sort(&steps);
        (places, stuck)
    }

    #[test]
    fn the_files_order_is_kept_where_it_can_be() {
        assert_eq!(
            order(&[(&[0], &[1]), (&[0], &[2]), (&[1, 2], &[3])]),
            (vec![0, 1, 2], 0),
            "in order already"
        );
        assert_eq!(
            order(&[(&[2], &[3]), (&[0], &[1]), (&[1, 1], &[2]), (&[], &[4])]),
            (vec![1, 2, 0, 3], 0),
            "the first waits for the third"
        );
        assert_eq!(
            order(&[(&[2], &[1]), (&[1], &[2]), (&[2], &[3]), (&[0], &[4])]),
            (vec![3, 0, 1, 2], 3),
            "a cycle and what hangs on it come last"
        );
        assert_eq!(order(&[(&[1], &[1])]), (vec![0], 1), "a node feeds itself");
    }

    #[test]
    fn a_long_chain_backwards_is_sorted_in_linear_work() {
        let last = 60_000;
        let steps: Vec<_> = (0..last)
            .rev()
            .map(|at| Step {
                uses: vec![ValueId(at)],
                makes: vec![ValueId(at + 1)],
            })
            .collect();
        let Order { places, stuck } = sort(&steps);
        assert_eq!((places.first(), places.last()), (Some(&59_999), Some(&0)));
        assert_eq!(stuck, 0);
    }
}
