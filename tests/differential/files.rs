//! Every ONNX file there is, beside a full parse of it.

use std::path::{Path, PathBuf};

use cnninspect::read::{self, Options};
use onnx_protobuf::{Message, ModelProto};

use crate::compare::{Compared, compare};

/// Models that fuzzing made: of two functions or values of one name ONNX does not say which is meant.
const AMBIGUOUS: &str = "crashers";

/// Every `.onnx` under a folder, in order, but for what is ambiguous.
pub(crate) fn models_under(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = folder.read_dir() else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.extend(Some(path).filter(|it| !it.ends_with(AMBIGUOUS)));
            } else if path.extension().is_some_and(|it| it == "onnx") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The fixtures, and the files that they were chosen from; those may not be there.
pub(crate) fn roots() -> [PathBuf; 2] {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    [root.join("fixtures"), root.join("../shared/truth")]
}

/// Groups inside groups, on which rust-protobuf 3.4.0 runs out of stack (RUSTSEC-2024-0437).
const NO_FULL_PARSE: &str = "group_wire.onnx";
/// Files that only one of the two reads, and why.
const ONLY_ONE: &[(&str, &str)] = &[
    // A full parse takes no bytes for a model without anything.
    ("empty.onnx", "theirs"),
    // rust-protobuf takes a length past the end for all that is left.
    ("length_bomb.onnx", "theirs"),
    // It is safetensors, which we read as such.
    ("safetensors_named_onnx.onnx", "ours"),
];

#[test]
fn every_file_reads_as_a_full_parse_reads_it() {
    let [fixtures, shared] = roots();
    let (compared, refused) = compared(&models_under(&fixtures));
    // Three that are cut short, and a pointer.
    assert_eq!(refused, 4);
    // There were 6,308 nodes, 6,246 tensors, 636 declared types, 68 payloads elsewhere.
    assert!(
        compared.nodes >= 6_300 && compared.tensors >= 6_200,
        "{compared:?}"
    );
    assert!(
        compared.types >= 600 && compared.places >= 65,
        "{compared:?}"
    );
    self::compared(&models_under(&shared));
}

/// How much was compared, and how many files neither reads.
fn compared(paths: &[PathBuf]) -> (Compared, u64) {
    let mut compared = Compared::default();
    let mut refused = 0;
    for path in paths {
        let name = path.file_name().unwrap().to_str().unwrap();
        let case = path.display().to_string();
        if name == NO_FULL_PARSE {
            assert!(read::open(path, &Options::default()).is_err(), "{case}");
            continue;
        }
        let file = std::fs::read(path).unwrap();
        let theirs = ModelProto::parse_from_bytes(&file);
        let ours = read::open(path, &Options::default());
        if let Some((_, one)) = ONLY_ONE.iter().find(|it| it.0 == name) {
            assert_eq!(theirs.is_ok(), *one == "theirs", "{case}: {theirs:?}");
            assert_eq!(ours.is_ok(), *one == "ours", "{case}");
            continue;
        }
        match (ours, theirs) {
            (Ok(model), Ok(full)) => {
                compared.add(compare(&case, &model, &file, &full, path.parent()));
            }
            (Err(_), Err(_)) => refused += 1,
            (Ok(_), Err(error)) => panic!("{case}: only we read it: {error}"),
            (Err(error), Ok(_)) => panic!("{case}: we do not read it: {error}"),
        }
    }
    (compared, refused)
}
