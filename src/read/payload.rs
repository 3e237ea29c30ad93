//! The bytes of a stored tensor, read when they are needed and not before.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io;

use super::Model;
use super::onnx;
use crate::source::{FileSource, Source};
use crate::tensor::{DataType, Payload, Region, StoredTensor};
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
    /// More than fit into memory, or than may be decoded at once.
    #[error("{} bytes are too many to be taken into memory", number((*.0).into()))]
    Large(u64),
}

/// Typed fields of more bytes are not decoded where elements are read a run at a time.
const MOST_DECODED: u64 = 256 << 20;

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
        let elements = self.elements_within(tensor, u64::MAX)?;
        if let Place::Bytes(bytes) = elements.place {
            return Ok(bytes.into_owned());
        }
        let length = usize::try_from(elements.length);
        let mut bytes = vec![0; length.map_err(|_| PayloadError::Large(elements.length))?];
        elements.read_at(0, &mut bytes)?;
        Ok(bytes)
    }

    /// Where the elements of `tensor` can be read a run at a time; what [`Model::load`] loads.
    ///
    /// # Errors
    /// As [`Model::load`], and where they must be decoded as a whole first and are too many for that.
    pub fn elements<'m>(&'m self, tensor: &'m StoredTensor) -> Result<Elements<'m>, PayloadError> {
        self.elements_within(tensor, MOST_DECODED)
    }

    /// Bytes of the model file and of the files that its external data lies in.
    #[must_use]
    pub fn data_bytes(&self) -> u64 {
        let mut locations = BTreeSet::new();
        for it in &self.network.initializers {
            if let Payload::External { location, .. } = &it.tensor.payload {
                locations.insert(location.as_str());
            }
        }
        let sizes = locations.into_iter().map(|it| self.folder.size(it));
        let sizes = sizes.map(|it| it.unwrap_or(0));
        sizes.fold(self.source.size(), u64::saturating_add)
    }

    fn elements_within<'m>(
        &'m self,
        tensor: &'m StoredTensor,
        most: u64,
    ) -> Result<Elements<'m>, PayloadError> {
        let data_type = tensor
            .data_type
            .ok_or(PayloadError::Absent(Some("its type is not known")))?;
        let needed = tensor
            .bytes()
            .ok_or(PayloadError::Absent(Some("its elements have no size")))?;
        let place = match &tensor.payload {
            Payload::Inline(bytes) => {
                check(needed, wide(bytes.len()).into())?;
                Place::Bytes(bytes.into())
            }
            Payload::Raw(region) => {
                check(needed, region.length.into())?;
                self.region(*region)?
            }
            Payload::Typed { regions, .. } => self.typed(regions, data_type, needed, most)?,
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
        let length = u64::try_from(needed).map_err(|_| PayloadError::Large(u64::MAX))?;
        Ok(Elements { place, length })
    }

    /// A region of the model file.
    fn region(&self, region: Region) -> Result<Place<'_>, PayloadError> {
        fits(&self.source, region)?;
        Ok(Place::Region(&self.source, region.offset))
    }

    /// Typed fields: one packed list of numbers as long as the elements lies there as `raw_data` would,
    /// anything else is decoded.
    fn typed(
        &self,
        regions: &[Region],
        data_type: DataType,
        needed: u128,
        most: u64,
    ) -> Result<Place<'_>, PayloadError> {
        if let [region] = regions
            && let Some(plain) = onnx::plain_list(&self.source, *region, data_type)?
        {
            check(needed, plain.length.into())?;
            return self.region(plain);
        }
        let all = regions.iter().map(|it| it.length);
        let all = all.fold(0, u64::saturating_add);
        if all > most {
            return Err(PayloadError::Large(all));
        }
        let mut fields = Vec::new();
        for region in regions {
            fields.extend(read(&self.source, *region)?);
        }
        let bytes = onnx::packed_fields(&fields, data_type).map_err(PayloadError::Decode)?;
        check(needed, wide(bytes.len()).into())?;
        Ok(Place::Bytes(bytes.into()))
    }

    /// Bytes of another file, under the rules for the model's folder as they hold now.
    fn external(
        &self,
        location: &str,
        offset: u64,
        needed: u128,
    ) -> Result<Place<'_>, PayloadError> {
        let (path, _) = self
            .folder
            .resolve(location)
            .map_err(|it| PayloadError::External(it.to_string()))?;
        let source = FileSource::open(&path)?;
        let found = u128::from(source.size().saturating_sub(offset));
        let length = u64::try_from(needed).map_err(|_| PayloadError::Length { needed, found })?;
        fits(&source, Region { offset, length })?;
        Ok(Place::File(source, offset))
    }
}

/// Elements of a tensor, read where they are wanted.
pub struct Elements<'m> {
    place: Place<'m>,
    length: u64,
}

enum Place<'m> {
    Bytes(Cow<'m, [u8]>),
    Region(&'m (dyn Source + Sync), u64),
    File(FileSource, u64),
}

impl Elements<'_> {
    /// How many bytes they take.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Fills `buffer` with those from byte `offset` on.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] past their end, and whatever the system answers.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let end = offset.saturating_add(wide(buffer.len()));
        if end > self.length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match &self.place {
            Place::Bytes(bytes) => {
                let start = usize::try_from(offset).unwrap_or(usize::MAX);
                let run = bytes.get(start..start.saturating_add(buffer.len()));
                buffer.copy_from_slice(run.ok_or(io::ErrorKind::UnexpectedEof)?);
                Ok(())
            }
            Place::Region(source, first) => source.read_at(first.saturating_add(offset), buffer),
            Place::File(source, first) => source.read_at(first.saturating_add(offset), buffer),
        }
    }
}

fn check(needed: u128, found: u128) -> Result<(), PayloadError> {
    if needed == found {
        return Ok(());
    }
    Err(PayloadError::Length { needed, found })
}

/// Sees to it that a source has a region.
fn fits(source: &dyn Source, region: Region) -> Result<(), PayloadError> {
    let left = source.size().saturating_sub(region.offset);
    if region.length > left {
        return Err(PayloadError::Length {
            needed: region.length.into(),
            found: left.into(),
        });
    }
    Ok(())
}

/// Reads a region, once it is known that the source has as much.
fn read(source: &dyn Source, region: Region) -> Result<Vec<u8>, PayloadError> {
    fits(source, region)?;
    let length = usize::try_from(region.length);
    let mut bytes = vec![0; length.map_err(|_| PayloadError::Large(region.length))?];
    source.read_at(region.offset, &mut bytes)?;
    Ok(bytes)
}
