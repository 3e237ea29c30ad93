//! A plan and a file's tensors → nodes of the network.

mod classifier;
mod convs;
mod draft;
mod flow;
mod pools;
mod sizes;

use std::collections::HashSet;

use super::tensors::Tensors;
use super::{Line, Plan, Step};
use crate::finding::Finding;
use crate::network::{Aside, Network, Pin, ValueId};
use draft::Draft;
use flow::{Flow, Spot};

/// Why a plan does not fit a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PlanError {
    /// The plan's line in the file that it came from, counted from 1.
    pub at: Option<usize>,
    /// What is wrong.
    pub message: String,
}

/// Gives the network a graph: the plan's nodes, then every convolution and matrix product that it does
/// not name, each with an input that nobody knows. `by` is who stated sizes; `why` is said where
/// nothing is known.
///
/// # Errors
/// [`PlanError`] where plan and tensors contradict each other; the network is then left half built.
pub(super) fn build(
    network: &mut Network,
    tensors: &Tensors,
    plan: &Plan,
    input: Option<&[u64]>,
    by: &str,
    why: &str,
) -> Result<(), PlanError> {
    let draft = Draft::new(network, tensors, why);
    let mut flow = Flow::new(draft, plan, input)?;
    for line in &plan.lines {
        let added = flow.line(line, by).map_err(|message| PlanError {
            at: line.at,
            message,
        })?;
        flow.add(line, added);
    }
    let end = flow.current.clone();
    let mut draft = flow.draft;
    open_convs(&mut draft, tensors);
    let aux: Vec<&str> = plan.lines.iter().filter_map(aux_module).collect();
    classifier::add(&mut draft, tensors, &end, &aux);
    draft.finish();
    Ok(())
}

/// The first part of the name of an auxiliary head's module.
fn aux_module(line: &Line) -> Option<&str> {
    match &line.step {
        Step::Conv(conv) if line.aux => conv.name.split('.').next(),
        _ => None,
    }
}

/// Adds the convolutions whose weights are not `used`, each with an input that nobody knows.
pub(super) fn rest(network: &mut Network, tensors: &Tensors, used: HashSet<String>, why: &str) {
    let mut draft = Draft::new(network, tensors, why);
    draft.used = used;
    open_convs(&mut draft, tensors);
    draft.finish();
}

/// Adds the convolutions that no line names.
fn open_convs(draft: &mut Draft<'_>, tensors: &Tensors) {
    let open = tensors
        .convs
        .iter()
        .filter(|it| !draft.used.contains(&it.weight));
    let open: Vec<_> = open.cloned().collect();
    let covered = draft.used.len();
    for conv in &open {
        let Some(id) = draft.open_conv(conv) else {
            break;
        };
        if covered > 0 {
            draft.network.asides.insert(id, Aside::NotCovered);
        }
    }
    let names: Vec<String> = open.into_iter().map(|it| it.module).collect();
    if covered > 0 && !names.is_empty() {
        let first: Vec<String> = names.iter().take(3).map(|it| format!("{it:?}")).collect();
        let more = if names.len() > first.len() {
            ", …"
        } else {
            ""
        };
        draft.network.findings.push(Finding::general(
            "not-covered",
            format!(
                "the geometry leaves out {} of {} convolutions, which count in no total: {}{more}",
                names.len(),
                tensors.convs.len(),
                first.join(", ")
            ),
        ));
    }
}

/// Pins the output of the convolution `name`.
pub(super) fn pin(network: &mut Network, name: &str, sizes: &[u64], by: &str) -> bool {
    let outputs = network.nodes.iter().filter(|it| it.name == name);
    let outputs: Vec<ValueId> = outputs
        .filter(|it| crate::op::conv::find(&it.domain, &it.op_type).is_some())
        .filter_map(|it| it.outputs.first().copied().flatten())
        .collect();
    for value in &outputs {
        let pin = Pin {
            sizes: sizes.to_vec(),
            by: by.to_owned(),
        };
        network.pinned.insert(*value, pin);
    }
    !outputs.is_empty()
}

impl Spot {
    /// Whether its spatial sizes are all known, and their product.
    fn positions(&self) -> Option<u64> {
        let mut sizes = self.sizes.iter();
        sizes.try_fold(1u64, |all, it| all.checked_mul((*it)?))
    }
}
