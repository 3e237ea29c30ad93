//! What is said of two models beside their differences.

use super::field;
use super::told::has_order;
use crate::Inspection;
use crate::account::Layer;

/// What a model without a graph leaves out of the comparison, and what running convolutions showed.
pub(super) fn notes(sides: [&Inspection; 2]) -> Vec<String> {
    let open = sides.into_iter().filter(|it| !has_order(it));
    let mut out: Vec<String> = open.map(without_order).collect();
    out.extend(sides.into_iter().filter_map(runs));
    out
}

fn without_order(it: &Inspection) -> String {
    let others = field::KINDS.iter().filter(|kind| {
        let has = |layer: &Layer| field::kind(layer) == Some(kind);
        !it.layers.iter().any(has)
    });
    let others: Vec<&str> = others.copied().collect();
    let others = match others.as_slice() {
        [] => String::new(),
        _ => format!("; layers of kind {} are not compared", others.join(", ")),
    };
    format!(
        "{} tells no geometry, so strides, pads, sizes and order are open{others}; --graph or --geometry would settle it",
        it.path
    )
}

/// How runs of convolutions ended, where any were asked for.
fn runs(it: &Inspection) -> Option<String> {
    let all = &it.verification;
    let confirmed = all.iter().filter(|it| it.is_confirmed()).count();
    let wrong = all.iter().filter(|it| it.is_mismatch()).count();
    let open = all.len().saturating_sub(confirmed).saturating_sub(wrong);
    let parts = [
        (confirmed, "confirmed"),
        (wrong, "mismatched"),
        (open, "not run"),
    ];
    let parts = parts.iter().filter(|it| it.0 > 0);
    let parts: Vec<String> = parts
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    (!parts.is_empty()).then(|| format!("{}: convolutions {}", it.path, parts.join(", ")))
}
