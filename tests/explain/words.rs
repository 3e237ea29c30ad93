//! What is said beside the numbers.

use super::printed;

#[test]
fn kinds_have_their_own_words() {
    // File, layer, and what its page must say.
    let cases: &[(&str, &str, &[&str])] = &[
        (
            "fixtures/alexnet-2012.onnx",
            "conv2",
            &["2 groups: a filter sees 48 of 96 channels", "padding 2"],
        ),
        (
            "fixtures/onnx-node-tests/test_Conv2d_depthwise/model.onnx",
            "*",
            &["depthwise", "Channels are not mixed"],
        ),
        (
            "fixtures/onnx-node-tests/test_Conv1d_dilated/model.onnx",
            "*",
            &[
                "from first to last tap",
                "Dilation widens the window",
                "output length",
            ],
        ),
        (
            "fixtures/onnx-node-tests/test_Conv3d/model.onnx",
            "*",
            &["output depth", "output height", "output width"],
        ),
        (
            "fixtures/onnx-node-tests/test_basic_conv_without_padding/model.onnx",
            "*",
            &["The weight is an input of the model"],
        ),
        (
            "fixtures/crafted/conv_transpose.onnx",
            "plain",
            // (8 − 1) · 1 + 3 = 10
            &["(8 − 1) × 1 + 3 + 0 − 0", "spreads its values"],
        ),
        (
            "fixtures/crafted/auto_pad.onnx",
            "conv_SAME_UPPER_0",
            &["SAME_UPPER", "the odd one goes to the end"],
        ),
        (
            "fixtures/crafted/quantised.onnx",
            "*",
            &[
                "stand for (value − zero point) × scale",
                "whole numbers; whoever",
            ],
        ),
        (
            "fixtures/crafted/tied.onnx",
            "*",
            &["it is shared over layers as well as over places"],
        ),
        (
            "fixtures/safetensors/mlx.safetensors",
            "conv1",
            // 4 · (3 · 3 · 3 + 1) = 112
            &["112 × output positions", "--geometry"],
        ),
        (
            "fixtures/alexnet-2012.onnx",
            "pool5",
            // fc6 has 4,096 · 256 · 6 · 6 weights behind the pool, 4,096 · 256 · 13 · 13 without it.
            &[
                "would need 177,209,344 weights instead of 37,748,736",
                "up to 4 of them",
            ],
        ),
        (
            "fixtures/truth/unet.ts_dyn.onnx",
            "/d1/d1.0/Conv",
            &["448 × height × width"],
        ),
    ];
    say(cases);
}

/// Every page says all of what is expected of it, wherever its lines break.
fn say(cases: &[(&str, &str, &[&str])]) {
    for (path, layer, expected) in cases {
        let words = flat(path, layer);
        for expected in *expected {
            assert!(
                words.contains(expected),
                "{path} {layer}: {expected} is not in\n{words}"
            );
        }
    }
}

/// A layer's page as one line.
fn flat(path: &str, layer: &str) -> String {
    let page = printed(&[path, layer, "-q"], "100");
    page.split_whitespace().collect::<Vec<_>>().join(" ")
}

const POOLS: &str = "fixtures/explain/pools.onnx";
const CONVS: &str = "fixtures/explain/convs.onnx";

#[test]
fn windows_overlap_as_often_as_they_lie_on_an_element() {
    // ONNX Runtime: of dp (3×3, stride 2, dilation 2) a raised element raises up to 9 outputs.
    say(&[
        (
            POOLS,
            "dp",
            &["Windows overlap: an activation lies in up to 9 of them"],
        ),
        // 12 windows of 11 columns, padding 5: columns 5 and 6 lie in 11 of them.
        (
            POOLS,
            "hundred",
            &["Windows overlap: an activation lies in up to 11 of them"],
        ),
        (
            POOLS,
            "past",
            &["Windows overlap: an activation lies in up to 4 of them"],
        ),
    ]);
    // One window of 12×12 on 12×12, and windows of 2×2 side by side.
    for layer in ["whole", "indices", "copy"] {
        let page = flat(POOLS, layer);
        assert!(!page.contains("Windows overlap"), "{page}");
    }
}

#[test]
fn a_pool_s_words_fit_its_window_and_kind() {
    say(&[
        (
            POOLS,
            "copy",
            &[
                "1 value of one channel",
                "it comes out as it is: nothing is mixed",
                "holds no parameters. Without",
            ],
        ),
        (
            POOLS,
            "strided",
            &["what is lost is what lies between two windows"],
        ),
        (
            POOLS,
            "sums",
            &[
                "the sum of their magnitudes (p = 1)",
                "it goes into several sums",
            ],
        ),
        (
            POOLS,
            "cubes",
            &["the p-th root of the sum of the p-th powers", "(p = 3)"],
        ),
        (
            POOLS,
            "indices",
            &["forgets the others; where it stood is handed on"],
        ),
        (
            "fixtures/explain/open.onnx",
            "pool",
            &[
                "keeps 1 of the values in each window",
                "give --input x=1x3xHEIGHTxMY_WIDTH",
            ],
        ),
    ]);
}

#[test]
fn what_lies_between_two_taps_is_said_as_it_is() {
    say(&[
        (
            CONVS,
            "grid",
            &["1 of every 2 elements is seen, and the others by no window"],
        ),
        (
            CONVS,
            "dilated",
            &["skipped by this window and seen by its neighbours"],
        ),
        // Two windows do not fill the four elements between two taps; one fills none.
        (
            CONVS,
            "part",
            &["skipped by this window, and seen in part by its neighbours"],
        ),
        (
            CONVS,
            "one_window",
            &["seen by none, since there is one window only"],
        ),
    ]);
}

#[test]
fn sizes_that_are_rounded_up_say_what_becomes_of_the_end() {
    say(&[
        (
            POOLS,
            "left",
            &[
                "the last window would start past the end, so it is left out, which leaves 1 row and 1 column that no window sees",
            ],
        ),
        (
            POOLS,
            "past",
            &[
                "reaches 1 row and 1 column past the end",
                "\u{2591} past the end",
            ],
        ),
    ]);
}

#[test]
fn what_a_pool_saves_is_not_hidden_by_what_is_fixed_downstream() {
    let path = "fixtures/explain/fixed.onnx";
    say(&[
        (
            path,
            "gathered",
            &["\"every\" (Gather) takes fixed elements: all of 48, of what would be 192"],
        ),
        (path, "sliced", &["\"crop\" (Slice) makes the same sizes"]),
        (
            path,
            "resized",
            &["\"resize\" (Resize) makes the same sizes"],
        ),
    ]);
}

#[test]
fn an_output_shape_beyond_what_is_written_leaves_zeros() {
    // ONNX Runtime writes (12 − 1) · 3 + 3 = 36 rows and columns of 38 and 37.
    say(&[(
        CONVS,
        "transposed",
        &[
            "stride 3, no padding",
            "2 rows at the end are zero",
            "1 column at the end is zero",
        ],
    )]);
}

#[test]
fn operators_say_what_they_do_beside() {
    let integer = "fixtures/explain/integer.onnx";
    say(&[
        (
            CONVS,
            "fused",
            &["adds its fourth input to each output and then applies Relu to the sum"],
        ),
        (
            CONVS,
            "padded",
            &["Locality saves nothing here: it takes 1.2 times as many"],
        ),
        (integer, "plain", &["multiplied as whole numbers; whoever"]),
        (
            integer,
            "shifted",
            &["whole numbers, input and weights less their zero points;"],
        ),
        (
            "fixtures/explain/deformable.onnx",
            "deform",
            &["multiplied by a mask, the layer's fifth input"],
        ),
        ("fixtures/explain/nhwc.onnx", "last", &["in the order NHWC"]),
        (
            "fixtures/crafted/batch8.onnx",
            "c1",
            &["a batch of 8; counts are per sample"],
        ),
        (
            "fixtures/crafted/functions.onnx",
            "*",
            &["conv in blockA/first", "conv in tail"],
        ),
        (
            "fixtures/alexnet-2012-224.onnx",
            "conv1",
            &["uneven-stride: height and width 224 leave 1 element"],
        ),
        // 3 · 40,000² · 40,000² / 27 = 284,444,444,444,444,444.4
        ("fixtures/explain/big.onnx", "big", &["284.444 P"]),
    ]);
}

#[test]
fn markdown_says_where_a_layer_stands_and_keeps_a_name_s_space() {
    let page = printed(
        &["fixtures/crafted/functions.onnx", "*", "-f", "markdown"],
        "100",
    );
    let heads: Vec<&str> = page.lines().filter(|it| it.starts_with("### ")).collect();
    let different: std::collections::BTreeSet<_> = heads.iter().collect();
    assert_eq!((heads.len(), different.len()), (7, 7), "{heads:?}");
    let page = printed(
        &["fixtures/explain/open.onnx", "conv", "-f", "markdown"],
        "100",
    );
    assert!(page.contains("\\text{my width}"), "{page}");
}

#[test]
fn rules_keep_to_ascii_and_to_a_narrow_page() {
    let page = printed(&["--rule", "uneven-stride", "--ascii"], "100");
    assert!(page.is_ascii(), "{page}");
    let page = printed(&["--rule", "all"], "40");
    let words = |it: &str| it.split_whitespace().count();
    assert!(
        page.lines().filter(|it| words(it) > 2).count() > 20,
        "{page}"
    );
}
