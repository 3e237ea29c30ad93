//! `ValueInfoProto` → [`Declared`].

use foldhash::{HashMap, HashMapExt};

use crate::network::Declared;
use crate::read::onnx::proto::{Dimension, TensorTypeProto, TypeProto, ValueInfoProto};
use crate::tensor::{DataType, Dim, Expr};

/// Declared types of a graph's values by name.
pub(super) type Types<'m> = HashMap<&'m [u8], &'m TypeProto>;

/// Types from several lists; of two for one name the first counts.
pub(super) fn types<'m>(lists: &[&'m [ValueInfoProto]]) -> Types<'m> {
    let mut types = Types::new();
    for info in lists.iter().flat_map(|it| it.iter()) {
        if let Some(proto) = &info.r#type {
            types.entry(&info.name).or_insert(proto);
        }
    }
    types
}

/// A declared type; `None` where it says nothing.
pub(super) fn declared(proto: &TypeProto) -> Option<Declared> {
    if let Some(tensor) = proto
        .tensor_type
        .as_ref()
        .or(proto.sparse_tensor_type.as_ref())
    {
        return Some(of_tensor(tensor));
    }
    let inner = if let Some(it) = proto
        .sequence_type
        .as_ref()
        .or(proto.optional_type.as_ref())
    {
        it.elem_type.as_deref()
    } else if let Some(map) = &proto.map_type {
        map.value_type.as_deref()
    } else if proto.opaque_type.is_some() {
        None
    } else {
        return None;
    };
    // As deep as the scanner lets messages nest.
    let inner = inner.and_then(declared).unwrap_or_default();
    Some(Declared {
        container: true,
        ..inner
    })
}

fn of_tensor(tensor: &TensorTypeProto) -> Declared {
    let shape = tensor.shape.as_ref();
    Declared {
        data_type: DataType::from_onnx(tensor.elem_type),
        dims: shape.map(|it| it.dim.iter().map(dim).collect()),
        container: false,
    }
}

/// `?`, an empty name and a size below 1 are unknown sizes.
fn dim(dimension: &Dimension) -> Dim {
    if let Some(name) = dimension.dim_param.as_ref().filter(|it| !it.is_empty()) {
        return match &*String::from_utf8_lossy(name) {
            "?" => Dim::Unknown,
            name => Dim::Symbolic(Expr::name(name)),
        };
    }
    let size = dimension.dim_value.and_then(|it| u64::try_from(it).ok());
    match size {
        Some(size) if size > 0 => Dim::Known(size),
        _ => Dim::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_size_from_1_on_and_a_real_name_are_known() {
        let cases = [
            (Some(3), None, Dim::Known(3)),
            (Some(0), None, Dim::Unknown),
            (Some(-1), None, Dim::Unknown),
            (None, Some("N"), Dim::Symbolic(Expr::name("N"))),
            (None, Some("?"), Dim::Unknown),
            (None, Some(""), Dim::Unknown),
            (None, None, Dim::Unknown),
        ];
        for (value, name, expected) in cases {
            let proto = Dimension {
                dim_value: value,
                dim_param: name.map(|it| it.as_bytes().to_vec()),
            };
            assert_eq!(dim(&proto), expected, "{value:?} {name:?}");
        }
    }
}
