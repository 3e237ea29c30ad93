//! `ValueInfoProto` → [`Declared`].

use foldhash::{HashMap, HashMapExt};

use crate::network::Declared;
use crate::read::onnx::proto::{
    Dimension, Size, TensorTypeProto, TypeOf, TypeProto, ValueInfoProto,
};
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
    let inner = match proto.value.as_ref()? {
        TypeOf::Tensor(it) | TypeOf::SparseTensor(it) => return Some(of_tensor(it)),
        TypeOf::Sequence(it) | TypeOf::Optional(it) => it.elem_type.as_deref(),
        TypeOf::Map(it) => it.value_type.as_deref(),
        TypeOf::Opaque(_) => None,
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
    match &dimension.value {
        Some(Size::Value(size)) => match u64::try_from(*size) {
            Ok(size) if size > 0 => Dim::Known(size),
            _ => Dim::Unknown,
        },
        Some(Size::Param(name)) => match &*String::from_utf8_lossy(name) {
            "?" | "" => Dim::Unknown,
            name => Dim::Symbolic(Expr::name(name)),
        },
        None => Dim::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_size_from_1_on_and_a_real_name_are_known() {
        let name = |it: &str| Some(Size::Param(it.as_bytes().to_vec()));
        let cases = [
            (Some(Size::Value(3)), Dim::Known(3)),
            (Some(Size::Value(0)), Dim::Unknown),
            (Some(Size::Value(-1)), Dim::Unknown),
            (name("N"), Dim::Symbolic(Expr::name("N"))),
            (name("?"), Dim::Unknown),
            (name(""), Dim::Unknown),
            (None, Dim::Unknown),
        ];
        for (value, expected) in cases {
            let proto = Dimension { value };
            assert_eq!(dim(&proto), expected, "{proto:?}");
        }
    }
}
