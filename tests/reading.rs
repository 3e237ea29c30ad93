//! What a file says becomes the network: names, scopes, order, findings.

mod support;

use cnninspect::finding::Finding;
use cnninspect::read::{self, ReadError};
use support::network::{find, maker, network, of, order};
use support::{floats, graph, graph_attribute, model, node, with};

#[test]
fn facts_and_declarations_are_read() {
    let mut main = graph(vec![node("", "Relu", &["x", ""], &["y"])], &[], &["y"]);
    let sizes = [
        support::Size::Named("N"),
        support::Size::Is(3),
        support::Size::Open,
    ];
    main.input = vec![support::value("x", 10, &sizes)];
    let mut model = model(main, 17);
    model.producer_version = "1.2".into();
    model
        .opset_import
        .push(support::opset_import("com.microsoft", 1));
    let network = network(&model);
    let facts = &network.facts;
    assert_eq!(facts.ir_version, Some(8));
    assert_eq!(facts.producer.as_deref(), Some("cnninspect-tests 1.2"));
    let opsets: Vec<_> = facts
        .opset_import
        .iter()
        .map(|(it, v)| (&**it, *v))
        .collect();
    assert_eq!(opsets, [("ai.onnx", 17), ("com.microsoft", 1)]);
    let input = network.main().unwrap().inputs[0];
    let declared = network.value(input).declared.clone().unwrap();
    assert_eq!(declared.data_type.unwrap().name(), "float16");
    let dims: Vec<_> = declared
        .dims
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(dims, ["N", "3", "?"]);
    let relu = find(&network, "y");
    assert_eq!((&*relu.domain, relu.opset), ("ai.onnx", 17));
    assert_eq!(relu.inputs[1], None);
}

#[test]
fn a_file_without_opsets_is_at_opset_1() {
    let mut old = model(
        graph(vec![node("a", "Relu", &["x"], &["y"])], &["x"], &["y"]),
        17,
    );
    old.opset_import.clear();
    old.ir_version = 1;
    assert_eq!(find(&network(&old), "a").opset, 1);
}

#[test]
fn an_input_that_an_initializer_fills_is_none() {
    let mut main = graph(
        vec![node("a", "Add", &["x", "w"], &["y"])],
        &["x", "w"],
        &["y"],
    );
    main.initializer = vec![floats("w", &[1], &[1.0])];
    let network = of(main);
    assert_eq!(network.main().unwrap().inputs.len(), 1);
    assert_eq!(maker(&network, "a", 1), "w");
    assert_eq!(network.findings, []);
}

#[test]
fn nodes_are_sorted_and_a_bodys_outer_values_count() {
    let body = graph(vec![node("inner", "Relu", &["late"], &["b"])], &[], &["b"]);
    let branch = with(
        node("if", "If", &["c"], &["y"]),
        vec![graph_attribute("then_branch", body)],
    );
    let late = node("maker", "Relu", &["x"], &["late"]);
    let network = of(graph(vec![branch, late], &["x", "c"], &["y"]));
    assert_eq!(order(&network), ["maker", "if"]);
    assert_eq!(maker(&network, "inner", 0), "maker");
    assert_eq!(&*find(&network, "inner").scope, "if.then_branch");
    assert_eq!(network.findings, []);
}

#[test]
fn a_bodys_own_names_shadow_the_outer_ones() {
    let mut body = graph(vec![node("inner", "Relu", &["x"], &["y"])], &["x"], &["y"]);
    body.initializer = vec![floats("w", &[1], &[1.0])];
    let looped = with(
        node("loop", "Loop", &["x"], &["z"]),
        vec![graph_attribute("body", body)],
    );
    let network = of(graph(
        vec![node("outer", "Relu", &["x"], &["y"]), looped],
        &["x"],
        &["y", "z"],
    ));
    assert_eq!(network.findings, []);
    let inner = find(&network, "inner").inputs[0].unwrap();
    assert_eq!(network.graphs[1].inputs, [inner]);
    assert_ne!(network.main().unwrap().inputs, [inner]);
}

#[test]
fn what_is_odd_about_the_graph_is_told() {
    let relu = |name, from, to| node(name, "Relu", &[from], &[to]);
    let cases = [
        (
            "a cycle",
            vec![
                relu("a", "2", "1"),
                relu("b", "1", "2"),
                relu("c", "x", "y"),
            ],
            Finding::about(
                "cycle",
                "a",
                "2 nodes use, at some distance, what they make themselves".into(),
            ),
            vec!["c", "a", "b"],
        ),
        (
            "a missing input",
            vec![relu("a", "nowhere", "y")],
            Finding::about(
                "missing-input",
                "a",
                "node \"a\" names \"nowhere\", which nothing makes".into(),
            ),
            vec!["a"],
        ),
        (
            "two makers",
            vec![relu("a", "x", "y"), relu("b", "x", "y")],
            Finding::about(
                "duplicate-output",
                "y",
                "\"y\" is made again by node \"b\"; the first one counts".into(),
            ),
            vec!["a", "b"],
        ),
    ];
    for (case, nodes, expected, expected_order) in cases {
        let network = of(graph(nodes, &["x"], &["y"]));
        assert_eq!(network.findings, [expected], "{case}");
        assert_eq!(order(&network), expected_order, "{case}");
    }
}

#[test]
fn of_two_makers_the_first_counts() {
    let relu = |name, from, to| node(name, "Relu", &[from], &[to]);
    let nodes = vec![
        relu("a", "x", "y"),
        relu("b", "x", "y"),
        relu("c", "y", "z"),
    ];
    let network = of(graph(nodes, &["x"], &["z"]));
    assert_eq!(maker(&network, "c", 0), "a");
}

#[test]
fn a_file_without_a_graph_is_an_error() {
    for bytes in [vec![0x08, 8], vec![0x08, 8, 0x3a, 0]] {
        let error = read::read_bytes(bytes).err().unwrap();
        assert_eq!(error.to_string(), "ONNX: holds no graph");
    }
}

#[test]
fn a_name_that_is_no_utf8_does_not_lose_the_file() {
    use support::wire::field;
    let bad = [
        field(1, b"x"),
        field(2, b"y"),
        field(3, b"r\xff"),
        field(4, b"Relu"),
    ]
    .concat();
    let bytes = field(7, &[field(1, &bad), field(11, &field(1, b"x"))].concat());
    let network = read::read_bytes(bytes).unwrap().network;
    assert_eq!(order(&network), ["r\u{fffd}"]);
}

#[test]
fn a_folder_needs_one_model() {
    use cnninspect::read::{Options, open};
    let folder = tempfile::tempdir().unwrap();
    let error = || {
        open(folder.path(), &Options::default())
            .err()
            .map(|it| it.to_string())
    };
    assert_eq!(
        error().unwrap(),
        "is a folder without an .onnx or .safetensors file"
    );
    let bytes = support::bytes(&model(graph(vec![], &["x"], &["x"]), 17));
    for name in ["b.onnx", "notes.txt"] {
        std::fs::write(folder.path().join(name), &bytes).unwrap();
    }
    assert_eq!(error(), None);
    std::fs::write(folder.path().join("a.onnx"), &bytes).unwrap();
    assert_eq!(
        error().unwrap(),
        "is a folder with 2 models, name one of them: \"a.onnx\", \"b.onnx\""
    );
    let absent = open(&folder.path().join("c.onnx"), &Options::default()).err();
    let Some(error @ ReadError::Io(_)) = absent else {
        panic!("not an error of the system");
    };
    assert_eq!(error.to_string(), "no such file or folder");
}

#[test]
fn what_is_not_used_is_passed_over() {
    use onnx_protobuf::{StringStringEntryProto, TensorAnnotation, TrainingInfoProto};
    let mut main = graph(vec![node("a", "Add", &["x", "w"], &["y"])], &["x"], &["y"]);
    main.initializer = vec![floats("w", &[1], &[1.0])];
    let plain = of(main.clone());
    let entry = StringStringEntryProto {
        key: "key".into(),
        value: "value".repeat(1000),
        ..Default::default()
    };
    main.doc_string = "words ".repeat(1000);
    main.node[0].metadata_props = vec![entry.clone()];
    main.initializer[0].doc_string = "words".into();
    main.quantization_annotation = vec![TensorAnnotation {
        tensor_name: "w".into(),
        ..Default::default()
    }];
    let mut model = model(main.clone(), 17);
    model.metadata_props = vec![entry];
    model.training_info = vec![TrainingInfoProto {
        algorithm: protobuf::MessageField::some(main),
        ..Default::default()
    }];
    let mut bytes = support::bytes(&model);
    // Fields that no ONNX has, of each wire type.
    bytes.extend(support::wire::number(500, 7));
    bytes.extend(support::wire::field(501, b"bytes"));
    bytes.extend([support::wire::key(502, 5), vec![0; 4]].concat());
    bytes.extend([support::wire::key(503, 1), vec![0; 8]].concat());
    let full = read::read_bytes(bytes).unwrap().network;
    let parts = |it: &cnninspect::network::Network| {
        format!("{:?} {:?} {:?}", it.nodes, it.values, it.initializers)
    };
    assert_eq!(parts(&full), parts(&plain));
}

#[test]
fn attributes_without_a_type_are_told_by_what_they_hold() {
    use cnninspect::op::Attr;
    use onnx_protobuf::attribute_proto::AttributeType;
    let cases = [
        (support::int("i", 2), Attr::Int(2)),
        (support::float("f", 0.5), Attr::Float(0.5)),
        (support::string("s", "VALID"), Attr::String("VALID".into())),
        (support::ints("is", &[1, 2]), Attr::Ints(vec![1, 2])),
        (support::ints("none", &[]), Attr::Ints(vec![])),
    ];
    for (mut attribute, expected) in cases {
        let name = attribute.name.clone();
        attribute.type_ = AttributeType::UNDEFINED.into();
        let old = with(node("a", "Op", &["x"], &["y"]), vec![attribute]);
        let network = of(graph(vec![old], &["x"], &["y"]));
        assert_eq!(find(&network, "a").attrs.get(&name), Some(&expected));
    }
}

#[test]
fn a_file_that_changes_after_it_was_read_is_noticed() {
    use cnninspect::read::{Options, open};
    let bytes = support::bytes(&model(graph(vec![], &["x"], &["x"]), 17));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &bytes).unwrap();
    let model = open(file.path(), &Options::default()).unwrap();
    model.check_unchanged().unwrap();
    std::fs::write(file.path(), [bytes.clone(), bytes].concat()).unwrap();
    let error = model.check_unchanged().unwrap_err().to_string();
    assert_eq!(error, "file changed while being read");
}
