//! A tensor's elements as `raw_data` has them, by the comments in onnx.proto.

use onnx_protobuf::TensorProto;

/// `raw_data`, or the typed field that the type's elements are in, packed.
pub(crate) fn packed(tensor: &TensorProto) -> Vec<u8> {
    if !tensor.raw_data.is_empty() {
        return tensor.raw_data.clone();
    }
    let ints = |width: usize| {
        let ints = tensor.int32_data.iter();
        ints.flat_map(|it| it.to_le_bytes()[..width].to_vec())
            .collect()
    };
    match tensor.data_type {
        // float and complex64
        1 | 14 => flat(&tensor.float_data, f32::to_le_bytes),
        // double and complex128
        11 | 15 => flat(&tensor.double_data, f64::to_le_bytes),
        // int64, uint64, uint32
        7 => flat(&tensor.int64_data, i64::to_le_bytes),
        13 => flat(&tensor.uint64_data, u64::to_le_bytes),
        12 => flat(&tensor.uint64_data, |it| {
            let [a, b, c, d, ..] = it.to_le_bytes();
            [a, b, c, d]
        }),
        // strings have no size, and an unknown type has no field
        8 => vec![],
        6 => ints(4),
        // uint16, int16, float16, bfloat16
        4 | 5 | 10 | 16 => ints(2),
        // six bits each, in one stream of bits
        27 | 28 => bits(&tensor.int32_data, 6),
        2..=28 => ints(1),
        _ => vec![],
    }
}

fn flat<T: Copy, const N: usize>(list: &[T], bytes: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    list.iter().flat_map(|it| bytes(*it)).collect()
}

/// The lowest `width` bits of each, the lowest first.
fn bits(list: &[i32], width: usize) -> Vec<u8> {
    let mut out = vec![0; (list.len() * width).div_ceil(8)];
    for (at, code) in list.iter().enumerate() {
        for bit in 0..width {
            let place = at * width + bit;
            out[place / 8] |= u8::from(code >> bit & 1 == 1) << (place % 8);
        }
    }
    out
}
