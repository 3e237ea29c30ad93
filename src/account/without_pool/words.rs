//! Why it cannot be told what a pool saves.

use super::super::scene::is;
use super::Asked;
use crate::infer::Stop;
use crate::network::{NodeId, Producer};

/// Operators that bring branches together.
const JOINS: &[&str] = &[
    "Concat",
    "Add",
    "Sub",
    "Mul",
    "Div",
    "Pow",
    "Sum",
    "Mean",
    "Max",
    "Min",
    "Where",
    "QLinearAdd",
    "QLinearMul",
    "QLinearConcat",
];

/// A reason names a node by so many letters: every pool has its own reason.
const LONGEST_NAME: usize = 80;

impl Asked<'_> {
    /// A node as a reason names it.
    pub(super) fn named(&self, id: NodeId) -> String {
        let node = self.scene.network.node(id);
        format!("{:?} ({})", short(&node.name), short(&node.op_type))
    }

    /// Why the walk ended.
    pub(super) fn why(&self, stop: &Stop) -> String {
        match stop {
            Stop::Refused(id, error) => self.why_refused(*id, &error.to_string()),
            Stop::Batch(id, before, after) => format!(
                "{} fixes the size: it would make a batch of {before} into one of {after}",
                self.named(*id)
            ),
            Stop::Control(id) if self.again.is_main(*id) => format!(
                "{} is control flow, whose bodies are not walked again",
                self.named(*id)
            ),
            Stop::Control(id) => format!(
                "{} stands in a body of control flow, which is not walked again",
                self.named(*id)
            ),
            Stop::Pinned(id, by) => {
                format!("{by} states the size of what {} makes", self.named(*id))
            }
            Stop::Whole(id, before, after) => format!(
                "{} takes fixed elements: all of {before}, of what would be {after}",
                self.named(*id)
            ),
            Stop::Cycle(id) => format!("{} uses what it makes itself", self.named(*id)),
            Stop::TooMuch => format!(
                "more lies downstream than is walked again for each of {} {}",
                self.pools,
                if self.pools == 1 { "pool" } else { "pools" }
            ),
        }
    }

    fn why_refused(&self, id: NodeId, error: &str) -> String {
        let node = self.scene.network.node(id);
        let name = self.named(id);
        let computed = node.inputs.iter().flatten();
        let computed = computed.filter(|it| {
            let producer = self.scene.edges.producer(**it);
            matches!(producer, Producer::Node(..) | Producer::Input(..))
        });
        if is(node, JOINS) && computed.count() > 1 {
            format!("branches rejoin at other sizes in {name}: {error}")
        } else if is(node, JOINS) || is(node, &["Reshape", "Expand", "Squeeze", "Split"]) {
            format!("{name} fixes the size: {error}")
        } else {
            format!("in {name}: {error}")
        }
    }
}

/// A name of bounded length.
pub(super) fn short(name: &str) -> String {
    let mut letters = name.chars();
    let mut out: String = letters.by_ref().take(LONGEST_NAME).collect();
    if letters.next().is_some() {
        out.push('…');
    }
    out
}
