//! Pools: which operators are one, their attributes, their shape rule.

use super::conv::{channels_first, exactly, list, positive_list, positives, same_size};
use super::window::{self, AutoPad, Axis};
use super::{Attrs, MICROSOFT, ONNX, ShapeError};
use crate::tensor::{Dim, Shape};

/// A pooling operator.
#[derive(Debug, PartialEq, Eq)]
pub struct PoolOperator {
    /// Domain of its operator set.
    pub domain: &'static str,
    /// ONNX's `op_type`.
    pub op_type: &'static str,
    /// Whether one window covers the whole of each spatial axis.
    pub global: bool,
    /// Whether it always works in N, spatial, C.
    pub nhwc: bool,
}

const fn row(domain: &'static str, op_type: &'static str, global: bool) -> PoolOperator {
    PoolOperator {
        domain,
        op_type,
        global,
        nhwc: false,
    }
}

/// Every operator that counts as a pool. `ReduceMean` and `ReduceMax` over the spatial axes of a
/// convolution's output count too; they are found in the graph, not here.
pub const POOLS: &[PoolOperator] = &[
    row(ONNX, "MaxPool", false),
    row(ONNX, "AveragePool", false),
    row(ONNX, "LpPool", false),
    row(ONNX, "GlobalAveragePool", true),
    row(ONNX, "GlobalMaxPool", true),
    row(ONNX, "GlobalLpPool", true),
    row(ONNX, "QLinearAveragePool", false),
    row(ONNX, "QLinearGlobalAveragePool", true),
    row(MICROSOFT, "QLinearAveragePool", false),
    row(MICROSOFT, "QLinearGlobalAveragePool", true),
    PoolOperator {
        nhwc: true,
        ..row(MICROSOFT, "NhwcMaxPool", false)
    },
];

/// The pooling operator of this domain and name.
#[must_use]
pub fn find(domain: &str, op_type: &str) -> Option<&'static PoolOperator> {
    POOLS
        .iter()
        .find(|it| it.domain == domain && it.op_type == op_type)
}

/// A pool's attributes under ONNX's names. Input `[N, C, d1, …, dn]`.
///
/// Source: <https://onnx.ai/onnx/operators/onnx__MaxPool.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// The operator.
    pub operator: &'static PoolOperator,
    /// Taps along each spatial axis; PyTorch's `kernel_size`. Empty for a global pool.
    pub kernel_shape: Vec<u64>,
    /// Elements between windows; ones where the node leaves them out (PyTorch's default is the kernel).
    pub strides: Vec<u64>,
    /// Elements between taps.
    pub dilations: Vec<u64>,
    /// Padding around the input, starts then ends, as the node has it.
    pub pads: Vec<i64>,
    /// How padding is chosen.
    pub auto_pad: AutoPad,
    /// Whether output sizes round up.
    pub ceil_mode: bool,
    /// Whether input and output are `[N, d1, …, dn, C]`.
    pub nhwc: bool,
}

/// What a pool does to an input of given sizes, all in N, C, spatial order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// `[N, C, d1, …, dn]`.
    pub input: Shape,
    /// `[N, C, o1, …, on]`.
    pub output: Shape,
    /// Padding as it is applied, starts then ends; `None` where `auto_pad` meets an open size.
    pub pads: Option<Vec<i64>>,
}

impl Pool {
    /// Reads a node's attributes.
    ///
    /// # Errors
    /// Whatever the attributes hold that no pool can have.
    pub fn read(operator: &'static PoolOperator, attrs: &Attrs) -> Result<Self, ShapeError> {
        let nhwc = operator.nhwc || attrs.int_or("channels_last", 0)? == 1;
        let mut pool = Self {
            operator,
            kernel_shape: vec![],
            strides: vec![],
            dilations: vec![],
            pads: vec![],
            auto_pad: AutoPad::NotSet,
            ceil_mode: false,
            nhwc,
        };
        if operator.global {
            return Ok(pool);
        }
        let kernel = attrs.ints("kernel_shape")?.filter(|it| !it.is_empty());
        let kernel = kernel.ok_or(ShapeError::AttributeMissing {
            name: "kernel_shape",
        })?;
        let axes = kernel.len();
        pool.kernel_shape = positive_list("kernel_shape", &kernel)?;
        pool.strides = positives(attrs, "strides", axes)?;
        pool.dilations = positives(attrs, "dilations", axes)?;
        pool.pads = list(attrs, "pads", 2 * axes, 0)?;
        exactly("pads", 2 * axes, pool.pads.len())?;
        pool.auto_pad = AutoPad::read(attrs.string("auto_pad")?)?;
        pool.ceil_mode = attrs.int_or("ceil_mode", 0)? != 0;
        Ok(pool)
    }

    /// Axis `at` with the padding `pads`.
    #[must_use]
    pub fn axis(&self, at: usize, pads: &[i64]) -> Axis {
        let of = |list: &[u64]| list.get(at).copied().unwrap_or(1);
        let pad = |at: usize| pads.get(at).copied().unwrap_or(0);
        let axes = self.kernel_shape.len();
        Axis {
            kernel: of(&self.kernel_shape),
            stride: of(&self.strides),
            dilation: of(&self.dilations),
            pads: (pad(at), pad(at + axes)),
        }
    }

    /// Output sizes and padding for an input as the operator lays it out (see `nhwc`), given back in
    /// N, C, spatial order.
    ///
    /// # Errors
    /// [`ShapeError`] where input and attributes do not fit together.
    pub fn resolve(&self, input: &Shape) -> Result<Resolved, ShapeError> {
        let input = if self.nhwc {
            channels_first(input)
        } else {
            input.clone()
        };
        let axes = self.kernel_shape.len();
        if self.operator.global {
            if input.rank() < 2 {
                let expected = "2 or more".to_owned();
                return Err(ShapeError::Rank {
                    what: "input",
                    expected,
                    found: input.rank(),
                });
            }
            let mut output = vec![input.dim(0), input.dim(1)];
            output.resize(input.rank(), Dim::Known(1));
            let pads = Some(vec![0; 2 * (input.rank() - 2)]);
            return Ok(Resolved {
                input,
                output: Shape(output),
                pads,
            });
        }
        if input.rank() != axes + 2 {
            let expected = (axes + 2).to_string();
            return Err(ShapeError::Rank {
                what: "input",
                expected,
                found: input.rank(),
            });
        }
        let mut output = vec![input.dim(0), input.dim(1)];
        let (sizes, pads) = window::each_axis(&input, |at, size| self.along(at, size))?;
        output.extend(sizes);
        Ok(Resolved {
            input,
            output: Shape(output),
            pads,
        })
    }

    fn along(&self, at: usize, input: &Dim) -> Result<(Dim, Option<(i64, i64)>), ShapeError> {
        let axis = self.axis(at, &self.pads);
        let (pads, ceil) = match self.auto_pad {
            AutoPad::NotSet => (Some(axis.pads), self.ceil_mode),
            AutoPad::Valid => (Some((0, 0)), self.ceil_mode),
            AutoPad::SameUpper => (axis.same_pads_of(input, false), false),
            AutoPad::SameLower => (axis.same_pads_of(input, true), false),
        };
        let Some(pads) = pads else {
            return Ok((same_size(input, axis.stride), None));
        };
        let size = window::output_dim(Axis { pads, ..axis }, input, ceil)?;
        Ok((size, Some(pads)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Attr;
    use super::*;

    #[test]
    fn a_pool_without_strides_moves_by_one() {
        // ONNX: "If not present, the stride defaults to 1 along each spatial axis"; 15 − 2 + 1 = 14.
        let attrs = Attrs(vec![("kernel_shape".to_owned(), Attr::Ints(vec![2, 3]))]);
        let pool = Pool::read(find(ONNX, "MaxPool").unwrap(), &attrs).unwrap();
        let resolved = pool.resolve(&Shape::known(&[1, 4, 15, 18])).unwrap();
        assert_eq!(resolved.output, Shape::known(&[1, 4, 14, 16]));
    }

    #[test]
    fn a_global_pool_leaves_one_element_an_axis() {
        let pool = Pool::read(find(ONNX, "GlobalMaxPool").unwrap(), &Attrs::default()).unwrap();
        let resolved = pool.resolve(&Shape::known(&[1, 4, 15, 18])).unwrap();
        assert_eq!(resolved.output, Shape::known(&[1, 4, 1, 1]));
    }
}
