//! Protobuf by hand, for what no writer of messages writes.

/// A field's key.
pub(crate) fn key(field: u32, wire: u8) -> Vec<u8> {
    varint(u64::from(field) << 3 | u64::from(wire))
}

/// A varint.
pub(crate) fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).expect("seven bits") | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).expect("seven bits"));
    out
}

/// A field of bytes: a string, a message, a packed list.
pub(crate) fn field(number: u32, bytes: &[u8]) -> Vec<u8> {
    let length = varint(u64::try_from(bytes.len()).expect("64 bits"));
    [key(number, 2), length, bytes.to_vec()].concat()
}

/// A field of one varint.
pub(crate) fn number(number: u32, value: u64) -> Vec<u8> {
    [key(number, 0), varint(value)].concat()
}

/// A field of bytes around a body that is already written, for messages inside messages: the bytes that
/// stand before the body.
pub(crate) fn header(number: u32, length: usize) -> Vec<u8> {
    let length = varint(u64::try_from(length).expect("64 bits"));
    [key(number, 2), length].concat()
}
