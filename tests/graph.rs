//! `--graph`: another file's graph over the tensors of a safetensors file.

#[path = "support/safetensors.rs"]
mod safetensors;
#[path = "support/tables.rs"]
#[expect(dead_code, reason = "its counts are for another test")]
mod tables;

use std::path::{Path, PathBuf};

use cnninspect::account::Layer;
use cnninspect::network::GeometrySource;
use cnninspect::tensor::DataType;
use cnninspect::verify::Choice;
use cnninspect::{Inspection, Options, geometry, inspect, read};
use tempfile::TempDir;

const ALEXNET: &str = "pt2/alexnet.pt2";
const BY_NAME: &str = "graphs/resnet18.dynamo.onnx";
const BY_PATH: &str = "graphs/resnet18.ts.onnx";

fn fixture(name: &str) -> PathBuf {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    fixtures.join(name)
}

/// A safetensors file of the tensors of a graph that keeps a state_dict's names, under names of our own.
fn tensors_of(graph: &str, folder: &TempDir, name: impl Fn(&str) -> String) -> PathBuf {
    let model = read::open(&fixture(graph), &read::Options::default()).unwrap();
    let tensors = model.network.initializers.iter().map(|it| &it.tensor);
    let tensors = tensors.filter(|it| it.data_type.is_some_and(DataType::is_float));
    let tensors: Vec<(String, Vec<u64>)> = tensors
        .filter(|it| !it.dims.is_empty())
        .map(|it| (name(&it.name), it.dims.clone()))
        .collect();
    let rows: Vec<(&str, &[u64])> = tensors
        .iter()
        .map(|it| (it.0.as_str(), it.1.as_slice()))
        .collect();
    let path = folder.path().join("model.safetensors");
    safetensors::write(&path, &rows, "");
    path
}

fn over(model: &Path, graph: &str) -> Result<Inspection, String> {
    let options = Options {
        verify: Choice::None,
        geometry: geometry::Options {
            graph: Some(fixture(graph)),
            ..geometry::Options::default()
        },
        ..Options::default()
    };
    inspect(model, &options).map_err(|it| it.to_string())
}

fn unshared(report: &Inspection) -> u128 {
    report.totals.conv.unshared.unwrap().0
}

#[test]
fn an_exported_program_alone_is_a_model() {
    let report = inspect(fixture(ALEXNET), &Options::default()).unwrap();
    assert_eq!(report.facts.format, "pt2");
    // torchvision's AlexNet at 224: 61,100,840 parameters, and PyTorch's own output sizes.
    assert_eq!(report.totals.params.0, 61_100_840);
    assert_eq!(unshared(&report), 656_051_520);
    let names = report.layers.iter().filter_map(|it| match it {
        Layer::Conv(conv) => Some(conv.name.as_str()),
        _ => None,
    });
    let names: Vec<&str> = names.collect();
    assert_eq!(
        names,
        [
            "features.0",
            "features.3",
            "features.6",
            "features.8",
            "features.10"
        ]
    );
}

#[test]
fn each_way_of_binding_says_how_many_it_bound() {
    let cases = [
        (
            ALEXNET,
            ALEXNET,
            "",
            "5 of 5 convs: 5 by initializer name",
            656_051_520,
        ),
        (
            ALEXNET,
            ALEXNET,
            "module.",
            "5 of 5 convs: 5 by initializer name",
            656_051_520,
        ),
        (
            ALEXNET,
            ALEXNET,
            "renamed_",
            "5 of 5 convs: 5 by unique shape",
            656_051_520,
        ),
        (
            BY_NAME,
            BY_NAME,
            "",
            "20 of 20 convs: 20 by initializer name",
            1_813_561_344,
        ),
        (
            BY_NAME,
            BY_PATH,
            "",
            "20 of 20 convs: 20 by node path",
            1_813_561_344,
        ),
    ];
    for (names, graph, prefix, said, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        let model = tensors_of(names, &folder, |it| format!("{prefix}{it}"));
        let report = over(&model, graph).unwrap();
        let facts = &report.facts.geometry;
        assert_eq!(facts.source, GeometrySource::Graph, "{said}");
        let detail = facts.detail.as_deref().unwrap();
        assert!(detail.ends_with(&format!("bound {said}")), "{detail}");
        assert_eq!(unshared(&report), expected, "{said}");
        assert_eq!(report.facts.format, "safetensors");
    }
}

#[test]
fn biases_and_parameters_are_the_file_s() {
    let folder = tempfile::tempdir().unwrap();
    let all = tables::published();
    let resnet18 = all.iter().find(|it| it.name == "torchvision resnet18");
    let model = folder.path().join("model.safetensors");
    safetensors::write(&model, &resnet18.unwrap().rows(), "");
    // The exporter folded each batch norm into a bias, which the module does not have.
    let report = over(&model, BY_PATH).unwrap();
    let conv = &report.totals.conv;
    assert_eq!(conv.stored.unwrap().0, 11_166_912);
    assert_eq!(conv.shared.unwrap().0, 11_166_912);
    // And 1,000 · (512 + 1) in `fc`; this file leaves out the batch norms.
    assert_eq!(report.totals.params.0, 11_166_912 + 513_000);
}

#[test]
fn a_convolution_that_the_graph_lacks_is_listed_and_in_no_total() {
    let folder = tempfile::tempdir().unwrap();
    let graph = read::open(&fixture(ALEXNET), &read::Options::default()).unwrap();
    let tensors = graph.network.initializers.iter().map(|it| &it.tensor);
    let mut rows: Vec<(&str, &[u64])> = tensors
        .map(|it| (it.name.as_str(), it.dims.as_slice()))
        .collect();
    rows.push(("aux.weight", &[8, 256, 3, 3]));
    let model = folder.path().join("model.safetensors");
    safetensors::write(&model, &rows, "");
    let report = over(&model, ALEXNET).unwrap();
    assert_eq!(report.totals.conv.layers, 5);
    assert_eq!(unshared(&report), 656_051_520);
    let rules: Vec<&str> = report.warnings.iter().map(|it| it.rule).collect();
    assert_eq!(rules, ["not-covered"]);
}

#[test]
fn what_cannot_be_bound_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let model = tensors_of(ALEXNET, &folder, str::to_owned);
    let other = over(&model, BY_PATH).unwrap_err();
    let end = "resnet18.ts.onnx and model.safetensors are different networks: 0 of 20 convs bound (first: onnx::Conv_193 [64,3,7,7])";
    assert!(other.ends_with(end), "{other}");
    let missing = over(&model, "nowhere.onnx").unwrap_err();
    assert!(
        missing.ends_with("nowhere.onnx: no such file or folder"),
        "{missing}"
    );
}
