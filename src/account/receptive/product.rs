//! What the factors of a matrix product see.

use super::field::{Along, Field};
use crate::network::Node;

/// Sums a factor's inner axis and lays its other one where the result has it.
pub(super) fn factor(field: &mut Field, node: &Node, rank: usize, left: bool) {
    let (row, column) = (rank.saturating_sub(2), rank.saturating_sub(1));
    let name = if left { "transA" } else { "transB" };
    let transposed = node.attrs.int_or(name, 0) != Ok(0);
    let inner = if left == transposed { row } else { column };
    field.mix(inner);
    let own = if inner == row { column } else { row };
    let result = if left { row } else { column };
    for reach in &mut field.axes {
        let at = reach.along.at();
        if at == Some(inner) {
            reach.along = Along::Still { at: None };
        } else if let (true, Along::Moving { at, .. } | Along::Lost { at: Some(at), .. }) =
            (at == Some(own), &mut reach.along)
        {
            *at = result;
        }
    }
}
