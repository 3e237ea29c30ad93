//! One output value by its definition: a plain dot product in `f64`, with index arithmetic of its own,
//! from nothing but what the report says of the layer. It shares no code with the engine's side.

use super::array::Array;
use super::real::Real;

/// What the report says of a layer, and the tensors that it is tried on.
#[derive(Clone, Debug)]
pub(super) struct Direct<'a, T> {
    /// Whether it is transposed.
    pub(super) transposed: bool,
    /// The report's strides, one an axis.
    pub(super) strides: &'a [u64],
    /// The report's dilations, one an axis.
    pub(super) dilations: &'a [u64],
    /// The report's padding, every axis's start, then every axis's end.
    pub(super) pads: &'a [i64],
    /// The report's group.
    pub(super) group: usize,
    /// `[N, C, d1, …, dn]`.
    pub(super) input: &'a Array<T>,
    /// `[M, C/group, k1, …, kn]`, of a transposed one `[C, M/group, k1, …, kn]`.
    pub(super) weight: &'a Array<T>,
    /// `[M]`.
    pub(super) bias: Option<&'a [T]>,
}

/// One output value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Value {
    /// Σ w·x, and the bias.
    pub(super) value: f64,
    /// Σ |w·x|, and the bias's magnitude: what rounding errors are measured by.
    pub(super) magnitude: f64,
}

/// Called with a tap and the input place that it reads.
type Visit<'a> = dyn FnMut(&[usize], &[usize]) -> Option<()> + 'a;

/// What a tap reads along one axis.
enum Read {
    /// An element of the input.
    At(usize),
    /// Padding, or of a transposed convolution no element.
    Outside,
}

impl<T: Real> Direct<'_, T> {
    /// The value at `[n, m, o1, …, on]`; `None` where the report's numbers lead outside the tensors.
    pub(super) fn at(&self, position: &[usize]) -> Option<Value> {
        let (&[sample, filter], spatial) = position.split_first_chunk()?;
        let channels = self.input.size(1).checked_div(self.group)?;
        let (outer, second) = (self.weight.size(0), self.weight.size(1));
        let (inner, filters) = if self.transposed {
            (second, second.checked_mul(self.group)?)
        } else {
            (outer.checked_div(self.group)?, outer)
        };
        if filter >= filters || (!self.transposed && second != channels) {
            return None;
        }
        let first = filter.checked_div(inner)?.checked_mul(channels)?;
        let bias = match self.bias {
            Some(bias) => bias.get(filter)?.to_f64(),
            None => 0.0,
        };
        let mut sum = Value {
            value: bias,
            magnitude: bias.abs(),
        };
        // One channel further in the input, and in the weight.
        let (step, row) = (area(self.input)?, area(self.weight)?);
        let column = if self.transposed {
            row.checked_mul(second)?
        } else {
            row
        };
        self.taps(spatial, &mut |tap, place| {
            let weight = if self.transposed {
                [first, filter % inner]
            } else {
                [filter, 0]
            };
            let mut x = flat(self.input, [sample, first], place)?;
            let mut w = flat(self.weight, weight, tap)?;
            for _ in 0..channels {
                let product =
                    self.input.values.get(x)?.to_f64() * self.weight.values.get(w)?.to_f64();
                sum.value += product;
                sum.magnitude += product.abs();
                (x, w) = (x.saturating_add(step), w.saturating_add(column));
            }
            Some(())
        })?;
        Some(sum)
    }

    /// Calls `each` with every tap of the kernel that reads inside the input, and the place it reads.
    fn taps(&self, output: &[usize], each: &mut Visit<'_>) -> Option<()> {
        let kernel = self.weight.sizes.get(2..)?;
        let total = super::array::numel(kernel)?;
        let mut tap = vec![0usize; kernel.len()];
        for _ in 0..total {
            let mut place = Vec::with_capacity(kernel.len());
            for (axis, (tap, output)) in tap.iter().zip(output).enumerate() {
                if let Read::At(at) = self.read(axis, *tap, *output)? {
                    place.push(at);
                }
            }
            if place.len() == kernel.len() {
                each(&tap, &place)?;
            }
            for (tap, size) in tap.iter_mut().zip(kernel).rev() {
                *tap += 1;
                if *tap < *size {
                    break;
                }
                *tap = 0;
            }
        }
        Some(())
    }

    /// What `tap` multiplies along `axis` for `output`; `None` where the report has no numbers for
    /// this axis.
    fn read(&self, axis: usize, tap: usize, output: usize) -> Option<Read> {
        let stride = i128::from(*self.strides.get(axis)?);
        let dilation = i128::from(*self.dilations.get(axis)?);
        let begin = i128::from(*self.pads.get(axis)?);
        let (tap, output) = (i128::try_from(tap).ok()?, i128::try_from(output).ok()?);
        let place = if self.transposed {
            // Input i adds its product with tap k to output i·stride + k·dilation − begin.
            let from = output + begin - tap * dilation;
            if from.checked_rem(stride)? != 0 {
                return Some(Read::Outside);
            }
            from / stride
        } else {
            output * stride + tap * dilation - begin
        };
        let size = *self.input.sizes.get(axis + 2)?;
        let place = usize::try_from(place).ok().filter(|it| *it < size);
        Some(place.map_or(Read::Outside, Read::At))
    }
}

/// Where the element at `outer` and `spatial` of `[a, b, s1, …, sn]` lies.
fn flat<T>(tensor: &Array<T>, outer: [usize; 2], spatial: &[usize]) -> Option<usize> {
    let mut flat = 0usize;
    for (index, size) in outer.iter().chain(spatial).zip(&tensor.sizes) {
        flat = flat.checked_mul(*size)?.checked_add(*index)?;
    }
    Some(flat)
}

/// Elements of one channel of `[a, b, s1, …, sn]`.
fn area<T>(tensor: &Array<T>) -> Option<usize> {
    super::array::numel(tensor.sizes.get(2..)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Case {
        name: &'static str,
        transposed: bool,
        input: (&'static [usize], &'static [f32]),
        weight: (&'static [usize], &'static [f32]),
        bias: Option<&'static [f32]>,
        attrs: (&'static [u64], &'static [u64], &'static [i64], usize),
        outputs: &'static [(&'static [usize], f64)],
    }

    /// Worked out by hand; the sums stand beside the results.
    const CASES: &[Case] = &[
        Case {
            name: "1-D, padded by one at the start",
            transposed: false,
            input: (&[1, 1, 3], &[1.0, 2.0, 3.0]),
            weight: (&[1, 1, 2], &[10.0, 1.0]),
            bias: Some(&[0.5]),
            attrs: (&[1], &[1], &[1, 0], 1),
            // 0·10 + 1·1; 1·10 + 2·1; 2·10 + 3·1, each + 0.5
            outputs: &[(&[0, 0, 0], 1.5), (&[0, 0, 1], 12.5), (&[0, 0, 2], 23.5)],
        },
        Case {
            name: "2-D, unequal strides and dilations",
            transposed: false,
            input: (&[1, 1, 2, 4], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]),
            weight: (&[1, 1, 1, 2], &[1.0, 100.0]),
            bias: None,
            attrs: (&[1, 1], &[1, 2], &[0, 0, 0, 0], 1),
            // 1 + 3·100; 6 + 8·100
            outputs: &[(&[0, 0, 0, 0], 301.0), (&[0, 0, 1, 1], 806.0)],
        },
        Case {
            name: "two groups of one channel and two filters each",
            transposed: false,
            input: (&[1, 2, 1], &[3.0, 5.0]),
            weight: (&[4, 1, 1], &[1.0, 2.0, 3.0, 4.0]),
            bias: None,
            attrs: (&[1], &[1], &[0, 0], 2),
            // 3·1, 3·2, 5·3, 5·4
            outputs: &[
                (&[0, 0, 0], 3.0),
                (&[0, 1, 0], 6.0),
                (&[0, 2, 0], 15.0),
                (&[0, 3, 0], 20.0),
            ],
        },
        Case {
            name: "transposed, stride 2, one element cropped at the start",
            transposed: true,
            input: (&[1, 1, 2], &[1.0, 2.0]),
            weight: (&[1, 1, 3], &[1.0, 10.0, 100.0]),
            bias: None,
            attrs: (&[2], &[1], &[1, 0], 1),
            // whole: 1, 10, 100 + 2·1, 2·10, 2·100
            outputs: &[
                (&[0, 0, 0], 10.0),
                (&[0, 0, 1], 102.0),
                (&[0, 0, 2], 20.0),
                (&[0, 0, 3], 200.0),
                // output_padding: no product lands there
                (&[0, 0, 4], 0.0),
            ],
        },
        Case {
            name: "transposed, two groups",
            transposed: true,
            input: (&[1, 2, 1], &[3.0, 5.0]),
            weight: (&[2, 2, 1], &[1.0, 2.0, 3.0, 4.0]),
            bias: None,
            attrs: (&[1], &[1], &[0, 0], 2),
            // 3·1, 3·2, 5·3, 5·4
            outputs: &[
                (&[0, 0, 0], 3.0),
                (&[0, 1, 0], 6.0),
                (&[0, 2, 0], 15.0),
                (&[0, 3, 0], 20.0),
            ],
        },
    ];

    #[test]
    fn values_are_those_worked_out_by_hand() {
        for case in CASES {
            let array = |(sizes, values): (&[usize], &[f32])| {
                Array::new(sizes.to_vec(), values.to_vec()).unwrap()
            };
            let (input, weight) = (array(case.input), array(case.weight));
            let (strides, dilations, pads, group) = case.attrs;
            let direct = Direct {
                transposed: case.transposed,
                strides,
                dilations,
                pads,
                group,
                input: &input,
                weight: &weight,
                bias: case.bias,
            };
            for (position, expected) in case.outputs {
                let got = direct.at(position).map(|it| it.value);
                assert_eq!(got, Some(*expected), "{} at {position:?}", case.name);
            }
        }
    }

    #[test]
    fn a_group_that_does_not_fit_the_weight_gives_no_value() {
        let input = Array::filled(vec![1, 4, 1], 1f32).unwrap();
        let weight = Array::filled(vec![4, 2, 1], 1f32).unwrap();
        let mut direct = Direct {
            transposed: false,
            strides: &[1],
            dilations: &[1],
            pads: &[0, 0],
            group: 2,
            input: &input,
            weight: &weight,
            bias: None,
        };
        assert_eq!(direct.at(&[0, 0, 0]).map(|it| it.value), Some(2.0));
        direct.group = 4;
        assert_eq!(direct.at(&[0, 0, 0]), None);
    }
}
