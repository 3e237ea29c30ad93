//! What every value is used for, followed forward through the operators that only move values.
//!
//! It is worked out backward: a value that is moved has the uses of what it becomes. Roles are handed
//! back in the order in which they count, so each value is visited once per state.

mod direct;

use std::collections::BTreeMap;

use super::super::flow;
use super::super::live::Life;
use super::super::scene::{Scene, input_of, is};
use super::super::trace::{Root, Tracer};
use super::{Role, is_real};
use crate::network::{Node, NodeId, Producer, ValueId};
use crate::op::{conv, linear};
use crate::tensor::StoredTensor;

/// What values are used for.
pub(super) struct Uses {
    /// By value, followed forward.
    pub(super) flow: Flow,
    /// By root, traced back from weight and bias inputs: through rescaling too.
    pub(super) roots: BTreeMap<Root, Role>,
}

/// How a value came to where it is used.
#[derive(Clone, Copy)]
struct State {
    /// Its elements are real numbers: stored so, or dequantised on the way.
    real: bool,
    /// It is one element, not to be spread out on the way: a fill value is no parameter.
    lone: bool,
}

const STATES: [State; 4] = [
    State {
        real: false,
        lone: false,
    },
    State {
        real: false,
        lone: true,
    },
    State {
        real: true,
        lone: false,
    },
    State {
        real: true,
        lone: true,
    },
];

impl State {
    fn at(self) -> usize {
        usize::from(self.real) * 2 + usize::from(self.lone)
    }
}

/// The first role among the uses of every value, by state.
pub(super) struct Flow {
    roles: Vec<[Option<Role>; 4]>,
}

impl Flow {
    /// The role of a stored tensor by the uses of its value.
    pub(super) fn role(&self, value: ValueId, tensor: &StoredTensor) -> Option<Role> {
        let state = State {
            real: is_real(tensor),
            lone: tensor.numel() == Some(1),
        };
        let role = self.get(value, state)?;
        let unit = state.lone && role == Role::Elementwise;
        Some(if unit { Role::Constant } else { role })
    }

    /// The role of a value that a node fills, where it is the parameter of an operator.
    pub(super) fn made(&self, value: ValueId) -> Option<Role> {
        let state = State {
            real: true,
            lone: false,
        };
        let role = self.get(value, state)?;
        let counts = matches!(
            role,
            Role::Weight | Role::Bias | Role::NormAffine | Role::NormStatistics
        );
        counts.then_some(role)
    }

    fn get(&self, value: ValueId, state: State) -> Option<Role> {
        let states = self.roles.get(value.at())?;
        states.get(state.at()).copied().flatten()
    }
}

impl Uses {
    pub(super) fn find(scene: Scene<'_>, tracer: &mut Tracer<'_>, life: &[Life]) -> Self {
        let mut finder = Finder {
            scene,
            life: nodes_life(scene, life),
            operands: BTreeMap::new(),
            roots: BTreeMap::new(),
        };
        finder.trace_back(tracer);
        let flow = finder.flow(tracer);
        Self {
            flow,
            roots: finder.roots,
        }
    }
}

fn nodes_life(scene: Scene<'_>, life: &[Life]) -> Vec<Life> {
    let of = |node: &Node| {
        let outputs = node.outputs.iter().copied().flatten();
        let lives = outputs.filter_map(|it| life.get(it.at()).copied());
        lives.max().unwrap_or_default()
    };
    scene.network.nodes.iter().map(of).collect()
}

struct Finder<'a> {
    scene: Scene<'a>,
    /// How far each node matters: as much as the output that matters most.
    life: Vec<Life>,
    /// Which operand of a matrix product is its weight.
    operands: BTreeMap<NodeId, usize>,
    roots: BTreeMap<Root, Role>,
}

impl Finder<'_> {
    fn life(&self, id: NodeId) -> Life {
        self.life.get(id.at()).copied().unwrap_or_default()
    }

    /// Traces weights and biases of convolutions, matrix products and recurrent operators.
    fn trace_back(&mut self, tracer: &mut Tracer<'_>) {
        for (id, node) in self.scene.network.nodes() {
            if self.life(id) == Life::Dead {
                continue;
            }
            let (domain, op_type) = (&*node.domain, &*node.op_type);
            if let Some(it) = conv::find(domain, op_type) {
                self.traced(tracer, node, it.weight, Role::Weight);
                self.traced_bias(tracer, node, it.bias);
            } else if let Some(it) = linear::find(domain, op_type) {
                if let Some(weight) = linear_weight(tracer, node) {
                    self.operands.insert(id, weight);
                    self.traced(tracer, node, weight, Role::Weight);
                }
                self.traced_bias(tracer, node, it.bias);
            } else if let Some(it) = linear::find_recurrent(domain, op_type) {
                for weight in it.weights {
                    self.traced(tracer, node, *weight, Role::Weight);
                }
                self.traced_bias(tracer, node, Some(it.bias));
            }
        }
    }

    fn traced_bias(&mut self, tracer: &mut Tracer<'_>, node: &Node, place: Option<usize>) {
        if let Some(place) = place {
            self.traced(tracer, node, place, Role::Bias);
        }
    }

    fn traced(&mut self, tracer: &mut Tracer<'_>, node: &Node, place: usize, role: Role) {
        let Some(value) = input_of(node, place) else {
            return;
        };
        let root = tracer.root(value);
        if matches!(root, Root::Stored(_) | Root::ConstantOfShape(_)) {
            let known = self.roots.entry(root).or_insert(role);
            *known = role.min(*known);
        }
    }

    /// Roles of all values: first those of direct uses, then handed back through moves.
    fn flow(&self, tracer: &mut Tracer<'_>) -> Flow {
        let values = self.scene.network.values.len();
        let mut direct: [Vec<(ValueId, State)>; 8] = Default::default();
        for at in 0..values {
            let Some(value) = ValueId::next(at) else {
                break;
            };
            for it in self.scene.edges.uses(value) {
                let Some((role, only_real)) = self.direct(tracer, value, *it) else {
                    continue;
                };
                for state in STATES {
                    let role = if only_real && !state.real {
                        Role::Constant
                    } else {
                        role
                    };
                    let place = Role::ALL.iter().position(|it| *it == role);
                    if let Some(list) = place.and_then(|it| direct.get_mut(it)) {
                        list.push((value, state));
                    }
                }
            }
        }
        let mut flow = Flow {
            roles: vec![[None; 4]; values],
        };
        for (role, open) in Role::ALL.into_iter().zip(direct) {
            self.hand_back(&mut flow, role, open);
        }
        flow
    }

    fn hand_back(&self, flow: &mut Flow, role: Role, mut open: Vec<(ValueId, State)>) {
        while let Some((value, state)) = open.pop() {
            let states = flow.roles.get_mut(value.at());
            match states.and_then(|it| it.get_mut(state.at())) {
                Some(slot) if slot.is_none() => *slot = Some(role),
                _ => continue,
            }
            self.before(value, state, &mut open);
        }
    }

    /// The values, and their states, that become `value` in this state.
    fn before(&self, value: ValueId, state: State, open: &mut Vec<(ValueId, State)>) {
        match self.scene.edges.producer(value) {
            Producer::Node(id, place) => {
                let node = self.scene.network.node(id);
                let outputs = flow::body_outputs(self.scene, node, place);
                open.extend(outputs.into_iter().map(|it| (it, state)));
                let dequantizes = is(node, &["DequantizeLinear"]);
                if (state.lone && is(node, &["Expand"])) || (dequantizes && !state.real) {
                    return;
                }
                for (place, input) in moving(node) {
                    let Some(input) = input else { continue };
                    if !self.moved(node, place, *input, state) {
                        continue;
                    }
                    open.push((*input, state));
                    if dequantizes {
                        let real = false;
                        open.push((*input, State { real, ..state }));
                    }
                }
            }
            Producer::Input(graph, place) => {
                if let Some(owner) = self.scene.edges.owner(graph) {
                    let outer = flow::fed(self.scene.network.node(owner), place);
                    open.extend(outer.map(|it| (it, state)));
                }
            }
            Producer::Initializer(_) | Producer::Missing => {}
        }
    }

    /// Whether a node moves this input on; an embedding's table is used up there.
    fn moved(&self, node: &Node, place: usize, input: ValueId, state: State) -> bool {
        flow::moves(node, place) && !(state.real && self.embeds(node, input))
    }
}

/// The inputs that a node may move on: all of a `Concat`, else the first.
fn moving(node: &Node) -> impl Iterator<Item = (usize, &Option<ValueId>)> {
    let count = if is(node, &["Concat"]) {
        node.inputs.len()
    } else {
        1
    };
    node.inputs.iter().enumerate().take(count)
}

/// The place of the stored weight of a matrix product: an operand that leads back to one stored tensor
/// and does not depend on the model's inputs.
pub(in super::super) fn linear_weight(tracer: &mut Tracer<'_>, node: &Node) -> Option<usize> {
    let operator = linear::find(&node.domain, &node.op_type)?;
    let mut places = operator.operands.iter().copied();
    places.find(|place| {
        let value = input_of(node, *place);
        value.is_some_and(|it| {
            let root = tracer.root(it);
            matches!(root, Root::Stored(_) | Root::ConstantOfShape(_)) && !tracer.is_runtime(it)
        })
    })
}
