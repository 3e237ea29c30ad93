//! Small models cut at every length, and with each byte changed: an answer or an error, never a panic,
//! and nothing out of proportion.

mod support;

use cnninspect::Options;
use cnninspect::account::Role;
use cnninspect::read::{self, Model};
use cnninspect::render::{FORMATS, View};
use cnninspect::verify::Choice;
use support::{
    call, floats, function, graph, graph_attribute, int64s, ints, model, node, reference, tensor,
    tensor_attribute, with,
};

/// A model of under 1 KiB with something of everything: a function with a referred attribute, a body
/// that uses an outer value, external data, a Constant, typed and raw data, declared types.
fn everything() -> Vec<u8> {
    let conv = with(
        node("c", "Conv", &["X", "W"], &["Y"]),
        vec![reference(ints("pads", &[]), "p")],
    );
    let f = function(("my", "F"), &["X", "W"], &["Y"], vec![conv]);
    let body = graph(vec![node("n", "Relu", &["a"], &["b"])], &[], &["b"]);
    let branch = |name| graph_attribute(name, body.clone());
    let mut external = tensor("e", 1, &[2, 2]);
    external.data_location = onnx_protobuf::tensor_proto::DataLocation::EXTERNAL.into();
    external.external_data = [("location", "w.bin"), ("offset", "4"), ("length", "16")]
        .map(|(key, value)| onnx_protobuf::StringStringEntryProto {
            key: key.into(),
            value: value.into(),
            ..Default::default()
        })
        .to_vec();
    let mut main = graph(
        vec![
            with(
                call(("my", "F"), "f", &["x", "w"], &["a"]),
                vec![ints("p", &[1, 1, 1, 1])],
            ),
            with(
                node("k", "Constant", &[], &["t"]),
                vec![tensor_attribute("value", int64s("", &[1, -1]))],
            ),
            with(
                node("i", "If", &["t"], &["y"]),
                vec![branch("then_branch"), branch("else_branch")],
            ),
        ],
        &["x"],
        &["y"],
    );
    main.input = vec![support::float_value("x", &[1, 3, 9, 9])];
    main.initializer = vec![floats("w", &[1, 3, 1, 1], &[1.0, 2.0, 3.0]), external];
    let mut model = model(main, 17);
    model.functions = vec![f];
    support::bytes(&model)
}

/// Reads it, and whatever it says is in it; true where that is a model.
fn survives(bytes: Vec<u8>) -> bool {
    let size = bytes.len();
    let Ok(model) = read::read_bytes(bytes) else {
        return false;
    };
    assert!(model.bytes_read() <= u64::try_from(size).unwrap());
    let network = &model.network;
    let parts = network.nodes.len() + network.values.len() + network.findings.len();
    assert!(parts <= 2 * size, "{parts} parts from {size} bytes");
    for (_, initializer) in network.initializers() {
        if let Ok(loaded) = model.load(&initializer.tensor) {
            assert!(loaded.len() <= size);
        }
    }
    inspected(&model);
    true
}

/// The whole way from the network to what is printed; sizes and counts may be gaps, nothing panics.
fn inspected(model: &Model) {
    let options = Options {
        verify: Choice::None,
        ..Options::default()
    };
    let report = cnninspect::inspect_model(model, "model", &options, &|_| {}).unwrap();
    let booked: u128 = Role::ALL
        .iter()
        .map(|it| report.totals.roles.of(*it).0)
        .sum();
    assert!(report.totals.params.0 <= booked);
    for format in FORMATS {
        let view = View::default();
        format.write(&report, &view, &mut std::io::sink()).unwrap();
    }
}

fn models() -> Vec<(&'static str, Vec<u8>)> {
    let fixture = |name: &str| {
        let folder = env!("CARGO_MANIFEST_DIR");
        std::fs::read(format!("{folder}/fixtures/crafted/{name}")).unwrap()
    };
    vec![
        ("everything", everything()),
        ("tied.onnx", fixture("tied.onnx")),
        ("external.onnx", fixture("external.onnx")),
        ("quantised.onnx", fixture("quantised.onnx")),
    ]
}

#[test]
fn a_model_cut_anywhere_is_an_answer_or_an_error() {
    for (name, bytes) in models() {
        assert!(survives(bytes.clone()), "{name} as a whole");
        let answers = (0..bytes.len()).filter(|it| survives(bytes[..*it].to_vec()));
        // The graph is one message, so that only cuts behind it leave one.
        let answers = answers.count();
        assert!(answers < bytes.len() / 2, "{name}: {answers} answers");
    }
}

#[test]
fn a_changed_byte_is_an_answer_or_an_error() {
    for (name, bytes) in models() {
        let mut errors = 0;
        for at in 0..bytes.len() {
            for change in [0xff, 0x01, 0x80] {
                let mut changed = bytes.clone();
                changed[at] ^= change;
                errors += usize::from(!survives(changed));
            }
        }
        assert!(errors > 0, "{name}");
    }
}
