//! The pages of rules: what was found, why it matters, what would fix it.

use std::io;

use serde::Serialize;

use super::markdown::escaped;
use super::paint::{Ink, Paint};
use super::text::{padded, width, wrapped};
use super::{View, json};
use crate::finding::rules::{Level, Named, Rule, rules};

/// Room of the labels of a page.
const LABEL: usize = 8;

/// Rules to be shown, in the catalogue's order.
#[derive(Clone, Debug)]
pub struct Pages {
    rules: Vec<&'static Rule>,
    /// Whether they are too many to be read one after the other: a line each.
    list: bool,
}

impl Pages {
    /// Pages of single rules, and a list where `all` or `default` is among them.
    #[must_use]
    pub fn of(named: &[Named]) -> Self {
        Self {
            rules: rules()
                .filter(|rule| named.iter().any(|it| it.means(rule)))
                .collect(),
            list: !named.iter().all(|it| matches!(it, Named::One(_))),
        }
    }
}

/// The parts of a page with their labels.
fn parts(rule: &Rule) -> [(&'static str, String); 5] {
    let name = rule.name;
    let options = match rule.level {
        Level::Warning => format!("told by default; --ignore {name} leaves it out"),
        Level::Note => format!("not told by default; --select default,{name} tells it"),
    };
    [
        ("found", rule.found.to_owned()),
        ("why", rule.why.to_owned()),
        ("fix", rule.fix.to_owned()),
        ("example", rule.example.to_owned()),
        ("options", options),
    ]
}

/// Writes pages, or a list, for people.
pub(super) fn table(pages: &Pages, view: &View, out: &mut dyn io::Write) -> io::Result<()> {
    let paint = Paint { on: view.color };
    let names = pages.rules.iter().map(|it| width(it.name)).max();
    for (at, rule) in pages.rules.iter().enumerate() {
        if pages.list {
            list_line(rule, names.unwrap_or(0), view, paint, out)?;
            continue;
        }
        if at > 0 {
            writeln!(out)?;
        }
        let title = format!("{}: {}", rule.name, rule.title);
        for line in wrapped(&title, view.width) {
            writeln!(out, "{}", paint.with(Ink::Bold, &line))?;
        }
        writeln!(out)?;
        for (label, text) in parts(rule) {
            let lines = wrapped(&text, view.width.saturating_sub(LABEL + 2));
            for (at, line) in lines.iter().enumerate() {
                let label = padded(if at == 0 { label } else { "" }, LABEL);
                writeln!(out, " {} {line}", paint.with(Ink::Dim, &label))?;
            }
        }
    }
    Ok(())
}

/// A rule in one line, or as many as the width asks for.
fn list_line(
    rule: &Rule,
    names: usize,
    view: &View,
    paint: Paint,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let lines = wrapped(rule.title, view.width.saturating_sub(names + 11).max(10));
    for (at, line) in lines.iter().enumerate() {
        let (name, level) = if at == 0 {
            (rule.name, rule.level.name())
        } else {
            ("", "")
        };
        let level = paint.with(Ink::Dim, &padded(level, 7));
        writeln!(out, "{}  {level}  {line}", padded(name, names))?;
    }
    Ok(())
}

/// Writes pages, or a table, as Markdown.
pub(super) fn markdown(pages: &Pages, _: &View, out: &mut dyn io::Write) -> io::Result<()> {
    if pages.list {
        writeln!(out, "| rule | | what it finds |\n| --- | --- | --- |")?;
    }
    for (at, rule) in pages.rules.iter().enumerate() {
        let (name, level, title) = (rule.name, rule.level.name(), escaped(rule.title));
        if pages.list {
            writeln!(out, "| `{name}` | {level} | {title} |")?;
            continue;
        }
        if at > 0 {
            writeln!(out)?;
        }
        writeln!(out, "## `{name}`\n\n{title}\n")?;
        for (label, text) in parts(rule) {
            writeln!(out, "- **{label}**: {}", escaped(&text))?;
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct Document<'a> {
    rules: Vec<Page<'a>>,
}

/// A rule's page; `default` is whether it is told without being selected.
#[derive(Serialize)]
struct Page<'a> {
    name: &'a str,
    level: &'static str,
    default: bool,
    title: &'a str,
    found: &'a str,
    why: &'a str,
    fix: &'a str,
    example: &'a str,
}

/// Writes whole pages as JSON.
pub(super) fn json(pages: &Pages, _: &View, out: &mut dyn io::Write) -> io::Result<()> {
    let page = |rule: &&'static Rule| Page {
        name: rule.name,
        level: rule.level.name(),
        default: rule.level == Level::Warning,
        title: rule.title,
        found: rule.found,
        why: rule.why,
        fix: rule.fix,
        example: rule.example,
    };
    let document = Document {
        rules: pages.rules.iter().map(page).collect(),
    };
    json::document(document, out)
}
