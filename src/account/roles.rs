//! Books every element of every stored tensor once, by what it is used for.

mod uses;

pub(super) use uses::linear_weight;

use std::collections::BTreeMap;

use crate::finding::Gap;
pub use crate::network::Role;
use crate::network::{Initializer, InitializerId, Network, NodeId, Source};
use crate::tensor::{DataType, Payload, StoredTensor};
use crate::units::Params;

use super::live::{Life, live};
use super::rows::Roles;
use super::scene::{Scene, output_of};
use super::trace::{Root, Tracer};

impl Roles {
    /// The sum of one role.
    #[must_use]
    pub fn of(&self, role: Role) -> Params {
        let mut copy = *self;
        *copy.slot(role)
    }

    fn slot(&mut self, role: Role) -> &mut Params {
        match role {
            Role::Weight => &mut self.weight,
            Role::Bias => &mut self.bias,
            Role::NormAffine => &mut self.norm_affine,
            Role::Elementwise => &mut self.elementwise,
            Role::NormStatistics => &mut self.norm_statistics,
            Role::Quantization => &mut self.quantization,
            Role::Constant => &mut self.constant,
            Role::Dead => &mut self.dead,
        }
    }
}

/// The role of every stored tensor, and of the weights that `ConstantOfShape` nodes make.
#[derive(Debug, Default)]
pub(super) struct Booked {
    /// By tensor.
    pub(super) tensors: Vec<Role>,
    /// Nodes whose output is a parameter.
    pub(super) made: Vec<(NodeId, Role)>,
}

impl Booked {
    /// Whether a root's elements count in `params`.
    pub(super) fn is_parameter(&self, root: Root) -> bool {
        match root {
            Root::Stored(id) => self.role(id).is_parameter(),
            Root::ConstantOfShape(id) => self.made.iter().any(|it| it.0 == id),
            Root::Input(_) | Root::Computed | Root::Missing => false,
        }
    }

    pub(super) fn role(&self, id: InitializerId) -> Role {
        self.tensors.get(id.at()).copied().unwrap_or(Role::Dead)
    }
}

/// Gives every stored tensor its role.
pub(super) fn book(scene: Scene<'_>, tracer: &mut Tracer<'_>) -> Booked {
    let life = live(scene);
    let uses = uses::Uses::find(scene, tracer, &life);
    let network = scene.network;
    let rows = network.initializers();
    let mut tensors: Vec<Role> = rows
        .map(|(id, it)| {
            let known = network.roles.get(&id).copied();
            known.unwrap_or_else(|| stored_role(&uses, &life, id, it))
        })
        .collect();
    if !weights_are_constants(network, &tensors) {
        demote_constants(network, &mut tensors);
    }
    let made = network.nodes().filter_map(|(id, node)| {
        if &*node.op_type != "ConstantOfShape" {
            return None;
        }
        let forward = output_of(node).and_then(|it| uses.flow.made(it));
        let backward = uses.roots.get(&Root::ConstantOfShape(id)).copied();
        let role = forward.into_iter().chain(backward).min()?;
        Some((id, role))
    });
    Booked {
        made: made.collect(),
        tensors,
    }
}

fn stored_role(uses: &uses::Uses, life: &[Life], id: InitializerId, it: &Initializer) -> Role {
    let mut values = it.values.iter();
    if !values.any(|value| life.get(value.at()) > Some(&Life::Dead)) {
        return Role::Dead;
    }
    let forward = it
        .values
        .iter()
        .filter_map(|value| uses.flow.role(*value, &it.tensor));
    let backward = uses.roots.get(&Root::Stored(id)).copied();
    forward.chain(backward).min().unwrap_or(Role::Constant)
}

/// Whether `Constant` nodes hold more weights than initializers do, as Paddle's exporter has it.
fn weights_are_constants(network: &Network, tensors: &[Role]) -> bool {
    let sum = |constant: bool| {
        let rows = network.initializers.iter().zip(tensors);
        let rows = rows.filter(|(it, role)| {
            **role == Role::Weight && (it.source == Source::Constant) == constant
        });
        rows.fold(0u128, |sum, (it, _)| {
            sum.saturating_add(it.tensor.numel().unwrap_or(u128::MAX))
        })
    };
    sum(true) > sum(false)
}

/// Elsewhere exporters write zero states, ones for a norm without affine, and masks as `Constant` nodes.
fn demote_constants(network: &Network, tensors: &mut [Role]) {
    for (it, role) in network.initializers.iter().zip(tensors) {
        if it.source == Source::Constant && matches!(role, Role::NormAffine | Role::Elementwise) {
            *role = Role::Constant;
        }
    }
}

/// Sums by role, and the bytes and types of the parameters.
#[derive(Default)]
pub(super) struct Sums {
    pub(super) roles: Roles,
    pub(super) weight_bytes: u128,
    pub(super) data_types: BTreeMap<DataType, Params>,
}

/// What one tensor adds to the sums.
struct Term {
    name: String,
    role: Role,
    numel: Option<u128>,
    bytes: Option<u128>,
    data_type: Option<DataType>,
}

/// Adds up the roles; a tensor that passes `u128` is a gap.
pub(super) fn sum(scene: Scene<'_>, booked: &Booked, gaps: &mut Vec<Gap>) -> Sums {
    let stored = scene.network.initializers().map(|(id, it)| Term {
        name: scene.tensor_name(id),
        role: booked.role(id),
        numel: it.tensor.numel(),
        bytes: stored_bytes(&it.tensor),
        data_type: it.tensor.data_type,
    });
    let made = booked.made.iter().map(|(id, role)| {
        let node = scene.network.node(*id);
        let output = output_of(node);
        let value = output.and_then(|it| scene.shapes.values.get(it.at()));
        Term {
            name: node.name.clone(),
            role: *role,
            numel: output.and_then(|it| scene.numel(it)),
            bytes: Some(0),
            data_type: value.and_then(|it| it.data_type),
        }
    });
    let mut sums = Sums::default();
    for term in stored.chain(made) {
        sums.add(&term, gaps);
    }
    sums
}

impl Sums {
    fn add(&mut self, term: &Term, gaps: &mut Vec<Gap>) {
        let mut lacks = |what: &str, reason: &str| {
            gaps.push(Gap {
                layer: term.name.clone(),
                what: what.to_owned(),
                reason: reason.to_owned(),
            });
        };
        let slot = self.roles.slot(term.role);
        match term.numel.and_then(|it| slot.0.checked_add(it)) {
            Some(total) => *slot = Params(total),
            None => lacks(
                "params",
                "its number of elements is unknown or passes 128 bits; no sum has it",
            ),
        }
        if !term.role.is_parameter() {
            return;
        }
        match term.bytes {
            Some(bytes) => self.weight_bytes = self.weight_bytes.saturating_add(bytes),
            None => lacks(
                "weight_bytes",
                "its size in bytes is unknown; no sum has it",
            ),
        }
        match term.data_type {
            Some(data_type) => {
                let count = self.data_types.entry(data_type).or_default();
                count.0 = count.0.saturating_add(term.numel.unwrap_or(0));
            }
            None => lacks("data_type", "its element type is unknown"),
        }
    }
}

/// Bytes that a tensor's elements take in the file or beside it.
fn stored_bytes(tensor: &StoredTensor) -> Option<u128> {
    match &tensor.payload {
        Payload::Inline(bytes) => u128::try_from(bytes.len()).ok(),
        Payload::Raw(region) => Some(u128::from(region.length)),
        Payload::External { length, .. } => length.map(u128::from).or(tensor.bytes()),
        Payload::Typed { .. } => tensor.bytes(),
        Payload::Sparse | Payload::Absent => Some(0),
    }
}

/// Whether a tensor's elements count as real numbers.
fn is_real(tensor: &StoredTensor) -> bool {
    tensor.data_type.is_some_and(DataType::is_float)
}
