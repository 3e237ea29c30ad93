//! ResNet (ResNeXt, Wide ResNet, timm's variants), RegNet, ConvNeXt, ShuffleNet v2: stages that halve the map.

use super::flow::Flow;

/// ResNet, ResNeXt, Wide ResNet; timm's deep stem, pooled shortcut, and squeeze and excitation.
pub(super) fn resnet(f: &mut Flow<'_>) {
    if f.has("conv1.0") {
        f.conv("conv1.0", 2);
        f.convs("conv1.", &["3", "6"]);
    } else {
        if f.kernel("conv1") != 7 {
            f.fail("the first kernel is not 7 wide; with 3, as for small images, the stride is anyone's guess".to_owned());
        }
        f.conv("conv1", 2);
    }
    f.max_pool(3, 2, 1, false);
    for stage in f.kids("layer") {
        for block in f.kids(&format!("layer{stage}.")) {
            let stride = if stage > 1 && block == 0 { 2 } else { 1 };
            residual(f, &format!("layer{stage}.{block}"), stride);
        }
    }
    f.global_pool();
    f.linear("fc", 1);
}

/// A basic block strides in its first convolution, a bottleneck in its second.
fn residual(f: &mut Flow<'_>, block: &str, stride: u64) {
    let bottleneck = f.has(&format!("{block}.conv3"));
    let strides = if bottleneck { (1, stride) } else { (stride, 1) };
    f.add(
        &|f| {
            f.conv_if(&format!("{block}.downsample.0"), stride);
            if f.has(&format!("{block}.downsample.1")) {
                if stride > 1 {
                    f.average_pool(stride, stride, 0, true);
                }
                f.conv(&format!("{block}.downsample.1"), 1);
            }
        },
        &|f| {
            f.conv(&format!("{block}.conv1"), strides.0);
            f.conv(&format!("{block}.conv2"), strides.1);
            f.conv_if(&format!("{block}.conv3"), 1);
            if f.has(&format!("{block}.se.fc1")) {
                f.squeeze(&format!("{block}.se.fc1"), &format!("{block}.se.fc2"));
            }
        },
    );
}

/// RegNet X and Y: every stage halves the map in its first block.
pub(super) fn regnet(f: &mut Flow<'_>) {
    f.conv("stem.0", 2);
    for stage in f.kids("trunk_output.block") {
        let stem = format!("trunk_output.block{stage}.block{stage}-");
        for block in f.kids(&stem) {
            let stride = if block == 0 { 2 } else { 1 };
            let name = |part: &str| format!("{stem}{block}.{part}");
            f.add(&|f| f.conv_if(&name("proj.0"), stride), &|f| {
                f.conv(&name("f.a.0"), 1);
                f.conv(&name("f.b.0"), stride);
                if f.has(&name("f.se.fc1")) {
                    f.squeeze(&name("f.se.fc1"), &name("f.se.fc2"));
                }
                f.conv(&name("f.c.0"), 1);
            });
        }
    }
    f.global_pool();
    f.linear("fc", 1);
}

/// ConvNeXt and ConvNeXt V2 under timm's and transformers' names: patches of 4, then of 2.
pub(super) fn convnext(f: &mut Flow<'_>) {
    f.conv_padded("stem.0", 4, 0);
    for stage in f.kids("stages.") {
        let down = format!("stages.{stage}.downsample.1");
        if f.has(&down) {
            f.conv_padded(&down, 2, 0);
        }
        for block in f.kids(&format!("stages.{stage}.")) {
            f.conv(&format!("stages.{stage}.{block}.dw"), 1);
            // Linear layers elsewhere, convolutions in the small ones.
            f.conv_if(&format!("stages.{stage}.{block}.fc1"), 1);
            f.conv_if(&format!("stages.{stage}.{block}.fc2"), 1);
        }
    }
    if f.kernel("stem.0") != 4 {
        f.fail("the patches are not 4 wide".to_owned());
    }
    f.global_pool();
    f.linear("head.fc", 1);
}

/// ConvNeXt under torchvision's names, where stages and the steps between them are numbered through.
pub(super) fn convnext_torchvision(f: &mut Flow<'_>) {
    f.conv_padded("features.0.0", 4, 0);
    for part in f.kids("features.").into_iter().skip(1) {
        let down = format!("features.{part}.1");
        if part % 2 == 0 {
            f.conv_padded(&down, 2, 0);
            continue;
        }
        for block in f.kids(&format!("features.{part}.")) {
            f.conv(&format!("features.{part}.{block}.block.0"), 1);
        }
    }
    if f.kernel("features.0.0") != 4 {
        f.fail("the patches are not 4 wide".to_owned());
    }
    f.global_pool();
    f.linear("classifier.2", 1);
}

/// ShuffleNet v2. A block works on half of the channels; which half plays no part in sizes.
pub(super) fn shufflenet(f: &mut Flow<'_>) {
    f.conv("conv1.0", 2);
    f.max_pool(3, 2, 1, false);
    for stage in f.kids("stage") {
        for block in f.kids(&format!("stage{stage}.")) {
            let name = |part: &str| format!("stage{stage}.{block}.{part}");
            if block == 0 {
                f.cat(&[
                    &|f| {
                        f.conv(&name("branch1.0"), 2);
                        f.conv(&name("branch1.2"), 1);
                    },
                    &|f| work(f, &name, 2),
                ]);
            } else {
                f.cat(&[&Flow::last_half, &|f| {
                    f.last_half();
                    work(f, &name, 1);
                }]);
            }
        }
    }
    f.conv("conv5.0", 1);
    f.global_pool();
    f.linear("fc", 1);
}

fn work(f: &mut Flow<'_>, name: &dyn Fn(&str) -> String, stride: u64) {
    f.conv(&name("branch2.0"), 1);
    f.conv(&name("branch2.3"), stride);
    f.conv(&name("branch2.5"), 1);
}
