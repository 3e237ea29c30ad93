//! The bytes of a stored tensor, read when they are needed and not before.

use std::io;

use super::Model;
use super::onnx;
use crate::source::{FileSource, Source};
use crate::tensor::{Payload, Region, StoredTensor};
use crate::units::{grouped, wide};

/// Why a tensor's elements could not be had.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    /// The file has none, or the type has none as bytes.
    #[error("the file holds no elements for it{}", .0.map_or(String::new(), |it| format!(" ({it})")))]
    Absent(Option<&'static str>),
    /// An external file must not or cannot be read.
    #[error("{0}")]
    External(String),
    /// The system could not read it.
    #[error("cannot be read: {0}")]
    Read(#[from] io::Error),
    /// Typed data that does not decode.
    #[error("does not decode: {0}")]
    Decode(String),
    /// Not as many bytes as its sizes and its type need.
    #[error("{} bytes are needed, the file has {}", number(*.needed), number(*.found))]
    Length {
        /// By sizes and type.
        needed: u128,
        /// In the file.
        found: u128,
    },
}

fn number(count: u128) -> String {
    grouped(&count.to_string())
}

impl Model {
    /// The elements of `tensor`, which is one of this model's: little-endian, packed as ONNX's `raw_data`
    /// packs them, whatever field or file they are in.
    ///
    /// # Errors
    /// [`PayloadError`] where they are not there, or not as many as its sizes and its type need.
    pub fn load(&self, tensor: &StoredTensor) -> Result<Vec<u8>, PayloadError> {
        let data_type = tensor
            .data_type
            .ok_or(PayloadError::Absent(Some("its type is not known")))?;
        let needed = tensor
            .bytes()
            .ok_or(PayloadError::Absent(Some("its elements have no size")))?;
        let bytes = match &tensor.payload {
            Payload::Inline(bytes) => bytes.clone(),
            Payload::Raw(region) => {
                check(needed, region.length.into())?;
                read(&self.source, *region)?
            }
            Payload::Typed { regions, .. } => {
                let mut fields = Vec::new();
                for region in regions {
                    fields.extend(read(&self.source, *region)?);
                }
                onnx::packed_fields(&fields, data_type).map_err(PayloadError::Decode)?
            }
            Payload::External {
                location,
                offset,
                length,
                problem,
            } => {
                if let Some(problem) = problem {
                    return Err(PayloadError::External(problem.clone()));
                }
                check(needed, length.map_or(needed, u128::from))?;
                self.external(location, *offset, needed)?
            }
            Payload::Sparse => return Err(PayloadError::Absent(Some("it is sparse"))),
            Payload::Absent => return Err(PayloadError::Absent(None)),
        };
        check(needed, wide(bytes.len()).into())?;
        Ok(bytes)
    }

    /// Bytes of another file, under the rules for the model's folder as they hold now.
    fn external(&self, location: &str, offset: u64, needed: u128) -> Result<Vec<u8>, PayloadError> {
        let (path, _) = self
            .folder
            .resolve(location)
            .map_err(|it| PayloadError::External(it.to_string()))?;
        let source = FileSource::open(&path)?;
        let found = u128::from(source.size().saturating_sub(offset));
        let length = u64::try_from(needed).map_err(|_| PayloadError::Length { needed, found })?;
        read(&source, Region { offset, length })
    }
}

fn check(needed: u128, found: u128) -> Result<(), PayloadError> {
    if needed == found {
        return Ok(());
    }
    Err(PayloadError::Length { needed, found })
}

/// Reads a region, once it is known that the source has as much.
fn read(source: &dyn Source, region: Region) -> Result<Vec<u8>, PayloadError> {
    let left = source.size().saturating_sub(region.offset);
    let short = || PayloadError::Length {
        needed: region.length.into(),
        found: left.into(),
    };
    if region.length > left {
        return Err(short());
    }
    let mut bytes = vec![0; usize::try_from(region.length).map_err(|_| short())?];
    source.read_at(region.offset, &mut bytes)?;
    Ok(bytes)
}
