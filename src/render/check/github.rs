//! Annotations of GitHub Actions: a line for each thing that is wrong, and the verdict of all.

use std::io;

use super::super::{View, printable};
use super::words::{sentence, subject, verdict_of_all};
use crate::check::{Outcome, Report};

/// Writes workflow commands.
///
/// Source: <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>
pub(super) fn write(report: &Report, _: &View, out: &mut dyn io::Write) -> io::Result<()> {
    for model in &report.models {
        let file = property(&model.path);
        if let Some(error) = &model.error {
            let text = message(&format!("could not be checked: {error}"));
            writeln!(out, "::error file={file},title=cnninspect::{text}")?;
        }
        for verdict in &model.verdicts {
            let command = match verdict.outcome() {
                Outcome::Pass => continue,
                Outcome::Warned => "warning",
                Outcome::Broken | Outcome::Unknown => "error",
            };
            let title = property(&format!("cnninspect: {}", subject(verdict)));
            let text = message(&sentence(verdict));
            writeln!(out, "::{command} file={file},title={title}::{text}")?;
        }
    }
    writeln!(out, "{}", verdict_of_all(report))
}

/// The text of a command, on one line.
fn message(text: &str) -> String {
    let text = printable(text);
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property's value, which ends at a comma or colon.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_end_its_command() {
        let cases = [
            ("a,b:c.onnx", "a%2Cb%3Ac.onnx", "a,b:c.onnx"),
            ("100 %", "100 %25", "100 %25"),
            ("two\nlines", "two\\nlines", "two\\nlines"),
        ];
        for (text, as_property, as_message) in cases {
            assert_eq!(
                (property(text).as_str(), message(text).as_str()),
                (as_property, as_message)
            );
        }
    }
}
