//! A dense tensor in memory, and the operators that only move its elements.

/// Sizes and row-major elements.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Array<T> {
    /// Sizes, outermost first.
    pub(super) sizes: Vec<usize>,
    /// As many elements as the product of the sizes.
    pub(super) values: Vec<T>,
}

/// Elements of a tensor of these sizes; `None` past the machine's width.
pub(super) fn numel(sizes: &[usize]) -> Option<usize> {
    if sizes.contains(&0) {
        return Some(0);
    }
    sizes
        .iter()
        .try_fold(1usize, |total, it| total.checked_mul(*it))
}

/// Elements from one index to the next along each axis of a row-major tensor.
pub(super) fn strides(sizes: &[usize]) -> Vec<isize> {
    let mut stride = 1isize;
    let mut strides: Vec<isize> = sizes
        .iter()
        .rev()
        .map(|size| {
            let here = stride;
            stride = stride.saturating_mul(isize::try_from(*size).unwrap_or(isize::MAX));
            here
        })
        .collect();
    strides.reverse();
    strides
}

/// The sizes that two tensors broadcast to, right-aligned.
///
/// Source: <https://github.com/onnx/onnx/blob/main/docs/Broadcasting.md>
pub(super) fn broadcast(left: &[usize], right: &[usize]) -> Option<Vec<usize>> {
    let rank = left.len().max(right.len());
    let at = |sizes: &[usize], axis: usize| {
        let axis = (axis + sizes.len()).checked_sub(rank);
        axis.and_then(|it| sizes.get(it)).copied().unwrap_or(1)
    };
    let pair = |axis| match (at(left, axis), at(right, axis)) {
        (left, right) if left == right || right == 1 => Some(left),
        (1, right) => Some(right),
        _ => None,
    };
    (0..rank).map(pair).collect()
}

impl<T: Copy> Array<T> {
    /// A tensor; `None` where there are not as many elements as the sizes ask for.
    pub(super) fn new(sizes: Vec<usize>, values: Vec<T>) -> Option<Self> {
        (numel(&sizes)? == values.len()).then_some(Self { sizes, values })
    }

    /// Every element the same.
    pub(super) fn filled(sizes: Vec<usize>, value: T) -> Option<Self> {
        let values = vec![value; numel(&sizes)?];
        Some(Self { sizes, values })
    }

    /// The size of `axis`; 1 past the rank.
    pub(super) fn size(&self, axis: usize) -> usize {
        self.sizes.get(axis).copied().unwrap_or(1)
    }

    /// The elements that lie `strides` apart from `offset` on, as a tensor of `sizes`.
    pub(super) fn view(&self, sizes: &[usize], strides: &[isize], offset: isize) -> Option<Self> {
        let count = numel(sizes)?;
        let mut values = Vec::with_capacity(count);
        let mut index = vec![0usize; sizes.len()];
        let mut place = offset;
        while values.len() < count {
            values.push(*self.values.get(usize::try_from(place).ok()?)?);
            for ((index, size), stride) in index.iter_mut().zip(sizes).zip(strides).rev() {
                *index += 1;
                // A step over what is not read may pass the machine's width; it is taken back.
                place = place.wrapping_add(*stride);
                if *index < *size {
                    break;
                }
                place = place.wrapping_sub(stride.wrapping_mul(isize::try_from(*size).ok()?));
                *index = 0;
            }
        }
        Self::new(sizes.to_vec(), values)
    }

    /// The same elements under other sizes.
    pub(super) fn reshape(&self, sizes: &[usize]) -> Option<Self> {
        Self::new(sizes.to_vec(), self.values.clone())
    }

    /// ONNX's `Transpose`: axis `perm[i]` becomes axis `i`.
    pub(super) fn transpose(&self, perm: &[usize]) -> Option<Self> {
        let mut seen = perm.to_vec();
        seen.sort_unstable();
        if !seen.into_iter().eq(0..self.sizes.len()) {
            return None;
        }
        let own = strides(&self.sizes);
        let sizes: Vec<usize> = perm.iter().map(|it| self.size(*it)).collect();
        let strides: Option<Vec<isize>> = perm.iter().map(|it| own.get(*it).copied()).collect();
        self.view(&sizes, &strides?, 0)
    }

    /// `count` elements along `axis` from `start` on, `step` apart.
    pub(super) fn slice(&self, axis: usize, start: i64, step: i64, count: usize) -> Option<Self> {
        let mut sizes = self.sizes.clone();
        *sizes.get_mut(axis)? = count;
        let mut strides = strides(&self.sizes);
        let stride = strides.get_mut(axis)?;
        let offset = isize::try_from(start).ok()?.checked_mul(*stride)?;
        *stride = stride.checked_mul(isize::try_from(step).ok()?)?;
        if count > 0 {
            let last = start.checked_add(step.checked_mul(i64::try_from(count).ok()? - 1)?)?;
            let size = i64::try_from(self.size(axis)).ok()?;
            if !(0..size).contains(&start) || !(0..size).contains(&last) {
                return None;
            }
        }
        self.view(&sizes, &strides, offset)
    }

    /// ONNX's `Expand` to `sizes`, which must be what broadcasting gives.
    pub(super) fn expand(&self, sizes: &[usize]) -> Option<Self> {
        if broadcast(&self.sizes, sizes)?.as_slice() != sizes {
            return None;
        }
        let added = sizes.len().checked_sub(self.sizes.len())?;
        let own = strides(&self.sizes);
        let spread = own
            .iter()
            .zip(&self.sizes)
            .map(|(stride, size)| if *size == 1 { 0 } else { *stride });
        let strides: Vec<isize> = std::iter::repeat_n(0, added).chain(spread).collect();
        self.view(sizes, &strides, 0)
    }

    /// ONNX's `Concat` of at least one part.
    pub(super) fn concat(parts: &[&Self], axis: usize) -> Option<Self> {
        let first = parts.first()?;
        let outer = numel(first.sizes.get(..axis)?)?;
        let mut sizes = first.sizes.clone();
        *sizes.get_mut(axis)? = parts.iter().map(|it| it.size(axis)).sum();
        let mut values = Vec::with_capacity(numel(&sizes)?);
        for block in 0..outer {
            for part in parts {
                let run = part.values.len().checked_div(outer)?;
                values.extend_from_slice(part.values.get(block * run..(block + 1) * run)?);
            }
        }
        Self::new(sizes, values)
    }

    /// ONNX's `Gather` along `axis` by indices of the sizes `shape`; negative ones count from the end.
    pub(super) fn gather(&self, axis: usize, shape: &[usize], indices: &[i64]) -> Option<Self> {
        let size = i64::try_from(self.size(axis)).ok()?;
        let pick = |index: &i64| {
            let index = if *index < 0 { index + size } else { *index };
            self.slice(axis, index, 1, 1)
        };
        let parts: Vec<Self> = indices.iter().map(pick).collect::<Option<_>>()?;
        let joined = Self::concat(&parts.iter().collect::<Vec<_>>(), axis)?;
        let mut sizes = self.sizes.get(..axis)?.to_vec();
        sizes.extend_from_slice(shape);
        sizes.extend_from_slice(self.sizes.get(axis + 1..)?);
        Self::new(sizes, joined.values)
    }

    /// `begin` and `end` elements of `fill` around `axis`; negative ones crop.
    pub(super) fn pad(&self, axis: usize, begin: i64, end: i64, fill: T) -> Option<Self> {
        let size = i64::try_from(self.size(axis)).ok()?;
        let kept = size.checked_add(begin.min(0))?.checked_add(end.min(0))?;
        let inner = self.slice(
            axis,
            begin.saturating_neg().max(0),
            1,
            usize::try_from(kept).ok()?,
        )?;
        let edge = |count: i64| {
            let mut sizes = self.sizes.clone();
            *sizes.get_mut(axis)? = usize::try_from(count.max(0)).ok()?;
            Self::filled(sizes, fill)
        };
        Self::concat(&[&edge(begin)?, &inner, &edge(end)?], axis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(sizes: &[usize]) -> Array<i32> {
        let count = i32::try_from(numel(sizes).unwrap()).unwrap();
        Array::new(sizes.to_vec(), (0..count).collect()).unwrap()
    }

    #[test]
    fn elements_go_where_numpy_puts_them() {
        // numpy 2.4 on arange(6).reshape(2, 3).
        let it = ramp(&[2, 3]);
        let cases = [
            ("transpose", it.transpose(&[1, 0]), vec![0, 3, 1, 4, 2, 5]),
            ("a[:, ::-2]", it.slice(1, 2, -2, 2), vec![2, 0, 5, 3]),
            ("a[1:2]", it.slice(0, 1, 1, 1), vec![3, 4, 5]),
            (
                "a[:, [-1, 0]]",
                it.gather(1, &[2], &[-1, 0]),
                vec![2, 0, 5, 3],
            ),
            (
                "concatenate((a, a), 1)",
                Array::concat(&[&it, &it], 1),
                vec![0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5],
            ),
            (
                "pad(a, ((0, 0), (1, 0)))",
                it.pad(1, 1, 0, 9),
                vec![9, 0, 1, 2, 9, 3, 4, 5],
            ),
            ("a[:, 1:2]", it.pad(1, -1, -1, 9), vec![1, 4]),
            (
                "broadcast_to(a[:, :1], (2, 2, 2))",
                ramp(&[2, 1]).expand(&[2, 2, 2]),
                vec![0, 0, 1, 1, 0, 0, 1, 1],
            ),
        ];
        for (case, got, expected) in cases {
            assert_eq!(got.unwrap().values, expected, "{case}");
        }
    }

    #[test]
    fn what_does_not_fit_is_none() {
        let it = ramp(&[2, 3]);
        assert_eq!(it.transpose(&[0, 0]), None);
        assert_eq!(it.slice(1, 2, 1, 2), None);
        assert_eq!(it.slice(5, 0, 1, 1), None);
        assert_eq!(it.gather(1, &[1], &[3]), None);
        assert_eq!(it.expand(&[2, 4]), None);
        assert_eq!(it.reshape(&[5]), None);
        assert_eq!(it.pad(1, -4, 0, 0), None);
    }
}
