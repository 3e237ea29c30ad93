//! What the reader notices, each thing once and no rule without end.

use std::collections::BTreeMap;

use foldhash::HashSet;

use crate::finding::Finding;
use crate::units::grouped;

/// Findings of one rule that are told one by one.
const MOST_OF_A_RULE: u64 = 100;

/// Findings so far.
#[derive(Default)]
pub(super) struct Findings {
    list: Vec<Finding>,
    told: HashSet<(&'static str, String)>,
    counts: BTreeMap<&'static str, u64>,
}

impl Findings {
    /// Adds a finding about one layer, tensor or input, or about the whole file. The message is not made
    /// where there are too many.
    pub(super) fn add(
        &mut self,
        rule: &'static str,
        layer: Option<&str>,
        message: impl FnOnce() -> String,
    ) {
        let count = self.counts.entry(rule).or_default();
        if *count < MOST_OF_A_RULE {
            let message = message();
            if !self.told.insert((rule, message.clone())) {
                return;
            }
            self.list.push(Finding {
                rule,
                layer: layer.map(str::to_owned),
                message,
            });
        }
        *count = count.saturating_add(1);
    }

    /// All of them; for a rule with too many, how many more there are.
    pub(super) fn into_list(mut self) -> Vec<Finding> {
        for (rule, count) in self.counts {
            let more = count.saturating_sub(MOST_OF_A_RULE);
            if more > 0 {
                let message = format!("{} more of the same kind", grouped(&more.to_string()));
                self.list.push(Finding::general(rule, message));
            }
        }
        self.list
    }
}
