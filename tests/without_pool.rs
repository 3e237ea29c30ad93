//! What a pool saves downstream, held against PyTorch networks that were built without it
//! (`fixtures/without_pool/without_pool.py`).

mod support;

use std::path::Path;

use cnninspect::account::{Layer, PoolLayer, WithoutPool};
use cnninspect::infer::{Again, Changed, Sizes, Stop, infer};
use cnninspect::network::Network;
use cnninspect::op::Value;
use cnninspect::tensor::Shape;
use cnninspect::verify::Choice;
use cnninspect::{Inspection, Options, inspect};
use support::{FLOAT, float_value, graph, ints, network, node, tensor, with};

/// A row of the fixture; `without` is empty for the network as it is.
struct Row<'a> {
    model: &'a str,
    without: &'a str,
    linear_params: u128,
    first_linear: u128,
    unshared: u128,
    dense: u128,
    macs: u128,
}

fn rows(text: &str) -> Vec<Row<'_>> {
    let read = |line: &str| -> Vec<u128> {
        let counts = line.split('\t').skip(2);
        counts.map(|it| it.parse().unwrap()).collect()
    };
    let lines = text.lines().skip(1);
    lines
        .map(|line| {
            let mut names = line.split('\t');
            let [linear_params, first_linear, unshared, dense, macs] =
                read(line).try_into().unwrap();
            Row {
                model: names.next().unwrap(),
                without: names.next().unwrap(),
                linear_params,
                first_linear,
                unshared,
                dense,
                macs,
            }
        })
        .collect()
}

fn inspected(model: &str) -> Inspection {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let options = Options {
        verify: Choice::None,
        without_pools: true,
        ..Options::default()
    };
    inspect(path.join(model), &options).unwrap()
}

fn pools(inspection: &Inspection) -> Vec<&PoolLayer> {
    let pools = inspection.layers.iter().filter_map(|it| match it {
        Layer::Pool(row) => Some(&**row),
        _ => None,
    });
    pools.collect()
}

/// Sums without the pool: linear parameters, the grown weight, unshared, dense, multiply-accumulates.
fn told(it: &WithoutPool, first_linear: u128) -> [Option<u128>; 5] {
    let grown = it.largest_linear.as_ref();
    let sum = |it: Option<cnninspect::account::Change>| it.and_then(|it| it.without);
    [
        sum(it.linear_params),
        Some(grown.map_or(first_linear, |it| it.weights_without)),
        sum(it.unshared),
        sum(it.dense),
        sum(it.macs),
    ]
}

#[test]
fn a_network_without_a_pool_is_what_pytorch_makes_of_it() {
    let text = include_str!("../fixtures/without_pool/without_pool.tsv");
    let rows = rows(text);
    // The three networks that the counterfactual is told of, with all their pools.
    assert_eq!(rows.len(), 19);
    for whole in rows.iter().filter(|it| it.without.is_empty()) {
        let inspection = inspected(whole.model);
        let pools = pools(&inspection);
        let others = rows.iter().filter(|it| it.model == whole.model);
        let others: Vec<&Row> = others.filter(|it| !it.without.is_empty()).collect();
        assert_eq!(pools.len(), others.len(), "{}", whole.model);
        assert_eq!(inspection.totals.linear.params.0, whole.linear_params);
        // Both stand in the order of the forward pass.
        for (pool, other) in pools.iter().zip(others) {
            let it = pool.without_pool.as_deref().unwrap();
            let case = format!("{} without {}", other.model, other.without);
            assert_eq!(it.reason, None, "{case}");
            let expected = [
                other.linear_params,
                other.first_linear,
                other.unshared,
                other.dense,
                other.macs,
            ];
            assert_eq!(told(it, whole.first_linear), expected.map(Some), "{case}");
        }
    }
}

/// The column tells it where it is asked for.
#[test]
fn the_column_says_which_layer_would_grow() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/alexnet-2012.onnx");
    let arguments = [
        path,
        "-f",
        "csv",
        "--columns",
        "layer,without_pool",
        "--verify",
        "none",
    ];
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_cnninspect"))
        .args(arguments)
        .output();
    let text = String::from_utf8(output.unwrap().stdout).unwrap();
    // fc6 takes 256·6·6 = 9,216 values behind the pool and 256·13·13 = 43,264 without it, and makes 4,096 of them.
    let expected = "\"pool5\",\"fc6 177,209,344, not 37,748,736\"";
    assert!(text.lines().any(|it| it == expected), "{text}");
    assert!(text.lines().any(|it| it == "\"conv1\","), "{text}");
}

/// A U-Net joins what stands before each of its pools to what comes back up at that size.
#[test]
fn branches_that_rejoin_at_other_sizes_are_said_instead_of_a_number() {
    let inspection = inspected("params/unet.ts_raw.onnx");
    let pools = pools(&inspection);
    let first = pools.first().unwrap().without_pool.as_deref().unwrap();
    let reason = first.reason.as_deref().unwrap();
    assert!(reason.contains("rejoin at other sizes"), "{reason}");
    assert_eq!((first.macs, first.linear_params), (None, None));
}

/// `count` times a pool that halves, a transposed convolution that doubles again, a convolution; with
/// `cut` everything but the first pool's output is made one place before it goes on.
fn chain(count: usize, cut: bool) -> Network {
    let mut nodes = Vec::new();
    let mut last = "x".to_owned();
    for at in 0..count {
        let [pool, up, conv, one] = ["p", "u", "c", "g"].map(|it| format!("{it}{at}"));
        let halves = vec![ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])];
        nodes.push(with(node(&pool, "MaxPool", &[&last], &[&pool]), halves));
        let doubles = vec![ints("strides", &[2, 2])];
        let taken = if cut && at == 0 {
            nodes.push(node(&one, "GlobalMaxPool", &[&pool], &[&one]));
            &one
        } else {
            &pool
        };
        let doubling = node(&up, "ConvTranspose", &[taken, "t"], &[&up]);
        nodes.push(with(doubling, doubles));
        nodes.push(node(&conv, "Conv", &[&up, "w"], &[&conv]));
        last = conv;
    }
    let mut graph = graph(nodes, &[], &[&last]);
    graph.input = vec![float_value("x", &[1, 4, 64, 64])];
    graph.initializer = vec![
        tensor("t", FLOAT, &[4, 4, 2, 2]),
        tensor("w", FLOAT, &[4, 4, 1, 1]),
    ];
    network::of(graph)
}

/// What it takes to walk on from pool `name` if its output were twice as large.
fn walked(network: &Network, name: &str, most: usize) -> Result<Changed, Stop> {
    let edges = network.edges();
    let shapes = infer(network, &edges, &Sizes::default()).unwrap();
    let pool = network.nodes().find(|it| it.1.name == name).unwrap().1;
    let output = pool.outputs[0].unwrap();
    let larger = Value::tensor(None, Shape::known(&[1, 4, 64, 64]));
    Again::new(network, &edges, &shapes).with(output, larger, most)
}

#[test]
fn a_pool_s_work_is_what_lies_downstream_and_has_a_bound() {
    let steps = |count: usize, pool: usize, cut: bool| {
        let changed = walked(&chain(count, cut), &format!("p{pool}"), usize::MAX);
        changed.unwrap().steps
    };
    // Three nodes a pool downstream of the first, each a few edges: twice as long, twice the work.
    let (short, long) = (steps(50, 0, false), steps(100, 0, false));
    assert!(long > short && long <= 2 * short + 8, "{short} {long}");
    // The last pool has two nodes after it, however many stand before.
    assert_eq!(steps(50, 49, false), steps(100, 99, false));
    assert!(steps(100, 99, false) < 16);
    // Where the change ends, so does the walk: a global pool makes one place of either size.
    assert_eq!(steps(50, 0, true), steps(100, 0, true));
    assert!(steps(100, 0, true) < 16);
    // The bound holds exactly, however much lies downstream.
    let network = chain(50, false);
    assert_eq!(
        walked(&network, "p0", short - 1).unwrap_err(),
        Stop::TooMuch
    );
    assert_eq!(walked(&network, "p0", short).unwrap().steps, short);
}
