//! Networks made to be slow, deep or circular.

use super::trace::{MOST_VIA, Root};
use super::*;
use crate::network::InitializerId;
use crate::units::Params;

#[test]
fn a_diamond_is_walked_once() {
    let sizes = [4, 3, 3, 3];
    let mut model = Model::new().input("x", &[1, 3, 8, 8]).stored("w0", &sizes);
    for at in 0..60 {
        let (from, to) = (format!("w{at}"), format!("w{}", at + 1));
        model = model.node("Mul", &format!("{from} {from}"), &to, &sizes);
    }
    let model = model.node("Conv", "x w60", "y", &[1, 4, 6, 6]).output("y");
    let account = model.account();
    let row = convs(&account)[0];
    assert_eq!(row.weight_root, Some(InitializerId(0)));
    assert_eq!(
        (row.params.stored, row.weight_via.len()),
        (Some(Params(108)), 60)
    );
}

#[test]
fn a_long_chain_overflows_nothing() {
    let sizes = [4, 3, 3, 3];
    let mut model = Model::new().input("x", &[1, 3, 8, 8]).stored("w0", &sizes);
    for at in 0..60_000 {
        model = model.node(
            "Identity",
            &format!("w{at}"),
            &format!("w{}", at + 1),
            &sizes,
        );
    }
    let model = model
        .node("Conv", "x w60000", "y", &[1, 4, 6, 6])
        .output("y");
    let account = model.account();
    let row = convs(&account)[0];
    assert_eq!(
        (row.weight.as_deref(), row.weight_via.len()),
        (Some("w0"), MOST_VIA)
    );
    assert_eq!(account.totals.roles.weight, Params(108));
}

#[test]
fn a_cycle_ends() {
    let sizes = [4, 3, 3, 3];
    let model = Model::new()
        .input("x", &[1, 3, 8, 8])
        .node("Identity", "b", "a", &sizes)
        .node("Mul", "a a", "b", &sizes)
        .node("Conv", "x a", "y", &[1, 4, 6, 6])
        .output("y");
    assert_eq!(model.trace("a").root, Root::Computed);
    assert_eq!(convs(&model.account())[0].params.stored, None);
}

#[test]
fn many_users_of_one_weight_do_not_name_each_other_all() {
    let mut model = Model::new()
        .input("x", &[1, 3, 8, 8])
        .stored("w", &[4, 3, 3, 3]);
    for at in 0..1000 {
        model = model.node("Conv", "x w", &format!("y{at}"), &[1, 4, 6, 6]);
    }
    let account = model.account();
    let row = convs(&account)[0];
    // 999 others, 32 of them by name.
    assert_eq!((row.tied_with.len(), row.tied_more), (32, 967));
}
