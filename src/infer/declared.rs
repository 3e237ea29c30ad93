//! What the file itself declares of a value: it fills gaps, and never overrides a rule.

use super::walk::Walk;
use crate::finding::Finding;
use crate::network::ValueId;
use crate::op::{MOST_RANK, Value};
use crate::tensor::{Dim, Shape};

/// Declared sizes that the rules contradict.
#[derive(Default)]
pub(super) struct Stale {
    count: u64,
    first: Option<(String, String)>,
}

impl Stale {
    /// One finding for all of them.
    pub(super) fn into_finding(self) -> Option<Finding> {
        let (name, message) = self.first?;
        let others = self.count.saturating_sub(1);
        let more = if others == 0 {
            String::new()
        } else {
            format!(" (and {others} more values)")
        };
        Some(Finding::about(
            "stale-value-info",
            &name,
            format!("{message}{more}"),
        ))
    }
}

impl Walk<'_> {
    /// Fills in from the file's declaration what a rule could not tell, and notes where they disagree.
    pub(super) fn declare(&mut self, id: ValueId, value: &mut Value) {
        let Some(declared) = self
            .network
            .value(id)
            .declared
            .as_ref()
            .filter(|it| !it.container)
        else {
            return;
        };
        value.data_type = value.data_type.or(declared.data_type);
        let (Some(dims), true, true) = (&declared.dims, self.trust_declared, value.items.is_none())
        else {
            return;
        };
        let dims: Vec<Dim> = dims.iter().map(|it| self.named(it)).collect();
        let Some(shape) = &mut value.shape else {
            value.shape = (dims.len() <= MOST_RANK).then_some(Shape(dims));
            return;
        };
        let agree =
            shape.rank() == dims.len() && shape.0.iter().zip(&dims).all(|it| may_agree(it.0, it.1));
        if !agree {
            let (ours, theirs) = (shape.clone(), Shape(dims));
            self.stale.count += 1;
            let name = &self.network.value(id).name;
            let message =
                format!("value_info of {name:?} says {theirs} where its operator gives {ours}");
            self.stale
                .first
                .get_or_insert_with(|| (name.to_string(), message));
            return;
        }
        for (mine, declared) in shape.0.iter_mut().zip(dims) {
            if *mine == Dim::Unknown {
                *mine = declared;
            }
        }
    }

    /// A declared size in terms of the inputs' dimensions; other names are of no use to anyone.
    fn named(&self, dim: &Dim) -> Dim {
        match dim {
            Dim::Symbolic(name) => {
                let name = name.to_string();
                match self.dims.get(&name) {
                    Some(size) => Dim::Known(*size),
                    None if self.names.contains(&name) => dim.clone(),
                    None => Dim::Unknown,
                }
            }
            other => other.clone(),
        }
    }
}

fn may_agree(ours: &Dim, declared: &Dim) -> bool {
    !matches!((ours, declared), (Dim::Known(one), Dim::Known(other)) if one != other)
}
