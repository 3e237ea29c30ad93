//! A graph → the plan that says as much of it as a plan can: convolutions, pools, and what each reads.

use std::collections::HashMap;

use super::{ConvStep, Line, Pad, Plan, PoolKind, PoolStep, Step};
use crate::network::{Edges, Network, Node, Producer, ValueId};
use crate::op::conv::{self, Conv, ConvOperator};
use crate::op::pool::{self, Pool, PoolOperator};
use crate::tensor::{Dim, Shape};

/// Values that are looked through between a line and the line that it reads.
const MOST_STEPS: usize = 10_000;

/// The plan of a network's main graph. Sizes that a plan's own arithmetic would not give are stated by
/// `out`, so that what is printed gives every convolution the output that it has. `shape` tells a value's
/// sizes.
#[must_use]
pub fn of_graph(
    network: &Network,
    edges: &Edges,
    shape: &dyn Fn(ValueId) -> Option<Shape>,
) -> Plan {
    let mut writer = Writer {
        network,
        edges,
        shape,
        lines: vec![],
        places: HashMap::new(),
        last: None,
        input: None,
    };
    let main = network.main();
    for id in main.map_or(&[][..], |it| &it.nodes) {
        writer.node(network.node(*id));
    }
    let input = writer.input.as_ref();
    Plan {
        input: input.and_then(|it| spatial(it.0.get(1..)?)),
        lines: writer.lines,
    }
}

fn spatial(dims: &[Dim]) -> Option<Vec<u64>> {
    dims.iter().map(Dim::known).collect()
}

struct Writer<'a> {
    network: &'a Network,
    edges: &'a Edges,
    shape: &'a dyn Fn(ValueId) -> Option<Shape>,
    lines: Vec<Line>,
    /// Lines by the value that they make.
    places: HashMap<ValueId, usize>,
    /// The value of the line above.
    last: Option<ValueId>,
    /// What the first line sees, and so how many axes the plan has.
    input: Option<Shape>,
}

impl Writer<'_> {
    fn node(&mut self, node: &Node) {
        let step = if let Some(operator) = conv::find(&node.domain, &node.op_type) {
            self.conv(node, operator)
        } else if let Some(operator) = pool::find(&node.domain, &node.op_type) {
            self.pool(node, operator)
        } else {
            return;
        };
        let output = node.outputs.first().copied().flatten();
        let input = node.inputs.first().copied().flatten().and_then(self.shape);
        let (Some(step), Some(output), Some(input)) = (step, output, input) else {
            return;
        };
        // A window over other axes than the plan's: a detour, or a part that lines cannot say.
        let first = self.input.get_or_insert_with(|| input.clone());
        if first.rank() != input.rank() {
            return;
        }
        let mut line = Line::of(step);
        let read = self.read(node.inputs.first().copied().flatten());
        if read != self.last {
            line.from = vec![read.map_or_else(|| "input".to_owned(), |it| self.label(it))];
        }
        // What lies between may have changed the sizes or the channels.
        let before = read.map_or_else(|| self.input.clone(), self.shape);
        let axes = |it: &Option<Shape>| it.as_ref().and_then(|it| spatial(it.0.get(2..)?));
        let input = Some(input);
        let moved = axes(&before) != axes(&input);
        if moved || beyond(&line.step, node) {
            line.out = axes(&(self.shape)(output));
        }
        let channels = |it: &Option<Shape>| it.as_ref().and_then(|it| it.dim(1).known());
        if channels(&before) == channels(&input)
            && let Step::Conv(conv) = &mut line.step
            && !conv.transposed
        {
            conv.groups = None;
        }
        self.places.insert(output, self.lines.len());
        self.lines.push(line);
        self.last = Some(output);
    }

    fn conv(&self, node: &Node, operator: &'static ConvOperator) -> Option<Step> {
        let weight_value = node.inputs.get(operator.weight).copied().flatten()?;
        let weight = (self.shape)(weight_value)?;
        let conv = Conv::read(operator, &node.attrs, &weight, None).ok()?;
        let input = node.inputs.first().copied().flatten().and_then(self.shape);
        let resolved = input.and_then(|it| conv.resolve(&it, &weight).ok());
        let pads = resolved.and_then(|it| it.pads).unwrap_or(conv.pads);
        Some(Step::Conv(ConvStep {
            name: self.name(node, weight_value),
            stride: one_for_all(conv.strides),
            dilation: one_for_all(conv.dilations),
            pad: pad(&pads)?,
            groups: (conv.group > 1 || !operator.transposed).then_some(conv.group),
            transposed: operator.transposed,
        }))
    }

    /// The module of its stored weight, else the node's name.
    fn name(&self, node: &Node, weight: ValueId) -> String {
        match self.edges.producer(weight) {
            Producer::Initializer(_) => {
                let name = &self.network.value(weight).name;
                name.strip_suffix(".weight").unwrap_or(name).to_owned()
            }
            _ => node.name.clone(),
        }
    }

    fn pool(&self, node: &Node, operator: &'static PoolOperator) -> Option<Step> {
        if operator.global {
            return Some(Step::Global);
        }
        let pool = Pool::read(operator, &node.attrs).ok()?;
        let input = node.inputs.first().copied().flatten().and_then(self.shape);
        let resolved = input.and_then(|it| pool.resolve(&it).ok());
        let pads = resolved.and_then(|it| it.pads).unwrap_or(pool.pads);
        Some(Step::Pool(PoolStep {
            kind: if node.op_type.contains("Max") {
                PoolKind::Max
            } else {
                PoolKind::Average
            },
            kernel: one_for_all(pool.kernel_shape),
            stride: one_for_all(pool.strides),
            pad: pad(&pads)?,
            ceil: pool.ceil_mode,
        }))
    }

    /// The value of an earlier line that leads to `value`; `None` where the graph's input does.
    fn read(&self, value: Option<ValueId>) -> Option<ValueId> {
        let mut at = value?;
        for _ in 0..MOST_STEPS {
            if self.places.contains_key(&at) {
                return Some(at);
            }
            let Producer::Node(id, _) = self.edges.producer(at) else {
                return None;
            };
            at = self.data(self.network.node(id))?;
        }
        None
    }

    /// The input of a node between that has more axes than two and is no stored tensor: the latest line's,
    /// where several are.
    fn data(&self, node: &Node) -> Option<ValueId> {
        let inputs = node.inputs.iter().copied().flatten();
        let stored = |it: &ValueId| matches!(self.edges.producer(*it), Producer::Initializer(_));
        let inputs = inputs.filter(|it| !stored(it));
        let line = |it: &ValueId| self.places.get(it).copied();
        inputs
            .enumerate()
            .max_by_key(|(at, it)| (line(it), std::cmp::Reverse(*at)))
            .map(|it| it.1)
    }

    /// The name by which `from` finds a line; one without gets its number.
    fn label(&mut self, value: ValueId) -> String {
        let Some(at) = self.places.get(&value).copied() else {
            return "input".to_owned();
        };
        let again = |line: &Line, name: &str| line.label() == Some(name);
        let known = self
            .lines
            .get(at)
            .and_then(|it| it.label().map(ToOwned::to_owned));
        if let Some(name) = known {
            let later = self.lines.iter().skip(at.saturating_add(1));
            if !later.clone().any(|it| again(it, &name)) {
                return name;
            }
        }
        let name = format!("line{}", at.saturating_add(1));
        if let Some(line) = self.lines.get_mut(at) {
            line.id = Some(name.clone());
        }
        name
    }
}

/// Whether a plan's arithmetic may give another size than the operator's.
fn beyond(step: &Step, node: &Node) -> bool {
    let dilated = |it: Vec<i64>| it.iter().any(|it| *it != 1);
    match step {
        Step::Conv(conv) => conv.transposed,
        Step::Pool(_) => node
            .attrs
            .ints("dilations")
            .ok()
            .flatten()
            .is_some_and(dilated),
        _ => false,
    }
}

/// One value where all axes have the same.
fn one_for_all(values: Vec<u64>) -> Vec<u64> {
    match values.as_slice() {
        [first, rest @ ..] if rest.iter().all(|it| it == first) => vec![*first],
        _ => values,
    }
}

/// Padding that is not negative; a crop has no line.
fn pad(pads: &[i64]) -> Option<Pad> {
    let pads: Option<Vec<u64>> = pads.iter().map(|it| u64::try_from(*it).ok()).collect();
    Some(Pad::Zeros(one_for_all(pads?)))
}
