//! `TensorProto` → [`StoredTensor`], and what is odd about its sizes and its data.

use std::collections::BTreeMap;

use super::encode::{self, RAW_DATA};
use super::findings::Findings;
use super::proto::{Elsewhere, SparseTensorProto, TensorProto};
use crate::read::folder::Folder;
use crate::tensor::{DataType, Payload, Region, StoredTensor};
use crate::units::{grouped, wide};

/// `TensorProto.DataLocation.EXTERNAL`.
const EXTERNAL: i32 = 1;

/// Makes stored tensors, and gathers what is wrong with files of external data.
pub(super) struct Tensors<'f> {
    folder: &'f Folder,
    /// Tensors that a file cannot give, by why; the first one's name and how many.
    troubles: BTreeMap<String, (String, u64)>,
}

impl<'f> Tensors<'f> {
    pub(super) fn new(folder: &'f Folder) -> Self {
        Self {
            folder,
            troubles: BTreeMap::new(),
        }
    }

    /// The tensor under the name `name`; `None`, and a finding, where it has no sizes that make sense.
    pub(super) fn stored(
        &mut self,
        tensor: &TensorProto,
        name: &str,
        findings: &mut Findings,
    ) -> Option<StoredTensor> {
        let data_type = DataType::from_onnx(tensor.data_type);
        if data_type.is_none() {
            let number = tensor.data_type;
            findings.add("data-type", Some(name), || {
                format!("{name:?} has the data type {number}, which is not known here")
            });
        }
        let mut stored = StoredTensor {
            name: name.to_owned(),
            data_type,
            dims: sizes(&tensor.dims, name, findings)?,
            payload: Payload::Absent,
        };
        if tensor.data_location == EXTERNAL {
            stored.payload = self.external(tensor, &stored);
        } else {
            stored.payload = payload(tensor, data_type);
        }
        check_length(&stored, findings);
        Some(stored)
    }

    /// The sparse tensor under the name `name`, by its dense sizes.
    pub(super) fn sparse(
        sparse: &SparseTensorProto,
        name: &str,
        findings: &mut Findings,
    ) -> Option<StoredTensor> {
        let values = sparse.values.as_ref();
        Some(StoredTensor {
            name: name.to_owned(),
            data_type: values.and_then(|it| DataType::from_onnx(it.data_type)),
            dims: sizes(&sparse.dims, name, findings)?,
            payload: Payload::Sparse,
        })
    }

    fn external(&mut self, tensor: &TensorProto, stored: &StoredTensor) -> Payload {
        let entry = |key: &[u8]| {
            // Of two entries of one key the last counts, as onnx and ONNX Runtime read them.
            let entries = &mut tensor.external_data.iter();
            let found = entries.rfind(|it| it.key == key);
            found.map(|it| String::from_utf8_lossy(&it.value).into_owned())
        };
        let location = entry(b"location").unwrap_or_default();
        let offset = entry(b"offset").map_or(Ok(0), |it| count("offset", &it));
        let length = entry(b"length").map_or(Ok(None), |it| count("length", &it).map(Some));
        let problem = match (&offset, &length) {
            (Err(problem), _) | (_, Err(problem)) => Some(problem.clone()),
            (Ok(offset), Ok(length)) => self.reach(&location, *offset, *length, stored),
        };
        if let Some(problem) = &problem {
            let first = (stored.name.clone(), 0);
            let trouble = self.troubles.entry(problem.clone()).or_insert(first);
            trouble.1 = trouble.1.saturating_add(1);
        }
        Payload::External {
            location,
            offset: offset.unwrap_or(0),
            length: length.unwrap_or(None),
            problem,
        }
    }

    /// Why the file at `location` cannot give these bytes.
    fn reach(
        &self,
        location: &str,
        offset: u64,
        length: Option<u64>,
        stored: &StoredTensor,
    ) -> Option<String> {
        let size = match self.folder.size(location) {
            Ok(size) => size,
            Err(problem) => return Some(problem.to_string()),
        };
        let needed = length.map(u128::from).or_else(|| stored.bytes())?;
        let end = u128::from(offset).saturating_add(needed);
        (end > u128::from(size)).then(|| {
            let (end, size) = (grouped(&end.to_string()), grouped(&size.to_string()));
            format!("data up to byte {end} of {location:?} is needed, the file has {size} bytes")
        })
    }

    /// One finding for each reason, not for each tensor.
    pub(super) fn report(self, findings: &mut Findings) {
        for (problem, (first, count)) in self.troubles {
            let more = match count {
                1 => String::new(),
                _ => format!(" and {} more", grouped(&(count - 1).to_string())),
            };
            let message = format!("the data of {first:?}{more} is not read: {problem}");
            findings.add("external-data", None, || message);
        }
    }
}

/// A number of bytes in `external_data`.
fn count(key: &str, text: &str) -> Result<u64, String> {
    let text = text.trim();
    text.parse()
        .map_err(|_| format!("its {key} is {text:?}, expected a number of bytes from 0 on"))
}

/// Sizes from 0 on whose product can be counted.
fn sizes(dims: &[i64], name: &str, findings: &mut Findings) -> Option<Vec<u64>> {
    let sizes: Option<Vec<u64>> = dims.iter().map(|it| u64::try_from(*it).ok()).collect();
    let countable = sizes.filter(|it| {
        it.contains(&0) || crate::units::product(it.iter().copied().map(u128::from)).is_some()
    });
    if countable.is_none() {
        findings.add("bad-dims", Some(name), || {
            let dims: Vec<String> = dims.iter().map(i64::to_string).collect();
            let dims = dims.join("×");
            format!("{name:?} has the sizes {dims}, which no tensor can have")
        });
    }
    countable
}

/// Where the elements in the model file are.
fn payload(tensor: &TensorProto, data_type: Option<DataType>) -> Payload {
    let in_field = |field: u32| tensor.elsewhere.iter().rev().find(|it| it.field == field);
    if let Some(region) = in_field(RAW_DATA).and_then(|it| regions(it).pop()) {
        return Payload::Raw(region);
    }
    if let Some(bytes) = tensor.raw_data.as_ref().filter(|it| !it.is_empty()) {
        return Payload::Inline(bytes.clone());
    }
    let elsewhere = match data_type {
        Some(data_type) => in_field(encode::field_of(data_type)),
        None => tensor.elsewhere.first(),
    };
    if let Some(elsewhere) = elsewhere {
        return Payload::Typed {
            field: elsewhere.field,
            regions: regions(elsewhere),
            elements: elsewhere.elements,
        };
    }
    let bytes = data_type.map(|it| encode::packed(tensor, it));
    match bytes.filter(|it| !it.is_empty()) {
        Some(bytes) => Payload::Inline(bytes),
        None if tensor.raw_data.is_some() || tensor.dims.contains(&0) => Payload::Inline(vec![]),
        None => Payload::Absent,
    }
}

fn regions(elsewhere: &Elsewhere) -> Vec<Region> {
    let bounds = elsewhere.offsets.iter().zip(&elsewhere.lengths);
    bounds
        .map(|(&offset, &length)| Region { offset, length })
        .collect()
}

/// Notes a payload that is longer or shorter than the sizes and the type need, where that can be told
/// without reading it.
fn check_length(stored: &StoredTensor, findings: &mut Findings) {
    let bytes = |length: u64| Some((stored.bytes()?, u128::from(length), "bytes"));
    let compared = match &stored.payload {
        Payload::Inline(data) => bytes(wide(data.len())),
        Payload::Raw(region) => bytes(region.length),
        Payload::External { length, .. } => length.and_then(bytes),
        Payload::Typed { elements, .. } => elements.and_then(|found| {
            let needed = encode::entries(stored.data_type?, stored.numel()?)?;
            Some((needed, u128::from(found), "entries"))
        }),
        Payload::Absent => bytes(0).or_else(|| Some((stored.numel()?, 0, "elements"))),
        Payload::Sparse => None,
    };
    let Some((needed, found, unit)) = compared.filter(|(needed, found, _)| needed != found) else {
        return;
    };
    findings.add("payload-size", Some(&stored.name), || {
        let dims: Vec<String> = stored.dims.iter().map(u64::to_string).collect();
        let dims = if dims.is_empty() {
            "one".to_owned()
        } else {
            dims.join("×")
        };
        let kind = stored.data_type.map_or("elements", DataType::name);
        let (needed, found) = (grouped(&needed.to_string()), grouped(&found.to_string()));
        let name = &stored.name;
        format!("{name:?} of {dims} {kind} needs {needed} {unit}, its data has {found}")
    });
}
