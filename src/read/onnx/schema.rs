//! Which fields of which messages the scanner keeps, enters, or leaves where they are.

use super::proto as p;
use super::wire::{BYTES, FIXED32, FIXED64, VARINT};

/// A message of ONNX.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Model,
    Opset,
    Graph,
    Node,
    Attribute,
    Tensor,
    Entry,
    Sparse,
    ValueInfo,
    Type,
    TensorType,
    ElementType,
    MapType,
    OpaqueType,
    Shape,
    Dimension,
    Function,
}

/// What the scanner does with a field. Every other field is skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// A message to enter.
    Enter(Kind),
    /// Bytes or a string to keep.
    Keep,
    /// Bytes to keep unless they are long: an attribute's string may be a whole engine.
    KeepShort,
    /// One number of this wire type.
    Number(u8),
    /// Numbers of this wire type, packed or not.
    Numbers(u8),
    /// `raw_data`.
    Raw,
    /// Elements of a tensor, packed or not, each of this wire type.
    Elements(u8),
}

/// A message's kept fields: every number that has this rule.
type Row = (&'static [u32], Rule);

use Rule::{Elements, Enter, Keep, KeepShort, Number, Numbers, Raw};

impl Kind {
    fn rows(self) -> &'static [Row] {
        match self {
            Self::Model => &[
                (&[1], Number(VARINT)),
                (&[2, 3], Keep),
                (&[7], Enter(Self::Graph)),
                (&[8], Enter(Self::Opset)),
                (&[25], Enter(Self::Function)),
            ],
            Self::Opset => &[(&[1], Keep), (&[2], Number(VARINT))],
            Self::Graph => &[
                (&[1], Enter(Self::Node)),
                (&[2], Keep),
                (&[5], Enter(Self::Tensor)),
                (&[11, 12, 13], Enter(Self::ValueInfo)),
                (&[15], Enter(Self::Sparse)),
            ],
            Self::Node => &[(&[1, 2, 3, 4, 7, 8], Keep), (&[5], Enter(Self::Attribute))],
            Self::Attribute => &[
                (&[1, 9, 21], Keep),
                (&[2], Number(FIXED32)),
                (&[3, 20], Number(VARINT)),
                (&[7], Numbers(FIXED32)),
                (&[8], Numbers(VARINT)),
                (&[4], KeepShort),
                (&[5], Enter(Self::Tensor)),
                (&[6, 11], Enter(Self::Graph)),
                (&[22], Enter(Self::Sparse)),
            ],
            Self::Tensor => &[
                (&[1], Numbers(VARINT)),
                (&[2, 14], Number(VARINT)),
                (&[4], Elements(FIXED32)),
                (&[5, 7, 11], Elements(VARINT)),
                (&[6], Elements(BYTES)),
                (&[10], Elements(FIXED64)),
                (&[8], Keep),
                (&[9], Raw),
                (&[13], Enter(Self::Entry)),
            ],
            Self::Entry => &[(&[1, 2], Keep)],
            Self::Sparse => &[(&[1], Enter(Self::Tensor)), (&[3], Numbers(VARINT))],
            Self::ValueInfo => &[(&[1], Keep), (&[2], Enter(Self::Type))],
            Self::Type => &[
                (&[1, 8], Enter(Self::TensorType)),
                (&[4, 9], Enter(Self::ElementType)),
                (&[5], Enter(Self::MapType)),
                (&[7], Enter(Self::OpaqueType)),
            ],
            Self::TensorType => &[(&[1], Number(VARINT)), (&[2], Enter(Self::Shape))],
            Self::ElementType => &[(&[1], Enter(Self::Type))],
            Self::MapType => &[(&[2], Enter(Self::Type))],
            Self::OpaqueType => &[],
            Self::Shape => &[(&[1], Enter(Self::Dimension))],
            Self::Dimension => &[(&[1], Number(VARINT)), (&[2], Keep)],
            Self::Function => &[
                (&[1, 4, 5, 10, 13], Keep),
                (&[7], Enter(Self::Node)),
                (&[9], Enter(Self::Opset)),
                (&[11], Enter(Self::Attribute)),
                (&[12], Enter(Self::ValueInfo)),
            ],
        }
    }

    /// What to do with field `number`; `None` to skip it.
    pub(super) fn rule(self, number: u32) -> Option<Rule> {
        let row = self.rows().iter().find(|row| row.0.contains(&number));
        row.map(|row| row.1)
    }

    /// Upstream's name, and the bytes that one of it takes in memory once decoded.
    fn facts(self) -> (&'static str, usize) {
        match self {
            Self::Model => ("ModelProto", size_of::<p::ModelProto>()),
            Self::Opset => ("OperatorSetIdProto", size_of::<p::OperatorSetIdProto>()),
            Self::Graph => ("GraphProto", size_of::<p::GraphProto>()),
            Self::Node => ("NodeProto", size_of::<p::NodeProto>()),
            Self::Attribute => ("AttributeProto", size_of::<p::AttributeProto>()),
            Self::Tensor => ("TensorProto", size_of::<p::TensorProto>()),
            Self::Entry => (
                "StringStringEntryProto",
                size_of::<p::StringStringEntryProto>(),
            ),
            Self::Sparse => ("SparseTensorProto", size_of::<p::SparseTensorProto>()),
            Self::ValueInfo => ("ValueInfoProto", size_of::<p::ValueInfoProto>()),
            Self::Type => ("TypeProto", size_of::<p::TypeProto>()),
            Self::TensorType => ("TypeProto.Tensor", size_of::<p::TensorTypeProto>()),
            Self::ElementType => ("TypeProto.Sequence", size_of::<p::ElementTypeProto>()),
            Self::MapType => ("TypeProto.Map", size_of::<p::MapTypeProto>()),
            Self::OpaqueType => ("TypeProto.Opaque", size_of::<p::OpaqueTypeProto>()),
            Self::Shape => ("TensorShapeProto", size_of::<p::TensorShapeProto>()),
            Self::Dimension => ("TensorShapeProto.Dimension", size_of::<p::Dimension>()),
            Self::Function => ("FunctionProto", size_of::<p::FunctionProto>()),
        }
    }

    /// Upstream's name.
    pub(super) fn name(self) -> &'static str {
        self.facts().0
    }

    /// Bytes in memory: once decoded, and once more as a part of the network or a list's spare room.
    pub(super) fn cost(self) -> u64 {
        crate::units::wide(self.facts().1).saturating_mul(2)
    }
}

impl Rule {
    /// Whether a field of this rule may have the wire type, and which it should have.
    pub(super) fn accepts(self, wire: u8) -> Result<(), &'static str> {
        let (one, packed, expected) = match self {
            Enter(_) | Keep | KeepShort | Raw | Elements(BYTES) => (BYTES, false, "2"),
            Number(FIXED32) => (FIXED32, false, "5"),
            Number(_) => (VARINT, false, "0"),
            Numbers(FIXED32) | Elements(FIXED32) => (FIXED32, true, "5 or 2"),
            Elements(FIXED64) => (FIXED64, true, "1 or 2"),
            Numbers(_) | Elements(_) => (VARINT, true, "0 or 2"),
        };
        if wire == one || packed && wire == BYTES {
            Ok(())
        } else {
            Err(expected)
        }
    }
}
