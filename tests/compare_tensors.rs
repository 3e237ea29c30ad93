//! The stored tensors of two models: which is which, and what their contents say.

mod support;

use std::fs;
use std::path::Path;

use cnninspect::compare::layers;
use cnninspect::compare::tensors::{
    By, Content, Difference, Pair, Shapes, Subject, Tensors, compare,
};
use cnninspect::infer::Sizes;
use cnninspect::read::{self, Model};
use cnninspect::verify::Choice;
use cnninspect::{Inspection, Options, inspect_model, open};
use onnx_protobuf::{ModelProto, TensorProto};
use support::{bytes, float_value, floats, graph, int, ints, model, node, tensor, with};

fn inspected(model: &Model, name: &str) -> Inspection {
    let options = Options {
        verify: Choice::None,
        ..Options::default()
    };
    inspect_model(model, name, &options, &|_| {}).unwrap()
}

fn compared(models: [&Model; 2], contents: bool) -> Tensors {
    let [one, other] = models;
    let inspections = [inspected(one, "one"), inspected(other, "other")];
    let layers = layers::compare(&inspections[0], &inspections[1]);
    let subject = |model, inspection| Subject::new(model, inspection, &Sizes::default()).unwrap();
    let one = subject(one, &inspections[0]);
    let other = subject(other, &inspections[1]);
    compare([&one, &other], &layers, contents)
}

fn read(proto: &ModelProto) -> Model {
    read::read_bytes(bytes(proto)).unwrap()
}

/// Multiples of 1/64 from -0.5 on, all of them exact in half precision.
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn values(count: usize, seed: usize) -> Vec<f32> {
    let value = |at: usize| ((at * 37 + seed) % 101) as f32 / 64.0 - 0.5;
    (0..count).map(value).collect()
}

/// A tensor's name, sizes and values.
type Row = (&'static str, Vec<i64>, Vec<f32>);

/// Two convolutions of one shape and a matrix of 5 × 16.
fn rows() -> Vec<Row> {
    vec![
        ("conv1.weight", vec![4, 4, 3, 3], values(144, 1)),
        ("conv1.bias", vec![4], values(4, 2)),
        ("conv2.weight", vec![4, 4, 3, 3], values(144, 3)),
        ("conv2.bias", vec![4], values(4, 4)),
        ("fc.weight", vec![5, 16], values(80, 5)),
        ("fc.bias", vec![5], values(5, 6)),
    ]
}

/// The net of those tensors, under the names that they have; the matrix stands transposed where `trans_b` is 0.
fn net(tensors: Vec<TensorProto>, trans_b: i64) -> ModelProto {
    let names: Vec<String> = tensors.iter().map(|it| it.name.clone()).collect();
    let pads = || ints("pads", &[1, 1, 1, 1]);
    let nodes = vec![
        with(
            node("c1", "Conv", &["x", &names[0], &names[1]], &["a"]),
            vec![pads()],
        ),
        node("r1", "Relu", &["a"], &["b"]),
        with(
            node("c2", "Conv", &["b", &names[2], &names[3]], &["c"]),
            vec![pads()],
        ),
        node("flat", "Flatten", &["c"], &["d"]),
        with(
            node("fc", "Gemm", &["d", &names[4], &names[5]], &["y"]),
            vec![int("transB", trans_b)],
        ),
    ];
    let mut graph = graph(nodes, &[], &["y"]);
    graph.input = vec![float_value("x", &[1, 4, 2, 2])];
    graph.initializer = tensors;
    model(graph, 17)
}

fn protos(rows: &[Row]) -> Vec<TensorProto> {
    let proto = |(name, dims, values): &Row| floats(name, dims, values);
    rows.iter().map(proto).collect()
}

fn plain() -> Model {
    read(&net(protos(&rows()), 1))
}

fn find<'t>(tensors: &'t Tensors, name: &str) -> &'t Pair {
    let is = |it: &&Pair| it.before.as_ref().is_some_and(|it| it.name == name);
    tensors.pairs.iter().find(is).unwrap()
}

fn content(tensors: &Tensors, name: &str) -> Content {
    find(tensors, name).content.clone().unwrap()
}

#[test]
fn a_model_is_equal_to_itself() {
    let tensors = compared([&plain(), &plain()], true);
    assert_eq!(tensors.pairs.len(), 6);
    for pair in &tensors.pairs {
        assert_eq!(pair.by, Some(By::Name));
        assert_eq!(pair.shapes, Shapes::Same);
        assert_eq!(pair.content, Some(Content::Equal));
    }
    // Four bytes for each element, on both sides: 2 · 4 · (144 + 4 + 144 + 4 + 80 + 5).
    assert_eq!(tensors.read, Some(2 * 4 * 381));
    assert!(!tensors.differs());
    let shapes = compared([&plain(), &plain()], false);
    assert_eq!(shapes.read, None);
    assert!(shapes.pairs.iter().all(|it| it.content.is_none()));
}

#[test]
fn one_value_changed_is_one_tensor_different() {
    let mut rows = rows();
    // (7 · 37 + 3) mod 101 = 60, and 60 / 64 - 0.5 = 0.4375.
    assert_eq!(rows[2].2[7].to_bits(), 0.4375_f32.to_bits());
    rows[2].2[7] = 0.6875;
    let tensors = compared([&plain(), &read(&net(protos(&rows), 1))], true);
    for pair in &tensors.pairs {
        let name = &pair.before.as_ref().unwrap().name;
        let expected = name != "conv2.weight";
        assert_eq!(pair.content == Some(Content::Equal), expected, "{name}");
    }
    let Content::Different(difference) = content(&tensors, "conv2.weight") else {
        panic!("not different")
    };
    assert_eq!((difference.elements, difference.of), (1, 144));
    assert_eq!(difference.max_abs, Some(0.25));
    assert_eq!(difference.max_rel, Some(0.25 / 0.6875));
    assert!(tensors.differs());
    let layers = layers::compare(&inspected(&plain(), "one"), &inspected(&plain(), "other"));
    let of = tensors.of_layers(&layers).into_iter();
    let of: Vec<_> = of.map(|it| it.unwrap().name()).collect();
    assert_eq!(of, ["equal", "different", "equal"]);
}

#[test]
fn a_value_that_moved_by_a_rounding_is_close() {
    let mut rows = rows();
    let value = &mut rows[4].2[3];
    let before = f64::from(*value);
    *value = f32::from_bits(value.to_bits() + 1);
    let apart = (f64::from(*value) - before).abs();
    let tensors = compared([&plain(), &read(&net(protos(&rows), 1))], true);
    let Content::Close(difference) = content(&tensors, "fc.weight") else {
        panic!("not close")
    };
    assert_eq!(difference.elements, 1);
    assert_eq!(difference.max_abs, Some(apart));
}

#[test]
fn renamed_tensors_are_told_by_their_content() {
    // The names say nothing, the layers of equal shape stand in the other order.
    let mut rows = rows();
    rows.swap(0, 2);
    rows.swap(1, 3);
    for (at, row) in rows.iter_mut().enumerate() {
        row.0 = [
            "onnx::Conv_1",
            "onnx::Conv_2",
            "onnx::Conv_3",
            "onnx::Conv_4",
            "v5",
            "v6",
        ][at];
    }
    let tensors = compared([&plain(), &read(&net(protos(&rows), 1))], true);
    let told: Vec<_> = tensors
        .pairs
        .iter()
        .map(|it| {
            let other = it.after.as_ref().unwrap().name.as_str();
            (other, it.by.unwrap(), it.content.clone().unwrap())
        })
        .collect();
    let by = |name, by| (name, by, Content::Equal);
    assert_eq!(
        told,
        [
            by("onnx::Conv_3", By::Content),
            by("onnx::Conv_4", By::Content),
            by("onnx::Conv_1", By::Content),
            by("onnx::Conv_2", By::Content),
            by("v5", By::Layer),
            by("v6", By::Layer),
        ]
    );
    assert!(!tensors.differs());
    // Without contents the place in the net is all there is.
    let shapes = compared([&plain(), &read(&net(protos(&rows), 1))], false);
    assert_eq!(find(&shapes, "conv1.weight").by, Some(By::Layer));
    assert_eq!(
        find(&shapes, "conv1.weight").after.as_ref().unwrap().name,
        "onnx::Conv_1"
    );
}

#[test]
fn contents_that_changed_places_are_named() {
    let mut rows = rows();
    let (left, right) = (rows[0].2.clone(), rows[2].2.clone());
    (rows[0].2, rows[2].2) = (right, left);
    let tensors = compared([&plain(), &read(&net(protos(&rows), 1))], true);
    let pair = find(&tensors, "conv1.weight");
    assert_eq!(pair.by, Some(By::Name));
    assert!(matches!(pair.content, Some(Content::Different(_))));
    assert_eq!(pair.elsewhere.as_deref(), Some("conv2.weight"));
    assert_eq!(find(&tensors, "conv1.bias").elsewhere, None);
}

/// Codes of half precision by integer arithmetic, for multiples of 1/64 of at most 11 bits.
fn half(value: f32) -> u16 {
    let sixty_fourths = (value * 64.0).abs();
    assert_eq!(sixty_fourths.fract().to_bits(), 0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small"
    )]
    let mut mantissa = sixty_fourths as u16;
    let sign = u16::from(value.is_sign_negative() && mantissa > 0) << 15;
    if mantissa == 0 {
        return sign;
    }
    // value = mantissa · 2^-6; normalised to 1.x · 2^e with ten bits behind the point.
    let mut exponent: i32 = 10 - 6;
    while mantissa < 1 << 10 {
        mantissa <<= 1;
        exponent -= 1;
    }
    sign | u16::try_from(exponent + 15).unwrap() << 10 | (mantissa - (1 << 10))
}

fn halves((name, dims, values): &Row) -> TensorProto {
    TensorProto {
        raw_data: values
            .iter()
            .flat_map(|it| half(*it).to_le_bytes())
            .collect(),
        ..tensor(name, 10, dims)
    }
}

#[test]
fn half_precision_is_equal_as_far_as_a_cast_explains() {
    let mut ours = rows();
    let exact: Vec<TensorProto> = ours.iter().map(halves).collect();
    let twin = read(&net(exact, 1));
    let tensors = compared([&plain(), &twin], true);
    for pair in &tensors.pairs {
        assert_eq!(pair.content, Some(Content::EqualValues { rounded: None }));
    }
    // A quarter of a unit in the last place above is rounded down to the same number, three quarters are not.
    // Of 0.5 ≤ |value| < 1 the unit is 2^-11.
    let at = ours[0]
        .2
        .iter()
        .position(|it| (0.5..1.0).contains(it))
        .unwrap();
    let exact = ours[0].2[at];
    ours[0].2[at] = exact + 2f32.powi(-13);
    ours[2].2[at] = 0.5 + 3.0 * 2f32.powi(-13);
    let mut halved = rows();
    halved[2].2[at] = 0.5;
    let twin = read(&net(halved.iter().map(halves).collect(), 1));
    let tensors = compared([&read(&net(protos(&ours), 1)), &twin], true);
    let rounded = Some(cnninspect::tensor::DataType::Float16);
    assert_eq!(
        content(&tensors, "conv1.weight"),
        Content::EqualValues { rounded }
    );
    let Content::Close(difference) = content(&tensors, "conv2.weight") else {
        panic!("{:?}", content(&tensors, "conv2.weight"))
    };
    assert_eq!(difference.elements, 1);
    assert_eq!(difference.max_abs, Some(3.0 * 2f64.powi(-13)));
    // Renamed and rounded at once.
    let mut renamed = rows();
    for (at, row) in renamed.iter_mut().enumerate() {
        row.0 = ["v1", "v2", "v3", "v4", "v5", "v6"][at];
    }
    renamed.swap(0, 2);
    ours[2] = rows()[2].clone();
    let twin = read(&net(renamed.iter().map(halves).collect(), 1));
    let tensors = compared([&read(&net(protos(&ours), 1)), &twin], true);
    let pair = find(&tensors, "conv1.weight");
    assert_eq!(pair.after.as_ref().unwrap().name, "v1");
    assert_eq!(pair.content, Some(Content::EqualValues { rounded }));
}

/// A matrix of `rows` × `columns` turned round.
fn transposed(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let at = |place: usize| values[place % rows * columns + place / rows];
    (0..rows * columns).map(at).collect()
}

#[test]
fn a_matrix_may_stand_transposed() {
    let mut rows = rows();
    rows[4].1 = vec![16, 5];
    rows[4].2 = transposed(&rows[4].2, 5, 16);
    let other = read(&net(protos(&rows), 0));
    for (models, name) in [([&plain(), &other], "forth"), ([&other, &plain()], "back")] {
        let tensors = compared(models, true);
        let pair = find(&tensors, "fc.weight");
        assert_eq!(pair.shapes, Shapes::Transposed, "{name}");
        assert_eq!(pair.axes, [1, 0], "{name}");
        assert_eq!(
            pair.content,
            Some(Content::EqualValues { rounded: None }),
            "{name}"
        );
        assert!(!tensors.differs(), "{name}");
    }
    rows[4].2[6] += 0.5;
    let tensors = compared([&plain(), &read(&net(protos(&rows), 0))], true);
    let difference = *content(&tensors, "fc.weight").difference().unwrap();
    assert_eq!((difference.elements, difference.of), (1, 80));
    assert_eq!(difference.max_abs, Some(0.5));
}

#[test]
fn elements_lie_in_every_field_that_onnx_has_for_them() {
    let typed = |(name, dims, values): &Row| TensorProto {
        float_data: values.clone(),
        ..tensor(name, 1, dims)
    };
    let codes = |row: &Row| TensorProto {
        int32_data: row.2.iter().map(|it| i32::from(half(*it))).collect(),
        ..tensor(row.0, 10, &row.1)
    };
    let mut long = rows();
    // More than what the reader keeps in memory: the list stays in the file.
    long[0].1 = vec![4, 4, 30, 30];
    long[0].2 = values(14_400, 1);
    let raw = read(&net(protos(&long), 1));
    let tensors = compared(
        [&raw, &read(&net(long.iter().map(typed).collect(), 1))],
        true,
    );
    assert!(
        tensors
            .pairs
            .iter()
            .all(|it| it.content == Some(Content::Equal))
    );
    let tensors = compared(
        [&raw, &read(&net(long.iter().map(codes).collect(), 1))],
        true,
    );
    let equal = Content::EqualValues { rounded: None };
    assert!(
        tensors
            .pairs
            .iter()
            .all(|it| it.content.as_ref() == Some(&equal))
    );
}

#[test]
fn what_is_not_there_is_said() {
    let mut protos = protos(&rows());
    protos[0] = external("conv1.weight", &[4, 4, 3, 3], "gone.bin", 0);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.onnx");
    fs::write(&path, bytes(&net(protos, 1))).unwrap();
    let model = open(&path, &Options::default()).unwrap();
    let tensors = compared([&plain(), &model], true);
    let expected = "in the second model: \"gone.bin\" is not there";
    assert_eq!(
        content(&tensors, "conv1.weight"),
        Content::NotCompared(expected.to_owned())
    );
    assert_eq!(content(&tensors, "conv2.weight"), Content::Equal);
    assert!(!tensors.differs());
}

#[test]
fn types_that_do_not_compare_are_told_apart() {
    let mut protos = protos(&rows());
    let codes: Vec<u8> = (0..144).collect();
    protos[0] = TensorProto {
        raw_data: codes.clone(),
        ..tensor("conv1.weight", 3, &[4, 4, 3, 3])
    };
    let model = read(&net(protos.clone(), 1));
    let tensors = compared([&plain(), &model], true);
    let expected = "float32 and int8 are not compared";
    assert_eq!(
        content(&tensors, "conv1.weight"),
        Content::NotCompared(expected.to_owned())
    );
    // Of one type integers compare: one code of 144 moves by 3.
    protos[0].raw_data[9] += 3;
    let tensors = compared([&model, &read(&net(protos, 1))], true);
    let difference = *content(&tensors, "conv1.weight").difference().unwrap();
    assert_eq!((difference.elements, difference.max_abs), (1, Some(3.0)));
}

#[test]
fn what_has_no_counterpart_is_told() {
    let mut fewer = rows();
    fewer[5].1 = vec![7];
    fewer[5].2 = values(7, 6);
    let mut net_of = net(protos(&fewer), 1);
    let spare = floats("spare", &[2, 3], &values(6, 9));
    net_of.graph.as_mut().unwrap().initializer.push(spare);
    let sum = node("sum", "MatMul", &["y", "spare"], &["z"]);
    net_of.graph.as_mut().unwrap().node.push(sum);
    net_of.graph.as_mut().unwrap().output[0].name = "z".into();
    let tensors = compared([&plain(), &read(&net_of)], true);
    assert_eq!(find(&tensors, "fc.bias").shapes, Shapes::Other);
    let last = tensors.pairs.last().unwrap();
    assert_eq!(
        (last.shapes.clone(), last.before.is_none()),
        (Shapes::OnlyAfter, true)
    );
    assert_eq!(last.after.as_ref().unwrap().name, "spare");
    assert!(tensors.differs());
}

/// A convolution of 2 filters, followed by a normalisation with ε = 0 where there are statistics.
fn normalised(tensors: Vec<TensorProto>) -> ModelProto {
    let names: Vec<String> = tensors.iter().map(|it| it.name.clone()).collect();
    let mut nodes = vec![node("conv", "Conv", &["x", &names[0], &names[1]], &["a"])];
    if let [gamma, beta, mean, var] = &names[2..] {
        let inputs = ["a", gamma, beta, mean, var];
        let norm = node("norm", "BatchNormalization", &inputs, &["y"]);
        nodes.push(with(norm, vec![support::float("epsilon", 0.0)]));
    } else {
        nodes.push(node("end", "Identity", &["a"], &["y"]));
    }
    let mut graph = graph(nodes, &[], &["y"]);
    graph.input = vec![float_value("x", &[1, 3, 4, 4])];
    graph.initializer = tensors;
    model(graph, 17)
}

#[test]
fn a_folded_normalisation_is_recognised() {
    let filters = values(2 * 3 * 9, 7);
    let raw = |name: &'static str, two: [f32; 2]| floats(name, &[2], &two);
    let plain = |variance: [f32; 2]| {
        read(&normalised(vec![
            floats("conv.weight", &[2, 3, 3, 3], &filters),
            raw("conv.bias", [0.5, -1.0]),
            raw("bn.weight", [3.0, 0.5]),
            raw("bn.bias", [0.25, 1.0]),
            raw("bn.running_mean", [1.5, 2.0]),
            raw("bn.running_var", variance),
        ]))
    };
    // γ / √σ² is 3 / 2 and 0.5 / 4; the biases are 0.25 + (0.5 - 1.5) · 1.5 and 1 + (-1 - 2) / 8.
    let scales = [1.5, 0.125];
    let folded: Vec<f32> = filters
        .iter()
        .enumerate()
        .map(|(at, it)| it * scales[at / 27])
        .collect();
    let folded = read(&normalised(vec![
        floats("onnx::Conv_1", &[2, 3, 3, 3], &folded),
        raw("onnx::Conv_2", [-1.25, 0.625]),
    ]));
    let tensors = compared([&plain([4.0, 16.0]), &folded], true);
    let exact = Content::Folded(Difference {
        of: 54,
        ..Difference::default()
    });
    assert_eq!(content(&tensors, "conv.weight"), exact);
    assert!(matches!(content(&tensors, "conv.bias"), Content::Folded(_)));
    for name in ["bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"] {
        let into = Shapes::Folded("onnx::Conv_1".to_owned());
        assert_eq!(find(&tensors, name).shapes, into);
    }
    assert!(!tensors.differs());
    let back = compared([&folded, &plain([4.0, 16.0])], true);
    assert_eq!(content(&back, "onnx::Conv_1"), exact);
    assert!(!back.differs());
    // Another variance gives other filters.
    let tensors = compared([&plain([4.0, 17.0]), &folded], true);
    assert!(matches!(
        content(&tensors, "conv.weight"),
        Content::Different(_)
    ));
    assert_eq!(find(&tensors, "bn.weight").shapes, Shapes::OnlyBefore);
}

/// What is said of each pair, as the other side would say it.
fn seen(tensors: &Tensors, flipped: bool) -> Vec<String> {
    let name = |it: &Option<cnninspect::compare::tensors::Side>| {
        it.as_ref().map_or(String::new(), |it| it.name.clone())
    };
    let said = |it: &Pair| {
        let (one, other) = (name(&it.before), name(&it.after));
        let pair = if flipped { [other, one] } else { [one, other] };
        let shapes = match (&it.shapes, flipped) {
            (Shapes::OnlyBefore, true) => Shapes::OnlyAfter,
            (Shapes::OnlyAfter, true) => Shapes::OnlyBefore,
            (other, _) => other.clone(),
        };
        format!("{pair:?} {:?} {shapes:?} {:?}", it.by, it.content)
    };
    let mut said: Vec<String> = tensors.pairs.iter().map(said).collect();
    said.sort();
    said
}

#[test]
fn the_other_way_round_gives_the_mirror_image() {
    let mut renamed = rows();
    renamed.swap(0, 2);
    for (at, row) in renamed.iter_mut().enumerate() {
        row.0 = ["v1", "v2", "v3", "v4", "v5", "v6"][at];
    }
    let mut zeros = rows();
    for row in &mut zeros {
        row.2.fill(0.0);
    }
    for (at, row) in zeros.iter_mut().enumerate() {
        row.0 = ["z1", "z2", "z3", "z4", "z5", "z6"][at];
    }
    let mut turned = rows();
    turned[4].1 = vec![16, 5];
    turned[4].2 = transposed(&turned[4].2, 5, 16);
    let models = [
        plain(),
        read(&net(protos(&renamed), 1)),
        read(&net(protos(&zeros), 1)),
        read(&net(renamed.iter().map(halves).collect(), 1)),
        read(&net(protos(&turned), 0)),
    ];
    for one in &models {
        for other in &models {
            for contents in [false, true] {
                let there = seen(&compared([one, other], contents), true);
                assert_eq!(there, seen(&compared([other, one], contents), false));
            }
        }
    }
}

/// A tensor of `dims` floats in another file.
fn external(name: &str, dims: &[i64], location: &str, offset: u64) -> TensorProto {
    let entry = |key: &str, value: String| onnx_protobuf::StringStringEntryProto {
        key: key.into(),
        value,
        ..Default::default()
    };
    TensorProto {
        data_location: onnx_protobuf::tensor_proto::DataLocation::EXTERNAL.into(),
        external_data: vec![
            entry("location", location.into()),
            entry("offset", offset.to_string()),
        ],
        ..tensor(name, 1, dims)
    }
}

#[test]
fn tensors_that_all_lie_on_the_same_bytes_are_not_read_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("w.bin"), vec![0; 1 << 20]).unwrap();
    // A hundred matrices of a MiB on one MiB: 200 MiB would be read, 8 · (8 + 2 · 1) are.
    let names: Vec<String> = (0..100).map(|it| format!("w{it}")).collect();
    let mut nodes = vec![];
    for (at, name) in names.iter().enumerate() {
        let [before, after] = [at, at + 1].map(|it| format!("v{it}"));
        nodes.push(node("", "MatMul", &[&before, name], &[&after]));
    }
    let mut graph = graph(nodes, &[], &["v100"]);
    graph.input = vec![float_value("v0", &[1, 512])];
    let tensor = |it: &String| external(it, &[512, 512], "w.bin", 0);
    graph.initializer = names.iter().map(tensor).collect();
    let path = folder.path().join("net.onnx");
    fs::write(&path, bytes(&model(graph, 17))).unwrap();
    let model = open(&path, &Options::default()).unwrap();
    let tensors = compared([&model, &model], true);
    assert!(tensors.read.unwrap() <= 8 * (10 << 20) + (1 << 20));
    let equal = tensors.count(|it| it.content == Some(Content::Equal));
    assert!((30..50).contains(&equal), "{equal}");
    let stopped = tensors.count(|it| match &it.content {
        Some(Content::NotCompared(reason)) => reason.contains("overlap"),
        _ => false,
    });
    assert_eq!(equal + stopped, 100);
}

#[test]
fn offsets_past_the_end_are_said() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("w.bin"), vec![0; 600]).unwrap();
    for offset in [100, u64::MAX - 8, u64::MAX] {
        let mut protos = protos(&rows());
        protos[0] = external("conv1.weight", &[4, 4, 3, 3], "w.bin", offset);
        let path = folder.path().join("net.onnx");
        fs::write(&path, bytes(&net(protos, 1))).unwrap();
        let model = open(&path, &Options::default()).unwrap();
        let tensors = compared([&plain(), &model], true);
        let Content::NotCompared(reason) = content(&tensors, "conv1.weight") else {
            panic!("compared at {offset}")
        };
        assert!(reason.contains("the file has 600 bytes"), "{reason}");
        assert_eq!(content(&tensors, "conv2.weight"), Content::Equal);
    }
}

/// A safetensors file of these tensors.
fn safetensors(path: &Path, rows: &[Row]) {
    let data: Vec<(Vec<usize>, Vec<u8>)> = rows
        .iter()
        .map(|(_, dims, values)| {
            let dims = dims.iter().map(|it| usize::try_from(*it).unwrap());
            let data = values.iter().flat_map(|it| it.to_le_bytes());
            (dims.collect(), data.collect())
        })
        .collect();
    let views = rows.iter().zip(&data).map(|(row, (dims, data))| {
        let view =
            safetensors::tensor::TensorView::new(safetensors::Dtype::F32, dims.clone(), data);
        (format!("backbone.{}", row.0), view.unwrap())
    });
    let written = safetensors::serialize(views, None).unwrap();
    fs::write(path, written).unwrap();
}

#[test]
fn a_safetensors_file_holds_the_tensors_of_a_graph() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    let mut rows = rows();
    safetensors(&path, &rows);
    let model = open(&path, &Options::default()).unwrap();
    let tensors = compared([&plain(), &model], true);
    for pair in &tensors.pairs {
        let name = &pair.before.as_ref().unwrap().name;
        assert_eq!(
            pair.after.as_ref().unwrap().name,
            format!("backbone.{name}")
        );
        assert_eq!(pair.by, Some(By::Spelling));
        assert_eq!(pair.content, Some(Content::Equal));
    }
    // A file that keeps filters as TensorFlow does: sizes, then channels, then filters.
    let (old, mut new) = (rows[0].2.clone(), vec![0.0; 144]);
    for (at, value) in old.iter().enumerate() {
        let (filter, channel, tap) = (at / 36, at / 9 % 4, at % 9);
        new[(tap * 4 + channel) * 4 + filter] = *value;
    }
    rows[0].1 = vec![3, 3, 4, 4];
    rows[0].2 = new;
    safetensors(&path, &rows);
    let model = open(&path, &Options::default()).unwrap();
    let tensors = compared([&plain(), &model], true);
    let pair = find(&tensors, "conv1.weight");
    assert_eq!(pair.axes, [2, 3, 1, 0]);
    assert_eq!(pair.content, Some(Content::EqualValues { rounded: None }));
}
