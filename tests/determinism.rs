//! One file, one answer: the same bytes in every locale, folder and number of threads, colours apart; and a
//! reader that closes the pipe, or a disk that is full, is met with an exit code and not with noise.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use cnninspect::render::{CHECK_FORMATS, COMPARE_FORMATS, FORMATS};

const ALEXNET: &str = "fixtures/alexnet-2012.onnx";
const OTHER: &str = "fixtures/alexnet-2012-224.onnx";
const SMALL: &str = "fixtures/crafted/tied.onnx";
const TENSORS: &str = "fixtures/safetensors/truth/lenet5.safetensors";

/// Every variable that could change what is printed.
const VARIABLES: &[&str] = &[
    "COLUMNS",
    "NO_COLOR",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "TERM",
    "LANG",
    "LC_ALL",
    "RAYON_NUM_THREADS",
];

/// Every command with every format that it has.
fn calls() -> Vec<Vec<String>> {
    calls_on("")
}

/// The same with the files in a folder.
fn calls_on(folder: &str) -> Vec<Vec<String>> {
    let file = |it: &str| format!("{folder}{it}");
    let (alexnet, other) = (file(ALEXNET), file(OTHER));
    let mut calls = Vec::new();
    let mut add = |words: &[&str], format: &str| {
        let words = words.iter().map(|it| (*it).to_owned());
        let format = ["-f".to_owned(), format.to_owned()];
        calls.push(words.chain(format).collect());
    };
    for format in FORMATS {
        add(&[&alexnet, "--verify=none", "--all"], format.name);
        add(&[&file(TENSORS), "--verify=none"], format.name);
        add(&["verify", &file(SMALL)], format.name);
        add(&[&alexnet, "--sweep", "224,227"], format.name);
        if format.can_explain() {
            add(&["explain", &alexnet, "conv1", "pool1"], format.name);
        }
        if format.has_rules() {
            add(&["explain", "--rule", "uneven-stride"], format.name);
        }
    }
    for format in CHECK_FORMATS {
        let limits = ["--max-params", "1M", "--max-macs", "900G"];
        let words = ["check", &alexnet, &other, "--no-config"];
        add(&[&words[..], &limits].concat(), format.name);
    }
    for format in COMPARE_FORMATS {
        add(&["compare", &alexnet, &other, &file(SMALL)], format.name);
    }
    calls.push(vec!["geometry".to_owned(), alexnet.clone()]);
    calls.push(vec!["geometry".to_owned(), file(TENSORS)]);
    calls.push(vec!["--help".to_owned()]);
    calls.push(vec!["explain".to_owned(), alexnet, "conv9".to_owned()]);
    calls.push(vec!["no such file.onnx".to_owned()]);
    calls
}

fn command(call: &[String]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cnninspect"));
    command.args(call).current_dir(env!("CARGO_MANIFEST_DIR"));
    for name in VARIABLES {
        command.env_remove(name);
    }
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What it prints and how it ends.
fn answer(output: &Output) -> (Option<i32>, String, String) {
    let code = output.status.code();
    (code, text(&output.stdout), text(&output.stderr))
}

fn plain(call: &[String]) -> (Option<i32>, String, String) {
    answer(&command(call).output().unwrap())
}

#[test]
fn there_are_calls_of_every_command() {
    let calls = calls();
    let formats = FORMATS.len() * 3 + CHECK_FORMATS.len() + COMPARE_FORMATS.len();
    assert!(calls.len() > formats, "{}", calls.len());
    let codes: BTreeSet<_> = calls.iter().map(|it| plain(it).0).collect();
    assert_eq!(codes, [Some(0), Some(1), Some(2)].into());
}

#[test]
fn the_answer_depends_on_the_file_alone() {
    let elsewhere = tempfile::tempdir().unwrap();
    let home = elsewhere.path().to_str().unwrap();
    let surroundings: &[&[(&str, &str)]] = &[
        &[],
        &[("LANG", "C"), ("LC_ALL", "C")],
        &[("LC_ALL", "de_DE.UTF-8"), ("TZ", "Asia/Tokyo")],
        &[("LC_ALL", "tr_TR.UTF-8"), ("LANG", "tr_TR.UTF-8")],
        &[("NO_COLOR", "1"), ("TERM", "dumb"), ("HOME", home)],
        &[("RAYON_NUM_THREADS", "1")],
        &[("RAYON_NUM_THREADS", "4"), ("TERM", "xterm-256color")],
    ];
    for call in calls() {
        let expected = plain(&call);
        for variables in surroundings {
            let mut command = command(&call);
            command.envs(variables.iter().copied());
            let got = answer(&command.output().unwrap());
            assert_eq!(got, expected, "{call:?} {variables:?}");
        }
    }
    for call in calls_on(concat!(env!("CARGO_MANIFEST_DIR"), "/")) {
        let mut command = command(&call);
        let got = command.current_dir(elsewhere.path()).output().unwrap();
        assert_eq!(answer(&got), plain(&call), "{call:?} in another folder");
    }
}

/// Without the escape sequences of colours.
fn without_colour(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(part.split_once('m').unwrap().1);
    }
    out
}

#[test]
fn colours_are_all_that_forcing_them_adds() {
    let mut coloured = 0;
    for call in calls() {
        let expected = plain(&call);
        let mut forced = command(&call);
        let output = forced.env("CLICOLOR_FORCE", "1").output().unwrap();
        let (code, stdout, stderr) = answer(&output);
        coloured += usize::from(stdout.contains('\u{1b}'));
        let got = (code, without_colour(&stdout), without_colour(&stderr));
        assert_eq!(got, expected, "{call:?}");
        if call.iter().any(|it| it == "json" || it == "csv") {
            assert!(!stdout.contains('\u{1b}'), "{call:?}");
        }
    }
    assert!(coloured >= 3, "{coloured}");
}

/// The numbers in a text.
fn numbers(text: &str) -> BTreeSet<String> {
    let apart = |it: char| !(it.is_ascii_digit() || it == ',' || it == '.');
    let words = text.split(apart);
    let words = words.map(|it| it.trim_matches([',', '.']).to_owned());
    words.filter(|it| !it.is_empty()).collect()
}

#[test]
fn a_narrow_terminal_cuts_no_number() {
    for call in calls() {
        let wide = command(&call).env("COLUMNS", "400").output().unwrap();
        let (code, wide, _) = answer(&wide);
        let known = numbers(&wide);
        for columns in [
            "1",
            "20",
            "40",
            "60",
            "80",
            "200",
            "99999999999999999999",
            "x",
            "",
        ] {
            let output = command(&call).env("COLUMNS", columns).output().unwrap();
            let (got, stdout, stderr) = answer(&output);
            assert_eq!(got, code, "{call:?} {columns}: {stderr}");
            // A drawing has a digit for every element, as many as fit.
            if call[0] != "explain" {
                let cut: Vec<_> = numbers(&stdout).difference(&known).cloned().collect();
                assert_eq!(cut, [""; 0], "{call:?} {columns}");
            }
            // The four columns that always stay need 41.
            let width = columns.parse().unwrap_or(0);
            let is_table =
                !call.iter().any(|it| it == "-f") || call.ends_with(&["table".to_owned()]);
            let is_text = call[0] != "geometry" && call[0] != "--help";
            if (60..=400).contains(&width) && is_table && is_text {
                // A word that is longer by itself stays whole.
                let is_long = |it: &&str| it.chars().count() > width && it.trim().contains(' ');
                let long = stdout.lines().find(is_long);
                assert_eq!(long, None, "{call:?} {columns}");
            }
        }
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    for call in calls() {
        let (code, _, stderr) = plain(&call);
        let mut command = command(&call);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(answer(&output), (code, String::new(), stderr), "{call:?}");
    }
}

/// The call through a shell, whose words for it are `redirected`.
#[cfg(target_os = "linux")]
fn redirected(call: &[String], redirected: &str) -> Output {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("exec \"$0\" \"$@\" {redirected}")]);
    command.arg(env!("CARGO_BIN_EXE_cnninspect")).args(call);
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    for name in VARIABLES {
        command.env_remove(name);
    }
    command.output().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn no_standard_output_is_no_error() {
    for call in calls() {
        let (code, _, stderr) = plain(&call);
        let output = redirected(&call, ">&-");
        assert_eq!(answer(&output), (code, String::new(), stderr), "{call:?}");
        // Nor is no standard error.
        let output = redirected(&call, "2>&-");
        assert_eq!(output.status.code(), code, "{call:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_one_error() {
    assert!(Path::new("/dev/full").exists());
    let mut full = 0;
    for call in calls() {
        let (code, stdout, stderr) = plain(&call);
        let output = redirected(&call, ">/dev/full");
        let (got, _, said) = answer(&output);
        if stdout.is_empty() {
            assert_eq!((got, said), (code, stderr), "{call:?}");
            continue;
        }
        full += 1;
        assert_eq!(got, Some(2), "{call:?}: {said}");
        let errors = said.lines().filter(|it| it.starts_with("error: "));
        assert_eq!(errors.count(), 1, "{call:?}: {said}");
        assert!(said.contains("No space left on device"), "{call:?}: {said}");
    }
    assert!(full > 20, "{full}");
}
