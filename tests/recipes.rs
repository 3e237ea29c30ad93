//! Recipes from outside: a file of names and sizes, and PyTorch's counts.

#[path = "support/safetensors.rs"]
mod safetensors;
#[path = "support/tables.rs"]
mod tables;

use std::path::Path;

use cnninspect::account::Layer;
use cnninspect::finding::Gap;
use cnninspect::network::{Claim, GeometrySource};
use cnninspect::verify::Choice;
use cnninspect::{Inspection, Options, geometry, geometry_file, inspect};
use tables::{Published, published};

/// Networks whose geometry file is printed and read again: one of each recipe.
const ROUND_TRIPS: &[&str] = &[
    "torchvision alexnet",
    "torchvision vgg11_bn",
    "torchvision resnet50",
    "timm resnet50d",
    "timm seresnext26d_32x4d",
    "torchvision densenet121",
    "torchvision squeezenet1_0",
    "torchvision googlenet",
    "torchvision inception_v3",
    "torchvision mobilenet_v2",
    "torchvision mobilenet_v3_small",
    "torchvision efficientnet_b0",
    "torchvision efficientnet_v2_s",
    "torchvision regnet_y_400mf",
    "torchvision convnext_tiny",
    "torchvision shufflenet_v2_x0_5",
    "torchvision mnasnet0_5",
    "timm tf_mobilenetv3_small_075",
    "timm mobilenetv4_conv_small",
    "timm convnext_atto",
    "hf resnet-50",
    "hf mobilenet_v2",
];

fn options(side: u64) -> Options {
    let mut options = Options {
        verify: Choice::None,
        ..Options::default()
    };
    options.sizes.inputs = vec![(None, vec![1, 3, side, side])];
    options
}

/// Convolutions in the totals, their parameters, and those without sharing.
fn counts(report: &Inspection) -> [u128; 3] {
    let conv = &report.totals.conv;
    [
        u128::from(conv.layers),
        conv.stored.unwrap().0,
        conv.unshared.unwrap().0,
    ]
}

fn aside(report: &Inspection) -> usize {
    let convs = report.layers.iter();
    let convs = convs.filter(|it| matches!(it, Layer::Conv(_))).count();
    convs - usize::try_from(report.totals.conv.layers).unwrap()
}

fn written(network: &Published, folder: &Path) -> std::path::PathBuf {
    let path = folder.join("model.safetensors");
    safetensors::write(&path, &network.rows(), "");
    path
}

#[test]
fn every_published_network_is_counted_as_pytorch_counts_it() {
    let folder = tempfile::tempdir().unwrap();
    for network in published() {
        let path = written(&network, folder.path());
        let report = inspect(&path, &options(network.side)).unwrap();
        assert_eq!(counts(&report), network.counts, "{}", network.name);
        assert_eq!(aside(&report), network.aux, "{}", network.name);
        let facts = &report.facts.geometry;
        assert_eq!(facts.source, GeometrySource::Recipe, "{}", network.name);
        assert_eq!(facts.claim, Claim::Exact, "{}", network.name);
        // MACs of matrix products between are the one thing that a plan does not tell.
        let told = |it: &&Gap| !it.what.ends_with("macs");
        let gaps: Vec<_> = report.gaps.iter().filter(told).collect();
        assert!(gaps.is_empty(), "{}: {gaps:?}", network.name);
    }
}

#[test]
fn the_geometry_file_of_each_recipe_gives_the_same_again() {
    let folder = tempfile::tempdir().unwrap();
    let all = published();
    for name in ROUND_TRIPS {
        let network = all.iter().find(|it| it.name == *name).expect(name);
        let path = written(network, folder.path());
        let text = geometry_file(&path, &options(network.side)).unwrap();
        let file = folder.path().join("net.toml");
        std::fs::write(&file, text).unwrap();
        let again = Options {
            geometry: geometry::Options {
                file: Some(file),
                ..geometry::Options::default()
            },
            ..options(network.side)
        };
        let report = inspect(&path, &again).unwrap_or_else(|it| panic!("{name}: {it}"));
        assert_eq!(counts(&report), network.counts, "{name}");
        assert_eq!(aside(&report), network.aux, "{name}");
        assert_eq!(
            report.facts.geometry.source,
            GeometrySource::Sidecar,
            "{name}"
        );
    }
}

#[test]
fn config_json_that_names_a_twin_leaves_the_geometry_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let all = published();
    let resnet50 = all.iter().find(|it| it.name == "torchvision resnet50");
    let path = written(resnet50.unwrap(), folder.path());
    let config = folder.path().join("config.json");
    for (architecture, claim) in [("resnetaa50", Claim::Unknown), ("resnet50", Claim::Exact)] {
        let text = format!("{{\"architecture\": \"{architecture}\"}}");
        std::fs::write(&config, text).unwrap();
        let report = inspect(&path, &options(224)).unwrap();
        assert_eq!(report.facts.geometry.claim, claim, "{architecture}");
        let said = report
            .warnings
            .iter()
            .any(|it| it.message.contains("resnetaa50"));
        assert_eq!(said, claim == Claim::Unknown, "{architecture}");
    }
}
