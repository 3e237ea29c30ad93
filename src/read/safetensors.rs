//! safetensors files: eight bytes, the header, and nothing else; and models in several of them under an
//! index file.
//!
//! Source: <https://github.com/huggingface/safetensors#format>

mod entry;
mod error;
mod header;
mod index;
mod lower;

pub use self::error::SafetensorsError;
pub(super) use self::index::{read as read_index, sniff as sniff_index};
use super::folder::Folder;
use crate::network::Network;
use crate::source::Source;
use lower::{Part, Place};

/// The format's limit for the header, in bytes.
const MOST_HEADER: u64 = 100_000_000;
/// Bytes of the header's length.
const PREFIX: u64 = 8;

/// Eight bytes of header length, then JSON. What only a broken file has there is taken too, so that it is
/// refused with its reason: a byte order mark, no byte at all.
pub(super) fn sniff(head: &[u8]) -> bool {
    let Some((length, json)) = head.split_first_chunk() else {
        return false;
    };
    let length = u64::from_le_bytes(*length);
    let first = json.iter().find(|it| !it.is_ascii_whitespace());
    match first {
        Some(b'{' | b'[') => true,
        Some(0xef) => length <= MOST_HEADER && json.starts_with(b"\xef\xbb\xbf"),
        Some(_) => false,
        None => u32::try_from(length).is_ok() || length == u64::MAX,
    }
}

/// Reads the model, without its payloads.
///
/// # Errors
/// [`SafetensorsError`] where the bytes are no safetensors file.
pub(super) fn read(source: &dyn Source, folder: &Folder) -> Result<Network, SafetensorsError> {
    let header = header::read(source)?;
    // What came through a pipe may be cut on purpose: the header is all that is needed.
    let cut = folder.is_none() && header.end > source.size();
    if !cut {
        header.check_end(source.size())?;
    }
    let part = Part {
        header,
        place: Place::Here,
    };
    Ok(lower::lower(vec![part], source.size(), cut))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_by_its_first_bytes() {
        let cases: &[(&[u8], bool)] = &[
            (b"\x10\0\0\0\0\0\0\0{\"a\":{}}", true),
            (b"\x10\0\0\0\0\0\0\0\n {\"a\":{}}", true),
            (b"\x10\0\0\0\0\0\0\0\xef\xbb\xbf{}", true),
            (b"\x01\xe1\xf5\x05\0\0\0\0", true),
            (b"\x08\x07\x12\x07pytorch", false),
            (b"\x10\0\0", false),
        ];
        for (head, expected) in cases {
            assert_eq!(
                sniff(head),
                *expected,
                "{:?}",
                String::from_utf8_lossy(head)
            );
        }
    }
}
