//! What a piece of work took: allocations, bytes, and the processor's time of its thread.

/// What one piece of work took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    pub(crate) allocations: u64,
    /// Bytes of all allocations.
    pub(crate) bytes: u64,
    /// The most bytes at one time.
    pub(crate) peak: u64,
    /// Nanoseconds that the thread ran; 0 where the system does not tell.
    pub(crate) time: u64,
}

/// Does it and measures it.
pub(crate) fn measured<T>(work: impl FnOnce() -> T) -> (T, Work) {
    let before = time();
    let mut result = None;
    let info = allocation_counter::measure(|| result = Some(work()));
    let work = Work {
        allocations: info.count_total,
        bytes: info.bytes_total,
        peak: info.bytes_max,
        time: time().saturating_sub(before),
    };
    (result.unwrap(), work)
}

/// Nanoseconds that this thread has run, as Linux counts them.
fn time() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ')
        .next()
        .and_then(|it| it.parse().ok())
        .unwrap_or(0)
}
