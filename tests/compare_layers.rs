//! Layers side by side: what is aligned, what is said of it, and that both ways of asking mirror each other.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use cnninspect::account::{ConvLayer, Layer};
use cnninspect::compare::layers::{InputSide, Layers, Pair, Side, Status, Total, Value, compare};
use cnninspect::network::GeometrySource;
use cnninspect::tensor::{DataType, Shape};
use cnninspect::units::{Macs, Params};
use cnninspect::verify::Choice;
use cnninspect::{Inspection, Options, inspect};
use proptest::prelude::*;

/// What generated nets take everything from but their layers.
static ALEXNET: LazyLock<Inspection> = LazyLock::new(|| fixture("alexnet-2012.onnx"));

fn alike(before: &Inspection, after: &Inspection) -> bool {
    compare(before, after).are_alike()
}

fn fixture(name: &str) -> Inspection {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name);
    let options = Options {
        verify: Choice::None,
        ..Options::default()
    };
    inspect(path, &options).unwrap()
}

/// A plain net made of layers, on the facts of a fixture.
fn net(layers: Vec<Layer>) -> Inspection {
    Inspection {
        layers,
        ..ALEXNET.clone()
    }
}

fn template() -> ConvLayer {
    let mut layers = ALEXNET.layers.iter().cloned();
    let conv = layers.find_map(|it| match it {
        Layer::Conv(row) => Some(*row),
        _ => None,
    });
    conv.unwrap()
}

/// A convolution as `template` has it but for its name, weight, kernel, channels, filters and output side.
fn conv(template: &ConvLayer, name: &str, weight: Option<&str>, sizes: [u64; 4]) -> Layer {
    let [kernel, channels, filters, side] = sizes;
    let stored = u128::from(filters * (channels * kernel * kernel + 1));
    let mut row = template.clone();
    name.clone_into(&mut row.name);
    row.weight = weight.map(str::to_owned);
    row.group = Some(1);
    row.kernel_shape = Some(vec![kernel, kernel]);
    row.strides = Some(vec![1, 1]);
    let pad = i64::try_from(kernel / 2).unwrap();
    row.pads = Some(vec![pad; 4]);
    row.weight_shape = Some(Shape::known(&[filters, channels, kernel, kernel]));
    row.input_shape = Some(Shape::known(&[1, channels, side, side]));
    row.output_shape = Some(Shape::known(&[1, filters, side, side]));
    row.params.stored = Some(Params(stored));
    row.params.shared = Some(Params(stored));
    row.macs = Some(Macs(
        (stored - u128::from(filters)) * u128::from(side * side),
    ));
    Layer::Conv(Box::new(row))
}

/// Names of a pair's two layers, and what became of it: `a=b` same, `a~b`, `-a`, `+b`; `>` before one that moved.
fn told(layers: &Layers) -> Vec<String> {
    let name = |it: &Option<Side>| it.as_ref().map_or(String::new(), |it| it.name.clone());
    let word = |it: &Pair| {
        let (before, after) = (name(&it.before), name(&it.after));
        let moved = if it.moved { ">" } else { "" };
        match it.status {
            Status::Same => format!("{moved}{before}={after}"),
            Status::Changed => format!("{moved}{before}~{after}"),
            Status::Added => format!("+{after}"),
            Status::Removed => format!("-{before}"),
        }
    };
    layers.pairs.iter().map(word).collect()
}

fn changes(pair: &Pair) -> BTreeSet<&'static str> {
    pair.changes.iter().map(|it| it.what).collect()
}

/// A pair as seen from the other side, in an order that both sides share.
fn mirrored(layers: &Layers) -> Vec<String> {
    let mut pairs: Vec<String> = layers
        .pairs
        .iter()
        .map(|it| {
            let at = |it: &Option<Side>| it.as_ref().map(|it| it.at);
            let changes: Vec<_> = it
                .changes
                .iter()
                .map(|it| (it.what, &it.after, &it.before))
                .collect();
            let status = match it.status {
                Status::Added => Status::Removed,
                Status::Removed => Status::Added,
                other => other,
            };
            format!(
                "{:?} {:?} {status:?} {changes:?} {:?} {}",
                at(&it.after),
                at(&it.before),
                it.open,
                it.moved
            )
        })
        .collect();
    pairs.sort();
    pairs
}

fn plain(layers: &Layers) -> Vec<String> {
    let mut pairs: Vec<String> = layers
        .pairs
        .iter()
        .map(|it| {
            let at = |it: &Option<Side>| it.as_ref().map(|it| it.at);
            let changes: Vec<_> = it
                .changes
                .iter()
                .map(|it| (it.what, &it.before, &it.after))
                .collect();
            format!(
                "{:?} {:?} {:?} {changes:?} {:?} {}",
                at(&it.before),
                at(&it.after),
                it.status,
                it.open,
                it.moved
            )
        })
        .collect();
    pairs.sort();
    pairs
}

/// What holds for any two models.
fn holds(before: &Inspection, after: &Inspection) {
    let one = compare(before, after);
    let other = compare(after, before);
    assert_eq!(plain(&one), mirrored(&other));
    let flipped = |it: &Total| (it.name, it.after, it.before);
    let totals: Vec<_> = one
        .totals
        .iter()
        .map(|it| (it.name, it.before, it.after))
        .collect();
    assert_eq!(totals, other.totals.iter().map(flipped).collect::<Vec<_>>());
    assert_eq!(one.is_same(), other.is_same());
    assert_eq!(alike(before, after), alike(after, before));
    // Every layer stands in exactly one pair, those of the second in order.
    for (at, side) in [before, after].into_iter().enumerate() {
        let places = one.pairs.iter().filter_map(|it| {
            if at == 0 {
                it.before.as_ref()
            } else {
                it.after.as_ref()
            }
        });
        let places: Vec<usize> = places.map(|it| it.at).collect();
        let unique: BTreeSet<usize> = places.iter().copied().collect();
        let aligned = side
            .layers
            .iter()
            .filter(|it| !matches!(it, Layer::Other(_)))
            .count();
        assert_eq!((unique.len(), places.len()), (aligned, aligned));
        assert!(at == 0 || places.is_sorted());
    }
}

#[test]
fn a_model_differs_in_nothing_from_itself() {
    for name in ["alexnet-2012.onnx", "alexnet-2012-224.onnx"] {
        let one = fixture(name);
        let layers = compare(&one, &one);
        assert!(layers.is_same() && alike(&one, &one), "{name}");
        // 5 convolutions, 3 pools, 3 matrix products.
        assert_eq!(layers.count(Status::Same), 11);
        assert!(
            layers
                .pairs
                .iter()
                .all(|it| it.open.is_empty() && !it.is_renamed())
        );
        holds(&one, &one);
    }
}

#[test]
fn another_input_size_changes_shapes_and_what_follows_from_them() {
    let (one, other) = (
        fixture("alexnet-2012.onnx"),
        fixture("alexnet-2012-224.onnx"),
    );
    let layers = compare(&one, &other);
    assert!(!layers.is_same() && alike(&one, &other));
    assert_eq!(
        (layers.count(Status::Added), layers.count(Status::Removed)),
        (0, 0)
    );
    let [input] = layers.inputs.as_slice() else {
        panic!("{:?}", layers.inputs)
    };
    let shape = |it: &Option<InputSide>| it.as_ref().map(|it| it.shape.clone());
    assert_eq!(
        shape(&input.before),
        Some(Value::Shape(Shape::known(&[1, 3, 227, 227])))
    );
    assert_eq!(
        shape(&input.after),
        Some(Value::Shape(Shape::known(&[1, 3, 224, 224])))
    );
    // ⌊(227 − 11) / 4⌋ + 1 = 55 and ⌊(224 − 11) / 4⌋ + 1 = 54, with 96 · 363 products each.
    let macs = layers.pairs[0]
        .changes
        .iter()
        .find(|it| it.what == "macs")
        .unwrap();
    assert_eq!(macs.before, Value::Count(55 * 55 * 96 * 363));
    assert_eq!(macs.after, Value::Count(54 * 54 * 96 * 363));
    assert!(!changes(&layers.pairs[0]).contains("kernel_shape"));
    holds(&one, &other);
}

#[test]
fn a_layer_that_is_put_in_leaves_the_later_ones_equal() {
    let it = template();
    // Generated names shift when a layer is put in.
    let before: Vec<Layer> = (0..4)
        .map(|at| conv(&it, &format!("Conv_{at}"), None, [3, 8 << at, 16 << at, 8]))
        .collect();
    let mut after = before.clone();
    after.insert(2, conv(&it, "Conv_9", None, [1, 32, 32, 8]));
    for (at, layer) in after.iter_mut().enumerate() {
        let Layer::Conv(row) = layer else {
            unreachable!()
        };
        row.name = format!("Conv_{at}");
    }
    let layers = compare(&net(before.clone()), &net(after));
    let expected = [
        "Conv_0=Conv_0",
        "Conv_1=Conv_1",
        "+Conv_2",
        "Conv_2=Conv_3",
        "Conv_3=Conv_4",
    ];
    assert_eq!(told(&layers), expected);
    // A name that counts is none that could change.
    assert!(!layers.pairs.iter().any(Pair::is_renamed));
}

#[test]
fn what_changed_is_said_field_by_field() {
    let it = template();
    let before = vec![
        conv(&it, "a", Some("a.weight"), [5, 8, 64, 8]),
        conv(&it, "b", Some("b.weight"), [3, 64, 32, 8]),
    ];
    let after = vec![
        conv(&it, "a", Some("a.weight"), [3, 8, 96, 8]),
        conv(&it, "b", Some("b.weight"), [3, 96, 32, 8]),
    ];
    let layers = compare(&net(before), &net(after));
    assert_eq!(told(&layers), ["a~a", "b~b"]);
    let first = changes(&layers.pairs[0]);
    assert!(
        first.is_superset(
            &[
                "kernel_shape",
                "filters",
                "pads",
                "params",
                "macs",
                "output_shape"
            ]
            .into()
        ),
        "{first:?}"
    );
    assert!(
        !first.contains("in_channels") && !first.contains("strides"),
        "{first:?}"
    );
    let filters = layers.pairs[0]
        .changes
        .iter()
        .find(|it| it.what == "filters")
        .unwrap();
    assert_eq!(
        (&filters.before, &filters.after),
        (&Value::Count(64), &Value::Count(96))
    );
    assert!(changes(&layers.pairs[1]).contains("in_channels"));
}

#[test]
fn names_tell_which_of_equal_blocks_was_added() {
    let it = template();
    let block = |names: &[&str]| -> Vec<Layer> {
        names
            .iter()
            .map(|name| conv(&it, name, Some(&format!("{name}.weight")), [3, 64, 64, 8]))
            .collect()
    };
    let layers = compare(
        &net(block(&["l.0", "l.2"])),
        &net(block(&["l.0", "l.1", "l.2"])),
    );
    assert_eq!(told(&layers), ["l.0=l.0", "+l.1", "l.2=l.2"]);
}

#[test]
fn a_list_whose_numbers_shift_is_aligned_by_what_layers_are() {
    let it = template();
    // A Sequential with a layer put in before the third: every later number moves on by two, and two of them
    // then name another layer than before.
    let at = |index: usize, sizes| {
        conv(
            &it,
            &format!("features.{index}"),
            Some(&format!("features.{index}.weight")),
            sizes,
        )
    };
    let before = vec![
        at(0, [3, 3, 8, 8]),
        at(2, [3, 8, 16, 8]),
        at(4, [3, 16, 32, 8]),
        at(6, [3, 32, 64, 8]),
    ];
    let after = vec![
        at(0, [3, 3, 8, 8]),
        at(2, [3, 8, 8, 8]),
        at(4, [3, 8, 16, 8]),
        at(6, [3, 16, 32, 8]),
        at(8, [3, 32, 64, 8]),
    ];
    let layers = compare(&net(before), &net(after));
    let same = [
        "features.0=features.0",
        "+features.2",
        "features.2=features.4",
        "features.4=features.6",
        "features.6=features.8",
    ];
    assert_eq!(told(&layers), same);
}

#[test]
fn a_layer_that_stands_elsewhere_moved() {
    let it = template();
    let named = |name: &str, kernel| {
        conv(
            &it,
            name,
            Some(&format!("{name}.weight")),
            [kernel, 64, 64, 8],
        )
    };
    let before = vec![named("a", 1), named("b", 3), named("c", 5), named("d", 7)];
    let after = vec![named("b", 3), named("c", 5), named("d", 7), named("a", 1)];
    let layers = compare(&net(before), &net(after));
    assert_eq!(told(&layers), ["b=b", "c=c", "d=d", ">a=a"]);
    assert!(!layers.is_same());
}

#[test]
fn what_only_one_side_tells_is_open_and_no_difference() {
    let it = template();
    let known = vec![conv(&it, "a", Some("a.weight"), [3, 8, 16, 8])];
    let mut unknown = known.clone();
    let Layer::Conv(row) = &mut unknown[0] else {
        unreachable!()
    };
    (row.strides, row.macs, row.output_shape) = (None, None, None);
    let layers = compare(&net(known), &net(unknown));
    assert_eq!(told(&layers), ["a=a"]);
    assert_eq!(layers.pairs[0].open, ["strides", "output_shape", "macs"]);
    assert!(layers.is_same());
}

#[test]
fn an_activation_makes_a_difference_and_arithmetic_on_shapes_makes_none() {
    let node = |op_type: &str, shape: &[u64]| {
        let mut layers = ALEXNET.layers.iter().cloned();
        let mut node = layers.find_map(|it| match it {
            Layer::Other(row) => Some(row),
            _ => None,
        });
        let row = node.as_mut().unwrap();
        row.op_type = op_type.to_owned();
        row.output_shape = Some(Shape::known(shape));
        Layer::Other(node.unwrap())
    };
    let relu = net(vec![
        node("Relu", &[1, 8]),
        node("Mul", &[2]),
        node("Add", &[]),
    ]);
    let layers = compare(
        &relu,
        &net(vec![node("Relu", &[1, 8]), node("Reshape", &[1, 8])]),
    );
    assert!(layers.is_same(), "{:?}", layers.operators);
    let layers = compare(&relu, &net(vec![node("Sigmoid", &[1, 8])]));
    let told: Vec<_> = layers
        .operators
        .iter()
        .map(|it| (it.op_type.as_str(), it.before, it.after))
        .collect();
    assert_eq!(told, [("Relu", 1, 0), ("Sigmoid", 0, 1)]);
    assert!(!layers.is_same());
}

#[test]
fn models_of_different_kinds_are_not_alike() {
    let alexnet = fixture("alexnet-2012.onnx");
    let it = template();
    let other: Vec<Layer> = (0..20)
        .map(|at| conv(&it, &format!("x{at}"), None, [1, 8 + at, 9 + at, 3]))
        .collect();
    assert!(!alike(&alexnet, &net(other)));
    assert!(alike(&net(vec![]), &net(vec![])));
}

/// A list of layers: few kinds, so that many are equal, some with names that may clash or repeat.
fn lists() -> impl Strategy<Value = Vec<(u64, u64, Option<u8>)>> {
    prop::collection::vec(
        (
            prop::sample::select(vec![1u64, 3, 5]),
            1u64..4,
            prop::option::of(0u8..12),
        ),
        0..14,
    )
}

fn listed(it: &ConvLayer, list: &[(u64, u64, Option<u8>)]) -> Vec<Layer> {
    let layer = |(at, (kernel, filters, name)): (usize, &(u64, u64, Option<u8>))| {
        let weight = name.map(|it| format!("m{it}.weight"));
        conv(
            it,
            &format!("Conv_{at}"),
            weight.as_deref(),
            [*kernel, 2, *filters, 4],
        )
    };
    list.iter().enumerate().map(layer).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_ways_mirror_each_other(before in lists(), after in lists()) {
        let it = template();
        let (before, after) = (net(listed(&it, &before)), net(listed(&it, &after)));
        holds(&before, &after);
    }

    #[test]
    fn any_model_is_itself(list in lists()) {
        let one = net(listed(&template(), &list));
        let layers = compare(&one, &one);
        prop_assert!(layers.is_same());
        prop_assert_eq!(layers.count(Status::Same), one.layers.len());
        prop_assert!(layers.pairs.iter().all(|it| it.changes.is_empty() && !it.is_renamed()));
    }

    /// Leaving layers out of a list whose layers all differ leaves exactly those without counterpart.
    #[test]
    fn what_is_left_out_is_removed_and_nothing_else(kept in prop::collection::vec(any::<bool>(), 1..30)) {
        let it = template();
        let all: Vec<Layer> = (0..kept.len())
            .map(|at| conv(&it, &format!("Conv_{at}"), None, [3, 2, 4 + u64::try_from(at).unwrap(), 4]))
            .collect();
        let some: Vec<Layer> = all.iter().zip(&kept).filter(|it| *it.1).map(|it| it.0.clone()).collect();
        let layers = compare(&net(all), &net(some));
        prop_assert_eq!(layers.count(Status::Same), kept.iter().filter(|it| **it).count());
        prop_assert_eq!(layers.count(Status::Removed), kept.iter().filter(|it| !**it).count());
    }
}

#[test]
fn ten_thousand_equal_layers_are_aligned_within_bounds() {
    let it = template();
    let many = |count: usize| -> Vec<Layer> {
        (0..count)
            .map(|at| {
                conv(
                    &it,
                    &format!("Conv_{at}"),
                    None,
                    [3, 64, 64 + u64::try_from(at % 7).unwrap(), 8],
                )
            })
            .collect()
    };
    let (before, mut after) = (many(10_000), many(10_000));
    after.drain(4_000..4_007);
    after.insert(9_000, conv(&it, "Conv_x", None, [7, 1, 5, 3]));
    let layers = compare(&net(before), &net(after));
    assert_eq!(
        (
            layers.count(Status::Same),
            layers.count(Status::Removed),
            layers.count(Status::Added)
        ),
        (9_993, 7, 1)
    );
}

#[test]
fn a_linear_layer_of_another_type_differs() {
    let before = fixture("truth/lenet5.ts.onnx");
    let mut after = before.clone();
    for layer in &mut after.layers {
        if let Layer::Linear(row) = layer {
            row.weight_type = Some(DataType::Float16);
        }
    }
    let layers = compare(&before, &after);
    // f6 and the output, and nothing else.
    assert_eq!(layers.count(Status::Changed), 2);
    let changed = layers.pairs.iter().filter(|it| !it.is_same());
    for pair in changed {
        assert_eq!(changes(pair), BTreeSet::from(["data_type"]));
    }
}

#[test]
fn a_geometry_tells_no_activations() {
    let before = fixture("truth/lenet5.ts.onnx");
    let mut after = before.clone();
    after.layers.retain(|it| !matches!(it, Layer::Other(_)));
    assert!(!compare(&before, &after).operators.is_empty());
    after.facts.geometry.source = GeometrySource::Sidecar;
    assert_eq!(compare(&before, &after).operators, []);
}

/// A layer whose weight is called after it.
fn named(template: &ConvLayer, name: &str, sizes: [u64; 4]) -> Layer {
    conv(template, name, Some(&format!("{name}.weight")), sizes)
}

/// Layers of these names and of one shape.
fn of_one_shape(names: &[&str]) -> Inspection {
    let template = template();
    let row = |name: &&str| named(&template, name, [3, 16, 16, 32]);
    net(names.iter().map(row).collect())
}

/// Two layers of one shape that run the other way round, each under its own name: one of them moved.
#[test]
fn layers_of_one_shape_that_change_places_are_moved() {
    let list = of_one_shape;
    let before = list(&["a", "b", "c", "d"]);
    let after = list(&["a", "c", "b", "d"]);
    let layers = compare(&before, &after);
    assert!(!layers.is_same());
    assert_eq!(layers.pairs.iter().filter(|it| it.moved).count(), 1);
    assert!(layers.pairs.iter().all(|it| !it.is_renamed()));
    holds(&before, &after);
    // Numbers of a list shift when one is put in: there only what a layer is counts.
    let before = list(&["s.0", "s.1", "s.2", "s.3"]);
    let after = list(&["s.0", "s.2", "s.1", "s.3"]);
    assert!(compare(&before, &after).pairs.iter().all(|it| !it.moved));
    holds(&before, &after);
}

/// A layer put in before one that is named in both: the new name is the new layer.
#[test]
fn a_name_that_both_have_counts_more_than_a_shape() {
    let template = template();
    let row = |name: &str, sizes| named(&template, name, sizes);
    let before = net(vec![
        row("c1", [3, 3, 16, 32]),
        row("c2", [3, 16, 16, 32]),
        row("c3", [3, 16, 16, 32]),
    ]);
    let after = net(vec![
        row("stem", [3, 3, 16, 32]),
        row("c1", [3, 16, 16, 32]),
        row("c2", [3, 16, 16, 32]),
        row("c3", [3, 16, 16, 32]),
    ]);
    let layers = compare(&before, &after);
    assert_eq!(told(&layers), ["+stem", "c1~c1", "c2=c2", "c3=c3"]);
    holds(&before, &after);
}

/// One layer left out and another put in elsewhere: equal shapes make them no pair where names differ.
#[test]
fn two_names_are_not_one_layer_that_moved() {
    let list = of_one_shape;
    let before = list(&["a", "b", "c", "d"]);
    let after = list(&["a", "new", "b", "c"]);
    let layers = compare(&before, &after);
    assert_eq!(told(&layers), ["a=a", "+new", "b=b", "c=c", "-d"]);
    holds(&before, &after);
}
