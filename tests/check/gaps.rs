//! Numbers that are not whole never pass: the library, on inspections with something missing.

use std::fs;
use std::path::PathBuf;

use cnninspect::check::{
    Against, Baseline, Budget, Config, LayerRecord, Model, ModelRecord, Outcome, RULES, Status,
    Subject, Verdict, check,
};
use cnninspect::finding::Gap;
use cnninspect::verify::Choice;
use cnninspect::{Inspection, Options, inspect};

use crate::folder::{LENET, fixture};

fn inspected(path: PathBuf) -> Inspection {
    let options = Options {
        verify: Choice::None,
        ..Options::default()
    };
    inspect(path, &options).unwrap()
}

/// LeNet-5 with one gap more.
fn lacking(layer: &str, what: &str) -> Inspection {
    let mut inspection = inspected(fixture(LENET));
    inspection.gaps.push(Gap {
        layer: layer.to_owned(),
        what: what.to_owned(),
        reason: "it is not there".to_owned(),
    });
    inspection
}

/// The verdicts on a budget as the configuration writes it.
fn verdicts(inspection: Inspection, budget: &str) -> Vec<Verdict> {
    let text = format!("[[model]]\npath = \"a.onnx\"\n{budget}\n");
    let config = Config::read("a.toml", &text).unwrap();
    let budget: Budget = config.models[0].budget.clone();
    let subject = Subject {
        path: "a.onnx".to_owned(),
        key: "a.onnx".to_owned(),
        budget,
        must_be_in_baseline: true,
        inspection: Ok(inspection),
    };
    let mut report = check(&[subject], Against::Nothing);
    report.models.remove(0).verdicts
}

#[test]
fn a_call_that_was_not_looked_into_leaves_nothing_whole() {
    for rule in RULES.iter().filter(|it| it.name != "file-bytes") {
        let budget = match rule.unit() {
            Some(_) => format!("{}.max = 1_000_000_000", rule.name),
            None => format!("{}.allow = \"*\"", rule.name),
        };
        let before = verdicts(inspected(fixture(LENET)), &budget);
        assert_eq!(before[0].status, Status::Within, "{}", rule.name);
        let after = verdicts(lacking("call_1", "layers"), &budget);
        assert_eq!(after[0].outcome(), Outcome::Unknown, "{}", rule.name);
    }
}

#[test]
fn each_gap_of_the_account_is_one_of_its_rules() {
    let cases = [
        ("params", "params.max = 100_000"),
        ("params", "weight-bytes.max = \"1 GiB\""),
        ("weight_bytes", "weight-bytes.max = \"1 GiB\""),
        ("data_type", "data-types.deny = \"int8\""),
    ];
    for (what, budget) in cases {
        let found = verdicts(lacking("c1.weight", what), budget);
        assert_eq!(found[0].outcome(), Outcome::Unknown, "{what}: {budget}");
        let other = verdicts(lacking("c1.weight", "output_shape"), budget);
        assert_eq!(other[0].outcome(), Outcome::Pass, "{budget}");
    }
}

#[test]
fn a_known_part_over_the_limit_is_over_whatever_is_missing() {
    let found = verdicts(lacking("call_1", "layers"), "params.max = 61_705");
    assert_eq!(found[0].status, Status::Over(1));
    let found = verdicts(lacking("call_1", "layers"), "operators.deny = \"Tanh\"");
    assert_eq!(found[0].status, Status::Denied);
    let found = verdicts(lacking("call_1", "layers"), "params.min = 61_706");
    assert_eq!(found[0].status, Status::Within);
}

#[test]
fn a_model_without_convolutions_has_no_sharing_factor() {
    let mut inspection = inspected(fixture(LENET));
    inspection.layers.clear();
    inspection.totals = cnninspect::account::Totals::default();
    let found = verdicts(inspection, "sharing-factor.max = 1000");
    assert_eq!(found[0].outcome(), Outcome::Unknown);
}

#[test]
fn every_fixture_is_as_its_own_baseline_says() {
    let mut folders = vec![fixture("")];
    let mut checked = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("malformed") {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "onnx") {
                let inspection = inspected(path.clone());
                let model = Model::of(&inspection);
                let mut baseline = Baseline::default();
                let record = ModelRecord::of(&model);
                assert_eq!(
                    record.layers.len(),
                    model.layers.iter().filter(|it| it.is_kept()).count()
                );
                baseline.models.insert(path.display().to_string(), record);
                let again = Baseline::read("a.lock", &baseline.to_text());
                assert_eq!(again.unwrap(), baseline, "{}", path.display());
                checked += 1;
            }
        }
    }
    assert!(checked > 50, "{checked}");
}

#[test]
fn a_lock_file_keeps_any_name_and_any_number() {
    let names = [
        "plain",
        "",
        "with space",
        "a.b",
        "\"quoted\" \\",
        "line\nbreak\r\t",
        "\u{202e}\u{7f}\u{0}",
        "層",
        "a (2)",
    ];
    let mut record = ModelRecord::default();
    record.counts.insert("macs", u128::MAX);
    record.counts.insert("params", u128::from(u64::MAX));
    record.counts.insert("sharing-factor", 285_524);
    record
        .names
        .insert("operators", names.map(str::to_owned).into());
    for name in names {
        let mut layer = LayerRecord::default();
        layer.traits.insert("op".to_owned(), name.to_owned());
        layer.counts.insert("unshared", u128::MAX);
        record.layers.insert(name.to_owned(), layer);
    }
    let mut baseline = Baseline::default();
    for name in names {
        baseline.models.insert(name.to_owned(), record.clone());
    }
    let text = baseline.to_text();
    assert!(
        text.contains("macs = \"340282366920938463463374607431768211455\""),
        "{text}"
    );
    assert!(text.contains("sharing-factor = 285.524"), "{text}");
    let prints = |it: char| it == '\n' || !it.is_control() && it != '\u{202e}';
    assert!(text.chars().all(prints), "{text:?}");
    assert_eq!(Baseline::read("a.lock", &text).unwrap(), baseline);
}
