//! Broken and hostile files: one clear line, and no more memory or time than the file is worth.

mod support;

use std::time::{Duration, Instant};

use cnninspect::Inspection;
use cnninspect::account::Layer;
use cnninspect::finding::Gap;
use cnninspect::read::{self, Options};
use cnninspect::tensor::Shape;
use cnninspect::verify::Choice;
use support::wire::{field, header, number};
use support::{graph, model, node};

fn error(bytes: Vec<u8>) -> String {
    let error = read::read_bytes(bytes).err();
    error.map_or_else(|| "no error".into(), |it| it.to_string())
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let cases: &[(&str, Vec<u8>, &str)] = &[
        ("nothing", vec![], "is empty (0 bytes)"),
        ("text", b"hello".to_vec(), "is a text file, not a model"),
        (
            "an executable",
            b"\x7fELF\x02\x01\x01\0\0".to_vec(),
            "is in no format that is known here; it begins with the bytes 7f 45 4c 46 02 01 01 00",
        ),
        (
            "a length past the end",
            vec![0x08, 8, 0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0],
            "ONNX: field 7 claims 4,294,967,295 bytes at byte 2, past the end of the file (10 bytes)",
        ),
        (
            "a length past the message around it",
            [field(7, &[0x12, 5]), vec![0; 9]].concat(),
            "ONNX: field 2 claims 5 bytes at byte 2, past the end of the message around it (byte 4)",
        ),
        (
            "a group",
            vec![0x08, 8, 0x3b],
            "ONNX: field 7 at byte 2 is a protobuf group, which ONNX does not have",
        ),
        (
            "a number where a message is expected",
            vec![0x08, 8, 0x38, 1],
            "ONNX: field 7 of ModelProto has wire type 0 at byte 2, expected 2",
        ),
        (
            "another protobuf, as TensorFlow writes",
            vec![0x0a, 2, 8, 8],
            "ONNX: field 1 of ModelProto has wire type 2 at byte 0, expected 0",
        ),
        (
            "a wire type that does not exist",
            vec![0x08, 8, 0x57],
            "ONNX: field 10 of ModelProto has wire type 7 at byte 2, expected 0, 1, 2 or 5",
        ),
    ];
    for (case, bytes, expected) in cases {
        assert_eq!(error(bytes.clone()), *expected, "{case}");
    }
}

#[test]
fn nesting_ten_thousand_deep_is_one_error() {
    // A graph in an attribute of a node of a graph …; its bytes from the inside out.
    let mut lengths = Vec::new();
    let mut length = 0;
    for at in 0..10_000 {
        let number = if at == 9_999 {
            7
        } else {
            [1, 5, 6][(9_998 - at) % 3]
        };
        let head = header(number, length);
        length += head.len();
        lengths.push(head);
    }
    lengths.reverse();
    let expected = "ONNX: messages are nested more than 90 deep at byte";
    let message = error(lengths.concat());
    assert!(message.starts_with(expected), "{message}");
    // Types nest too: a sequence of sequences of …
    let mut sequences = Vec::new();
    for _ in 0..10_000 {
        sequences = [header(1, sequences.len()), sequences].concat();
        sequences = [header(4, sequences.len()), sequences].concat();
    }
    let info = field(11, &field(2, &sequences));
    let message = error(field(7, &info));
    assert!(message.starts_with(expected), "{message}");
}

#[test]
fn the_deepest_nesting_that_is_read_is_read() {
    // Each level is a node, an attribute and a graph: 1 + 29 · 3 = 88 messages.
    let mut body = field(1, &field(2, b"y"));
    for _ in 0..29 {
        let attribute = [field(1, b"b"), field(6, &body)].concat();
        body = field(1, &[field(2, b"y"), field(5, &attribute)].concat());
    }
    let network = read::read_bytes(field(7, &body)).unwrap().network;
    assert_eq!((network.graphs.len(), network.nodes.len()), (30, 30));
}

#[test]
fn megabytes_of_empty_messages_are_refused_before_they_are_allocated() {
    let node = [0x2a, 0].repeat(5 << 20);
    let started = Instant::now();
    let message = error(field(7, &field(1, &node)));
    assert!(
        message.starts_with("ONNX: structure up to byte ")
            && message.contains(" bytes of memory, the limit for "),
        "{message}"
    );
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_chain_of_sixty_thousand_nodes_is_read() {
    let name = |at: usize| format!("v{at}");
    let relu = |at| node("", "Relu", &[&name(at)], &[&name(at + 1)]);
    let mut nodes: Vec<_> = (0..60_000).map(relu).collect();
    for case in ["forwards", "backwards"] {
        let chain = graph(nodes.clone(), &["v0"], &["v60000"]);
        let bytes = support::bytes(&model(chain, 17));
        let started = Instant::now();
        let network = read::read_bytes(bytes).unwrap().network;
        assert!(started.elapsed() < Duration::from_secs(10), "{case}");
        assert_eq!(network.findings, [], "{case}");
        let order = &network.main().unwrap().nodes;
        let (first, last) = (network.node(order[0]), network.node(order[59_999]));
        assert_eq!((&*first.name, &*last.name), ("v1", "v60000"), "{case}");
        nodes.reverse();
    }
}

#[test]
fn a_file_full_of_one_name_takes_a_step_a_layer() {
    let relu = |at: usize| {
        node(
            "x",
            "Relu",
            &[&format!("v{at}")],
            &[&format!("v{}", at + 1)],
        )
    };
    let chain = graph((0..20_000).map(relu).collect(), &["v0"], &["v20000"]);
    let model = read::read_bytes(support::bytes(&model(chain, 17))).unwrap();
    let options = cnninspect::Options {
        verify: Choice::None,
        ..cnninspect::Options::default()
    };
    let report = cnninspect::inspect_model(&model, "x.onnx", &options, &|_| {}).unwrap();
    let started = Instant::now();
    let measured = cnninspect::check::Model::of(&report);
    // Counted up from the first one each time, that would be 20,000² / 2 steps.
    assert!(started.elapsed() < Duration::from_secs(10));
    let keys: Vec<&str> = measured.layers.iter().map(|it| &*it.key).collect();
    assert_eq!(
        (keys[0], keys[1], keys[19_999]),
        ("x", "x (2)", "x (20000)")
    );
}

#[test]
fn a_tensor_of_five_gigabytes_costs_nothing() {
    let size: usize = 5 << 30;
    let tensor = [number(1, 5 << 30), number(2, 2), field(8, b"w")].concat();
    let raw = header(9, size);
    let initializer = [header(5, tensor.len() + raw.len() + size), tensor, raw].concat();
    let graph_head = header(7, initializer.len() + size);
    let file = tempfile::NamedTempFile::new().unwrap();
    let head = [graph_head, initializer].concat();
    std::fs::write(file.path(), &head).unwrap();
    let whole = u64::try_from(head.len() + size).unwrap();
    file.as_file().set_len(whole).unwrap();
    let model = read::open(file.path(), &Options::default()).unwrap();
    assert_eq!(model.network.findings, []);
    assert_eq!(model.network.initializers.len(), 1);
    assert_eq!(model.bytes_read(), 512);
}

/// What `manifest.tsv` expects of each file, in our words: an error, or the rules of the findings.
#[test]
fn every_malformed_fixture_gives_what_its_manifest_says() {
    let cases: &[(&str, Result<&[&str], &str>)] = &[
        ("auto_pad_unknown", Ok(&[])),
        ("cycle", Ok(&["cycle"])),
        ("diamond60", Ok(&[])),
        ("dims_overflow", Ok(&["payload-size"])),
        ("dims_zero", Ok(&["payload-size"])),
        ("empty", Err("is empty (0 bytes)")),
        ("ext_absolute", Ok(&["external-data"])),
        ("ext_offset_neg", Ok(&["external-data"])),
        ("group_not_dividing", Ok(&[])),
        ("group_wire", Err("is a text file, not a model")),
        ("group_zero", Ok(&[])),
        ("kernel_gt_input", Ok(&[])),
        (
            "length_bomb",
            Err(
                "ONNX: field 7 claims 4,294,967,295 bytes at byte 2, past the end of the file (18 bytes)",
            ),
        ),
        (
            "lfs_pointer",
            Err("is a Git LFS pointer, not the model itself; `git lfs pull` fetches it"),
        ),
        ("no_inputs", Ok(&[])),
        ("pads_negative_past_input", Ok(&[])),
        ("safetensors_named_onnx", Ok(&[])),
        ("stride_short", Ok(&[])),
        (
            "truncated_1",
            Err("ONNX: is cut short at byte 1: the file (1 bytes) ends inside a field"),
        ),
        (
            "truncated_191",
            Err("ONNX: field 7 claims 564 bytes at byte 2, past the end of the file (191 bytes)"),
        ),
        (
            "truncated_574",
            Err("ONNX: field 8 claims 4 bytes at byte 569, past the end of the file (574 bytes)"),
        ),
        ("weight_rank1", Ok(&[])),
    ];
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/malformed");
    let manifest = std::fs::read_to_string(format!("{folder}/manifest.tsv")).unwrap();
    assert_eq!(manifest.lines().count(), cases.len() + 1, "one row each");
    for (name, expected) in cases {
        let path = format!("{folder}/{name}.onnx");
        let got = read::open(path.as_ref(), &Options::default());
        let got = got
            .map(|it| it.network.findings)
            .map_err(|it| it.to_string());
        let rules = got.map(|it| it.iter().map(|it| it.rule).collect::<Vec<_>>());
        let expected = expected.map(<[_]>::to_vec).map_err(str::to_owned);
        assert_eq!(rules, expected, "{name}");
    }
}

/// The same files end to end: the node that is wrong has a gap with both numbers and no output shape.
#[test]
fn a_node_that_cannot_be_is_a_gap_with_its_reason() {
    let cases = [
        (
            "auto_pad_unknown",
            "auto_pad is \"BANANA\", must be one of NOTSET, SAME_UPPER, SAME_LOWER, VALID",
        ),
        (
            "group_not_dividing",
            "group 2 does not divide 3 input channels",
        ),
        ("group_zero", "group is 0, must be at least 1"),
        (
            "kernel_gt_input",
            "kernel reaches over 3 elements but the padded input has 2",
        ),
        ("no_inputs", "input 0 (X) is missing"),
        (
            "pads_negative_past_input",
            "kernel reaches over 3 elements but the padded input has -64",
        ),
        ("stride_short", "strides has 1 value, needs 2"),
        ("weight_rank1", "weight has rank 1, needs 3 or more"),
        (
            "dims_overflow",
            "weight takes 1,099,511,627,776 channels but the input has 3",
        ),
    ];
    for (name, reason) in cases {
        let report = inspected(name);
        let Some(Layer::Conv(row)) = report.layers.first() else {
            panic!("{name}: no convolution is listed");
        };
        assert_eq!(row.output_shape, None, "{name}");
        assert_eq!(row.params.unshared, None, "{name}");
        let said = |it: &Gap| it.what == "output_shape" && it.reason == reason;
        assert!(report.gaps.iter().any(said), "{name}: {:?}", report.gaps);
    }
    // Sixty products of a value with itself take sixty steps: 2⁶⁰ would not end.
    let Some(Layer::Conv(row)) = inspected("diamond60").layers.pop() else {
        panic!("the last node is the convolution");
    };
    assert_eq!(row.weight_shape, Some(Shape::known(&[4, 3, 3, 3])));
    // Two convolutions that feed each other have no shapes.
    for layer in inspected("cycle").layers {
        let Layer::Conv(row) = layer else { continue };
        assert_eq!(row.output_shape, None, "{}", row.name);
    }
}

fn inspected(name: &str) -> Inspection {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/malformed");
    let options = cnninspect::Options {
        verify: Choice::None,
        ..cnninspect::Options::default()
    };
    cnninspect::inspect(format!("{folder}/{name}.onnx"), &options).unwrap()
}
