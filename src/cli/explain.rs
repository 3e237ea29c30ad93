//! `cnninspect explain --rule NAME`: the pages of rules.

use clap::Args;
use cnninspect::finding::rules::Named;
use cnninspect::render::OutputFormat;

use super::values::{Common, Format};

/// What is to be explained.
#[derive(Debug)]
pub(crate) struct Explaining {
    /// Rules.
    pub(crate) rules: Vec<Named>,
    /// The output format.
    pub(crate) format: &'static OutputFormat,
}

const EXAMPLES: &str = "\
Examples:
  cnninspect explain --rule uneven-stride
  cnninspect explain --rule all
  cnninspect explain --rule all -f json | jq '.rules[] | {name, fix}'

Exit codes:
  0  done
  2  there is no such rule, or wrong usage";

/// Explains rules: what was found, why it matters, what would fix it
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Explain {
    /// Rules whose pages are shown, separated by commas; all and default list rules in a line each
    #[arg(long, value_name = "RULES", required = true, value_delimiter = ',', value_parser = Named::read)]
    rule: Vec<Named>,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    pub(super) common: Common,
}

impl Explain {
    /// The library's view of the arguments, or what is wrong with them together.
    pub(super) fn request(self) -> Result<Explaining, String> {
        let format = self.format.format;
        if !format.has_rules() {
            return Err(format!("--rule has no meaning in {}", format.name));
        }
        Ok(Explaining {
            rules: self.rule,
            format,
        })
    }
}
