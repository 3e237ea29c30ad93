//! Declared types, as a full parse has them and as they are read here.

use std::collections::BTreeMap;

use cnninspect::network::Declared;
use cnninspect::tensor::DataType;
use onnx_protobuf::tensor_shape_proto::dimension::Value as Size;
use onnx_protobuf::type_proto::Value as Kind;
use onnx_protobuf::{GraphProto, TensorShapeProto, TypeProto, ValueInfoProto};

/// A graph's declared types by name, the first declaration of one counting.
pub(crate) fn types(graph: &GraphProto) -> BTreeMap<&str, &TypeProto> {
    let lists: [&[ValueInfoProto]; 3] = [&graph.input, &graph.output, &graph.value_info];
    let mut types = BTreeMap::new();
    for info in lists.into_iter().flatten() {
        if let Some(it) = info.type_.as_ref() {
            types.entry(&*info.name).or_insert(it);
        }
    }
    types
}

/// Element type, sizes as they print, whether it is a sequence, map or optional.
pub(crate) type Words = (Option<DataType>, Option<Vec<String>>, bool);

pub(crate) fn words(ours: &Declared) -> Words {
    let dims = ours.dims.as_ref();
    let dims = dims.map(|it| it.iter().map(ToString::to_string).collect());
    (ours.data_type, dims, ours.container)
}

/// The same of a full parse.
pub(crate) fn declared(proto: &TypeProto) -> Option<Words> {
    let tensor = |kind: i32, shape: Option<&TensorShapeProto>| {
        let dims = shape.map(|it| it.dim.iter().map(|it| size(it.value.as_ref())).collect());
        (DataType::from_onnx(kind), dims, false)
    };
    let inside = |it: Option<&TypeProto>| {
        let (kind, dims, _) = it.and_then(declared).unwrap_or((None, None, true));
        Some((kind, dims, true))
    };
    match proto.value.as_ref()? {
        Kind::TensorType(it) => Some(tensor(it.elem_type, it.shape.as_ref())),
        Kind::SparseTensorType(it) => Some(tensor(it.elem_type, it.shape.as_ref())),
        Kind::SequenceType(it) => inside(it.elem_type.as_ref()),
        Kind::OptionalType(it) => inside(it.elem_type.as_ref()),
        Kind::MapType(it) => inside(it.value_type.as_ref()),
        _ => inside(None),
    }
}

/// A size from 1 on, a name, or open.
fn size(size: Option<&Size>) -> String {
    match size {
        Some(Size::DimValue(it)) if *it > 0 => it.to_string(),
        Some(Size::DimParam(it)) if !it.is_empty() => it.clone(),
        _ => "?".to_owned(),
    }
}
