//! ONNX files: a skeleton by positioned reads, decoded by prost, lowered to a [`Network`].

mod encode;
mod error;
mod findings;
mod lower;
mod payloads;
mod proto;
mod schema;
mod skeleton;
mod tensors;
mod window;
mod wire;

use prost::Message;

pub(super) use self::encode::{packed_fields, plain_list};
pub use self::error::OnnxError;
use super::folder::Folder;
use crate::network::Network;
use crate::source::Source;

/// Whether a file that begins with `head` can be protobuf, which has no magic number: its first byte is
/// the key of a field.
pub(super) fn sniff(head: &[u8]) -> bool {
    // A long field number continues in the next byte. Wire type 3 is refused with its reason later.
    let first = head.first().copied().unwrap_or_default();
    matches!(first & 7, 0..=3 | 5) && first >= 8
}

/// Reads the model, without its payloads. `head` is what was read of its beginning.
///
/// # Errors
/// [`OnnxError`] where the bytes are no ONNX model.
pub(super) fn read(
    source: &dyn Source,
    head: Vec<u8>,
    folder: &Folder,
) -> Result<Network, OnnxError> {
    let skeleton = skeleton::scan(source, head)?;
    let model = proto::ModelProto::decode(skeleton.as_slice())
        .map_err(|it| OnnxError::Decode(it.to_string()))?;
    drop(skeleton);
    lower::lower(&model, source.size(), folder)
}
