//! The README's section "In CI" and the pre-commit hook: what they say is run.

use std::fs;
use std::path::Path;
use std::process::Command;

use cnninspect::check::RULES;

use crate::folder::{Folder, LENET, wider_lenet};

fn file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The README up to its section "In CI", the section, and the rest.
fn readme() -> (String, String, String) {
    let text = file("README.md");
    let start = text.find("\n## In CI\n").unwrap() + 1;
    let end = start + text[start..].find("\n## As a library").unwrap();
    (
        text[..start].to_owned(),
        text[start..end].to_owned(),
        text[end..].to_owned(),
    )
}

/// The blocks of a language in a text.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let starts = text.split(&fence).skip(1);
    starts
        .map(|it| it.split("```").next().unwrap().to_owned())
        .collect()
}

/// A folder with the README's configuration, and a model that is within its budgets.
fn folder() -> Folder {
    let folder = Folder::with(&[("models/lenet.onnx", LENET)]);
    let (_, section, _) = readme();
    let [config] = blocks(&section, "toml").try_into().unwrap();
    folder.write("cnninspect.toml", config.as_bytes());
    folder
}

#[test]
fn the_sample_is_what_the_configuration_prints() {
    let folder = folder();
    assert_eq!(folder.run(&["check"]).code, Some(0));
    assert_eq!(folder.run(&["check", "--save-baseline"]).code, Some(0));
    folder.write("models/lenet.onnx", &wider_lenet());
    let run = folder.run(&["check"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let (before, section, after) = readme();
    let [sample] = blocks(&section, "text").try_into().unwrap();
    if std::env::var_os("CNNINSPECT_BLESS").is_some() {
        let section = section.replace(
            &format!("```text\n{sample}```"),
            &format!("```text\n{}```", run.stdout),
        );
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
        fs::write(path, before + &section + &after).unwrap();
        return;
    }
    assert_eq!(sample, run.stdout);
}

#[test]
fn every_rule_has_its_row() {
    let (_, section, _) = readme();
    for rule in RULES {
        let layer = if rule.layer.is_some() { "yes" } else { "" };
        let row = format!("| `{}` | {} | {layer} |", rule.name, rule.about);
        assert!(section.lines().any(|it| it == row), "{row}");
    }
}

/// Runs a command of a job as its shell does, with the program on the path.
fn shell(folder: &Folder, command: &str) -> (Option<i32>, String) {
    let program = Path::new(env!("CARGO_BIN_EXE_cnninspect"))
        .parent()
        .unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let output = Command::new("sh")
        .args(["-e", "-c", command])
        .current_dir(folder.path())
        .env("PATH", path)
        .env("GITHUB_STEP_SUMMARY", folder.path().join("summary.md"))
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

/// The commands of this program in a job.
fn commands(yaml: &str) -> Vec<&str> {
    let lines = yaml.lines().map(str::trim);
    let lines = lines.filter_map(|it| it.strip_prefix("- run: ").or(it.strip_prefix("- ")));
    lines.filter(|it| it.starts_with("cnninspect ")).collect()
}

#[cfg(unix)]
#[test]
fn the_commands_of_the_jobs_run() {
    let (_, section, _) = readme();
    let jobs = blocks(&section, "yaml");
    let mut ran = 0;
    for command in jobs.iter().flat_map(|it| commands(it)) {
        for (model, code) in [
            (fs::read(crate::folder::fixture(LENET)).unwrap(), 0),
            (wider_lenet(), 1),
        ] {
            let folder = folder();
            folder.write("models/lenet.onnx", &model);
            let (found, said) = shell(&folder, command);
            assert_eq!(found, Some(code), "{command}: {said}");
            for name in ["cnninspect.sarif", "cnninspect.xml", "summary.md"] {
                let written = folder.path().join(name).is_file();
                let meant =
                    command.contains(name) || (name == "summary.md" && command.contains(">>"));
                assert_eq!(written, meant, "{command}: {name}");
            }
        }
        ran += 1;
    }
    assert_eq!(ran, 4);
    // What a job uploads is what it wrote.
    assert!(
        jobs[0].contains("sarif_file: cnninspect.sarif")
            && jobs[1].contains("junit: cnninspect.xml")
    );
}

#[cfg(unix)]
#[test]
fn the_hook_runs() {
    let hooks = file(".pre-commit-hooks.yaml");
    let field = |name: &str| {
        let mut lines = hooks.lines();
        let found = lines.find_map(|it| {
            it.trim_start_matches(['-', ' '])
                .strip_prefix(&format!("{name}: "))
        });
        found
            .unwrap_or_else(|| panic!("{name} is not in {hooks}"))
            .to_owned()
    };
    assert_eq!(
        (field("language").as_str(), field("pass_filenames").as_str()),
        ("rust", "false")
    );
    let (_, section, _) = readme();
    assert!(blocks(&section, "yaml")[2].contains(&format!("- id: {}", field("id"))));
    let folder = folder();
    assert_eq!(shell(&folder, &field("entry")).0, Some(0));
    folder.write("models/lenet.onnx", &wider_lenet());
    assert_eq!(shell(&folder, &field("entry")).0, Some(1));
}

#[test]
fn the_image_has_the_toolchain_that_the_crate_asks_for() {
    let manifest = file("Cargo.toml");
    let version = manifest
        .lines()
        .find_map(|it| it.strip_prefix("rust-version = "))
        .unwrap();
    let (_, section, _) = readme();
    assert!(section.contains(&format!("image: rust:{}", version.trim_matches('"'))));
}
