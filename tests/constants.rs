//! A `Constant` node's attribute, in each of its forms, is a stored tensor.

mod support;

use cnninspect::network::Source;
use cnninspect::read;
use onnx_protobuf::AttributeProto;
use support::{floats, graph, int, int64s, ints, model, node, tensor_attribute, with};

/// The attribute, and its type, sizes and bytes; strings and sparse tensors have none.
type Case = (AttributeProto, &'static str, Vec<u64>, Option<Vec<u8>>);

#[test]
fn every_form_of_constant_is_a_stored_tensor() {
    use onnx_protobuf::attribute_proto::AttributeType;
    let attribute = |name: &str, kind: AttributeType| AttributeProto {
        name: name.into(),
        type_: kind.into(),
        ..Default::default()
    };
    let value_floats = AttributeProto {
        floats: vec![1.0, 2.0],
        ..attribute("value_floats", AttributeType::FLOATS)
    };
    let value_strings = AttributeProto {
        strings: vec![b"a".to_vec()],
        ..attribute("value_strings", AttributeType::STRINGS)
    };
    let mut sparse = attribute("sparse_value", AttributeType::SPARSE_TENSOR);
    let mut tensor = onnx_protobuf::SparseTensorProto::new();
    tensor.dims = vec![4, 4];
    tensor.values = protobuf::MessageField::some(floats("", &[1], &[3.0]));
    sparse.sparse_tensor = protobuf::MessageField::some(tensor);
    let cases: Vec<Case> = vec![
        (
            tensor_attribute("value", int64s("", &[7, 8])),
            "int64",
            vec![2],
            Some([7i64, 8].iter().flat_map(|it| it.to_le_bytes()).collect()),
        ),
        (int("value_int", -1), "int64", vec![], Some(vec![0xff; 8])),
        (
            ints("value_ints", &[1, 2]),
            "int64",
            vec![2],
            Some([1i64, 2].iter().flat_map(|it| it.to_le_bytes()).collect()),
        ),
        (
            support::float("value_float", 1.0),
            "float32",
            vec![],
            Some(vec![0, 0, 0x80, 0x3f]),
        ),
        (
            value_floats,
            "float32",
            vec![2],
            Some(vec![0, 0, 0x80, 0x3f, 0, 0, 0, 0x40]),
        ),
        (support::string("value_string", "s"), "string", vec![], None),
        (value_strings, "string", vec![1], None),
        (sparse, "float32", vec![4, 4], None),
    ];
    for (attribute, data_type, dims, bytes) in cases {
        let case = attribute.name.clone();
        let constant = with(node("c", "Constant", &[], &["k"]), vec![attribute]);
        let main = graph(vec![constant], &[], &["k"]);
        let model = read::read_bytes(support::bytes(&model(main, 17))).unwrap();
        let network = &model.network;
        assert_eq!(network.findings, [], "{case}");
        let stored = &network.initializers[0];
        assert_eq!(stored.source, Source::Constant, "{case}");
        assert_eq!(stored.tensor.data_type.unwrap().name(), data_type, "{case}");
        assert_eq!(stored.tensor.dims, dims, "{case}");
        assert_eq!(model.load(&stored.tensor).ok(), bytes, "{case}");
        assert_eq!(network.main().unwrap().nodes.len(), 1, "{case}");
    }
}
