//! What the numbers of one inspection have to do with one another, and that none is missing without a word.

use std::collections::BTreeSet;

use cnninspect::Inspection;
use cnninspect::account::{ConvLayer, Layer, PoolLayer, Role};
use cnninspect::network::Network;
use cnninspect::tensor::Shape;
use cnninspect::units::Params;

/// Every row, sum and gap.
pub(super) fn agree(network: &Network, it: &Inspection) {
    assert_eq!(it.layers.len(), network.nodes().count(), "a row a node");
    for gap in &it.gaps {
        let said = !gap.what.is_empty() && !gap.reason.trim().is_empty();
        assert!(said, "a gap without its reason: {gap:?}");
    }
    let gaps = it.gaps.iter();
    let gaps: BTreeSet<(&str, &str)> = gaps.map(|it| (&*it.layer, &*it.what)).collect();
    for layer in &it.layers {
        match layer {
            Layer::Conv(row) => {
                told(&row.name, &missing(row), &gaps);
                shared(row);
            }
            Layer::Pool(row) => told(&row.name, &missing_of_pool(row), &gaps),
            Layer::Linear(_) | Layer::Recurrent(_) | Layer::Other(_) => {}
        }
    }
    totals(it);
    booked(network, it);
}

/// Each count that is null and has no closed form.
fn missing(row: &ConvLayer) -> Vec<&'static str> {
    let counts = [
        ("shared", "params.shared", row.params.shared.is_none()),
        ("stored", "params.stored", row.params.stored.is_none()),
        ("unshared", "params.unshared", row.params.unshared.is_none()),
        ("dense", "params.dense", row.params.dense.is_none()),
        ("macs", "macs", row.macs.is_none()),
        ("padding_macs", "padding_macs", row.padding_macs.is_none()),
        (
            "sharing_factor",
            "sharing_factor",
            row.sharing_factor.is_none(),
        ),
        ("", "input_shape", row.input_shape.is_none()),
        ("", "output_shape", row.output_shape.is_none()),
        ("", "weight_shape", row.weight_shape.is_none()),
    ];
    let open = counts.into_iter().filter(|it| it.2);
    let open = open.filter(|it| !row.formulas.contains_key(it.0));
    open.map(|it| it.1).collect()
}

fn missing_of_pool(row: &PoolLayer) -> Vec<&'static str> {
    let counts = [
        ("activations_in", row.activations_in.is_none()),
        ("activations_out", row.activations_out.is_none()),
        ("input_shape", row.input_shape.is_none()),
        ("output_shape", row.output_shape.is_none()),
        ("kernel_shape", row.kernel_shape.is_none()),
    ];
    // A list has its closed forms by place: `kernel_shape[0]`.
    let formed = |what: &str| {
        let mut names = row.formulas.keys();
        names.any(|it| it.split('[').next() == Some(what))
    };
    let open = counts.into_iter().filter(|it| it.1 && !formed(it.0));
    open.map(|it| it.0).collect()
}

fn told(layer: &str, missing: &[&str], gaps: &BTreeSet<(&str, &str)>) {
    for what in missing {
        let gap = (layer, *what);
        assert!(gaps.contains(&gap), "{what} of {layer:?} is null unsaid");
    }
}

/// Every output position of a convolution that is not transposed has the weights of its own.
fn shared(row: &ConvLayer) {
    if let Some((padding, macs)) = row.padding_macs.zip(row.macs) {
        assert!(padding <= macs, "{padding} of {macs}");
    }
    let counts = row.params.shared.zip(row.params.unshared);
    let Some((shared, unshared)) = counts.filter(|_| !row.op_type.contains("Transpose")) else {
        return;
    };
    if let Some(positions) = row.output_shape.as_ref().and_then(spatial) {
        assert_eq!(shared.0.checked_mul(positions), Some(unshared.0), "{row:?}");
    }
}

fn spatial(shape: &Shape) -> Option<u128> {
    let sizes = shape
        .0
        .get(2..)?
        .iter()
        .map(|it| it.known().map(u128::from));
    sizes
        .into_iter()
        .try_fold(1, |product: u128, it| product.checked_mul(it?))
}

/// The sums over the rows, added up again.
fn totals(it: &Inspection) {
    let layers = it.layers.iter();
    let rows: Vec<&ConvLayer> = layers
        .filter_map(|it| match it {
            Layer::Conv(row) if !row.is_aside() => Some(&**row),
            _ => None,
        })
        .collect();
    let sum = |of: fn(&ConvLayer) -> Option<Params>| {
        let mut terms = rows.iter().map(|it| of(it));
        terms.try_fold(0u128, |sum, it| sum.checked_add(it?.0))
    };
    let totals = &it.totals.conv;
    let plain = |it: Option<Params>| it.map(|it| it.0);
    assert_eq!(u128::from(totals.layers), wide(rows.len()));
    assert_eq!(plain(totals.shared), sum(|it| it.params.shared), "shared");
    assert_eq!(
        plain(totals.unshared),
        sum(|it| it.params.unshared),
        "unshared"
    );
    assert_eq!(plain(totals.dense), sum(|it| it.params.dense), "dense");
    let macs = sum(|it| it.macs.map(|it| Params(it.0)));
    assert_eq!(totals.macs.map(|it| it.0), macs, "macs");
    // Each stored tensor counts once, so ties make the sum over the rows larger.
    if let Some((once, each)) = plain(totals.stored).zip(sum(|it| it.params.stored)) {
        assert!(once <= each, "stored: {once} of {each}");
    }
}

fn wide(count: usize) -> u128 {
    u128::try_from(count).unwrap()
}

/// Every element of every stored tensor stands in one role; the headline is the sum of four of them.
fn booked(network: &Network, it: &Inspection) {
    let roles = &it.totals.roles;
    let four = [
        roles.weight,
        roles.bias,
        roles.norm_affine,
        roles.elementwise,
    ];
    let four = four.iter().fold(0u128, |sum, it| sum.saturating_add(it.0));
    assert_eq!(it.totals.params.0, four, "params");
    let mut tensors = network.initializers().map(|it| it.1.tensor.numel());
    let stored = tensors.try_fold(0u128, |sum, it| sum.checked_add(it?));
    let all = Role::ALL.iter().map(|it| roles.of(*it).0);
    let all = all.fold(0u128, u128::saturating_add);
    let made = network
        .nodes()
        .any(|it| &*it.1.op_type == "ConstantOfShape");
    // A tensor whose elements pass 128 bits is in no sum.
    match stored {
        Some(stored) if made => assert!(all >= stored, "{all} booked of {stored}"),
        Some(stored) => assert_eq!(all, stored, "booked, stored"),
        None => {}
    }
}
