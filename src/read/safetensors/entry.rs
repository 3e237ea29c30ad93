//! One tensor of a header: its type, sizes and place.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::error::SafetensorsError;
use crate::tensor::DataType;

/// Sizes that an error lists.
const MOST_LISTED: usize = 8;

/// The format's types.
///
/// Source: `Dtype` in <https://docs.rs/safetensors/0.8.0/safetensors/tensor/enum.Dtype.html>
const TYPES: &[(&str, DataType)] = &[
    ("BOOL", DataType::Bool),
    ("F4", DataType::Float4e2m1),
    ("F6_E2M3", DataType::Float6e2m3),
    ("F6_E3M2", DataType::Float6e3m2),
    ("U8", DataType::Uint8),
    ("I8", DataType::Int8),
    ("F8_E5M2", DataType::Float8e5m2),
    ("F8_E4M3", DataType::Float8e4m3fn),
    ("F8_E8M0", DataType::Float8e8m0),
    ("F8_E4M3FNUZ", DataType::Float8e4m3fnuz),
    ("F8_E5M2FNUZ", DataType::Float8e5m2fnuz),
    ("I16", DataType::Int16),
    ("U16", DataType::Uint16),
    ("F16", DataType::Float16),
    ("BF16", DataType::Bfloat16),
    ("I32", DataType::Int32),
    ("U32", DataType::Uint32),
    ("F32", DataType::Float),
    ("C64", DataType::Complex64),
    ("F64", DataType::Double),
    ("I64", DataType::Int64),
    ("U64", DataType::Uint64),
];

/// A tensor as the header has it.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its name.
    pub(super) name: String,
    /// Element type.
    pub(super) data_type: DataType,
    /// Sizes, outermost first.
    pub(super) shape: Vec<u64>,
    /// First byte of the data, and past the last.
    pub(super) offsets: (u64, u64),
}

/// What stands under a tensor's name.
pub(super) struct Info {
    pub(super) data_type: DataType,
    pub(super) shape: Vec<u64>,
    pub(super) offsets: (u64, u64),
}

impl<'de> Deserialize<'de> for Info {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InfoVisitor)
    }
}

struct InfoVisitor;

impl<'de> Visitor<'de> for InfoVisitor {
    type Value = Info;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with dtype, shape and data_offsets")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Info, A::Error> {
        let (mut data_type, mut shape, mut offsets) = (None, None, None);
        while let Some(key) = map.next_key::<String>()? {
            let twice = match key.as_str() {
                "dtype" => {
                    let word: String = map.next_value()?;
                    data_type.replace(named(&word)?).is_some()
                }
                "shape" => shape.replace(map.next_value()?).is_some(),
                "data_offsets" => offsets.replace(map.next_value()?).is_some(),
                _ => {
                    // Skipped without recursion, however deep it is nested.
                    map.next_value::<IgnoredAny>()?;
                    false
                }
            };
            if twice {
                return Err(A::Error::custom(format!(
                    "key {key:?} appears twice in a tensor"
                )));
            }
        }
        Ok(Info {
            data_type: data_type.ok_or_else(|| A::Error::missing_field("dtype"))?,
            shape: shape.ok_or_else(|| A::Error::missing_field("shape"))?,
            offsets: offsets.ok_or_else(|| A::Error::missing_field("data_offsets"))?,
        })
    }
}

fn named<E: Error>(word: &str) -> Result<DataType, E> {
    let row = TYPES.iter().find(|it| it.0 == word);
    row.map(|it| it.1)
        .ok_or_else(|| E::custom(format!("data type {word:?} is none of the format's")))
}

impl Entry {
    /// Bytes of its data, once sizes, type and offsets are seen to agree.
    pub(super) fn check(&self) -> Result<(), SafetensorsError> {
        let tensor = || self.name.clone();
        let (begin, end) = self.offsets;
        let found = end
            .checked_sub(begin)
            .ok_or_else(|| SafetensorsError::Reversed {
                tensor: tensor(),
                begin,
                end,
            })?;
        let mut sizes = self.shape.iter();
        let elements = sizes.try_fold(1u64, |all, size| all.checked_mul(*size));
        let elements = elements.ok_or_else(|| SafetensorsError::Overflow {
            tensor: tensor(),
            shape: self.shape.iter().take(MOST_LISTED).copied().collect(),
        })?;
        let bits = self.data_type.bits();
        let needed = u128::from(elements).saturating_mul(u128::from(bits));
        if needed % 8 != 0 {
            return Err(SafetensorsError::Bits {
                tensor: tensor(),
                elements,
                bits,
            });
        }
        let needed = needed / 8;
        if needed != u128::from(found) {
            return Err(SafetensorsError::Size {
                tensor: tensor(),
                needed,
                found,
            });
        }
        Ok(())
    }
}
