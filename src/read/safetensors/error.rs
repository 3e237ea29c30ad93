//! What can be wrong with a safetensors file or its index.

use std::io;

use crate::units::grouped;

/// Why a file could not be read as safetensors. Offsets are bytes from the start of the data.
#[derive(Debug, thiserror::Error)]
pub enum SafetensorsError {
    /// The system could not read it.
    #[error("cannot be read: {0}")]
    Read(#[from] io::Error),
    /// Not even the header's length is there.
    #[error("the file has {0} bytes, and 8 are needed for the length of the header")]
    Short(u64),
    /// More than the format allows.
    #[error("header length {0} is over the format's 100 MB limit; not a safetensors file?")]
    Limit(u64),
    /// The header reaches past the end.
    #[error("the header ends at byte {} but the file has {}", number(*.end), number(*.size))]
    PastEnd {
        /// Past the header.
        end: u64,
        /// Size of the file.
        size: u64,
    },
    /// The header is not the JSON that it must be.
    #[error("header: {0}")]
    Header(String),
    /// The sizes' product passes 64 bits.
    #[error("tensor {tensor:?}: shape {shape:?} has more elements than 64 bits count")]
    Overflow {
        /// Its name.
        tensor: String,
        /// Its sizes, the first ones of many.
        shape: Vec<u64>,
    },
    /// Elements of less than a byte that do not fill their last byte.
    #[error("tensor {tensor:?}: {elements} elements of {bits} bits do not fill whole bytes")]
    Bits {
        /// Its name.
        tensor: String,
        /// How many.
        elements: u64,
        /// Bits of one.
        bits: u64,
    },
    /// The end comes before the beginning.
    #[error("tensor {tensor:?}: data begins at {begin} and ends at {end}")]
    Reversed {
        /// Its name.
        tensor: String,
        /// First byte.
        begin: u64,
        /// Past the last byte.
        end: u64,
    },
    /// Not as many bytes as sizes and type need.
    #[error("tensor {tensor:?}: its shape and type need {needed} bytes, its offsets span {found}")]
    Size {
        /// Its name.
        tensor: String,
        /// By shape and type.
        needed: u128,
        /// By its offsets.
        found: u64,
    },
    /// Bytes that belong to no tensor, or to two.
    #[error("tensor {tensor:?}: data begins at {begin} but the previous tensor ended at {previous} ({})", how(*.begin, *.previous))]
    Place {
        /// Its name.
        tensor: String,
        /// First byte.
        begin: u64,
        /// Past the previous tensor's last byte.
        previous: u64,
    },
    /// The data ends before or after the file.
    #[error("header and tensors take {} bytes but the file has {}", number(*.needed), number(*.size))]
    End {
        /// By the header.
        needed: u64,
        /// Size of the file.
        size: u64,
    },
    /// The index is not the JSON that it must be.
    #[error("index: {0}")]
    Index(String),
    /// A shard that is not a file beside the index.
    #[error("index: shard {0:?} is not a plain file name")]
    ShardName(String),
    /// A shard that cannot be had.
    #[error("index: shard {shard:?} {problem}")]
    Shard {
        /// Its name.
        shard: String,
        /// Why not.
        problem: String,
    },
    /// What the index says is not so.
    #[error("index: it puts tensor {tensor:?} in {shard:?}, which does not have it")]
    NotThere {
        /// The tensor.
        tensor: String,
        /// The shard.
        shard: String,
    },
}

fn number(count: u64) -> String {
    grouped(&count.to_string())
}

fn how(begin: u64, previous: u64) -> &'static str {
    if begin > previous { "hole" } else { "overlap" }
}
