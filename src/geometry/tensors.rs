//! What the tensors of a file without a graph are, by their names, sizes and neighbours.

mod conv;
mod names;
mod roles;

use std::collections::{BTreeMap, HashMap};

use super::layout::{self, Layout};
use super::{TableTensor, TensorTable};
use crate::finding::{Finding, similar};
use crate::network::{InitializerId, LayoutFacts, Network, Role};
pub(super) use conv::ConvTensor;

/// A file's tensors, told apart.
pub(super) struct Tensors {
    /// Names and sizes in PyTorch's order.
    pub(super) table: TensorTable,
    /// Stored tensors by name.
    pub(super) ids: HashMap<String, InitializerId>,
    /// In which order weights are kept.
    pub(super) layout: Layout,
    /// How that was told.
    pub(super) layout_facts: LayoutFacts,
    /// What looks like a convolution, in natural order of names.
    pub(super) convs: Vec<ConvTensor>,
    /// Those by module and by weight.
    conv_places: HashMap<String, usize>,
    /// Modules of matrix products, in the same order.
    pub(super) linears: Vec<String>,
    /// What every tensor is for.
    pub(super) roles: BTreeMap<InitializerId, Role>,
    /// What is said about them.
    pub(super) findings: Vec<Finding>,
}

impl Tensors {
    /// Tells the stored tensors of a network apart; `given` overrides the vote for a layout.
    pub(super) fn of(network: &Network, given: Option<Layout>) -> Self {
        let rows: Vec<TableTensor> = network.initializers.iter().map(row).collect();
        let weights: Vec<&[u64]> = rows
            .iter()
            .filter(|it| it.shape.len() == 4 && names::is_weight(&it.name))
            .map(|it| it.shape.as_slice())
            .collect();
        let format = network.metadata.iter().find(|it| it.0 == "format");
        let layout_facts = match given {
            Some(layout) => layout::given(layout, weights.len()),
            None => layout::vote(&weights, format.map(|it| it.1.as_str())),
        };
        let layout = Layout::ALL
            .into_iter()
            .find(|it| it.name() == layout_facts.name);
        let layout = layout.unwrap_or_default();
        let ids = network
            .initializers()
            .map(|(id, it)| (it.tensor.name.clone(), id));
        let ids: HashMap<String, InitializerId> = ids.collect();
        let table = TensorTable::new(rows.into_iter().map(|it| turned(it, layout)).collect());
        let table = table.with_aliases(&network.metadata);
        let (packed, lora) = (names::packed(&table), names::lora(&table));
        let convs = if lora {
            vec![]
        } else {
            conv::find(&table, &ids, packed)
        };
        let linears = roles::linears(&table, packed || lora);
        let roles = roles::roles(&table, &ids, &convs, packed);
        let places = convs
            .iter()
            .enumerate()
            .flat_map(|(at, it)| [(it.weight.clone(), at), (it.module.clone(), at)]);
        Self {
            conv_places: places.collect(),
            findings: said(packed, lora),
            table,
            ids,
            layout,
            layout_facts,
            convs,
            linears,
            roles,
        }
    }

    /// The weight of the module `name`, or of that name itself.
    ///
    /// # Errors
    /// A sentence with the closest name there is.
    pub(super) fn weight(&self, name: &str) -> Result<&TableTensor, String> {
        let found = self.table.weight(name);
        found.ok_or_else(|| {
            let modules = self.convs.iter().map(|it| it.module.as_str());
            format!(
                "no tensor {name:?} or {:?}{}",
                format!("{name}.weight"),
                similar(name, modules)
            )
        })
    }

    /// What looks like a convolution, by its module's name or its weight's.
    pub(super) fn conv(&self, name: &str) -> Option<&ConvTensor> {
        self.convs.get(*self.conv_places.get(name)?)
    }
}

fn row(it: &crate::network::Initializer) -> TableTensor {
    TableTensor {
        name: it.tensor.name.clone(),
        data_type: it.tensor.data_type,
        shape: it.tensor.dims.clone(),
    }
}

/// A weight of three to five axes in PyTorch's order; a matrix of Flax is turned too.
fn turned(row: TableTensor, layout: Layout) -> TableTensor {
    let weight = names::is_weight(&row.name);
    let shape = match row.shape.as_slice() {
        dims @ [_, _, _, ..] if weight && dims.len() <= 5 => layout.torch(dims),
        [inputs, outputs] if weight && layout == Layout::Hwio => vec![*outputs, *inputs],
        dims => dims.to_vec(),
    };
    TableTensor { shape, ..row }
}

fn said(packed: bool, lora: bool) -> Vec<Finding> {
    let packed = packed.then(|| {
        Finding::general(
            "packed-weights",
            "the weights are packed by a quantiser, so their sizes are not the network's; they are not counted".to_owned(),
        )
    });
    let lora = lora.then(|| {
        Finding::general(
            "lora",
            "these are changes to another network's weights (LoRA), not a network; its convolutions are not in this file".to_owned(),
        )
    });
    packed.into_iter().chain(lora).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Initializer, Source, ValueId};
    use crate::tensor::{DataType, Payload, StoredTensor};

    /// Names and sizes.
    type Rows<'a> = &'a [(&'a str, &'a [u64])];

    fn network(rows: Rows<'_>) -> Network {
        let mut network = Network::default();
        for (at, (name, dims)) in rows.iter().enumerate() {
            network.initializers.push(Initializer {
                values: vec![ValueId(u32::try_from(at).unwrap())],
                tensor: StoredTensor {
                    name: (*name).to_owned(),
                    data_type: Some(if name.contains("num_batches") {
                        DataType::Int64
                    } else {
                        DataType::Float
                    }),
                    dims: dims.to_vec(),
                    payload: Payload::Absent,
                },
                source: Source::Initializer,
            });
        }
        network
    }

    #[test]
    fn what_looks_like_a_convolution_and_is_none() {
        // Name and sizes as the libraries have them, and whether a convolution owns them.
        let cases: &[(&str, &[u64], bool)] = &[
            ("conv1.weight", &[64, 3, 7, 7], true),
            ("stage1.blocks.0.gain", &[256, 1, 1, 1], false),
            ("grn.weight", &[1, 1, 1, 384], false),
            ("layers.0.relative_coords_table", &[1, 15, 15, 2], false),
            ("layer_scale.gamma", &[1, 64, 1, 1], false),
            ("pos_embed", &[1, 64, 14, 14], false),
            (
                "vit.encoder.mid_position_embeddings",
                &[12, 1, 100, 64],
                false,
            ),
            ("head.weight", &[1000, 512], false),
            ("params.Conv_0.kernel", &[32, 16, 3, 3], true),
        ];
        for (name, dims, expected) in cases {
            let network = network(&[("stem.weight", &[16, 3, 3, 3]), (name, dims)]);
            let found = Tensors::of(&network, Some(Layout::Oihw)).convs;
            assert_eq!(
                found.iter().any(|it| it.weight == *name),
                *expected,
                "{name}"
            );
        }
    }

    #[test]
    fn a_bias_tells_a_transposed_convolution() {
        let network = network(&[
            ("u1.weight", &[32, 16, 2, 2]),
            ("u1.bias", &[16]),
            ("c1.weight", &[32, 16, 2, 2]),
            ("c1.bias", &[32]),
        ]);
        let found = Tensors::of(&network, None).convs;
        let kinds: Vec<_> = found
            .iter()
            .map(|it| (it.module.as_str(), it.transposed))
            .collect();
        assert_eq!(kinds, [("c1", false), ("u1", true)]);
    }

    #[test]
    fn depthwise_is_told_from_a_grey_input() {
        // The first convolution of MobileNet, of LeNet-5, and of a grey network with nothing else.
        let cases: &[(Rows<'_>, &str, Option<u64>)] = &[
            (
                &[("a.weight", &[32, 3, 3, 3]), ("b.weight", &[32, 1, 3, 3])],
                "b",
                Some(32),
            ),
            (
                &[("a.weight", &[6, 1, 5, 5]), ("b.weight", &[16, 6, 5, 5])],
                "a",
                None,
            ),
        ];
        for (rows, module, group) in cases {
            let tensors = Tensors::of(&network(rows), None);
            assert_eq!(tensors.conv(module).unwrap().group, *group, "{module}");
        }
    }

    #[test]
    fn buffers_are_no_parameters() {
        let network = network(&[
            ("conv.weight", &[8, 3, 3, 3]),
            ("bn1.weight", &[8]),
            ("bn1.bias", &[8]),
            ("bn1.running_mean", &[8]),
            ("bn1.num_batches_tracked", &[]),
            ("prelu.weight", &[8]),
            ("fc.weight", &[10, 8]),
            ("fc.bias", &[10]),
            ("cls_token", &[1, 1, 8]),
        ]);
        let tensors = Tensors::of(&network, None);
        let roles: Vec<Role> = tensors.roles.values().copied().collect();
        let expected = [
            Role::Weight,
            Role::NormAffine,
            Role::NormAffine,
            Role::NormStatistics,
            Role::Constant,
            Role::Weight,
            Role::Weight,
            Role::Bias,
            Role::Elementwise,
        ];
        assert_eq!(roles, expected);
        assert_eq!(tensors.linears, ["fc"]);
    }

    #[test]
    fn what_holds_no_network_is_said() {
        let cases: &[(Rows<'_>, &str)] = &[
            (&[("unet.lora_down.weight", &[4, 320, 1, 1])], "lora"),
            (&[("q_proj.qweight", &[512, 512])], "packed-weights"),
        ];
        for (rows, rule) in cases {
            let tensors = Tensors::of(&network(rows), None);
            assert!(tensors.convs.is_empty(), "{rule}");
            assert_eq!(tensors.findings.first().map(|it| it.rule), Some(*rule));
        }
    }
}
