//! Small archives made by hand, and what is said of broken ones.

use super::*;
use crate::source::BytesSource;
use crate::tensor::Payload;

/// Entries, how they are kept, and what is said of them.
type Case<'a> = (&'a [(&'a str, &'a [u8])], u16, &'a str);

/// A ZIP archive whose entries are stored, checksums 0 as PyTorch leaves them.
fn archive(entries: &[(&str, &[u8])], method: u16) -> Vec<u8> {
    let mut file = vec![];
    let mut directory = vec![];
    for (name, body) in entries {
        let offset = u32::try_from(file.len()).unwrap();
        let size = u32::try_from(body.len()).unwrap().to_le_bytes();
        let length = u16::try_from(name.len()).unwrap().to_le_bytes();
        let method = method.to_le_bytes();
        let middle = [&method, &[0; 8][..], &size, &size, &length, &[0; 2]].concat();
        file.extend([b"PK\x03\x04", &[0; 4][..], &middle, name.as_bytes(), body].concat());
        let end = [&[0; 10][..], &offset.to_le_bytes()].concat();
        directory.extend([b"PK\x01\x02", &[0; 6][..], &middle, &end, name.as_bytes()].concat());
    }
    let offset = u32::try_from(file.len()).unwrap().to_le_bytes();
    let size = u32::try_from(directory.len()).unwrap().to_le_bytes();
    file.extend(directory);
    file.extend([b"PK\x05\x06", &[0; 8][..], &size, &offset, &[0; 2]].concat());
    file
}

/// One convolution of two filters over one channel, `[2, 1, 1, 1]`, whose bytes are in `weight_0` from 4 on.
const MODEL: &str = r#"{"graph_module": {"graph": {"inputs": [],
    "outputs": [{"as_tensor": {"name": "y"}}],
    "nodes": [{"target": "torch.ops.aten.conv2d.default", "outputs": [{"as_tensor": {"name": "y"}}],
        "inputs": [{"name": "input", "arg": {"as_tensor": {"name": "x"}}},
            {"name": "weight", "arg": {"as_tensor": {"name": "p_w"}}}], "metadata": {}}],
    "tensor_values": {
        "x": {"dtype": 7, "sizes": [{"as_expr": {"expr_str": "s0"}}, {"as_int": 1}, {"as_int": 5}, {"as_int": 5}]},
        "p_w": {"dtype": 7, "sizes": [{"as_int": 2}, {"as_int": 1}, {"as_int": 1}, {"as_int": 1}]}}},
    "signature": {"input_specs": [
        {"parameter": {"arg": {"name": "p_w"}, "parameter_name": "conv.weight"}},
        {"user_input": {"arg": {"as_tensor": {"name": "x"}}}}]}},
    "schema_version": {"major": 8, "minor": 20}}"#;

const WEIGHTS: &str = r#"{"config": {"conv.weight": {"path_name": "weight_0", "tensor_meta": {"dtype": 7,
    "sizes": [{"as_int": 2}, {"as_int": 1}, {"as_int": 1}, {"as_int": 1}],
    "strides": [{"as_int": 1}, {"as_int": 1}, {"as_int": 1}, {"as_int": 1}], "storage_offset": {"as_int": 1}}}}}"#;

fn network_of(bytes: Vec<u8>) -> Result<Network, Pt2Error> {
    read(&BytesSource(bytes))
}

fn whole() -> Vec<u8> {
    archive(
        &[
            ("net/data/weights/weight_0", &[9; 12]),
            (
                "net/data/weights/model_weights_config.json",
                WEIGHTS.as_bytes(),
            ),
            ("net/models/model.json", MODEL.as_bytes()),
        ],
        0,
    )
}

#[test]
fn a_convolution_carries_its_name_and_the_place_of_its_bytes() {
    let network = network_of(whole()).unwrap();
    let tensor = &network.initializers[0].tensor;
    assert_eq!(
        (tensor.name.as_str(), &*tensor.dims),
        ("conv.weight", &[2, 1, 1, 1][..])
    );
    // A local header has 30 bytes, the name 25; one float of 4 bytes is skipped.
    let region = Region {
        offset: 30 + 25 + 4,
        length: 8,
    };
    assert_eq!(tensor.payload, Payload::Raw(region));
    assert_eq!(&*network.nodes[0].op_type, "Conv");
    let input = network.value(network.graphs[0].inputs[0]);
    let dims = input.declared.as_ref().unwrap().dims.as_ref().unwrap();
    assert_eq!(dims[0].to_string(), "s0");
}

#[test]
fn without_its_archive_the_json_tells_the_same_but_for_the_bytes() {
    let network = read_json(&BytesSource(MODEL.into())).unwrap();
    assert_eq!(network.initializers[0].tensor.payload, Payload::Absent);
    assert_eq!(network.nodes.len(), 1);
}

#[test]
fn each_way_not_to_be_an_exported_program_is_told() {
    let newer = MODEL.replace("\"major\": 8, \"minor\": 20", "\"major\": 9, \"minor\": 0");
    let inner = archive(&[("a", b"")], 0);
    let cases: &[Case<'_>] = &[
        (
            &[("net/models/model.json", newer.as_bytes())],
            0,
            "export schema 9.0 is newer than 8.x, which this version reads",
        ),
        (
            &[("net/data/aotinductor/model.so", b"")],
            0,
            "no models/*.json inside; an AOTInductor package holds compiled code, not a graph",
        ),
        (
            &[("net/data.pkl", b"")],
            0,
            "a PyTorch checkpoint: tensors in a pickle (data.pkl) and no graph; export the model with torch.export.save or to ONNX",
        ),
        (
            &[("net/models/model.json", MODEL.as_bytes())],
            8,
            r#"entry "net/models/model.json" is compressed, which torch.export never does"#,
        ),
        (
            &[("a/models/a.json", b"{}"), ("a/models/b.json", b"{}")],
            0,
            "2 models inside (a/models/a.json, a/models/b.json); save the one to inspect by itself",
        ),
        (
            &[
                ("a/models/a.json", b"{}"),
                ("a/data/sample_inputs/model.pt", &inner),
            ],
            0,
            "a/models/a.json: missing field `graph_module` at line 1 column 2",
        ),
    ];
    for (entries, method, expected) in cases {
        let error = network_of(archive(entries, *method)).unwrap_err();
        assert_eq!(error.to_string(), *expected);
    }
}

#[test]
fn every_truncation_is_an_error() {
    let whole = whole();
    for length in 0..whole.len() {
        let cut = whole[..length].to_vec();
        assert!(network_of(cut).is_err(), "{length}");
    }
}

#[test]
fn each_changed_byte_gives_an_answer_or_an_error() {
    let whole = whole();
    for at in 0..whole.len() {
        for value in [0, 0xff] {
            let mut changed = whole.clone();
            changed[at] = value;
            let _ = network_of(changed);
        }
    }
}
