//! The binary from outside: exit codes, standard output apart from standard error, wording.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cnninspect"));
    command
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    for name in ["COLUMNS", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command
}

fn run(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Exit code 2, nothing on standard output, and this on standard error.
fn assert_fails(arguments: &[&str], expected: &str) {
    let output = run(arguments);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
    assert_eq!(text(&output.stdout), "", "{arguments:?}");
    assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
}

#[test]
fn without_arguments_it_prints_help_and_fails() {
    assert_fails(&[], "Usage: cnninspect [OPTIONS] <MODEL>");
}

#[test]
fn help_and_version_go_to_standard_output() {
    for (flag, expected) in [
        ("-h", "Usage:"),
        ("--help", "Exit codes:"),
        ("-V", "cnninspect 0.1.0\n"),
    ] {
        let output = run(&[flag]);
        assert_eq!(output.status.code(), Some(0), "{flag}");
        assert!(text(&output.stdout).contains(expected), "{flag}");
        assert_eq!(text(&output.stderr), "", "{flag}");
    }
}

#[test]
fn help_lists_every_format_and_column() {
    let output = run(&["--help"]);
    let help = text(&output.stdout);
    for format in cnninspect::render::FORMATS {
        assert!(
            help.contains(format.name) && help.contains(format.about),
            "{}",
            format.name
        );
    }
    for column in cnninspect::render::COLUMNS {
        assert!(help.contains(column.name), "{}", column.name);
    }
}

#[test]
fn wrong_usage_says_what_is_wrong() {
    let cases: &[(&[&str], &str)] = &[
        (&["m.onnx", "-f", "jso"], "a similar value exists: 'json'"),
        (
            &["m.onnx", "--sort", "unshred"],
            "a similar value exists: 'unshared'",
        ),
        (
            &["m.onnx", "--input", "x=1x0"],
            "\"0\" is not a size, which is a whole number from 1",
        ),
        (
            &["m.onnx", "--dim", "height"],
            "needs a name and a size, as in height=224",
        ),
        (
            &["m.onnx", "-f", "json", "--top", "3"],
            "--top has no meaning in json",
        ),
        (
            &["m.onnx", "--unknown"],
            "unexpected argument '--unknown' found",
        ),
        (
            &["m.onnx", "n.onnx"],
            "one model at a time: 'n.onnx' is one too many",
        ),
    ];
    for (arguments, expected) in cases {
        assert_fails(arguments, expected);
    }
}

#[test]
fn an_unreadable_file_is_one_line_with_its_name() {
    let output = run(&["no\nsuch\u{1b}[31m.onnx"]);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr.starts_with("error: no\\nsuch\\u{1b}[31m.onnx: "),
        "{stderr}"
    );
    assert_eq!(
        stderr
            .lines()
            .filter(|it| it.starts_with("error: "))
            .count(),
        1,
        "{stderr}"
    );
}

#[test]
fn a_file_called_like_a_command_is_reached_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("check"), "").unwrap();
    let output = command(&["./check"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(
        text(&output.stderr).starts_with("error: ./check: "),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn the_model_is_never_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("m.onnx");
    std::fs::write(&model, "weights").unwrap();
    let model = model.to_str().unwrap();
    assert_fails(&[model, "-o", model], "m.onnx: is the model itself");
    assert_eq!(std::fs::read(Path::new(model)).unwrap(), b"weights");
}

const ALEXNET: &str = "fixtures/alexnet-2012.onnx";
/// Without running a layer, which takes its time without optimisation.
const STILL: &str = "--verify=none";

#[test]
fn a_model_goes_to_standard_output_and_nothing_to_standard_error() {
    let output = run(&[ALEXNET]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stderr), "");
    let stdout = text(&output.stdout);
    for number in ["34,944", "105,705,600", "666,434,944", "confirmed"] {
        assert!(stdout.contains(number), "{number} is not in\n{stdout}");
    }
    assert!(
        stdout.lines().all(|it| it.chars().count() <= 100),
        "{stdout}"
    );
    assert_eq!(run(&[ALEXNET]).stdout, output.stdout);
}

#[test]
fn columns_and_colour_obey_the_environment_and_the_flag() {
    let narrow = command(&[ALEXNET, STILL])
        .env("COLUMNS", "80")
        .output()
        .unwrap();
    assert!(
        text(&narrow.stdout)
            .lines()
            .all(|it| it.chars().count() <= 80)
    );
    let coloured = |command: &mut Command| command.output().unwrap().stdout.contains(&0x1b);
    assert!(!coloured(&mut command(&[ALEXNET, STILL])));
    assert!(coloured(&mut command(&[
        ALEXNET, STILL, "--color", "always"
    ])));
    assert!(!coloured(command(&[ALEXNET, STILL]).env("NO_COLOR", "1")));
}

#[test]
fn strict_turns_a_warning_into_exit_code_1() {
    let uneven = "fixtures/alexnet-2012-224.onnx";
    assert_eq!(run(&[uneven, STILL]).status.code(), Some(0));
    let strict = run(&[uneven, STILL, "--strict"]);
    assert_eq!(strict.status.code(), Some(1));
    assert!(
        text(&strict.stdout).contains("[uneven-stride]"),
        "{}",
        text(&strict.stdout)
    );
    assert!(
        text(&strict.stderr).starts_with("strict: warnings 1, gaps 0"),
        "{}",
        text(&strict.stderr)
    );
    let quiet = run(&[uneven, STILL, "--strict", "-q"]);
    assert_eq!((quiet.status.code(), text(&quiet.stderr)), (Some(1), ""));
}

#[test]
fn an_output_file_holds_what_standard_output_would() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out.json");
    std::fs::write(&file, "old").unwrap();
    let output = run(&[ALEXNET, STILL, "-f", "json", "-o", file.to_str().unwrap()]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), ""));
    assert_eq!(
        std::fs::read(&file).unwrap(),
        run(&[ALEXNET, STILL, "-f", "json"]).stdout
    );
    // No half-written sibling stays.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_closed_pipe_is_no_error() {
    let mut command = command(&[ALEXNET, STILL, "-f", "json", "--all"]);
    command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
}

#[test]
fn an_unknown_name_lists_the_ones_there_are() {
    assert_fails(
        &[ALEXNET, STILL, "--dim", "height=3"],
        "no input has a dimension named \"height\"",
    );
    assert_fails(
        &[ALEXNET, STILL, "--input", "image=1x3x227x227"],
        "no input is named \"image\"",
    );
    assert_fails(&[ALEXNET, "--verify", "conv7"], "conv7");
}

#[test]
fn nothing_runs_where_nothing_is_asked_to() {
    let output = run(&[ALEXNET, STILL]);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        !text(&output.stdout).contains("confirmed"),
        "{}",
        text(&output.stdout)
    );
}

#[test]
fn timing_goes_to_standard_error() {
    let output = run(&[ALEXNET, STILL, "-v"]);
    assert!(
        text(&output.stderr).starts_with("inspected in "),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(output.stdout, run(&[ALEXNET, STILL]).stdout);
}

#[test]
fn an_empty_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.onnx");
    std::fs::write(&empty, "").unwrap();
    assert_fails(&[empty.to_str().unwrap()], "empty.onnx: ");
}

const MLX: &str = "fixtures/safetensors/mlx.safetensors";
const MLX_GEOMETRY: &str = "fixtures/safetensors/mlx.toml";

#[test]
fn an_unknown_geometry_is_an_answer_and_strict_makes_it_one() {
    let output = run(&[MLX]);
    let page = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{page}");
    for expected in [
        "geometry  unknown: tensors only",
        "layout    OHWI (2 of 2",
        "112 × output positions",
        "--output-size conv1=32x32",
        "hint         fc1 takes 128 values = 8 × 4 × 4, so the last feature map is probably 4×4",
    ] {
        assert!(page.contains(expected), "{expected}\n{page}");
    }
    assert_eq!(run(&[MLX, "--strict"]).status.code(), Some(1));
    let settled = run(&[MLX, "--strict", "--geometry", MLX_GEOMETRY]);
    assert_eq!(settled.status.code(), Some(0), "{}", text(&settled.stdout));
}

#[test]
fn a_safetensors_model_comes_through_a_pipe() {
    let bytes = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(MLX)).unwrap();
    // The whole of it, and only its header.
    for (bytes, expected) in [
        (&bytes[..], "confirmed    conv2"),
        (&bytes[..600], "data-not-checked"),
    ] {
        let mut child = command(&["-", "--geometry", MLX_GEOMETRY])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(bytes).unwrap();
        let output = child.wait_with_output().unwrap();
        let page = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{page}");
        assert!(page.contains("47,616") && page.contains(expected), "{page}");
    }
}

#[test]
fn a_geometry_file_is_printed() {
    let output = run(&["geometry", MLX, "--geometry", MLX_GEOMETRY]);
    let expected = "\
# geometry of mlx.safetensors, from fixtures/safetensors/mlx.toml
input = \"3x16x16\"
layers = [
  { conv = \"conv1\", pad = 1 },
  { maxpool = 2 },
  { conv = \"conv2\", pad = 1 },
  { maxpool = 2 },
]
";
    assert_eq!(text(&output.stdout), expected);
    let form = run(&["geometry", MLX]);
    assert!(text(&form.stdout).contains("input = \"?\""));
    let graph = run(&["geometry", "fixtures/alexnet-2012.onnx"]);
    let expected = "  { conv = \"conv2\", pad = 2 },\n  { maxpool = 3, stride = 2 },\n";
    let printed = text(&graph.stdout);
    assert!(printed.contains(expected), "{printed}");
}

#[test]
fn a_fault_in_a_geometry_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("net.toml");
    std::fs::write(&file, "layers = [\n  { conv = \"conv3\" },\n]\n").unwrap();
    let path = file.to_str().unwrap();
    assert_fails(
        &[MLX, "--geometry", path],
        "net.toml:2: no tensor \"conv3\" or \"conv3.weight\" (did you mean \"conv1\"?)",
    );
    assert_fails(&[MLX, "--geometry", "no.toml"], "no.toml: no such file");
    assert_fails(
        &[MLX, "--output-size", "conv9=1x1"],
        "--output-size conv9=1x1: no conv named \"conv9\" (did you mean \"conv1\"?)",
    );
    assert_fails(
        &["fixtures/alexnet-2012.onnx", "--layout", "ohwi"],
        "--layout is for models without a graph, and this one has its own",
    );
}
