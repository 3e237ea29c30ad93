//! `cnninspect compare --weights` from outside: what it says of tensors in every format, and its exit codes.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

const LENET: &str = "fixtures/truth/lenet5.ts.onnx";
const TENSORS: &str = "fixtures/safetensors/truth/lenet5.safetensors";

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cnninspect"));
    command
        .arg("compare")
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("COLUMNS");
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code(), text)
}

fn document(arguments: &[&str]) -> Value {
    let (_, text) = run(&[arguments, &["-f", "json"]].concat());
    serde_json::from_str(&text).unwrap()
}

/// The bytes of a tensor of the safetensors file, by the format's own reader.
fn data(name: &str) -> Vec<u8> {
    let bytes = fs::read(TENSORS).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    tensors.tensor(name).unwrap().data().to_vec()
}

#[test]
fn a_graph_and_a_file_of_tensors_hold_the_same() {
    let (code, text) = run(&[LENET, TENSORS, "--weights", "--exit-code"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("; the tensors hold the same numbers\n"),
        "{text}"
    );
    // LeNet-5 has 61,706 parameters of four bytes, read on both sides: 482.1 KiB.
    assert!(
        text.contains(" tensors    10 equal; 482.1 KiB read\n"),
        "{text}"
    );
    let (_, text) = run(&[LENET, TENSORS]);
    let line = " tensors    10 of the same shape; --weights compares what they hold\n";
    assert!(text.contains(line), "{text}");
    let document = document(&[LENET, TENSORS, "--weights"]);
    assert_eq!(document["contents_read"], json!(2 * 4 * 61_706));
    let tensors = document["tensors"].as_array().unwrap();
    assert_eq!(tensors.len(), 10);
    for it in tensors {
        assert_eq!(it["content"], "equal");
        assert_eq!(
            (&it["status"], &it["matched_by"]),
            (&json!("same shape"), &json!("name"))
        );
    }
}

#[test]
fn one_value_changed_is_told_in_every_format() {
    let mut model = fs::read(LENET).unwrap();
    let weight = data("c3.weight");
    let at = model
        .windows(weight.len())
        .position(|it| it == weight)
        .unwrap();
    let old = f32::from_le_bytes(weight[40..44].try_into().unwrap());
    model[at + 40..at + 44].copy_from_slice(&2.5f32.to_le_bytes());
    let apart = f64::from(2.5f32) - f64::from(old);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("changed.onnx");
    fs::write(&path, model).unwrap();
    let changed = path.to_str().unwrap();

    let document = document(&[LENET, changed, "--weights"]);
    assert_eq!(document["same"], false);
    let tensors = document["tensors"].as_array().unwrap();
    let differ = tensors.iter().filter(|it| it["content"] != "equal");
    let differ: Vec<&Value> = differ.collect();
    assert_eq!(differ.len(), 1);
    assert_eq!(differ[0]["before"]["name"], "c3.weight");
    assert_eq!(differ[0]["content"], "different");
    assert_eq!(differ[0]["elements_different"], 1);
    assert_eq!(differ[0]["elements_compared"], 6 * 16 * 25);
    assert_eq!(differ[0]["max_abs"], json!(apart));
    let layers = document["layers"].as_array().unwrap();
    let weights: Vec<&str> = layers
        .iter()
        .filter_map(|it| it["weights"].as_str())
        .collect();
    assert_eq!(weights, ["equal", "different", "equal", "equal", "equal"]);

    // A difference is one for the exit code where it was looked for.
    assert_eq!(run(&[LENET, changed, "--exit-code"]).0, Some(0));
    let (code, table) = run(&[LENET, changed, "--exit-code", "--weights"]);
    assert_eq!(code, Some(1));
    let words = [
        "no difference in 7 layers; 1 tensor with other numbers",
        "same shape   weights differ",
        "different  c3.weight  1 of 2,400 elements, by up to 2.",
    ];
    for it in words {
        assert!(table.contains(it), "{it}: {table}");
    }
    let (_, markdown) = run(&[LENET, changed, "--weights", "-f", "markdown"]);
    assert!(
        markdown.contains("| different | c3.weight | 1 of 2,400 elements"),
        "{markdown}"
    );
    let (_, csv) = run(&[LENET, changed, "--weights", "-f", "csv"]);
    let mut lines = csv.lines().map(|it| it.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let column = header.iter().position(|it| *it == "weights").unwrap();
    let weights: Vec<&str> = lines
        .map(|it| it[column].trim_matches('"'))
        .filter(|it| !it.is_empty())
        .collect();
    assert_eq!(weights, ["equal", "different", "equal", "equal", "equal"]);
}

/// A safetensors file of one convolution's weight.
fn file(path: &std::path::Path, dtype: safetensors::Dtype, bytes: &[u8]) {
    let view = safetensors::tensor::TensorView::new(dtype, vec![1, 1, 1, 2], bytes).unwrap();
    let bytes = safetensors::serialize([("conv.weight", view)], None).unwrap();
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_cast_is_told_in_the_headline() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let [before, after] = ["single", "half"].map(|it| folder.join(format!("{it}.safetensors")));
    // 0.1 as float16 is 0x2E66, 0.0999755859375; 0.5 is 0x3800 and exact.
    let single = [0.1_f32.to_le_bytes(), 0.5_f32.to_le_bytes()].concat();
    file(&before, safetensors::Dtype::F32, &single);
    file(&after, safetensors::Dtype::F16, &[0x66, 0x2e, 0x00, 0x38]);
    let paths = [&before, &after].map(|it| it.to_str().unwrap());
    let (_, text) = run(&[paths[0], paths[1], "--weights"]);
    let head = "the tensors hold the same numbers as float16\n";
    assert!(text.contains(head), "{text}");
}

#[test]
fn a_markdown_table_ends_before_what_follows() {
    let (_, text) = run(&[LENET, TENSORS, "-f", "markdown"]);
    assert!(text.contains("|\n\nTensors: "), "{text}");
    assert!(!text.contains("\n\n\n"), "{text}");
}
