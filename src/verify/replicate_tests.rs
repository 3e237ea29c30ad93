//! The sharing proof on small layers; counts by arithmetic beside them.

use super::rows::{floats, ints, row};
use super::testing::{self, TestModel};
use super::{Limits, Model, ReplicateError, Replication, Status, replicate};
use crate::account::ConvLayer;
use crate::network::NodeId;
use crate::op::Attr;
use crate::tensor::DataType;
use crate::units::Params;

fn shown(
    test: &TestModel,
    rows: &[ConvLayer],
    name: &str,
    most: u128,
) -> Result<Replication, ReplicateError> {
    let edges = test.network.edges();
    let model = Model {
        network: &test.network,
        edges: &edges,
        shapes: &test.shapes,
        load: &testing::load,
    };
    let rows: Vec<&ConvLayer> = rows.iter().collect();
    replicate(model, &rows, name, &Limits::default(), most)
}

/// A layer of `op_type` with a bias.
fn layer(
    op_type: &str,
    input: &[u64],
    weight: &[u64],
    filters: u64,
    attrs: Vec<(String, Attr)>,
) -> (TestModel, NodeId) {
    let mut test = TestModel::default();
    test.input("x", DataType::Float, input);
    test.store_floats("w", weight, &floats(weight.iter().product()));
    test.store_floats("b", &[filters], &floats(filters));
    let id = test.node(op_type, &["x", "w", "b"], &["y"], attrs);
    (test, id)
}

/// 11×9 with padding, strides and dilations of their own, two groups: outputs `[6, 5, 6]`.
fn uneven() -> (TestModel, ConvLayer) {
    let attrs = vec![
        ints("pads", &[1, 0, 0, 1]),
        ints("strides", &[2, 1]),
        ints("dilations", &[1, 2]),
        ("group".to_owned(), Attr::Int(2)),
    ];
    let (test, id) = layer("Conv", &[1, 4, 11, 9], &[6, 2, 3, 3], 6, attrs);
    let mut row = row(&test, id);
    // 6 · 5 · 6 · (2 · 3 · 3 + 1)
    row.params.unshared = Some(Params(3420));
    (test, row)
}

#[test]
fn copies_give_what_the_convolution_gives() {
    let (test, row) = uneven();
    let it = shown(&test, &[row], "node0", 3420).unwrap();
    assert_eq!((it.status, &it.reason), (Status::Confirmed, &None));
    assert_eq!(
        (it.built, it.positions, it.outputs),
        (Params(3420), 30, 180)
    );
    assert!(it.max_abs_error < 1e-5);
    // The copy in the middle: filter 3 of 6, position 5 / 2 and 6 / 2.
    assert_eq!(it.change.position, [2, 3]);
    assert_eq!(it.change.output, [3, 2, 3]);
    assert_eq!(it.change.weight[0], 3);
    assert_eq!(it.change.changed_by_one, 1);
}

#[test]
fn a_change_of_the_shared_kernel_changes_every_output_of_its_filter_that_it_reaches() {
    // Without padding each tap meets an input everywhere: 3 · 3 outputs.
    let (test, id) = layer("Conv", &[1, 2, 5, 5], &[3, 2, 3, 3], 3, vec![]);
    let it = shown(&test, &[row(&test, id)], "node0", 1000).unwrap();
    assert_eq!((it.change.changed_by_one, it.change.changed_by_all), (1, 9));
    assert_eq!(it.built, Params(3 * 9 * (2 * 9 + 1)));
}

#[test]
fn kinds_of_layers_can_be_replicated() {
    let group = |count| ("group".to_owned(), Attr::Int(count));
    #[rustfmt::skip]
    let cases = [
        // Filters · positions · (elements + 1)
        ("1-D", layer("Conv", &[1, 2, 9], &[3, 2, 4], 3, vec![ints("pads", &[3, 0])]), 3 * 9 * (2 * 4 + 1)),
        ("3-D", layer("Conv", &[1, 2, 4, 5, 6], &[3, 2, 3, 2, 1], 3, vec![ints("pads", &[1, 0, 0, 0, 1, 0])]), 3 * 3 * 5 * 6 * (2 * 6 + 1)),
        ("depthwise", layer("Conv", &[1, 4, 6, 6], &[4, 1, 3, 3], 4, vec![group(4)]), 4 * 16 * (9 + 1)),
        // Channels · input positions · elements, and a bias an output
        ("transposed", layer("ConvTranspose", &[1, 3, 5, 4], &[3, 2, 3, 3], 2, vec![ints("strides", &[2, 2]), ints("output_padding", &[1, 1]), ints("pads", &[1, 1, 1, 1])]), 3 * 20 * 18 + 2 * 10 * 8),
        ("transposed in groups", layer("ConvTranspose", &[1, 4, 5, 4], &[4, 2, 3, 2], 4, vec![ints("strides", &[2, 3]), group(2)]), 4 * 20 * 12 + 4 * 11 * 11),
    ];
    for (case, (test, id), weights) in cases {
        let mut row = row(&test, id);
        row.params.unshared = Some(Params(weights));
        let it = shown(&test, &[row], "node0", weights).unwrap();
        assert_eq!((it.status, it.reason), (Status::Confirmed, None), "{case}");
        assert_eq!(it.change.changed_by_one, 1, "{case}");
        assert!(it.change.changed_by_all > 1, "{case}");
    }
}

/// A name, what is changed in the row, and how the reason begins.
type FalseReport = (&'static str, fn(&mut ConvLayer), &'static str);

#[test]
fn a_false_report_is_a_mismatch() {
    let cases: [FalseReport; 3] = [
        ("pads", |it| it.pads = Some(vec![0, 1, 1, 0]), "at ["),
        ("strides", |it| it.strides = Some(vec![1, 2]), "at ["),
        (
            "count",
            |it| it.params.unshared = Some(Params(3419)),
            "the copies have 3,420 weights, the report says 3,419",
        ),
    ];
    for (case, change, reason) in cases {
        let (test, mut row) = uneven();
        change(&mut row);
        let it = shown(&test, &[row], "node0", 3420).unwrap();
        assert_eq!(it.status, Status::Mismatch, "{case}");
        let said = it.reason.unwrap();
        assert!(said.starts_with(reason), "{case}: {said}");
    }
}

#[test]
fn what_cannot_be_shown_says_why() {
    let (test, row) = uneven();
    let rows = [row.clone(), row];
    let cases = [
        (
            shown(&test, &rows[..1], "node0", 3419),
            "node0: its copies have 3,420 weights, over the limit of 3,419",
        ),
        (
            shown(&test, &rows, "node0", 3420),
            "\"node0\" names 2 convolutions, needs to name one",
        ),
        (
            shown(&test, &rows[..1], "conv", 3420),
            "no convolution is named \"conv\"; close ones are \"node0\"",
        ),
    ];
    for (found, expected) in cases {
        assert_eq!(found.unwrap_err().to_string(), expected);
    }
    let (mut test, _) = uneven();
    test.input("given", DataType::Float, &[6, 2, 3, 3]);
    let id = test.node("Conv", &["x", "given"], &["z"], vec![]);
    test.shape("x", DataType::Float, &[1, 2, 11, 9]);
    let found = shown(&test, &[super::rows::row(&test, id)], "node1", 1);
    let expected = "node1: weight: \"given\" is an input, known at run time only";
    assert_eq!(found.unwrap_err().to_string(), expected);
}
