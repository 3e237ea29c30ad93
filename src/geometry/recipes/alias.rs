//! One network, many spellings: names of timm and transformers, turned into the names that the recipes use.

/// A rule: names of the first form are spelled as the second. `{i}` stands for a number, `{i+1}` for it and one more.
type Rule = (&'static str, &'static str);

/// Every rule; the first that matches counts.
const RULES: &[Rule] = &[
    // transformers: ResNet, after its wrapper.
    ("embedder.embedder.convolution", "conv1"),
    (
        "encoder.stages.{i}.layers.{j}.layer.{k}.convolution",
        "layer{i+1}.{j}.conv{k+1}",
    ),
    (
        "encoder.stages.{i}.layers.{j}.shortcut.convolution",
        "layer{i+1}.{j}.downsample.0",
    ),
    // transformers: RegNet, whose wrapper tells it from ResNet.
    ("regnet.embedder.embedder.convolution", "stem.0"),
    (
        "regnet.encoder.stages.{i}.layers.{j}.layer.0.convolution",
        "trunk_output.block{i+1}.block{i+1}-{j}.f.a.0",
    ),
    (
        "regnet.encoder.stages.{i}.layers.{j}.layer.1.convolution",
        "trunk_output.block{i+1}.block{i+1}-{j}.f.b.0",
    ),
    (
        "regnet.encoder.stages.{i}.layers.{j}.layer.{k}.convolution",
        "trunk_output.block{i+1}.block{i+1}-{j}.f.c.0",
    ),
    (
        "regnet.encoder.stages.{i}.layers.{j}.layer.2.attention.0",
        "trunk_output.block{i+1}.block{i+1}-{j}.f.se.fc1",
    ),
    (
        "regnet.encoder.stages.{i}.layers.{j}.layer.2.attention.2",
        "trunk_output.block{i+1}.block{i+1}-{j}.f.se.fc2",
    ),
    (
        "regnet.encoder.stages.{i}.layers.{j}.shortcut.convolution",
        "trunk_output.block{i+1}.block{i+1}-{j}.proj.0",
    ),
    // timm: RegNet.
    ("stem.conv", "stem.0"),
    (
        "s{i}.b{j}.conv1.conv",
        "trunk_output.block{i}.block{i}-{j-1}.f.a.0",
    ),
    (
        "s{i}.b{j}.conv2.conv",
        "trunk_output.block{i}.block{i}-{j-1}.f.b.0",
    ),
    (
        "s{i}.b{j}.conv3.conv",
        "trunk_output.block{i}.block{i}-{j-1}.f.c.0",
    ),
    (
        "s{i}.b{j}.se.fc{k}",
        "trunk_output.block{i}.block{i}-{j-1}.f.se.fc{k}",
    ),
    (
        "s{i}.b{j}.downsample.conv",
        "trunk_output.block{i}.block{i}-{j-1}.proj.0",
    ),
    // timm and transformers: ConvNeXt.
    ("stages.{i}.blocks.{j}.conv_dw", "stages.{i}.{j}.dw"),
    ("stages.{i}.blocks.{j}.mlp.fc{k}", "stages.{i}.{j}.fc{k}"),
    ("embeddings.patch_embeddings", "stem.0"),
    ("encoder.stages.{i}.layers.{j}.dwconv", "stages.{i}.{j}.dw"),
    (
        "encoder.stages.{i}.downsampling_layer.1",
        "stages.{i}.downsample.1",
    ),
    // torchvision before 0.3: DenseNet.
    (
        "features.denseblock{i}.denselayer{j}.conv.{k}",
        "features.denseblock{i}.denselayer{j}.conv{k}",
    ),
];

/// The name that the recipes use.
pub(super) fn canonical(name: &str) -> String {
    let spelled = RULES.iter().find_map(|rule| spell(rule, name));
    spelled.unwrap_or_else(|| name.to_owned())
}

fn spell((from, to): &Rule, name: &str) -> Option<String> {
    let bound = bind(from, name)?;
    let mut spelled = String::new();
    let mut rest = *to;
    while let Some((text, after)) = rest.split_once('{') {
        let (hole, after) = after.split_once('}')?;
        spelled.push_str(text);
        spelled.push_str(&fill(hole, &bound)?.to_string());
        rest = after;
    }
    spelled.push_str(rest);
    Some(spelled)
}

/// The number that each letter of `pattern` stands for, where `name` has that form.
fn bind(pattern: &str, name: &str) -> Option<Vec<(char, u64)>> {
    let mut bound = Vec::new();
    let (mut pattern, mut name) = (pattern, name);
    while let Some((text, after)) = pattern.split_once('{') {
        name = name.strip_prefix(text)?;
        let (hole, after) = after.split_once('}')?;
        let end = name.find(|it: char| !it.is_ascii_digit());
        let (digits, rest) = name.split_at(end.unwrap_or(name.len()));
        bound.push((hole.chars().next()?, digits.parse().ok()?));
        (pattern, name) = (after, rest);
    }
    (pattern == name).then_some(bound)
}

/// `i`, `i+1` or `i-1`.
fn fill(hole: &str, bound: &[(char, u64)]) -> Option<u64> {
    let mut letters = hole.chars();
    let letter = letters.next()?;
    let number = bound.iter().find(|it| it.0 == letter)?.1;
    match letters.as_str() {
        "" => Some(number),
        "+1" => number.checked_add(1),
        "-1" => number.checked_sub(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_library_s_name_is_the_recipe_s() {
        // torchvision's names of the same modules, read off the models of the three libraries.
        let cases = [
            (
                "encoder.stages.0.layers.2.layer.1.convolution",
                "layer1.2.conv2",
            ),
            (
                "regnet.encoder.stages.3.layers.0.layer.3.convolution",
                "trunk_output.block4.block4-0.f.c.0",
            ),
            ("s4.b1.se.fc2", "trunk_output.block4.block4-0.f.se.fc2"),
            ("s1.b0.conv1.conv", "s1.b0.conv1.conv"),
            ("layer1.0.conv1", "layer1.0.conv1"),
            ("s1.bx.conv1.conv", "s1.bx.conv1.conv"),
        ];
        for (name, expected) in cases {
            assert_eq!(canonical(name), expected, "{name}");
        }
    }
}
