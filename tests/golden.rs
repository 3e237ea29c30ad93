//! Every case in every output format against `tests/golden/<case>.<format>`, and what must add up in
//! them. `CNNINSPECT_BLESS=1 cargo test --test golden` rewrites the files and the README's sample: read
//! what changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;

use cnninspect::render::{COMPARE_FORMATS, FORMATS};
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

/// Comparisons: by sums, of two versions that differ, and of two of which one tells less.
const COMPARISONS: &[(&str, &[&str])] = &[
    (
        "compare-summary",
        &[
            "compare",
            "fixtures/pt2/alexnet.pt2",
            "fixtures/truth/squeezenet1_1.ts_raw.onnx",
            "fixtures/truth/mobilenet_v2.ts_raw.onnx",
        ],
    ),
    (
        "compare-layers",
        &[
            "compare",
            "fixtures/params/alexnet2012.ts_raw.onnx",
            "fixtures/params/alexnet2012_single.ts_raw.onnx",
        ],
    ),
    (
        "compare-open",
        &[
            "compare",
            "fixtures/truth/lenet5.ts.onnx",
            "fixtures/safetensors/truth/lenet5.safetensors",
            "--all",
        ],
    ),
];

/// Every case and every comparison in each of its formats.
fn all() -> impl Iterator<Item = (&'static str, &'static [&'static str], &'static str)> {
    let formats = FORMATS.iter().map(|it| it.name);
    let comparing = COMPARE_FORMATS.iter().map(|it| it.name);
    let cases = CASES
        .iter()
        .flat_map(move |it| formats.clone().map(move |format| (it.0, it.1, format)));
    let comparisons = COMPARISONS
        .iter()
        .flat_map(move |it| comparing.clone().map(move |format| (it.0, it.1, format)));
    cases.chain(comparisons)
}

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
    for (case, arguments, format) in all() {
        let path = path(case, format);
        let now = printed(arguments, format);
        if fs::read_to_string(&path).is_ok_and(|it| stable(&it) == stable(&now)) {
            continue;
        }
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, now).unwrap();
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
    for (case, arguments, format) in all() {
        let before = golden(case, format);
        let now = printed(arguments, format);
        if stable(&before) != stable(&now) {
            changed.push(format!("{case}.{format}:\n{now}"));
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

/// The numbers of a line of sums: before, after, and how far apart.
fn sums(table: &str, label: &str) -> [i128; 3] {
    let line = table.lines().find_map(|it| it.strip_prefix(label));
    let line = line.unwrap_or_else(|| panic!("{label:?} is not in\n{table}"));
    let number = |it: &str| it.replace([',', '+'], "").replace('−', "-").parse().ok();
    let numbers: Vec<i128> = line.split_whitespace().filter_map(number).collect();
    numbers[..3].try_into().unwrap()
}

/// What the layers say that changed, what roles say, and what the totals say, as it is printed.
#[test]
fn printed_differences_of_layers_add_up_to_the_printed_totals() {
    // Filters that saw the channels of one of two groups see those of both: 2 · 128 filters of conv2 see 48
    // more, 2 · 192 of conv4 and 2 · 128 of conv5 see 192 more.
    let more = [2 * 128 * 48 * 25, 2 * 192 * 192 * 9, 2 * 128 * 192 * 9];
    let sum: i128 = more.iter().sum();
    let table = golden("compare-layers", "table");
    let [before, after, change] = sums(&table, " parameters ");
    // Krizhevsky's net has 60,965,224 parameters.
    assert_eq!((before, after - before, change), (60_965_224, sum, sum));
    for label in ["   weight ", "   shared ", "   stored "] {
        let [before, after, change] = sums(&table, label);
        assert_eq!((after - before, change), (sum, sum), "{label}");
    }
    // A float takes four bytes.
    assert_eq!(sums(&table, " weight bytes ")[2], 4 * sum);
    let markdown = golden("compare-layers", "markdown");
    for (what, total) in [("params ", " parameters "), ("MACs ", " MACs ")] {
        let counts = markdown.lines().filter(|it| it.starts_with("| changed "));
        let counts: Vec<[i128; 2]> = counts
            .map(|line| {
                let (_, rest) = line.split_once(what).unwrap();
                let (counts, _) = rest.split_once(" (").unwrap();
                let (before, after) = counts.split_once(" → ").unwrap();
                [before, after].map(|it| it.replace(',', "").parse().unwrap())
            })
            .collect();
        let off: Vec<i128> = counts
            .iter()
            .map(|[before, after]| after - before)
            .collect();
        assert_eq!(sums(&table, total)[2], off.iter().sum::<i128>(), "{what}");
        if what == "params " {
            assert_eq!(off, more);
        }
    }
}

#[test]
fn the_json_of_a_comparison_adds_up() {
    for case in ["compare-layers", "compare-open"] {
        let document: Value = serde_json::from_str(&golden(case, "json")).unwrap();
        let totals = &document["totals"];
        for side in ["before", "after"] {
            let roles = ["weight", "bias", "norm_affine", "elementwise"];
            let sum: u128 = roles
                .iter()
                .map(|it| whole(&totals["roles"][it][side]))
                .sum();
            assert_eq!(whole(&totals["params"][side]), sum, "{case}");
            for (kind, total) in [
                ("conv", &totals["conv"]["stored"]),
                ("linear", &totals["linear"]["params"]),
            ] {
                let layers = document["layers"].as_array().unwrap().iter();
                let layers = layers.filter(|it| it["kind"] == kind);
                let sum: u128 = layers.map(|it| whole(&it[side]["fields"]["params"])).sum();
                // A model without a graph says nothing of linear layers.
                if !total.is_null() {
                    assert_eq!(whole(&total[side]), sum, "{case}: {kind}");
                }
            }
        }
        let before = whole(&totals["params"]["before"]) + whole(&totals["params"]["difference"]);
        assert_eq!(before, whole(&totals["params"]["after"]), "{case}");
    }
}

#[test]
fn the_readme_shows_what_is_printed_of_two_versions() {
    let readme = read(&root().join("README.md"));
    let sample = format!("```text\n{}```", golden("compare-layers", "table"));
    assert!(
        readme.contains(&sample),
        "the README has another than:\n{sample}"
    );
}
