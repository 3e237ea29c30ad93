//! Which module of the training framework a layer is, as far as names tell.

/// What exporters put behind a module's name for its weight.
const SUFFIXES: &[&str] = &[".weight", "/kernel", ".kernel", "_weight", ".W"];

/// The module that a layer is: from its weight's name, else from the path that TorchScript's exporter gives
/// a node, else its node's name. `None` where only generated names are there: they count nodes, so they
/// shift when one is put in.
pub(super) fn module(weight: Option<&str>, node: &str, op_type: &str) -> Option<String> {
    if let Some(weight) = weight.filter(|it| !is_generated(it, op_type)) {
        let mut suffixes = SUFFIXES.iter();
        let stem = suffixes.find_map(|it| weight.strip_suffix(it));
        return Some(stem.unwrap_or(weight).to_owned());
    }
    if let Some(path) = node.strip_prefix('/') {
        return of_path(path, op_type);
    }
    (!is_generated(node, op_type)).then(|| node.to_owned())
}

/// `layer1/layer1.0/conv1/Conv` is in the module `layer1.0.conv1`: a part repeats the name of the one around
/// it where that is a list. A module called twice has its second node as `Conv_1`.
fn of_path(path: &str, op_type: &str) -> Option<String> {
    let (modules, node) = path.rsplit_once('/')?;
    let mut out = String::new();
    let mut last = "";
    for part in modules.split('/') {
        let inner = part.strip_prefix(last).and_then(|it| it.strip_prefix('.'));
        let inner = inner.filter(|_| !last.is_empty());
        if !out.is_empty() {
            out.push('.');
        }
        out.push_str(inner.unwrap_or(part));
        last = part;
    }
    if node != op_type {
        out.push('/');
        out.push_str(node);
    }
    Some(out)
}

/// Whether a name counts: `193`, `onnx::Conv_193`, `Conv_12`, `node_conv2d_3`, `val_4`.
pub(in crate::compare) fn is_generated(name: &str, op_type: &str) -> bool {
    let counts = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
    let counted = |stem: &str| {
        let rest = name.strip_prefix(stem).map(|it| it.trim_start_matches('_'));
        rest.is_some_and(|it| it.is_empty() || counts(it))
    };
    name.is_empty()
        || counts(name)
        || name.starts_with("onnx::")
        || name.starts_with("node_")
        || ["val_", "n", op_type].iter().any(|it| counted(it))
}

/// Whether a module's name stays when another is put in before it: no part of it is a number, as in a
/// `Sequential`, or ends in one behind `_`, as names that a framework hands out do.
pub(super) fn is_trusted(module: &str) -> bool {
    let counts = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
    let parts = module.split(['.', '/', '#', ':']);
    parts.into_iter().all(|part| {
        let last = part.rsplit_once('_').map_or(part, |it| it.1);
        !counts(last)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_named_alike_by_every_exporter() {
        // Names as torch's two exporters and safetensors write them.
        let cases = [
            (Some("conv1.weight"), "node_Conv_291", "Conv", Some("conv1")),
            (Some("onnx::Conv_193"), "/conv1/Conv", "Conv", Some("conv1")),
            (
                Some("onnx::Conv_196"),
                "/layer1/layer1.0/conv1/Conv",
                "Conv",
                Some("layer1.0.conv1"),
            ),
            (
                Some("onnx::Conv_9"),
                "/features/features.2/conv/conv.0/conv.0.0/Conv",
                "Conv",
                Some("features.2.conv.0.0"),
            ),
            (None, "/maxpool/MaxPool", "MaxPool", Some("maxpool")),
            (None, "/pool/MaxPool_1", "MaxPool", Some("pool/MaxPool_1")),
            (None, "node_max_pool2d_1", "MaxPool", None),
            (Some("123"), "Conv_12", "Conv", None),
            (None, "n4", "Conv", None),
            (None, "pool1", "MaxPool", Some("pool1")),
            (Some("W_7"), "", "Conv", Some("W_7")),
            (Some("conv2d_3/kernel"), "", "Conv", Some("conv2d_3")),
        ];
        for (weight, node, op_type, expected) in cases {
            let got = module(weight, node, op_type);
            assert_eq!(got.as_deref(), expected, "{weight:?} {node}");
        }
    }
}
