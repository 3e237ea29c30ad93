//! Shapes that are inferred here, beside those that an exporter wrote into the file.

use std::path::{Path, PathBuf};

use cnninspect::infer::{Sizes, infer};
use cnninspect::network::{Declared, Network, ValueId};
use cnninspect::op::Value;
use cnninspect::read::{self, Options};
use cnninspect::tensor::Dim;

use crate::files::{models_under, roots};
use crate::support::{bytes, float_value, graph, model, node, value};

/// What a comparison found.
#[derive(Debug, Default)]
struct Found {
    /// Values whose type and every size was compared.
    whole: usize,
    /// Sizes that are numbers in both.
    sizes: usize,
    /// Sizes that are a number in the file and open here.
    open: usize,
    types: usize,
    contradictions: Vec<String>,
}

/// Takes away what the file says of every value but the model's inputs.
fn without_value_info(network: &mut Network) -> Vec<(ValueId, Declared)> {
    let inputs = network.main().unwrap().inputs.clone();
    let mut taken = Vec::new();
    for (at, value) in network.values.iter_mut().enumerate() {
        let id = ValueId::next(at).unwrap();
        if !inputs.contains(&id) {
            taken.extend(value.declared.take().map(|it| (id, it)));
        }
    }
    taken
}

fn compare(path: &Path, found: &mut Found) {
    let Ok(model) = read::open(path, &Options::default()) else {
        return;
    };
    let mut network = model.network.clone();
    let declared = without_value_info(&mut network);
    let shapes = infer(&network, &network.edges(), &Sizes::default()).unwrap();
    for (id, theirs) in declared.into_iter().filter(|it| !it.1.container) {
        let name = &*network.value(id).name;
        if let Some(contradiction) = contradiction(shapes.value(id), &theirs, found) {
            let place = format!("{}: {name}: {contradiction}", path.display());
            found.contradictions.push(place);
        }
    }
}

/// How ours contradicts theirs.
fn contradiction(ours: &Value, theirs: &Declared, found: &mut Found) -> Option<String> {
    if let (Some(one), Some(other)) = (ours.data_type, theirs.data_type) {
        found.types += 1;
        if one != other {
            return Some(format!("{one} here, {other} in the file"));
        }
    }
    let (Some(dims), Some(shape)) = (&theirs.dims, &ours.shape) else {
        found.open += theirs.dims.as_ref().map_or(0, Vec::len);
        return None;
    };
    let text: Vec<String> = dims.iter().map(ToString::to_string).collect();
    let both = format!("{shape} here, {} in the file", text.join("×"));
    if shape.rank() != dims.len() {
        return Some(both);
    }
    let mut whole = true;
    for (one, other) in shape.0.iter().zip(dims) {
        match (one, other) {
            (Dim::Known(one), Dim::Known(other)) if one == other => found.sizes += 1,
            (Dim::Known(_), Dim::Known(_)) => return Some(both),
            (_, Dim::Known(_)) => {
                found.open += 1;
                whole = false;
            }
            _ => whole = false,
        }
    }
    found.whole += usize::from(whole);
    None
}

fn compared(paths: &[PathBuf]) -> Found {
    let mut found = Found::default();
    for path in paths {
        compare(path, &mut found);
    }
    found
}

#[test]
fn no_shape_contradicts_what_an_exporter_wrote() {
    for root in roots() {
        let found = compared(&models_under(&root));
        let wrong = &found.contradictions;
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        if root.ends_with("fixtures") {
            // There were 528 values, 1,623 sizes and 700 types, and none of them is open here.
            assert!(found.whole >= 528 && found.sizes >= 1_623, "{found:?}");
            assert!(found.types >= 700 && found.open == 0, "{found:?}");
        }
    }
}

#[test]
fn a_shape_that_is_wrong_in_the_file_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    let relu = node("a", "Relu", &["x"], &["y"]);
    let mut main = graph(vec![relu, node("b", "Relu", &["y"], &["z"])], &[], &["z"]);
    main.input = vec![float_value("x", &[1, 3, 8, 8])];
    let cases = [
        (float_value("y", &[1, 3, 8, 8]), ""),
        (
            float_value("y", &[1, 3, 8, 9]),
            "1×3×8×8 here, 1×3×8×9 in the file",
        ),
        (
            float_value("y", &[1, 3, 8]),
            "1×3×8×8 here, 1×3×8 in the file",
        ),
        (value("y", 10, &[]), "float32 here, float16 in the file"),
    ];
    for (info, expected) in cases {
        main.value_info = vec![info];
        std::fs::write(&path, bytes(&model(main.clone(), 17))).unwrap();
        let found = compared(std::slice::from_ref(&path)).contradictions;
        let found = found.first().map_or("", |it| it);
        assert!(found.ends_with(expected), "{found}");
        assert_eq!(found.is_empty(), expected.is_empty(), "{found}");
    }
}
