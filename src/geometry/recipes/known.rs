//! Published networks whose geometry was checked against PyTorch's own run.

use super::flow::Walk;

/// A published network.
pub(super) struct Known {
    /// Its names in torchvision, timm and transformers, separated by spaces.
    names: &'static str,
    /// The [fingerprint](Walk) of its walk.
    fingerprint: u64,
}

/// Networks with the tensors of another one and other strides, and what is otherwise.
///
/// Source: the anti-aliased networks of timm 1.0.31, `aa_layer` in `timm/models/resnet.py`.
const TWINS: &[(&str, &str)] = &[];

include!("known_table.rs");

impl Known {
    /// The name that torchvision gives it, or whoever publishes it.
    pub(super) fn first_name(&self) -> &'static str {
        self.names.split(' ').next().unwrap_or_default()
    }

    /// Whether one of its names is `name`; timm's ports of TensorFlow's weights pad elsewhere and have the same sizes.
    pub(super) fn is_called(&self, name: &str) -> bool {
        let name = name.split('.').next().unwrap_or(name);
        let name = name.strip_prefix("tf_").unwrap_or(name);
        self.names.split(' ').any(|it| it == name)
    }

    /// What is to be said of it.
    pub(super) fn told(&self) -> String {
        String::new()
    }
}

/// The network that a walk is.
pub(super) fn find(walk: &Walk) -> Option<&'static Known> {
    KNOWN.iter().find(|it| it.fingerprint == walk.fingerprint)
}

/// Whether a network of this name has the tensors of another one and strides of its own.
pub(super) fn strides_otherwise(name: &str) -> bool {
    TWINS.iter().any(|it| it.0 == name)
}
