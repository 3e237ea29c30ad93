//! What a check found, for people, programs and CI services.
//!
//! A format is a file under `check/` and a row in [`CHECK_FORMATS`].

mod cells;
mod github;
mod json;
mod junit;
mod markdown;
mod problems;
mod sarif;
mod table;
mod words;

use std::io;

use super::View;
use crate::check::Report;

pub use problems::problems;

/// An output format of `check`.
#[derive(Clone, Copy, Debug)]
pub struct CheckFormat {
    /// Its name for `--format`, and the golden files' extension.
    pub name: &'static str,
    /// What it is for, in help.
    pub about: &'static str,
    write: fn(&Report, &View, &mut dyn io::Write) -> io::Result<()>,
}

/// Every output format of `check`, the one for people first.
pub const CHECK_FORMATS: &[CheckFormat] = &[
    CheckFormat {
        name: "table",
        about: "for people",
        write: table::write,
    },
    CheckFormat {
        name: "json",
        about: "for programs: everything, exact, version 1",
        write: json::write,
    },
    CheckFormat {
        name: "markdown",
        about: "for a comment on a pull request, or a job's summary",
        write: markdown::write,
    },
    CheckFormat {
        name: "github",
        about: "annotations of GitHub Actions",
        write: github::write,
    },
    CheckFormat {
        name: "junit",
        about: "JUnit XML, as GitLab and Jenkins read it",
        write: junit::write,
    },
    CheckFormat {
        name: "sarif",
        about: "SARIF 2.1.0, for code scanning",
        write: sarif::write,
    },
];

impl CheckFormat {
    /// The format of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        CHECK_FORMATS.iter().find(|it| it.name == name)
    }

    /// Writes `report`. Two runs on equal reports are byte-identical.
    ///
    /// # Errors
    /// Whatever `out` answers to a write.
    pub fn write(&self, report: &Report, view: &View, out: &mut dyn io::Write) -> io::Result<()> {
        (self.write)(report, view, out)
    }
}
