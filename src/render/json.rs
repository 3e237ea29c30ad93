//! JSON, version 1: every number exact, every unknown null with its reason in `gaps`.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;
use serde_json::Serializer;

use super::pretty::Pretty;
use super::rows::listed;
use super::{SCHEMA_VERSION, View};
use crate::Inspection;
use crate::account::{Layer, Totals};
use crate::finding::rules::Rule;
use crate::finding::{Finding, Gap};
use crate::infer::Input;
use crate::network::{GeometryFacts, LayoutFacts};
use crate::units::Bytes;
use crate::verify::Verification;

/// What every document begins with.
#[derive(Serialize)]
struct Envelope<T> {
    schema_version: u32,
    cnninspect: &'static str,
    #[serde(flatten)]
    body: T,
}

/// A model that a document tells nothing else of.
#[derive(Serialize)]
pub(super) struct Named<'a> {
    pub(super) path: &'a str,
}

/// Writes a document, indented by two spaces, lists of numbers on one line, with a line end.
pub(super) fn document(body: impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    let envelope = Envelope {
        schema_version: SCHEMA_VERSION,
        cnninspect: env!("CARGO_PKG_VERSION"),
        body,
    };
    envelope.serialize(&mut Serializer::with_formatter(
        &mut *out,
        Pretty::default(),
    ))?;
    writeln!(out)
}

/// The document of an inspection; keys stand in this order.
#[derive(Serialize)]
struct Document<'a> {
    model: Model<'a>,
    layers: Vec<&'a Layer>,
    totals: &'a Totals,
    verification: &'a [Verification],
    warnings: Vec<Warning<'a>>,
    gaps: &'a [Gap],
}

/// A finding, whether it is told without being selected (`warning`) or not (`note`), and what would fix it.
#[derive(Serialize)]
struct Warning<'a> {
    #[serde(flatten)]
    finding: &'a Finding,
    level: Option<&'static str>,
    fix: Option<&'static str>,
}

#[derive(Serialize)]
struct Model<'a> {
    path: &'a str,
    format: &'static str,
    file_bytes: Bytes,
    bytes_read: u64,
    ir_version: Option<i64>,
    producer: Option<&'a str>,
    opset_import: &'a BTreeMap<String, i64>,
    geometry: &'a GeometryFacts,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight_layout: Option<&'a LayoutFacts>,
    inputs: &'a [Input],
}

/// Writes an inspection's document.
pub(super) fn write(
    inspection: &Inspection,
    view: &View,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    document(inspected(inspection, view), out)
}

fn inspected<'a>(inspection: &'a Inspection, view: &View) -> Document<'a> {
    let facts = &inspection.facts;
    Document {
        model: Model {
            path: &inspection.path,
            format: facts.format,
            file_bytes: facts.file_bytes,
            bytes_read: inspection.bytes_read,
            ir_version: facts.ir_version,
            producer: facts.producer.as_deref(),
            opset_import: &facts.opset_import,
            geometry: &facts.geometry,
            weight_layout: facts.weight_layout.as_ref(),
            inputs: &inspection.inputs,
        },
        layers: listed(inspection, view),
        totals: &inspection.totals,
        verification: &inspection.verification,
        warnings: inspection.warnings.iter().map(warning).collect(),
        gaps: &inspection.gaps,
    }
}

fn warning(finding: &Finding) -> Warning<'_> {
    let rule = Rule::find(finding.rule);
    Warning {
        finding,
        level: rule.map(|it| it.level.name()),
        fix: rule.map(|it| it.fix),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{alexnet, rendered};
    use super::*;
    use crate::units::Params;

    fn parsed(inspection: &Inspection) -> serde_json::Value {
        serde_json::from_str(&rendered(inspection, "json", &View::default())).unwrap()
    }

    #[test]
    fn the_document_has_the_fields_of_version_one() {
        let document = parsed(&alexnet());
        assert_eq!(document["schema_version"], 1);
        let geometry = serde_json::json!({"source": "graph", "claim": "exact", "detail": null});
        assert_eq!(document["model"]["geometry"], geometry);
        assert_eq!(document["model"]["opset_import"]["ai.onnx"], 17);
        let conv1 = &document["layers"][0];
        assert_eq!(conv1["kind"], "conv");
        assert_eq!(conv1["params"]["unshared"], 105_705_600);
        assert_eq!(conv1["params"]["dense"], 44_892_355_200_u64);
        assert_eq!(conv1["sharing_factor"], 3025.0);
        assert_eq!(conv1["output_shape"], serde_json::json!([1, 96, 55, 55]));
        assert_eq!(document["layers"][1]["activations_out"], 69_984);
        assert_eq!(document["verification"][0]["status"], "confirmed");
    }

    #[test]
    fn keys_stand_in_the_order_of_the_contract() {
        let text = rendered(&alexnet(), "json", &View::default());
        let keys = [
            "\"schema_version\"",
            "\"cnninspect\"",
            "\"model\"",
            "\"path\"",
            "\"format\"",
            "\"file_bytes\"",
            "\"bytes_read\"",
            "\"ir_version\"",
            "\"producer\"",
            "\"opset_import\"",
            "\"geometry\"",
            "\"inputs\"",
            "\"layers\"",
            "\"totals\"",
            "\"verification\"",
            "\"warnings\"",
            "\"gaps\"",
        ];
        let places: Vec<_> = keys.iter().map(|it| text.find(it).unwrap()).collect();
        assert!(places.is_sorted(), "{places:?}");
    }

    #[test]
    fn a_count_beyond_64_bits_is_exact() {
        let mut inspection = alexnet();
        inspection.totals.conv.dense = Some(Params(u128::MAX));
        let text = rendered(&inspection, "json", &View::default());
        assert!(text.contains("\"dense\": 340282366920938463463374607431768211455"));
    }

    #[test]
    fn lists_of_numbers_stay_on_one_line() {
        let text = rendered(&alexnet(), "json", &View::default());
        assert!(
            text.contains("\n      \"input_shape\": [1,3,227,227],\n"),
            "{text}"
        );
        assert!(text.contains("\n  \"layers\": [\n    {\n      \"kind\": \"conv\",\n"));
        assert!(text.ends_with("\n  \"warnings\": [],\n  \"gaps\": []\n}\n"));
    }

    #[test]
    fn other_nodes_are_listed_on_request() {
        let all = View {
            all: true,
            ..View::default()
        };
        let text = rendered(&alexnet(), "json", &all);
        assert!(text.contains("\"kind\": \"linear\""));
        assert!(!rendered(&alexnet(), "json", &View::default()).contains("\"kind\": \"linear\""));
    }
}
