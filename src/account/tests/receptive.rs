//! Receptive fields and peak activations of small networks, by arithmetic.

use super::*;

fn ints(values: &[i64]) -> Attr {
    Attr::Ints(values.to_vec())
}

/// Two 3×3 convolutions of stride 2 with padding 1, then a block whose branches meet.
fn block() -> Account {
    Model::new()
        .input("x", &[1, 1, 32, 32])
        .stored("w", &[4, 1, 3, 3])
        .stored("v", &[4, 4, 3, 3])
        .node("Conv", "x w", "a", &[1, 4, 16, 16])
        .attr("strides", ints(&[2, 2]))
        .attr("pads", ints(&[1; 4]))
        .node("Conv", "a v", "b", &[1, 4, 16, 16])
        .attr("pads", ints(&[1; 4]))
        .node("Add", "a b", "c", &[1, 4, 16, 16])
        .node("Conv", "c v", "d", &[1, 4, 8, 8])
        .attr("strides", ints(&[2, 2]))
        .attr("pads", ints(&[1; 4]))
        .node("GlobalAveragePool", "d", "e", &[1, 4, 1, 1])
        .output("e")
        .account()
}

#[test]
fn branches_see_what_the_widest_of_them_sees() {
    let account = block();
    let fields = account.layers.iter().filter_map(|it| match it {
        Layer::Conv(row) => row.receptive_field.as_ref(),
        Layer::Pool(row) => row.receptive_field.as_ref(),
        _ => None,
    });
    let got: Vec<_> = fields
        .map(|it| (it.size[0], it.stride[0].pixels, it.start[0]))
        .collect();
    // 3; 3 + 2·2 = 7 from −1 − 2; then 7 + 2·2 = 11 from −3 − 2; the pool sees all 32.
    assert_eq!(got, [(3, 2, -1), (7, 2, -3), (11, 4, -5), (32, 0, 0)]);
}

#[test]
fn a_skip_keeps_its_value_alive() {
    let peak = block().totals.peak_activations.unwrap();
    // While b runs: a and b; while c runs: a, b and c, each 4·16·16 = 1,024. x, of 1,024 too, is no longer needed.
    assert_eq!((peak.elements, peak.layer.as_str()), (3 * 1024, "c"));
}

/// The one field of a row by its name.
fn field(account: &Account, name: &str) -> Option<ReceptiveField> {
    let rows = account.layers.iter().find_map(|it| match it {
        Layer::Conv(row) if row.name == name => Some(row.receptive_field.clone()),
        Layer::Pool(row) if row.name == name => Some(row.receptive_field.clone()),
        _ => None,
    });
    rows.unwrap()
}

/// A 3×3 convolution over 8 channels, `last`.
fn then_conv(model: Model, input: &str) -> Model {
    let model = model.stored("z", &[8, 8, 3, 3]);
    let conv = format!("{input} z");
    model
        .node("Conv", &conv, "last", &[1, 8, 20, 24])
        .attr("pads", ints(&[1; 4]))
}

/// A 3×3 convolution of 20×24 pixels, `first`.
fn first_conv() -> Model {
    Model::new()
        .input("x", &[1, 3, 20, 24])
        .stored("w", &[8, 3, 3, 3])
        .node("Conv", "x w", "first", &[1, 8, 20, 24])
        .attr("pads", ints(&[1; 4]))
}

#[test]
fn a_product_over_the_channels_keeps_both_axes() {
    // As ConvNeXt has it: to N, spatial, C, a matrix product, and back.
    let model = first_conv()
        .node("Transpose", "first", "t", &[1, 20, 24, 8])
        .attr("perm", ints(&[0, 2, 3, 1]))
        .stored("m", &[8, 8])
        .node("MatMul", "t m", "p", &[1, 20, 24, 8])
        .node("Transpose", "p", "b", &[1, 8, 20, 24])
        .attr("perm", ints(&[0, 3, 1, 2]));
    let account = then_conv(model, "b").output("last").account();
    // 3 + 2 along each axis, and no window sees the whole.
    let field = field(&account, "last").unwrap();
    assert_eq!((field.size, field.windows), (vec![5, 5], None));
}

#[test]
fn a_map_that_is_flattened_for_a_norm_keeps_its_windows() {
    // As exporters write a group norm of 2 groups.
    let model = first_conv()
        .node("Reshape", "first s", "flat", &[1, 2, 1920])
        .ints("s", &[1, 2, -1])
        .stored("g", &[2])
        .node("InstanceNormalization", "flat g g", "norm", &[1, 2, 1920])
        .node("Reshape", "norm r", "back", &[1, 8, 20, 24])
        .ints("r", &[1, 8, 20, 24]);
    let account = then_conv(model, "back").output("last").account();
    let field = field(&account, "last").unwrap();
    // The norm takes all places together; the windows alone see 5.
    assert_eq!(field.size, [20, 24]);
    assert_eq!(field.windows.unwrap().size, [5, 5]);
}

#[test]
fn a_gate_makes_the_field_the_whole_input() {
    let model = first_conv()
        .node("GlobalAveragePool", "first", "pool", &[1, 8, 1, 1])
        .stored("k", &[8, 8, 1, 1])
        .node("Conv", "pool k", "gate", &[1, 8, 1, 1])
        .node("Mul", "first gate", "gated", &[1, 8, 20, 24]);
    let account = then_conv(model, "gated").output("last").account();
    assert_eq!(field(&account, "gate").unwrap().size, [20, 24]);
    let field = field(&account, "last").unwrap();
    assert_eq!((&field.size, &field.start), (&vec![20, 24], &vec![0, 0]));
    assert_eq!(field.reach(), Some(&[5, 5][..]));
}

#[test]
fn one_cause_is_one_gap() {
    let model = first_conv().open_node("Unheard", "first", "odd");
    let account = then_conv(model, "odd")
        .node("Conv", "last z", "more", &[1, 8, 20, 24])
        .output("more")
        .account();
    assert_eq!(field(&account, "more"), None);
    let gaps = account
        .gaps
        .iter()
        .filter(|it| it.what == "receptive_field");
    let gaps: Vec<_> = gaps
        .map(|it| (it.layer.as_str(), it.reason.as_str()))
        .collect();
    let reason = "Unheard \"odd\" is no operator through which windows are followed; so it is for 1 more layer";
    assert_eq!(gaps, [("last", reason)]);
}

#[test]
fn a_peak_inside_a_branch_is_named_there() {
    let account = Model::new()
        .input("x", &[1, 100])
        .input("c", &[1])
        .node("If", "c", "y", &[1, 10])
        .body("then_branch")
        .node("Concat", "x x", "wide", &[1, 200])
        .stored("m", &[200, 10])
        .node("MatMul", "wide m", "narrow", &[1, 10])
        .output("narrow")
        .leave()
        .output("y")
        .account();
    // x is alive for the branch, c while If runs, wide within it, and y for what the branch gives out.
    let peak = account.totals.peak_activations.unwrap();
    assert_eq!(
        (peak.elements, peak.layer.as_str()),
        (100 + 1 + 200 + 10, "wide")
    );
}
