//! Shapes and elements brought to one shape, as numpy does.

use super::call::elements_of;
use super::{Element, MOST_ELEMENTS, ShapeError, Value};
use crate::tensor::{Dim, Shape};

/// The size that two sizes of one axis have together.
///
/// # Errors
/// [`ShapeError::Disagree`] for two different numbers, neither of them 1.
pub(super) fn dim(left: &Dim, right: &Dim) -> Result<Dim, ShapeError> {
    Ok(match (left, right) {
        (Dim::Known(1), other) | (other, Dim::Known(1)) => other.clone(),
        (Dim::Known(one), Dim::Known(other)) if one != other => {
            let (left, right) = (one.to_string(), other.to_string());
            return Err(ShapeError::Disagree {
                what: "sizes to broadcast",
                left,
                right,
            });
        }
        // Whatever the open size is, it must be this number or 1.
        (Dim::Known(size), _) | (_, Dim::Known(size)) => Dim::Known(*size),
        (one, other) if one.same_as(other) => one.clone(),
        _ => Dim::Unknown,
    })
}

/// The shape that several shapes have together; axes are matched from the last.
///
/// # Errors
/// As [`dim`].
pub(super) fn shapes<'a>(shapes: impl IntoIterator<Item = &'a Shape>) -> Result<Shape, ShapeError> {
    let mut out: Vec<Dim> = Vec::new();
    for shape in shapes {
        if shape.rank() > out.len() {
            let missing = shape.rank() - out.len();
            out.splice(0..0, std::iter::repeat_n(Dim::Known(1), missing));
        }
        let skip = out.len() - shape.rank();
        for (mine, other) in out.iter_mut().skip(skip).zip(&shape.0) {
            *mine = dim(mine, other)?;
        }
    }
    Ok(Shape(out))
}

/// Elements of `value` repeated to `sizes`; `None` where they are not known or too many.
pub(super) fn elements(value: &Value, sizes: &[u64]) -> Option<Vec<Element>> {
    let (own, elements) = elements_of(value)?;
    let sizes: Vec<usize> = sizes
        .iter()
        .map(|it| usize::try_from(*it).ok())
        .collect::<Option<_>>()?;
    let count = sizes
        .iter()
        .try_fold(1usize, |all, it| all.checked_mul(*it))?;
    if count > MOST_ELEMENTS || own.len() > sizes.len() {
        return None;
    }
    let skip = sizes.len() - own.len();
    let mut out = Vec::with_capacity(count);
    for at in 0..count {
        let mut rest = at;
        let mut place = 0usize;
        let mut step = 1usize;
        for (axis, size) in sizes.iter().enumerate().rev() {
            let along = rest % size;
            rest /= size;
            if let Some(mine) = axis.checked_sub(skip).and_then(|it| own.get(it)) {
                place = place.saturating_add(if *mine == 1 {
                    0
                } else {
                    along.saturating_mul(step)
                });
                step = step.saturating_mul(*mine);
            }
        }
        out.push(elements.get(place)?.clone());
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_broadcast_as_numpy_does() {
        // numpy: (8, 1, 6, 1) with (7, 1, 5) gives (8, 7, 6, 5).
        let got = shapes([&Shape::known(&[8, 1, 6, 1]), &Shape::known(&[7, 1, 5])]);
        assert_eq!(got, Ok(Shape::known(&[8, 7, 6, 5])));
        assert!(shapes([&Shape::known(&[2]), &Shape::known(&[3])]).is_err());
        let open = Shape(vec![Dim::Unknown, Dim::Known(1)]);
        assert_eq!(
            shapes([&open, &Shape::known(&[4, 2])]),
            Ok(Shape::known(&[4, 2]))
        );
    }

    #[test]
    fn elements_repeat_along_axes_of_one() {
        let ints = |values: &[i64]| values.iter().copied().map(Element::Int).collect::<Vec<_>>();
        let mut column = Value::tensor(None, Shape::known(&[2, 1]));
        column.elements = Some(ints(&[1, 2]).into());
        assert_eq!(elements(&column, &[2, 3]), Some(ints(&[1, 1, 1, 2, 2, 2])));
        assert_eq!(elements(&column, &[1 << 40, 2, 3]), None);
    }
}
