//! JUnit XML: a suite a model, a case a verdict.
//!
//! Of what the readers disagree about only the common part is used: counts, `failure`, `error`,
//! `skipped`, `system-out`. Source: <https://github.com/testmoapp/junitxml>

use std::io;

use super::super::{View, printable};
use super::words::{notes, sentence, subject};
use crate::check::{ModelReport, Outcome, Report, Status, Verdict};

/// Writes the document.
pub(super) fn write(report: &Report, _: &View, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    let sums = report
        .models
        .iter()
        .map(Sums::of)
        .fold(Sums::default(), Sums::plus);
    writeln!(
        out,
        "<testsuites name=\"cnninspect check\" {} time=\"0\">",
        sums.attributes(false)
    )?;
    for model in &report.models {
        let (name, sums) = (escaped(&model.path), Sums::of(model));
        writeln!(
            out,
            "  <testsuite name=\"{name}\" {} time=\"0\">",
            sums.attributes(true)
        )?;
        if let Some(error) = &model.error {
            let text = escaped(error);
            writeln!(
                out,
                "    <testcase name=\"the model can be read\" classname=\"{name}\" time=\"0\">"
            )?;
            writeln!(
                out,
                "      <error message=\"{text}\" type=\"error\">{text}</error>"
            )?;
            writeln!(out, "    </testcase>")?;
        }
        for verdict in &model.verdicts {
            write_case(verdict, &name, out)?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

/// The name of a case: the rule, its layer, and whether it compares with the baseline.
fn case_name(verdict: &Verdict) -> String {
    let against = if verdict.is_baseline() {
        " (baseline)"
    } else {
        ""
    };
    format!("{}{against}", subject(verdict))
}

fn write_case(verdict: &Verdict, model: &str, out: &mut dyn io::Write) -> io::Result<()> {
    let name = escaped(&case_name(verdict));
    let text = escaped(&sentence(verdict));
    let body = match verdict.outcome() {
        Outcome::Pass if verdict.status == Status::Unknown => {
            let reason = escaped(&notes(verdict).join("; "));
            format!("<skipped message=\"{reason}\"/>")
        }
        Outcome::Pass | Outcome::Warned => format!("<system-out>{text}</system-out>"),
        Outcome::Broken | Outcome::Unknown => {
            let kind = verdict.status.name();
            format!("<failure message=\"{text}\" type=\"{kind}\">{text}</failure>")
        }
    };
    writeln!(
        out,
        "    <testcase name=\"{name}\" classname=\"{model}\" time=\"0\">"
    )?;
    writeln!(out, "      {body}")?;
    writeln!(out, "    </testcase>")
}

/// The numbers that a suite says of itself.
#[derive(Clone, Copy, Default)]
struct Sums {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Sums {
    fn of(model: &ModelReport) -> Self {
        let count = |of: fn(&Verdict) -> bool| model.verdicts.iter().filter(|it| of(it)).count();
        let errors = usize::from(model.error.is_some());
        Self {
            tests: model.verdicts.len() + errors,
            failures: count(|it| matches!(it.outcome(), Outcome::Broken | Outcome::Unknown)),
            errors,
            skipped: count(|it| it.outcome() == Outcome::Pass && it.status == Status::Unknown),
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            tests: self.tests + other.tests,
            failures: self.failures + other.failures,
            errors: self.errors + other.errors,
            skipped: self.skipped + other.skipped,
        }
    }

    fn attributes(self, with_skipped: bool) -> String {
        let (tests, failures, errors) = (self.tests, self.failures, self.errors);
        let skipped = if with_skipped {
            format!(" skipped=\"{}\"", self.skipped)
        } else {
            String::new()
        };
        format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\"{skipped}")
    }
}

/// Text as XML 1.0 has it; what it cannot hold at all is spelled out first.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for it in printable(text).chars() {
        match it {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}
