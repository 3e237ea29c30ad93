//! `cnninspect check`: budgets. Their flags are made from the table of rules.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};
use cnninspect::check::{
    Bound, Budget, Limit, Overrides, Pattern, RULES, Round, Rule, Tolerance, Unit, percent,
    rule_pattern,
};
use cnninspect::render::{CHECK_FORMATS, CheckFormat};

use super::values::{Common, Opening};

/// What a check is asked to do.
#[derive(Debug)]
pub(crate) struct Checking {
    /// Models; those of the configuration where there is none.
    pub(crate) models: Vec<PathBuf>,
    /// The configuration, where it is not to be looked for.
    pub(crate) config: Option<PathBuf>,
    /// Whether no configuration is looked for.
    pub(crate) no_config: bool,
    /// The baseline, where it is not at its usual place.
    pub(crate) baseline: Option<PathBuf>,
    /// What becomes of the baseline.
    pub(crate) keeping: Keeping,
    /// What holds over the configuration.
    pub(crate) overrides: Overrides,
    /// Whether links out of a model's folder are followed.
    pub(crate) allow_links: bool,
    /// The output format.
    pub(crate) format: &'static CheckFormat,
}

/// What becomes of the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeping {
    /// It is compared with.
    Compare,
    /// It is written anew, and nothing is checked.
    Save,
    /// Budgets are checked, and it takes in what was measured.
    Update,
}

const EXAMPLES: &str = "\
Examples:
  cnninspect init && cnninspect check
  cnninspect check model.onnx --max-params 25.6M --max-weight-bytes '98 MiB'
  cnninspect check --save-baseline && git add cnninspect.lock
  cnninspect check -f github
  cnninspect check -f markdown >> \"$GITHUB_STEP_SUMMARY\"

Amounts are whole numbers, or have a unit: k, M, G (parameters, MACs); kB, MB, KiB, MiB (bytes).

Exit codes:
  0  every model is within its budget
  1  a budget is broken, or a number with a budget cannot be computed
  2  could not be done: wrong usage, broken configuration, unreadable model";

/// Checks models against their budgets and the baseline
///
/// Budgets come from cnninspect.toml, found from here upwards, and from the options below, which hold for
/// every model and win. A number that cannot be computed fails. Every model is checked before it exits.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "one for each flag")]
pub(super) struct Check {
    /// ONNX files, or folders that hold one; without any, those of the configuration
    #[arg(value_name = "MODEL")]
    models: Vec<PathBuf>,

    /// The configuration
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    config: Option<PathBuf>,

    /// Look for no configuration
    #[arg(long)]
    no_config: bool,

    /// The baseline; cnninspect.lock beside the configuration without
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    /// Write what is measured as the baseline, and check nothing
    #[arg(long, conflicts_with = "update")]
    save_baseline: bool,

    /// Accept what changed: the baseline takes in what is measured; budgets still hold
    #[arg(long)]
    update: bool,

    /// How far numbers may move from the baseline, in percent
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    tolerance: Option<u128>,

    /// Let numbers pass that cannot be computed
    #[arg(long)]
    allow_unknown: bool,

    #[command(flatten)]
    opening: Opening,

    /// Output format
    #[arg(short, long, value_name = "FORMAT", default_value = "table", value_parser = formats())]
    format: &'static CheckFormat,

    #[command(flatten)]
    pub(super) common: Common,

    #[command(flatten)]
    budgets: Budgets,
}

impl Check {
    /// The library's view of the arguments, or what is wrong with them together.
    pub(super) fn request(self) -> Result<Checking, String> {
        let mut budget = self.budgets.0;
        budget.allow_unknown = self.allow_unknown.then_some(true);
        budget.tolerance = self.tolerance.map(|percent| Tolerance {
            percent: Some(percent),
            absolute: None,
        });
        Ok(Checking {
            models: self.models,
            config: self.config,
            no_config: self.no_config,
            baseline: self.baseline,
            keeping: match (self.save_baseline, self.update) {
                (true, _) => Keeping::Save,
                (false, true) => Keeping::Update,
                (false, false) => Keeping::Compare,
            },
            overrides: Overrides {
                budget,
                sizes: self.opening.sizes()?,
            },
            allow_links: self.opening.allow_links,
            format: self.format,
        })
    }
}

/// The rows of the list of formats.
fn formats() -> impl TypedValueParser<Value = &'static CheckFormat> {
    let row = |it: &CheckFormat| PossibleValue::new(it.name).help(it.about);
    PossibleValuesParser::new(CHECK_FORMATS.iter().map(row))
        .try_map(|name| CheckFormat::find(&name).ok_or("not a format"))
}

/// The budgets that options set: two options a rule.
#[derive(Debug)]
struct Budgets(Budget);

impl Args for Budgets {
    fn augment_args(command: Command) -> Command {
        let command = command.next_help_heading("Budgets");
        RULES
            .iter()
            .fold(command, |command, rule| command.args(options(rule)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Budgets {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut budget = Budget::default();
        for rule in RULES {
            let bound = bound(rule, matches);
            if bound.asks() {
                budget.rules.insert(rule.name, bound);
            }
        }
        Ok(Self(budget))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn options(rule: &'static Rule) -> [Arg; 2] {
    match rule.unit() {
        Some(unit) => [
            amount(rule, "max", "at most", unit, Round::Down),
            amount(rule, "min", "at least", unit, Round::Up),
        ],
        None => [
            names(rule, "allow", "only these"),
            names(rule, "deny", "none of these"),
        ],
    }
}

fn flag(rule: &Rule, side: &str) -> String {
    format!("{side}-{}", rule.name)
}

fn amount(rule: &Rule, side: &str, words: &str, unit: Unit, round: Round) -> Arg {
    Arg::new(flag(rule, side))
        .long(flag(rule, side))
        .value_name("AMOUNT")
        .help(format!("{words}: {}", rule.about))
        .value_parser(move |text: &str| unit.read(text, round))
}

fn names(rule: &'static Rule, side: &str, words: &str) -> Arg {
    Arg::new(flag(rule, side))
        .long(flag(rule, side))
        .value_name("NAMES")
        .action(ArgAction::Append)
        .value_delimiter(',')
        .help(format!("{words}: {}", rule.about))
        .value_parser(move |text: &str| rule_pattern(rule, text))
}

/// What the options of a rule ask.
fn bound(rule: &Rule, matches: &ArgMatches) -> Bound {
    if rule.unit().is_some() {
        let limit = |side| matches.get_one::<Limit>(&flag(rule, side)).cloned();
        return Bound {
            min: limit("min"),
            max: limit("max"),
            ..Bound::default()
        };
    }
    let patterns = |side| {
        let given = matches.get_many::<Pattern>(&flag(rule, side))?;
        Some(given.cloned().collect())
    };
    Bound {
        allow: patterns("allow"),
        deny: patterns("deny"),
        ..Bound::default()
    }
}
