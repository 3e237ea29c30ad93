//! Shape rules against ONNX's own node tests: every case's inputs, attributes and output shapes, as ONNX's
//! reference implementation computed them (`fixtures/operators.jsonl`, see `fixtures/README.md`).

use std::collections::BTreeSet;

use cnninspect::op::{self, Attr, Attrs, Call, Element, Value};
use cnninspect::tensor::{DataType, Payload, Shape, StoredTensor};
use serde_json::Value as Json;

/// Operators of those tests that have no shape rule, since convolutional nets do not use them. A new
/// rule takes its line out.
const WITHOUT_RULE: &[&str] = &[
    "Adagrad",
    "Adam",
    "ArrayFeatureExtractor",
    "Binarizer",
    "BitCast",
    "Constant",
    "FlexAttention",
    "ImageDecoder",
    "LabelEncoder",
    "LinearAttention",
    "Momentum",
    "NegativeLogLikelihoodLoss",
    "RegexFullMatch",
    "SoftmaxCrossEntropyLoss",
    "StringConcat",
    "StringNormalizer",
    "StringSplit",
    "SwiGLU",
    "TfIdfVectorizer",
    "TreeEnsemble",
];

fn ints(json: &Json) -> Vec<i64> {
    json.as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_i64().unwrap())
        .collect()
}

fn sizes(json: &Json) -> Vec<u64> {
    ints(&json["shape"])
        .into_iter()
        .map(|it| u64::try_from(it).unwrap())
        .collect()
}

fn elements(json: &Json) -> Option<Vec<Element>> {
    if json["ints"].is_array() {
        return Some(ints(&json["ints"]).into_iter().map(Element::Int).collect());
    }
    let floats = json["floats"].as_array()?;
    Some(
        floats
            .iter()
            .map(|it| Element::Float(it.as_f64().unwrap()))
            .collect(),
    )
}

fn value(json: &Json) -> Value {
    let data_type = DataType::from_onnx(i32::try_from(json["type"].as_i64().unwrap()).unwrap());
    let tensor = Value::tensor(data_type, Shape::known(&sizes(json)));
    Value {
        elements: elements(json).map(Into::into),
        ..tensor
    }
}

fn attr(json: &Json) -> Attr {
    let (kind, value) = json.as_object().unwrap().iter().next().unwrap();
    let strings = || {
        value
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it.as_str().unwrap().to_owned())
    };
    let floats = || value.as_array().unwrap().iter().map(float);
    match kind.as_str() {
        "i" => Attr::Int(value.as_i64().unwrap()),
        "f" => Attr::Float(float(value)),
        "s" => Attr::String(value.as_str().unwrap().to_owned()),
        "ints" => Attr::Ints(ints(value)),
        "floats" => Attr::Floats(floats().collect()),
        "strings" => Attr::Strings(strings().collect()),
        _ => Attr::Tensor(Box::new(StoredTensor {
            name: String::new(),
            data_type: DataType::from_onnx(i32::try_from(value["type"].as_i64().unwrap()).unwrap()),
            dims: sizes(value),
            payload: Payload::Absent,
        })),
    }
}

#[allow(clippy::cast_possible_truncation)]
fn float(json: &Json) -> f32 {
    json.as_f64().unwrap() as f32
}

/// What disagrees with the case, or `None` where the operator has no rule.
fn check(case: &Json) -> Option<Vec<String>> {
    let rule = op::rule(
        case["domain"].as_str().unwrap(),
        case["op_type"].as_str().unwrap(),
    )?;
    let attrs = case["attrs"].as_object().unwrap();
    let attrs = Attrs(
        attrs
            .iter()
            .map(|(name, it)| (name.clone(), attr(it)))
            .collect(),
    );
    let inputs: Vec<Option<Value>> = case["inputs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (!it.is_null()).then(|| value(it)))
        .collect();
    let inputs: Vec<Option<&Value>> = inputs.iter().map(Option::as_ref).collect();
    let outputs = case["outputs"].as_array().unwrap();
    let answer = rule(&Call {
        domain: case["domain"].as_str().unwrap(),
        op_type: case["op_type"].as_str().unwrap(),
        opset: case["opset"].as_i64().unwrap(),
        attrs: &attrs,
        inputs: &inputs,
        outputs: outputs.len(),
    });
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return Some(vec![error.to_string()]),
    };
    let mut wrong = Vec::new();
    for (at, expected) in outputs.iter().enumerate().filter(|(_, it)| !it.is_null()) {
        let got = answer.get(at).cloned().unwrap_or_default();
        let shape = Shape::known(&sizes(expected));
        // A size that depends on values computed at run time may stay open.
        let agrees = got.shape.as_ref().is_some_and(|it| {
            it.rank() == shape.rank()
                && it
                    .0
                    .iter()
                    .zip(&shape.0)
                    .all(|it| it.0.known().is_none() || it.0 == it.1)
        });
        if !agrees {
            wrong.push(format!(
                "output {at}: expected {shape}, got {:?}",
                got.shape.map(|it| it.to_string())
            ));
        }
        if let (Some(expected), Some(got)) = (elements(expected), &got.elements) {
            for (expected, got) in expected.iter().zip(got.iter()) {
                if *got != Element::Unknown && !close(expected, got) {
                    wrong.push(format!(
                        "output {at}: expected element {expected:?}, got {got:?}"
                    ));
                }
            }
        }
    }
    Some(wrong)
}

fn close(expected: &Element, got: &Element) -> bool {
    match (expected, got) {
        (Element::Float(one), Element::Float(other)) => {
            (one - other).abs() <= 1e-5 * one.abs().max(1.0)
        }
        _ => expected == got,
    }
}

#[test]
fn shape_rules_agree_with_onnx_node_tests() {
    let text = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/operators.jsonl"
    ))
    .unwrap();
    let mut wrong = Vec::new();
    let mut without = BTreeSet::new();
    let mut checked = 0;
    for line in text.lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        match check(&case) {
            None => {
                without.insert(case["op_type"].as_str().unwrap().to_owned());
            }
            Some(messages) => {
                checked += 1;
                let name = case["case"].as_str().unwrap();
                wrong.extend(messages.into_iter().map(|it| format!("{name}: {it}")));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(checked > 800, "only {checked} cases were checked");
    let without: Vec<&str> = without.iter().map(String::as_str).collect();
    assert_eq!(without, WITHOUT_RULE);
}
