//! Headers of safetensors files, beside the crate of the format: the same verdict, tensors, types and places.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cnninspect::network::Network;
use cnninspect::read;
use cnninspect::tensor::{DataType, Payload};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use safetensors::{Dtype, SafeTensors};

use crate::tape::Tape;

/// Where we refuse what the crate takes, by our words: each could hide a tensor from one reader or the other.
const STRICTER: &[&str] = &[
    // Of two tensors of one name readers take one or the other.
    "appears twice",
    // A type or sizes that are no string and no list.
    "invalid type: map",
];

/// The format's types, as its README lists them, and ours.
const TYPES: &[(&str, Dtype, DataType)] = &[
    ("BOOL", Dtype::BOOL, DataType::Bool),
    ("F4", Dtype::F4, DataType::Float4e2m1),
    ("F6_E2M3", Dtype::F6_E2M3, DataType::Float6e2m3),
    ("F6_E3M2", Dtype::F6_E3M2, DataType::Float6e3m2),
    ("U8", Dtype::U8, DataType::Uint8),
    ("I8", Dtype::I8, DataType::Int8),
    ("F8_E5M2", Dtype::F8_E5M2, DataType::Float8e5m2),
    ("F8_E4M3", Dtype::F8_E4M3, DataType::Float8e4m3fn),
    ("F8_E8M0", Dtype::F8_E8M0, DataType::Float8e8m0),
    ("I16", Dtype::I16, DataType::Int16),
    ("U16", Dtype::U16, DataType::Uint16),
    ("F16", Dtype::F16, DataType::Float16),
    ("BF16", Dtype::BF16, DataType::Bfloat16),
    ("I32", Dtype::I32, DataType::Int32),
    ("U32", Dtype::U32, DataType::Uint32),
    ("F32", Dtype::F32, DataType::Float),
    ("C64", Dtype::C64, DataType::Complex64),
    ("F64", Dtype::F64, DataType::Double),
    ("I64", Dtype::I64, DataType::Int64),
    ("U64", Dtype::U64, DataType::Uint64),
];

/// A tensor's type, sizes, first byte in the file and bytes.
type Row = (DataType, Vec<u64>, u64, u64);

fn ours(network: &Network) -> BTreeMap<String, Row> {
    let rows = network.initializers.iter().map(|it| {
        let tensor = &it.tensor;
        let Payload::Raw(region) = &tensor.payload else {
            panic!("{tensor:?}");
        };
        let data_type = tensor.data_type.unwrap();
        let row = (data_type, tensor.dims.clone(), region.offset, region.length);
        (tensor.name.clone(), row)
    });
    rows.collect()
}

fn theirs(bytes: &[u8]) -> Option<BTreeMap<String, Row>> {
    let (length, metadata) = SafeTensors::read_metadata(bytes).ok()?;
    SafeTensors::deserialize(bytes).ok()?;
    let data = 8 + length as u64;
    let rows = metadata.tensors().into_iter().map(|(name, info)| {
        let found = TYPES.iter().find(|it| it.1 == info.dtype).unwrap();
        let (begin, end) = info.data_offsets;
        let sizes = info.shape.iter().map(|it| *it as u64).collect();
        (
            name,
            (found.2, sizes, data + begin as u64, (end - begin) as u64),
        )
    });
    Some(rows.collect())
}

/// What a comparison came to: tensors, or why there are none.
#[derive(Debug, PartialEq)]
enum Verdict {
    Same(usize),
    BothRefuse,
    Stricter,
    /// We pass over what is nested too deep for the crate.
    Deeper,
}

fn compare(case: &str, bytes: &[u8]) -> Verdict {
    let model = read::read_bytes(bytes.to_vec());
    match (model, theirs(bytes)) {
        (Ok(model), theirs) => {
            let cut = |it: &cnninspect::finding::Finding| it.rule == "data-not-checked";
            let cut = model.network.findings.iter().any(cut);
            let deep = bytes.windows(4).any(|it| it == b"[[[[");
            match theirs {
                Some(theirs) => {
                    assert_eq!(ours(&model.network), theirs, "{case}");
                    Verdict::Same(theirs.len())
                }
                // What came through a pipe may be cut behind its header.
                None if cut => Verdict::BothRefuse,
                None if deep => Verdict::Deeper,
                None => panic!("{case}: only we read it"),
            }
        }
        (Err(_), None) => Verdict::BothRefuse,
        (Err(error), Some(_)) => {
            let error = error.to_string();
            let listed = STRICTER.iter().any(|it| error.contains(it));
            assert!(listed, "{case}: we do not read it: {error}");
            Verdict::Stricter
        }
    }
}

fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "safetensors") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn every_file_reads_as_the_format_s_crate_reads_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut verdicts = Vec::new();
    for path in files(&root) {
        let bytes = std::fs::read(&path).unwrap();
        verdicts.push(compare(&path.display().to_string(), &bytes));
    }
    let count = |it: &dyn Fn(&Verdict) -> bool| verdicts.iter().filter(|v| it(v)).count();
    let same = count(&|it| matches!(it, Verdict::Same(_)));
    let stricter = count(&|it| *it == Verdict::Stricter);
    let deeper = count(&|it| *it == Verdict::Deeper);
    assert!(same >= 16 && verdicts.len() >= 50, "{verdicts:?}");
    assert_eq!((stricter, deeper), (3, 1), "{verdicts:?}");
}

/// A header of tensors of every type, with now and then something wrong about one.
fn made(tape: &mut Tape) -> Vec<u8> {
    let mut entries = Vec::new();
    let mut end = 0;
    if tape.once_in(3) {
        entries.push("\"__metadata__\":{\"format\":\"pt\"}".to_owned());
    }
    for at in 0..tape.below(7) {
        let (word, dtype, _) = tape.pick(TYPES);
        let mut shape = Vec::new();
        for _ in 0..tape.below(4) {
            shape.push(tape.below(6) * if tape.once_in(4) { 8 } else { 1 });
        }
        let bits = shape.iter().product::<usize>() * dtype.bitsize();
        let (mut begin, mut stop) = (end, end + bits / 8);
        let mut word = (*word).to_owned();
        // Names that JSON must escape.
        let name = if tape.once_in(8) {
            "a \\\"b\\\" \\u00e9 \\n".to_owned()
        } else {
            format!("t{at}")
        };
        end = stop;
        match tape.below(30) {
            25 => begin += 1,
            26 => stop += 1,
            27 => word = word.to_lowercase(),
            28 => shape.push(2),
            29 => end += 1,
            _ => {}
        }
        let rest = if tape.once_in(9) {
            ",\"more\":[1,{}]"
        } else {
            ""
        };
        entries.push(format!(
            "\"{name}\":{{\"dtype\":\"{word}\",\"shape\":{shape:?},\"data_offsets\":[{begin},{stop}]{rest}}}"
        ));
    }
    // The order of names is not that of the data.
    if tape.once_in(2) {
        entries.reverse();
    }
    let mut header = format!("{{{}}}", entries.join(","));
    header.push_str(&" ".repeat(tape.below(9)));
    let mut out = (header.len() as u64).to_le_bytes().to_vec();
    out.extend(header.as_bytes());
    out.extend(vec![0; end]);
    if tape.once_in(12) {
        out.push(0);
    }
    out
}

/// Bytes of the header in other places, doubled, gone, or others.
fn changed(mut bytes: Vec<u8>, tape: &mut Tape) -> Vec<u8> {
    for _ in 0..tape.below(3) {
        let length = bytes.len();
        let at = 8 + tape.below(length.saturating_sub(8));
        if at >= length {
            continue;
        }
        match tape.below(4) {
            0 => {
                bytes.remove(at);
            }
            1 => {
                let run = bytes[at..length.min(at + tape.below(40))].to_vec();
                bytes.splice(at..at, run);
            }
            2 => bytes[at] = *tape.pick(b"{}[],:\"0129-+.eE \n\\atfnu"),
            _ => bytes[at] = tape.byte(),
        }
        // The header's length goes with it, or not.
        if tape.once_in(2) {
            let old = u64::from_le_bytes(*bytes.first_chunk().unwrap());
            let new = old
                .wrapping_add(bytes.len() as u64)
                .wrapping_sub(length as u64);
            bytes[..8].copy_from_slice(&new.to_le_bytes());
        }
    }
    bytes
}

#[test]
fn headers_made_by_chance_read_as_the_format_s_crate_reads_them() {
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 3_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let (same, refused) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    let tapes = prop::collection::vec(any::<u8>(), 0..150);
    let result = runner.run(&tapes, |tape| {
        let mut tape = Tape::new(&tape);
        let whole = made(&mut tape);
        let change = tape.once_in(2);
        let bytes = if change {
            changed(whole, &mut tape)
        } else {
            whole
        };
        let case = String::from_utf8_lossy(&bytes).into_owned();
        match compare(&case, &bytes) {
            Verdict::Same(tensors) => same.set(same.get() + tensors),
            _ => refused.set(refused.get() + 1),
        }
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    // Both kinds are common.
    assert!(
        same.get() > 1_000 && refused.get() > 300,
        "{same:?} {refused:?}"
    );
}
