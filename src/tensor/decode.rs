//! Elements of every type as numbers, from the little-endian bytes that `raw_data` holds.

use super::DataType;

/// One element's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A whole number or a truth value. `uint64` beyond `i64` does not fit and is not decoded.
    Int(i64),
    /// A floating-point number; of a complex one, the real part.
    Float(f64),
}

impl Number {
    /// The value as a float; exact up to 2^53.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::as_conversions,
        reason = "rounding to the nearest float is meant"
    )]
    pub fn to_f64(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

/// The element at `index` of packed `bytes`; `None` past the end, for strings, and for an
/// unsigned number beyond `i64`.
#[must_use]
pub fn decode(data_type: DataType, bytes: &[u8], index: usize) -> Option<Number> {
    use DataType as T;
    let int = |value: i64| Some(Number::Int(value));
    let float = |value: f64| Some(Number::Float(value));
    match data_type {
        T::Float => float(f32::from_le_bytes(chunk(bytes, index)?).into()),
        T::Double => float(f64::from_le_bytes(chunk(bytes, index)?)),
        T::Complex64 => float(f32::from_le_bytes(chunk(bytes, index.checked_mul(2)?)?).into()),
        T::Complex128 => float(f64::from_le_bytes(chunk(bytes, index.checked_mul(2)?)?)),
        T::Float16 => float(minifloat(
            u16::from_le_bytes(chunk(bytes, index)?).into(),
            HALF,
        )),
        T::Bfloat16 => {
            let high = u32::from(u16::from_le_bytes(chunk(bytes, index)?));
            float(f32::from_bits(high << 16).into())
        }
        T::Int8 => int(i8::from_le_bytes(chunk(bytes, index)?).into()),
        T::Uint8 | T::Bool => int(u8::from_le_bytes(chunk(bytes, index)?).into()),
        T::Int16 => int(i16::from_le_bytes(chunk(bytes, index)?).into()),
        T::Uint16 => int(u16::from_le_bytes(chunk(bytes, index)?).into()),
        T::Int32 => int(i32::from_le_bytes(chunk(bytes, index)?).into()),
        T::Uint32 => int(u32::from_le_bytes(chunk(bytes, index)?).into()),
        T::Int64 => int(i64::from_le_bytes(chunk(bytes, index)?)),
        T::Uint64 => int(i64::try_from(u64::from_le_bytes(chunk(bytes, index)?)).ok()?),
        T::Uint4 => int(bits(bytes, index, 4)?.into()),
        T::Int4 => int(signed(bits(bytes, index, 4)?, 4)),
        T::Uint2 => int(bits(bytes, index, 2)?.into()),
        T::Int2 => int(signed(bits(bytes, index, 2)?, 2)),
        T::Float4e2m1 => float(minifloat(bits(bytes, index, 4)?, E2M1)),
        T::Float6e2m3 => float(minifloat(bits(bytes, index, 6)?, E2M3)),
        T::Float6e3m2 => float(minifloat(bits(bytes, index, 6)?, E3M2)),
        T::Float8e4m3fn => float(minifloat(bits(bytes, index, 8)?, E4M3FN)),
        T::Float8e4m3fnuz => float(minifloat(bits(bytes, index, 8)?, E4M3FNUZ)),
        T::Float8e5m2 => float(minifloat(bits(bytes, index, 8)?, E5M2)),
        T::Float8e5m2fnuz => float(minifloat(bits(bytes, index, 8)?, E5M2FNUZ)),
        T::Float8e8m0 => {
            let exponent = i32::try_from(bits(bytes, index, 8)?).ok()?;
            float(if exponent == 255 {
                f64::NAN
            } else {
                2f64.powi(exponent - 127)
            })
        }
        T::String => None,
    }
}

/// The `index`-th run of `N` bytes.
fn chunk<const N: usize>(bytes: &[u8], index: usize) -> Option<[u8; N]> {
    bytes.get(index.checked_mul(N)?..)?.first_chunk().copied()
}

/// The `index`-th run of `width` bits, the least significant bit of each byte first.
fn bits(bytes: &[u8], index: usize, width: usize) -> Option<u32> {
    let first = index.checked_mul(width)?;
    let low = u32::from(*bytes.get(first / 8)?);
    let end = first.checked_add(width)?.div_ceil(8);
    let high = if end > first / 8 + 1 {
        u32::from(*bytes.get(first / 8 + 1)?)
    } else {
        0
    };
    Some(((high << 8 | low) >> (first % 8)) & ((1 << width) - 1))
}

/// Two's complement of `width` bits.
fn signed(value: u32, width: u32) -> i64 {
    let value = i64::from(value);
    if value >> (width - 1) == 1 {
        value - (1 << width)
    } else {
        value
    }
}

/// A floating-point format of one sign bit, `exponent` and `mantissa` bits.
#[derive(Clone, Copy)]
struct Format {
    exponent: u32,
    mantissa: u32,
    bias: i32,
    special: Special,
}

/// Which codes of a small float are no finite numbers.
#[derive(Clone, Copy)]
enum Special {
    /// Every code is a number.
    None,
    /// The highest exponent is infinity and NaN, as IEEE 754 has it.
    Ieee,
    /// Only all ones is NaN.
    AllOnes,
    /// Only minus zero is NaN.
    MinusZero,
}

const fn format(exponent: u32, mantissa: u32, bias: i32, special: Special) -> Format {
    Format {
        exponent,
        mantissa,
        bias,
        special,
    }
}

const HALF: Format = format(5, 10, 15, Special::Ieee);
const E2M1: Format = format(2, 1, 1, Special::None);
const E2M3: Format = format(2, 3, 1, Special::None);
const E3M2: Format = format(3, 2, 3, Special::None);
const E4M3FN: Format = format(4, 3, 7, Special::AllOnes);
const E4M3FNUZ: Format = format(4, 3, 8, Special::MinusZero);
const E5M2: Format = format(5, 2, 15, Special::Ieee);
const E5M2FNUZ: Format = format(5, 2, 16, Special::MinusZero);

/// The value of a small float's code.
///
/// Source: <https://onnx.ai/onnx/technical/float8.html>
fn minifloat(code: u32, format: Format) -> f64 {
    let Format {
        exponent,
        mantissa,
        bias,
        special,
    } = format;
    let negative = code >> (exponent + mantissa) & 1 == 1;
    let magnitude = code & ((1 << (exponent + mantissa)) - 1);
    let (power, fraction) = (magnitude >> mantissa, magnitude & ((1 << mantissa) - 1));
    let highest = (1 << exponent) - 1;
    match special {
        Special::Ieee if power == highest && fraction > 0 => return f64::NAN,
        Special::Ieee if power == highest => {
            return if negative {
                f64::NEG_INFINITY
            } else {
                f64::INFINITY
            };
        }
        Special::AllOnes if magnitude == (1 << (exponent + mantissa)) - 1 => return f64::NAN,
        Special::MinusZero if negative && magnitude == 0 => return f64::NAN,
        _ => {}
    }
    let steps = i32::try_from(mantissa).unwrap_or(0);
    let biased = i32::try_from(power).unwrap_or(0);
    // A subnormal number has the smallest normal exponent and no leading one.
    let (leading, biased) = if biased == 0 {
        (0, 1)
    } else {
        (1 << mantissa, biased)
    };
    let value = f64::from(leading + fraction) * 2f64.powi(biased - bias - steps);
    if negative { -value } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values from the formats' definitions: OCP 8-bit (E4M3, E5M2), OCP MX (E2M1, E2M3, E3M2, E8M0), IEEE half.
    #[test]
    fn small_floats_have_their_defined_values() {
        let cases: &[(DataType, &[u8], f64)] = &[
            (DataType::Float16, &[0x00, 0x3c], 1.0),
            (DataType::Float16, &[0x01, 0x00], 5.960_464_477_539_063e-8),
            (DataType::Float16, &[0xff, 0x7b], 65504.0),
            (DataType::Bfloat16, &[0xc0, 0xbf], -1.5),
            (DataType::Float8e4m3fn, &[0x7e], 448.0),
            (DataType::Float8e4m3fnuz, &[0x7f], 240.0),
            (DataType::Float8e5m2, &[0x7b], 57344.0),
            (DataType::Float8e5m2fnuz, &[0x7f], 57344.0),
            (DataType::Float4e2m1, &[0x07], 6.0),
            (DataType::Float6e2m3, &[0x1f], 7.5),
            (DataType::Float6e3m2, &[0x1f], 28.0),
            (DataType::Float8e8m0, &[127], 1.0),
        ];
        for (data_type, bytes, expected) in cases {
            let got = decode(*data_type, bytes, 0).unwrap();
            assert_eq!(got, Number::Float(*expected), "{data_type} {bytes:?}");
        }
    }

    #[test]
    fn elements_smaller_than_a_byte_are_packed_low_bits_first() {
        // onnx.proto: "the first element is stored in the 4 LSB"; x0 | (x1 << 2) | …; 24-bit stream for six bits.
        let cases: &[(DataType, &[u8], &[i64])] = &[
            (DataType::Uint4, &[0x21, 0x03], &[1, 2, 3]),
            (DataType::Int4, &[0xf7], &[7, -1]),
            (DataType::Uint2, &[0b11_10_01_00], &[0, 1, 2, 3]),
            (DataType::Int2, &[0b11_10_01_00], &[0, 1, -2, -1]),
        ];
        for (data_type, bytes, expected) in cases {
            let got: Vec<_> = (0..expected.len())
                .map(|at| decode(*data_type, bytes, at).unwrap())
                .collect();
            let expected: Vec<_> = expected.iter().copied().map(Number::Int).collect();
            assert_eq!(got, expected, "{data_type}");
        }
        // x0 = 8 (1.0), x1 = 16 (2.0): byte0 = x0 | (x1 & 3) << 6, byte1 = x1 >> 2.
        assert_eq!(
            decode(DataType::Float6e2m3, &[8, 4], 1),
            Some(Number::Float(2.0))
        );
    }

    #[test]
    fn reading_past_the_end_is_none() {
        for number in 1..=28 {
            let data_type = DataType::from_onnx(number).unwrap();
            assert_eq!(decode(data_type, &[], 0), None, "{data_type}");
            assert_eq!(decode(data_type, &[0; 4], usize::MAX), None, "{data_type}");
        }
    }
}
