//! Which tensors are a convolution's weight.

use std::collections::HashMap;

use super::super::{TableTensor, TensorTable};
use super::names::{is_weight, split};
use crate::network::InitializerId;

/// A convolution as its tensors show it.
#[derive(Clone, Debug)]
pub(in crate::geometry) struct ConvTensor {
    /// The module, or the tensor itself where its name has no other part.
    pub(in crate::geometry) module: String,
    /// Name of its weight.
    pub(in crate::geometry) weight: String,
    /// Its weight's sizes: `[M, C/group, k…]`, of a transposed one `[C, M/group, k…]`.
    pub(in crate::geometry) shape: Vec<u64>,
    /// Whether its bias shows that it is a transposed one.
    pub(in crate::geometry) transposed: bool,
    /// Groups, as far as tensors tell them: of a depthwise or a transposed one.
    pub(in crate::geometry) group: Option<u64>,
}

/// Every convolution of a table, in its order. Weights of three axes count only in a network of those:
/// elsewhere they are position tables and attention over channels.
pub(super) fn find(
    table: &TensorTable,
    ids: &HashMap<String, InitializerId>,
    packed: bool,
) -> Vec<ConvTensor> {
    let of_rank = |ranks: &[usize]| {
        let rows = table.iter().filter(|it| ids.contains_key(&it.name));
        let rows = rows.filter(|it| ranks.contains(&it.shape.len()));
        rows.filter_map(|it| conv(table, it)).collect::<Vec<_>>()
    };
    let mut convs = of_rank(&[4, 5]);
    if convs.is_empty() {
        convs = of_rank(&[3]);
    }
    // What a quantiser left unpacked keeps its shape.
    if packed {
        convs.retain(|it| table.get(&it.weight).is_some_and(is_float));
    }
    let evidence = Evidence::of(&convs);
    let groups: Vec<Option<u64>> = convs.iter().map(|it| evidence.depthwise(it)).collect();
    for (conv, group) in convs.iter_mut().zip(groups) {
        conv.group = conv.group.or(group);
    }
    convs
}

fn is_float(row: &TableTensor) -> bool {
    row.data_type.is_some_and(crate::tensor::DataType::is_float)
}

fn conv(table: &TensorTable, row: &TableTensor) -> Option<ConvTensor> {
    let (first, second) = match row.shape.as_slice() {
        [1, 1, ..] => return None,
        [first, second, kernel @ ..] if !kernel.contains(&0) => (*first, *second),
        _ => return None,
    };
    if !is_weight(&row.name) || first == 0 || second == 0 {
        return None;
    }
    let module = match split(&row.name).0 {
        "" => row.name.as_str(),
        module => module,
    };
    let bias = table.bias(module).and_then(|it| it.shape.first().copied());
    let (transposed, group) = match bias {
        None => (false, None),
        Some(bias) if bias == first => (false, None),
        Some(bias) => {
            let group = bias.checked_div(second).filter(|it| *it > 0);
            let whole = bias.checked_rem(second) == Some(0);
            let group = group.filter(|it| whole && first.checked_rem(*it) == Some(0))?;
            (true, Some(group))
        }
    };
    Some(ConvTensor {
        module: module.to_owned(),
        weight: row.name.clone(),
        shape: row.shape.clone(),
        transposed,
        group,
    })
}

/// What the other convolutions of a file show.
struct Evidence {
    /// How many have so many filters.
    filters: HashMap<u64, usize>,
    /// Whether one reads 3 or 4 channels: an image.
    image: bool,
}

impl Evidence {
    fn of(convs: &[ConvTensor]) -> Self {
        let mut filters = HashMap::new();
        for filter in convs.iter().filter_map(|it| it.shape.first()) {
            let count: &mut usize = filters.entry(*filter).or_default();
            *count = count.saturating_add(1);
        }
        let image = |it: &ConvTensor| matches!(it.shape.get(1), Some(3 | 4));
        Self {
            filters,
            image: convs.iter().any(image),
        }
    }

    /// The groups of a weight `[F, 1, k…]`: it is depthwise where another convolution has `F` filters, or
    /// one reads 3 or 4 channels; else it reads an input of one channel.
    fn depthwise(&self, conv: &ConvTensor) -> Option<u64> {
        let [filters, 1, kernel @ ..] = conv.shape.as_slice() else {
            return None;
        };
        if conv.transposed || kernel.iter().all(|it| *it == 1) {
            return None;
        }
        let others = self.filters.get(filters).is_some_and(|it| *it > 1);
        (others || self.image).then_some(*filters)
    }
}
