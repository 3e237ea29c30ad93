//! Layers side by side: one thread for each processor, and no more under way than fit into memory.
//!
//! Threads of the system's and not of candle's pool: a layer that waits for memory must not keep a
//! thread that another layer's matrix product waits for.

use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::weights::Model;
use super::{Limits, Progress, Verification, Watch, layer};
use crate::account::ConvLayer;

/// Runs every layer; the answers stand in the same order.
pub(super) fn run(
    model: Model<'_>,
    convs: &[&ConvLayer],
    limits: &Limits,
    watch: &Watch<'_>,
) -> Vec<Verification> {
    watch(Progress::Layers(convs.len()));
    let queue = Queue {
        needs: convs.iter().map(|it| layer::needs(it)).collect(),
        limit: limits.bytes,
        state: Mutex::new(State::default()),
        freed: Condvar::new(),
    };
    let work = || {
        let mut out = Vec::new();
        while let Some((at, turn)) = queue.next() {
            if let Some(conv) = convs.get(at) {
                watch(Progress::Begun(&conv.name));
                out.push((at, layer::run(model, limits, conv)));
                watch(Progress::Done);
            }
            drop(turn);
        }
        out
    };
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let mut found = thread::scope(|scope| {
        let spawn = |_| scope.spawn(work);
        let others: Vec<_> = (1..threads.min(convs.len())).map(spawn).collect();
        let mut found = work();
        for other in others {
            found.extend(other.join().unwrap_or_else(|it| resume_unwind(it)));
        }
        found
    });
    found.sort_by_key(|it| it.0);
    found.into_iter().map(|it| it.1).collect()
}

/// Layers that wait, and the memory that those under way need.
struct Queue {
    /// Bytes that each layer needs.
    needs: Vec<u64>,
    /// Bytes that all under way may need together; one alone may need more, and then says so itself.
    limit: u64,
    state: Mutex<State>,
    /// Told when a layer is done.
    freed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Layers that are begun.
    begun: usize,
    /// Layers under way.
    running: usize,
    /// Bytes that those need.
    held: u64,
}

/// One layer under way; its memory is free again when this is dropped.
struct Turn<'a> {
    queue: &'a Queue,
    need: u64,
}

impl Queue {
    /// The next layer's place, once there is room for it; `None` when all are begun.
    fn next(&self) -> Option<(usize, Turn<'_>)> {
        let mut state = self.state();
        loop {
            let need = *self.needs.get(state.begun)?;
            if state.running == 0 || state.held.saturating_add(need) <= self.limit {
                let at = state.begun;
                state.begun += 1;
                state.running += 1;
                state.held = state.held.saturating_add(need);
                return Some((at, Turn { queue: self, need }));
            }
            state = self
                .freed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.queue.state();
        state.running = state.running.saturating_sub(1);
        state.held = state.held.saturating_sub(self.need);
        drop(state);
        self.queue.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    fn queue(needs: &[u64], limit: u64) -> Queue {
        Queue {
            needs: needs.to_vec(),
            limit,
            state: Mutex::new(State::default()),
            freed: Condvar::new(),
        }
    }

    #[test]
    fn layers_that_fit_together_run_together() {
        let queue = queue(&[40, 60, 1], 100);
        let (first, second) = (queue.next().unwrap(), queue.next().unwrap());
        assert_eq!((first.0, second.0), (0, 1));
        assert_eq!(queue.state().held, 100);
    }

    #[test]
    fn a_layer_waits_until_there_is_room() {
        let queue = queue(&[60, 60], 100);
        let first = queue.next().unwrap();
        thread::scope(|scope| {
            let (send, receive) = mpsc::channel();
            let queue = &queue;
            scope.spawn(move || send.send(queue.next().map(|it| it.0)));
            let soon = receive.recv_timeout(Duration::from_millis(50));
            assert!(soon.is_err(), "60 and 60 do not fit into 100");
            drop(first);
            assert_eq!(receive.recv(), Ok(Some(1)));
        });
        assert!(queue.next().is_none());
    }

    #[test]
    fn one_alone_runs_whatever_it_needs() {
        let queue = queue(&[u64::MAX, u64::MAX], 100);
        drop(queue.next().unwrap());
        assert_eq!(queue.next().unwrap().0, 1);
    }
}
