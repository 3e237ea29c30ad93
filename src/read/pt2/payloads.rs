//! Where the bytes of an archive's tensors lie, and what their types are called.

use std::collections::HashMap;

use super::schema::{PayloadConfig, PayloadMeta, SymInt, TensorMeta};
use super::zip::{self, Entry};
use super::{Pt2Error, parse};
use crate::source::Source;
use crate::tensor::{DataType, Payload, Region};

/// The bytes of tensors by state_dict name.
#[derive(Default)]
pub(super) struct Payloads(HashMap<String, Region>);

/// ScalarType's numbers in torch.export's schema.
///
/// Source: `ScalarType` in `torch/_export/serde/schema.py`.
const TYPES: &[(i64, DataType)] = &[
    (1, DataType::Uint8),
    (2, DataType::Int8),
    (3, DataType::Int16),
    (4, DataType::Int32),
    (5, DataType::Int64),
    (6, DataType::Float16),
    (7, DataType::Float),
    (8, DataType::Double),
    (10, DataType::Complex64),
    (11, DataType::Complex128),
    (12, DataType::Bool),
    (13, DataType::Bfloat16),
    (28, DataType::Uint16),
    (29, DataType::Float8e4m3fn),
    (30, DataType::Float8e5m2),
    (31, DataType::Float8e4m3fnuz),
    (32, DataType::Float8e5m2fnuz),
];

/// The element type of this number.
pub(super) fn data_type(number: i64) -> Option<DataType> {
    TYPES.iter().find(|it| it.0 == number).map(|it| it.1)
}

/// Sizes that are all numbers.
pub(super) fn sizes(dims: &[SymInt]) -> Option<Vec<u64>> {
    let size = |it: &SymInt| it.as_int.and_then(|it| u64::try_from(it).ok());
    dims.iter().map(size).collect()
}

impl Payloads {
    /// Reads which entry holds which tensor. A tensor whose bytes are not there as they are (exported
    /// without weights, pickled, a view with strides of its own) is left out.
    pub(super) fn of(source: &dyn Source, entries: &[Entry]) -> Result<Self, Pt2Error> {
        let mut regions = HashMap::new();
        for (folder, suffix) in [("weights", "config.json"), ("constants", "config.json")] {
            let inside = |it: &&Entry| it.name.contains(&format!("data/{folder}/"));
            for config in entries.iter().filter(inside) {
                if !config.name.ends_with(suffix) {
                    continue;
                }
                let region = zip::region(source, config)?;
                let parsed: PayloadConfig = parse(source, &config.name, region)?;
                let stem = config.name.rsplit_once('/').map_or("", |it| it.0);
                let entry = |meta: &PayloadMeta| {
                    let name = format!("{stem}/{}", meta.path_name);
                    entries.iter().find(|it| it.name == name)
                };
                for (name, meta) in parsed.config {
                    let found = entry(&meta).filter(|_| !meta.use_pickle);
                    let part = found.zip(meta.tensor_meta).and_then(|(entry, tensor)| {
                        let whole = zip::region(source, entry).ok()?;
                        part(whole, &tensor)
                    });
                    regions.extend(part.map(|it| (name, it)));
                }
            }
        }
        Ok(Self(regions))
    }

    /// Where the elements of the tensor of this name are.
    pub(super) fn get(&self, name: &str) -> Payload {
        self.0
            .get(name)
            .map_or(Payload::Absent, |it| Payload::Raw(*it))
    }
}

/// The tensor's bytes in its storage; `None` where they are not there, or not in a row.
fn part(storage: Region, tensor: &TensorMeta) -> Option<Region> {
    let data_type = data_type(tensor.dtype)?;
    let dims = sizes(&tensor.sizes)?;
    let strides = sizes(&tensor.strides)?;
    let mut expected = 1_u64;
    for (size, stride) in dims.iter().zip(&strides).rev() {
        if *size > 1 && *stride != expected {
            return None;
        }
        expected = expected.checked_mul(*size)?;
    }
    let first = tensor.storage_offset.as_int.unwrap_or(0);
    let skipped = data_type.bytes_of(u128::try_from(first).ok()?)?;
    let length = data_type.bytes_of(u128::from(expected))?;
    let fits = skipped.checked_add(length)? <= u128::from(storage.length);
    let offset = storage.offset.checked_add(u64::try_from(skipped).ok()?)?;
    fits.then_some(Region {
        offset,
        length: u64::try_from(length).ok()?,
    })
}
