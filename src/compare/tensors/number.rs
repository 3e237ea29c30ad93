//! Elements as numbers that compare exactly, and what a cast to a narrower float makes of one.

use crate::tensor::{DataType, Number, decode};

/// One element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Element {
    Whole(i128),
    Float(f64),
}

/// What elements are made of: a complex number is two floats.
pub(super) fn component(data_type: DataType) -> DataType {
    match data_type {
        DataType::Complex64 => DataType::Float,
        DataType::Complex128 => DataType::Double,
        other => other,
    }
}

/// The component at `index` of packed `bytes`.
pub(super) fn element(component: DataType, bytes: &[u8], index: usize) -> Option<Element> {
    if component == DataType::Uint64 {
        let rest = bytes.get(index.checked_mul(8)?..)?;
        let value = u64::from_le_bytes(*rest.first_chunk()?);
        return Some(Element::Whole(value.into()));
    }
    Some(match decode(component, bytes, index)? {
        Number::Int(value) => Element::Whole(value.into()),
        Number::Float(value) => Element::Float(value),
    })
}

/// A float format: bits of its mantissa, its least normal exponent, its greatest number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Format {
    pub(super) data_type: DataType,
    mantissa: i32,
    lowest: i32,
    greatest: f64,
}

/// The floats that are cast into each other, the narrowest mantissa first.
const FORMATS: &[Format] = &[
    Format {
        data_type: DataType::Bfloat16,
        mantissa: 7,
        lowest: -126,
        // 255 · 2^120
        greatest: 338_953_138_925_153_547_590_470_800_371_487_866_880.0,
    },
    Format {
        data_type: DataType::Float16,
        mantissa: 10,
        lowest: -14,
        greatest: 65504.0,
    },
    Format {
        data_type: DataType::Float,
        mantissa: 23,
        lowest: -126,
        // The nearest double is the number itself.
        greatest: 3.402_823_466_385_288_6e38,
    },
    Format {
        data_type: DataType::Double,
        mantissa: 52,
        lowest: -1022,
        greatest: f64::MAX,
    },
];

/// The narrower of two floats that are cast into each other; `None` for other types.
pub(super) fn narrower(one: DataType, other: DataType) -> Option<Format> {
    let place = |it: DataType| FORMATS.iter().position(|row| row.data_type == it);
    FORMATS.get(place(one)?.min(place(other)?)).copied()
}

impl Format {
    /// The nearest number of this format, the even one of two; infinity beyond its greatest.
    pub(super) fn round(self, value: f64) -> f64 {
        if !value.is_finite() || value == 0.0 || self.data_type == DataType::Double {
            return value;
        }
        let quantum = self.step(value);
        let rounded = (value / quantum).round_ties_even() * quantum;
        if rounded.abs() > self.greatest {
            return f64::INFINITY.copysign(value);
        }
        rounded
    }

    /// The distance between neighbours of this format at `value`.
    pub(super) fn step(self, value: f64) -> f64 {
        let biased = i32::try_from(value.to_bits() >> 52 & 0x7ff).unwrap_or(0);
        let exponent = biased.saturating_sub(1023).max(self.lowest);
        2f64.powi(exponent.saturating_sub(self.mantissa))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(data_type: DataType) -> Format {
        narrower(data_type, DataType::Double).unwrap()
    }

    #[test]
    fn rounding_is_that_of_pytorch() {
        // As PyTorch 2.15 casts from float64.
        let cases = [
            (DataType::Float16, 0.1, 0.099_975_585_937_5),
            (DataType::Float16, 1.0 + 2f64.powi(-11), 1.0),
            (DataType::Float16, 1.0 + 3.0 * 2f64.powi(-11), 1.001_953_125),
            (DataType::Float16, 65519.0, 65504.0),
            (DataType::Float16, -65520.0, f64::NEG_INFINITY),
            (DataType::Float16, 1e-7, 2f64.powi(-23)),
            (DataType::Float16, 2f64.powi(-25), 0.0),
            (DataType::Bfloat16, 0.1, 0.100_097_656_25),
            (DataType::Bfloat16, 1e-40, 9.183_549_615_799_121e-41),
            (DataType::Bfloat16, 3.4e38, f64::INFINITY),
        ];
        for (data_type, value, expected) in cases {
            let got = format(data_type).round(value);
            assert_eq!(got.to_bits(), f64::to_bits(expected), "{data_type} {value}");
        }
        for value in [0.1f64, 1e-45, 1e-46, 3.5e38, -7.25, 1.0 / 3.0] {
            #[expect(clippy::cast_possible_truncation, reason = "the cast is the oracle")]
            let cast = f64::from(value as f32);
            let got = format(DataType::Float).round(value);
            assert_eq!(got.to_bits(), cast.to_bits(), "{value}");
        }
    }

    #[test]
    fn only_floats_have_a_narrower_one() {
        let narrow = |one, other| narrower(one, other).map(|it| it.data_type);
        let cases = [
            (DataType::Float, DataType::Float16, Some(DataType::Float16)),
            (
                DataType::Float16,
                DataType::Bfloat16,
                Some(DataType::Bfloat16),
            ),
            (DataType::Double, DataType::Float, Some(DataType::Float)),
            (DataType::Int8, DataType::Float, None),
            (DataType::Float8e5m2, DataType::Float, None),
        ];
        for (one, other, expected) in cases {
            assert_eq!(narrow(one, other), expected, "{one} {other}");
            assert_eq!(narrow(other, one), expected, "{other} {one}");
        }
    }
}
