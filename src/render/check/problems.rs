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
    for (at, problem) in error.problems.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}", renderer.render(&report(error, problem)))?;
    }
    Ok(())
}

fn report<'a>(error: &'a ConfigError, problem: &'a Problem) -> Vec<Group<'a>> {
    let end = error.text.len();
    let span = problem.span.start.min(end)..problem.span.end.min(end);
    // A table's place is its whole text; its first line is enough to point at.
    let first_line = error.text.get(span.clone()).and_then(|it| it.find('\n'));
    let span = span.start..first_line.map_or(span.end, |it| span.start + it);
    let label = (!problem.label.is_empty()).then(|| printable(&problem.label));
    let snippet = Snippet::source(error.text.as_str())
        .path(error.path.as_str())
        .annotation(AnnotationKind::Primary.span(span).label(label));
    let title = Level::ERROR.primary_title(printable(&problem.message));
    let mut group = title.element(snippet);
    if let Some(help) = &problem.help {
        group = group.element(Level::HELP.message(printable(help)));
    }
    vec![group]
}
