//! From a weight input back to the one stored tensor that it holds.

mod steps;

use super::flow;
use super::scene::{Scene, is, output_of};
use steps::Step;

use crate::infer::Shapes;
use crate::network::{Edges, InitializerId, Network, NodeId, ValueId};

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Root {
    /// One stored tensor of as many elements.
    Stored(InitializerId),
    /// A `ConstantOfShape` node: as good as stored, without a byte.
    ConstantOfShape(NodeId),
    /// An input of the main graph.
    Input(ValueId),
    /// It is computed at run time, or from several stored tensors.
    Computed,
    /// A name that nothing in the file makes.
    Missing,
}

/// A value's root and the way from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Where it comes from.
    pub root: Root,
    /// The nodes between, nearest the value first; no more than [`MOST_VIA`].
    pub via: Vec<NodeId>,
}

/// A trace names no more nodes than this: a thousand convolutions behind one long chain would name
/// millions.
pub const MOST_VIA: usize = 64;

/// Traces values, remembering what it has found: every value is looked at once however many paths
/// lead to it.
#[derive(Clone)]
pub struct Tracer<'a> {
    scene: Scene<'a>,
    memo: Vec<State>,
    /// Values that depend on the model's inputs, but for their sizes.
    runtime: Vec<bool>,
}

#[derive(Clone, Copy)]
enum State {
    New,
    Open,
    Found(Found),
}

/// A value's root, and the first step towards it.
#[derive(Clone, Copy)]
struct Found {
    root: Root,
    /// The value that the step leads to, and the node between.
    next: Option<(ValueId, Option<NodeId>)>,
    /// Whether all the way only moves and converts.
    moved: bool,
}

impl Found {
    fn end(root: Root) -> Self {
        let next = None;
        Self {
            root,
            next,
            moved: true,
        }
    }
}

impl<'a> Tracer<'a> {
    /// A tracer that has found nothing yet.
    #[must_use]
    pub fn new(network: &'a Network, edges: &'a Edges, shapes: &'a Shapes) -> Self {
        let scene = Scene {
            network,
            edges,
            shapes,
            changes: None,
        };
        Self::of(scene)
    }

    pub(super) fn of(scene: Scene<'a>) -> Self {
        let memo = vec![State::New; scene.network.values.len()];
        let inputs = scene.network.main().map_or(&[][..], |it| &it.inputs);
        let runtime = flow::spread(scene, inputs.to_vec(), |node, _| {
            !is(node, &["Shape", "Size"])
        });
        Self {
            scene,
            memo,
            runtime,
        }
    }

    /// Where `value` comes from. A root of another number of elements is none.
    pub fn trace(&mut self, value: ValueId) -> Trace {
        let root = self.root(value);
        let mut via = Vec::new();
        let mut at = value;
        // A body's input is a step without a node, so steps are counted too.
        for _ in 0..MOST_VIA.saturating_mul(2) {
            let Some((next, node)) = self.found(at).and_then(|it| it.next) else {
                break;
            };
            via.extend(node);
            at = next;
        }
        via.truncate(MOST_VIA);
        if root == Root::Computed {
            via.clear();
        }
        Trace { root, via }
    }

    /// [`Tracer::trace`] without the way.
    pub fn root(&mut self, value: ValueId) -> Root {
        let root = self.resolve(value).root;
        match (self.scene.numel(value), self.root_numel(root)) {
            (Some(here), Some(there)) if here != there => Root::Computed,
            _ => root,
        }
    }

    /// The stored tensor that `value` holds, moved or converted but not rescaled.
    pub(super) fn moved(&mut self, value: ValueId) -> Option<InitializerId> {
        let found = self.resolve(value);
        match found.root {
            Root::Stored(id) if found.moved => Some(id),
            _ => None,
        }
    }

    /// Whether `value` depends on the values of the model's inputs.
    pub(super) fn is_runtime(&self, value: ValueId) -> bool {
        self.runtime.get(value.at()).copied().unwrap_or(false)
    }

    /// Elements that a root holds.
    pub(super) fn root_numel(&self, root: Root) -> Option<u128> {
        match root {
            Root::Stored(id) => self.scene.network.initializer(id).tensor.numel(),
            Root::ConstantOfShape(id) => {
                let output = output_of(self.scene.network.node(id))?;
                self.scene.numel(output)
            }
            _ => None,
        }
    }

    fn state(&self, value: ValueId) -> State {
        let state = self.memo.get(value.at()).copied();
        state.unwrap_or(State::Found(Found::end(Root::Missing)))
    }

    fn found(&self, value: ValueId) -> Option<Found> {
        match self.state(value) {
            State::Found(found) => Some(found),
            _ => None,
        }
    }

    fn remember(&mut self, value: ValueId, state: State) {
        if let Some(slot) = self.memo.get_mut(value.at()) {
            *slot = state;
        }
    }

    /// Depth first with a stack of its own: chains are as long as a file makes them.
    fn resolve(&mut self, value: ValueId) -> Found {
        let mut stack = vec![value];
        while let Some(top) = stack.last().copied() {
            let state = self.state(top);
            if let State::Found(_) = state {
                stack.pop();
                continue;
            }
            let step = self.step(top);
            let before = stack.len();
            if let State::New = state {
                self.remember(top, State::Open);
                let operands = match &step {
                    Step::End(_) => &[][..],
                    Step::To(next, _) => std::slice::from_ref(next),
                    Step::Any(_, operands) => operands,
                };
                let new = operands.iter().copied();
                stack.extend(new.filter(|it| matches!(self.state(*it), State::New)));
            }
            if stack.len() == before {
                // A value that is still open now depends on itself: `conclude` takes it for computed.
                let found = self.conclude(top, step);
                self.remember(top, State::Found(found));
                stack.pop();
            }
        }
        self.found(value).unwrap_or(Found::end(Root::Computed))
    }

    fn conclude(&self, value: ValueId, step: Step) -> Found {
        match step {
            Step::End(root) => Found::end(root),
            Step::To(next, node) => match self.found(next) {
                Some(found) => Found {
                    next: Some((next, node)),
                    ..found
                },
                None => Found::end(Root::Computed),
            },
            Step::Any(node, operands) => self.rescaled(value, node, &operands),
        }
    }

    /// The one stored tensor among a rescaling's operands that has as many elements as the result.
    fn rescaled(&self, value: ValueId, node: NodeId, operands: &[ValueId]) -> Found {
        let stored = operands.iter().filter_map(|operand| {
            let root = self.found(*operand)?.root;
            let stored = matches!(root, Root::Stored(_) | Root::ConstantOfShape(_));
            let elements = self.scene.numel(*operand).or(self.root_numel(root))?;
            stored.then_some((elements, root, *operand))
        });
        let stored: Vec<_> = stored.collect();
        let most = stored.iter().map(|it| it.0).max();
        let whole = self.scene.numel(value).or(most);
        let mut whole = stored.iter().filter(|it| Some(it.0) == whole);
        match (whole.next(), whole.next()) {
            (Some((_, root, next)), None) => Found {
                root: *root,
                next: Some((*next, Some(node))),
                moved: false,
            },
            (Some((_, root, next)), Some((_, other, _))) if root == other => Found {
                root: *root,
                next: Some((*next, Some(node))),
                moved: false,
            },
            _ => Found::end(Root::Computed),
        }
    }
}

/// Traces one value; [`Tracer`] remembers between several.
#[must_use]
pub fn trace(network: &Network, edges: &Edges, shapes: &Shapes, value: ValueId) -> Trace {
    Tracer::new(network, edges, shapes).trace(value)
}
