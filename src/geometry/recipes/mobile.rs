//! Networks of inverted residuals: MobileNet v1 to v4, EfficientNet v1 and v2, MnasNet, and timm's builder of them all.

use super::flow::Flow;

/// A part of a block.
enum Part {
    /// A convolution.
    Conv(String),
    /// Squeeze and excitation: the reducing and the expanding convolution.
    Squeeze(String, String),
}

/// A block: its parts in order.
type Block = Vec<Part>;

/// Strides of the stages: each first block has its stage's.
type Strides = &'static [u64];

const EIGHTH: Strides = &[1, 2, 2, 2, 1, 2, 1];
const FIRST_HALVES: Strides = &[2, 2, 2, 1, 2, 1];

/// MobileNet v2 under torchvision's names.
pub(super) fn mobilenet_v2(f: &mut Flow<'_>) {
    let blocks = f.kids("features.").into_iter().map(|at| {
        let stem = format!("features.{at}.conv.");
        let parts = f.kids(&stem).into_iter();
        parts.map(|it| either(f, &format!("{stem}{it}"))).collect()
    });
    let blocks: Vec<Block> = blocks.collect();
    let head = format!("features.{}.0", blocks.len().saturating_sub(1));
    f.conv("features.0.0", 2);
    by_width(f, &blocks, EIGHTH);
    f.conv(&head, 1);
    f.global_pool();
    f.linear("classifier.1", 1);
}

/// `NAME.0` where there is one, else `NAME`.
fn either(f: &Flow<'_>, name: &str) -> Part {
    let first = format!("{name}.0");
    Part::Conv(if f.has(&first) {
        first
    } else {
        name.to_owned()
    })
}

/// MobileNet v3 under torchvision's names: large has six widths, small five.
pub(super) fn mobilenet_v3(f: &mut Flow<'_>) {
    let places = f.kids("features.");
    let blocks: Vec<Block> = places
        .iter()
        .map(|at| numbered(f, &format!("features.{at}.block.")))
        .collect();
    let widths = count_widths(f, &blocks);
    f.conv("features.0.0", 2);
    by_width(f, &blocks, if widths == 5 { FIRST_HALVES } else { EIGHTH });
    f.conv(&format!("features.{}.0", places.last().unwrap_or(&0)), 1);
    f.global_pool();
    f.linear("classifier.0", 1);
}

/// EfficientNet v1 and v2 under torchvision's names.
pub(super) fn efficientnet(f: &mut Flow<'_>) {
    let places = f.kids("features.");
    let mut stages: Vec<Vec<Block>> = Vec::new();
    for stage in &places {
        let blocks = f.kids(&format!("features.{stage}."));
        let blocks = blocks.into_iter();
        let blocks = blocks.map(|it| numbered(f, &format!("features.{stage}.{it}.block.")));
        stages.push(blocks.filter(|it| !it.is_empty()).collect());
    }
    stages.retain(|it| !it.is_empty());
    f.conv("features.0.0", 2);
    in_stages(f, &stages, EIGHTH);
    f.conv(&format!("features.{}.0", places.last().unwrap_or(&0)), 1);
    f.global_pool();
    f.linear("classifier.1", 1);
}

/// `PREFIX0.0`, `PREFIX1.fc1` and `fc2`, …: the parts of a torchvision block.
fn numbered(f: &Flow<'_>, prefix: &str) -> Block {
    let parts = f.kids(prefix).into_iter();
    let part = |at: u64| {
        let reduce = format!("{prefix}{at}.fc1");
        if f.has(&reduce) {
            Part::Squeeze(reduce, format!("{prefix}{at}.fc2"))
        } else {
            Part::Conv(format!("{prefix}{at}.0"))
        }
    };
    parts.map(part).collect()
}

/// MnasNet under torchvision's names.
pub(super) fn mnasnet(f: &mut Flow<'_>) {
    f.conv("layers.0", 2);
    f.convs("layers.", &["3", "6"]);
    let mut stages: Vec<Vec<Block>> = Vec::new();
    for stage in 8..14 {
        let blocks = f.kids(&format!("layers.{stage}.")).into_iter();
        let part = |block: u64, it: &str| Part::Conv(format!("layers.{stage}.{block}.layers.{it}"));
        stages.push(
            blocks
                .map(|block| ["0", "3", "6"].map(|it| part(block, it)).into())
                .collect(),
        );
    }
    in_stages(f, &stages, FIRST_HALVES);
    f.conv("layers.14", 1);
    f.global_pool();
    f.linear("classifier.1", 1);
}

/// MobileNet v1 under transformers' names: depthwise and pointwise in turn.
pub(super) fn mobilenet_v1(f: &mut Flow<'_>) {
    let layers = f.kids("layer.");
    let pair = |pair: &[u64]| -> Block {
        let conv = |it: &u64| Part::Conv(format!("layer.{it}.convolution"));
        pair.iter().map(conv).collect()
    };
    let blocks: Vec<Block> = layers.chunks(2).map(pair).collect();
    f.conv("conv_stem.convolution", 2);
    by_width(f, &blocks, &[1, 2, 2, 2, 2]);
    f.global_pool();
    f.linear("classifier", 1);
}

/// MobileNet v2 under transformers' names, whose stem holds the first block.
pub(super) fn mobilenet_v2_transformers(f: &mut Flow<'_>) {
    let conv = |name: String| Part::Conv(format!("{name}.convolution"));
    let stem: Block = ["conv_3x3", "reduce_1x1"]
        .map(|it| conv(format!("conv_stem.{it}")))
        .into();
    let mut blocks = vec![stem];
    for layer in f.kids("layer.") {
        let parts = ["expand_1x1", "conv_3x3", "reduce_1x1"];
        blocks.push(parts.map(|it| conv(format!("layer.{layer}.{it}"))).into());
    }
    f.conv("conv_stem.first_conv.convolution", 2);
    by_width(f, &blocks, EIGHTH);
    f.conv("conv_1x1.convolution", 1);
    f.global_pool();
    f.linear("classifier", 1);
}

/// EfficientNet under transformers' names, whose blocks are numbered through.
pub(super) fn efficientnet_transformers(f: &mut Flow<'_>) {
    let mut blocks: Vec<Block> = Vec::new();
    for at in f.kids("encoder.blocks.") {
        let name = |part: &str| format!("encoder.blocks.{at}.{part}");
        let mut parts = vec![Part::Conv(name("expansion.expand_conv"))];
        parts.push(Part::Conv(name("depthwise_conv.depthwise_conv")));
        parts.push(Part::Squeeze(
            name("squeeze_excite.reduce"),
            name("squeeze_excite.expand"),
        ));
        parts.push(Part::Conv(name("projection.project_conv")));
        blocks.push(parts.into_iter().filter(|it| is_there(f, it)).collect());
    }
    f.conv("embeddings.convolution", 2);
    by_width(f, &blocks, EIGHTH);
    f.conv("encoder.top_conv", 1);
    f.global_pool();
    f.linear("classifier", 1);
}

/// Whatever timm's builder of efficient networks makes: stages of blocks of a few kinds.
pub(super) fn timm(f: &mut Flow<'_>) {
    let mut stages: Vec<Vec<Block>> = Vec::new();
    for stage in f.kids("blocks.") {
        let blocks = f.kids(&format!("blocks.{stage}.")).into_iter();
        stages.push(
            blocks
                .map(|it| timm_block(f, &format!("blocks.{stage}.{it}.")))
                .collect(),
        );
    }
    let ends_plain = stages
        .last()
        .is_some_and(|it| it.iter().all(|it| it.len() == 1));
    let strides: Strides = match (stages.len(), ends_plain) {
        (7, _) | (6, false) => EIGHTH,
        (6, true) => FIRST_HALVES,
        (5, false) => &[1, 2, 2, 2, 2],
        (5, true) => &[2, 2, 2, 2, 1],
        (count, _) => return f.fail(format!("it has {count} stages")),
    };
    f.conv("conv_stem", 2);
    in_stages(f, &stages, strides);
    // MobileNet v3 and v4 pool first; EfficientNet has a norm between this convolution and the pool.
    let after = !f.has_tensor("bn2.weight");
    if after {
        f.global_pool();
    }
    f.conv_if("conv_head", 1);
    if !after {
        f.global_pool();
    }
    f.linear("classifier", 1);
}

fn timm_block(f: &Flow<'_>, prefix: &str) -> Block {
    let conv = |it: &str| Part::Conv(format!("{prefix}{it}"));
    let squeeze = || {
        Part::Squeeze(
            format!("{prefix}se.conv_reduce"),
            format!("{prefix}se.conv_expand"),
        )
    };
    let has = |it: &str| f.has(&format!("{prefix}{it}"));
    // Without `conv_pwl` it is depthwise separable, and `conv_pw` comes last.
    let parts = if has("conv_dw") && !has("conv_pwl") {
        vec![conv("conv_dw"), squeeze(), conv("conv_pw")]
    } else {
        let first = [
            "dw_start.conv",
            "conv_pw",
            "pw_exp.conv",
            "conv_exp",
            "conv_dw",
            "dw_mid.conv",
            "conv",
        ];
        let last = ["conv_pwl", "pw_proj.conv"];
        let before = first.iter().map(|it| conv(it));
        before
            .chain([squeeze()])
            .chain(last.iter().map(|it| conv(it)))
            .collect()
    };
    parts.into_iter().filter(|it| is_there(f, it)).collect()
}

fn is_there(f: &Flow<'_>, part: &Part) -> bool {
    match part {
        Part::Conv(name) | Part::Squeeze(name, _) => f.has(name),
    }
}

/// Blocks in stages as the file numbers them.
fn in_stages(f: &mut Flow<'_>, stages: &[Vec<Block>], strides: Strides) {
    if stages.len() > strides.len() {
        f.fail(format!("it has {} stages", stages.len()));
    }
    for (blocks, first) in stages.iter().zip(strides) {
        for (at, parts) in blocks.iter().enumerate() {
            block(f, parts, if at == 0 { *first } else { 1 });
        }
    }
}

/// Blocks numbered through: a stage begins where the width changes.
fn by_width(f: &mut Flow<'_>, blocks: &[Block], strides: Strides) {
    let mut stages = strides.iter();
    let mut last = 0;
    for parts in blocks.iter().filter(|it| !it.is_empty()) {
        let width = width(f, parts);
        let stride = if width == last {
            Some(&1)
        } else {
            stages.next()
        };
        match stride {
            Some(stride) => block(f, parts, *stride),
            None => return f.fail(format!("it has more than {} widths", strides.len())),
        }
        last = width;
    }
}

fn count_widths(f: &Flow<'_>, blocks: &[Block]) -> usize {
    let mut widths: Vec<u64> = blocks
        .iter()
        .filter(|it| !it.is_empty())
        .map(|it| width(f, it))
        .collect();
    widths.dedup();
    widths.len()
}

/// Channels that a block gives.
fn width(f: &Flow<'_>, parts: &[Part]) -> u64 {
    match parts.last() {
        Some(Part::Conv(name)) => f.filters(name),
        _ => 0,
    }
}

/// One block; the stride is its last wide convolution's, or the first one's where all are 1×1.
fn block(f: &mut Flow<'_>, parts: &[Part], stride: u64) {
    let wide = |it: &Part| matches!(it, Part::Conv(name) if f.kernel(name) > 1);
    let strided = parts.iter().rposition(wide).unwrap_or(0);
    for (at, part) in parts.iter().enumerate() {
        match part {
            Part::Conv(name) => f.conv(name, if at == strided { stride } else { 1 }),
            Part::Squeeze(reduce, expand) => f.squeeze(reduce, expand),
        }
    }
}
