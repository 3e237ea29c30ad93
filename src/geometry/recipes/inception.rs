//! GoogLeNet and Inception v3: four ways at once, concatenated.

use super::flow::Flow;

/// GoogLeNet as in torchvision, whose third branch has a kernel of 3 where the paper has 5.
pub(super) fn googlenet(f: &mut Flow<'_>) {
    f.conv("conv1.conv", 2);
    f.max_pool(3, 2, 0, true);
    f.convs("", &["conv2.conv", "conv3.conv"]);
    f.max_pool(3, 2, 0, true);
    inceptions(f, &["3a", "3b"]);
    f.max_pool(3, 2, 0, true);
    inceptions(f, &["4a"]);
    auxiliary(f, "aux1.conv.conv");
    inceptions(f, &["4b", "4c", "4d"]);
    auxiliary(f, "aux2.conv.conv");
    inceptions(f, &["4e"]);
    f.max_pool(2, 2, 0, true);
    inceptions(f, &["5a", "5b"]);
    f.global_pool();
    f.linear("fc", 1);
}

fn auxiliary(f: &mut Flow<'_>, conv: &str) {
    if f.has(conv) {
        f.auxiliary(&|f| {
            f.adaptive_pool(4);
            f.conv(conv, 1);
        });
    }
}

fn inceptions(f: &mut Flow<'_>, modules: &[&str]) {
    for module in modules {
        let stem = format!("inception{module}.");
        f.cat(&[
            &|f| f.convs(&stem, &["branch1.conv"]),
            &|f| f.convs(&stem, &["branch2.0.conv", "branch2.1.conv"]),
            &|f| f.convs(&stem, &["branch3.0.conv", "branch3.1.conv"]),
            &|f| {
                f.max_pool(3, 1, 1, true);
                f.convs(&stem, &["branch4.1.conv"]);
            },
        ]);
    }
}

/// Inception v3. The numbers in its names are those of the paper's modules.
pub(super) fn inception_v3(f: &mut Flow<'_>) {
    f.conv_padded("Conv2d_1a_3x3.conv", 2, 0);
    f.conv_padded("Conv2d_2a_3x3.conv", 1, 0);
    f.conv("Conv2d_2b_3x3.conv", 1);
    f.max_pool(3, 2, 0, false);
    f.conv_padded("Conv2d_3b_1x1.conv", 1, 0);
    f.conv_padded("Conv2d_4a_3x3.conv", 1, 0);
    f.max_pool(3, 2, 0, false);
    for module in ["Mixed_5b", "Mixed_5c", "Mixed_5d"] {
        let double = ["branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"];
        mixed(f, module, &[&["branch5x5_1", "branch5x5_2"], &double]);
    }
    shrink(
        f,
        "Mixed_6a",
        &[
            &["branch3x3"],
            &["branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"],
        ],
    );
    for module in ["Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"] {
        let single = ["branch7x7_1", "branch7x7_2", "branch7x7_3"];
        let double = [1, 2, 3, 4, 5].map(|it| format!("branch7x7dbl_{it}"));
        mixed(
            f,
            module,
            &[&single, &double.each_ref().map(String::as_str)],
        );
    }
    if f.has("AuxLogits.conv0.conv") {
        f.auxiliary(&|f| {
            f.average_pool(5, 3, 0, false);
            f.conv("AuxLogits.conv0.conv", 1);
            f.conv_padded("AuxLogits.conv1.conv", 1, 0);
        });
    }
    let long = [
        "branch7x7x3_1",
        "branch7x7x3_2",
        "branch7x7x3_3",
        "branch7x7x3_4",
    ];
    shrink(f, "Mixed_7a", &[&["branch3x3_1", "branch3x3_2"], &long]);
    for module in ["Mixed_7b", "Mixed_7c"] {
        widest(f, module);
    }
    f.global_pool();
    f.linear("fc", 1);
}

/// A 1×1 branch, branches of convolutions of stride 1, and a pooled branch.
fn mixed(f: &mut Flow<'_>, module: &str, branches: &[&[&str]]) {
    let name = |branch: &str| format!("{module}.{branch}.conv");
    f.cat(&[
        &|f| f.conv(&name("branch1x1"), 1),
        &|f| each(f, module, branches.first().copied().unwrap_or_default()),
        &|f| each(f, module, branches.get(1).copied().unwrap_or_default()),
        &|f| pooled(f, module),
    ]);
}

fn each(f: &mut Flow<'_>, module: &str, convs: &[&str]) {
    for conv in convs {
        f.conv(&format!("{module}.{conv}.conv"), 1);
    }
}

fn pooled(f: &mut Flow<'_>, module: &str) {
    f.average_pool(3, 1, 1, false);
    f.conv(&format!("{module}.branch_pool.conv"), 1);
}

/// Two branches whose last convolution has stride 2 and no padding, and a pool.
fn shrink(f: &mut Flow<'_>, module: &str, branches: &[&[&str]]) {
    let way = |f: &mut Flow<'_>, at: usize| {
        if let Some((last, first)) = branches.get(at).and_then(|it| it.split_last()) {
            each(f, module, first);
            f.conv_padded(&format!("{module}.{last}.conv"), 2, 0);
        }
    };
    f.cat(&[&|f| way(f, 0), &|f| way(f, 1), &|f| {
        f.max_pool(3, 2, 0, false);
    }]);
}

/// The last modules, whose branches fork once more into 1×3 and 3×1.
fn widest(f: &mut Flow<'_>, module: &str) {
    let name = |branch: &str| format!("{module}.{branch}.conv");
    let fork = |f: &mut Flow<'_>, stem: &str| {
        f.cat(&[&|f| f.conv(&name(&format!("{stem}a")), 1), &|f| {
            f.conv(&name(&format!("{stem}b")), 1);
        }]);
    };
    f.cat(&[
        &|f| f.conv(&name("branch1x1"), 1),
        &|f| {
            f.conv(&name("branch3x3_1"), 1);
            fork(f, "branch3x3_2");
        },
        &|f| {
            each(f, module, &["branch3x3dbl_1", "branch3x3dbl_2"]);
            fork(f, "branch3x3dbl_3");
        },
        &|f| pooled(f, module),
    ]);
}
