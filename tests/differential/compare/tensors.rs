//! Stored tensors: type, sizes, and the bytes wherever they lie.

use cnninspect::tensor::{DataType, Payload, StoredTensor};
use onnx_protobuf::tensor_proto::DataLocation;
use onnx_protobuf::{Message, TensorProto};

use super::{Stored, Walk};
use crate::packed::packed;

impl Walk<'_, '_> {
    /// Every stored tensor, in the order in which the file has them.
    pub(super) fn tensors(&mut self) {
        let stored = std::mem::take(&mut self.stored);
        // A tensor whose sizes no tensor can have is a finding and is not stored.
        let possible = |it: &Stored| match it {
            Stored::Tensor(_, _, tensor) => is_possible(&tensor.dims),
            Stored::Sparse(_, _, dims, _) => is_possible(dims),
            Stored::Plain(..) => true,
        };
        let stored: Vec<_> = stored.into_iter().filter(possible).collect();
        let ours = &self.model.network.initializers;
        assert_eq!(ours.len(), stored.len(), "{}: stored tensors", self.case);
        for (ours, theirs) in ours.iter().zip(stored) {
            let tensor = &ours.tensor;
            let case = format!("{}: tensor {:?}", self.case, tensor.name);
            match theirs {
                Stored::Tensor(source, name, theirs) => {
                    assert_eq!((ours.source, &tensor.name), (source, &name), "{case}");
                    self.tensor(&case, tensor, theirs);
                }
                Stored::Sparse(source, name, dims, kind) => {
                    assert_eq!((ours.source, &tensor.name), (source, &name), "{case}");
                    assert_eq!(tensor.payload, Payload::Sparse, "{case}");
                    self.head(&case, tensor, dims, kind);
                }
                Stored::Plain(name, kind, dims, bytes) => {
                    let expected = StoredTensor {
                        name,
                        data_type: DataType::from_onnx(kind),
                        dims,
                        payload: Payload::Inline(bytes),
                    };
                    assert_eq!(*tensor, expected, "{case}");
                    self.compared.tensors += 1;
                }
            }
        }
    }

    fn head(&mut self, case: &str, ours: &StoredTensor, dims: &[i64], kind: i32) {
        let sizes: Vec<i64> = ours.dims.iter().map(|it| *it as i64).collect();
        assert_eq!(sizes, dims, "{case}");
        assert_eq!(ours.data_type, DataType::from_onnx(kind), "{case}");
        self.compared.tensors += 1;
    }

    pub(super) fn tensor(&mut self, case: &str, ours: &StoredTensor, theirs: &TensorProto) {
        self.head(case, ours, &theirs.dims, theirs.data_type);
        if theirs.data_location.enum_value_or_default() == DataLocation::EXTERNAL {
            self.external(case, ours, theirs);
            return;
        }
        let expected = packed(theirs);
        match &ours.payload {
            Payload::Inline(bytes) => {
                assert!(*bytes == expected, "{case}: {bytes:?} {expected:?}");
                self.compared.bytes += bytes.len();
            }
            Payload::Raw(region) => {
                let bytes = self.region(region.offset, region.length);
                assert!(bytes == theirs.raw_data, "{case}: raw data elsewhere");
                self.compared.bytes += bytes.len();
                self.compared.places += 1;
            }
            Payload::Typed { field, regions, .. } => {
                let mut fields = Vec::new();
                for region in regions {
                    fields.extend(self.region(region.offset, region.length));
                }
                let alone = TensorProto::parse_from_bytes(&fields).unwrap();
                assert_eq!(alone, only(theirs, *field), "{case}: typed data elsewhere");
                self.compared.places += 1;
            }
            Payload::Absent => assert!(expected.is_empty(), "{case}: {expected:?}"),
            other => panic!("{case}: {other:?}"),
        }
        if let Ok(loaded) = self.model.load(ours) {
            assert!(loaded == expected, "{case}: loaded");
        }
    }

    fn region(&self, offset: u64, length: u64) -> &[u8] {
        let start = usize::try_from(offset).unwrap();
        &self.file[start..start + usize::try_from(length).unwrap()]
    }

    fn external(&mut self, case: &str, ours: &StoredTensor, theirs: &TensorProto) {
        let Payload::External {
            location,
            offset,
            length,
            problem,
        } = &ours.payload
        else {
            panic!("{case}: {:?}", ours.payload);
        };
        // As onnx's ExternalDataInfo and ONNX Runtime read them: of two of one key the last counts.
        let entry = |key: &str| {
            let found = theirs.external_data.iter().rev().find(|it| it.key == key);
            found.map(|it| it.value.clone())
        };
        assert_eq!(*location, entry("location").unwrap_or_default(), "{case}");
        let number = |key: &str| entry(key).and_then(|it| it.trim().parse::<u64>().ok());
        assert_eq!(*offset, number("offset").unwrap_or(0), "{case}");
        assert_eq!(*length, number("length"), "{case}");
        let (Some(folder), None) = (self.folder, problem) else {
            return;
        };
        let whole = std::fs::read(folder.join(location)).unwrap();
        let loaded = self.model.load(ours).unwrap();
        let start = usize::try_from(*offset).unwrap();
        assert!(loaded == whole[start..start + loaded.len()], "{case}");
        self.compared.places += 1;
        self.compared.bytes += loaded.len();
    }
}

/// Sizes from 0 on whose product 128 bits hold.
fn is_possible(dims: &[i64]) -> bool {
    let product = dims
        .iter()
        .try_fold(1u128, |all, it| all.checked_mul(u128::try_from(*it).ok()?));
    dims.iter().all(|it| *it >= 0) && (dims.contains(&0) || product.is_some())
}

/// A tensor of nothing but the typed field of this number.
fn only(tensor: &TensorProto, field: u32) -> TensorProto {
    let mut alone = TensorProto::new();
    match field {
        4 => alone.float_data.clone_from(&tensor.float_data),
        5 => alone.int32_data.clone_from(&tensor.int32_data),
        6 => alone.string_data.clone_from(&tensor.string_data),
        7 => alone.int64_data.clone_from(&tensor.int64_data),
        10 => alone.double_data.clone_from(&tensor.double_data),
        11 => alone.uint64_data.clone_from(&tensor.uint64_data),
        other => panic!("field {other} is none of typed data"),
    }
    alone
}
