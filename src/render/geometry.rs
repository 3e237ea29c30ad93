//! Where the geometry of a model without a graph comes from, and what would settle an open one.

use super::paint::Ink;
use super::rows::conv;
use super::summary::Block;
use super::text::printable;
use crate::Inspection;
use crate::network::{Claim, GeometrySource};

/// The lines under the headline; none for a model with a graph of its own.
pub(super) fn lines(inspection: &Inspection) -> Vec<String> {
    let facts = &inspection.facts;
    let Some(layout) = &facts.weight_layout else {
        return vec![];
    };
    let mut out = vec![format!("geometry  {}", source(inspection))];
    let told = if layout.given {
        "as --layout says".to_owned()
    } else {
        format!(
            "{} of {} weights of 4 axes look like it",
            layout.votes, layout.of
        )
    };
    // PyTorch's order is what everybody expects.
    if layout.name != "oihw" || layout.given {
        out.push(format!("layout    {} ({told})", layout.name.to_uppercase()));
    }
    out
}

fn source(inspection: &Inspection) -> String {
    let facts = &inspection.facts.geometry;
    let detail = printable(facts.detail.as_deref().unwrap_or_default());
    match (facts.source, facts.claim) {
        (GeometrySource::Recipe, Claim::Assumed) => format!("recipe {detail} (assumed)"),
        (GeometrySource::Recipe, _) => format!("recipe {detail} (exact)"),
        (GeometrySource::Out, Claim::Exact) => "every output size by --output-size".to_owned(),
        (GeometrySource::Out, _) => "unknown but for sizes by --output-size".to_owned(),
        (GeometrySource::None, _) if detail.is_empty() => {
            "unknown: tensors only, no strides, pools, order or input size; layers by name"
                .to_owned()
        }
        (GeometrySource::None, _) => format!("unknown: {detail}"),
        (GeometrySource::Graph, _) => format!("graph of {detail}"),
        (GeometrySource::Sidecar, _) => format!("from {detail}"),
    }
}

/// How far the numbers hold, to follow them.
pub(super) fn mark(inspection: &Inspection) -> &'static str {
    match inspection.facts.geometry.claim {
        Claim::Assumed => " (assumed)",
        _ => "",
    }
}

/// The ways to settle an open geometry, and what the tensors let guess.
pub(super) fn blocks(inspection: &Inspection) -> Vec<Block> {
    let facts = &inspection.facts.geometry;
    if facts.claim != Claim::Unknown {
        return vec![];
    }
    let open = |it: &&crate::account::ConvLayer| it.params.unshared.is_none();
    let first = inspection.layers.iter().filter_map(conv).find(open);
    let mut out = vec![];
    if let Some(first) = first {
        let axes = first.kernel_shape.as_ref().map_or(2, Vec::len);
        let sizes = vec!["32"; axes].join("x");
        let path = printable(&inspection.path);
        out.push(Block::new(
            "to settle it",
            Ink::Dim,
            vec![
                "--graph net.onnx or net.pt2".to_owned(),
                format!("--geometry net.toml (start from: cnninspect geometry {path})"),
                format!("--output-size {}={sizes}", printable(&first.name)),
            ],
        ));
    }
    let hints = facts.hints.iter();
    out.extend(hints.map(|it| Block::new("hint", Ink::Dim, vec![printable(it)])));
    out
}
