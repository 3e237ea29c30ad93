//! A transposed convolution whose every *input* position owns its kernels: each input element is
//! multiplied by its own copy, and the products are added up where they land.

use super::{Chosen, Local, Pass, Touch, unravel};
use crate::verify::array::numel;
use crate::verify::direct::Direct;
use crate::verify::real::Real;

/// A transposed convolution's tensors, as copies for each position are made of them.
pub(super) struct Scattered<'a, T> {
    direct: &'a Direct<'a, T>,
    /// Output sizes, spatial.
    output: &'a [usize],
    /// Input sizes, spatial.
    input: &'a [usize],
    /// Filters of one group.
    filters: usize,
    taps: usize,
}

impl<'a, T: Real> Scattered<'a, T> {
    /// The layer; `None` where the tensors do not fit together.
    pub(super) fn new(direct: &'a Direct<'a, T>, output: &'a [usize]) -> Option<Self> {
        Some(Self {
            direct,
            output,
            input: direct.input.sizes.get(2..)?,
            filters: direct.weight.size(1),
            taps: numel(direct.weight.sizes.get(2..)?)?,
        })
    }

    fn channels(&self) -> usize {
        self.direct.input.size(1)
    }

    /// The first filter that input channel `channel` adds to.
    fn first(&self, channel: usize) -> Option<usize> {
        let each = self.channels().checked_div(self.direct.group)?;
        channel.checked_div(each)?.checked_mul(self.filters)
    }

    /// Where tap `tap` of the copy at the flat input position `position` lands; `None` where it is
    /// cropped.
    fn lands(&self, position: usize, tap: usize) -> Option<usize> {
        let kernel = self.direct.weight.sizes.get(2..)?;
        let taps = unravel(kernel, tap);
        let mut flat = 0usize;
        for (axis, at) in unravel(self.input, position).into_iter().enumerate() {
            let (at, tap) = (
                i128::try_from(at).ok()?,
                i128::try_from(*taps.get(axis)?).ok()?,
            );
            let place = at * i128::from(*self.direct.strides.get(axis)?)
                + tap * i128::from(*self.direct.dilations.get(axis)?)
                - i128::from(*self.direct.pads.get(axis)?);
            let size = *self.output.get(axis)?;
            let place = usize::try_from(place).ok().filter(|it| *it < size)?;
            flat = flat * size + place;
        }
        Some(flat)
    }

    /// Builds the copy of input channel `channel` at `position`, and adds its products.
    fn spread(
        &self,
        (channel, position): (usize, usize),
        touch: Option<Touch>,
        copy: &mut Vec<T>,
        pass: &mut Pass,
    ) -> Option<()> {
        let elements = self.filters.checked_mul(self.taps)?;
        let begin = channel.checked_mul(elements)?;
        copy.clear();
        copy.extend_from_slice(self.direct.weight.values.get(begin..begin + elements)?);
        pass.built += u128::try_from(copy.len()).ok()?;
        if let Some(element) = Touch::within(touch, channel, position) {
            let weight = copy.get_mut(element)?;
            *weight = T::from_f64(weight.to_f64() + 1.0);
        }
        let x = self.element(channel, position)?;
        let (first, area) = (self.first(channel)?, numel(self.output)?);
        for tap in 0..self.taps {
            let Some(place) = self.lands(position, tap) else {
                continue;
            };
            for filter in 0..self.filters {
                let product = x * copy.get(filter * self.taps + tap)?.to_f64();
                let at = (first + filter) * area + place;
                *pass.values.get_mut(at)? += product;
                *pass.magnitudes.get_mut(at)? += product.abs();
            }
        }
        Some(())
    }

    fn element(&self, channel: usize, position: usize) -> Option<f64> {
        let area = numel(self.input)?;
        let x = self.direct.input.values.get(channel * area + position);
        x.map(|it| it.to_f64())
    }

    /// The outputs before any product: each one's own copy of the bias.
    fn biases(&self) -> Option<Pass> {
        let area = numel(self.output)?;
        let filters = self.filters.checked_mul(self.direct.group)?;
        let mut values = Vec::with_capacity(area.checked_mul(filters)?);
        for filter in 0..filters {
            let bias = match self.direct.bias {
                Some(bias) => bias.get(filter)?.to_f64(),
                None => 0.0,
            };
            values.extend(std::iter::repeat_n(bias, area));
        }
        let built = match self.direct.bias {
            Some(_) => u128::try_from(values.len()).ok()?,
            None => 0,
        };
        Some(Pass {
            magnitudes: values.iter().map(|it| it.abs()).collect(),
            values,
            built,
        })
    }
}

impl<T: Real> Local for Scattered<'_, T> {
    fn pass(&self, touch: Option<Touch>) -> Option<Pass> {
        let mut pass = self.biases()?;
        let mut copy = Vec::new();
        for channel in 0..self.channels() {
            for position in 0..self.positions() {
                self.spread((channel, position), touch, &mut copy, &mut pass)?;
            }
        }
        Some(pass)
    }

    fn choose(&self) -> Option<Chosen> {
        let position: Vec<usize> = self.input.iter().map(|it| it / 2).collect();
        let flat = position
            .iter()
            .zip(self.input)
            .fold(0, |flat, (at, size)| flat * size + at);
        let (tap, place) = (0..self.taps).find_map(|tap| Some((tap, self.lands(flat, tap)?)))?;
        let magnitude = |channel: usize| self.element(channel, flat).map_or(0.0, f64::abs);
        let owner = (0..self.channels())
            .max_by(|left, right| magnitude(*left).total_cmp(&magnitude(*right)))?;
        let filter = self.filters / 2;
        let mut weight = vec![owner, filter];
        weight.extend(unravel(self.direct.weight.sizes.get(2..)?, tap));
        (magnitude(owner) > 0.0).then_some(Chosen {
            touch: Touch {
                owner,
                position: Some(flat),
                element: filter * self.taps + tap,
            },
            weight,
            position,
            output: (self.first(owner)? + filter) * numel(self.output)? + place,
        })
    }

    fn positions(&self) -> usize {
        numel(self.input).unwrap_or(0)
    }
}
