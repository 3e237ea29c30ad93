//! Parts inside parts: what would double at every level is bounded, and so is the depth.

use cnninspect::read;
use cnninspect::verify::Choice;
use cnninspect::{Inspection, Options, inspect_model};
use onnx_protobuf::ModelProto;

use crate::make::with_functions;
use crate::support::wire::{field, header};
use crate::support::{bytes, call, float_value, function, graph, node};
use crate::work::{Work, measured};

fn report(file: Vec<u8>) -> Result<Inspection, String> {
    let options = Options {
        verify: Choice::None,
        ..Options::default()
    };
    let model = read::read_bytes(file).map_err(|it| it.to_string())?;
    Ok(inspect_model(&model, "model", &options, &|_| {}).unwrap())
}

/// Functions that each call the next twice: 2 to the power of `depth` nodes if they were all written out.
fn doubling(depth: usize) -> ModelProto {
    let name = |at: usize| format!("F{at}");
    let made = |at: usize| {
        let nodes = if at == 0 {
            vec![node("", "Relu", &["x"], &["y"])]
        } else {
            let next = name(at - 1);
            vec![
                call(("my", &next), "", &["x"], &["m"]),
                call(("my", &next), "", &["m"], &["y"]),
            ]
        };
        function(("my", &name(at)), &["x"], &["y"], nodes)
    };
    let functions = (0..=depth).map(made).collect();
    let top = call(("my", &name(depth)), "top", &["x"], &["y"]);
    let mut main = graph(vec![top], &[], &["y"]);
    main.input = vec![float_value("x", &[1, 4])];
    with_functions(main, functions)
}

fn cost(depth: usize) -> (Inspection, Work) {
    let file = bytes(&doubling(depth));
    let (report, work) = measured(|| report(file));
    (report.unwrap(), work)
}

#[test]
fn functions_that_call_functions_are_written_out_up_to_a_limit() {
    // 2¹⁰ nodes stand in the place of one call.
    let (report, _) = cost(10);
    assert_eq!(report.layers.len(), 1 << 10);
    // 2³⁰ would not; the call stays one node, and costs less than those of 2¹⁰.
    let (_, known) = cost(10);
    for depth in [30, 62, 200] {
        let (report, work) = cost(depth);
        assert_eq!(report.layers.len(), 1, "{depth}");
        let said = |it: &cnninspect::finding::Gap| it.reason.contains("left for functions");
        assert!(report.gaps.iter().any(said), "{depth}: {:?}", report.gaps);
        assert!(work.allocations < known.allocations, "{depth}: {work:?}");
        assert!(work.peak < known.peak, "{depth}: {work:?}");
    }
}

#[test]
fn a_thousand_ifs_inside_each_other_are_one_error() {
    for depth in [31, 1_000, 100_000] {
        // A node, its attribute, the graph in that: bytes from the inside out.
        let mut lengths = Vec::new();
        let mut length = 0;
        for at in 0..3 * depth {
            let head = header([1, 5, 6][2 - at % 3], length);
            length += head.len();
            lengths.push(head);
        }
        lengths.reverse();
        let file = field(7, &lengths.concat());
        let size = file.len() as u64;
        let (report, work) = measured(|| report(file));
        let error = report.unwrap_err();
        let expected = "ONNX: messages are nested more than 90 deep";
        assert!(error.starts_with(expected), "{depth}: {error}");
        assert!(work.allocations < 1_000, "{depth}: {work:?}");
        assert!(work.bytes < 200_000 + 2 * size, "{depth}: {work:?}");
    }
}
