//! Sizes that a user stated for a value: taken before any rule, and a contradiction is said.

use super::walk::Walk;
use crate::finding::Finding;
use crate::network::ValueId;
use crate::op::Value;
use crate::tensor::{Dim, Shape};

impl Walk<'_> {
    /// Puts the stated spatial sizes into a value, whatever its rule says.
    pub(super) fn pin(&mut self, id: ValueId, value: &mut Value) {
        let Some(pin) = self.network.pinned.get(&id) else {
            return;
        };
        let rank = pin.sizes.len().saturating_add(2);
        let inferred = value.shape.take().filter(|it| it.rank() == rank);
        let mut shape = inferred.unwrap_or_else(|| Shape::unknown(rank));
        let stated = Shape::known(&pin.sizes);
        let spatial = shape.0.iter_mut().skip(2).zip(&stated.0);
        let mut conflict = None;
        for (dim, size) in spatial {
            if let (Dim::Known(ours), Dim::Known(theirs)) = (&*dim, size)
                && ours != theirs
            {
                conflict.get_or_insert((*ours, *theirs));
            }
            dim.clone_from(size);
        }
        if let Some((ours, theirs)) = conflict {
            let name = &self.network.value(id).name;
            let message = format!(
                "{} states a size of {theirs} where stride and padding give {ours}",
                pin.by
            );
            self.pin_conflicts
                .push(Finding::about("pinned-size", name, message));
        }
        if shape.sizes().is_some() {
            value.note = None;
        }
        value.shape = Some(shape);
        value.elements = None;
    }
}
