//! What a file fixes whatever its operators take: elements that are named one by one, sizes that are written down,
//! and a batch.

use super::{Stop, Walk};
use crate::network::{Node, NodeId, ValueId};
use crate::op::Value;
use crate::tensor::Shape;

/// Operators whose output's sizes can be fixed whatever they take.
const ABSORBING: &[&str] = &["Slice", "Gather", "Resize", "Upsample", "CenterCropPad"];

impl Walk<'_, '_> {
    /// PyTorch's exporter writes a fold of an image into a list as a Gather of every element of it by number.
    /// With more elements, the numbers would be others.
    pub(super) fn takes_whole(&self, id: NodeId, node: &Node) -> Result<(), Stop> {
        let (Some(Some(data)), Some(Some(places))) = (node.inputs.first(), node.inputs.get(1))
        else {
            return Ok(());
        };
        if &*node.op_type != "Gather" || self.changed.values.contains_key(places) {
            return Ok(());
        }
        let axis = node.attrs.int_or("axis", 0).unwrap_or(0);
        let size = |value: &Value| {
            let shape = value.shape.as_ref().filter(|_| value.elements.is_none())?;
            let rank = i64::try_from(shape.rank()).ok()?;
            let axis = if axis < 0 {
                axis.checked_add(rank)?
            } else {
                axis
            };
            shape.dim(usize::try_from(axis).ok()?).known()
        };
        let before = size(self.again.shapes.value(*data));
        let after = size(self.get(*data));
        let taken = self.get(*places).shape.as_ref().and_then(Shape::numel);
        let (Some(before), Some(after), Some(taken)) = (before, after, taken) else {
            return Ok(());
        };
        if before != after && taken >= u128::from(before) {
            return Err(Stop::Whole(id, before, after));
        }
        Ok(())
    }

    /// Notes a node that makes the same sizes of other ones.
    pub(super) fn absorbs(&mut self, id: NodeId, node: &Node, output: ValueId, new: &Value) {
        let data = node.inputs.first().copied().flatten();
        let changed = data.and_then(|it| self.changed.values.get(&it));
        let is_data = changed.is_some_and(|it| it.elements.is_none());
        let same = new.sizes().is_some() && new.sizes() == self.again.shapes.value(output).sizes();
        if is_data && same && ABSORBING.contains(&&*node.op_type) {
            self.changed.absorbed.get_or_insert(id);
        }
    }

    /// `view(-1, 400)` takes four times as many values as four images, which nobody means.
    pub(super) fn keeps_batch(
        &self,
        id: NodeId,
        node: &Node,
        output: ValueId,
        new: &Value,
    ) -> Result<(), Stop> {
        let Some(input) = node.inputs.first().copied().flatten() else {
            return Ok(());
        };
        if &*node.op_type != "Reshape" {
            return Ok(());
        }
        let first = |value: &Value| value.shape.as_ref()?.0.first().cloned();
        let shapes = self.again.shapes;
        let before = first(shapes.value(output));
        let (Some(before), Some(after)) = (before, first(new)) else {
            return Ok(());
        };
        let is_batch = first(shapes.value(input)).as_ref() == Some(&before)
            && first(self.get(input)).as_ref() == Some(&before);
        if is_batch && before != after {
            return Err(Stop::Batch(id, before, after));
        }
        Ok(())
    }
}
