//! Every case in every output format against `tests/golden/<case>.<format>`, and what must add up in
//! them. `CNNINSPECT_BLESS=1 cargo test --test golden` rewrites the files and the README's sample: read
//! what changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;

use cnninspect::render::FORMATS;
use serde_json::Value;

/// A case's name, its arguments. One of them runs a layer, which takes its time without optimisation.
const CASES: &[(&str, &[&str])] = &[
    ("alexnet-2012", &["fixtures/alexnet-2012.onnx"]),
    (
        "alexnet-2012-224",
        &["fixtures/alexnet-2012-224.onnx", "--verify", "none"],
    ),
    (
        "alexnet-2012-all",
        &["fixtures/alexnet-2012.onnx", "--verify", "none", "--all"],
    ),
    (
        "safetensors-unknown",
        &["fixtures/safetensors/mlx.safetensors"],
    ),
    (
        "safetensors-sidecar",
        &[
            "fixtures/safetensors/mlx.safetensors",
            "--geometry",
            "fixtures/safetensors/mlx.toml",
            "--verify",
            "none",
        ],
    ),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn path(case: &str, format: &str) -> PathBuf {
    root().join("tests/golden").join(format!("{case}.{format}"))
}

fn printed(arguments: &[&str], format: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cnninspect"));
    command
        .args(arguments)
        .args(["--format", format])
        .current_dir(root());
    for name in ["COLUMNS", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// The text without what differs between processors: the last bits of candle's sums.
fn stable(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    let marks = ["within ", "\"max_abs_error\": "];
    while let Some((at, mark)) = marks
        .iter()
        .filter_map(|it| Some((rest.find(it)?, it)))
        .min_by_key(|it| it.0)
    {
        let number = at + mark.len();
        out.push_str(&rest[..number]);
        out.push('#');
        rest =
            rest[number..].trim_start_matches(|it: char| it.is_ascii_digit() || "e-.".contains(it));
    }
    out + rest
}

fn read(path: &Path) -> String {
    let text = fs::read_to_string(path);
    text.unwrap_or_else(|error| panic!("{}: {error}; CNNINSPECT_BLESS=1 writes it", path.display()))
}

/// The golden file of a case, after it was rewritten where that was asked for.
fn golden(case: &str, format: &str) -> String {
    static BLESSED: Once = Once::new();
    if std::env::var_os("CNNINSPECT_BLESS").is_some() {
        BLESSED.call_once(bless);
    }
    read(&path(case, format))
}

/// Writes the files whose text changed, but for the bits that differ between processors.
fn bless() {
    for (case, arguments) in CASES {
        for format in FORMATS {
            let path = path(case, format.name);
            let now = printed(arguments, format.name);
            if fs::read_to_string(&path).is_ok_and(|it| stable(&it) == stable(&now)) {
                continue;
            }
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, now).unwrap();
        }
    }
    let (before, _, after) = readme();
    let table = read(&path("alexnet-2012", "table"));
    fs::write(root().join("README.md"), format!("{before}{table}{after}")).unwrap();
}

/// The README up to its first sample, the sample, and the rest.
fn readme() -> (String, String, String) {
    let text = read(&root().join("README.md"));
    let fence = "```text\n";
    let start = text.find(fence).unwrap() + fence.len();
    let end = start + text[start..].find("```").unwrap();
    let part = |range: std::ops::Range<usize>| text[range].to_owned();
    (part(0..start), part(start..end), part(end..text.len()))
}

#[test]
fn every_case_prints_as_it_did_in_every_format() {
    let mut changed = Vec::new();
    for (case, arguments) in CASES {
        for format in FORMATS {
            let before = golden(case, format.name);
            let now = printed(arguments, format.name);
            if stable(&before) != stable(&now) {
                changed.push(format!("{case}.{}:\n{now}", format.name));
            }
        }
    }
    assert!(changed.is_empty(), "these changed:\n{}", changed.join("\n"));
}

/// The digits of a number as tables print it.
fn number(text: &str) -> Option<u128> {
    text.replace(',', "").parse().ok()
}

/// The number that ends under the end of `header`, in each line from the header on.
fn column(table: &str, header: &str) -> Vec<Option<u128>> {
    let mut lines = table
        .lines()
        .skip_while(|it| !it.starts_with(" layer"))
        .take_while(|it| !it.is_empty());
    let first = lines.next().unwrap();
    let end = first.find(header).unwrap() + header.len();
    let word = |line: &str| -> Option<u128> {
        let before: String = line.chars().take(end).collect();
        number(before.rsplit(' ').next()?)
    };
    lines.map(word).collect()
}

#[test]
fn printed_columns_add_up_to_the_printed_totals() {
    for (case, arguments) in CASES
        .iter()
        .filter(|(_, arguments)| !arguments.contains(&"--all"))
    {
        let table = golden(case, "table");
        assert!(
            !table.contains("tied_with"),
            "{arguments:?}: a tied row's tensor counts once"
        );
        for header in ["stored", "unshared"] {
            let numbers = column(&table, header);
            let (total, rows) = numbers.split_last().unwrap();
            if header == "unshared" && *case == "safetensors-unknown" {
                assert!(numbers.iter().all(Option::is_none), "{case}");
                continue;
            }
            let sum: u128 = rows.iter().flatten().sum();
            assert!(sum > 0, "{case}");
            assert_eq!(*total, Some(sum), "{case}: {header}");
        }
    }
}

#[test]
fn printed_roles_add_up_to_the_printed_parameters() {
    for (case, _) in CASES {
        let table = golden(case, "table");
        let mut headline = table.split("   ").flat_map(|it| it.split('\n'));
        let headline = headline.find_map(|it| number(it.split_once(" parameters (")?.0));
        let roles = table
            .lines()
            .skip_while(|it| !it.starts_with(" parameters"));
        let mut text = String::new();
        for (at, line) in roles.enumerate() {
            if at > 0 && !line.starts_with("              ") {
                break;
            }
            text.push_str(line.get(14..).unwrap());
            text.push_str("   ");
        }
        let items = text.split("   ").filter_map(|it| it.rsplit_once(' '));
        let sum: u128 = items.filter_map(|it| number(it.1)).sum();
        assert_eq!(headline, Some(sum), "{case}: {text}");
    }
}

fn whole(value: &Value) -> u128 {
    value
        .as_number()
        .and_then(|it| it.to_string().parse().ok())
        .unwrap_or(0)
}

#[test]
fn json_rows_and_roles_add_up_to_the_totals() {
    for (case, _) in CASES {
        let document: Value = serde_json::from_str(&golden(case, "json")).unwrap();
        let totals = &document["totals"];
        let roles = &totals["roles"];
        let counted = ["weight", "bias", "norm_affine", "elementwise"];
        let sum: u128 = counted.iter().map(|it| whole(&roles[it])).sum();
        assert_eq!(whole(&totals["params"]), sum, "{case}");
        let rows = document["layers"].as_array().unwrap();
        let convs: Vec<&Value> = rows.iter().filter(|it| it["kind"] == "conv").collect();
        assert_eq!(
            whole(&totals["conv"]["layers"]),
            u128::try_from(convs.len()).unwrap(),
            "{case}"
        );
        for field in ["shared", "unshared", "dense"] {
            let sum: u128 = convs.iter().map(|it| whole(&it["params"][field])).sum();
            assert_eq!(whole(&totals["conv"][field]), sum, "{case}: {field}");
        }
        let macs: u128 = convs.iter().map(|it| whole(&it["macs"])).sum();
        assert_eq!(whole(&totals["conv"]["macs"]), macs, "{case}");
        let stored: BTreeMap<_, _> = convs
            .iter()
            .map(|it| (it["weight"].to_string(), whole(&it["params"]["stored"])))
            .collect();
        assert_eq!(
            whole(&totals["conv"]["stored"]),
            stored.values().sum::<u128>(),
            "{case}"
        );
    }
}

#[test]
fn the_readme_shows_what_is_printed() {
    let golden = golden("alexnet-2012", "table");
    let (_, sample, _) = readme();
    assert_eq!(stable(&sample), stable(&golden));
}

#[test]
fn the_masked_numbers_are_only_those_of_the_run() {
    let cases = [
        ("64 values within 1.1e-6\n", "64 values within #\n"),
        ("\"max_abs_error\": 1.2e-6,", "\"max_abs_error\": #,"),
        ("34,944", "34,944"),
    ];
    for (text, expected) in cases {
        assert_eq!(stable(text), expected);
    }
}
