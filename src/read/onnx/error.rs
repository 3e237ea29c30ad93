//! What can be wrong with the bytes of an ONNX file.

use std::io;

use crate::units::grouped;

/// Why a file could not be read as ONNX. Offsets are bytes from the start of the file.
#[derive(Debug, thiserror::Error)]
pub enum OnnxError {
    /// The system could not read it.
    #[error("cannot be read at byte {}: {cause}", number(*.offset))]
    Read {
        /// Where.
        offset: u64,
        /// What the system answered.
        cause: io::Error,
    },
    /// A field reaches past what holds it.
    #[error(
        "field {field} claims {} bytes at byte {}, past the end of {}",
        number(*.claims), number(*.offset), around(*.end, *.size)
    )]
    PastEnd {
        /// Its number.
        field: u32,
        /// Its length.
        claims: u64,
        /// Where the field begins.
        offset: u64,
        /// Where the message around it ends.
        end: u64,
        /// Size of the file.
        size: u64,
    },
    /// A key or a number goes on past what holds it.
    #[error("is cut short at byte {}: {} ends inside a field", number(*.offset), around(*.end, *.size))]
    Cut {
        /// Where the field begins.
        offset: u64,
        /// Where the message around it ends.
        end: u64,
        /// Size of the file.
        size: u64,
    },
    /// A varint of more than 64 bits.
    #[error("number of more than 64 bits at byte {}", number(*.offset))]
    LongVarint {
        /// Where it begins.
        offset: u64,
    },
    /// Field numbers are 1 to 536,870,911.
    #[error("field number {} at byte {}, expected 1 to 536,870,911", number(*.field), number(*.offset))]
    FieldNumber {
        /// The number.
        field: u64,
        /// Where the field begins.
        offset: u64,
    },
    /// Protobuf's groups, which ONNX never had.
    #[error("field {field} at byte {} is a protobuf group, which ONNX does not have", number(*.offset))]
    Group {
        /// Its number.
        field: u32,
        /// Where it begins.
        offset: u64,
    },
    /// The wire type is none that protobuf has, or none that this field can have.
    #[error(
        "field {field} of {message} has wire type {found} at byte {}, expected {expected}",
        number(*.offset)
    )]
    WireType {
        /// Its number.
        field: u32,
        /// The message that it stands in.
        message: &'static str,
        /// As the file has it.
        found: u8,
        /// As ONNX has it.
        expected: &'static str,
        /// Where it begins.
        offset: u64,
    },
    /// Messages inside messages.
    #[error("messages are nested more than {most} deep at byte {}", number(*.offset))]
    Nesting {
        /// The most that is read.
        most: usize,
        /// Where it goes deeper.
        offset: u64,
    },
    /// More structure than a model has.
    #[error(
        "structure up to byte {} would take {} bytes of memory, the limit for {} bytes of it is {}",
        number(*.offset), number(*.needed), number(*.structure), number(*.limit)
    )]
    Budget {
        /// Where the limit is passed.
        offset: u64,
        /// Memory it would take by there.
        needed: u64,
        /// Bytes of the file that were structure by there, without tensors' elements.
        structure: u64,
        /// The most that is allowed.
        limit: u64,
    },
    /// The skeleton does not decode.
    #[error("{0}")]
    Decode(String),
    /// There is no graph in it.
    #[error("holds no graph")]
    NoGraph,
    /// More values, nodes or tensors than can be numbered.
    #[error("holds more than 4,294,967,295 {0}")]
    TooMany(&'static str),
}

fn number(value: u64) -> String {
    grouped(&value.to_string())
}

/// What ends at `end`: the file of `size` bytes, or a message in it.
fn around(end: u64, size: u64) -> String {
    if end == size {
        format!("the file ({} bytes)", number(size))
    } else {
        format!("the message around it (byte {})", number(end))
    }
}
