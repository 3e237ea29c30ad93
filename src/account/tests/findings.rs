//! Warnings about convolutions.

use super::conv::one;

#[test]
fn tensors_that_do_not_fit_the_geometry_are_loud() {
    // A bias of 5 for 4 filters: 4·(27+1) = 112 by the geometry, 4·27 + 5 = 113 in the tensors.
    let model = one("Conv", &[1, 3, 8, 8], &[4, 3, 3, 3], Some(5), &[1, 4, 6, 6]);
    let account = model.account();
    let found: Vec<_> = account
        .findings
        .iter()
        .map(|it| (it.rule, it.message.as_str()))
        .collect();
    let message = "its tensors hold 113 elements but its geometry needs 112";
    assert_eq!(found, [("stored-mismatch", message)]);
}

#[test]
fn strides_that_leave_real_input_over_are_named() {
    let conv = |size: u64, kernel: u64, stride: i64, pad: i64| {
        let output =
            (size + 2 * u64::try_from(pad).unwrap() - kernel) / u64::try_from(stride).unwrap() + 1;
        let model = one(
            "Conv",
            &[1, 3, size],
            &[4, 3, kernel],
            None,
            &[1, 4, output],
        );
        let model = model.list("strides", &[stride]).list("pads", &[pad, pad]);
        let mut findings = model.account().findings;
        findings.retain(|it| it.rule == "uneven-stride");
        findings.pop().map(|it| it.message)
    };
    // Size, kernel, stride, padding at both ends; the sizes that fit.
    let cases = [
        ("alexnet at 224", 224, 11, 4, 0, Some("223 and 227")),
        ("alexnet at 227", 227, 11, 4, 0, None),
        ("resnet stem: only padding is left over", 224, 7, 2, 3, None),
        ("resnet 3/2", 56, 3, 2, 1, None),
        (
            "resnet shortcut: the kernel skips on purpose",
            56,
            1,
            2,
            0,
            None,
        ),
        // (8 + 2 − 5) mod 4 = 1, the padding; (10 + 2 − 5) mod 4 = 3, two more than it.
        ("as much as the padding", 8, 5, 4, 1, None),
        ("more than the padding", 10, 5, 4, 1, Some("7 and 11")),
    ];
    for (case, size, kernel, stride, pad, fit) in cases {
        let message = conv(size, kernel, stride, pad);
        assert_eq!(message.is_some(), fit.is_some(), "{case}: {message:?}");
        if let (Some(message), Some(fit)) = (message, fit) {
            assert!(message.ends_with(fit), "{case}: {message}");
        }
    }
}
