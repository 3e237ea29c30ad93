//! The two element types that layers run in: `f32`, and `f64` where integers must stay exact.

use crate::tensor::DataType;

/// An element that a layer runs in.
pub trait Real: Copy + Default + Send + Sync + 'static {
    /// Bytes of one element.
    const BYTES: u64;
    /// The nearest value of this type.
    fn from_f64(value: f64) -> Self;
    /// The same value.
    fn to_f64(self) -> f64;
    /// Elements of a stored tensor whose type is this one, from packed little-endian bytes; `None`
    /// for every other type.
    fn straight(data_type: DataType, bytes: &[u8]) -> Option<Vec<Self>>;
}

impl Real for f32 {
    const BYTES: u64 = 4;

    #[expect(
        clippy::cast_possible_truncation,
        clippy::as_conversions,
        reason = "rounding to the nearest f32 is meant"
    )]
    fn from_f64(value: f64) -> Self {
        value as Self
    }

    fn to_f64(self) -> f64 {
        self.into()
    }

    fn straight(data_type: DataType, bytes: &[u8]) -> Option<Vec<Self>> {
        let (chunks, _) = bytes.as_chunks();
        (data_type == DataType::Float)
            .then(|| chunks.iter().map(|it| Self::from_le_bytes(*it)).collect())
    }
}

impl Real for f64 {
    const BYTES: u64 = 8;

    fn from_f64(value: f64) -> Self {
        value
    }

    fn to_f64(self) -> f64 {
        self
    }

    fn straight(data_type: DataType, bytes: &[u8]) -> Option<Vec<Self>> {
        let (chunks, _) = bytes.as_chunks();
        (data_type == DataType::Double)
            .then(|| chunks.iter().map(|it| Self::from_le_bytes(*it)).collect())
    }
}

/// `value` as an element of `data_type` holds it: rounded half to even for floats, towards zero for
/// integers, clamped to the type's range where it is narrower.
///
/// Source: `Cast` in <https://onnx.ai/onnx/operators/onnx__Cast.html>
#[must_use]
pub(super) fn round_to(data_type: DataType, value: f64) -> f64 {
    use DataType as T;
    // Mantissa bits, smallest normal exponent, largest value; beyond it infinity or that value.
    let (mantissa, exponent, most, saturates) = match data_type {
        T::Float => return f32::from_f64(value).into(),
        T::Float16 => (10, -14, 65_504.0, false),
        T::Bfloat16 => (7, -126, f64::from(f32::MAX), false),
        T::Float8e4m3fn => (3, -6, 448.0, true),
        T::Float8e4m3fnuz => (3, -7, 240.0, true),
        T::Float8e5m2 => (2, -14, 57_344.0, true),
        T::Float8e5m2fnuz => (2, -15, 57_344.0, true),
        T::Float4e2m1 => (1, 0, 6.0, true),
        T::Float6e2m3 => (3, 0, 7.5, true),
        T::Float6e3m2 => (2, -2, 28.0, true),
        T::Bool => return if value == 0.0 { 0.0 } else { 1.0 },
        _ => {
            return match integer_range(data_type) {
                Some((least, most)) => value.trunc().clamp(least, most),
                None => value,
            };
        }
    };
    let rounded = round_float(value, mantissa, exponent);
    match rounded.abs() > most {
        true if saturates => most.copysign(value),
        true => f64::INFINITY.copysign(value),
        false => rounded,
    }
}

/// The nearest number with `mantissa` bits behind the leading one, subnormal below 2^`exponent`.
fn round_float(value: f64, mantissa: i32, exponent: i32) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    // Bits 52 to 62 hold the exponent, 1023 above its value.
    let biased = i32::try_from(value.to_bits() >> 52 & 0x7ff).unwrap_or(0);
    let quantum = 2f64.powi((biased - 1023).max(exponent) - mantissa);
    (value / quantum).round_ties_even() * quantum
}

/// The least and the largest value of an integer type.
#[must_use]
pub(super) fn integer_range(data_type: DataType) -> Option<(f64, f64)> {
    use DataType as T;
    let bits = i32::try_from(data_type.bits()).ok()?;
    match data_type {
        T::Int2 | T::Int4 | T::Int8 | T::Int16 | T::Int32 | T::Int64 => {
            Some((-(2f64.powi(bits - 1)), 2f64.powi(bits - 1) - 1.0))
        }
        T::Uint2 | T::Uint4 | T::Uint8 | T::Uint16 | T::Uint32 | T::Uint64 => {
            Some((0.0, 2f64.powi(bits) - 1.0))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_gives_the_nearest_value_of_the_type() {
        // By the formats' definitions; half steps go to the even neighbour.
        let cases = [
            (DataType::Float16, 2049.0, 2048.0),
            (DataType::Float16, 2051.0, 2052.0),
            (DataType::Float16, 70_000.0, f64::INFINITY),
            (DataType::Float16, 3.0e-8, 2f64.powi(-25) * 2.0),
            (DataType::Bfloat16, 257.0, 256.0),
            (DataType::Bfloat16, -1.503_906_25, -1.5),
            (DataType::Float8e4m3fn, 1000.0, 448.0),
            (DataType::Float8e4m3fn, 1.0625, 1.0),
            (DataType::Float4e2m1, 5.1, 6.0),
            (DataType::Int8, -3.7, -3.0),
            (DataType::Uint8, 300.0, 255.0),
            (DataType::Float, 0.1, 0.100_000_001_490_116_12),
            (DataType::Double, 0.1, 0.1),
        ];
        for (data_type, value, expected) in cases {
            let got = round_to(data_type, value);
            assert_eq!(
                got.to_bits(),
                expected.to_bits(),
                "{data_type} {value}: {got}"
            );
        }
    }
}
