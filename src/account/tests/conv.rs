//! Convolution rows.

use super::*;
use crate::finding::rules::Selection;
use crate::op::MICROSOFT;
use crate::units::{Macs, Params};

/// One convolution over `x`, stored `w` and perhaps `b`.
pub(super) fn one(
    op_type: &str,
    input: &[u64],
    weight: &[u64],
    bias: Option<u64>,
    output: &[u64],
) -> Model {
    let model = Model::new().input("x", input).stored("w", weight);
    let (model, inputs) = match bias {
        Some(bias) => (model.stored("b", &[bias]), "x w b"),
        None => (model, "x w"),
    };
    model.node(op_type, inputs, "y", output).output("y")
}

fn counts(model: &Model) -> [Option<u128>; 6] {
    let account = model.account();
    let row = convs(&account)[0];
    let of = |it: Option<Params>| it.map(|it| it.0);
    [
        of(row.params.shared),
        of(row.params.stored),
        of(row.params.unshared),
        of(row.params.dense),
        row.macs.map(|it| it.0),
        row.padding_macs.map(|it| it.0),
    ]
}

#[test]
fn counts_follow_the_formulas() {
    // Case, network, then shared, stored, unshared, dense, macs, padding_macs.
    let cases = [
        (
            // The story's own numbers: 96·(363+1), 3025 times that, 290,400·(154,587+1), 290,400·363.
            "alexnet conv1",
            one(
                "Conv",
                &[1, 3, 227, 227],
                &[96, 3, 11, 11],
                Some(96),
                &[1, 96, 55, 55],
            )
            .list("strides", &[4, 4]),
            [34_944, 34_944, 105_705_600, 44_892_355_200, 105_415_200, 0],
        ),
        (
            // 5·(27+1) parameters, 256 times them.
            // Taps inside a 16×16 input padded by 1: (3·16−2)² = 2116; macs 5·3·9·256 = 34,560,
            // padding 34,560 − 5·3·2116 = 2,820; dense 1280·(768+1).
            "batch of eight",
            one(
                "Conv",
                &[8, 3, 16, 16],
                &[5, 3, 3, 3],
                Some(5),
                &[8, 5, 16, 16],
            )
            .list("pads", &[1, 1, 1, 1]),
            [140, 140, 35_840, 984_320, 34_560, 2_820],
        ),
        (
            // Truth conv_transpose.onnx, s2_op: 220; 18,560; 615,680; 17,280. Products outside the
            // output: along 8 → 16, 24 − 1 of taps fall inside (the first tap at −1 is cropped), along
            // 10 → 20, 30 − 1: 17,280 − 24·23·29 = 1,272.
            "transposed with output padding",
            one(
                "ConvTranspose",
                &[1, 6, 8, 10],
                &[6, 4, 3, 3],
                Some(4),
                &[1, 4, 16, 20],
            )
            .list("pads", &[1, 1, 1, 1])
            .list("strides", &[2, 2])
            .list("output_padding", &[1, 1]),
            [220, 220, 18_560, 615_680, 17_280, 1_272],
        ),
        (
            // Truth conv_transpose.onnx, grp: 198; 17,280; 923,520; 15,360. Along 8 → 16 with kernel 4
            // and pad 1, 32 − 2 taps fall inside, along 10 → 20, 40 − 2: 15,360 − 6·2·30·38 = 1,680.
            "transposed in groups",
            one(
                "ConvTranspose",
                &[1, 6, 8, 10],
                &[6, 2, 4, 4],
                Some(6),
                &[1, 6, 16, 20],
            )
            .list("pads", &[1, 1, 1, 1])
            .list("strides", &[2, 2])
            .attr("group", Attr::Int(3)),
            [198, 198, 17_280, 923_520, 15_360, 1_680],
        ),
    ];
    for (case, model, expected) in cases {
        assert_eq!(counts(&model), expected.map(Some), "{case}");
        assert_eq!(other_gaps(&model.account()).len(), 0, "{case}");
        let mut findings = model.account().findings;
        Selection::default().apply(&mut findings);
        assert_eq!(findings, [], "{case}");
    }
}

#[test]
fn nhwc_rows_are_in_channels_first_order() {
    let model = one(
        "NhwcConv",
        &[1, 8, 6, 3],
        &[4, 3, 3, 3],
        None,
        &[1, 6, 4, 4],
    )
    .domain(MICROSOFT);
    let account = model.account();
    let row = convs(&account)[0];
    assert_eq!(row.layout, Some("NHWC"));
    assert_eq!(row.input_shape, Some(Shape::known(&[1, 3, 8, 6])));
    assert_eq!(row.output_shape, Some(Shape::known(&[1, 4, 6, 4])));
    // 4·3·9·24
    assert_eq!(row.macs, Some(Macs(2_592)));
}

#[test]
fn open_sizes_give_formulas() {
    let weight = [96, 3, 11, 11];
    let mut model = one("Conv", &[], &weight, Some(96), &[]).list("strides", &[4, 4]);
    let cases = [
        (
            ["1", "3", "height", "227"],
            ["1", "96", "rows", "55"],
            // 34,944·55, 34,848·55, 96·55 and 3·227.
            [
                ("dense", "5280 * rows * (681 * height + 1)"),
                ("macs", "1916640 * rows"),
                ("sharing_factor", "55 * rows"),
                ("unshared", "1921920 * rows"),
            ],
        ),
        (
            ["1", "3", "?", "?"],
            ["1", "96", "?", "?"],
            [
                ("dense", "96 * output positions * (3 * input positions + 1)"),
                ("macs", "34848 * output positions"),
                ("sharing_factor", "output positions"),
                ("unshared", "34944 * output positions"),
            ],
        ),
    ];
    for (input, output, expected) in cases {
        model.shaped("x", symbolic(&input));
        model.shaped("y", symbolic(&output));
        model.shapes.inputs[0].shape = Some(symbolic(&input));
        let account = model.account();
        let row = convs(&account)[0];
        let expected = expected.map(|(name, form)| (name, form.to_owned()));
        let forms = row.formulas.iter().map(|it| (*it.0, it.1.to_string()));
        assert_eq!(
            forms.collect::<BTreeMap<_, _>>(),
            BTreeMap::from(expected),
            "{input:?}"
        );
        assert_eq!(row.params.shared, Some(Params(34_944)), "{input:?}");
        // Without padding there is nothing to multiply it with, whatever the sizes.
        assert_eq!(row.padding_macs, Some(Macs(0)), "{input:?}");
        let flagged = other_gaps(&account).into_iter();
        let flagged = flagged.filter(|it| it.reason.contains("--input x=…"));
        let expected = if input.contains(&"?") { 2 } else { 0 };
        assert_eq!(flagged.count(), expected, "{:?}", account.gaps);
        // The sum of one layer is its formula; what a word stands for is not added up.
        let sum = account.totals.formulas.get("conv.unshared");
        let mut gaps = account.gaps.iter();
        let gap = gaps.any(|it| it.what == "conv.unshared" && it.layer == "totals");
        let form = sum.map(ToString::to_string);
        if input.contains(&"?") {
            assert_eq!((form.as_deref(), gap), (None, true));
        } else {
            assert_eq!((form.as_deref(), gap), (Some("1921920 * rows"), false));
        }
    }
}

#[test]
fn a_computed_bias_is_no_mismatch() {
    let model = one("Conv", &[1, 3, 8, 8], &[4, 3, 3, 3], None, &[1, 4, 6, 6]);
    let model = model
        .input("v", &[4, 3])
        .node("ReduceMean", "v", "m", &[4])
        .node("Conv", "x w m", "z", &[1, 4, 6, 6])
        .stored("none", &[0])
        .node("Conv", "x w none", "u", &[1, 4, 6, 6])
        .output("z");
    let account = model.account();
    let rows = convs(&account);
    assert_eq!(account.findings, []);
    assert_eq!(rows[1].bias_source.as_deref(), Some("computed"));
    assert_eq!(rows[1].bias.as_deref(), Some("m"));
    assert_eq!(rows[1].params.shared, Some(Params(112)));
    assert_eq!(rows[1].params.stored, Some(Params(108)));
    // A bias without elements is none.
    assert_eq!(
        (&rows[2].bias, rows[2].params.shared),
        (&None, Some(Params(108)))
    );
    let others = ["y".to_owned(), "z".to_owned()];
    assert_eq!(rows[2].tied_with, others);
    // Three uses of one stored tensor: 108 + 112 + 108 by use, 108 stored.
    assert_eq!(account.totals.conv.shared, Some(Params(328)));
    assert_eq!(account.totals.conv.stored, Some(Params(108)));
}

#[test]
fn a_node_that_cannot_be_keeps_its_row() {
    let mut model = one("Conv", &[1, 3, 2, 2], &[4, 3, 3, 3], None, &[]);
    let id = model.value("y");
    model.shapes.values[id.at()].shape = None;
    let reason = "kernel reaches over 3 elements but the padded input has 2";
    model.shapes.problems.insert(NodeId(0), reason.into());
    assert_eq!(
        counts(&model),
        [Some(108), Some(108), None, None, None, None]
    );
    let account = model.account();
    let row = convs(&account)[0];
    assert_eq!((&row.output_shape, row.formulas.len()), (&None, 0));
    let about: Vec<_> = account
        .gaps
        .iter()
        .filter(|it| it.reason == reason)
        .map(|it| it.what.as_str())
        .collect();
    let expected = [
        "output_shape",
        "params.unshared",
        "params.dense",
        "macs",
        "padding_macs",
        "sharing_factor",
    ];
    assert_eq!(about, expected);
}

#[test]
fn counts_past_128_bits_are_gaps() {
    let huge = u64::MAX / 2;
    let model = one(
        "Conv",
        &[1, 3, 3, 3],
        &[huge, 3, huge, huge],
        None,
        &[1, huge, 1, 1],
    );
    // Only the dense count fits, huge·(3·9) of one output position, and there is no padding.
    let dense = u128::from(huge) * 27;
    assert_eq!(
        counts(&model),
        [None, None, None, Some(dense), None, Some(0)]
    );
    let account = model.account();
    assert!(
        account
            .gaps
            .iter()
            .any(|it| it.what == "params.stored" && it.reason.contains("128 bits"))
    );
    assert!(
        account
            .gaps
            .iter()
            .any(|it| it.layer == "w" && it.what == "params")
    );
}
