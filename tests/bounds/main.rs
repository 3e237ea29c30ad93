//! Memory and time grow with the number of nodes and tensors, and with nothing else: not with the bytes of
//! payloads, not with sizes that a file claims, not with how its parts are nested.
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    reason = "counts of a test are small"
)]

#[path = "../support/mod.rs"]
mod support;

mod claims;
mod growth;
mod make;
mod nesting;
mod process;
mod work;
