//! The second opinion: every fixture decoded in full by `onnx-protobuf`, beside what is read here.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cnninspect::network::{Graph, Network};
use cnninspect::read::{self, Model, Options};
use cnninspect::tensor::{Number, decode};
use onnx_protobuf::{GraphProto, Message, ModelProto, TensorProto};

/// Every readable fixture.
fn fixtures() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut found = Vec::new();
    for folder in [root.clone(), root.join("crafted"), root.join("truth")] {
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|it| it == "onnx") {
                found.push(path);
            }
        }
    }
    assert!(found.len() > 25, "{} fixtures", found.len());
    found.sort();
    found
}

#[test]
fn every_fixture_reads_as_the_full_decoder_reads_it() {
    for path in fixtures() {
        let case = path.display().to_string();
        let full = ModelProto::parse_from_bytes(&std::fs::read(&path).unwrap()).unwrap();
        let model = read::open(&path, &Options::default()).unwrap();
        let network = &model.network;
        assert_eq!(network.facts.ir_version, Some(full.ir_version), "{case}");
        let names: Vec<_> = full.functions.iter().map(|it| &it.name).collect();
        if full
            .graph
            .node
            .iter()
            .any(|it| names.contains(&&it.op_type))
        {
            // The bodies of functions stand in the place of its nodes; tests/functions.rs looks at those.
            assert!(case.ends_with("functions.onnx"), "{case}");
            continue;
        }
        let main = network.main().unwrap();
        check_graph(&case, network, main, &full.graph);
        check_tensors(&case, &model, &full.graph);
    }
}

/// Nodes with their edges by name, and the graphs in their attributes.
fn check_graph(case: &str, network: &Network, graph: &Graph, full: &GraphProto) {
    let name =
        |it: &Option<_>| it.map_or_else(String::new, |it| network.value(it).name.to_string());
    assert_eq!(graph.nodes.len(), full.node.len(), "{case}");
    for (id, theirs) in graph.nodes.iter().zip(&full.node) {
        let node = network.node(*id);
        assert_eq!(*node.op_type, *theirs.op_type, "{case}");
        let inputs: Vec<_> = node.inputs.iter().map(name).collect();
        assert_eq!(inputs, theirs.input, "{case}: {}", node.name);
        let outputs: Vec<_> = node.outputs.iter().map(name).collect();
        assert_eq!(outputs, theirs.output, "{case}: {}", node.name);
        let bodies: Vec<_> = theirs
            .attribute
            .iter()
            .filter_map(|it| it.g.as_ref())
            .collect();
        assert_eq!(node.subgraphs.len(), bodies.len(), "{case}: {}", node.name);
        let attributes = node.attrs.0.len() + bodies.len();
        assert_eq!(attributes, theirs.attribute.len(), "{case}: {}", node.name);
        for ((_, body), theirs) in node.subgraphs.iter().zip(bodies) {
            check_graph(case, network, network.graph(*body), theirs);
        }
    }
}

/// The main graph's initializers: sizes, type and, where they are inside, every element.
fn check_tensors(case: &str, model: &Model, full: &GraphProto) {
    let stored = model.network.initializers();
    let stored: BTreeMap<_, _> = stored
        .map(|(_, it)| (&*it.tensor.name, &it.tensor))
        .collect();
    for theirs in &full.initializer {
        let case = format!("{case}: {}", theirs.name);
        let ours = stored[&*theirs.name];
        let dims: Vec<_> = ours
            .dims
            .iter()
            .map(|it| i64::try_from(*it).unwrap())
            .collect();
        assert_eq!(dims, theirs.dims, "{case}");
        let data_type = ours.data_type.unwrap();
        let number = cnninspect::tensor::DataType::from_onnx(theirs.data_type);
        assert_eq!(Some(data_type), number, "{case}");
        if !theirs.external_data.is_empty() {
            continue;
        }
        let bytes = model.load(ours).unwrap();
        if !theirs.raw_data.is_empty() {
            assert!(bytes == theirs.raw_data, "{case}");
            continue;
        }
        for (at, expected) in typed(theirs).enumerate() {
            let got = decode(data_type, &bytes, at).unwrap().to_f64();
            let same = got.to_bits() == expected.to_f64().to_bits();
            assert!(same, "{case}: element {at}: {got} {expected:?}");
        }
    }
}

/// Elements of the typed fields of float32, int32 and int64.
fn typed(tensor: &TensorProto) -> impl Iterator<Item = Number> {
    let floats = tensor
        .float_data
        .iter()
        .map(|it| Number::Float((*it).into()));
    let ints = tensor.int32_data.iter().map(|it| Number::Int((*it).into()));
    let longs = tensor.int64_data.iter().map(|it| Number::Int(*it));
    floats.chain(ints).chain(longs)
}

#[test]
fn external_data_is_read_from_its_folder() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/crafted");
    let model = read::open(&root.join("external.onnx"), &Options::default()).unwrap();
    assert_eq!(model.network.findings, []);
    let whole = std::fs::read(root.join("external.weights.bin")).unwrap();
    let mut total = 0;
    for (_, initializer) in model.network.initializers() {
        let bytes = model.load(&initializer.tensor).unwrap();
        assert!(whole.windows(bytes.len()).any(|it| it == bytes));
        total += bytes.len();
    }
    // Lengths in the file: w1, b1, w2.
    assert_eq!(total, 2_400 + 32 + 4_608);
}

#[test]
fn external_data_that_is_not_there_is_told_once() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/crafted");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    std::fs::copy(root.join("external.onnx"), &path).unwrap();
    let model = read::open(&path, &Options::default()).unwrap();
    let [finding] = &model.network.findings[..] else {
        panic!("{:?}", model.network.findings);
    };
    let tensors = model.network.initializers.len();
    assert_eq!(tensors, 3);
    assert_eq!(finding.rule, "external-data");
    assert!(
        finding.message.contains("and 2 more is not read: ")
            && finding.message.ends_with("is not there"),
        "{}",
        finding.message
    );
    let error = model
        .load(&model.network.initializers[0].tensor)
        .unwrap_err();
    assert!(error.to_string().ends_with("is not there"), "{error}");
}

#[test]
fn external_data_past_the_end_of_its_file_is_told_with_both_numbers() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/crafted");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    std::fs::copy(root.join("external.onnx"), &path).unwrap();
    // The last tensor needs bytes 37,632 to 42,240.
    std::fs::write(folder.path().join("external.weights.bin"), vec![0; 40_000]).unwrap();
    let model = read::open(&path, &Options::default()).unwrap();
    let messages: Vec<_> = model
        .network
        .findings
        .iter()
        .map(|it| &*it.message)
        .collect();
    let expected = "the data of \"w2\" is not read: data up to byte 42,240 of \
                    \"external.weights.bin\" is needed, the file has 40,000 bytes";
    assert_eq!(messages, [expected]);
}
