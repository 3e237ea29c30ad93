//! What one sample costs is the same whether it comes alone or with seven others.

use std::path::{Path, PathBuf};

use cnninspect::tensor::Shape;
use cnninspect::{Inspection, Options, inspect};
use rayon::prelude::*;

/// Models of the folders that every checkout has.
fn models() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let folders = ["truth", "crafted", "graphs", "cases", "without_pool"];
    let mut found = vec![];
    for folder in folders {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            found.extend(Some(path).filter(|it| it.extension().is_some_and(|it| it == "onnx")));
        }
    }
    found.sort();
    found
}

/// The model with so many samples, where its inputs are of one.
fn with(path: &Path, batch: u64) -> Option<Inspection> {
    let plain = inspect(path, &Options::default()).ok()?;
    let mut options = Options::default();
    for input in &plain.inputs {
        let mut sizes = input.shape.as_ref().and_then(Shape::sizes)?;
        if sizes.len() > 1 && sizes[0] == 1 {
            sizes[0] = batch;
            let name = Some(input.name.clone());
            options.sizes.inputs.push((name, sizes));
        }
    }
    let given = !options.sizes.inputs.is_empty();
    given.then(|| inspect(path, &options).unwrap())
}

#[test]
fn eight_samples_cost_each_what_one_does() {
    let models = models();
    let told: Vec<bool> = models
        .par_iter()
        .filter_map(|path| {
            let (one, eight) = (with(path, 1)?, with(path, 8)?);
            let (left, right) = (&one.totals, &eight.totals);
            let name = path.display();
            if let Some(macs) = right.macs {
                assert_eq!(left.macs, Some(macs), "{name}");
            }
            if right.peak_activations.is_some() {
                assert_eq!(left.peak_activations, right.peak_activations, "{name}");
                return Some(true);
            }
            // A model that is made for one sample fails with eight, and says so.
            let mut gaps = eight.gaps.iter();
            let said = gaps.any(|it| it.what == "peak_activations");
            assert!(said, "{name}");
            let fails = eight.gaps.len() > one.gaps.len() + 1;
            assert!(fails || left.peak_activations.is_none(), "{name}");
            Some(false)
        })
        .collect();
    let agree = told.iter().filter(|it| **it).count();
    assert!(agree >= 40, "{agree} of {}", told.len());
}
