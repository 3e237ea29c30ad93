//! Sizes and names in the JSON files of timm, transformers and diffusers.

use serde_json::Value;

/// Sizes beyond this are none of an image.
const MOST: u64 = 1 << 20;

/// A string under `key`.
pub(super) fn word(config: &Value, key: &str) -> Option<String> {
    config.get(key)?.as_str().map(ToOwned::to_owned)
}

/// timm's `pretrained_cfg.input_size`: channels, height, width.
pub(super) fn timm_input(config: &Value) -> Option<Vec<u64>> {
    let list = config
        .get("pretrained_cfg")?
        .get("input_size")?
        .as_array()?;
    let sizes: Option<Vec<u64>> = list.iter().map(size).collect();
    sizes.filter(|it| it.len() == 3)
}

/// Channels of the input: transformers' `num_channels`, diffusers' `in_channels`.
pub(super) fn channels(config: &Value) -> Option<u64> {
    let keys = ["num_channels", "in_channels"];
    keys.iter().find_map(|it| size(config.get(it)?))
}

/// transformers' `image_size`, diffusers' `sample_size`: height and width.
pub(super) fn image(config: &Value) -> Option<Vec<u64>> {
    let keys = ["image_size", "sample_size"];
    keys.iter().find_map(|it| square(config.get(it)?))
}

/// What `preprocessor_config.json` makes of an image: height and width. A detector's two edges are no
/// single size.
///
/// Source: the defaults of the image processors of transformers 5.23
pub(super) fn cropped(config: &Value) -> Option<Vec<u64>> {
    let crops = config.get("do_center_crop").and_then(Value::as_bool) == Some(true);
    let sizes = config.get(if crops { "crop_size" } else { "size" })?;
    if sizes.get("longest_edge").is_some() {
        return None;
    }
    square(sizes).or_else(|| {
        let edge = size(sizes.get("shortest_edge")?)?;
        Some(vec![edge; 2])
    })
}

/// SAI ModelSpec's `modelspec.resolution`, width before height: `1024x768` is `[768, 1024]`.
pub(super) fn resolution(text: &str) -> Option<Vec<u64>> {
    let (width, height) = text.split_once(['x', 'X']).unwrap_or((text, text));
    let number = |it: &str| it.trim().parse().ok().filter(|it| (1..=MOST).contains(it));
    Some(vec![number(height)?, number(width)?])
}

/// A number for both axes, two of them, or `height` and `width`.
fn square(value: &Value) -> Option<Vec<u64>> {
    if let Some(edge) = size(value) {
        return Some(vec![edge; 2]);
    }
    if let Some(list) = value.as_array() {
        let sizes: Option<Vec<u64>> = list.iter().map(size).collect();
        return sizes.filter(|it| it.len() == 2);
    }
    Some(vec![
        size(value.get("height")?)?,
        size(value.get("width")?)?,
    ])
}

fn size(value: &Value) -> Option<u64> {
    value.as_u64().filter(|it| (1..=MOST).contains(it))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_preprocessor_tells_the_size_that_the_network_sees() {
        // From the processors of transformers 5.23: ResNet's, EfficientNet-B7's, ViT's, YOLOS'.
        let cases = [
            (
                json!({"do_center_crop": true, "crop_size": {"height": 224, "width": 224}, "size": {"shortest_edge": 256}}),
                Some(vec![224, 224]),
            ),
            (
                json!({"do_center_crop": false, "crop_size": {"height": 289, "width": 289}, "size": {"height": 346, "width": 346}}),
                Some(vec![346, 346]),
            ),
            (json!({"size": 384}), Some(vec![384, 384])),
            (
                json!({"size": {"shortest_edge": 224}}),
                Some(vec![224, 224]),
            ),
            (
                json!({"size": {"shortest_edge": 800, "longest_edge": 1333}}),
                None,
            ),
            (json!({"size": -1}), None),
        ];
        for (config, expected) in cases {
            assert_eq!(cropped(&config), expected, "{config}");
        }
    }

    #[test]
    fn a_resolution_is_width_by_height() {
        assert_eq!(resolution("1024x768"), Some(vec![768, 1024]));
        assert_eq!(resolution("512"), Some(vec![512, 512]));
        assert_eq!(resolution("large"), None);
    }
}
