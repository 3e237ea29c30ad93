//! What a model tells of itself: the order of its layers, its operators, kinds of layers.

use super::field;
use crate::Inspection;
use crate::network::GeometrySource;

/// What only graphs tell.
pub(super) fn told<T>(ordered: bool, list: impl FnOnce() -> Vec<T>) -> Vec<T> {
    if ordered { list() } else { vec![] }
}

/// Whether a model's operators are all there: a geometry tells of convolutions and pools alone.
pub(super) fn has_graph(inspection: &Inspection) -> bool {
    inspection.facts.geometry.source == GeometrySource::Graph
}

/// Whether the order of a model's layers is that of its graph.
pub(super) fn has_order(inspection: &Inspection) -> bool {
    let source = inspection.facts.geometry.source;
    !matches!(source, GeometrySource::None | GeometrySource::Out)
}

/// Kinds of layers that both can tell: tensors without a graph are convolutions or nothing.
pub(super) fn kinds(sides: [&Inspection; 2]) -> Vec<&'static str> {
    let mut kinds = field::KINDS.to_vec();
    for side in sides.into_iter().filter(|it| !has_order(it)) {
        let has = |kind: &str| side.layers.iter().any(|it| field::kind(it) == Some(kind));
        kinds.retain(|it| has(it));
    }
    kinds
}
