//! The progress bar of long runs: on a terminal, on standard error, after a second.

use std::io::{self, IsTerminal};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use cnninspect::render::printable;
use cnninspect::verify::{Progress, Watch};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work that is done sooner shows no bar.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often time goes on in the bar.
const TICK: Duration = Duration::from_millis(200);

/// Does `work`, which tells how far it is, and shows it unless `quiet`.
pub(crate) fn shown<T>(quiet: bool, work: impl FnOnce(&Watch<'_>) -> T) -> T {
    if quiet || !io::stderr().is_terminal() {
        return work(&|_| {});
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    let style = ProgressStyle::with_template("{pos}/{len} {bar:24} {elapsed} {wide_msg}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    let watch = |progress: Progress<'_>| match progress {
        Progress::Layers(count) => bar.set_length(count.try_into().unwrap_or(u64::MAX)),
        Progress::Begun(name) => bar.set_message(printable(name)),
        Progress::Done => bar.inc(1),
    };
    let result = thread::scope(|scope| {
        let (done, wait) = mpsc::channel::<()>();
        let bar = &bar;
        scope.spawn(move || {
            if wait.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
                bar.set_draw_target(ProgressDrawTarget::stderr());
                bar.enable_steady_tick(TICK);
            }
        });
        let result = work(&watch);
        drop(done);
        result
    });
    bar.finish_and_clear();
    result
}
