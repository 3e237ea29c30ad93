//! AlexNet, VGG, SqueezeNet, DenseNet: sequences whose pools show as gaps in the numbering.

use super::flow::Flow;

/// AlexNet, "one weird trick" in torchvision: five convolutions, three pools.
pub(super) fn alexnet(f: &mut Flow<'_>) {
    if f.kernel("features.0") != 11 {
        f.fail("the first kernel is not 11 wide".to_owned());
    }
    f.conv_padded("features.0", 4, 2);
    f.max_pool(3, 2, 0, false);
    f.conv("features.3", 1);
    f.max_pool(3, 2, 0, false);
    f.convs("features.", &["6", "8", "10"]);
    f.max_pool(3, 2, 0, false);
    f.adaptive_pool(6);
    f.linear("classifier.1", 6);
}

/// VGG with and without batch norm. timm's first two linear layers are convolutions over the last map.
pub(super) fn vgg(f: &mut Flow<'_>) {
    let places = f.kids("features.");
    // Convolution, activation, and a batch norm between where there is one; a pool takes one place more.
    let step = places.iter().zip(places.iter().skip(1));
    let gaps: Vec<u64> = step.map(|(one, next)| next - one).collect();
    let least = gaps.iter().min().copied().unwrap_or(0);
    for (at, place) in places.iter().enumerate() {
        f.conv(&format!("features.{place}"), 1);
        match gaps.get(at) {
            Some(gap) if *gap == least => {}
            Some(gap) if *gap == least.saturating_add(1) => f.max_pool(2, 2, 0, false),
            Some(gap) => f.fail(format!("{gap} places lie between two convolutions")),
            None => f.max_pool(2, 2, 0, false),
        }
    }
    if places
        .iter()
        .any(|it| f.kernel(&format!("features.{it}")) != 3)
    {
        f.fail("a kernel is not 3 wide".to_owned());
    }
    if f.has("pre_logits.fc1") {
        f.conv_padded("pre_logits.fc1", 1, 0);
        f.conv("pre_logits.fc2", 1);
        f.global_pool();
        return f.linear("head.fc", 1);
    }
    f.adaptive_pool(7);
    f.linear("classifier.0", 7);
}

/// SqueezeNet 1.0 (first kernel 7) and 1.1 (3): fire modules, and a pool wherever a number is left out.
pub(super) fn squeezenet(f: &mut Flow<'_>) {
    f.conv_padded("features.0", 2, 0);
    let fires = f.kids("features.");
    let mut last = 1_u64;
    for fire in fires.iter().skip(1) {
        if *fire > last.saturating_add(1) {
            f.max_pool(3, 2, 0, true);
        }
        f.conv(&format!("features.{fire}.squeeze"), 1);
        f.cat(&[
            &|f| f.conv(&format!("features.{fire}.expand1x1"), 1),
            &|f| f.conv(&format!("features.{fire}.expand3x3"), 1),
        ]);
        last = *fire;
    }
    f.conv("classifier.1", 1);
    f.global_pool();
}

/// DenseNet: every layer reads what all layers of its block before it gave.
pub(super) fn densenet(f: &mut Flow<'_>) {
    f.conv("features.conv0", 2);
    f.max_pool(3, 2, 1, false);
    for block in f.kids("features.denseblock") {
        for layer in f.kids(&format!("features.denseblock{block}.denselayer")) {
            let name = format!("features.denseblock{block}.denselayer{layer}");
            f.cat(&[&|_| {}, &|f| f.convs(&name, &[".conv1", ".conv2"])]);
        }
        let transition = format!("features.transition{block}.conv");
        if f.has(&transition) {
            f.conv(&transition, 1);
            f.average_pool(2, 2, 0, false);
        }
    }
    f.global_pool();
    f.linear("classifier", 1);
}
