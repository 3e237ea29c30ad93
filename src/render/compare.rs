//! Models side by side → table, JSON, Markdown, CSV. A format is a file here and a row of
//! [`COMPARE_FORMATS`].

mod cells;
mod csv;
mod json;
mod layers;
mod markdown;
mod table;

use std::io;

use crate::compare::layers::Layers;
use crate::compare::property::Property;
use crate::compare::summary::Summary;
use crate::compare::tensors::Tensors;

/// How to show models side by side.
#[derive(Clone, Debug, Default)]
pub struct Comparing {
    /// Differences to the first model instead of values. Not in JSON, which has both.
    pub relative: bool,
    /// These properties instead of all. Not in JSON.
    pub properties: Option<Vec<&'static Property>>,
    /// A row for every layer, for equal ones too. In JSON and CSV it always is so.
    pub all: bool,
}

/// A comparison, and how to show it.
struct Page<'a> {
    summary: &'a Summary,
    view: &'a Comparing,
    width: usize,
    color: bool,
}

type Write = fn(&Page<'_>, &mut dyn io::Write) -> io::Result<()>;

/// An output format of comparisons.
#[derive(Clone, Copy, Debug)]
pub struct CompareFormat {
    /// Its name for `--format`.
    pub name: &'static str,
    /// What it is for, in help.
    pub about: &'static str,
    /// Whether there are properties and an order to choose.
    pub tabular: bool,
    write: Write,
    layers: layers::Write,
}

/// Every output format of comparisons, the one for people first.
pub const COMPARE_FORMATS: &[CompareFormat] = &[
    CompareFormat {
        name: "table",
        about: "for people",
        tabular: true,
        write: table::write,
        layers: layers::table::write,
    },
    CompareFormat {
        name: "json",
        about: "for programs: everything, exact, version 1",
        tabular: false,
        write: json::write,
        layers: layers::json::write,
    },
    CompareFormat {
        name: "markdown",
        about: "for issues and model cards",
        tabular: true,
        write: markdown::write,
        layers: layers::markdown::write,
    },
    CompareFormat {
        name: "csv",
        about: "for spreadsheets: one row a model or a pair of layers, exact",
        tabular: true,
        write: csv::write,
        layers: layers::csv::write,
    },
];

impl CompareFormat {
    /// The format of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        COMPARE_FORMATS.iter().find(|it| it.name == name)
    }

    /// Writes `summary`, a table in at most `width` columns.
    ///
    /// # Errors
    /// Whatever `out` answers to a write.
    pub fn write(
        &self,
        summary: &Summary,
        view: &Comparing,
        width: usize,
        color: bool,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let page = Page {
            summary,
            view,
            width,
            color,
        };
        (self.write)(&page, out)
    }

    /// Writes two versions of one architecture, their stored tensors where those were compared too, a table in at most `width` columns.
    ///
    /// # Errors
    /// Whatever `out` answers to a write.
    pub fn write_layers(
        &self,
        layers: &Layers,
        tensors: Option<&Tensors>,
        view: &Comparing,
        width: usize,
        color: bool,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let page = layers::Page {
            layers,
            tensors,
            contents: tensors.map_or_else(Vec::new, |it| it.of_layers(layers)),
            all: view.all,
            width,
            color,
        };
        (self.layers)(&page, out)
    }
}
