//! Every rule that a finding can come from: what it says, why that matters, what to do.
//!
//! A rule is a row in one of the files under `rules/`; `--select`, `explain --rule`, the `fix` in JSON and the
//! README's table are made from these rows.

mod layers;
mod reading;
mod sources;

use std::collections::BTreeSet;

use super::{Finding, similar};

/// How much a rule's findings ask of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Something is probably not as it was meant: told unless it is ignored.
    Warning,
    /// True and often meant so: told where it is selected.
    Note,
}

impl Level {
    /// Its name in JSON and tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// A rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name, in kebab case.
    pub name: &'static str,
    /// Whether it is told without being asked for.
    pub level: Level,
    /// What it finds, in one line.
    pub title: &'static str,
    /// What was found.
    pub found: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// What would fix it.
    pub fix: &'static str,
    /// A case in numbers.
    pub example: &'static str,
}

impl Rule {
    /// The rule of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        rules().find(|it| it.name == name)
    }
}

/// Rules by what they look at.
const GROUPS: &[&[Rule]] = &[layers::RULES, reading::RULES, sources::RULES];

/// Every rule: those of layers first, then those of files, sizes and geometry sources.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    GROUPS.iter().flat_map(|it| it.iter())
}

/// Some rules, as a user names them: `all`, `default`, or a rule's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// Every rule.
    All,
    /// Those that are told without being asked for.
    Default,
    /// One.
    One(&'static Rule),
}

impl Named {
    /// Reads a name.
    ///
    /// # Errors
    /// There is no such rule; the message names the one that was probably meant.
    pub fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        match text {
            "all" => return Ok(Self::All),
            "default" => return Ok(Self::Default),
            _ => {}
        }
        let names = rules().map(|it| it.name).chain(["all", "default"]);
        let unknown = || format!("there is no rule {text:?}{}", similar(text, names));
        Rule::find(text).map(Self::One).ok_or_else(unknown)
    }

    /// Whether it means this rule.
    #[must_use]
    pub fn means(&self, rule: &Rule) -> bool {
        match self {
            Self::All => true,
            Self::Default => rule.level == Level::Warning,
            Self::One(one) => one.name == rule.name,
        }
    }
}

/// Which rules are told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// These; the default ones where nothing is named.
    pub select: Vec<Named>,
    /// But none of these.
    pub ignore: Vec<Named>,
}

impl Selection {
    /// Whether a rule is told.
    #[must_use]
    pub fn tells(&self, rule: &Rule) -> bool {
        let meant = |named: &[Named]| named.iter().any(|it| it.means(rule));
        let selected = if self.select.is_empty() {
            Named::Default.means(rule)
        } else {
            meant(&self.select)
        };
        selected && !meant(&self.ignore)
    }

    /// Takes away the findings of rules that are not told.
    pub fn apply(&self, findings: &mut Vec<Finding>) {
        let told: BTreeSet<&str> = rules()
            .filter(|it| self.tells(it))
            .map(|it| it.name)
            .collect();
        findings.retain(|it| told.contains(it.rule));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Vec<Named> {
        let names = text.split(',').filter(|it| !it.is_empty());
        names.map(|it| Named::read(it).unwrap()).collect()
    }

    #[test]
    fn a_selection_tells_what_is_selected_and_not_ignored() {
        // Selected, ignored, then whether a warning (uneven-stride) and a note (conv-is-linear) are told.
        let cases = [
            ("", "", true, false),
            ("all", "", true, true),
            ("default", "", true, false),
            ("conv-is-linear", "", false, true),
            ("default,conv-is-linear", "", true, true),
            ("", "uneven-stride", false, false),
            ("all", "uneven-stride", false, true),
            ("all", "default", false, true),
            ("uneven-stride", "all", false, false),
        ];
        for (select, ignore, warning, note) in cases {
            let selection = Selection {
                select: named(select),
                ignore: named(ignore),
            };
            let told = ["uneven-stride", "conv-is-linear"]
                .map(|it| selection.tells(Rule::find(it).unwrap()));
            assert_eq!(told, [warning, note], "select {select}, ignore {ignore}");
        }
    }

    #[test]
    fn findings_of_other_rules_are_taken_away() {
        let of = |rule| Finding::general(rule, String::new());
        let mut findings = vec![of("uneven-stride"), of("conv-is-linear"), of("lora")];
        Selection::default().apply(&mut findings);
        assert_eq!(findings, [of("uneven-stride"), of("lora")]);
    }

    #[test]
    fn an_unknown_rule_is_an_error_that_names_the_near_one() {
        let cases = [
            (
                "unevn-stride",
                "there is no rule \"unevn-stride\" (did you mean \"uneven-stride\"?)",
            ),
            ("al", "there is no rule \"al\" (did you mean \"all\"?)"),
            ("latency", "there is no rule \"latency\""),
            ("", "there is no rule \"\""),
        ];
        for (name, expected) in cases {
            assert_eq!(Named::read(name).unwrap_err(), expected);
        }
    }

    #[test]
    fn every_rule_has_a_name_of_its_own_and_a_whole_page() {
        let mut names = BTreeSet::new();
        for rule in rules() {
            let name = rule.name;
            assert!(names.insert(name), "{name} twice");
            let kebab = |it: char| it.is_ascii_lowercase() || it == '-';
            assert!(name.chars().all(kebab) && !name.starts_with('-'), "{name}");
            assert!(!rule.title.ends_with('.'), "{name}");
            assert!(rule.title.chars().count() <= 72, "{name}");
            for text in [rule.found, rule.why, rule.fix, rule.example] {
                assert!(text.len() > 20 && text.ends_with('.'), "{name}: {text}");
                assert!(
                    !text.contains("  ") && !text.contains('\n'),
                    "{name}: {text}"
                );
            }
        }
    }
}
