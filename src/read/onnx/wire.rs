//! Protobuf's wire format: keys and varints, read and written.
//!
//! Source: <https://protobuf.dev/programming-guides/encoding/>

use super::error::OnnxError;
use super::window::Window;
use crate::units::wide;

/// A varint follows.
pub(super) const VARINT: u8 = 0;
/// Eight bytes follow.
pub(super) const FIXED64: u8 = 1;
/// A length and as many bytes follow.
pub(super) const BYTES: u8 = 2;
/// Four bytes follow.
pub(super) const FIXED32: u8 = 5;

/// The largest field number.
const MOST_FIELDS: u64 = (1 << 29) - 1;

/// What stands before a field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) field: u32,
    pub(super) wire: u8,
}

/// Reads a varint that lies before byte `end`.
pub(super) fn varint(window: &mut Window, end: u64) -> Result<u64, OnnxError> {
    let offset = window.offset();
    let mut value = 0u64;
    for shift in (0..70).step_by(7) {
        if window.offset() >= end {
            let size = window.size();
            return Err(OnnxError::Cut { offset, end, size });
        }
        let byte = window.byte()?;
        let bits = u64::from(byte & 0x7f);
        // The tenth byte holds one bit.
        if shift == 63 && bits > 1 {
            break;
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(OnnxError::LongVarint { offset })
}

/// Reads a field's key that lies before byte `end`.
pub(super) fn key(window: &mut Window, end: u64) -> Result<Key, OnnxError> {
    let offset = window.offset();
    let value = varint(window, end)?;
    let field = value >> 3;
    let number = u32::try_from(field)
        .ok()
        .filter(|_| (1..=MOST_FIELDS).contains(&field))
        .ok_or(OnnxError::FieldNumber { field, offset })?;
    let wire = u8::try_from(value & 7).unwrap_or_default();
    if wire == 3 || wire == 4 {
        return Err(OnnxError::Group {
            field: number,
            offset,
        });
    }
    Ok(Key {
        field: number,
        wire,
    })
}

/// Appends `value` as a varint.
pub(super) fn put_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(low(value) | 0x80);
        value >>= 7;
    }
    out.push(low(value));
}

/// Appends a field's key.
pub(super) fn put_key(key: Key, out: &mut Vec<u8>) {
    put_varint(u64::from(key.field) << 3 | u64::from(key.wire), out);
}

/// The lowest seven bits.
fn low(value: u64) -> u8 {
    u8::try_from(value & 0x7f).unwrap_or_default()
}

/// `length` as a varint of five bytes, so that it can be put in place once it is known.
pub(super) fn padded(length: u64) -> [u8; 5] {
    let byte = |shift: u32| low(length >> shift) | 0x80;
    [byte(0), byte(7), byte(14), byte(21), low(length >> 28)]
}

/// Appends a field of bytes.
pub(super) fn put_bytes(field: u32, bytes: &[u8], out: &mut Vec<u8>) {
    put_key(Key { field, wire: BYTES }, out);
    put_varint(wide(bytes.len()), out);
    out.extend_from_slice(bytes);
}

/// Appends the value of a field that is one number and lies before byte `end`.
pub(super) fn copy_number(
    window: &mut Window,
    key: Key,
    offset: u64,
    end: u64,
    out: &mut Vec<u8>,
) -> Result<(), OnnxError> {
    let width = match key.wire {
        FIXED32 => 4,
        FIXED64 => 8,
        _ => {
            put_varint(varint(window, end)?, out);
            return Ok(());
        }
    };
    if end.saturating_sub(window.offset()) < width {
        let size = window.size();
        return Err(OnnxError::Cut { offset, end, size });
    }
    window.copy(width, out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::BytesSource;
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> Result<u64, String> {
        let source = BytesSource(bytes.to_vec());
        let end = bytes.len().try_into().unwrap();
        varint(&mut Window::new(&source, Vec::new()), end).map_err(|it| it.to_string())
    }

    proptest! {
        #[test]
        fn a_written_varint_reads_back(value: u64) {
            let mut bytes = Vec::new();
            put_varint(value, &mut bytes);
            prop_assert_eq!(read(&bytes), Ok(value));
            let mut theirs = Vec::new();
            prost::encoding::encode_varint(value, &mut theirs);
            prop_assert_eq!(&bytes, &theirs);
            for len in 0..bytes.len() {
                prop_assert!(read(&bytes[..len]).is_err());
            }
        }

        #[test]
        fn a_padded_length_reads_back(length: u32) {
            prop_assert_eq!(read(&padded(length.into())), Ok(length.into()));
        }

        #[test]
        fn any_bytes_give_what_prost_gives(bytes: Vec<u8>) {
            let theirs = prost::encoding::decode_varint(&mut bytes.as_slice());
            prop_assert_eq!(read(&bytes).ok(), theirs.ok());
        }
    }

    #[test]
    fn keys_that_no_field_has_are_refused() {
        let cases: &[(&[u8], &str)] = &[
            (
                &[0x00],
                "field number 0 at byte 0, expected 1 to 536,870,911",
            ),
            (
                &[0x80, 0x80, 0x80, 0x80, 0x10],
                "field number 536,870,912 at byte 0, expected 1 to 536,870,911",
            ),
            (
                &[0x0b],
                "field 1 at byte 0 is a protobuf group, which ONNX does not have",
            ),
            (&[0xff; 11], "number of more than 64 bits at byte 0"),
            (
                &[0x88],
                "is cut short at byte 0: the file (1 bytes) ends inside a field",
            ),
        ];
        for (bytes, expected) in cases {
            let source = BytesSource(bytes.to_vec());
            let end = bytes.len().try_into().unwrap();
            let error = key(&mut Window::new(&source, Vec::new()), end).unwrap_err();
            assert_eq!(error.to_string(), *expected, "{bytes:02x?}");
        }
    }
}
