//! What a convolution node does, read from its attributes a second time and apart from `op::conv`, so
//! that running it can disagree with the report.

mod cost;

pub use cost::Method;

use crate::network::Node;
use crate::op::ShapeError;

/// One convolution with every size known. Input `[N, C, d1, …, dn]`, weight `[M, C/group, k1, …, kn]`,
/// of a transposed one `[C, M/group, k1, …, kn]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Whether it is transposed.
    pub transposed: bool,
    /// Sizes of its input in N, C, spatial order.
    pub input: Vec<usize>,
    /// Sizes of its weight.
    pub weight: Vec<usize>,
    /// Elements between windows, for each spatial axis.
    pub strides: Vec<usize>,
    /// Elements between taps, for each spatial axis.
    pub dilations: Vec<usize>,
    /// Padding at each axis's start and end; negative crops.
    pub pads: Vec<(i64, i64)>,
    /// Elements added at each axis's end, of a transposed one.
    pub output_padding: Vec<usize>,
    /// Channel groups.
    pub group: usize,
}

impl Geometry {
    /// Reads `node` for an input and a weight of these sizes; `pads` are the values of a pads input
    /// for the operator that has one.
    ///
    /// # Errors
    /// What of it no convolution can have, with the numbers.
    ///
    /// Source: <https://onnx.ai/onnx/operators/onnx__Conv.html>, `onnx__ConvTranspose.html`
    pub fn read(
        node: &Node,
        transposed: bool,
        input: Vec<usize>,
        weight: Vec<usize>,
        pads: Option<Vec<i64>>,
    ) -> Result<Self, String> {
        let axes = input.len().saturating_sub(2);
        if axes == 0 || weight.len() != input.len() {
            return Err(format!(
                "input has {} axes and weight {}, both need the same 3 or more",
                input.len(),
                weight.len()
            ));
        }
        let group = sizes(node, "group", 1, 1)?.first().copied().unwrap_or(1);
        let mut geometry = Self {
            transposed,
            strides: sizes(node, "strides", axes, 1)?,
            dilations: sizes(node, "dilations", axes, 1)?,
            pads: vec![(0, 0); axes],
            output_padding: sizes(node, "output_padding", axes, 0)?,
            group,
            input,
            weight,
        };
        geometry.pads = geometry.read_pads(node, pads)?;
        geometry.output()?;
        Ok(geometry)
    }

    /// Taps of the kernel along each axis.
    #[must_use]
    pub fn kernel(&self) -> &[usize] {
        self.weight.get(2..).unwrap_or_default()
    }

    /// The input's spatial sizes.
    #[must_use]
    pub fn spatial(&self) -> &[usize] {
        self.input.get(2..).unwrap_or_default()
    }

    /// Elements from the first tap of each axis to its last.
    fn reach(&self, axis: usize) -> i128 {
        let kernel = self.kernel().get(axis).copied().unwrap_or(1);
        let taps = (wide(kernel) - 1).saturating_mul(wide(at(&self.dilations, axis)));
        taps.saturating_add(1)
    }

    fn read_pads(&self, node: &Node, given: Option<Vec<i64>>) -> Result<Vec<(i64, i64)>, String> {
        let axes = self.strides.len();
        let auto_pad = node.attrs.string("auto_pad").map_err(text)?.unwrap_or("");
        let asked = if self.transposed {
            node.attrs.ints("output_shape").map_err(text)?
        } else {
            None
        };
        if let Some(asked) = asked.filter(|it| !it.is_empty()) {
            let spatial = asked.get(asked.len().saturating_sub(axes)..);
            let sizes = spatial.unwrap_or_default().iter().map(|it| i128::from(*it));
            return self.share(auto_pad, &sizes.collect::<Vec<_>>(), i128::MIN);
        }
        match auto_pad {
            "VALID" => Ok(vec![(0, 0); axes]),
            "SAME_UPPER" | "SAME_LOWER" => {
                let sizes = self.spatial().iter().zip(&self.strides);
                let same = sizes.map(|(size, stride)| {
                    if self.transposed {
                        wide(*size) * wide(*stride)
                    } else {
                        wide(size.div_ceil(*stride))
                    }
                });
                self.share(auto_pad, &same.collect::<Vec<_>>(), 0)
            }
            "" | "NOTSET" => {
                let listed = node.attrs.ints("pads").map_err(text)?;
                let pads = given.or(listed).filter(|it| !it.is_empty());
                let pads = pads.unwrap_or_else(|| vec![0; 2 * axes]);
                if pads.len() != 2 * axes {
                    return Err(format!(
                        "pads has {} values, needs {}",
                        pads.len(),
                        2 * axes
                    ));
                }
                let (begins, ends) = pads.split_at(axes);
                Ok(begins.iter().copied().zip(ends.iter().copied()).collect())
            }
            other => Err(format!("auto_pad is {other:?}")),
        }
    }

    /// The padding that gives an output of the spatial sizes `wanted`, in all at least `least`, the
    /// odd element at the side that `auto_pad` names.
    fn share(
        &self,
        auto_pad: &str,
        wanted: &[i128],
        least: i128,
    ) -> Result<Vec<(i64, i64)>, String> {
        let axis = |(axis, wanted): (usize, &i128)| {
            let (input, stride) = (
                wide(at(self.spatial(), axis)),
                wide(at(&self.strides, axis)),
            );
            let total = if self.transposed {
                (input - 1) * stride + wide(at(&self.output_padding, axis)) + self.reach(axis)
                    - wanted
            } else {
                (wanted - 1) * stride + self.reach(axis) - input
            };
            let total = i64::try_from(total.max(least)).ok()?;
            // A transposed convolution puts the odd one at the start unless SAME_UPPER; a plain one
            // puts it at the end unless SAME_LOWER.
            let at_end = if self.transposed {
                auto_pad == "SAME_UPPER"
            } else {
                auto_pad != "SAME_LOWER"
            };
            if total < 0 {
                // More than is written was asked for: the rest at the end stays zero, as in ONNX Runtime.
                return Some((0, total));
            }
            let (less, more) = (total.div_euclid(2), total - total.div_euclid(2));
            Some(if at_end { (less, more) } else { (more, less) })
        };
        let pads: Option<Vec<_>> = wanted.iter().enumerate().map(axis).collect();
        pads.filter(|it| it.len() == self.strides.len())
            .ok_or_else(|| "the padding cannot be worked out".to_owned())
    }

    /// The filters `M`.
    #[must_use]
    pub fn filters(&self) -> usize {
        if self.transposed {
            at(&self.weight, 1).saturating_mul(self.group)
        } else {
            at(&self.weight, 0)
        }
    }

    /// The output sizes, once everything that the engine would not check is checked.
    ///
    /// # Errors
    /// Where the channels, the group or the kernel do not fit.
    pub fn output(&self) -> Result<Vec<usize>, String> {
        self.check_channels()?;
        let mut output = vec![at(&self.input, 0), self.filters()];
        for axis in 0..self.strides.len() {
            output.push(self.output_along(axis)?);
        }
        if self.weight.contains(&0) || self.input.contains(&0) {
            return Err("a tensor without elements".to_owned());
        }
        Ok(output)
    }

    fn check_channels(&self) -> Result<(), String> {
        let (channels, group) = (at(&self.input, 1), self.group);
        let takes = if self.transposed {
            at(&self.weight, 0)
        } else {
            at(&self.weight, 1).saturating_mul(group)
        };
        if takes != channels {
            return Err(format!(
                "weight takes {takes} channels, the input has {channels}"
            ));
        }
        let split = |count: usize| count.checked_rem(group) == Some(0);
        if !split(channels) || !split(self.filters()) {
            let filters = self.filters();
            return Err(format!(
                "group {group} does not divide {channels} channels and {filters} filters"
            ));
        }
        Ok(())
    }

    fn output_along(&self, axis: usize) -> Result<usize, String> {
        let (begin, end) = self.pads.get(axis).copied().unwrap_or_default();
        let (pads, stride) = (
            i128::from(begin) + i128::from(end),
            wide(at(&self.strides, axis)),
        );
        let (input, reach) = (wide(at(self.spatial(), axis)), self.reach(axis));
        let extra = wide(at(&self.output_padding, axis));
        let size = if self.transposed {
            (input - 1) * stride + extra + reach - pads
        } else {
            (input + pads - reach).div_euclid(stride.max(1)) + 1
        };
        usize::try_from(size)
            .ok()
            .filter(|it| *it > 0 && stride > 0)
            .ok_or_else(|| {
                format!("kernel reaches over {reach} elements, input {input}, padding {pads}")
            })
    }
}

/// A list attribute of `count` values, none of them below `default` (which is the least there may be).
fn sizes(
    node: &Node,
    name: &'static str,
    count: usize,
    default: usize,
) -> Result<Vec<usize>, String> {
    let given = node.attrs.ints(name).map_err(text)?;
    let Some(given) = given.filter(|it| !it.is_empty()) else {
        return Ok(vec![default; count]);
    };
    if given.len() != count {
        return Err(format!("{name} has {} values, needs {count}", given.len()));
    }
    let size = |it: &i64| usize::try_from(*it).ok().filter(|it| *it >= default);
    let sizes: Option<Vec<usize>> = given.iter().map(size).collect();
    sizes.ok_or_else(|| format!("{name} is {given:?}, each must be at least {default}"))
}

#[expect(clippy::needless_pass_by_value, reason = "passed to map_err")]
fn text(error: ShapeError) -> String {
    error.to_string()
}

fn at(sizes: &[usize], axis: usize) -> usize {
    sizes.get(axis).copied().unwrap_or(0)
}

fn wide(size: usize) -> i128 {
    i128::try_from(size).unwrap_or(i128::MAX)
}
