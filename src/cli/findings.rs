//! Rules on the command line: `--select`, `--ignore`.

use clap::Args;
use cnninspect::finding::rules::{Named, Selection};

/// Which rules are told.
#[derive(Debug, Args)]
pub(super) struct Findings {
    /// Tell of these rules alone, separated by commas; all, default, or names as explain --rule all lists
    #[arg(long, value_name = "RULES", value_delimiter = ',', value_parser = Named::read, help_heading = "Rules")]
    select: Vec<Named>,

    /// Tell nothing of these rules, whatever is selected
    #[arg(long, value_name = "RULES", value_delimiter = ',', value_parser = Named::read, help_heading = "Rules")]
    ignore: Vec<Named>,
}

impl Findings {
    /// The library's view of it.
    pub(super) fn selection(self) -> Selection {
        Selection {
            select: self.select,
            ignore: self.ignore,
        }
    }
}
