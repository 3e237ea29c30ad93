//! Sums of two models and how far they are apart.

use super::Page;
use super::words::signed;
use crate::compare::layers::Total;
use crate::compare::property::Value;
use crate::render::cell::UNKNOWN;
use crate::render::compare::cells::relative;
use crate::units::counted;

/// Sums by their names in the JSON document, and how people call them.
const LABELS: &[(&str, &str)] = &[
    ("params", "parameters"),
    ("roles.weight", "  weight"),
    ("roles.bias", "  bias"),
    ("roles.norm_affine", "  norm affine"),
    ("roles.elementwise", "  elementwise"),
    ("roles.norm_statistics", "norm statistics"),
    ("roles.quantization", "quantization"),
    ("roles.constant", "constants"),
    ("roles.dead", "dead"),
    ("weight_bytes", "weight bytes"),
    ("macs", "MACs"),
    ("conv.layers", "convs"),
    ("conv.shared", "  shared"),
    ("conv.stored", "  stored"),
    ("conv.unshared", "  locally conn."),
    ("conv.dense", "  fully conn."),
    ("conv.macs", "  MACs"),
    ("pool.layers", "pools"),
    ("linear.layers", "linear layers"),
    ("linear.params", "  parameters"),
    ("linear.macs", "  MACs"),
];

/// Sums that are shown whether they differ or not.
const ALWAYS: &[&str] = &["params", "weight_bytes", "macs"];

/// A sum of the two.
pub(super) struct Row {
    /// Two spaces in front of what is a part of the row above.
    pub(super) label: &'static str,
    pub(super) before: String,
    pub(super) after: String,
    /// `+1,413,120`, or `=`.
    pub(super) change: String,
    /// `+2.3 %`, or nothing.
    pub(super) percent: String,
}

/// The sums that are shown: those that differ and three more, or all.
pub(super) fn rows(page: &Page<'_>) -> Vec<Row> {
    let totals = page.layers.totals.iter();
    let differing = |name: &str| {
        let mut totals = page.layers.totals.iter();
        totals.any(|it| it.name.starts_with(name) && it.name.contains('.') && it.differs())
    };
    let shown = |it: &&Total| {
        // A part stands under its whole.
        let whole = ["conv.layers", "linear.layers"].contains(&it.name)
            && differing(it.name.trim_end_matches("layers"));
        page.all || it.differs() || ALWAYS.contains(&it.name) || whole
    };
    totals.filter(shown).filter_map(row).collect()
}

fn row(total: &Total) -> Option<Row> {
    let label = LABELS.iter().find(|it| it.0 == total.name)?.1;
    let text = |it: Option<u128>| it.map_or_else(|| UNKNOWN.to_owned(), counted);
    let both = total.before.zip(total.after);
    let differ = both.is_some_and(|it| it.0 != it.1);
    let percent = both.filter(|_| differ);
    let percent =
        percent.and_then(|(before, after)| relative(&Value::Count(after), &Value::Count(before)));
    Some(Row {
        label,
        before: text(total.before),
        after: text(total.after),
        change: both.map_or_else(String::new, |(before, after)| signed(before, after)),
        percent: percent.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sum_has_a_label() {
        let one = crate::render::sample::alexnet();
        let layers = crate::compare::layers::compare(&one, &one);
        for total in &layers.totals {
            assert!(row(total).is_some(), "{}", total.name);
        }
        assert_eq!(layers.totals.len(), LABELS.len());
    }
}
