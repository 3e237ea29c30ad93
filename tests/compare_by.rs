//! `cnninspect compare` of two versions from outside: when it is by layers, what it says, in all formats.

#[path = "support/comparing.rs"]
mod comparing;

use std::fs::File;

use cnninspect::render::COMPARE_FORMATS;
use comparing::{command, run, told};
use serde_json::{Value, json};

const LENET: &str = "fixtures/truth/lenet5.ts.onnx";
const LENET_TENSORS: &str = "fixtures/safetensors/truth/lenet5.safetensors";
const ALEXNET: &str = "fixtures/alexnet-2012.onnx";
const ALEXNET_224: &str = "fixtures/alexnet-2012-224.onnx";
const GROUPED: &str = "fixtures/params/alexnet2012.ts_raw.onnx";
const ONE_TOWER: &str = "fixtures/params/alexnet2012_single.ts_raw.onnx";
const RESNET18: &str = "fixtures/params/resnet18.ts_raw.onnx";
const RESNET50: &str = "fixtures/params/resnet50.ts_raw.onnx";
const NAMES: &str = "fixtures/crafted/names.onnx";
const BROKEN: &str = "fixtures/malformed/empty.onnx";

fn document(arguments: &[&str]) -> Value {
    let (code, stdout, stderr) = run(&[arguments, &["-f", "json"]].concat());
    assert_eq!(code, Some(0), "{stderr}");
    serde_json::from_str(&stdout).unwrap()
}

#[test]
fn two_versions_of_one_architecture_are_told_by_their_layers() {
    let cases: [(&[&str], &str); 11] = [
        (&[GROUPED, ONE_TOWER], "layers"),
        (&[ALEXNET, ALEXNET_224], "layers"),
        (&[LENET, LENET_TENSORS], "layers"),
        (&["fixtures/graphs"], "layers"),
        (&[LENET, ALEXNET], "summary"),
        (&[RESNET18, RESNET50], "summary"),
        (&[GROUPED, ONE_TOWER, ALEXNET], "summary"),
        (&[GROUPED, ONE_TOWER, "--by", "summary"], "summary"),
        (&[LENET, ALEXNET, "--by", "layers"], "layers"),
        (&[LENET, ALEXNET, "--all"], "layers"),
        (&[GROUPED, ONE_TOWER, "--by", "auto"], "layers"),
    ];
    for (arguments, expected) in cases {
        let document = document(arguments);
        assert_eq!(document["by"], expected, "{arguments:?}");
        assert_eq!(document["schema_version"], 1, "{arguments:?}");
    }
    // Options that are about sums choose them.
    for option in [
        &["--sort", "params"][..],
        &["--columns", "params"],
        &["--relative"],
    ] {
        let (code, stdout, stderr) = run(&[&[GROUPED, ONE_TOWER], option, &["-f", "csv"]].concat());
        assert_eq!(code, Some(0), "{stderr}");
        assert!(stdout.starts_with("path,error,"), "{option:?}: {stdout}");
    }
}

#[test]
fn wrong_usage_is_said() {
    let cases: [(&[&str], &str); 12] = [
        (
            &[LENET, ALEXNET, RESNET18, "--by", "layers"],
            "layers of two models are compared, and these are 3\nhint: --by summary",
        ),
        (
            &[LENET, ALEXNET, RESNET18, "--all"],
            "layers of two models are compared, and these are 3",
        ),
        (
            &[LENET, "--by", "layers"],
            "two models are needed, and this is 1",
        ),
        (
            &["-", "-", "--by", "layers"],
            "standard input holds one model, and is named twice",
        ),
        (
            &[LENET, LENET, "--by", "layers", "--sort", "params"],
            "--sort is about sums, and --by layers has none to choose from",
        ),
        (
            &[LENET, LENET, "--by", "layers", "--relative"],
            "--relative is about sums, and --by layers has none to choose from",
        ),
        (
            &[LENET, LENET, "--all", "--columns", "params"],
            "--columns is about sums, and --all about layers",
        ),
        (
            &[LENET, LENET, "--all", "--by", "summary"],
            "--all lists layers, and --by summary has none",
        ),
        (
            &[LENET, LENET, "--weights", "--by", "summary"],
            "--weights compares tensors by layers, and --by summary has none",
        ),
        (
            &[LENET, LENET, LENET_TENSORS, "--weights"],
            "layers of two models are compared, and these are 3",
        ),
        (
            &[LENET, LENET, "--weights", "--sort", "params"],
            "--sort is about sums, and --weights about layers",
        ),
        (&[LENET, LENET, "--by", "sums"], "invalid value 'sums'"),
    ];
    for (arguments, expected) in cases {
        let (code, stdout, stderr) = run(arguments);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
    }
    let (code, _, stderr) = run(&[GROUPED, ONE_TOWER, "--dim", "hieght=3"]);
    assert_eq!(code, Some(2));
    assert!(
        stderr.contains("no model has a dimension named \"hieght\""),
        "{stderr}"
    );
}

#[test]
fn exit_code_tells_of_a_difference_between_layers() {
    let cases: [(&[&str], i32); 6] = [
        (&[GROUPED, GROUPED], 0),
        (&[GROUPED, ONE_TOWER], 1),
        (&[ALEXNET, ALEXNET_224], 1),
        // Two exporters of one network, and the tensors of one: nothing that both tell differs.
        (&["fixtures/graphs"], 0),
        (&[LENET, LENET_TENSORS], 0),
        (&[LENET, ALEXNET, "--by", "layers"], 1),
    ];
    for (models, expected) in cases {
        let (code, stdout, stderr) = run(&[models, &["--exit-code"]].concat());
        assert_eq!((code, stderr.as_str()), (Some(expected), ""), "{models:?}");
        assert!(!stdout.is_empty());
        let (code, ..) = run(models);
        assert_eq!(
            code,
            Some(0),
            "{models:?}: a difference is no error of itself"
        );
    }
}

#[test]
fn a_model_that_cannot_be_read_has_sums_beside_it_and_no_layers() {
    let error = format!("error: {BROKEN}: is empty (0 bytes)\n");
    let (code, stdout, stderr) = run(&[LENET, BROKEN]);
    assert_eq!((code, &stderr), (Some(2), &error));
    assert!(
        stdout.contains("not read [1]") && stdout.contains("61,706"),
        "{stdout}"
    );
    let (code, stdout, stderr) = run(&[BROKEN, LENET, "--by", "layers", "--exit-code"]);
    assert_eq!((code, stdout.as_str(), &stderr), (Some(2), "", &error));
    let (code, stdout, stderr) = run(&[LENET, "fixtures/no*.onnx", "--by", "layers"]);
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert_eq!(stderr, "error: fixtures/no*.onnx: no file matches it\n");
}

#[test]
fn a_model_differs_in_nothing_from_itself_in_any_format() {
    for model in [LENET, ALEXNET, RESNET18, LENET_TENSORS, NAMES] {
        let document = document(&[model, model]);
        assert_eq!(
            (&document["by"], &document["same"]),
            (&json!("layers"), &json!(true)),
            "{model}"
        );
        for pair in document["layers"].as_array().unwrap() {
            assert_eq!(pair["status"], "same", "{model}");
            assert_eq!(pair["before"], pair["after"], "{model}");
            assert_eq!(
                (&pair["changes"], &pair["open"]),
                (&json!([]), &json!([])),
                "{model}"
            );
        }
        for format in ["table", "markdown"] {
            let (code, stdout, _) = run(&[model, model, "-f", format, "--exit-code"]);
            assert_eq!(code, Some(0));
            let layers = document["layers"].as_array().unwrap().len();
            let expected = format!("no difference in {layers} layer");
            assert!(stdout.contains(&expected), "{expected}: {stdout}");
        }
    }
}

/// A pair, and each list of pairs, as the other side sees it.
fn mirrored(document: &Value) -> Value {
    let mut out = document.clone();
    out["models"].as_array_mut().unwrap().reverse();
    let swap = |it: &mut Value| {
        let before = it["before"].take();
        it["before"] = it["after"].take();
        it["after"] = before;
    };
    for pair in out["layers"].as_array_mut().unwrap() {
        swap(pair);
        let status = match pair["status"].as_str().unwrap() {
            "added" => "removed",
            "removed" => "added",
            other => other,
        };
        pair["status"] = json!(status);
        for change in pair["changes"].as_array_mut().unwrap() {
            swap(change);
            // A percent is one of what stood before.
            change
                .as_object_mut()
                .unwrap()
                .remove("difference_permille");
        }
    }
    for list in ["inputs", "operators"] {
        out[list].as_array_mut().unwrap().iter_mut().for_each(swap);
    }
    for pair in out["tensors"].as_array_mut().unwrap() {
        swap(pair);
        let status = match pair["status"].as_str().unwrap() {
            "only in first" => "only in second",
            "only in second" => "only in first",
            other => other,
        };
        pair["status"] = json!(status);
    }
    let counts = out["counts"].as_object_mut().unwrap();
    let (added, removed) = (counts["added"].clone(), counts["removed"].clone());
    counts.extend([("added".to_owned(), removed), ("removed".to_owned(), added)]);
    swap_totals(&mut out["totals"]);
    out
}

fn swap_totals(totals: &mut Value) {
    for total in totals.as_object_mut().unwrap().values_mut() {
        if total.get("difference").is_none() {
            swap_totals(total);
            continue;
        }
        let (before, after) = (total["before"].clone(), total["after"].clone());
        let difference = total["difference"].as_i64().map(|it| -it);
        *total = json!({"before": after, "after": before, "difference": difference});
    }
}

/// The document without what a mirror does not turn: percents, and the order of layers without counterpart.
fn plain(document: &Value) -> Value {
    let mut out = mirrored(&mirrored(document));
    let layers = out["layers"].as_array_mut().unwrap();
    layers.sort_by_key(ToString::to_string);
    for list in ["operators", "tensors"] {
        let list = out[list].as_array_mut().unwrap();
        list.sort_by_key(ToString::to_string);
    }
    out.as_object_mut().unwrap().remove("notes");
    out
}

#[test]
fn the_other_way_round_gives_the_mirror_image() {
    let pairs = [
        [GROUPED, ONE_TOWER],
        [ALEXNET, ALEXNET_224],
        [LENET, LENET_TENSORS],
        [RESNET18, RESNET50],
        [LENET, ALEXNET],
        ["fixtures/graphs/resnet18.ts.onnx", RESNET18],
    ];
    for [one, other] in pairs {
        let there = document(&[one, other, "--by", "layers"]);
        let back = document(&[other, one, "--by", "layers"]);
        assert_eq!(plain(&mirrored(&there)), plain(&back), "{one} {other}");
    }
}

#[test]
fn every_pair_is_told_by_all_fields_that_differ() {
    let document = document(&[GROUPED, ONE_TOWER]);
    let layers = document["layers"].as_array().unwrap();
    let conv2 = layers
        .iter()
        .find(|it| it["after"]["name"] == "/conv2/Conv")
        .unwrap();
    assert_eq!(conv2["status"], "changed");
    // 256 filters of 48 or 96 channels of 5 · 5, and a bias each: (614,656 − 307,456) / 307,456 = 0.99917.
    let params = json!({
        "what": "params", "before": 256 * (48 * 25 + 1), "after": 256 * (96 * 25 + 1), "difference_permille": 999
    });
    let changes = conv2["changes"].as_array().unwrap();
    assert!(changes.contains(&params), "{changes:?}");
    let group = json!({"what": "group", "before": 2, "after": 1, "difference_permille": -500});
    assert!(changes.contains(&group), "{changes:?}");
    for field in conv2["before"]["fields"].as_object().unwrap().keys() {
        let (before, after) = (
            &conv2["before"]["fields"][field],
            &conv2["after"]["fields"][field],
        );
        let told = changes.iter().any(|it| it["what"] == field.as_str());
        assert_eq!(before != after, told, "{field}");
    }
    assert_eq!(document["counts"]["changed"], 3);
}

#[test]
fn a_row_of_csv_is_a_pair() {
    let (code, stdout, _) = run(&[LENET, LENET_TENSORS, "-f", "csv"]);
    assert_eq!(code, Some(0));
    let mut lines = stdout.split_terminator("\r\n");
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let rows: Vec<Vec<&str>> = lines.map(|it| it.split(',').collect()).collect();
    // Three convolutions and two linear layers; tensors alone tell of no pool.
    assert_eq!(rows.len(), 5);
    let at = |name: &str| header.iter().position(|it| *it == name).unwrap();
    for row in &rows {
        assert_eq!(row.len(), header.len(), "{row:?}");
        assert_eq!(row[at("status")], "\"same\"");
        assert_eq!(row[at("before_params")], row[at("after_params")]);
    }
    // 6 filters of 5 · 5 and a bias.
    assert_eq!(rows[0][at("before_params")], "156");
    assert_eq!(
        (
            rows[0][at("before_kernel_shape")],
            rows[0][at("after_strides")]
        ),
        ("\"5x5\"", "")
    );
}

#[test]
fn standard_input_may_be_one_of_the_two() {
    for arguments in [["-", ONE_TOWER], [ONE_TOWER, "-"]] {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/fixtures/params/alexnet2012.ts_raw.onnx"
        );
        let mut command = command(&arguments);
        let output = command.stdin(File::open(path).unwrap()).output().unwrap();
        let (code, stdout, stderr) = told(output);
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{arguments:?}");
        let head = format!(
            "{} → {}\n3 changed, 10 the same; params ",
            arguments[0], arguments[1]
        );
        assert!(stdout.starts_with(&head), "{stdout}");
    }
}

/// ResNet-18 has 20 batch norms; one of PyTorch's exports keeps them, the other folds them into convolutions.
#[test]
fn folded_batch_norms_are_told_as_such() {
    let folded = "fixtures/graphs/resnet18.ts.onnx";
    let cases = [
        (
            [RESNET18, folded],
            "as many batch norms went as convolutions got a bias, 20: they are folded into them",
        ),
        (
            [folded, RESNET18],
            "as many batch norms came as convolutions lost a bias, 20: they were folded into them",
        ),
    ];
    for (models, expected) in cases {
        let (code, stdout, _) = run(&[models[0], models[1], "-f", "markdown"]);
        assert_eq!(code, Some(0));
        assert!(stdout.contains(expected), "{stdout}");
    }
    let (_, stdout, _) = run(&[folded, "fixtures/graphs/resnet18.dynamo.onnx"]);
    assert!(!stdout.contains("batch norms"), "{stdout}");
}

#[test]
fn what_was_run_is_said() {
    let (code, stdout, _) = run(&[LENET, LENET, "--verify", "cheapest"]);
    assert_eq!(code, Some(0));
    let note = format!("{LENET}: convolutions 1 confirmed");
    assert_eq!(stdout.matches(&note).count(), 2, "{stdout}");
}

#[test]
fn no_line_is_wider_than_the_page() {
    let pairs: [[&str; 2]; 6] = [
        [GROUPED, ONE_TOWER],
        [ALEXNET, ALEXNET_224],
        [RESNET18, RESNET50],
        [LENET, LENET_TENSORS],
        [RESNET18, "fixtures/graphs/resnet18.dynamo.onnx"],
        [NAMES, LENET],
    ];
    for width in [60, 80, 100, 160] {
        for [one, other] in pairs {
            let mut command = command(&[one, other, "--all"]);
            let output = command.env("COLUMNS", width.to_string()).output();
            let (_, stdout, _) = told(output.unwrap());
            for line in stdout.lines() {
                let columns = line.chars().count();
                assert!(columns <= width, "{width}, {one} {other}: {line}");
            }
        }
    }
}

#[test]
fn no_name_writes_to_the_terminal() {
    for format in COMPARE_FORMATS.iter().filter(|it| it.name != "csv") {
        let (code, stdout, _) = run(&[NAMES, NAMES, "--all", "-f", format.name]);
        assert_eq!(code, Some(0));
        let (_, lone, _) = run(&[NAMES, LENET, "--by", "layers", "-f", format.name]);
        for stdout in [stdout, lone] {
            // JSON escapes what its own rules ask for, and no more.
            let is_json = format.name == "json";
            assert_eq!(stdout.contains('\u{202e}'), is_json, "{}", format.name);
            assert!(is_json || stdout.contains("u{202e}"), "{}", format.name);
            assert!(!stdout.contains('\t'), "{}", format.name);
        }
    }
}
