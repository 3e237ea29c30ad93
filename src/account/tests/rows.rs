//! Pools, matrix products, recurrent operators, totals.

use super::*;
use crate::units::{Macs, Params};

#[test]
fn pools_tell_their_activations() {
    // AlexNet's pool1: 96·55·55 go in, 96·27·27 come out, for each of two images.
    let account = Model::new()
        .input("x", &[2, 96, 55, 55])
        .node("MaxPool", "x", "y", &[2, 96, 27, 27])
        .list("kernel_shape", &[3, 3])
        .list("strides", &[2, 2])
        .node("GlobalAveragePool", "y", "z", &[2, 96, 1, 1])
        .output("z")
        .account();
    let rows = pools(&account);
    assert_eq!(
        (rows[0].activations_in, rows[0].activations_out),
        (Some(290_400), Some(69_984))
    );
    assert_eq!((rows[0].global, rows[1].global), (false, true));
    assert_eq!(rows[1].kernel_shape, Some(vec![27, 27]));
    assert_eq!(
        (&rows[1].strides, rows[1].activations_out),
        (&None, Some(96))
    );
    assert_eq!(account.totals.pool.layers, 2);
    assert_eq!(other_gaps(&account).len(), 0);
}

#[test]
fn a_mean_over_a_feature_map_is_a_pool() {
    let map = [1, 4, 6, 6];
    let base = || {
        Model::new()
            .input("x", &[1, 3, 8, 8])
            .stored("w", &[4, 3, 3, 3])
            .node("Conv", "x w", "y", &map)
            .node("Relu", "y", "r", &map)
    };
    let cases = [
        (
            "the spatial axes",
            base()
                .node("ReduceMean", "r", "z", &[1, 4, 1, 1])
                .list("axes", &[2, 3]),
            1,
        ),
        (
            "counted from the end, given as an input",
            base()
                .ints("axes", &[-1, -2])
                .node("ReduceMax", "r axes", "z", &[1, 4, 1, 1]),
            1,
        ),
        (
            "one axis too few",
            base()
                .node("ReduceMean", "r", "z", &[1, 4, 6, 1])
                .list("axes", &[3]),
            0,
        ),
        (
            "the channels: a norm",
            base()
                .node("ReduceMean", "r", "z", &[1, 1, 6, 6])
                .list("axes", &[1]),
            0,
        ),
        (
            "all axes",
            base().node("ReduceMean", "r", "z", &[1, 1, 1, 1]),
            0,
        ),
        (
            "behind a Transpose",
            base()
                .node("Transpose", "r", "t", &[1, 6, 6, 4])
                .node("ReduceMean", "t", "z", &[1, 6, 1, 1])
                .list("axes", &[2, 3]),
            0,
        ),
        (
            "of the input",
            base()
                .node("ReduceMean", "x", "z", &[1, 3, 1, 1])
                .list("axes", &[2, 3]),
            0,
        ),
    ];
    for (case, model, expected) in cases {
        let account = model.output("z").account();
        assert_eq!(pools(&account).len(), expected, "{case}");
    }
}

#[test]
fn linear_layers_count_each_sample() {
    // fc6 of AlexNet on 8 images: 9216·4096 weights and MACs, 4096 biases.
    let account = Model::new()
        .input("x", &[8, 9216])
        .stored("w", &[4096, 9216])
        .stored("b", &[4096])
        .node("Gemm", "x w b", "y", &[8, 4096])
        .attr("transB", Attr::Int(1))
        .node("MatMul", "y y", "z", &[8, 8])
        .output("z")
        .account();
    let linear = account.totals.linear;
    assert_eq!((linear.layers, linear.params), (1, Params(37_752_832)));
    assert_eq!(
        (linear.macs, account.totals.macs),
        (Some(Macs(37_748_736)), Some(Macs(37_748_736)))
    );
    assert!(matches!(&account.layers[1], Layer::Other(row) if row.params == Params(0)));
}

#[test]
fn a_sum_of_activations_is_no_stored_weight() {
    // The position table has as many elements as what it is added to.
    let account = Model::new()
        .input("x", &[1, 5, 6])
        .stored("positions", &[1, 5, 6])
        .node("Add", "x positions", "q", &[1, 5, 6])
        .node("Transpose", "q", "k", &[1, 6, 5])
        .node("MatMul", "q k", "scores", &[1, 5, 5])
        .output("scores")
        .account();
    assert_eq!(account.totals.linear.layers, 0);
    assert_eq!(account.totals.roles.elementwise, Params(30));
}

#[test]
fn an_lstm_multiplies_at_each_step() {
    // 10 · (4·3·5 + 4·3·3) = 960
    let account = Model::new()
        .input("x", &[10, 1, 5])
        .stored("w", &[1, 12, 5])
        .stored("r", &[1, 12, 3])
        .stored("b", &[1, 24])
        .node("LSTM", "x w r b", "y", &[10, 1, 1, 3])
        .output("y")
        .account();
    let rows = account.layers.iter().filter_map(|it| match it {
        Layer::Recurrent(row) => Some((row.macs, row.params)),
        _ => None,
    });
    assert_eq!(rows.collect::<Vec<_>>(), [(Some(Macs(960)), Params(120))]);
    assert_eq!(account.totals.macs, Some(Macs(960)));
    assert_eq!(account.totals.linear.macs, Some(Macs(0)));
}

#[test]
fn an_unknown_term_makes_its_sum_unknown() {
    let account = Model::new()
        .input("x", &[1, 3, 8, 8])
        .input("v", &[4, 3, 3, 3])
        .node("Conv", "x v", "y", &[1, 4, 6, 6])
        .output("y")
        .account();
    let row = convs(&account)[0];
    assert_eq!(
        (row.weight_source.as_str(), row.params.stored),
        ("input", None)
    );
    assert_eq!(row.params.shared, Some(Params(108)));
    assert_eq!(
        (account.totals.conv.stored, account.totals.params),
        (None, Params(0))
    );
    let gaps = other_gaps(&account);
    let whats: Vec<_> = gaps
        .iter()
        .map(|it| (it.layer.as_str(), it.what.as_str()))
        .collect();
    assert_eq!(whats, [("y", "params.stored"), ("totals", "conv.stored")]);
    assert_eq!(gaps[1].reason, "unknown for y");
}
