//! `AttributeProto` → [`Attr`], and the tensor that a `Constant` node's attribute is.

use crate::op::Attr;
use crate::read::onnx::findings::Findings;
use crate::read::onnx::proto::AttributeProto;
use crate::read::onnx::tensors::Tensors;
use crate::tensor::{DataType, Payload, StoredTensor};
use crate::units::wide;

/// The value of an attribute that is no graph; `node` names what it belongs to.
pub(super) fn attr(
    proto: &AttributeProto,
    node: &str,
    tensors: &mut Tensors,
    findings: &mut Findings,
) -> Attr {
    match kind(proto) {
        1 => Attr::Float(proto.f.unwrap_or_default()),
        2 => Attr::Int(proto.i.unwrap_or_default()),
        3 => Attr::String(proto.s.as_deref().map(text).unwrap_or_default()),
        4 => {
            let tensor = proto.t.as_ref();
            let tensor = tensor.and_then(|it| tensors.stored(it, node, findings));
            tensor.map_or(Attr::Other, |it| Attr::Tensor(Box::new(it)))
        }
        6 => Attr::Floats(proto.floats.clone()),
        7 => Attr::Ints(proto.ints.clone()),
        8 => Attr::Strings(proto.strings.iter().map(|it| text(it)).collect()),
        _ => Attr::Other,
    }
}

/// `AttributeProto.type`; by what is there where the file says none, as IR versions 1 and 2 did not.
fn kind(proto: &AttributeProto) -> i32 {
    let present = [
        (proto.f.is_some(), 1),
        (proto.i.is_some(), 2),
        (proto.s.is_some(), 3),
        (proto.t.is_some(), 4),
        (!proto.floats.is_empty(), 6),
        (!proto.strings.is_empty(), 8),
        (proto.sparse_tensor.is_some(), 11),
    ];
    if proto.r#type != 0 {
        return proto.r#type;
    }
    let found = present.iter().find(|it| it.0);
    // An empty list of anything is read as an empty list of integers.
    found.map_or(7, |it| it.1)
}

/// Bytes as text, what is no UTF-8 replaced.
pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The tensor that a `Constant` node with this attribute gives, under the name of its output.
pub(super) fn constant(
    attribute: &[u8],
    proto: &AttributeProto,
    name: &str,
    tensors: &mut Tensors,
    findings: &mut Findings,
) -> Option<StoredTensor> {
    let scalar = vec![];
    let list = |len: usize| vec![wide(len)];
    let (data_type, dims, bytes): (_, _, Vec<u8>) = match attribute {
        b"value" => return tensors.stored(proto.t.as_ref()?, name, findings),
        b"sparse_value" => {
            return Tensors::sparse(proto.sparse_tensor.as_ref()?, name, findings);
        }
        b"value_int" => {
            let bytes = proto.i.unwrap_or_default().to_le_bytes();
            (DataType::Int64, scalar, bytes.to_vec())
        }
        b"value_ints" => {
            let bytes = proto.ints.iter().flat_map(|it| it.to_le_bytes());
            (DataType::Int64, list(proto.ints.len()), bytes.collect())
        }
        b"value_float" => {
            let bytes = proto.f.unwrap_or_default().to_le_bytes();
            (DataType::Float, scalar, bytes.to_vec())
        }
        b"value_floats" => {
            let bytes = proto.floats.iter().flat_map(|it| it.to_le_bytes());
            (DataType::Float, list(proto.floats.len()), bytes.collect())
        }
        b"value_string" => (DataType::String, scalar, proto.s.clone()?),
        b"value_strings" => {
            let bytes = proto.strings.concat();
            (DataType::String, list(proto.strings.len()), bytes)
        }
        _ => return None,
    };
    Some(StoredTensor {
        name: name.to_owned(),
        data_type: Some(data_type),
        dims,
        payload: Payload::Inline(bytes),
    })
}
