//! Safetensors files: which are read, which are refused with which words, and what their tensors are.

#[path = "support/safetensors.rs"]
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use cnninspect::account::Layer;
use cnninspect::read::{self, Model};
use cnninspect::tensor::Shape;
use cnninspect::verify::{Choice, Status};
use cnninspect::{Inspection, Options, inspect};
use support::{bytes, header, write};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/safetensors");

fn none() -> Options {
    Options {
        verify: Choice::None,
        ..Options::default()
    }
}

/// What reading says: its findings' rules, or its error.
fn told(model: Result<Model, read::ReadError>) -> Result<Vec<&'static str>, String> {
    let model = model.map_err(|it| it.to_string())?;
    Ok(model.network.findings.iter().map(|it| it.rule).collect())
}

/// Name, and how the answer begins. `ACC_` and `REJ_` are the verdicts of the crate `safetensors`.
const HOSTILE: &[(&str, Result<&[&str], &str>)] = &[
    ("ACC_C64", Ok(&[])),
    ("ACC_F4_even", Ok(&[])),
    ("ACC_F8_E4M3", Ok(&[])),
    ("ACC_____no_tensors_", Ok(&[])),
    (
        "ACC_dtype_object",
        Err("header: tensor \"a\": invalid type: map"),
    ),
    (
        "ACC_dup_key_inside___metadata__",
        Err("header: key \"a\" appears twice in the header"),
    ),
    (
        "ACC_dup_key_same_offsets",
        Err("header: key \"a\" appears twice in the header"),
    ),
    ("ACC_empty_name", Ok(&[])),
    ("ACC_escape_seq_name", Ok(&[])),
    ("ACC_extra_field_in_info", Ok(&[])),
    ("ACC_leading_space", Ok(&["leading-space"])),
    ("ACC_metadata_null", Ok(&[])),
    ("ACC_ok", Ok(&[])),
    ("ACC_scalar___", Ok(&[])),
    ("ACC_trailing_newline_tab", Ok(&[])),
    ("ACC_trailing_spaces", Ok(&[])),
    ("ACC_zero_x_huge_shape", Ok(&[])),
    ("REJ_7_bytes", Err("is a text file, not a model")),
    ("REJ_BOM", Err("header: expected value at line 1 column 1")),
    (
        "REJ_F4_odd_count",
        Err("tensor \"a\": 3 elements of 4 bits do not fill whole bytes"),
    ),
    ("REJ_N_0", Err("header: EOF while parsing a value")),
    (
        "REJ_N_100_000_001",
        Err("header length 100000001 is over the format's 100 MB limit; not a safetensors file?"),
    ),
    (
        "REJ_N_past_EOF",
        Err("the header ends at byte 208 but the file has 70"),
    ),
    (
        "REJ_N_u64__MAX",
        Err(
            "header length 18446744073709551615 is over the format's 100 MB limit; not a safetensors file?",
        ),
    ),
    // The crate stops at serde_json's limit; we skip without recursion.
    ("REJ_deep_nest_in_extra", Ok(&[])),
    (
        "REJ_dup___metadata__",
        Err("header: key \"__metadata__\" appears twice in the header"),
    ),
    (
        "REJ_dup_field_in_info",
        Err("header: tensor \"a\": key \"dtype\" appears twice in a tensor"),
    ),
    (
        "REJ_dup_key_covering",
        Err("header: key \"a\" appears twice in the header"),
    ),
    ("REJ_empty_file", Err("is empty (0 bytes)")),
    (
        "REJ_extra_trailing_byte",
        Err("header and tensors take 70 bytes but the file has 71"),
    ),
    (
        "REJ_float_shape",
        Err("header: tensor \"a\": invalid type: floating point `2.0`, expected u64"),
    ),
    (
        "REJ_header_____",
        Err("header: invalid type: sequence, expected an object of tensors by name"),
    ),
    (
        "REJ_hole",
        Err("tensor \"b\": data begins at 16 but the previous tensor ended at 8 (hole)"),
    ),
    (
        "REJ_huge_x_huge_x_zero",
        Err(
            "tensor \"a\": shape [18446744073709551615, 18446744073709551615, 0] has more elements than 64 bits count",
        ),
    ),
    (
        "REJ_lone_surrogate_name",
        Err("header: unexpected end of hex escape"),
    ),
    (
        "REJ_lowercase_dtype",
        Err("header: tensor \"a\": data type \"f32\" is none of the format's"),
    ),
    (
        "REJ_metadata_number_value",
        Err("header: invalid type: integer `1`, expected a string"),
    ),
    (
        "REJ_missing_last_byte",
        Err("header and tensors take 70 bytes but the file has 69"),
    ),
    (
        "REJ_negative_shape",
        Err("header: tensor \"a\": invalid value: integer `-2`, expected u64"),
    ),
    ("REJ_not_utf8", Err("header: invalid unicode code point")),
    ("REJ_offsets_3_long", Err("header: tensor \"a\": ")),
    (
        "REJ_overlap",
        Err("tensor \"b\": data begins at 4 but the previous tensor ended at 8 (overlap)"),
    ),
    (
        "REJ_reversed_offsets",
        Err("tensor \"a\": data begins at 8 and ends at 0"),
    ),
    (
        "REJ_shape_overflow",
        Err("tensor \"a\": shape [9223372036854775808, 4] has more elements than 64 bits count"),
    ),
    (
        "REJ_size_mismatch",
        Err("tensor \"a\": its shape and type need 12 bytes, its offsets span 8"),
    ),
    ("REJ_trailing_NUL", Err("header: trailing characters")),
    ("REJ_trailing_json", Err("header: trailing characters")),
    (
        "REJ_unknown_dtype",
        Err("header: tensor \"a\": data type \"Q4_K\" is none of the format's"),
    ),
];

#[test]
fn every_hostile_header_gives_what_the_format_says() {
    let folder = format!("{FOLDER}/hostile");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), HOSTILE.len());
    for (name, expected) in HOSTILE {
        let path = format!("{folder}/{name}.safetensors");
        let got = told(read::open(path.as_ref(), &read::Options::default()));
        match (&got, expected) {
            (Ok(got), Ok(expected)) => assert_eq!(got, expected, "{name}"),
            (Err(got), Err(expected)) => {
                let got = got.trim_start_matches("safetensors: ");
                assert!(got.starts_with(expected), "{name}: {got}");
                assert_eq!(got.lines().count(), 1, "{name}");
            }
            _ => panic!("{name}: {got:?}"),
        }
    }
}

#[test]
fn a_shape_of_a_million_sizes_is_one_tensor() {
    let shape = vec!["1"; 1_000_000].join(",");
    let header =
        format!("{{\"a\":{{\"dtype\":\"U8\",\"shape\":[{shape}],\"data_offsets\":[0,1]}}}}");
    let model = read::read_bytes(bytes(&header, &[0])).unwrap();
    assert_eq!(model.network.initializers.len(), 1);
}

/// Where we and the crate differ on purpose: see `HOSTILE`.
fn differs(json: &[u8], ours: &Result<Vec<&str>, String>) -> bool {
    match ours {
        Err(error) => error.contains("appears twice") || error.contains("invalid type: map"),
        Ok(_) => json.windows(4).any(|it| it == b"[[[["),
    }
}

#[test]
fn the_format_s_own_reader_gives_the_same_verdict_on_every_change_of_a_byte() {
    let rows: support::Rows<'_> = &[("a.weight", &[2, 3]), ("a.bias", &[2])];
    let (header, data) = header(rows, "\"format\":\"pt\"");
    let whole = bytes(&header, &vec![0; usize::try_from(data).unwrap()]);
    let mut cases = vec![];
    for at in 0..8 + header.len() {
        for byte in [0, b' ', b'"', b'0', b'9', b'}', b'a', 0xff, whole[at] ^ 1] {
            let mut changed = whole.clone();
            changed[at] = byte;
            cases.push(changed);
        }
    }
    cases.extend((0..whole.len()).map(|end| whole[..end].to_vec()));
    for case in cases {
        // What came through a pipe may lack its data; the crate wants all of it.
        let ours = told(read::read_bytes(case.clone()));
        let whole = ours
            .as_ref()
            .is_ok_and(|it| !it.contains(&"data-not-checked"));
        let theirs = safetensors::SafeTensors::deserialize(&case);
        let agree = whole == theirs.is_ok() || differs(&case, &ours);
        let text = String::from_utf8_lossy(&case);
        assert!(agree, "{ours:?} {:?}: {text}", theirs.err());
    }
}

#[test]
fn every_type_of_the_format_has_its_bits() {
    // Names and bits as the format's README lists them.
    let cases: &[(&str, u64)] = &[
        ("BOOL", 8),
        ("F4", 4),
        ("F6_E2M3", 6),
        ("F6_E3M2", 6),
        ("U8", 8),
        ("I8", 8),
        ("F8_E5M2", 8),
        ("F8_E4M3", 8),
        ("F8_E8M0", 8),
        ("F8_E4M3FNUZ", 8),
        ("F8_E5M2FNUZ", 8),
        ("I16", 16),
        ("U16", 16),
        ("F16", 16),
        ("BF16", 16),
        ("I32", 32),
        ("U32", 32),
        ("F32", 32),
        ("C64", 64),
        ("F64", 64),
        ("I64", 64),
        ("U64", 64),
    ];
    for (name, bits) in cases {
        // Eight elements take as many bytes as one has bits.
        let header =
            format!("{{\"a\":{{\"dtype\":\"{name}\",\"shape\":[8],\"data_offsets\":[0,{bits}]}}}}");
        let model = read::read_bytes(bytes(&header, &vec![0; usize::try_from(*bits).unwrap()]));
        let network = model.unwrap_or_else(|it| panic!("{name}: {it}")).network;
        let stored = network.initializers[0].tensor.data_type.unwrap();
        assert_eq!(stored.bits(), *bits, "{name}");
    }
}

fn convs(inspection: &Inspection) -> BTreeMap<String, u128> {
    let rows = inspection.layers.iter().filter_map(|it| match it {
        Layer::Conv(row) => Some((row.weight.clone()?, row.params.stored?.0)),
        _ => None,
    });
    rows.collect()
}

#[test]
fn convolutions_are_those_that_pytorch_has() {
    for name in ["lenet5", "wavenet"] {
        let path = format!("{FOLDER}/truth/{name}.safetensors");
        let truth = fs::read_to_string(format!("{path}.convs.json")).unwrap();
        let truth: serde_json::Value = serde_json::from_str(&truth).unwrap();
        let expected: BTreeMap<String, u128> = truth["conv_weights"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| {
                let name = it["name"].as_str().unwrap().to_owned();
                (name, u128::from(it["params"].as_u64().unwrap()))
            })
            .collect();
        let inspection = inspect(&path, &none()).unwrap();
        assert_eq!(convs(&inspection), expected, "{name}");
        let elements = u128::from(truth["elements"].as_u64().unwrap());
        assert_eq!(inspection.totals.params.0, elements, "{name}");
    }
}

#[test]
fn only_the_header_is_read() {
    let path = format!("{FOLDER}/truth/lenet5.safetensors");
    let inspection = inspect(path, &none()).unwrap();
    // 8 + 744, and the first 512 bytes to tell the format.
    assert_eq!(inspection.bytes_read, 8 + 744 + 512);
}

/// Two shards and their index in a folder.
fn sharded(folder: &Path, map: &str) {
    write(
        &folder.join("a-1.safetensors"),
        &[("c1.weight", &[4, 3, 3, 3]), ("c1.bias", &[4])],
        "",
    );
    write(
        &folder.join("a-2.safetensors"),
        &[("c2.weight", &[8, 4, 3, 3])],
        "",
    );
    let index = format!("{{\"metadata\":{{\"total_size\":1600}},\"weight_map\":{{{map}}}}}");
    fs::write(folder.join("a.safetensors.index.json"), index).unwrap();
}

#[test]
fn a_model_in_several_files_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let map = "\"c1.weight\":\"a-1.safetensors\",\"c1.bias\":\"a-1.safetensors\",\"c2.weight\":\"a-2.safetensors\"";
    sharded(folder.path(), map);
    let index = folder.path().join("a.safetensors.index.json");
    for path in [index.as_path(), folder.path()] {
        let inspection = inspect(path, &none()).unwrap();
        // 4 · (27 + 1) and 8 · 36; (108 + 4 + 288) · 4 bytes.
        let expected = [("c1.weight".to_owned(), 112), ("c2.weight".to_owned(), 288)];
        assert_eq!(convs(&inspection), expected.into());
        assert!(inspection.warnings.is_empty(), "{:?}", inspection.warnings);
    }
}

#[test]
fn index_and_shards_are_held_against_each_other() {
    let cases = [
        (
            "\"c3.weight\":\"a-2.safetensors\"",
            "safetensors: index: it puts tensor \"c3.weight\" in \"a-2.safetensors\", which does not have it",
        ),
        (
            "\"c3.weight\":\"../a-2.safetensors\"",
            "safetensors: index: shard \"../a-2.safetensors\" is not a plain file name",
        ),
        (
            "\"c3.weight\":\"a-3.safetensors\"",
            "safetensors: index: shard \"a-3.safetensors\" cannot be read: \"a-3.safetensors\" is not there",
        ),
        (
            "\"c3.weight\":3",
            "safetensors: index: invalid type: integer `3`, expected a string",
        ),
    ];
    for (map, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        sharded(folder.path(), map);
        let error = read::open(folder.path(), &read::Options::default())
            .err()
            .unwrap();
        assert!(error.to_string().starts_with(expected), "{map}: {error}");
    }
    let folder = tempfile::tempdir().unwrap();
    sharded(folder.path(), "\"c1.weight\":\"a-1.safetensors\"");
    let got = told(read::open(folder.path(), &read::Options::default()));
    assert_eq!(got, Ok(vec!["shard-index", "shard-index"]));
}

#[test]
fn a_folder_holds_one_model() {
    let folder = tempfile::tempdir().unwrap();
    let open = || read::open(folder.path(), &read::Options::default());
    let error = open().err().unwrap().to_string();
    assert_eq!(error, "is a folder without an .onnx or .safetensors file");
    write(
        &folder.path().join("a.safetensors"),
        &[("c.weight", &[4, 3, 3, 3])],
        "",
    );
    assert_eq!(told(open()), Ok(vec![]));
    write(
        &folder.path().join("b.safetensors"),
        &[("c.weight", &[4, 3, 3, 3])],
        "",
    );
    let error = open().err().unwrap().to_string();
    let expected =
        "is a folder with 2 models, name one of them: \"a.safetensors\", \"b.safetensors\"";
    assert_eq!(error, expected);
}

/// A file with one convolution of every element 1 in a type of `bytes` bytes.
fn one_conv(data_type: &str, one: &[u8]) -> Vec<u8> {
    let end = 4 * 3 * 3 * 3 * one.len();
    let header = format!(
        "{{\"c.weight\":{{\"dtype\":\"{data_type}\",\"shape\":[4,3,3,3],\"data_offsets\":[0,{end}]}}}}"
    );
    bytes(&header, &one.repeat(4 * 3 * 3 * 3))
}

#[test]
fn a_layer_runs_with_weights_of_every_float_type() {
    let folder = tempfile::tempdir().unwrap();
    let geometry = folder.path().join("net.toml");
    fs::write(
        &geometry,
        "input = \"3x8x8\"\nlayers = [{ conv = \"c\", stride = 2 }]\n",
    )
    .unwrap();
    // 1.0 in each type; the header's length makes their data unaligned.
    let cases: &[(&str, &[u8])] = &[
        ("F32", &[0, 0, 0x80, 0x3f]),
        ("F64", &[0, 0, 0, 0, 0, 0, 0xf0, 0x3f]),
        ("F16", &[0, 0x3c]),
        ("BF16", &[0x80, 0x3f]),
        ("F8_E4M3", &[0x38]),
        ("F8_E5M2", &[0x3c]),
    ];
    for (data_type, one) in cases {
        let path = folder.path().join("c.safetensors");
        fs::write(&path, one_conv(data_type, one)).unwrap();
        let mut options = Options {
            verify: Choice::All,
            ..Options::default()
        };
        options.geometry.file = Some(geometry.clone());
        let inspection = inspect(&path, &options).unwrap();
        let found = &inspection.verification[0];
        assert_eq!(
            found.status,
            Status::Confirmed,
            "{data_type}: {:?}",
            found.reason
        );
        // ⌊(8 − 3) / 2⌋ + 1 = 3
        assert_eq!(
            found.actual_shape,
            Some(Shape::known(&[1, 4, 3, 3])),
            "{data_type}"
        );
    }
}
