//! Every element type in every encoding, written by `onnx-protobuf` or by hand and read here.

mod support;

use cnninspect::network::Source;
use cnninspect::read;
use cnninspect::tensor::{DataType, Payload};
use onnx_protobuf::{Message, TensorProto};
use support::wire::{field, key, varint};

/// A type's number, the bits of an element, and the typed field that its elements may be in.
const TYPES: &[(i32, usize, u32)] = &[
    (1, 32, 4),
    (2, 8, 5),
    (3, 8, 5),
    (4, 16, 5),
    (5, 16, 5),
    (6, 32, 5),
    (7, 64, 7),
    (9, 8, 5),
    (10, 16, 5),
    (11, 64, 10),
    (12, 32, 11),
    (13, 64, 11),
    (14, 64, 4),
    (15, 128, 10),
    (16, 16, 5),
    (17, 8, 5),
    (18, 8, 5),
    (19, 8, 5),
    (20, 8, 5),
    (21, 4, 5),
    (22, 4, 5),
    (23, 4, 5),
    (24, 8, 5),
    (25, 2, 5),
    (26, 2, 5),
    (27, 6, 5),
    (28, 6, 5),
];

/// Types whose entries in `int32_data` are negative where the element is.
const SIGNED: &[i32] = &[3, 5, 6];

/// `count` elements as `raw_data` has them. Bits after the last element are 0.
fn elements(bits: usize, count: usize, number: i32) -> Vec<u8> {
    let total = (bits * count).div_ceil(8);
    let mut out: Vec<u8> = (0..total)
        .map(|at| u8::try_from((at * 89 + 7 * usize::try_from(number).unwrap()) % 256).unwrap())
        .collect();
    let used = bits * count % 8;
    if used > 0 {
        *out.last_mut().unwrap() &= (1 << used) - 1;
    }
    out
}

/// The same as entries of the typed field, each as the 64 bits of its varint, by onnx.proto's comments.
fn entries(number: i32, bits: usize, raw: &[u8], count: usize) -> Vec<u64> {
    if bits == 6 {
        let code = |at: usize| {
            let bit = |it: usize| u64::from(raw[it / 8] >> (it % 8) & 1);
            (0..6).map(|it| bit(at * 6 + it) << it).sum()
        };
        return (0..count).map(code).collect();
    }
    let width = match number {
        14 => 4,
        15 => 8,
        _ => bits.div_ceil(8),
    };
    let entry = |bytes: &[u8]| {
        let filled = if SIGNED.contains(&number) && bytes.last().unwrap() & 0x80 != 0 {
            0xff
        } else {
            0
        };
        let mut whole = [filled; 8];
        whole[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(whole)
    };
    raw.chunks(width).map(entry).collect()
}

/// Entries one after the other, without keys.
fn packed(field: u32, entries: &[u64]) -> Vec<u8> {
    let one = |it: &u64| value(field, *it);
    entries.iter().flat_map(one).collect()
}

/// Every entry as a field of its own.
fn unpacked(number: u32, entries: &[u64]) -> Vec<u8> {
    let wire = match number {
        4 => 5,
        10 => 1,
        _ => 0,
    };
    let one = |it: &u64| [key(number, wire), value(number, *it)].concat();
    entries.iter().flat_map(one).collect()
}

fn value(field: u32, entry: u64) -> Vec<u8> {
    match field {
        4 => entry.to_le_bytes()[..4].to_vec(),
        10 => entry.to_le_bytes().to_vec(),
        _ => varint(entry),
    }
}

/// A model with this tensor as its only initializer.
fn model_of(tensor: &[u8]) -> Vec<u8> {
    let mut graph = support::graph(vec![], &["x"], &["x"])
        .write_to_bytes()
        .unwrap();
    graph.extend(field(5, tensor));
    [vec![0x08, 8], field(7, &graph)].concat()
}

#[test]
fn every_type_reads_alike_from_every_encoding() {
    for &(number, bits, number_of_field) in TYPES {
        let data_type = DataType::from_onnx(number).unwrap();
        // A few elements stay in the skeleton, many in the file; 13 leave the last byte unfilled.
        for count in [0, 1, 13, 5_003] {
            let raw = elements(bits, count, number);
            let entries = entries(number, bits, &raw, count);
            let typed = packed(number_of_field, &entries);
            let half = entries.len() / 2;
            let name = field(8, b"w");
            let encodings = [
                ("raw", field(9, &raw)),
                ("packed", field(number_of_field, &typed)),
                ("unpacked", unpacked(number_of_field, &entries)),
                (
                    "in two parts with the name between",
                    [
                        field(number_of_field, &packed(number_of_field, &entries[..half])),
                        name.clone(),
                        unpacked(number_of_field, &entries[half..]),
                    ]
                    .concat(),
                ),
            ];
            for (encoding, fields) in encodings {
                let case = format!("{count} of {data_type}, {encoding}");
                let dims = i64::try_from(count).unwrap();
                let head = support::tensor("w", number, &[dims]);
                let tensor = [head.write_to_bytes().unwrap(), fields].concat();
                check(&case, &tensor, data_type, count, &raw);
            }
        }
    }
}

fn check(case: &str, tensor: &[u8], data_type: DataType, count: usize, expected: &[u8]) {
    let model = read::read_bytes(model_of(tensor)).unwrap();
    assert_eq!(model.network.findings, [], "{case}");
    let [initializer] = &model.network.initializers[..] else {
        panic!("{case}: {:?}", model.network.initializers);
    };
    assert_eq!(initializer.source, Source::Initializer, "{case}");
    let stored = &initializer.tensor;
    assert_eq!(stored.data_type, Some(data_type), "{case}");
    assert_eq!(stored.dims, [u64::try_from(count).unwrap()], "{case}");
    if count == 5_003 {
        let inline = matches!(stored.payload, Payload::Inline(_));
        assert!(!inline, "{case}: a large payload was read");
    } else {
        let inline = Payload::Inline(expected.to_vec());
        assert_eq!(stored.payload, inline, "{case}");
    }
    assert!(model.load(stored).unwrap() == expected, "{case}");
}

#[test]
fn the_library_that_wrote_the_test_agrees_on_its_own_types() {
    // onnx-protobuf packs; its bytes must be those that this file writes by hand.
    let entries = [1, 300, u64::from(u32::MAX)];
    let theirs = TensorProto {
        uint64_data: entries.to_vec(),
        ..support::tensor("w", 13, &[3])
    };
    let ours = TensorProto::parse_from_bytes(
        &[
            support::tensor("w", 13, &[3]).write_to_bytes().unwrap(),
            unpacked(11, &entries),
        ]
        .concat(),
    );
    assert_eq!(ours.unwrap(), theirs);
}

#[test]
fn strings_are_counted_and_never_read() {
    let tensor = TensorProto {
        string_data: vec![b"one".to_vec(), b"two".to_vec()],
        ..support::tensor("s", 8, &[2])
    };
    let model = read::read_bytes(model_of(&tensor.write_to_bytes().unwrap())).unwrap();
    assert_eq!(model.network.findings, []);
    let stored = &model.network.initializers[0].tensor;
    let Payload::Typed {
        field, elements, ..
    } = &stored.payload
    else {
        panic!("{stored:?}");
    };
    assert_eq!((*field, *elements), (6, Some(2)));
    let error = model.load(stored).unwrap_err().to_string();
    assert_eq!(
        error,
        "the file holds no elements for it (its elements have no size)"
    );
}

#[test]
fn a_payload_of_another_length_than_its_sizes_is_told_with_both_numbers() {
    let raw = |len: usize| field(9, &vec![0; len]);
    let floats = |len: usize| field(4, &vec![0; len * 4]);
    let cases = [
        (
            "short",
            raw(432),
            "\"w\" of 10×10×9 float32 needs 3,600 bytes, its data has 432",
        ),
        (
            "long, left in the file",
            raw(4000),
            "\"w\" of 10×10×9 float32 needs 3,600 bytes, its data has 4,000",
        ),
        (
            "typed, left in the file",
            floats(1000),
            "\"w\" of 10×10×9 float32 needs 900 entries, its data has 1,000",
        ),
        (
            "none",
            vec![],
            "\"w\" of 10×10×9 float32 needs 3,600 bytes, its data has 0",
        ),
    ];
    for (case, fields, expected) in cases {
        let head = support::tensor("w", 1, &[10, 10, 9]);
        let tensor = [head.write_to_bytes().unwrap(), fields].concat();
        let model = read::read_bytes(model_of(&tensor)).unwrap();
        let [finding] = &model.network.findings[..] else {
            panic!("{case}: {:?}", model.network.findings);
        };
        assert_eq!(finding.rule, "payload-size", "{case}");
        assert_eq!(finding.message, expected, "{case}");
        model
            .load(&model.network.initializers[0].tensor)
            .unwrap_err();
    }
}

#[test]
fn a_file_cannot_pretend_to_be_the_scanner() {
    // Field 1000 is what the scanner writes for a payload it left in the file.
    let fooling = field(1000, &[0x08, 9, 0x12, 1, 0, 0x1a, 1, 36]);
    let head = support::tensor("w", 1, &[3, 3]);
    let tensor = [head.write_to_bytes().unwrap(), fooling].concat();
    let model = read::read_bytes(model_of(&tensor)).unwrap();
    assert_eq!(
        model.network.initializers[0].tensor.payload,
        Payload::Absent
    );
}

#[test]
fn sizes_that_no_tensor_can_have_leave_the_value_unknown() {
    for dims in [[-1, 3], [i64::MIN, 1]] {
        let tensor = support::tensor("w", 1, &dims).write_to_bytes().unwrap();
        let model = read::read_bytes(model_of(&tensor)).unwrap();
        assert!(model.network.initializers.is_empty(), "{dims:?}");
        assert_eq!(model.network.findings[0].rule, "bad-dims", "{dims:?}");
    }
    let huge = support::tensor("w", 1, &[i64::MAX; 3])
        .write_to_bytes()
        .unwrap();
    let model = read::read_bytes(model_of(&huge)).unwrap();
    assert_eq!(model.network.findings[0].rule, "bad-dims");
}
