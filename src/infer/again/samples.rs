//! More samples than before: what a Reshape to a fixed batch makes of them, and products that never fitted.

use super::Walk;
use crate::infer::walk::call;
use crate::network::Node;
use crate::op::{Value, matmul};
use crate::tensor::Shape;

impl Walk<'_, '_> {
    /// Whether a product's operands fitted before. One that never did says nothing of another first size.
    pub(super) fn fitted(&self, node: &Node) -> bool {
        let inputs = node.inputs.iter();
        let shapes = self.again.shapes;
        let inputs: Vec<_> = inputs.map(|it| it.map(|it| shapes.value(it))).collect();
        self.first_sizes.is_none() || matmul::inner_sizes(&call(node, &inputs)).is_none()
    }

    /// What a Reshape makes of a tensor that has more samples: its sizes as they were, with as many more in the
    /// one that holds them. `None` where that is not told by the sizes.
    pub(super) fn reshaped(&self, node: &Node) -> Option<Value> {
        let [from, to] = self.first_sizes?;
        let shapes = self.again.shapes;
        let (input, output) = (
            node.inputs.first().copied().flatten()?,
            node.outputs.first().copied().flatten()?,
        );
        let new = self.get(input);
        if &*node.op_type != "Reshape" || new.elements.is_some() {
            return None;
        }
        let old = shapes.value(output);
        let [before, after, made] =
            [shapes.value(input), new, old].map(|it| it.shape.as_ref().and_then(Shape::sizes));
        let sizes = resized(&before?, &after?, made?, [from, to])?;
        Some(Value::tensor(new.data_type, Shape::known(&sizes)))
    }
}

/// The sizes `made` that `before` was reshaped to, for `after`, which has `to` samples in place of `from`. Where
/// samples are only a part of an axis they are its outer part.
fn resized(
    before: &[u64],
    after: &[u64],
    mut made: Vec<u64>,
    [from, to]: [u64; 2],
) -> Option<Vec<u64>> {
    let mut pairs = before.iter().zip(after);
    let at = pairs.position(|(before, after)| before != after)?;
    if before.len() != after.len() || pairs.any(|(before, after)| before != after) {
        return None;
    }
    let product = |sizes: &[u64]| sizes.iter().copied().try_fold(1, u64::checked_mul);
    // Elements of one sample, of one place of all that stands before it.
    let size = *before.get(at)?;
    if size.checked_rem(from)? != 0 {
        return None;
    }
    let stride =
        product(before.get(at.checked_add(1)?..)?)?.checked_mul(size.checked_div(from)?)?;
    let samples = stride.checked_mul(from)?;
    let mut below = 1u64;
    for size in made.iter_mut().rev() {
        let whole = below.checked_mul(*size)?;
        if stride.checked_rem(below)? == 0 && whole.checked_rem(samples)? == 0 {
            *size = size.checked_div(from)?.checked_mul(to)?;
            return Some(made);
        }
        below = whole;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reshape_keeps_its_samples_where_they_were() {
        type Sizes<'a> = &'a [u64];
        let cases: &[(Sizes<'_>, Sizes<'_>, Sizes<'_>, Option<Sizes<'_>>)] = &[
            // 8 samples of 16·5·5 = 400.
            (&[8, 16, 5, 5], &[24, 16, 5, 5], &[8, 400], Some(&[24, 400])),
            // Joined with the channels, 8·16, and taken apart.
            (
                &[8, 16, 5, 5],
                &[24, 16, 5, 5],
                &[128, 25],
                Some(&[384, 25]),
            ),
            (&[128, 25], &[384, 25], &[8, 16, 25], Some(&[24, 16, 25])),
            // Behind the steps of a sequence.
            (&[7, 8, 6], &[7, 24, 6], &[7, 8, 2, 3], Some(&[7, 24, 2, 3])),
            // One row of them all, and a size that they do not fill evenly.
            (&[8, 6], &[24, 6], &[48], Some(&[144])),
            (&[8, 6], &[24, 6], &[16, 3], Some(&[48, 3])),
            (&[8, 6], &[24, 6], &[3, 16], None),
        ];
        for (before, after, made, expected) in cases {
            let got = resized(before, after, made.to_vec(), [8, 24]);
            assert_eq!(got.as_deref(), *expected, "{before:?} to {made:?}");
        }
    }
}
