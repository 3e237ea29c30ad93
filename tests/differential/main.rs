//! Readers and shapes held against somebody else's: the ONNX skeleton against a full parse of the same bytes,
//! safetensors headers against the format's own crate, shapes against those that an exporter wrote down.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "elements of made-up tensors are whatever the bits say"
)]

#[path = "../support/mod.rs"]
mod support;

mod compare;
mod declared;
mod files;
mod made;
mod make;
mod mangle;
mod packed;
mod safetensors;
mod shapes;
mod tape;
