//! One node at work: its inputs and attributes as an operator asks for them.

use std::rc::Rc;

use super::super::array::Array;
use super::super::real::Real;
use super::Evaluator;
use crate::network::{Node, ValueId};
use crate::tensor::DataType;

/// One node at work, and what is known of the output that is asked for.
pub(super) struct Call<'a> {
    /// The node.
    pub(super) node: &'a Node,
    /// Which output.
    pub(super) place: usize,
    /// Its inferred element type.
    pub(super) data_type: Option<DataType>,
    /// Its inferred sizes.
    pub(super) sizes: Option<Vec<usize>>,
}

impl Call<'_> {
    /// The value at input `at`, where it is not left out.
    pub(super) fn input(&self, at: usize) -> Option<ValueId> {
        self.node.inputs.get(at).copied().flatten()
    }

    /// The tensor at input `at`.
    pub(super) fn tensor<T: Real>(
        &self,
        evaluator: &mut Evaluator<'_, T>,
        at: usize,
    ) -> Result<Rc<Array<T>>, String> {
        let id = self
            .input(at)
            .ok_or_else(|| self.wrong(&format!("input {at} is missing")))?;
        evaluator.value(id)
    }

    /// The tensor at input `at`, `None` where it is left out.
    pub(super) fn optional<T: Real>(
        &self,
        evaluator: &mut Evaluator<'_, T>,
        at: usize,
    ) -> Result<Option<Rc<Array<T>>>, String> {
        self.input(at).map(|id| evaluator.value(id)).transpose()
    }

    /// Whole numbers from the attribute `name` or the input `at`, `None` where there are neither.
    pub(super) fn ints<T: Real>(
        &self,
        evaluator: &mut Evaluator<'_, T>,
        name: &'static str,
        at: usize,
    ) -> Result<Option<Vec<i64>>, String> {
        if let Some(values) = self.node.attrs.ints(name).map_err(|it| it.to_string())? {
            return Ok(Some(values));
        }
        let Some(id) = self.input(at) else {
            return Ok(None);
        };
        if let Some(values) = evaluator.model.shapes.value(id).ints() {
            return Ok(Some(values));
        }
        let values = evaluator.value(id)?;
        Ok(Some(
            values.values.iter().map(|it| whole(it.to_f64())).collect(),
        ))
    }

    /// An integer attribute.
    pub(super) fn int(&self, name: &'static str, default: i64) -> Result<i64, String> {
        let value = self.node.attrs.int_or(name, default);
        value.map_err(|it| self.wrong(&it.to_string()))
    }

    /// The inferred output sizes.
    pub(super) fn output(&self) -> Result<&[usize], String> {
        let sizes = self.sizes.as_deref();
        sizes.ok_or_else(|| self.wrong("its output shape is not known"))
    }

    /// An axis counted from the end where it is negative.
    pub(super) fn axis(&self, axis: i64, rank: usize) -> Result<usize, String> {
        let from_end = i64::try_from(rank).ok().and_then(|it| it.checked_add(axis));
        let axis = if axis < 0 { from_end } else { Some(axis) };
        axis.and_then(|it| usize::try_from(it).ok())
            .filter(|it| *it < rank.max(1))
            .ok_or_else(|| self.wrong("an axis is past the rank"))
    }

    /// A result, or the message that the tensors do not fit the operator.
    pub(super) fn fit<T>(&self, array: Option<Array<T>>) -> Result<Array<T>, String> {
        array.ok_or_else(|| self.wrong("its tensors do not fit together"))
    }

    pub(super) fn wrong(&self, what: &str) -> String {
        format!("in {} {:?}: {what}", self.node.op_type, self.node.name)
    }
}

/// The whole number nearest to `value`, within what a size can be.
#[expect(
    clippy::cast_possible_truncation,
    clippy::as_conversions,
    reason = "clamped to what i64 and f64 both hold"
)]
fn whole(value: f64) -> i64 {
    value.clamp(-9.0e15, 9.0e15).round() as i64
}
