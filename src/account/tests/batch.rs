//! What one sample of several takes, by arithmetic.

use super::*;

fn peak_of(account: &Account) -> Option<(u128, &str)> {
    let peak = account.totals.peak_activations.as_ref()?;
    Some((peak.elements, peak.layer.as_str()))
}

/// Why there is no peak.
fn gap_of(account: &Account) -> Option<&str> {
    let mut gaps = account.gaps.iter();
    let gap = gaps.find(|it| it.what == "peak_activations")?;
    Some(&gap.reason)
}

#[test]
fn channels_on_the_first_axis_are_no_batch() {
    let account = Model::new()
        .input("x", &[3, 64, 64])
        .ints("at", &[0])
        .stored("w", &[6, 3, 3, 3])
        .node("Unsqueeze", "x at", "a", &[1, 3, 64, 64])
        .node("Conv", "a w", "b", &[1, 6, 64, 64])
        .list("pads", &[1; 4])
        .node("Relu", "b", "r", &[1, 6, 64, 64])
        .node("GlobalAveragePool", "r", "p", &[1, 6, 1, 1])
        .node("Flatten", "p", "f", &[1, 6])
        .stored("m", &[6, 9])
        .node("MatMul", "f m", "y", &[1, 9])
        .output("y")
        .account();
    // b and r, each 6·64·64.
    assert_eq!(peak_of(&account), Some((2 * 6 * 64 * 64, "r")));
    // 6·3·3·3·64·64 for the convolution, 6·9 for the product.
    let macs = account.totals.macs.unwrap();
    assert_eq!(macs.0, 663_552 + 54);
}

/// A map of `batch` samples, and a table that every sample shares.
fn with_table(batch: u64) -> Account {
    let map = [batch, 1, 64, 64];
    Model::new()
        .input("x", &map)
        .input("t", &[1, 1, 64, 64])
        .stored("w", &[1, 1, 3, 3])
        .node("Conv", "x w", "a", &map)
        .list("pads", &[1; 4])
        .node("Sigmoid", "t", "s", &[1, 1, 64, 64])
        .node("Add", "a s", "y", &map)
        .output("y")
        .account()
}

#[test]
fn what_samples_share_is_not_divided_by_them() {
    // x, t and a, each 64·64; later a, t and s, then a, s and y are as many.
    for batch in [1, 8] {
        let account = with_table(batch);
        assert_eq!(peak_of(&account), Some((3 * 64 * 64, "a")), "{batch}");
    }
}

#[test]
fn a_batch_in_the_sizes_of_a_reshape_is_found() {
    for (batch, sizes) in [(1, [1, -1]), (8, [8, -1]), (8, [-1, 400]), (8, [8, 400])] {
        let account = Model::new()
            .input("x", &[batch, 16, 5, 5])
            .ints("sizes", &sizes)
            .stored("m", &[400, 10])
            .node("Reshape", "x sizes", "f", &[batch, 400])
            .node("MatMul", "f m", "y", &[batch, 10])
            .output("y")
            .account();
        // 16·5·5 go in and 10 come out.
        assert_eq!(peak_of(&account), Some((410, "y")), "{sizes:?}");
        assert_eq!(account.totals.macs.unwrap().0, 4_000, "{sizes:?}");
    }
}

#[test]
fn what_cannot_be_told_of_one_sample_is_a_gap() {
    let cases = [
        (
            "16 products of samples with samples",
            Model::new()
                .input("x", &[4, 6])
                .node("Transpose", "x", "t", &[6, 4])
                .node("MatMul", "x t", "y", &[4, 4]),
            "grows with the batch, but not in proportion",
        ),
        (
            "four rows are taken whatever there is",
            Model::new()
                .input("x", &[4, 6])
                .ints("rows", &[0, 1, 2, 3])
                .node("Gather", "x rows", "y", &[4, 6]),
            "Gather \"y\" fixes it",
        ),
        (
            "as many positions as there are embeddings",
            Model::new()
                .input("x", &[4, 6])
                .stored("e", &[4, 6])
                .node("Add", "x e", "y", &[4, 6]),
            "Add \"y\" takes no other first size",
        ),
    ];
    for (what, model, expected) in cases {
        let account = model.output("y").account();
        assert_eq!(peak_of(&account), None, "{what}");
        let reason = gap_of(&account).unwrap();
        assert!(reason.contains(expected), "{what}: {reason}");
    }
}

#[test]
fn a_node_on_which_no_output_depends_does_not_run() {
    let map = [1, 1, 64, 64];
    let account = Model::new()
        .input("x", &map)
        .stored("w", &[1, 1, 3, 3])
        .ints("r", &[1, 100, 1, 1])
        .node("Conv", "x w", "a", &map)
        .list("pads", &[1; 4])
        .node("Tile", "x r", "big", &[1, 100, 64, 64])
        .node("Relu", "a", "y", &map)
        .output("y")
        .account();
    // x and a, then a and y.
    assert_eq!(peak_of(&account), Some((2 * 64 * 64, "a")));
}

#[test]
fn a_cycle_has_no_peak() {
    let map = [1, 3, 8, 8];
    let account = Model::new()
        .input("x", &map)
        .node("Identity", "b", "a", &map)
        .node("Mul", "a a", "b", &map)
        .node("Add", "x a", "y", &map)
        .output("y")
        .account();
    assert_eq!(peak_of(&account), None);
    let expected = "\"b\" is used before it is computed, so the graph has a cycle";
    assert_eq!(gap_of(&account), Some(expected));
}

#[test]
fn a_peak_of_nothing_is_none() {
    let account = Model::new()
        .stored("a", &[1, 3])
        .node("Relu", "a", "y", &[1, 3])
        .output("y")
        .account();
    assert_eq!(peak_of(&account), None);
    assert!(gap_of(&account).is_some());
}
