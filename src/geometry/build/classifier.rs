//! The matrix products behind the last feature map.

use super::draft::Draft;
use super::flow::Spot;
use crate::geometry::Layout;
use crate::geometry::tensors::Tensors;
use crate::network::ValueId;
use crate::op::Attr;

/// Adds every matrix product: as a chain from the last feature map where each takes what the one before
/// it gives, in the order of names; else each with an input that nobody knows. Those of auxiliary heads,
/// whose modules begin with one of `aux`, are left out.
pub(super) fn add(draft: &mut Draft<'_>, tensors: &Tensors, end: &Spot, aux: &[&str]) {
    let main = tensors.linears.iter().filter(|it| {
        let first = it.split('.').next().unwrap_or_default();
        !aux.contains(&first)
    });
    let main: Vec<&str> = main.map(String::as_str).collect();
    if !draft.used.is_empty() && chains(tensors, end, &main) {
        chain(draft, tensors, end, &main);
        return;
    }
    for module in main {
        let input = draft.unknown();
        linear(draft, tensors, module, input);
    }
}

/// Whether each matrix takes what the one before it gives.
fn chains(tensors: &Tensors, end: &Spot, modules: &[&str]) -> bool {
    let positions = end.positions();
    let mut features = end
        .channels
        .zip(positions)
        .and_then(|it| it.0.checked_mul(it.1));
    for module in modules {
        match sizes(tensors, module) {
            Some((outputs, inputs)) if Some(inputs) == features => features = Some(outputs),
            _ => return false,
        }
    }
    true
}

fn sizes(tensors: &Tensors, module: &str) -> Option<(u64, u64)> {
    match tensors.table.weight(module)?.shape.as_slice() {
        [outputs, inputs] => Some((*outputs, *inputs)),
        _ => None,
    }
}

fn chain(draft: &mut Draft<'_>, tensors: &Tensors, end: &Spot, modules: &[&str]) {
    if modules.is_empty() {
        return;
    }
    let flat = draft.node("flatten", "Flatten", &[Some(end.value)], vec![], None);
    let mut value = flat.map(|it| it.1);
    for module in modules {
        value = linear(draft, tensors, module, value);
    }
}

fn linear(
    draft: &mut Draft<'_>,
    tensors: &Tensors,
    module: &str,
    input: Option<ValueId>,
) -> Option<ValueId> {
    let weight = tensors.table.weight(module)?.name.clone();
    let weight = draft.stored(&weight)?;
    let bias = draft.bias(module);
    // PyTorch and MLX keep `[outputs, inputs]`, Flax and Keras the reverse.
    let turned = tensors.layout != Layout::Hwio;
    let attrs = vec![("transB", Attr::Int(turned.into()))];
    let node = draft.node(module, "Gemm", &[input, Some(weight), bias], attrs, None);
    node.map(|it| it.1)
}
