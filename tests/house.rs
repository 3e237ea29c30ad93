//! Rules of the house, read off the source: who imports whom, who may know what, how files begin.

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms in the order data flows; a room imports only from rooms before it.
const ROOMS: &[&str] = &[
    "units", "source", "tensor", "finding", "op", "network", "read", "geometry", "infer",
    "account", "verify", "explain", "sweep", "check", "compare", "render", "cli", "main",
];

/// Rooms that judge an account, each for itself.
const JUDGES: &[&str] = &["verify", "check", "compare"];

/// Names that only some files may know, and where those are.
const SECRETS: &[(&str, &[&str])] = &[
    ("clap", &["src/cli.rs", "src/cli/"]),
    ("candle_core", &["src/verify.rs", "src/verify/"]),
    ("prost", &["src/read/onnx.rs", "src/read/onnx/"]),
    ("comfy_table", &["src/render/"]),
    ("annotate_snippets", &["src/render/"]),
    ("globset", &["src/check/", "src/verify/"]),
    ("DeTable", &["src/check/", "src/geometry/"]),
];

/// Printing and the end of the process, which are the door's.
const DOOR: &[&str] = &[
    "println!",
    "eprintln!",
    "print!",
    "eprint!",
    "dbg!",
    "process::exit",
];

/// A file has at most this many lines of code, its tests at the foot not counted; most have half.
const MOST_LINES: usize = 400;

struct File {
    path: String,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files() -> Vec<File> {
    let mut folders = vec![root().join("src")];
    let mut out = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                out.push(file(&path));
            }
        }
    }
    out.sort_by(|left, right| left.path.cmp(&right.path));
    out
}

fn file(path: &PathBuf) -> File {
    let name = path.strip_prefix(root()).unwrap().to_str().unwrap();
    File {
        path: name.replace('\\', "/"),
        text: fs::read_to_string(path).unwrap(),
    }
}

/// The room that a file stands in; `None` for the map.
fn room(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("src/")?.trim_end_matches(".rs");
    let room = inside.split('/').next()?;
    (room != "lib").then_some(room)
}

/// Lines without their comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(|line| line.split("//").next().unwrap_or_default())
}

fn is_word(it: char) -> bool {
    it.is_alphanumeric() || it == '_'
}

/// Whether `word` stands in `text` with no letter right before or after it.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// The rooms that a source text imports from.
fn imports(text: &str) -> Vec<&'static str> {
    let code: String = code(text).collect::<Vec<_>>().join("\n");
    let mut roots = String::new();
    for prefix in ["crate::", "cnninspect::"] {
        for (at, _) in code.match_indices(prefix) {
            let rest = &code[at + prefix.len()..];
            // A list of imports up to its end, else the path's first word.
            let end = if rest.starts_with('{') {
                rest.find(';')
            } else {
                rest.find(|it| !is_word(it))
            };
            roots.push_str(&rest[..end.unwrap_or(rest.len())]);
            roots.push(' ');
        }
    }
    ROOMS
        .iter()
        .copied()
        .filter(|room| has_word(&roots, room))
        .collect()
}

#[test]
fn a_room_imports_only_from_rooms_before_it() {
    let mut wrong = Vec::new();
    for File { path, text } in files() {
        let Some(room) = room(&path) else { continue };
        let Some(place) = ROOMS.iter().position(|it| *it == room) else {
            wrong.push(format!("{path}: {room} is no room"));
            continue;
        };
        let later = imports(&text)
            .into_iter()
            .filter(|it| ROOMS[place + 1..].contains(it));
        wrong.extend(later.map(|it| format!("{path} imports {it}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn judging_rooms_do_not_know_one_another() {
    let mut wrong = Vec::new();
    for File { path, text } in files() {
        let Some(room) = room(&path).filter(|it| JUDGES.contains(it)) else {
            continue;
        };
        let others = imports(&text).into_iter();
        let others = others.filter(|it| *it != room && JUDGES.contains(it));
        wrong.extend(others.map(|it| format!("{path} imports {it}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn imports_are_found_in_every_spelling() {
    let cases = [
        ("use crate::render::View;", &["render"][..]),
        ("use crate::{account::Layer, units};", &["units", "account"]),
        ("let it = crate::infer::infer();", &["infer"]),
        ("// use crate::render::View;", &[]),
        ("use crate::Inspection;", &[]),
        ("use cnninspect::verify::Choice;", &["verify"]),
    ];
    for (text, expected) in cases {
        assert_eq!(imports(text), expected, "{text}");
    }
}

#[test]
fn each_dependency_stays_in_its_room() {
    let mut wrong = Vec::new();
    for File { path, text } in files() {
        for (name, places) in SECRETS {
            let allowed = places.iter().any(|it| path.starts_with(it));
            if !allowed && code(&text).any(|line| has_word(line, name)) {
                wrong.push(format!("{path} knows {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_door_prints_and_exits() {
    let mut wrong = Vec::new();
    for File { path, text } in files().iter().filter(|it| it.path != "src/main.rs") {
        for word in DOOR {
            if code(text).any(|line| has_word(line, word)) {
                wrong.push(format!("{path} has {word}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_says_what_it_is_for() {
    let silent = files()
        .into_iter()
        .filter(|it| !it.text.starts_with("//! "));
    let silent: Vec<String> = silent.map(|it| it.path).collect();
    assert!(silent.is_empty(), "no //! at the top of {silent:?}");
}

#[test]
fn files_stay_short() {
    let mut long = Vec::new();
    for File { path, text } in files() {
        let lines = text
            .lines()
            .take_while(|line| *line != "mod tests {")
            .count();
        if lines > MOST_LINES {
            long.push(format!("{path}: {lines} lines, at most {MOST_LINES}"));
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn the_readme_tells_of_every_output_format() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let formats = cnninspect::render::FORMATS.iter().map(|it| it.name);
    let checks = cnninspect::render::CHECK_FORMATS.iter().map(|it| it.name);
    let formats = formats.chain(checks);
    let missing: Vec<&str> = formats.filter(|it| !has_word(&readme, it)).collect();
    assert!(missing.is_empty(), "README.md says nothing of {missing:?}");
}
