//! What comes in with a dependency: where from, under which licence, with how much `unsafe`. The table
//! `.ci/dependencies.tsv` is written by `benches/dependencies.py`, the lists stand in `.ci/deny.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;
use toml::de::{DeTable, DeValue};

/// A row of the table.
#[derive(Debug, PartialEq)]
struct Row {
    licence: String,
    /// `binary`, `build`, `test`, or `-` for other systems and features.
    used: String,
    /// How often the word stands in its source.
    times: u64,
}

/// Name and version.
type Crate = (String, String);

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|it| panic!("{}: {it}", path.display()))
}

fn table() -> BTreeMap<Crate, Row> {
    let text = read(".ci/dependencies.tsv");
    let rows = text.lines().skip(1).map(|line| {
        let [name, version, licence, used, times] =
            line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let row = Row {
            licence: licence.to_owned(),
            used: used.to_owned(),
            times: times.parse().unwrap(),
        };
        ((name.to_owned(), version.to_owned()), row)
    });
    rows.collect()
}

/// Crates of Cargo.lock with the source of each; this one has none.
fn locked() -> BTreeMap<Crate, String> {
    let text = read("Cargo.lock");
    let lock = DeTable::parse(&text).unwrap();
    let packages = lock.get_ref()["package"].get_ref().as_array().unwrap();
    let mut out = BTreeMap::new();
    for package in packages {
        let package = package.get_ref().as_table().unwrap();
        let word = |key: &str| {
            let value = package.get(key).map(toml::Spanned::get_ref);
            value.and_then(DeValue::as_str).unwrap_or("").to_owned()
        };
        if word("source").is_empty() {
            assert_eq!(word("name"), "cnninspect", "a path is no source");
            continue;
        }
        let checksum = word("checksum");
        assert_eq!(checksum.len(), 64, "{}: {checksum:?}", word("name"));
        out.insert((word("name"), word("version")), word("source"));
    }
    out
}

/// The strings of a list in `.ci/deny.toml`.
fn strings(section: &str, key: &str) -> Vec<String> {
    let text = read(".ci/deny.toml");
    let deny = DeTable::parse(&text).unwrap();
    let list = deny.get_ref()[section].get_ref().as_table().unwrap()[key].get_ref();
    let list = list.as_array().unwrap().iter();
    list.map(|it| {
        let it = it.get_ref();
        let table = it.as_table();
        let word = table.map_or(Some(it), |it| {
            Some(it.get("id").or(it.get("crate"))?.get_ref())
        });
        word.and_then(DeValue::as_str).unwrap().to_owned()
    })
    .collect()
}

/// Whether one of the expression's alternatives needs nothing but what is allowed.
fn allows(allowed: &[String], expression: &str) -> bool {
    let is_allowed = |it: &str| {
        let one = it.trim_matches(['(', ')', ' ']);
        allowed.iter().any(|it| it == one)
    };
    // `(A OR B) AND C` is the one form with both words.
    if let Some((first, second)) = expression.split_once(" AND ") {
        return allows(allowed, first) && allows(allowed, second);
    }
    expression.split(" OR ").any(is_allowed)
}

#[test]
fn the_table_has_every_crate_of_the_lock_and_all_come_from_crates_io() {
    let (locked, table) = (locked(), table());
    let again = "run `python3 benches/dependencies.py`";
    let left: Vec<_> = locked.keys().filter(|it| !table.contains_key(it)).collect();
    assert!(
        left.is_empty(),
        "not in .ci/dependencies.tsv, {again}: {left:?}"
    );
    let gone: Vec<_> = table.keys().filter(|it| !locked.contains_key(it)).collect();
    assert!(
        gone.is_empty(),
        "no longer in Cargo.lock, {again}: {gone:?}"
    );
    for (name, source) in &locked {
        let expected = "registry+https://github.com/rust-lang/crates.io-index";
        assert_eq!(source, expected, "{name:?}");
    }
    assert!(locked.len() > 100);
}

#[test]
fn every_licence_is_one_of_those_that_are_allowed() {
    let allowed = strings("licenses", "allow");
    let exceptions = strings("licenses", "exceptions");
    for ((name, _), row) in table() {
        if exceptions.contains(&name) {
            assert_eq!((&*row.licence, &*row.used), ("MPL-2.0", "test"), "{name}");
        } else {
            assert!(allows(&allowed, &row.licence), "{name}: {}", row.licence);
        }
    }
}

#[test]
fn licences_are_read_as_they_are_meant() {
    let allowed = ["MIT".to_owned(), "Unicode-3.0".to_owned()];
    let cases = [
        ("MIT", true),
        ("GPL-3.0", false),
        ("Apache-2.0 OR MIT", true),
        ("Apache-2.0 OR GPL-3.0", false),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
        ("(MIT OR Apache-2.0) AND GPL-3.0", false),
        ("MITNFA", false),
    ];
    for (expression, expected) in cases {
        assert_eq!(allows(&allowed, expression), expected, "{expression}");
    }
}

/// What cargo says of the crates that are compiled here; `None` where some were never downloaded.
fn metadata() -> Option<Json> {
    let host = Command::new("rustc").arg("-vV").output().unwrap();
    let host = String::from_utf8(host.stdout).unwrap();
    let host = host
        .lines()
        .find_map(|it| it.strip_prefix("host: "))
        .unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--format-version", "1"])
        .args(["--filter-platform", host])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        assert!(error.contains("--offline"), "{error}");
        return None;
    }
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn the_table_says_what_cargo_says() {
    let Some(metadata) = metadata() else { return };
    let table = table();
    let mut ids = BTreeMap::new();
    for package in metadata["packages"].as_array().unwrap() {
        let word = |key: &str| package[key].as_str().unwrap_or("").to_owned();
        if package["source"].is_null() {
            continue;
        }
        let name = (word("name"), word("version"));
        let licence = word("license").replace(" / ", " OR ").replace('/', " OR ");
        assert_eq!(table[&name].licence, licence, "{name:?}");
        ids.insert(word("id"), name);
    }
    // Nothing that is for tests is reached by what the binary needs.
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let nodes: BTreeMap<_, _> = nodes
        .iter()
        .map(|it| (it["id"].as_str().unwrap(), it))
        .collect();
    let mut open = vec![metadata["resolve"]["root"].as_str().unwrap()];
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        for dep in nodes[id]["deps"].as_array().unwrap() {
            let kinds = dep["dep_kinds"].as_array().unwrap();
            let package = dep["pkg"].as_str().unwrap();
            if kinds.iter().any(|it| it["kind"] != "dev") && seen.insert(package) {
                open.push(package);
            }
        }
    }
    let tests: Vec<_> = seen
        .iter()
        .filter(|it| table[&ids[**it]].used == "test")
        .collect();
    assert!(tests.is_empty(), "{tests:?}");
    assert!(seen.len() > 50, "{}", seen.len());
}

#[test]
fn an_advisory_is_ignored_for_tests_only() {
    assert_eq!(strings("advisories", "ignore"), ["RUSTSEC-2024-0437"]);
    let table = table();
    let protobuf: Vec<_> = table.iter().filter(|it| it.0.0 == "protobuf").collect();
    let [((_, version), row)] = &protobuf[..] else {
        panic!("{protobuf:?}");
    };
    assert_eq!((&**version, &*row.used), ("3.4.0", "test"));
}

#[test]
fn unsafe_is_forbidden_here_and_counted_elsewhere() {
    let manifest = read("Cargo.toml");
    let lints = manifest.split("[lints.rust]").nth(1).unwrap();
    let lints = lints.split("\n[").next().unwrap();
    assert!(lints.contains("\nunsafe_code = \"forbid\""), "{lints}");
    let readme = read("README.md");
    for used in ["binary", "build", "test"] {
        let table = table();
        let rows: Vec<_> = table.values().filter(|it| it.used == used).collect();
        let without = rows.iter().filter(|it| it.times == 0).count();
        let times: u64 = rows.iter().map(|it| it.times).sum();
        let times = cnninspect::units::grouped(&times.to_string());
        let row = format!("| {used} | {} | {without} | {times} |", rows.len());
        assert!(readme.contains(&row), "README.md does not say {row}");
    }
}
