//! Deep nets are parted where their resolution changes.

use super::View;
use super::layout::MARGIN;
use super::rows::{Selection, pool};
use crate::account::Layer;
use crate::tensor::Shape;

/// Nets of more rows than this are parted.
const DEEP: usize = 16;

/// For each row the line before it: the new resolution, `── 56×56`, where it changes. Rows that are
/// not in the file's order, and nets that change it all the time, have none.
pub(super) fn margins(selection: &Selection<'_>, view: &View) -> Vec<Option<String>> {
    let none = vec![None; selection.shown.len()];
    if selection.shown.len() <= DEEP || view.top.is_some() || view.sort.is_some() {
        return none;
    }
    let mut current = String::new();
    let mut out = Vec::new();
    for layer in &selection.shown {
        let next = resolution(layer).filter(|it| *it != current);
        let line = |it: &String| format!("{}── {it}", " ".repeat(MARGIN));
        out.push(next.as_ref().map(line));
        current = next.unwrap_or(current);
    }
    let changes = out.iter().filter(|it| it.is_some()).count();
    if changes.saturating_mul(2) > out.len() {
        none
    } else {
        out
    }
}

/// The spatial sizes that a layer works at; a global pool or a squeeze to one place has none.
fn resolution(layer: &Layer) -> Option<String> {
    let output = match layer {
        Layer::Conv(row) => row.output_shape.as_ref(),
        Layer::Pool(row) => row.output_shape.as_ref(),
        _ => None,
    };
    let sizes = output?.sizes()?;
    let spatial = sizes.get(2..)?;
    let passing = pool(layer).is_some_and(|it| it.global) || spatial.iter().all(|it| *it == 1);
    (!passing).then(|| Shape::known(spatial).to_string())
}
