//! Every number against the account, every formula against its number.

use cnninspect::account::Layer;
use cnninspect::explain::{Answer, Explanation, PLAIN, Step, Value};
use cnninspect::{Options, inspect};

use super::reader::Reader;
use super::{all, models, root, step};

#[test]
fn every_number_is_the_account_s_and_every_formula_comes_to_it() {
    let mut paths = Vec::new();
    models(&root().join("fixtures"), &mut paths);
    let options = Options {
        verify: cnninspect::verify::Choice::None,
        ..Options::default()
    };
    let (mut formulas, mut symbols, mut bare) = (0, 0, Vec::new());
    for path in &paths {
        let Ok(inspection) = inspect(path, &options) else {
            continue;
        };
        let rows = inspection.layers.iter();
        let rows: Vec<&Layer> = rows
            .filter(|it| matches!(it, Layer::Conv(_) | Layer::Pool(_)))
            .collect();
        let explained = all(path);
        assert_eq!(explained.len(), rows.len(), "{}", path.display());
        for (it, row) in explained.iter().zip(rows) {
            let case = format!("{} {}", path.display(), it.layer);
            compare(it, row, &case);
            for step in &it.steps {
                symbols += usize::from(names_come_to_it(step, &case));
                let Answer::Number(answer) = step.answer else {
                    continue;
                };
                let Some(formula) = &step.formula else {
                    bare.push(format!("{case} {}", step.id));
                    continue;
                };
                formulas += 1;
                let text = formula.plain();
                let computed = u128::try_from(Reader::computed(&text));
                assert_eq!(computed, Ok(answer), "{case} {}: {text}", step.id);
            }
        }
    }
    assert!(formulas > 5000, "{formulas}");
    assert!(symbols > formulas, "{symbols} of {formulas}");
    // A number without a formula: a size that only a stated output_shape tells, a weight whose tensors are not there.
    let bare_share = bare.len() * 50;
    assert!(
        bare_share < formulas,
        "{} of {formulas}: {bare:#?}",
        bare.len()
    );
}

/// A number for a dimension's name, another for most others.
fn named(name: &str) -> i128 {
    64 + name.bytes().map(i128::from).sum::<i128>() % 64
}

/// The formula in names, JSON's `symbols`, comes to the same as the one in numbers when each name is what JSON's
/// `numbers` has for it; and where the answer is a form, to the form. Whether it was computed.
fn names_come_to_it(step: &Step, case: &str) -> bool {
    let Some(formula) = &step.formula else {
        return false;
    };
    let readable = |text: &str| {
        text.chars()
            .all(|it| it.is_ascii_alphanumeric() || " _+-*/()".contains(it))
    };
    let (plain, symbols) = (formula.plain(), formula.spelled(&PLAIN, true));
    if !readable(&plain) {
        return false;
    }
    let numbers = formula.quantities();
    let value = |name: &str| {
        let found = numbers.iter().find(|it| it.0 == name);
        match found
            .unwrap_or_else(|| panic!("{case} {}: {symbols} names {name}", step.id))
            .1
        {
            Value::Number(number) => *number,
            Value::Open(text) => Reader::with(text, &named),
        }
    };
    let by_name = Reader::with(&symbols, &value);
    let by_number = Reader::with(&plain, &named);
    assert_eq!(
        by_name, by_number,
        "{case} {}: {symbols} is not {plain}",
        step.id
    );
    if let Answer::Form(form) = &step.answer
        && readable(form)
    {
        let by_form = Reader::with(form, &named);
        assert_eq!(
            by_form, by_number,
            "{case} {}: {form} is not {plain}",
            step.id
        );
    }
    true
}

#[test]
fn quantities_of_one_formula_have_names_of_their_own() {
    let cases = [
        (
            "fixtures/alexnet-2012.onnx",
            "conv1",
            "stored",
            "weight_0 * weight_1 * weight_2 * weight_3 + bias_0",
        ),
        (
            "fixtures/alexnet-2012.onnx",
            "pool1",
            "window_elements",
            "kernel_height * kernel_width",
        ),
        (
            "fixtures/alexnet-2012.onnx",
            "pool1",
            "activations_out",
            "channels * output_height * output_width",
        ),
        (
            "fixtures/explain/convs.onnx",
            "transposed",
            "output_size",
            "(input - 1) * stride + window + output_padding + unwritten - padding",
        ),
    ];
    for (path, layer, id, expected) in cases {
        let explained = all(&root().join(path));
        let it = explained.iter().find(|it| it.layer == layer).unwrap();
        let formula = step(it, id).formula.as_ref().unwrap();
        assert_eq!(formula.spelled(&PLAIN, true), expected, "{layer} {id}");
    }
}

fn compare(it: &Explanation, row: &Layer, case: &str) {
    let expected: Vec<(&str, Option<u128>)> = match row {
        Layer::Conv(row) => vec![
            ("dense", row.params.dense.map(|it| it.0)),
            ("unshared", row.params.unshared.map(|it| it.0)),
            ("shared", row.params.shared.map(|it| it.0)),
            ("stored", row.params.stored.map(|it| it.0)),
            ("macs", row.macs.map(|it| it.0)),
        ],
        Layer::Pool(row) => vec![
            ("activations_in", row.activations_in),
            ("activations_out", row.activations_out),
        ],
        _ => unreachable!("no other layer is explained"),
    };
    for (id, expected) in expected {
        let got = match step(it, id).answer {
            Answer::Number(number) => Some(number),
            Answer::Form(_) | Answer::Unknown(_) => None,
        };
        assert_eq!(got, expected, "{case} {id}");
    }
}
