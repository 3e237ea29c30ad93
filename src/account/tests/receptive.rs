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
