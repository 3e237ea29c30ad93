//! Rules: each fires on a small model and not on its neighbour, each has a page, and each can be selected.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use cnninspect::finding::rules::{Level, Named, Selection, rules};
use cnninspect::{Options, inspect_model, read};
use onnx_protobuf::{AttributeProto, GraphProto, NodeProto};
use support::{FLOAT, bytes, float_value, graph, int, ints, model, node, tensor, with};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Findings of a graph at opset 17 with every rule selected, as rule, layer and message.
fn found(graph: GraphProto) -> Vec<(&'static str, String, String)> {
    let read = read::read_bytes(bytes(&model(graph, 17))).unwrap();
    let options = Options {
        findings: Selection {
            select: vec![Named::All],
            ignore: vec![],
        },
        verify: cnninspect::verify::Choice::None,
        ..Options::default()
    };
    let inspection = inspect_model(&read, "m.onnx", &options, &|_| {}).unwrap();
    let warnings = inspection.warnings.into_iter();
    // These weights have no data, which is not what is asked here.
    warnings
        .filter(|it| it.rule != "payload-size")
        .map(|it| (it.rule, it.layer.unwrap_or_default(), it.message))
        .collect()
}

fn names(graph: GraphProto) -> Vec<&'static str> {
    found(graph).into_iter().map(|it| it.0).collect()
}

/// Nodes between `x` and `y`, and stored tensors without data.
fn net(input: &[i64], nodes: Vec<NodeProto>, stored: &[(&str, &[i64])]) -> GraphProto {
    let mut graph = graph(nodes, &[], &["y"]);
    graph.input = vec![float_value("x", input)];
    graph.initializer = stored
        .iter()
        .map(|(name, dims)| tensor(name, FLOAT, dims))
        .collect();
    graph
}

/// One convolution of 4 filters over one axis of `size` elements and 3 channels, or more of either.
fn conv(input: &[i64], weight: &[i64], attributes: Vec<AttributeProto>) -> GraphProto {
    let conv = with(node("conv", "Conv", &["x", "w"], &["y"]), attributes);
    net(input, vec![conv], &[("w", weight)])
}

/// Size, kernel, stride, padding at both ends, dilation.
fn along(at: [i64; 5]) -> GraphProto {
    let [size, kernel, stride, pad, dilation] = at;
    let attributes = vec![
        ints("strides", &[stride]),
        ints("pads", &[pad, pad]),
        ints("dilations", &[dilation]),
    ];
    conv(&[1, 3, size], &[4, 3, kernel], attributes)
}

fn pool(input: &[i64], op_type: &str, attributes: Vec<AttributeProto>) -> GraphProto {
    let pool = with(node("pool", op_type, &["x"], &["y"]), attributes);
    net(input, vec![pool], &[])
}

/// Size, kernel, stride of a max pool over one axis.
fn pooled([size, kernel, stride]: [i64; 3]) -> GraphProto {
    let attributes = vec![ints("kernel_shape", &[kernel]), ints("strides", &[stride])];
    pool(&[1, 3, size], "MaxPool", attributes)
}

#[test]
fn rules_of_windows_fire_and_their_neighbours_do_not() {
    let cases: &[(&str, [i64; 5], &[&str])] = &[
        // (224 − 11) mod 4 = 1; (227 − 11) mod 4 = 0.
        ("left over", [224, 11, 4, 0, 1], &["uneven-stride"]),
        ("fits", [227, 11, 4, 0, 1], &[]),
        // Windows 0..2, 3..5, 6..8: 2 and 5 are seen by none. A stride of 2 joins them.
        ("gaps", [8, 2, 3, 0, 1], &["stride-gaps"]),
        ("no gaps", [8, 2, 2, 0, 1], &[]),
        // One window has no gap between windows.
        ("one window", [2, 2, 3, 0, 1], &["conv-is-linear"]),
        ("one tap", [8, 1, 2, 0, 1], &["strided-pointwise"]),
        ("one tap by one", [8, 1, 1, 0, 1], &[]),
        // Windows start at even elements less 2, taps are 2 apart: always even.
        ("grid", [9, 3, 2, 2, 2], &["stride-dilation-grid"]),
        // Stride 2 and dilation 3 reach even and odd elements; (13 + 0 − 7) mod 2 = 0.
        ("no grid", [13, 3, 2, 0, 3], &[]),
        // Outputs −1 … 14 of one tap: the first and the last lie outside.
        (
            "padded pointwise",
            [14, 1, 1, 1, 1],
            &["padding-exceeds-kernel"],
        ),
        // The first window is −3..−1, one more starts before: padding 2 of a window of 3 meets element 0.
        (
            "padded by the window",
            [14, 3, 1, 3, 1],
            &["padding-exceeds-kernel"],
        ),
        ("padded by less", [14, 3, 1, 2, 1], &[]),
        // 3 taps over 1 element with padding 1: only the middle one meets it.
        (
            "kernel too large",
            [1, 3, 1, 1, 1],
            &["kernel-exceeds-input"],
        ),
        // Over 2 elements: windows −1..1 and 0..2; taps 1, 2 and 0, 1 meet input, so all do.
        ("every tap used", [2, 3, 1, 1, 1], &[]),
        // From 0..15 the outer taps lie at −24..−9 and 24..39, outside of 0..15.
        (
            "dilated out",
            [16, 3, 1, 24, 24],
            &["dilation-exceeds-input"],
        ),
        // On 25 elements the first window's last tap lies at 24, inside.
        ("dilated inside", [25, 3, 1, 24, 24], &[]),
        ("linear", [5, 5, 1, 0, 1], &["conv-is-linear"]),
        ("two positions", [6, 5, 1, 0, 1], &[]),
    ];
    for (case, at, expected) in cases {
        assert_eq!(names(along(*at)), *expected, "{case}");
    }
}

#[test]
fn rules_of_pools_fire_and_their_neighbours_do_not() {
    let cases: &[(&str, [i64; 3], &[&str])] = &[
        // (7 − 2) mod 2 = 1; (8 − 2) mod 2 = 0.
        ("left over", [7, 2, 2], &["uneven-pool"]),
        ("fits", [8, 2, 2], &[]),
        ("gaps", [8, 2, 3], &["stride-gaps"]),
        ("one tap", [8, 1, 2], &["strided-pointwise"]),
        ("whole axis", [7, 7, 7], &["whole-axis-pool"]),
        ("an axis of one", [1, 1, 2], &[]),
        ("copies", [7, 1, 1], &["idle-pool"]),
        ("larger by one", [7, 2, 1], &[]),
    ];
    for (case, at, expected) in cases {
        assert_eq!(names(pooled(*at)), *expected, "{case}");
    }
    // Rounded up, (7 − 2) / 2 + 1 = 3.5 are 4 windows, and the last one sees the last element.
    let up = vec![
        ints("kernel_shape", &[2]),
        ints("strides", &[2]),
        int("ceil_mode", 1),
    ];
    assert!(names(pool(&[1, 3, 7], "MaxPool", up)).is_empty());
    assert!(names(pool(&[1, 3, 7], "GlobalMaxPool", vec![])).is_empty());
}

#[test]
fn messages_carry_the_numbers() {
    let cases = [
        (
            along([8, 2, 3, 0, 1]),
            "length: a window of 2 that moves by 3 sees none of 1 of every 3 elements",
        ),
        (
            along([14, 1, 1, 1, 1]),
            "length: the first 1 and the last 1 of 16 windows see only padding (window 1, padding 1 and 1)",
        ),
        // 3 + 24 · 2 = 49 elements would be needed from the first tap to the last.
        (
            along([16, 3, 1, 24, 24]),
            "length: dilation 24 steps over all 16 elements; 1 of 3 taps ever meets input",
        ),
        (
            along([1, 3, 1, 1, 1]),
            "length: 1 element under a window that reaches over 3; 1 of its 3 taps ever meets input",
        ),
        // 16 · 5 · 5 = 400 inputs.
        (
            conv(&[1, 16, 5, 5], &[120, 16, 5, 5], vec![]),
            "its kernel covers the whole input, so it equals a linear layer of 400 inputs and 120 outputs",
        ),
        (
            conv(&[1, 3, 8, 8], &[4, 3, 1, 1], vec![ints("strides", &[2, 2])]),
            "height and width: one tap reads 1 of every 2 elements",
        ),
    ];
    for (graph, expected) in cases {
        let found = found(graph);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            (found[0].1.as_str(), found[0].2.as_str()),
            ("conv", expected)
        );
    }
}

#[test]
fn a_depthwise_convolution_of_one_position_is_no_linear_layer() {
    let depthwise = conv(&[1, 4, 5], &[4, 1, 5], vec![int("group", 4)]);
    assert!(names(depthwise).is_empty());
}

#[test]
fn a_transposed_kernel_is_compared_with_its_stride() {
    for (kernel, expected) in [(3, &["uneven-overlap"][..]), (4, &[])] {
        let up = node("up", "ConvTranspose", &["x", "w"], &["y"]);
        let up = with(up, vec![ints("strides", &[2])]);
        let graph = net(&[1, 3, 8], vec![up], &[("w", &[3, 4, kernel])]);
        assert_eq!(names(graph), expected, "kernel {kernel}");
    }
}

#[test]
fn offsets_move_taps_so_nothing_is_said_of_windows() {
    // 3 channels, 224 elements a side: as a Conv this stride leaves one over.
    let deform = node("deform", "DeformConv", &["x", "w", "o"], &["y"]);
    let deform = with(deform, vec![ints("strides", &[4, 4])]);
    let stored: &[(&str, &[i64])] = &[("w", &[4, 3, 11, 11]), ("o", &[1, 242, 54, 54])];
    let graph = net(&[1, 3, 224, 224], vec![deform], stored);
    let mut deformed = model(graph, 19);
    deformed.ir_version = 9;
    let read = read::read_bytes(bytes(&deformed)).unwrap();
    let options = Options::default();
    let inspection = inspect_model(&read, "m.onnx", &options, &|_| {}).unwrap();
    let told = inspection.warnings.iter().map(|it| it.rule);
    assert!(!told.into_iter().any(|it| it == "uneven-stride"));
}

#[test]
fn a_bias_before_a_norm_is_told_where_nothing_else_reads_the_sum() {
    let stored: &[(&str, &[i64])] = &[
        ("w", &[4, 3, 3]),
        ("b", &[4]),
        ("s", &[4]),
        ("t", &[4]),
        ("m", &[4]),
        ("v", &[4]),
    ];
    let biased = || node("conv", "Conv", &["x", "w", "b"], &["c"]);
    let batch = || {
        node(
            "bn",
            "BatchNormalization",
            &["c", "s", "t", "m", "v"],
            &["y"],
        )
    };
    let instance = node("in", "InstanceNormalization", &["c", "s", "t"], &["y"]);
    let plain = node("conv", "Conv", &["x", "w"], &["c"]);
    let between = node("relu", "Relu", &["c"], &["r"]);
    let late = node(
        "bn",
        "BatchNormalization",
        &["r", "s", "t", "m", "v"],
        &["y"],
    );
    let other = node("add", "Relu", &["c"], &["z"]);
    let rule = "conv-bias-before-norm";
    let cases = [
        ("batch", vec![biased(), batch()], true),
        ("instance", vec![biased(), instance], true),
        ("no bias", vec![plain, batch()], false),
        ("relu between", vec![biased(), between, late], false),
        ("another reader", vec![biased(), batch(), other], false),
    ];
    for (case, nodes, fires) in cases {
        let found = names(net(&[1, 3, 8], nodes, stored));
        assert_eq!(found.contains(&rule), fires, "{case}: {found:?}");
    }
    // The sum is itself an output.
    let mut graph = net(&[1, 3, 8], vec![biased(), batch()], stored);
    graph.output.push(float_value("c", &[1, 4, 6]));
    assert!(!names(graph).contains(&rule));
}

/// Names that the source gives to findings: the first string after what makes one.
fn emitted() -> BTreeSet<String> {
    let mut folders = vec![root().join("src")];
    let mut out = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let tests = ["tests.rs", "sample.rs"]
                .iter()
                .any(|it| path.ends_with(it));
            // What tests make up stands at the foot, or in files of their own.
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            if tests || path.components().any(|it| it.as_os_str() == "tests") {
                continue;
            }
            for mark in ["Finding::about(", "Finding::general(", "findings.add("] {
                for (at, _) in code.match_indices(mark) {
                    let rest = code[at + mark.len()..].trim_start();
                    if let Some(name) = rest.strip_prefix('"') {
                        out.insert(name[..name.find('"').unwrap()].to_owned());
                    }
                }
            }
        }
    }
    out
}

#[test]
fn the_catalogue_has_every_rule_that_is_emitted_and_no_other() {
    let catalogue: BTreeSet<String> = rules().map(|it| it.name.to_owned()).collect();
    assert_eq!(emitted(), catalogue);
}

#[test]
fn the_readme_has_every_rule() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for rule in rules() {
        let shown = match rule.level {
            Level::Warning => "yes",
            Level::Note => "",
        };
        let row = format!("| `{}` | {} | {shown} |", rule.name, rule.title);
        assert!(readme.contains(&row), "{row}");
    }
}

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cnninspect"));
    command.args(arguments).current_dir(root());
    for name in ["COLUMNS", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command.env("COLUMNS", "80").output().unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

#[test]
fn every_rule_has_a_page_that_fits_80_columns() {
    for rule in rules() {
        let output = run(&["explain", "--rule", rule.name]);
        let text = stdout(&output);
        assert_eq!(output.status.code(), Some(0), "{}", rule.name);
        assert!(text.starts_with(&format!("{}: ", rule.name)), "{text}");
        for label in [" found ", " why ", " fix ", " example ", " options "] {
            assert!(text.contains(&format!("\n{label}")), "{label}: {text}");
        }
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}

#[test]
fn all_rules_are_a_list_and_single_ones_are_pages() {
    let all = run(&["explain", "--rule", "all"]);
    let text = stdout(&all);
    for rule in rules() {
        assert!(
            text.lines()
                .any(|it| it.starts_with(&format!("{} ", rule.name))),
            "{text}"
        );
    }
    assert!(text.lines().all(|it| it.chars().count() <= 80), "{text}");
    let default = run(&["explain", "--rule", "default"]);
    assert!(!stdout(&default).contains("conv-is-linear"));
    let two = run(&["explain", "--rule", "idle-pool,lora", "-f", "markdown"]);
    let text = stdout(&two);
    assert!(
        text.contains("## `idle-pool`") && text.contains("\n\n## `lora`"),
        "{text}"
    );
    let json = run(&["explain", "--rule", "all", "-f", "json"]);
    let document: serde_json::Value = serde_json::from_str(stdout(&json)).unwrap();
    assert_eq!(document["schema_version"], 1);
    assert_eq!(document["rules"].as_array().unwrap().len(), rules().count());
    assert_eq!(document["rules"][0]["name"], "uneven-stride");
    assert_eq!(document["rules"][0]["default"], true);
}

const UNEVEN: &[&str] = &["fixtures/alexnet-2012-224.onnx", "--verify", "none"];

#[test]
fn selected_rules_are_told_and_count_under_strict() {
    // AlexNet at 224: conv1 leaves a column over, and so does pool1 on 54.
    let cases: &[(&[&str], &[&str])] = &[
        (&[], &["uneven-stride"]),
        (&["--ignore", "uneven-stride"], &[]),
        (&["--select", "uneven-pool"], &["uneven-pool"]),
        (
            &["--select", "default,uneven-pool"],
            &["uneven-stride", "uneven-pool"],
        ),
        (
            &["--select", "all", "--ignore", "default"],
            &["uneven-pool"],
        ),
        (&["--select", "uneven-stride", "--ignore", "all"], &[]),
    ];
    for (options, expected) in cases {
        let output = run(&[UNEVEN, options, &["-f", "json", "--strict"]].concat());
        let document: serde_json::Value = serde_json::from_str(stdout(&output)).unwrap();
        let warnings = document["warnings"].as_array().unwrap();
        let told: BTreeSet<&str> = warnings
            .iter()
            .map(|it| it["rule"].as_str().unwrap())
            .collect();
        assert_eq!(told, expected.iter().copied().collect(), "{options:?}");
        assert!(warnings.iter().all(|it| it["fix"].as_str().is_some()));
        let code = i32::from(!expected.is_empty());
        assert_eq!(output.status.code(), Some(code), "{options:?}");
    }
    let verified = run(&[
        "verify",
        UNEVEN[0],
        "--ignore",
        "all",
        "-f",
        "json",
        "--max-macs",
        "1",
    ]);
    assert!(stdout(&verified).contains("\"warnings\": []"));
}

#[test]
fn the_hint_names_the_rule_and_its_command_works() {
    let output = run(UNEVEN);
    let hint = "cnninspect explain --rule uneven-stride";
    let text = stdout(&output);
    assert_eq!(text.matches(hint).count(), 1, "{text}");
    let arguments: Vec<&str> = hint.split(' ').skip(1).collect();
    assert_eq!(run(&arguments).status.code(), Some(0));
    let fine = run(&[UNEVEN, &["--ignore", "all"]].concat());
    assert!(!stdout(&fine).contains("explain --rule"));
}

#[test]
fn an_unknown_rule_is_wrong_usage() {
    let meant = "there is no rule \"unevn-stride\" (did you mean \"uneven-stride\"?)";
    for arguments in [
        &["m.onnx", "--select", "unevn-stride"][..],
        &["m.onnx", "--ignore", "lora,unevn-stride"],
        &["verify", "m.onnx", "--select", "unevn-stride"],
        &["explain", "--rule", "unevn-stride"],
    ] {
        let output = run(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr.contains(meant), "{arguments:?}: {stderr}");
    }
    let csv = run(&["explain", "--rule", "lora", "-f", "csv"]);
    assert_eq!(csv.status.code(), Some(2));
}
