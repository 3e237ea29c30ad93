//! A convolution whose every output position owns its kernels: each output is the dot product of its
//! own copy and the window that it reads.

use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::thread;

use super::{Chosen, Local, Pass, Touch, unravel};
use crate::verify::array::numel;
use crate::verify::direct::Direct;
use crate::verify::real::Real;

/// Weights that one thread holds at a time, where one copy has not more.
const MOST_HELD: usize = 1 << 20;

/// A convolution's tensors, as copies for each position are made of them.
pub(super) struct Gathered<'a, T> {
    direct: &'a Direct<'a, T>,
    /// Output sizes, spatial.
    output: &'a [usize],
    filters: usize,
    /// Elements of one kernel.
    elements: usize,
    /// Taps of one channel of it.
    taps: usize,
    /// Elements of one channel of the input.
    area: usize,
}

impl<'a, T: Real> Gathered<'a, T> {
    /// The layer; `None` where the tensors do not fit together.
    pub(super) fn new(direct: &'a Direct<'a, T>, output: &'a [usize]) -> Option<Self> {
        let weight = &direct.weight.sizes;
        let taps = numel(weight.get(2..)?)?;
        Some(Self {
            direct,
            output,
            filters: direct.weight.size(0),
            elements: taps.checked_mul(direct.weight.size(1))?,
            taps,
            area: numel(direct.input.sizes.get(2..)?)?,
        })
    }

    /// Runs the rows from `first` on into `values` and `magnitudes`, which hold whole rows; gives the
    /// weights built.
    fn rows(
        &self,
        first: usize,
        values: &mut [f64],
        magnitudes: &mut [f64],
        touch: Option<Touch>,
    ) -> Option<u128> {
        let row = *self.output.last()?;
        let rows_each = numel(self.output)?.checked_div(row)?;
        let mut built = 0u128;
        let mut block = Vec::new();
        let places = values.chunks_mut(row).zip(magnitudes.chunks_mut(row));
        for (at, (values, magnitudes)) in places.enumerate() {
            let filter = (first + at).checked_div(rows_each)?;
            let start = (first + at).checked_rem(rows_each)?.checked_mul(row)?;
            let held = (MOST_HELD / self.elements.max(1)).max(1);
            let blocks = values.chunks_mut(held).zip(magnitudes.chunks_mut(held));
            for (at, (values, magnitudes)) in blocks.enumerate() {
                let start = start + at * held;
                self.build(filter, start, values.len(), touch, &mut block)?;
                built += u128::try_from(block.len()).ok()?;
                self.run(filter, start, &block, values, magnitudes)?;
            }
        }
        Some(built)
    }

    /// A copy of the kernel of `filter`, and of its bias, for each of `count` positions from `start` on.
    fn build(
        &self,
        filter: usize,
        start: usize,
        count: usize,
        touch: Option<Touch>,
        block: &mut Vec<T>,
    ) -> Option<()> {
        let begin = filter.checked_mul(self.elements)?;
        let kernel = self
            .direct
            .weight
            .values
            .get(begin..begin + self.elements)?;
        let bias = match self.direct.bias {
            Some(bias) => Some(*bias.get(filter)?),
            None => None,
        };
        block.clear();
        for at in 0..count {
            let begin = block.len();
            block.extend_from_slice(kernel);
            block.extend(bias);
            if let Some(element) = Touch::within(touch, filter, start + at) {
                let weight = block.get_mut(begin + element)?;
                *weight = T::from_f64(weight.to_f64() + 1.0);
            }
        }
        Some(())
    }

    /// Runs the copies of `block`, one a position from `start` on.
    fn run(
        &self,
        filter: usize,
        start: usize,
        block: &[T],
        values: &mut [f64],
        magnitudes: &mut [f64],
    ) -> Option<()> {
        let group = self.filters.checked_div(self.direct.group)?;
        let channels = self.elements.checked_div(self.taps)?;
        let first = filter.checked_div(group)?.checked_mul(channels)?;
        let copies = block.chunks(self.elements + usize::from(self.direct.bias.is_some()));
        let outputs = values.iter_mut().zip(magnitudes.iter_mut());
        let mut window = Vec::new();
        for (at, (copy, (value, magnitude))) in copies.zip(outputs).enumerate() {
            self.window(start + at, &mut window)?;
            let bias = copy.get(self.elements).map_or(0.0, |it| it.to_f64());
            (*value, *magnitude) = (bias, bias.abs());
            for channel in 0..channels {
                let weights = copy.get(channel * self.taps..(channel + 1) * self.taps)?;
                let begin = (first + channel) * self.area;
                let plane = self.direct.input.values.get(begin..begin + self.area)?;
                for (tap, place) in &window {
                    let product = weights.get(*tap)?.to_f64() * plane.get(*place)?.to_f64();
                    *value += product;
                    *magnitude += product.abs();
                }
            }
        }
        Some(())
    }

    /// The taps that read inside the input at a flat output position, and the flat places they read.
    fn window(&self, position: usize, window: &mut Vec<(usize, usize)>) -> Option<()> {
        let position = unravel(self.output, position);
        let (kernel, input) = (
            self.direct.weight.sizes.get(2..)?,
            self.direct.input.sizes.get(2..)?,
        );
        window.clear();
        for tap in 0..self.taps {
            let (mut rest, mut place, mut step) = (tap, 0usize, 1usize);
            let mut inside = true;
            for axis in (0..kernel.len()).rev() {
                let (taps, size) = (*kernel.get(axis)?, *input.get(axis)?);
                let at = i128::try_from(rest % taps).ok()?;
                rest /= taps;
                let output = i128::try_from(*position.get(axis)?).ok()?;
                let at = output * i128::from(*self.direct.strides.get(axis)?)
                    + at * i128::from(*self.direct.dilations.get(axis)?)
                    - i128::from(*self.direct.pads.get(axis)?);
                match usize::try_from(at).ok().filter(|it| *it < size) {
                    Some(at) => place += at * step,
                    None => inside = false,
                }
                step *= size;
            }
            if inside {
                window.push((tap, place));
            }
        }
        Some(())
    }
}

impl<T: Real> Local for Gathered<'_, T> {
    fn pass(&self, touch: Option<Touch>) -> Option<Pass> {
        let count = numel(self.output)?.checked_mul(self.filters)?;
        let row = (*self.output.last()?).max(1);
        let rows = count / row;
        let (mut values, mut magnitudes) = (vec![0.0; count], vec![0.0; count]);
        let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let each = rows.div_ceil(threads).max(1);
        let parts = values
            .chunks_mut(each * row)
            .zip(magnitudes.chunks_mut(each * row));
        let built: Vec<Option<u128>> = thread::scope(|scope| {
            let start = |(at, (values, magnitudes))| {
                scope.spawn(move || self.rows(at * each, values, magnitudes, touch))
            };
            let running: Vec<_> = parts.enumerate().map(start).collect();
            running
                .into_iter()
                .map(|it| it.join().unwrap_or_else(|it| resume_unwind(it)))
                .collect()
        });
        Some(Pass {
            values,
            magnitudes,
            built: built.into_iter().sum::<Option<u128>>()?,
        })
    }

    fn choose(&self) -> Option<Chosen> {
        let owner = self.filters / 2;
        let position: Vec<usize> = self.output.iter().map(|it| it / 2).collect();
        let flat = position
            .iter()
            .zip(self.output)
            .fold(0, |flat, (at, size)| flat * size + at);
        let mut window = Vec::new();
        self.window(flat, &mut window)?;
        let group = self.filters.checked_div(self.direct.group)?;
        let channels = self.elements.checked_div(self.taps)?;
        let first = owner.checked_div(group)?.checked_mul(channels)?;
        let magnitude = |channel: usize, place: usize| {
            let x = self
                .direct
                .input
                .values
                .get((first + channel) * self.area + place);
            x.map_or(0.0, |it| it.to_f64().abs())
        };
        let candidates =
            (0..channels).flat_map(|channel| window.iter().map(move |it| (channel, *it)));
        let (channel, (tap, place)) = candidates.max_by(|left, right| {
            let of = |it: &(usize, (usize, usize))| magnitude(it.0, it.1.1);
            of(left).total_cmp(&of(right))
        })?;
        let mut weight = vec![owner, channel];
        weight.extend(unravel(self.direct.weight.sizes.get(2..)?, tap));
        (magnitude(channel, place) > 0.0).then_some(Chosen {
            touch: Touch {
                owner,
                position: Some(flat),
                element: channel * self.taps + tap,
            },
            weight,
            position,
            output: owner * numel(self.output)? + flat,
        })
    }

    fn positions(&self) -> usize {
        numel(self.output).unwrap_or(0)
    }
}
