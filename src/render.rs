//! Results → table, JSON, Markdown, CSV.
//!
//! An output format is a file under `render/` and a row in [`FORMATS`]; a column is a row in
//! [`COLUMNS`]. Flags, help and tests iterate those lists.

mod bar;
mod cell;
mod check;
mod column;
mod compare;
mod csv;
mod explain;
mod geometry;
mod json;
mod layout;
mod markdown;
mod names;
mod notes;
mod paint;
mod pooled;
mod pretty;
mod replica;
mod resolution;
mod rows;
mod rules;
#[cfg(test)]
mod sample;
mod summary;
mod sweep;
mod table;
mod text;
mod verdicts;
mod verified;
mod window;

use std::io;

use crate::Inspection;
use crate::explain::Explanation;
use crate::sweep::Swept;
use crate::verify::Replication;

pub use check::{CHECK_FORMATS, CheckFormat, problems};
pub use column::{COLUMNS, Column, WITHOUT_POOL, find as find_column};
pub use compare::{COMPARE_FORMATS, CompareFormat, Comparing};
pub use explain::Drawing;
pub use rules::Pages;
pub use text::printable;

/// How to show an inspection; what does not apply to a format is ignored by it.
#[derive(Clone, Debug)]
pub struct View {
    /// Every node, not only convolutions and pools.
    pub all: bool,
    /// The heaviest so many by unshared parameters, and one line for the rest. Not in JSON.
    pub top: Option<usize>,
    /// These columns instead of the format's own. Not in JSON.
    pub columns: Option<Vec<&'static Column>>,
    /// Rows by this column instead of the file's order. Not in JSON.
    pub sort: Option<&'static Column>,
    /// Columns of the terminal that the table may take.
    pub width: usize,
    /// Whether the table is coloured.
    pub color: bool,
}

impl Default for View {
    /// Convolutions and pools in the file's order, 100 columns wide, without colour.
    fn default() -> Self {
        Self {
            all: false,
            top: None,
            columns: None,
            sort: None,
            width: 100,
            color: false,
        }
    }
}

/// Writes an inspection in one format.
type Write = fn(&Inspection, &View, &mut dyn io::Write) -> io::Result<()>;

/// Writes what sharing is in one layer of the model at a path.
type WriteReplication = fn(&str, &Replication, &View, &mut dyn io::Write) -> io::Result<()>;

/// Writes the pages of rules.
type WriteRules = fn(&Pages, &View, &mut dyn io::Write) -> io::Result<()>;
/// Writes explanations of layers of the model at a path.
type WriteExplained =
    fn(&str, &[Explanation], Drawing, &View, &mut dyn io::Write) -> io::Result<()>;

/// Writes a network at several sizes.
type WriteSwept = fn(&Swept, &View, &mut dyn io::Write) -> io::Result<()>;

/// Version of the JSON documents; it rises when a field changes its meaning or goes, and new fields may come
/// any time.
const SCHEMA_VERSION: u32 = 1;

/// An output format.
#[derive(Clone, Copy, Debug)]
pub struct OutputFormat {
    /// Its name for `--format`, and the golden files' extension.
    pub name: &'static str,
    /// What it is for, in help.
    pub about: &'static str,
    /// Whether it has rows and columns to choose: `--top`, `--columns`, `--sort`.
    pub tabular: bool,
    write: Write,
    verified: Write,
    replicated: Option<WriteReplication>,
    rules: Option<WriteRules>,
    explained: Option<WriteExplained>,
    swept: WriteSwept,
}

/// Every output format, the one for people first.
pub const FORMATS: &[OutputFormat] = &[
    OutputFormat {
        name: "table",
        about: "for people",
        tabular: true,
        write: table::write,
        verified: verdicts::table,
        replicated: Some(replica::table),
        rules: Some(rules::table),
        explained: Some(explain::table),
        swept: sweep::table,
    },
    OutputFormat {
        name: "json",
        about: "for programs: everything, exact, version 1",
        tabular: false,
        write: json::write,
        verified: json::write,
        replicated: Some(replica::json),
        rules: Some(rules::json),
        explained: Some(explain::json),
        swept: sweep::json,
    },
    OutputFormat {
        name: "markdown",
        about: "for issues and model cards",
        tabular: true,
        write: markdown::write,
        verified: verdicts::markdown,
        replicated: None,
        rules: Some(rules::markdown),
        explained: Some(explain::markdown),
        swept: sweep::markdown,
    },
    OutputFormat {
        name: "csv",
        about: "for spreadsheets: one row a layer, exact",
        tabular: true,
        write: csv::write,
        verified: verdicts::csv,
        replicated: None,
        rules: None,
        explained: None,
        swept: sweep::csv,
    },
];

impl OutputFormat {
    /// The format of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        FORMATS.iter().find(|it| it.name == name)
    }

    /// Writes `inspection`. Two runs on equal inspections are byte-identical.
    ///
    /// # Errors
    /// Whatever `out` answers to a write.
    pub fn write(
        &self,
        inspection: &Inspection,
        view: &View,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        (self.write)(inspection, view, out)
    }

    /// Writes what running the convolutions showed; JSON is the same document in both.
    ///
    /// # Errors
    /// Whatever `out` answers to a write.
    pub fn write_verified(
        &self,
        inspection: &Inspection,
        view: &View,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        (self.verified)(inspection, view, out)
    }

    /// Writes a network, or layers of it, at several sizes.
    ///
    /// # Errors
    /// Whatever `out` answers to a write.
    pub fn write_swept(
        &self,
        swept: &Swept,
        view: &View,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        (self.swept)(swept, view, out)
    }

    /// Whether it can show what sharing is in one layer.
    #[must_use]
    pub fn can_replicate(&self) -> bool {
        self.replicated.is_some()
    }

    /// Whether it can show where a layer's numbers come from.
    #[must_use]
    pub fn can_explain(&self) -> bool {
        self.explained.is_some()
    }

    /// Writes where the numbers of some layers of the model at `path` come from.
    ///
    /// # Errors
    /// Whatever `out` answers to a write; a format that [cannot](Self::can_explain) is unsupported.
    pub fn write_explained(
        &self,
        path: &str,
        explanations: &[Explanation],
        drawing: Drawing,
        view: &View,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        match self.explained {
            Some(write) => write(path, explanations, drawing, view, out),
            None => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Writes what sharing is in one layer of the model at `path`.
    ///
    /// # Errors
    /// Whatever `out` answers to a write; a format that [cannot](Self::can_replicate) is unsupported.
    pub fn write_replicated(
        &self,
        path: &str,
        replication: &Replication,
        view: &View,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        match self.replicated {
            Some(write) => write(path, replication, view, out),
            None => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

impl OutputFormat {
    /// Whether it has pages of rules.
    #[must_use]
    pub fn has_rules(&self) -> bool {
        self.rules.is_some()
    }

    /// Writes the pages of rules.
    ///
    /// # Errors
    /// Whatever `out` answers to a write; a format that [has none](Self::has_rules) is unsupported.
    pub fn write_rules(
        &self,
        pages: &Pages,
        view: &View,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        match self.rules {
            Some(write) => write(pages, view, out),
            None => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::sample::{alexnet, empty, rendered};
    use super::*;

    #[test]
    fn every_format_writes_every_case_twice_alike() {
        for format in FORMATS {
            for inspection in [alexnet(), empty()] {
                let once = rendered(&inspection, format.name, &View::default());
                let twice = rendered(&inspection, format.name, &View::default());
                assert_eq!(once, twice, "{}", format.name);
                assert!(once.ends_with('\n') || once.is_empty(), "{}", format.name);
            }
        }
    }

    #[test]
    fn no_format_lets_a_name_write_to_the_terminal() {
        let mut inspection = alexnet();
        for layer in &mut inspection.layers {
            if let crate::account::Layer::Conv(row) = layer {
                row.name = "\u{1b}[2J\u{202e}conv\n|`<b>".to_owned();
            }
        }
        for format in FORMATS.iter().filter(|it| it.name != "csv") {
            let text = rendered(&inspection, format.name, &View::default());
            assert!(!text.contains('\u{1b}'), "{}", format.name);
            if format.name != "json" {
                assert!(!text.contains('\u{202e}'), "{}", format.name);
            }
        }
    }
}
