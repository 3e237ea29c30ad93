//! The program itself, with as much memory and time as the system gives it and no more.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::{Command, Output};

use crate::make;
use crate::support::bytes;

/// Runs it with at most this many megabytes of address space and seconds of the processor.
fn limited(path: &Path, megabytes: usize, seconds: usize) -> Output {
    let limits = format!(
        "ulimit -v {} && ulimit -t {seconds} && exec \"$0\" \"$@\"",
        megabytes << 10
    );
    let program = env!("CARGO_BIN_EXE_cnninspect");
    let mut command = Command::new("sh");
    command.args(["-c", &limits, program]).arg(path);
    command.args(["--verify=none", "--top", "3"]);
    command.output().unwrap()
}

fn passes(path: &Path, megabytes: usize, seconds: usize) {
    let output = limited(path, megabytes, seconds);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}: {stderr}",
        path.display()
    );
    assert_eq!(stderr, "");
}

#[test]
fn it_keeps_within_bounds_as_a_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    std::fs::write(&path, bytes(&make::chain(100_000))).unwrap();
    passes(&path, 1_000, 60);
    crate::claims::with_tensor(&path, 10 << 30);
    passes(&path, 200, 10);
    // The limits do limit.
    std::fs::write(&path, bytes(&make::chain(100_000))).unwrap();
    assert_ne!(limited(&path, 40, 60).status.code(), Some(0));
}
