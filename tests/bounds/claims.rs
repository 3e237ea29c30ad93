//! What a file claims, and what it stores, costs nothing.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use cnninspect::verify::Choice;
use cnninspect::{Inspection, Options};
use onnx_protobuf::{GraphProto, Message, StringStringEntryProto, TensorProto};

use crate::make::image_of_one_conv;
use crate::support::wire::{field, header, number};
use crate::support::{self, bytes, tensor};
use crate::work::{Work, measured};

fn report(path: &Path) -> (Inspection, Work) {
    let options = Options {
        verify: Choice::None,
        ..Options::default()
    };
    measured(|| cnninspect::inspect(path, &options).unwrap())
}

/// A model of one convolution and an unused tensor of `size` bytes of zeros, which take no room on disk.
pub(crate) fn with_tensor(path: &Path, size: u64) {
    let graph = image_of_one_conv().write_to_bytes().unwrap();
    let tensor = [number(1, size), number(2, 2), field(8, b"big")].concat();
    let length = usize::try_from(size).unwrap();
    let raw = header(9, length);
    let initializer = header(5, tensor.len() + raw.len() + length);
    let body = [graph, initializer, tensor, raw].concat();
    let model = bytes(&support::model(GraphProto::default(), 17));
    let mut out = model;
    out.extend(header(7, body.len() + length));
    out.extend(body);
    let mut file = File::create(path).unwrap();
    file.write_all(&out).unwrap();
    file.set_len(out.len() as u64 + size).unwrap();
}

#[test]
fn a_payload_of_ten_gigabytes_costs_what_one_of_a_kilobyte_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    with_tensor(&path, 1 << 10);
    // Once before, for the tables that are made at their first use.
    report(&path);
    let (small, few) = report(&path);
    with_tensor(&path, 10 << 30);
    let (large, many) = report(&path);
    assert_eq!(large.totals.roles.dead.0, 10 << 30);
    assert_eq!(large.bytes_read, small.bytes_read);
    // Numbers that are longer to print, and nothing else.
    let same = |one: u64, other: u64| one.abs_diff(other) < 1_000;
    assert!(same(few.peak, many.peak), "{few:?} {many:?}");
    assert!(same(few.bytes, many.bytes), "{few:?} {many:?}");
}

#[test]
fn a_safetensors_file_of_ten_gigabytes_costs_its_header() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let mut found = Vec::new();
    for size in [1u64 << 10, 1 << 10, 10 << 30] {
        let header = format!(
            "{{\"a\":{{\"dtype\":\"U8\",\"shape\":[{size:>20}],\"data_offsets\":[0,{size:>20}]}}}}"
        );
        let mut out = (header.len() as u64).to_le_bytes().to_vec();
        out.extend(header.as_bytes());
        let mut file = File::create(&path).unwrap();
        file.write_all(&out).unwrap();
        file.set_len(out.len() as u64 + size).unwrap();
        let (report, work) = report(&path);
        found.push((report.bytes_read, work));
    }
    // The first pays for the tables that are made at their first use.
    let [_, (read, few), (again, many)] = found[..] else {
        panic!("three files");
    };
    assert_eq!(read, again);
    assert!(few.peak.abs_diff(many.peak) < 1_000, "{few:?} {many:?}");
}

#[test]
fn sizes_that_are_only_claimed_cost_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    let cost = |claims: TensorProto| {
        let mut main = image_of_one_conv();
        main.initializer.push(claims);
        std::fs::write(&path, bytes(&support::model(main, 17))).unwrap();
        report(&path).1
    };
    let external = |size: &str| {
        let mut out = tensor("w", 1, &[1 << 40]);
        out.data_location = onnx_protobuf::tensor_proto::DataLocation::EXTERNAL.into();
        let entry = |key: &str, value: &str| StringStringEntryProto {
            key: key.into(),
            value: value.into(),
            ..Default::default()
        };
        out.external_data = vec![entry("location", "w.bin"), entry("length", size)];
        out
    };
    cost(tensor("w", 1, &[1]));
    let plain = cost(tensor("w", 1, &[1]));
    for (case, claims) in [
        ("no data", tensor("w", 1, &[i64::MAX])),
        ("four large sizes", tensor("w", 1, &[1 << 30; 4])),
        ("integers", tensor("w", 7, &[1 << 50])),
        ("elsewhere", external("4398046511104")),
        ("elsewhere without end", external("18446744073709551615")),
    ] {
        let work = cost(claims);
        assert!(
            work.peak < plain.peak + 20_000,
            "{case}: {plain:?} {work:?}"
        );
        assert!(
            work.bytes < plain.bytes + 40_000,
            "{case}: {plain:?} {work:?}"
        );
    }
}
