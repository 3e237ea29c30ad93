//! What is said of a network whose geometry nobody knows.

use super::tensors::Tensors;

/// Why a convolution's place is not known.
pub(super) const WHY: &str = "a safetensors file holds tensors only: no strides, pools, order or input size; \
     --geometry, --graph or --output-size would settle it";
/// Why that of one is not known where others are.
pub(super) const NOT_NAMED: &str = "the geometry does not name it";

/// What the tensors let guess: the side of the last feature map, where a matrix flattens it.
pub(super) fn hints(tensors: &Tensors) -> Vec<String> {
    flatten(tensors).into_iter().collect()
}

/// A matrix that takes `C · s · s` values, `C` the filters of the last convolution by name, where nothing
/// else gives as many values.
fn flatten(tensors: &Tensors) -> Option<String> {
    let filters = *tensors.convs.last()?.shape.first()?;
    let sizes = |module: &String| match tensors.table.weight(module)?.shape.as_slice() {
        [outputs, inputs] => Some((*outputs, *inputs)),
        _ => None,
    };
    let matrices = tensors
        .linears
        .iter()
        .filter_map(|it| Some((it, sizes(it)?)));
    let convs = tensors
        .convs
        .iter()
        .filter_map(|it| it.shape.first().copied());
    let given: Vec<u64> = matrices.clone().map(|it| it.1.0).chain(convs).collect();
    let mut flattening = matrices.filter(|(_, (_, inputs))| !given.contains(inputs));
    let (module, inputs, side) = flattening
        .find_map(|(module, (_, inputs))| Some((module, inputs, side(inputs, filters)?)))?;
    Some(format!(
        "{module} takes {} values = {filters} × {side} × {side}, so the last feature map is probably {side}×{side}",
        crate::units::grouped(&inputs.to_string())
    ))
}

/// The side of a square map of `filters` channels with `inputs` values; a side of 1 says nothing.
fn side(inputs: u64, filters: u64) -> Option<u64> {
    let whole = inputs.checked_rem(filters) == Some(0);
    let area = inputs.checked_div(filters).filter(|_| whole)?;
    let side = area.isqrt();
    (side > 1 && side.checked_mul(side) == Some(area)).then_some(side)
}
