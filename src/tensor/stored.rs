//! A tensor as a file stores it: its sizes, its type, and where its bytes lie.

use super::DataType;
use crate::units;

/// A tensor whose values may still be on disk.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredTensor {
    /// ONNX's `name`; empty where the file gives none.
    pub name: String,
    /// Element type; `None` where the file names one that this crate does not know.
    pub data_type: Option<DataType>,
    /// ONNX's `dims`, outermost first.
    pub dims: Vec<u64>,
    /// Where its elements are.
    pub payload: Payload,
}

/// Where a tensor's elements are.
#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    /// Little-endian elements, packed as `raw_data` packs them, whatever field the file had them in.
    Inline(Vec<u8>),
    /// `raw_data` in the model file: little-endian elements at these bytes.
    Raw(Region),
    /// Typed data in the model file (`float_data`, `int32_data`, …): these bytes are whole protobuf
    /// fields of number `field`, keys and lengths included, packed or not.
    Typed {
        /// Field number in `TensorProto`: 4 float, 5 int32, 6 string, 7 int64, 10 double, 11 uint64.
        field: u32,
        /// Runs of bytes that hold nothing but that field.
        regions: Vec<Region>,
        /// Elements they hold, where the reader could count them without reading them.
        elements: Option<u64>,
    },
    /// Little-endian elements in another file of the model's folder.
    External {
        /// The file, relative to the model's folder, as the model spells it.
        location: String,
        /// First byte.
        offset: u64,
        /// Bytes; `None` where the model leaves it out (then: what the sizes and the type need).
        length: Option<u64>,
        /// Why the file must not or cannot be read; `None` where it can.
        problem: Option<String>,
    },
    /// A sparse tensor's dense sizes; values and indices are not kept.
    Sparse,
    /// No element data in any field.
    Absent,
}

/// A run of bytes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// First byte.
    pub offset: u64,
    /// Bytes.
    pub length: u64,
}

impl StoredTensor {
    /// Elements by `dims`; `None` past `u128`.
    #[must_use]
    pub fn numel(&self) -> Option<u128> {
        if self.dims.contains(&0) {
            return Some(0);
        }
        units::product(self.dims.iter().copied().map(u128::from))
    }

    /// Bytes that its elements need; `None` for strings, unknown types, and past `u128`.
    #[must_use]
    pub fn bytes(&self) -> Option<u128> {
        let data_type = self.data_type.filter(|it| it.bits() > 0)?;
        data_type.bytes_of(self.numel()?)
    }
}
