//! Published networks whose geometry was checked against PyTorch's own run, and those that share their
//! tensors with another.

mod table;

use serde_json::Value;

use super::walk::Walk;
use crate::network::Claim;

/// A published network: its names in torchvision, timm and transformers separated by spaces, its
/// convolutions, and the [fingerprint](Walk) of its walk.
pub(super) struct Known(pub(super) &'static str, pub(super) usize, pub(super) u64);

/// A network with the tensors of another one and strides of its own.
struct Twin {
    /// The plain one.
    plain: &'static str,
    /// Those with an anti-aliasing layer, which has no tensor of its own.
    names: &'static [&'static str],
    /// What is otherwise in them.
    differs: &'static str,
    /// Whether the tensors alone are taken for the plain one's: it is by far the better known.
    plain_is_meant: bool,
}

/// What is otherwise in an anti-aliased ResNet of bottlenecks.
const BOTTLENECK: &str = "the first conv2 of layer2, layer3 and layer4 runs at twice the side";
/// What is otherwise in an anti-aliased ResNet of basic blocks.
const BASIC: &str = "the first conv1 of layer2, layer3 and layer4 runs at twice the side";
/// What is otherwise in an anti-aliased network of inverted residuals.
const DEPTHWISE: &str = "depthwise convolutions that halve the map run at twice the side";

const fn twin(plain: &'static str, names: &'static [&'static str], differs: &'static str) -> Twin {
    Twin {
        plain,
        names,
        differs,
        plain_is_meant: true,
    }
}

/// A twin that is as likely to be met as the plain one.
const fn equal(plain: &'static str, names: &'static [&'static str], differs: &'static str) -> Twin {
    Twin {
        plain_is_meant: false,
        ..twin(plain, names, differs)
    }
}

/// Every one.
///
/// Source: the models of timm 1.0.31 that are made with an `aa_layer`.
const TWINS: &[Twin] = &[
    twin("resnet18", &["resnetblur18"], BASIC),
    twin("resnet34d", &["resnetaa34d"], BASIC),
    twin("resnet50", &["resnetaa50", "resnetblur50"], BOTTLENECK),
    twin("resnet50d", &["resnetaa50d", "resnetblur50d"], BOTTLENECK),
    equal(
        "resnet101d",
        &["resnetaa101d", "resnetblur101d"],
        BOTTLENECK,
    ),
    equal("seresnet50d", &["seresnetaa50d"], BOTTLENECK),
    equal(
        "seresnext101d_32x8d",
        &["seresnextaa101d_32x8d"],
        BOTTLENECK,
    ),
    equal(
        "seresnext201d_32x8d",
        &["seresnextaa201d_32x8d"],
        BOTTLENECK,
    ),
    twin("efficientnet_b0", &["efficientnet_blur_b0"], DEPTHWISE),
    twin(
        "mobilenetv4_conv_medium",
        &["mobilenetv4_conv_aa_medium", "mobilenetv4_conv_blur_medium"],
        DEPTHWISE,
    ),
    equal(
        "mobilenetv4_conv_large",
        &["mobilenetv4_conv_aa_large"],
        DEPTHWISE,
    ),
];

impl Known {
    /// The name that torchvision gives it, or whoever publishes it.
    pub(super) fn first_name(&self) -> &'static str {
        self.0.split(' ').next().unwrap_or_default()
    }

    /// Whether `name` is one of its names. timm's ports of TensorFlow's weights (`tf_`) pad elsewhere and
    /// have the same sizes.
    pub(super) fn is_called(&self, name: &str) -> bool {
        let plain = |it: &str| it.strip_prefix("tf_").unwrap_or(it).to_owned();
        let name = plain(untagged(name));
        self.0.split(' ').any(|it| plain(it) == name)
    }

    /// How far its tensors alone can be believed to be its own, and what is to be said of it.
    pub(super) fn told(&self) -> (Claim, String) {
        let name = self.first_name();
        let Some(twin) = TWINS.iter().find(|it| self.is_called(it.plain)) else {
            return (
                Claim::Exact,
                format!("the convolutions are those of {name}"),
            );
        };
        let (name, names, differs) = (twin.plain, twin.names.join(" and "), twin.differs);
        let told = format!("{name}; timm's {names} hold the same tensors, with which {differs}");
        let claim = if twin.plain_is_meant {
            Claim::Exact
        } else {
            Claim::Assumed
        };
        (claim, told)
    }
}

/// `resnet50` of `resnet50.a1_in1k`.
fn untagged(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// The network that a walk is.
pub(super) fn find(walk: &Walk) -> Option<&'static Known> {
    table::KNOWN
        .iter()
        .find(|it| (it.1, it.2) == (walk.convs, walk.fingerprint))
}

/// Whether a network of this name has the tensors of another one and strides of its own.
pub(super) fn strides_otherwise(name: &str) -> bool {
    let name = untagged(name);
    TWINS.iter().any(|it| it.names.contains(&name))
}

/// What a `config.json` says of strides that no recipe follows: its key and value.
pub(super) fn other_strides(config: &Value) -> Option<String> {
    let places = [Some(config), config.get("model_args")];
    let values = places.into_iter().flatten();
    values.into_iter().find_map(|it| {
        let stride = it.get("output_stride").filter(|it| it.as_u64() != Some(32));
        let stride = stride.map(|it| format!("output_stride {it}"));
        let flags = ["downsample_in_bottleneck", "downsample_in_first_stage"];
        let is_set = |flag: &&str| it.get(*flag).and_then(Value::as_bool) == Some(true);
        let flag = flags.into_iter().find(is_set);
        stride.or_else(|| flag.map(|it| format!("{it} true")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_under_tags_and_ports() {
        let known = Known("efficientnet_b2 tf_efficientnet_b2", 115, 0);
        let cases = [
            ("efficientnet_b2.ra_in1k", true),
            ("tf_efficientnet_b2.ns_jft_in1k", true),
            ("efficientnet_b2_pruned", false),
        ];
        for (name, expected) in cases {
            assert_eq!(known.is_called(name), expected, "{name}");
        }
    }

    #[test]
    fn settings_that_move_strides_are_seen() {
        let cases = [
            (r#"{"downsample_in_bottleneck": true}"#, true),
            (r#"{"downsample_in_bottleneck": false}"#, false),
            (r#"{"output_stride": 32}"#, false),
            (r#"{"model_args": {"output_stride": 16}}"#, true),
        ];
        for (config, expected) in cases {
            let config = serde_json::from_str(config).unwrap();
            assert_eq!(other_strides(&config).is_some(), expected, "{config}");
        }
    }

    #[test]
    fn no_plain_network_goes_by_a_twin_s_name() {
        for known in table::KNOWN {
            let twins = known.0.split(' ').filter(|it| strides_otherwise(it));
            assert!(twins.count() == 0 || !known.0.contains(' '), "{}", known.0);
        }
    }

    #[test]
    fn fingerprints_are_unique() {
        let all: std::collections::BTreeSet<u64> = table::KNOWN.iter().map(|it| it.2).collect();
        assert_eq!(all.len(), table::KNOWN.len());
    }
}
