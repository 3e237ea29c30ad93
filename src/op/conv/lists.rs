//! Attributes that list one number for each spatial axis.

use crate::op::{Attrs, ShapeError};
use crate::tensor::{Dim, Shape};

/// `kernel_shape`, or the weight's sizes where the node leaves it out.
pub(super) fn kernel_shape(
    attrs: &Attrs,
    weight: &Shape,
    axes: usize,
) -> Result<Vec<u64>, ShapeError> {
    let spatial = weight.0.get(2..).unwrap_or_default();
    let from_weight: Option<Vec<u64>> = spatial.iter().map(Dim::known).collect();
    let given = attrs.ints("kernel_shape")?.filter(|it| !it.is_empty());
    let given = given
        .map(|it| positive_list("kernel_shape", &it))
        .transpose()?;
    match (given, from_weight) {
        (Some(given), Some(weight)) if given != weight => Err(ShapeError::Disagree {
            what: "kernel_shape and the weight's sizes",
            left: format!("{given:?}"),
            right: format!("{weight:?}"),
        }),
        (Some(given), _) => {
            exactly("kernel_shape", axes, given.len())?;
            Ok(given)
        }
        (None, Some(weight)) => {
            let zero = weight.contains(&0);
            if zero {
                Err(ShapeError::NotPositive {
                    name: "kernel_shape",
                    found: 0,
                })
            } else {
                Ok(weight)
            }
        }
        (None, None) => Err(ShapeError::KernelUnknown),
    }
}

/// The list `name`, one value an axis, each at least 1; ones where the node leaves it out.
pub(in crate::op) fn positives(
    attrs: &Attrs,
    name: &'static str,
    axes: usize,
) -> Result<Vec<u64>, ShapeError> {
    let values = list(attrs, name, axes, 1)?;
    exactly(name, axes, values.len())?;
    positive_list(name, &values)
}

/// The list `name`, or `count` times `default` where the node leaves it out or empty.
pub(in crate::op) fn list(
    attrs: &Attrs,
    name: &'static str,
    count: usize,
    default: i64,
) -> Result<Vec<i64>, ShapeError> {
    let given = attrs.ints(name)?.filter(|it| !it.is_empty());
    Ok(given.unwrap_or_else(|| vec![default; count]))
}

pub(in crate::op) fn positive_list(
    name: &'static str,
    values: &[i64],
) -> Result<Vec<u64>, ShapeError> {
    values.iter().map(|it| positive(name, *it)).collect()
}

pub(super) fn positive(name: &'static str, found: i64) -> Result<u64, ShapeError> {
    u64::try_from(found)
        .ok()
        .filter(|it| *it > 0)
        .ok_or(ShapeError::NotPositive { name, found })
}

pub(super) fn not_negative(name: &'static str, found: i64) -> Result<u64, ShapeError> {
    u64::try_from(found).map_err(|_| ShapeError::Negative { name, found })
}

pub(in crate::op) fn exactly(
    name: &'static str,
    expected: usize,
    found: usize,
) -> Result<(), ShapeError> {
    if expected == found {
        Ok(())
    } else {
        Err(ShapeError::Length {
            name,
            expected,
            found,
        })
    }
}
