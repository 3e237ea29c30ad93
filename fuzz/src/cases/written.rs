//! Texts that users write: geometry files, configurations, lock files.

use cnninspect::check::{self, Against, Baseline, Config, ConfigError, Subject};
use cnninspect::geometry::{self, Plan};
use cnninspect::read::{self, Model};
use cnninspect::render::{View, problems};
use cnninspect::verify::Choice;
use cnninspect::{Inspection, Options};

use super::{inspection, reports};

/// Tensors that a geometry file can speak of: plain, grouped, strided and one-dimensional convolutions, a norm,
/// a classifier.
const TENSORS: &[(&str, &[u64])] = &[
    ("conv1.weight", &[4, 3, 3, 3]),
    ("conv1.bias", &[4]),
    ("bn1.weight", &[4]),
    ("conv2.weight", &[8, 2, 3, 3]),
    ("conv3.weight", &[8, 8, 1, 1]),
    ("layer1.0.conv.weight", &[6, 8, 5, 1]),
    ("layer1.1.conv.weight", &[6, 6, 3, 3]),
    ("wave.weight", &[4, 2, 7]),
    ("volume.weight", &[4, 2, 3, 3, 3]),
    ("fc.weight", &[10, 24]),
];

/// Reads a geometry file over a fixed set of tensors; one that reads is printed and reads the same again.
pub(super) fn geometry(text: &str) {
    let (mut model, bytes) = model(text);
    let plan = cnninspect::settle(&mut model, &Options::default());
    let plan = plan.map_err(|error| reports::plain(&error.to_string()));
    if let Some(plan) = plan.ok().flatten() {
        let printed = geometry::print(&plan, &[text.to_owned()]);
        let mut twice = self::model(&printed).0;
        let again = cnninspect::settle(&mut twice, &Options::default());
        let again: Option<Plan> = again.unwrap_or_else(|error| panic!("{error}:\n{printed}"));
        let again = again.unwrap_or_else(|| panic!("is not taken again:\n{printed}"));
        let (printed, again) = (geometry::print(&plan, &[]), geometry::print(&again, &[]));
        assert_eq!(printed, again);
    }
    inspection::inspect(self::model(text).0, &bytes, &Choice::None);
}

/// The tensors in a safetensors file that carries its geometry.
fn model(geometry: &str) -> (Model, Vec<u8>) {
    let mut entries = serde_json::Map::new();
    let metadata = serde_json::json!({ "cnninspect.geometry": geometry });
    entries.insert("__metadata__".to_owned(), metadata);
    let mut offset = 0;
    for (name, shape) in TENSORS {
        let end = offset + shape.iter().product::<u64>() * 4;
        let entry =
            serde_json::json!({ "dtype": "F32", "shape": shape, "data_offsets": [offset, end] });
        entries.insert((*name).to_owned(), entry);
        offset = end;
    }
    let header = serde_json::Value::Object(entries).to_string();
    let length = u64::try_from(header.len()).unwrap().to_le_bytes();
    let bytes = [&length, header.as_bytes()].concat();
    (
        read::read_bytes(bytes.clone()).expect("a safetensors header"),
        bytes,
    )
}

/// Reads a text as a configuration and as a lock file, and checks a model by what was read.
pub(super) fn config(text: &str) {
    let config = Config::read("cnninspect.toml", text)
        .map_err(|error| shown(&error))
        .ok();
    let baseline = Baseline::read("cnninspect.lock", text)
        .map_err(|error| shown(&error))
        .ok();
    if let Some(baseline) = &baseline {
        let written = baseline.to_text();
        let read = Baseline::read("cnninspect.lock", &written);
        assert!(
            read.as_ref() == Ok(baseline),
            "the lock file reads as another:\n{written}"
        );
    }
    let against = baseline
        .as_ref()
        .map_or(Against::Nothing, Against::Baseline);
    let config = config.unwrap_or_default();
    let mut subjects = Vec::new();
    for entry in config.models.iter().take(3) {
        let mut budget = config.defaults.clone();
        budget.refine(&entry.budget);
        subjects.push(Subject {
            path: entry.path.text.clone(),
            key: entry.path.text.clone(),
            budget,
            must_be_in_baseline: true,
            inspection: small(&entry.sizes),
        });
    }
    if let Some(baseline) = &baseline {
        for key in baseline.models.keys().take(3) {
            subjects.push(Subject {
                path: key.clone(),
                key: key.clone(),
                budget: config.defaults.clone(),
                must_be_in_baseline: false,
                inspection: small(&cnninspect::infer::Sizes::default()),
            });
        }
    }
    reports::check(&check::check(&subjects, against));
}

/// A small model, at the sizes that a configuration gives.
fn small(sizes: &cnninspect::infer::Sizes) -> Result<Inspection, String> {
    const MODEL: &[u8] = include_bytes!("../../../fixtures/params/lenet5.ts_raw.onnx");
    let options = Options {
        sizes: sizes.clone(),
        verify: Choice::None,
        ..Options::default()
    };
    let model = read::read_bytes(MODEL.to_vec()).expect("a fixture");
    let answer = cnninspect::inspect_model(&model, "lenet5.onnx", &options, &|_| {});
    answer.map_err(|error| error.to_string())
}

/// Every mistake is shown in its line.
fn shown(error: &ConfigError) {
    reports::plain(&error.to_string());
    let mut out = Vec::new();
    problems(error, &View::default(), &mut out).unwrap();
    reports::quiet(&String::from_utf8(out).expect("UTF-8"), false);
}
