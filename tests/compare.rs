//! `cnninspect compare` from outside: exit codes, standard output apart from standard error, all formats.

#[path = "support/comparing.rs"]
mod comparing;

use std::process::Stdio;

use comparing::{command, run};

const ALEXNET: &str = "fixtures/pt2/alexnet.pt2";
const RESNET: &str = "fixtures/params/resnet50.ts_raw.onnx";
const MOBILENET: &str = "fixtures/truth/mobilenet_v2.ts_raw.onnx";
const LENET: &str = "fixtures/truth/lenet5.ts.onnx";
const BROKEN: &str = "fixtures/malformed/empty.onnx";

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
    let over = &document["models"][1]["difference_permille"]["params"];
    let expected = (25_557_032.0 / 61_100_840.0 - 1.0) * 1000.0;
    assert!((over.as_f64().unwrap() - expected).abs() < 1e-9, "{over}");
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
            &[LENET, ALEXNET, "-f", "json", "--columns", "params"],
            "--columns has no meaning in json",
        ),
        (
            &[LENET, ALEXNET, "-f", "json", "--columns", "params"],
            "Usage: cnninspect compare [OPTIONS] <MODEL>...",
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

/// Two graphs of ResNet-18: the same sums, and other names of the same layers.
const EXPORTS: [&str; 2] = [
    "fixtures/graphs/resnet18.ts.onnx",
    "fixtures/graphs/resnet18.dynamo.onnx",
];
const LOOPS: &str = "fixtures/crafted/control_flow.onnx";

#[test]
fn exit_code_judges_what_is_asked_for_and_names_it() {
    let [ts, dynamo] = EXPORTS;
    let cases: &[(&[&str], i32, &str)] = &[
        (&[ts, dynamo, "--columns", "params"], 0, ""),
        // Equal sums under other names; that of the largest layer only counts where it is asked for.
        (
            &[ts, dynamo, "--columns", "params,largest_layer"],
            1,
            "the models differ in largest_layer\n",
        ),
        (
            &[LENET, ALEXNET, "--columns", "format,params,macs"],
            1,
            "the models differ in format, params, macs\n",
        ),
    ];
    for (arguments, expected, said) in cases {
        let (code, _, stderr) = run(&[*arguments, &["--exit-code"]].concat());
        assert_eq!(
            (code, stderr.as_str()),
            (Some(*expected), *said),
            "{arguments:?}"
        );
    }
    let (_, _, stderr) = run(&[ts, dynamo, "--by", "summary", "--exit-code"]);
    assert!(!stderr.contains("largest_layer"), "{stderr}");
}

/// A loop repeats its body, so that what its 3×3 convolution and all behind it see is open; the one before sees 3
/// pixels, and the one in a branch behind that 3 + 2.
#[test]
fn a_field_that_is_known_in_part_is_not_shown_as_whole() {
    let (code, stdout, _) = run(&[LOOPS, LENET, "--columns", "receptive_field"]);
    assert_eq!(code, Some(0));
    let mut words = stdout.lines().nth(1).unwrap().split_whitespace();
    let row: Vec<&str> = words.by_ref().collect();
    // LeNet sees 32.
    assert_eq!(
        row,
        ["receptive", "field", "≥", "5", "[1]", "32"],
        "{stdout}"
    );
    assert!(
        stdout.contains("[1] control_flow.onnx (receptive field): loop_conv"),
        "{stdout}"
    );
    let document = json(&[LOOPS, LENET, "--by", "summary"]);
    let model = &document["models"][0];
    assert!(model["receptive_field"].is_null());
    assert_eq!(model["receptive_field_at_least"], 5);
    assert!(model["unknown"]["receptive_field"].is_string());
    let (_, stdout, _) = run(&[LOOPS, LENET, "--columns", "receptive_field", "-f", "csv"]);
    assert!(stdout.contains(&format!("\"{LOOPS}\",,\r\n")), "{stdout}");
}

#[test]
fn what_was_not_run_has_its_reason() {
    let nin = "fixtures/params/nin.ts_raw.onnx";
    let arguments = ["--verify", "first", "--columns", "verified"];
    let (_, stdout, _) = run(&[&[nin, LENET], &arguments[..]].concat());
    for expected in [
        "not run [1]",
        "[1] nin.ts_raw.onnx (verified): /f/f.0/Conv: weight:",
    ] {
        assert!(stdout.contains(expected), "{expected}: {stdout}");
    }
}

#[test]
fn one_reason_is_one_note_and_is_said_of_rows_that_are_shown() {
    let unet = "fixtures/truth/unet.ts_dyn.onnx";
    let columns = |it| run(&[LENET, unet, "--columns", it]).1;
    let stdout = columns("unshared,dense,macs");
    assert!(
        stdout.contains("[1] unet.ts_dyn.onnx (locally conn., fully conn., MACs):"),
        "{stdout}"
    );
    assert!(!stdout.contains("[2]"), "{stdout}");
    assert!(stdout.contains("inputs differ in size"), "{stdout}");
    assert!(!columns("params").contains("inputs differ in size"));
}

#[test]
fn spellings_of_one_thing_bring_it_once() {
    let (_, stdout, _) = run(&[LENET, ALEXNET, "--columns", "params,params", "-f", "csv"]);
    assert!(stdout.starts_with("path,error,params\r\n"), "{stdout}");
    let [ts, _] = EXPORTS;
    let document = json(&[&format!("./{ts}"), "fixtures/graphs/*", "--by", "summary"]);
    assert_eq!(document["models"].as_array().unwrap().len(), 2);
    let sorted = json(&[LENET, ALEXNET, "--by", "summary", "--sort", "params"]);
    assert_eq!(sorted["models"][0]["path"], ALEXNET);
}

/// Sums of shares are a whole, and a percentage is off by percentage points.
#[test]
fn csv_rounds_to_the_nearest_and_names_its_differences() {
    let [ts, dynamo] = EXPORTS;
    let arguments = [
        "--columns",
        "format,params,conv_share,linear_share",
        "--relative",
    ];
    let (_, stdout, _) = run(&[&[ts, dynamo], &arguments[..], &["-f", "csv"]].concat());
    let header = "path,error,format,params,params_percent,conv_share,conv_share_points,\
                  linear_share,linear_share_points\r\n";
    assert!(stdout.starts_with(header), "{stdout}");
    // 11,171,712 and 513,000 of 11,684,712: 0.9560964… and 0.0439035….
    assert!(stdout.contains(",0.956096,0,0.043904,0\r\n"), "{stdout}");
}
