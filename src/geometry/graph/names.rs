//! Names of one module in a state_dict and in an exporter's graph.

/// What wrappers put before every name.
const WRAPPERS: &[&str] = &["module.", "model.", "_orig_mod.", "state_dict."];

/// The module of a weight: `conv1` of `conv1.weight`.
pub(super) fn module(weight: &str) -> &str {
    let kernel = || weight.strip_suffix(".kernel");
    let module = weight.strip_suffix(".weight").or_else(kernel);
    module.unwrap_or(weight)
}

/// A module's name without wrappers.
pub(super) fn bare(module: &str) -> &str {
    let mut name = module;
    while let Some(rest) = WRAPPERS.iter().find_map(|it| name.strip_prefix(it)) {
        name = rest;
    }
    name
}

/// The module of a node's path: of `/layer1/layer1.0/conv1/Conv`, whose first step the second extends,
/// `layer1.0.conv1`. A name that is no path is taken for a module's.
pub(super) fn module_of_path(node: &str) -> String {
    let Some(path) = node.strip_prefix('/') else {
        return node.to_owned();
    };
    let mut steps: Vec<&str> = path.split('/').collect();
    // The last one is the operator: `Conv`, `Conv_3`.
    steps.pop();
    let next = steps.iter().skip(1).map(Some).chain([None]);
    let kept = steps.iter().zip(next).filter(|(step, next)| {
        let rest = next.and_then(|it| it.strip_prefix(**step));
        !rest.is_some_and(|it| it.starts_with('.'))
    });
    let kept: Vec<&str> = kept.map(|it| *it.0).collect();
    kept.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_its_module() {
        // Paths as PyTorch's TorchScript exporter writes them, and the modules of torchvision's models.
        let cases = [
            ("/conv1/Conv", "conv1"),
            ("/layer1/layer1.0/conv1/Conv", "layer1.0.conv1"),
            (
                "/layer2/layer2.0/downsample/downsample.0/Conv",
                "layer2.0.downsample.0",
            ),
            (
                "/features/features.1/conv/conv.0/conv.0.0/Conv",
                "features.1.conv.0.0",
            ),
            (
                "/features/denseblock1/denselayer1/conv1/Conv_1",
                "features.denseblock1.denselayer1.conv1",
            ),
            ("features.0", "features.0"),
        ];
        for (path, module) in cases {
            assert_eq!(module_of_path(path), module, "{path}");
        }
    }

    #[test]
    fn wrappers_fall_off() {
        for (name, expected) in [
            ("module.conv1", "conv1"),
            ("_orig_mod.model.conv1", "conv1"),
            ("model", "model"),
        ] {
            assert_eq!(bare(name), expected, "{name}");
        }
    }
}
