//! The fixtures that are made here: what is committed is what the helper makes.

mod support;

use std::path::PathBuf;

use cnninspect::read::{self, Options};
use cnninspect::tensor::DataType;
use support::alexnet;

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name)
}

/// `CNNINSPECT_BLESS=1 cargo test --test fixtures` rewrites them.
#[test]
fn the_committed_alexnet_is_what_the_helper_makes() {
    // (227 − 11) / 4 + 1 = 55, pooled to 27, 13, 6: 256 · 6 · 6. And ⌊(224 − 11) / 4⌋ + 1 = 54: 26, 12, 5.
    let cases = [
        ("alexnet-2012.onnx", 227, 9216),
        ("alexnet-2012-224.onnx", 224, 6400),
    ];
    for (name, side, features) in cases {
        let made = support::bytes(&alexnet::model_at(side, features));
        assert!(made.len() < 200_000, "{name} has {} bytes", made.len());
        if std::env::var_os("CNNINSPECT_BLESS").is_some() {
            std::fs::write(fixture(name), &made).unwrap();
        }
        let committed = std::fs::read(fixture(name)).unwrap();
        assert!(committed == made, "{name} differs from what is made");
    }
}

#[test]
fn alexnets_first_convolution_is_stored_and_nothing_else_is() {
    let model = read::open(&fixture("alexnet-2012.onnx"), &Options::default()).unwrap();
    let floats = model.network.initializers();
    let floats: Vec<_> = floats
        .filter(|(_, it)| it.tensor.data_type.is_some_and(DataType::is_float))
        .map(|(_, it)| (it.tensor.name.as_str(), it.tensor.dims.clone()))
        .collect();
    let expected = [
        ("conv1.weight", vec![96, 3, 11, 11]),
        ("conv1.bias", vec![96]),
    ];
    assert_eq!(floats, expected);
    assert_eq!(model.network.findings, []);
    let weight = &model.network.initializers[0].tensor;
    let bytes = model.load(weight).unwrap();
    assert_eq!(bytes.len(), 34_848 * 4);
    let distinct: std::collections::BTreeSet<_> = bytes.chunks(4).collect();
    assert!(distinct.len() > 20_000, "{} distinct", distinct.len());
}
