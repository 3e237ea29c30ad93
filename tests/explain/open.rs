//! Open sizes, and kinds of convolutions that need models of their own.

use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use super::support::{FLOAT, bytes, float_value, graph, model, node, tensor};
use super::{ALEXNET, all, number, printed, root, run};

#[test]
fn open_sizes_are_explained_in_names_and_given_ones_in_numbers() {
    let conv = ["fixtures/truth/unet.ts_dyn.onnx", "/d1/d1.3/Conv"];
    let page = printed(&conv, "100");
    for line in [
        "  output height   ⌊(height + 2 × 1 − 3) / 1⌋ + 1  =               height",
        "  not drawn: the sizes along its height and width are open",
        // 16 · 9 · 16 = 2,304; of each axis all but two of three taps at each place lie inside.
        "  on padding            2,304 × height × width − 256 × (3 × height − 2) × (3 × width − 2)",
    ] {
        let words = |it: &str| it.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            page.lines().any(|it| words(it) == words(line)),
            "{line}: {page}"
        );
    }
    assert!(page.contains("2,320 × height × width"), "{page}");
    let given = ["--dim", "height=32", "--dim", "width=48"];
    let page = printed(&[&conv[..], &given].concat(), "100");
    // 2,304 · 32 · 48 = 3,538,944, less 256 · 94 · 142 = 3,417,088 that meet input.
    for number in ["3,538,944", "121,856", "⌊(32 + 2 × 1 − 3) / 1⌋ + 1"] {
        assert!(page.contains(number), "{number}: {page}");
    }
    assert!(!page.contains("not drawn") && page.contains('█'), "{page}");
    // 32 channels of which one window takes ⌊(height−3)/4⌋ + 1 rows and as many columns.
    let pool = ["fixtures/truth/siamese.ts_dyn.onnx", "/GlobalAveragePool"];
    let page = printed(&pool, "100");
    let window = "one window  (⌊(height−3)/4⌋+1) × (⌊(width−3)/4⌋+1) values of one channel";
    assert!(page.contains(window), "{page}");
    assert!(page.contains("mixes the values of each window"), "{page}");
}

#[test]
fn a_fused_convolution_is_explained_as_one() {
    let fused = all(&root().join("fixtures/cases/fused.onnx"));
    let conv = fused.iter().find(|it| it.op_type == "FusedConv").unwrap();
    // 8 filters of 3 · 3 · 3 and a bias at 16 · 16 places.
    assert_eq!(number(conv, "shared"), 8 * 28);
    assert_eq!(number(conv, "unshared"), 8 * 28 * 16 * 16);
    assert!(conv.title.starts_with("FusedConv 3×3"), "{}", conv.title);
}

/// A deformable convolution: 4 filters of 3 · 3 over 2 channels and 6×6 elements, so 4×4 places, each of
/// whose 9 taps has an offset along both axes.
fn deformed() -> Vec<u8> {
    let deform = node("deform", "DeformConv", &["x", "w", "o"], &["y"]);
    let mut graph = graph(vec![deform], &[], &["y"]);
    graph.input = vec![float_value("x", &[1, 2, 6, 6])];
    graph.initializer = vec![
        tensor("w", FLOAT, &[4, 2, 3, 3]),
        tensor("o", FLOAT, &[1, 18, 4, 4]),
    ];
    let mut model = model(graph, 19);
    model.ir_version = 9;
    bytes(&model)
}

/// Runs `explain` with a model on standard input.
fn piped(arguments: &[&str], model: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cnninspect"));
    command.arg("explain").args(arguments).current_dir(root());
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(model).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_deformable_convolution_says_that_its_taps_move() {
    let output = piped(&["-", "-f", "json"], &deformed());
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let it = &document["explanations"][0];
    assert_eq!(it["op_type"], "DeformConv");
    let steps = it["steps"].as_array().unwrap();
    let result = |id: &str| {
        let step = steps.iter().find(|it| it["id"] == id);
        step.unwrap_or_else(|| panic!("no {id}: {it}"))["result"].as_u64()
    };
    // 4 · 18 = 72 weights without a bias; at 16 places 1,152.
    assert_eq!(result("shared"), Some(72));
    assert_eq!(result("unshared"), Some(72 * 16));
    assert_eq!(result("macs"), Some(72 * 16));
    let remarks = it["remarks"].as_array().unwrap();
    let moved = |it: &serde_json::Value| it["text"].as_str().unwrap().contains("offset");
    assert!(remarks.iter().any(moved), "{remarks:?}");
}

#[test]
fn a_model_comes_through_a_pipe_and_a_page_goes_into_a_file() {
    let model = fs::read(root().join(ALEXNET)).unwrap();
    let piped = piped(&["-", "conv1"], &model);
    let stderr = String::from_utf8_lossy(&piped.stderr);
    assert!(piped.status.success(), "{stderr}");
    let page = printed(&[ALEXNET, "conv1"], "100");
    assert_eq!(String::from_utf8_lossy(&piped.stdout), page);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.txt");
    let written = run(&[ALEXNET, "conv1", "-o", file.to_str().unwrap()], "100");
    assert_eq!((written.status.code(), written.stdout.len()), (Some(0), 0));
    assert_eq!(fs::read_to_string(file).unwrap(), page);
}
