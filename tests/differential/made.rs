//! Models made by chance in every encoding, beside what they were made as and beside a full parse.

use std::cell::RefCell;

use cnninspect::read;
use onnx_protobuf::{Message, ModelProto};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::compare::{Compared, compare};
use crate::make::made;
use crate::mangle::{Ways, mangled};

/// Runs `work` on as many tapes of choices, with a way to write and a seed; how much it compared.
fn on_tapes(cases: u32, work: impl Fn(&[u8], u8, u64) -> Compared) -> Compared {
    let mut runner = TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let tapes = prop::collection::vec(any::<u8>(), 0..500);
    let sum = RefCell::new(Compared::default());
    let result = runner.run(&(tapes, any::<u8>(), any::<u64>()), |(tape, way, seed)| {
        sum.borrow_mut().add(work(&tape, way, seed));
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    let sum = *sum.borrow();
    // A tape of 250 choices makes dozens of parts; some model of many has every kind.
    let each = usize::try_from(cases).unwrap();
    assert!(sum.nodes > each && sum.attributes > each, "{sum:?}");
    assert!(sum.tensors > each && sum.bytes > 100 * each, "{sum:?}");
    assert!(sum.types > each && sum.places > each / 10, "{sum:?}");
    sum
}

fn read(bytes: &[u8], case: &str, full: &ModelProto) -> Compared {
    let model = read::read_bytes(bytes.to_vec()).unwrap_or_else(|it| panic!("{case}: {it}"));
    compare(case, &model, bytes, full, None)
}

#[test]
fn a_model_reads_as_it_was_made() {
    on_tapes(400, |tape, _, _| {
        let model = made(tape);
        read(&model.write_to_bytes().unwrap(), "as written", &model)
    });
}

#[test]
fn other_bytes_of_the_same_model_read_alike() {
    on_tapes(400, |tape, way, seed| {
        let model = made(tape);
        let ways = Ways::of(way);
        let plain = model.write_to_bytes().unwrap();
        let bytes = mangled(&plain, ways, seed);
        // rust-protobuf replaces a message by its second part, where protobuf merges the two.
        if !ways.split && !ways.unknown {
            let full = ModelProto::parse_from_bytes(&bytes).unwrap();
            let again = full.write_to_bytes().unwrap();
            assert!(again == plain, "the test's own encoder");
        }
        read(&bytes, "mangled", &model)
    });
}
