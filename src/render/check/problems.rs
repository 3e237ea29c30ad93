//! Mistakes in a configuration: each with its line and a caret, as cargo shows them.

use std::io;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::super::{View, printable};
use crate::check::{ConfigError, Problem};

/// Writes every mistake.
///
/// # Errors
/// Whatever `out` answers to a write.
pub fn problems(error: &ConfigError, view: &View, out: &mut dyn io::Write) -> io::Result<()> {
    let renderer = if view.color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let renderer = renderer.term_width(view.width);
    let text = shown(&error.text);
    let path = printable(&error.path);
    for (at, problem) in error.problems.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        let report = report(error, problem, &text, &path);
        writeln!(out, "{}", renderer.render(&report))?;
    }
    Ok(())
}

/// A text as it is safe to print; the renderer itself takes care of ASCII's control characters.
fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for it in text.chars() {
        if it.is_ascii() {
            out.push(it);
        } else {
            out.push_str(&printable(it.encode_utf8(&mut [0; 4])));
        }
    }
    out
}

/// The place in the shown text of a place in the text.
fn place(text: &str, at: usize) -> usize {
    text.get(..at).map_or(0, |it| shown(it).len())
}

fn report<'a>(
    error: &'a ConfigError,
    problem: &'a Problem,
    text: &'a str,
    path: &'a str,
) -> Vec<Group<'a>> {
    let end = error.text.len();
    let span = problem.span.start.min(end)..problem.span.end.min(end);
    // A table's place is its whole text; its first line is enough to point at.
    let first_line = error.text.get(span.clone()).and_then(|it| it.find('\n'));
    let span = span.start..first_line.map_or(span.end, |it| span.start + it);
    let span = place(&error.text, span.start)..place(&error.text, span.end);
    let label = (!problem.label.is_empty()).then(|| printable(&problem.label));
    let snippet = Snippet::source(text)
        .path(path)
        .annotation(AnnotationKind::Primary.span(span).label(label));
    let title = Level::ERROR.primary_title(printable(&problem.message));
    let mut group = title.element(snippet);
    if let Some(help) = &problem.help {
        group = group.element(Level::HELP.message(printable(help)));
    }
    vec![group]
}

#[cfg(test)]
mod tests {
    use crate::check::Config;

    use super::*;

    #[test]
    fn a_line_that_is_shown_moves_no_cursor_and_is_pointed_at() {
        // U+009B begins a command to a terminal, as ESC [ does.
        let cases = [
            ("\u{9b}2J", "\\u{9b}2J", "\\u{9b}2J".len() + 2),
            ("\u{202e}x", "\\u{202e}x", "\\u{202e}x".len() + 2),
            ("ä", "ä", 3),
            // Which TOML has in no string, so that this character itself is pointed at.
            ("\u{1b}[2J", "␛[2J", 1),
        ];
        for (name, expected, width) in cases {
            let text = format!("# {name}\n\"{name}\" = 1 # {name}\n");
            let error = Config::read("cnninspect.toml", &text).unwrap_err();
            let mut out = Vec::new();
            problems(&error, &View::default(), &mut out).unwrap();
            let out = String::from_utf8(out).unwrap();
            let mut lines = out.lines().skip_while(|it| !it.starts_with("2 | "));
            let line = lines.next().unwrap_or_default();
            assert!(line.contains(&format!("\"{expected}\" = 1")), "{out}");
            assert!(
                out.chars().all(|it| it == '\n' || !it.is_control()),
                "{out:?}"
            );
            let marks = lines.next().unwrap_or_default().matches('^').count();
            assert_eq!(marks, width, "{out}");
        }
    }
}
