//! Element types, sizes and shapes, and tensors stored in a file.

mod decode;
mod expr;
mod form;
mod stored;

use std::fmt;

use serde::{Serialize, Serializer};

pub use decode::{Number, decode};
pub use expr::Expr;
pub use form::Form;
pub use stored::{Payload, Region, StoredTensor};

/// Element types under ONNX's names and numbers.
///
/// Source: `TensorProto.DataType` in <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto>
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are the specification's")]
pub enum DataType {
    Float,
    Uint8,
    Int8,
    Uint16,
    Int16,
    Int32,
    Int64,
    String,
    Bool,
    Float16,
    Double,
    Uint32,
    Uint64,
    Complex64,
    Complex128,
    Bfloat16,
    Float8e4m3fn,
    Float8e4m3fnuz,
    Float8e5m2,
    Float8e5m2fnuz,
    Uint4,
    Int4,
    Float4e2m1,
    Float8e8m0,
    Uint2,
    Int2,
    Float6e2m3,
    Float6e3m2,
}

/// A type's number in ONNX, its printed name, the bits of an element, its kind.
type TypeRow = (DataType, i32, &'static str, u64, Kind);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Float,
    Integer,
    Other,
}

const TYPES: &[TypeRow] = &[
    (DataType::Float, 1, "float32", 32, Kind::Float),
    (DataType::Uint8, 2, "uint8", 8, Kind::Integer),
    (DataType::Int8, 3, "int8", 8, Kind::Integer),
    (DataType::Uint16, 4, "uint16", 16, Kind::Integer),
    (DataType::Int16, 5, "int16", 16, Kind::Integer),
    (DataType::Int32, 6, "int32", 32, Kind::Integer),
    (DataType::Int64, 7, "int64", 64, Kind::Integer),
    (DataType::String, 8, "string", 0, Kind::Other),
    (DataType::Bool, 9, "bool", 8, Kind::Other),
    (DataType::Float16, 10, "float16", 16, Kind::Float),
    (DataType::Double, 11, "float64", 64, Kind::Float),
    (DataType::Uint32, 12, "uint32", 32, Kind::Integer),
    (DataType::Uint64, 13, "uint64", 64, Kind::Integer),
    (DataType::Complex64, 14, "complex64", 64, Kind::Float),
    (DataType::Complex128, 15, "complex128", 128, Kind::Float),
    (DataType::Bfloat16, 16, "bfloat16", 16, Kind::Float),
    (DataType::Float8e4m3fn, 17, "float8e4m3fn", 8, Kind::Float),
    (
        DataType::Float8e4m3fnuz,
        18,
        "float8e4m3fnuz",
        8,
        Kind::Float,
    ),
    (DataType::Float8e5m2, 19, "float8e5m2", 8, Kind::Float),
    (
        DataType::Float8e5m2fnuz,
        20,
        "float8e5m2fnuz",
        8,
        Kind::Float,
    ),
    (DataType::Uint4, 21, "uint4", 4, Kind::Integer),
    (DataType::Int4, 22, "int4", 4, Kind::Integer),
    (DataType::Float4e2m1, 23, "float4e2m1", 4, Kind::Float),
    (DataType::Float8e8m0, 24, "float8e8m0", 8, Kind::Float),
    (DataType::Uint2, 25, "uint2", 2, Kind::Integer),
    (DataType::Int2, 26, "int2", 2, Kind::Integer),
    (DataType::Float6e2m3, 27, "float6e2m3", 6, Kind::Float),
    (DataType::Float6e3m2, 28, "float6e3m2", 6, Kind::Float),
];

impl DataType {
    /// The type that ONNX gives this number; `None` for 0 (undefined) and numbers not yet defined.
    #[must_use]
    pub fn from_onnx(number: i32) -> Option<Self> {
        TYPES
            .iter()
            .find(|row| number != 0 && row.1 == number)
            .map(|row| row.0)
    }

    fn row(self) -> Option<&'static TypeRow> {
        TYPES.iter().find(|row| row.0 == self)
    }

    /// Its name in tables and JSON: `float32`, `bfloat16`, `int4`, …
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().map_or("", |row| row.2)
    }

    /// Bits of one element; 0 for strings, whose length varies.
    #[must_use]
    pub fn bits(self) -> u64 {
        self.row().map_or(0, |row| row.3)
    }

    /// Whether its elements are real or complex numbers of floating point.
    #[must_use]
    pub fn is_float(self) -> bool {
        self.row().is_some_and(|row| row.4 == Kind::Float)
    }

    /// Whether its elements are whole numbers.
    #[must_use]
    pub fn is_integer(self) -> bool {
        self.row().is_some_and(|row| row.4 == Kind::Integer)
    }

    /// Bytes of `elements` elements packed one after the other, the last byte filled up.
    #[must_use]
    pub fn bytes_of(self, elements: u128) -> Option<u128> {
        Some(elements.checked_mul(u128::from(self.bits()))?.div_ceil(8))
    }
}

impl Serialize for DataType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One size of a shape, in elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dim {
    /// A number.
    Known(u64),
    /// A formula in the file's own dimension names.
    Symbolic(Expr),
    /// Neither a number nor a name.
    Unknown,
}

impl Dim {
    /// The number, where it is one.
    #[must_use]
    pub fn known(&self) -> Option<u64> {
        match self {
            Self::Known(size) => Some(*size),
            _ => None,
        }
    }
}

impl Dim {
    /// Whether both are known to be one size.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Known(one), Self::Known(other)) => one == other,
            (Self::Symbolic(one), Self::Symbolic(other)) => one.same_as(other),
            _ => false,
        }
    }
}

impl From<u64> for Dim {
    fn from(size: u64) -> Self {
        Self::Known(size)
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(size) => write!(f, "{size}"),
            Self::Symbolic(expr) => write!(f, "{expr}"),
            Self::Unknown => f.write_str("?"),
        }
    }
}

impl Serialize for Dim {
    /// A number, a formula as a string, or null.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(size) => serializer.serialize_u64(*size),
            Self::Symbolic(expr) => serializer.serialize_str(&expr.to_string()),
            Self::Unknown => serializer.serialize_none(),
        }
    }
}

/// A tensor's sizes, outermost first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Shape(pub Vec<Dim>);

impl Shape {
    /// A shape of known sizes.
    #[must_use]
    pub fn known(sizes: &[u64]) -> Self {
        Self(sizes.iter().copied().map(Dim::Known).collect())
    }

    /// A shape of `rank` unknown sizes.
    #[must_use]
    pub fn unknown(rank: usize) -> Self {
        Self(vec![Dim::Unknown; rank])
    }

    /// How many axes it has.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// Its sizes, when every one is a number.
    #[must_use]
    pub fn sizes(&self) -> Option<Vec<u64>> {
        self.0.iter().map(Dim::known).collect()
    }

    /// Elements of a tensor of this shape; `None` where a size is no number or the product passes `u128`.
    #[must_use]
    pub fn numel(&self) -> Option<u128> {
        let sizes = self.sizes()?;
        if sizes.contains(&0) {
            return Some(0);
        }
        crate::units::product(sizes.into_iter().map(u128::from))
    }

    /// The size of axis `at`; unknown past the rank.
    #[must_use]
    pub fn dim(&self, at: usize) -> Dim {
        self.0.get(at).cloned().unwrap_or(Dim::Unknown)
    }
}

impl FromIterator<Dim> for Shape {
    fn from_iter<I: IntoIterator<Item = Dim>>(dims: I) -> Self {
        Self(dims.into_iter().collect())
    }
}

impl fmt::Display for Shape {
    /// Sizes joined by `×`: `1×3×227×227`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes: Vec<String> = self.0.iter().map(Dim::to_string).collect();
        f.pad(&sizes.join("×"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_one_row_and_onnx_numbers_are_unique() {
        for number in 1..=28 {
            let found: Vec<_> = TYPES.iter().filter(|row| row.1 == number).collect();
            assert_eq!(found.len(), 1, "{number}");
        }
        assert_eq!(DataType::from_onnx(0), None);
        assert_eq!(DataType::from_onnx(29), None);
    }

    #[test]
    fn packed_elements_fill_up_the_last_byte() {
        let cases = [
            (DataType::Int4, 3, 2),
            (DataType::Uint2, 5, 2),
            (DataType::Float6e2m3, 4, 3),
            (DataType::Float, 3, 12),
        ];
        for (data_type, elements, bytes) in cases {
            assert_eq!(data_type.bytes_of(elements), Some(bytes), "{data_type}");
        }
    }
}
