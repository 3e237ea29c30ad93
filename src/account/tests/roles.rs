//! Roles of stored tensors, and traces.

use super::trace::Root;
use super::*;
use crate::network::InitializerId;
use crate::units::Params;

fn roles(model: &Model) -> Vec<(Role, u128)> {
    let roles = model.account().totals.roles;
    let all = Role::ALL.into_iter().map(|it| (it, roles.of(it).0));
    all.filter(|it| it.1 > 0).collect()
}

/// A convolution of `x` that makes `y` the network's output, so that something is alive.
fn base() -> Model {
    let model = Model::new()
        .input("x", &[1, 3, 8, 8])
        .stored("w", &[4, 3, 3, 3]);
    model.node("Conv", "x w", "y", &[1, 4, 6, 6]).output("y")
}

/// Case, what is added to a convolution of 108 weights, and the roles then.
type Case = (&'static str, Model, Vec<(Role, u128)>);

fn hold(cases: Vec<Case>) {
    for (case, model, expected) in cases {
        assert_eq!(roles(&model), expected, "{case}");
    }
}

#[test]
fn every_use_has_its_role() {
    use Role::{Constant, Dead, Elementwise, NormAffine, NormStatistics, Weight};
    let map = [1, 4, 6, 6];
    hold(vec![
        ("the weight alone", base(), vec![(Weight, 108)]),
        (
            "a norm's four",
            base()
                .stored("s", &[4])
                .stored("t", &[4])
                .stored("m", &[4])
                .stored("v", &[4])
                .node("BatchNormalization", "y s t m v", "z", &map)
                .output("z"),
            vec![(Weight, 108), (NormAffine, 8), (NormStatistics, 8)],
        ),
        (
            "an unfused bias, a scalar, a bound",
            base()
                .stored("c", &[4, 1, 1])
                .stored("one", &[1])
                .stored("low", &[])
                .node("Add", "y c", "a", &map)
                .node("Mul", "a one", "m", &map)
                .node("Clip", "m low", "z", &map)
                .output("z"),
            vec![(Weight, 108), (Elementwise, 4), (Constant, 2)],
        ),
        (
            "nothing reads it but a shape",
            base()
                .stored("c", &[4])
                .node("Shape", "c", "z", &[1])
                .output("z"),
            vec![(Weight, 108), (Constant, 4)],
        ),
        (
            "no output depends on it",
            base().stored("c", &[4, 1, 1]).node("Add", "y c", "a", &map),
            vec![(Weight, 108), (Dead, 4)],
        ),
        (
            "an embedding and its constant twin",
            base()
                .stored("table", &[10, 5])
                .input("words", &[7])
                .node("Gather", "table words", "e", &[7, 5])
                .output("e"),
            vec![(Weight, 158)],
        ),
        (
            "rows of a table at fixed places are moved",
            base()
                .stored("table", &[10, 5])
                .ints("first", &[0, 1])
                .node("Gather", "table first", "e", &[2, 5])
                .node("Add", "e e", "z", &[2, 5])
                .output("z"),
            vec![(Weight, 108), (Elementwise, 50), (Constant, 2)],
        ),
    ]);
}

#[test]
fn what_only_serves_a_weight_is_none() {
    use Role::{Bias, Constant, Quantization, Weight};
    let map = [1, 4, 6, 6];
    hold(vec![
        (
            "a quantised weight, its scale by Mul, its zero point by Sub",
            base()
                .tensor("q", &[4, 3, 3, 3], DataType::Int8, Source::Initializer)
                .tensor("z0", &[4, 1, 1, 1], DataType::Int8, Source::Initializer)
                .stored("scale", &[4, 1, 1, 1])
                .node("Cast", "q", "qf", &[4, 3, 3, 3])
                .node("Cast", "z0", "zf", &[4, 1, 1, 1])
                .node("Sub", "qf zf", "qz", &[4, 3, 3, 3])
                .node("Mul", "qz scale", "qw", &[4, 3, 3, 3])
                .node("Conv", "x qw", "z", &map)
                .output("z"),
            vec![(Weight, 216), (Quantization, 8)],
        ),
        (
            "a fill value spread out as a bias",
            base()
                .stored("zero", &[1])
                .ints("four", &[4])
                .node("Expand", "zero four", "b", &[4])
                .node("Conv", "x w b", "z", &map)
                .output("z"),
            vec![(Weight, 108), (Constant, 2)],
        ),
        (
            "a weight that an operator makes counts without a byte",
            base()
                .ints("dims", &[4, 3, 3, 3])
                .node("ConstantOfShape", "dims", "made", &[4, 3, 3, 3])
                .node("Conv", "x made", "z", &map)
                .output("z"),
            vec![(Weight, 216), (Constant, 4)],
        ),
        (
            "several uses: the first role counts",
            base()
                .node("Mul", "w w", "squares", &[4, 3, 3, 3])
                .output("squares"),
            vec![(Weight, 108)],
        ),
        (
            "PRelu's slope of one element",
            base()
                .stored("slope", &[1])
                .node("PRelu", "y slope", "z", &map)
                .output("z"),
            vec![(Weight, 109)],
        ),
        (
            "a bias of one element",
            base()
                .stored("w1", &[1, 4, 1, 1])
                .stored("b1", &[1])
                .node("Conv", "y w1 b1", "z", &[1, 1, 6, 6])
                .output("z"),
            vec![(Weight, 112), (Bias, 1)],
        ),
        (
            "float sizes only steer",
            base()
                .stored("scales", &[4])
                .node("Resize", "y _ scales", "z", &map)
                .output("z"),
            vec![(Weight, 108), (Constant, 4)],
        ),
    ]);
}

#[test]
fn constant_nodes_hold_parameters_only_where_they_hold_the_weights() {
    let model = |weights: Source| {
        Model::new()
            .input("x", &[1, 3, 8, 8])
            .tensor("w", &[4, 3, 3, 3], DataType::Float, weights)
            .node("Conv", "x w", "y", &[1, 4, 6, 6])
            .tensor("c", &[4, 1, 1], DataType::Float, Source::Constant)
            .node("Add", "y c", "z", &[1, 4, 6, 6])
            .output("z")
    };
    let paddle = roles(&model(Source::Constant));
    assert_eq!(paddle, [(Role::Weight, 108), (Role::Elementwise, 4)]);
    let torch = roles(&model(Source::Initializer));
    assert_eq!(torch, [(Role::Weight, 108), (Role::Constant, 4)]);
}

#[test]
fn dead_weights_are_named() {
    let account = base().stored("head.weight", &[10, 4]).account();
    let found: Vec<_> = account
        .findings
        .iter()
        .map(|it| it.message.as_str())
        .collect();
    assert_eq!(
        found,
        ["1 stored tensor of 40 elements reaches no output: \"head.weight\""]
    );
    assert_eq!(account.totals.params, Params(108));
}

#[test]
fn a_recurrent_weight_in_pieces_is_a_weight() {
    let model = base()
        .stored("ih", &[12, 5])
        .node("Slice", "ih", "part", &[6, 5])
        .node("Concat", "part part", "both", &[12, 5])
        .node("Unsqueeze", "both", "wx", &[1, 12, 5])
        .stored("wr", &[1, 12, 3])
        .input("s", &[10, 1, 5])
        .node("LSTM", "s wx wr", "h", &[10, 1, 1, 3])
        .output("h");
    assert_eq!(roles(&model), [(Role::Weight, 108 + 60 + 36)]);
}

#[test]
fn a_weight_is_traced_to_its_root() {
    let stored = Root::Stored(InitializerId(0));
    let sizes = [4, 3, 3, 3];
    let model = base()
        .node("Identity", "w", "a", &sizes)
        .node("Reshape", "a", "b", &[108])
        .stored("gain", &[4, 1, 1, 1])
        .node("Mul", "w gain", "c", &sizes)
        .node("ReduceMean", "w", "mean", &[4, 1, 1, 1])
        .node("Sub", "w mean", "centred", &sizes)
        .node("BatchNormalization", "b gain gain gain gain", "d", &[108])
        .node("Concat", "w w", "twice", &[8, 3, 3, 3])
        .node("Slice", "w", "flipped", &sizes)
        .node("Slice", "w", "part", &[2, 3, 3, 3])
        .stored("mask", &sizes)
        .node("Mul", "w mask", "masked", &sizes)
        .node("Expand", "gain", "spread", &sizes)
        .open_node("Relu", "nowhere", "r");
    let cases = [
        ("w", stored, vec![]),
        ("b", stored, vec!["Reshape", "Identity"]),
        ("c", stored, vec!["Mul"]),
        ("centred", stored, vec!["Sub"]),
        (
            "d",
            stored,
            vec!["BatchNormalization", "Reshape", "Identity"],
        ),
        ("twice", Root::Computed, vec![]),
        ("flipped", stored, vec!["Slice"]),
        ("part", Root::Computed, vec![]),
        ("masked", Root::Computed, vec![]),
        ("spread", Root::Computed, vec![]),
        ("nowhere", Root::Missing, vec![]),
        ("x", Root::Input(model.names["x"]), vec![]),
    ];
    for (name, root, via) in cases {
        let trace = model.trace(name);
        let names: Vec<&str> = trace
            .via
            .iter()
            .map(|it| &*model.network.node(*it).op_type)
            .collect();
        assert_eq!((trace.root, names), (root, via), "{name}");
    }
}

#[test]
fn a_body_finds_its_weights_outside() {
    let sizes = [4, 4, 3, 3];
    let model = Model::new()
        .input("x", &[1, 4, 8, 8])
        .stored("outer", &sizes)
        .stored("carried", &sizes)
        .ints("trips", &[3])
        .stored("go", &[1])
        .node("Loop", "trips go x carried", "l", &[1, 4, 8, 8])
        .output("l")
        .body("body")
        .input("i", &[])
        .input("go_on", &[])
        .input("state", &[1, 4, 8, 8])
        .input("weight", &sizes)
        .node("Conv", "state outer", "m", &[1, 4, 8, 8])
        .list("pads", &[1; 4])
        .node("Conv", "m weight", "n", &[1, 4, 8, 8])
        .list("pads", &[1; 4])
        .output("go_on")
        .output("n")
        .output("weight")
        .leave();
    let account = model.account();
    let weights: Vec<_> = convs(&account)
        .iter()
        .map(|it| it.weight.as_deref().unwrap())
        .collect();
    assert_eq!(weights, ["outer", "carried"]);
    assert_eq!(roles(&model), [(Role::Weight, 288), (Role::Constant, 2)]);
}
