//! Every layer of every fixture that has a truth file: shapes, strides, counts, as ONNX Runtime and PyTorch
//! ran them (`fixtures/README.md`). Layers are matched as a multiset, so names and order do not matter.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cnninspect::account::Layer;
use cnninspect::infer::Sizes;
use cnninspect::verify::Choice;
use cnninspect::{Inspection, Options, inspect};
use serde_json::Value as Json;

type Rows = BTreeMap<String, i64>;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// Every `*.truth.json` under `fixtures/`, in order.
fn truths() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![fixtures()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(".truth.json") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> Json {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn sizes(json: &Json) -> Vec<u64> {
    json.as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_u64().unwrap())
        .collect()
}

/// The sizes of one run, for the inputs whose sizes the file leaves open.
fn given(truth: &Json, run: &Json) -> Sizes {
    let mut given = Sizes::default();
    for (name, input) in run.as_object().unwrap() {
        let declared = truth["graph_inputs"][name].as_array();
        let fixed = declared.is_some_and(|it| it.iter().all(Json::is_u64));
        let shape = sizes(&input["shape"]);
        if !fixed && !shape.is_empty() {
            given.inputs.push((Some(name.clone()), shape));
        }
    }
    given
}

/// The runs of a truth file: one, or several for both branches of an `If`.
fn runs(truth: &Json) -> Vec<Sizes> {
    let all = truth["inputs_of_run"]
        .as_array()
        .cloned()
        .unwrap_or_else(|| vec![truth["inputs"].clone()]);
    let mut runs: Vec<Sizes> = Vec::new();
    for run in all {
        let sizes = given(truth, &run);
        if !runs.contains(&sizes) {
            runs.push(sizes);
        }
    }
    runs
}

fn conv_row(conv: &Json) -> String {
    let transposed = conv["transposed"] == true;
    let unshared = if transposed {
        &conv["unshared_params_per_input_position"]
    } else {
        &conv["unshared_params"]
    };
    let op_type = conv["onnx_op"].as_str().unwrap();
    format!(
        "{} weight {} input {} output {} strides {} dilations {} group {} shared {} unshared {unshared} dense {} macs {}",
        op_type.rsplit('.').next().unwrap(),
        conv["weight_shape"],
        conv["input_shape"],
        conv["output_shape"],
        conv["stride"],
        conv["dilation"],
        conv["groups"],
        conv["params"],
        conv["dense_params"],
        conv["macs"],
    )
}

fn pool_row(op_type: &str, input: &Json, output: &Json) -> String {
    format!(
        "{} input {input} output {output}",
        op_type.rsplit('.').next().unwrap()
    )
}

fn expected(truth: &Json) -> Rows {
    let mut rows = Rows::new();
    for conv in truth["convs"].as_array().unwrap() {
        *rows.entry(conv_row(conv)).or_default() += 1;
    }
    for pool in truth["pools"].as_array().into_iter().flatten() {
        let op_type = pool["onnx_op"].as_str().unwrap();
        *rows
            .entry(pool_row(
                op_type,
                &pool["input_shape"],
                &pool["output_shape"],
            ))
            .or_default() += 1;
    }
    rows
}

fn reported(report: &Inspection) -> Rows {
    let mut rows = Rows::new();
    for layer in &report.layers {
        let json = serde_json::to_value(layer).unwrap();
        let row = match layer {
            Layer::Conv(it) => format!(
                "{} weight {} input {} output {} strides {} dilations {} group {} shared {} unshared {} dense {} macs {}",
                it.op_type,
                json["weight_shape"],
                json["input_shape"],
                json["output_shape"],
                json["strides"],
                json["dilations"],
                json["group"],
                json["params"]["shared"],
                json["params"]["unshared"],
                json["params"]["dense"],
                json["macs"],
            ),
            // The truth lists pool operators only.
            Layer::Pool(it) if !it.op_type.starts_with("Reduce") => {
                pool_row(&it.op_type, &json["input_shape"], &json["output_shape"])
            }
            _ => continue,
        };
        *rows.entry(row).or_default() += 1;
    }
    rows
}

/// Rows of `left` that `right` has fewer of.
fn beyond(left: &Rows, right: &Rows) -> Vec<String> {
    let more = left
        .iter()
        .filter(|(row, count)| right.get(*row).unwrap_or(&0) < count);
    more.map(|(row, _)| row.clone()).collect()
}

fn report(model: &Path, sizes: Sizes) -> Inspection {
    let options = Options {
        sizes,
        verify: Choice::None,
        ..Options::default()
    };
    inspect(model, &options).unwrap_or_else(|error| panic!("{}: {error}", model.display()))
}

#[test]
fn every_layer_is_as_it_was_run() {
    let mut layers = 0;
    let mut wrong = Vec::new();
    for path in truths() {
        let truth = read(&path);
        let model = PathBuf::from(path.to_string_lossy().strip_suffix(".truth.json").unwrap());
        let runs = runs(&truth);
        let several = runs.len() > 1;
        // A row of a truth of several runs is right when one of the reports has it.
        let mut ours = Rows::new();
        for sizes in runs {
            for (row, count) in reported(&report(&model, sizes)) {
                let slot = ours.entry(row).or_default();
                *slot = if several { (*slot).max(count) } else { count };
            }
        }
        let theirs = expected(&truth);
        layers += theirs.values().sum::<i64>();
        let name = model.file_name().unwrap().to_string_lossy().into_owned();
        wrong.extend(
            beyond(&theirs, &ours)
                .into_iter()
                .map(|it| format!("{name}: missing {it}")),
        );
        if !several {
            wrong.extend(
                beyond(&ours, &theirs)
                    .into_iter()
                    .map(|it| format!("{name}: extra   {it}")),
            );
        }
    }
    assert!(
        wrong.is_empty(),
        "{} rows wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(layers >= 359, "only {layers} layers were compared");
}

#[test]
fn parameters_are_those_that_pytorch_counts() {
    let table = std::fs::read_to_string(fixtures().join("params/params.tsv")).unwrap();
    let mut compared = 0;
    for line in table.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let folders = ["params", "truth"];
        let models = folders
            .iter()
            .map(|it| fixtures().join(it).join(columns[0]));
        let model = models.into_iter().find(|it| it.exists()).expect(columns[0]);
        compared += 1;
        let totals = report(&model, Sizes::default()).totals;
        assert_eq!(
            totals.params.0.to_string(),
            columns[1],
            "{}: params",
            columns[0]
        );
        assert_eq!(
            totals.roles.norm_statistics.0.to_string(),
            columns[2],
            "{}: norm_statistics",
            columns[0]
        );
        let conv = totals.conv.stored.map(|it| it.0.to_string());
        assert_eq!(
            conv.as_deref(),
            Some(columns[3]),
            "{}: conv_params",
            columns[0]
        );
    }
    assert_eq!(compared, 19);
}
