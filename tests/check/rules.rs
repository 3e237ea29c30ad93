//! The table of rules: every row has a flag, a key, help, a name in JSON and its own measurement.

use std::collections::BTreeSet;

use cnninspect::check::{Config, RULES};
use serde_json::Value;

use crate::folder::Folder;

/// What each rule measures of AlexNet, and where the number is from.
const ALEXNET: &[(&str, &str)] = &[
    // tests/support/alexnet.rs: 2,334,080 in convolutions, 58,631,144 in linear layers.
    ("params", "60965224"),
    // 34,944 + 307,456 + 885,120 + 663,936 + 442,624
    ("conv_params", "2334080"),
    // conv1's 34,944 elements of 4 bytes; the rest comes from ConstantOfShape and takes none.
    ("weight_bytes", "139776"),
    // ls -l fixtures/alexnet-2012.onnx
    ("file_bytes", "142967"),
    // 665,784,864 of the convolutions, 9,216·4,096 + 4,096·4,096 + 4,096·1,000 of the linear layers
    ("macs", "724406816"),
    // 105,705,600 + 224,135,424 + 149,585,280 + 112,205,184 + 74,803,456
    ("unshared", "666434944"),
    // 666,434,944 / 2,334,080
    ("sharing_factor", "285.524"),
    // conv1's 96·55·55 and its Relu's as many, in float32
    ("peak_activations", "2323200"),
    // 11, +2·4, +4·8, +2·8, three times +2·16, +2·16
    ("receptive_field", "195"),
    ("conv_layers", "5"),
    ("pool_layers", "3"),
    // 16 ConstantOfShape, 7 Relu, 2 LRN, Flatten, 3 Gemm, Softmax less the last Relu: counted below.
    ("other_layers", ""),
    (
        "operators",
        "[\"ConstantOfShape\",\"Conv\",\"Flatten\",\"Gemm\",\"LRN\",\"MaxPool\",\"Relu\",\"Softmax\"]",
    ),
    ("data_types", "[\"float32\"]"),
];

fn alexnet() -> Folder {
    Folder::with(&[("alexnet.onnx", "alexnet-2012.onnx")])
}

/// The only verdict of a run with one flag.
fn verdict(folder: &Folder, flag: &str, value: &str) -> Value {
    let run = folder.run(&["check", "alexnet.onnx", "-f", "json", flag, value]);
    let document: Value =
        serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{flag}: {}", run.stderr));
    document["models"][0]["verdicts"][0].clone()
}

#[test]
fn every_row_has_flags_help_a_key_and_a_name_in_json() {
    let folder = alexnet();
    let help = folder.run(&["check", "--help"]).stdout;
    let help: String = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for rule in RULES {
        let (name, is_count) = (rule.name, rule.unit().is_some());
        let sides = if is_count {
            ["min", "max"]
        } else {
            ["allow", "deny"]
        };
        for side in sides {
            let value = if is_count { "1" } else { "int8" };
            assert!(
                help.contains(&format!("--{side}-{name}")),
                "--{side}-{name}"
            );
            let verdict = verdict(&folder, &format!("--{side}-{name}"), value);
            assert_eq!(verdict["rule"], rule.json, "--{side}-{name}");
            let value = if is_count { "1" } else { "[\"int8\"]" };
            let text = format!("[[model]]\npath = \"a.onnx\"\n{name}.{side} = {value}\n");
            let config = Config::read("a.toml", &text).unwrap();
            assert!(config.models[0].budget.rules[name].asks(), "{text}");
        }
        assert!(help.contains(rule.about), "{name}: {}", rule.about);
        assert_eq!(rule.json, name.replace('-', "_"));
    }
}

#[test]
fn every_row_measures_something_of_its_own() {
    let folder = alexnet();
    let mut measured = BTreeSet::new();
    for rule in RULES {
        let flag = if rule.unit().is_some() {
            "--min-"
        } else {
            "--allow-"
        };
        let value = if rule.unit().is_some() { "0" } else { "*" };
        let verdict = verdict(&folder, &format!("{flag}{}", rule.name), value);
        let found = if rule.unit().is_some() {
            &verdict["measured"]
        } else {
            &verdict["names"]
        };
        let expected = ALEXNET.iter().find(|it| it.0 == rule.json);
        let (_, expected) =
            expected.unwrap_or_else(|| panic!("{} has no row in this test", rule.json));
        if !expected.is_empty() {
            assert_eq!(found.to_string(), *expected, "{}", rule.json);
        }
        assert!(
            measured.insert(found.to_string()),
            "{} measures {found} like another",
            rule.json
        );
    }
}

#[test]
fn other_layers_are_the_nodes_that_are_neither() {
    let folder = alexnet();
    let run = folder.run(&["alexnet.onnx", "--all", "--verify", "none", "-f", "json"]);
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    let layers = document["layers"].as_array().unwrap().iter();
    let others = layers
        .filter(|it| it["kind"] != "conv" && it["kind"] != "pool")
        .count();
    assert_eq!(
        verdict(&folder, "--min-other-layers", "0")["measured"],
        others
    );
}
