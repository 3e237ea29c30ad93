//! Elements of a tensor's typed fields as the packed little-endian bytes that `raw_data` would hold.
//!
//! Source: the comments on `TensorProto` in
//! <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto>

use std::io;

use prost::Message;

use super::proto::TensorProto;
use crate::source::Source;
use crate::tensor::{DataType, Region};
use crate::units::wide;

/// Number of `TensorProto.raw_data`.
pub(super) const RAW_DATA: u32 = 9;
/// Number of `TensorProto.string_data`.
pub(super) const STRING_DATA: u32 = 6;

/// The field of `TensorProto` that holds elements of this type when `raw_data` does not.
pub(super) fn field_of(data_type: DataType) -> u32 {
    use DataType as T;
    match data_type {
        T::Float | T::Complex64 => 4,
        T::String => STRING_DATA,
        T::Int64 => 7,
        T::Double | T::Complex128 => 10,
        T::Uint32 | T::Uint64 => 11,
        _ => 5,
    }
}

/// Entries of the typed field that `numel` elements fill.
pub(super) fn entries(data_type: DataType, numel: u128) -> Option<u128> {
    use DataType as T;
    match data_type {
        T::Complex64 | T::Complex128 => numel.checked_mul(2),
        T::Float6e2m3 | T::Float6e3m2 => Some(numel),
        _ if matches!(data_type.bits(), 1..8) => data_type.bytes_of(numel),
        _ => Some(numel),
    }
}

/// The typed elements of `tensor`, packed; empty where there are none.
pub(super) fn packed(tensor: &TensorProto, data_type: DataType) -> Vec<u8> {
    use DataType as T;
    match data_type {
        T::String => Vec::new(),
        T::Float | T::Complex64 => flat(&tensor.float_data, f32::to_le_bytes),
        T::Double | T::Complex128 => flat(&tensor.double_data, f64::to_le_bytes),
        T::Int64 => flat(&tensor.int64_data, i64::to_le_bytes),
        T::Uint64 => flat(&tensor.uint64_data, u64::to_le_bytes),
        T::Uint32 => flat(&tensor.uint64_data, |it| low::<8, 4>(it.to_le_bytes())),
        T::Int32 => flat(&tensor.int32_data, i32::to_le_bytes),
        T::Int16 | T::Uint16 | T::Float16 | T::Bfloat16 => {
            flat(&tensor.int32_data, |it| low::<4, 2>(it.to_le_bytes()))
        }
        T::Float6e2m3 | T::Float6e3m2 => six_bits(&tensor.int32_data),
        // One element of eight bits, two of four or four of two in an entry's lowest byte.
        _ => flat(&tensor.int32_data, |it| low::<4, 1>(it.to_le_bytes())),
    }
}

/// The same from whole fields of a `TensorProto` as they stand in a file.
pub(crate) fn packed_fields(fields: &[u8], data_type: DataType) -> Result<Vec<u8>, String> {
    let tensor = TensorProto::decode(fields).map_err(|it| it.to_string())?;
    Ok(packed(&tensor, data_type))
}

/// Where the elements of one packed list of floats lie, given the field that `region` is: they stand there
/// as in `raw_data`. `None` for any other field.
pub(crate) fn plain_list(
    source: &dyn Source,
    region: Region,
    data_type: DataType,
) -> io::Result<Option<Region>> {
    use DataType as T;
    if !matches!(
        data_type,
        T::Float | T::Double | T::Complex64 | T::Complex128
    ) {
        return Ok(None);
    }
    // A key of one byte and a length of ten at most.
    let size = region.length.min(11);
    let mut head = vec![0; usize::try_from(size).unwrap_or(0)];
    source.read_at(region.offset, &mut head)?;
    let packed = field_of(data_type) << 3 | 2;
    let Some((first, mut rest)) = head.split_first() else {
        return Ok(None);
    };
    if u32::from(*first) != packed {
        return Ok(None);
    }
    let before = rest.len();
    let Ok(length) = prost::decode_length_delimiter(&mut rest) else {
        return Ok(None);
    };
    let skipped = wide(before.saturating_sub(rest.len())).saturating_add(1);
    let length = wide(length);
    let whole = skipped.checked_add(length) == Some(region.length);
    Ok(whole.then_some(Region {
        offset: region.offset.saturating_add(skipped),
        length,
    }))
}

fn flat<T: Copy, const N: usize>(values: &[T], bytes: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|it| bytes(*it)).collect()
}

/// The lowest `N` of little-endian bytes.
fn low<const M: usize, const N: usize>(bytes: [u8; M]) -> [u8; N] {
    bytes.first_chunk().copied().unwrap_or([0; N])
}

/// Six-bit elements as one stream of bits, the lowest first.
fn six_bits(values: &[i32]) -> Vec<u8> {
    let mut out = Vec::with_capacity(values.len());
    for group in values.chunks(4) {
        let mut bits = 0u32;
        for (at, value) in group.iter().enumerate() {
            let [code, ..] = (value & 0x3f).to_le_bytes();
            bits |= u32::from(code) << (6 * at);
        }
        let [first, second, third, _] = bits.to_le_bytes();
        let used = (group.len() * 6).div_ceil(8);
        out.extend([first, second, third].iter().take(used));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_entries_pack_as_raw_data_does() {
        let ints = |values: &[i32]| TensorProto {
            int32_data: values.to_vec(),
            ..TensorProto::default()
        };
        // Expected bytes by the comments in onnx.proto.
        let cases = [
            (
                "negative int8",
                DataType::Int8,
                ints(&[-2, 3]),
                vec![0xfe, 3],
            ),
            (
                "half one",
                DataType::Float16,
                ints(&[0x3c00]),
                vec![0, 0x3c],
            ),
            (
                "int4 pair",
                DataType::Int4,
                ints(&[0x21, 0x03]),
                vec![0x21, 3],
            ),
            ("int2 quad", DataType::Int2, ints(&[0xe4]), vec![0xe4]),
            (
                "six bits, four in three bytes and one alone",
                DataType::Float6e2m3,
                ints(&[0x3f, 0x01, 0x02, 0x3f, 0x05]),
                // 0x3f | (1 & 3) << 6, (1 >> 2) | (2 & 0xf) << 4, (2 >> 4) | 0x3f << 2, 5
                vec![0x7f, 0x20, 0xfc, 0x05],
            ),
        ];
        for (case, data_type, tensor, expected) in cases {
            assert_eq!(packed(&tensor, data_type), expected, "{case}");
        }
    }

    #[test]
    fn entries_of_small_types_hold_several_elements() {
        let cases = [
            (DataType::Uint4, 3, 2),
            (DataType::Uint2, 5, 2),
            (DataType::Float6e3m2, 5, 5),
            (DataType::Complex64, 5, 10),
            (DataType::Bool, 5, 5),
        ];
        for (data_type, numel, expected) in cases {
            assert_eq!(entries(data_type, numel), Some(expected), "{data_type}");
        }
    }
}
