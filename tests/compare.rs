//! `cnninspect compare` from outside: exit codes, standard output apart from standard error, all formats.

use std::process::{Command, Output, Stdio};

const ALEXNET: &str = "fixtures/pt2/alexnet.pt2";
const RESNET: &str = "fixtures/params/resnet50.ts_raw.onnx";
const MOBILENET: &str = "fixtures/truth/mobilenet_v2.ts_raw.onnx";
const LENET: &str = "fixtures/truth/lenet5.ts.onnx";
const BROKEN: &str = "fixtures/malformed/empty.onnx";

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cnninspect"));
    command
        .arg("compare")
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    for name in ["COLUMNS", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command
}

fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

fn json(arguments: &[&str]) -> serde_json::Value {
    let (code, stdout, stderr) = run(&[arguments, &["-f", "json"]].concat());
    assert_eq!(code, Some(0), "{stderr}");
    serde_json::from_str(&stdout).unwrap()
}

/// Parameters as torchvision 0.29 publishes them in its weights' metadata (`num_params`); multiply-accumulates
/// from the same place (`_ops`, in G, rounded to three places; it counts what fvcore counts).
#[test]
fn sums_are_those_that_torchvision_publishes() {
    let document = json(&[ALEXNET, RESNET, MOBILENET]);
    let published = [(61_100_840, 0.714), (25_557_032, 4.089), (3_504_872, 0.301)];
    for (model, (params, giga)) in document["models"].as_array().unwrap().iter().zip(published) {
        assert_eq!(model["totals"]["params"], params, "{}", model["path"]);
        let macs = model["totals"]["macs"].as_f64().unwrap() / 1e9;
        assert!((macs - giga).abs() < 0.0006, "{}: {macs}", model["path"]);
    }
    assert_eq!(document["best"]["params"], serde_json::json!([MOBILENET]));
    assert_eq!(document["best"]["macs"], serde_json::json!([MOBILENET]));
    // 25,557,032 / 61,100,840 = 0.41827…, so 581.7 thousandths less.
    let over = &document["models"][1]["difference_permille"]["params"];
    assert_eq!(*over, -582);
}

/// The README's sample: four of torchvision's families. Their parameters are torchvision's published ones, and
/// so are the multiply-accumulates, which end in the digits that it rounds away.
#[test]
fn the_readme_shows_what_is_printed() {
    let arguments = [
        ALEXNET,
        "fixtures/truth/squeezenet1_1.ts_raw.onnx",
        RESNET,
        MOBILENET,
        "--columns",
        "input,convs,linear,pools,params,conv_share,linear_share,stored,unshared,sharing_factor,macs,macs_per_param",
    ];
    let (code, stdout, _) = run(&arguments);
    assert_eq!(code, Some(0));
    for published in ["61,100,840", "1,235,496", "25,557,032", "3,504,872"] {
        assert!(stdout.contains(published), "{published}: {stdout}");
    }
    let readme =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let sample = format!("```text\n{stdout}```");
    assert!(
        readme.contains(&sample),
        "the README has another than:\n{stdout}"
    );
}

#[test]
fn one_that_cannot_be_read_does_not_stop_the_others() {
    let (code, stdout, stderr) = run(&[LENET, BROKEN, ALEXNET]);
    assert_eq!(code, Some(2));
    assert_eq!(stderr, format!("error: {BROKEN}: is empty (0 bytes)\n"));
    for expected in ["not read [1]", "61,706", "61,100,840", "is empty (0 bytes)"] {
        assert!(stdout.contains(expected), "{expected}: {stdout}");
    }
}

#[test]
fn wrong_input_is_said() {
    let cases = [
        (&[LENET][..], "two models are needed, and this is 1"),
        (
            &["-", "-"],
            "standard input holds one model, and is named twice",
        ),
        (
            &[LENET, ALEXNET, "--dim", "hieght=3"],
            "no model has a dimension named \"hieght\"",
        ),
        (
            &[LENET, ALEXNET, "--input", "nothing=1x3"],
            "no model has an input named \"nothing\"",
        ),
        (
            &[LENET, ALEXNET, "--layout", "ohwi"],
            "--layout is for models without a graph, and each of these has its own",
        ),
        (&[LENET, ALEXNET, "--columns", "prams"], "params"),
        (
            &[LENET, ALEXNET, "-f", "json", "--sort", "params"],
            "--sort has no meaning in json",
        ),
        (&[LENET, "fixtures/no*.onnx"], "no file matches it"),
        (
            &[LENET, "fixtures/not-there.onnx"],
            "no such file or folder",
        ),
    ];
    for (arguments, expected) in cases {
        let (code, _, stderr) = run(arguments);
        assert_eq!(code, Some(2), "{arguments:?}");
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
    }
}

#[test]
fn a_folder_and_a_pattern_bring_their_models_once() {
    let folder = json(&["fixtures/graphs"]);
    let pattern = json(&["fixtures/graphs/*.onnx", "fixtures/graphs"]);
    let paths: Vec<_> = folder["models"].as_array().unwrap().iter().collect();
    assert_eq!(paths[0]["path"], "fixtures/graphs/resnet18.dynamo.onnx");
    assert_eq!(paths.len(), 2);
    assert_eq!(folder, pattern);
}

#[test]
fn exit_code_tells_of_a_difference() {
    let cases = [([LENET, LENET], 0), ([LENET, ALEXNET], 1)];
    for (models, expected) in cases {
        let (code, _, _) = run(&[models[0], models[1], "--exit-code"]);
        assert_eq!(code, Some(expected), "{models:?}");
    }
}

#[test]
fn sizes_are_given_to_the_models_that_have_them() {
    let unet = "fixtures/truth/unet.ts_dyn.onnx";
    let open = json(&[LENET, unet]);
    assert!(open["models"][1]["totals"]["macs"].is_null());
    assert_eq!(open["best"]["macs"], serde_json::json!([]));
    let settled = json(&[LENET, unet, "--dim", "height=64", "--dim", "width=64"]);
    assert!(settled["models"][1]["totals"]["macs"].is_u64());
    // LeNet's input keeps its own sizes.
    let own = |it: &serde_json::Value| it["models"][0]["inputs"][0]["shape"].clone();
    assert_eq!(own(&settled), own(&open));
}

#[test]
fn no_line_is_wider_than_the_page_and_each_model_has_its_column() {
    let all = [ALEXNET, RESNET, MOBILENET, LENET, BROKEN];
    for width in [80, 100, 160] {
        for many in 2..=all.len() {
            let output = command(&all[..many])
                .env("COLUMNS", width.to_string())
                .output();
            let stdout = String::from_utf8(output.unwrap().stdout).unwrap();
            for line in stdout.lines() {
                assert!(line.chars().count() <= width, "{width}: {line}");
            }
            let blocks = stdout.matches(" parameters  ").count();
            // The largest layer's parameters have a row in each block, too.
            let expected = if width == 80 && many > 3 { 4 } else { 2 };
            assert!(blocks >= expected, "{width}, {many}: {stdout}");
        }
    }
}

#[test]
fn models_are_ordered_by_what_is_asked_for() {
    let arguments = ["--sort", "params", "--columns", "params", "-f", "csv"];
    let (_, stdout, _) = run(&[&[LENET, RESNET, ALEXNET][..], &arguments].concat());
    let expected = format!(
        "path,error,params\r\n\"{ALEXNET}\",,61100840\r\n\"{RESNET}\",,25557032\r\n\"{LENET}\",,61706\r\n"
    );
    assert_eq!(stdout, expected);
}

#[test]
fn markdown_marks_the_best_in_bold() {
    let arguments = ["--columns", "params,weight_bytes", "-f", "markdown"];
    let (code, stdout, _) = run(&[&[ALEXNET, MOBILENET][..], &arguments].concat());
    assert_eq!(code, Some(0));
    let row = "| parameters | 61,100,840 | **3,504,872** |";
    assert!(stdout.contains(row), "{stdout}");
}

#[test]
fn a_closed_pipe_is_no_error() {
    let mut child = command(&[ALEXNET, RESNET])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn help_lists_every_property() {
    let (code, stdout, _) = run(&["--help"]);
    assert_eq!(code, Some(0));
    for property in cnninspect::compare::property::PROPERTIES {
        assert!(stdout.contains(property.name), "{}", property.name);
    }
}
