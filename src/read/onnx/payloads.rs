//! What the scanner sees of one tensor's elements: small ones as bytes, large ones as places.

use super::error::OnnxError;
use super::proto::Elsewhere;
use super::window::Window;
use super::wire::{self, BYTES, FIXED32, FIXED64, Key};
use crate::tensor::Region;

/// Elements that take this many bytes or more in the file stay there.
const LARGE: u64 = 1024;
/// `TensorProto.string_data`, which always stays there: no string is ever needed.
const STRING_DATA: u32 = 6;

/// Elements of one tensor.
#[derive(Default)]
pub(super) struct Payloads {
    /// `raw_data`; of several the last one counts, as protobuf has it.
    raw: Option<Raw>,
    /// The typed fields that occur, at most six.
    typed: Vec<Typed>,
    /// Whether `raw_data` of a part before was left in the file and does not count any more.
    replaced: Option<u32>,
}

struct Raw {
    field: u32,
    region: Region,
    /// Its bytes, where it is small and of this part.
    bytes: Vec<u8>,
    /// Whether it was in a part before, which has told of it.
    told: bool,
}

/// Elements in one typed field.
struct Typed {
    field: u32,
    /// Whole fields that follow each other are one region.
    regions: Vec<Region>,
    /// Bytes of all regions.
    length: u64,
    elements: Option<u64>,
    /// The fields as they stand, as long as they are small.
    bytes: Vec<u8>,
}

impl Payloads {
    /// Takes note of `raw_data` of `length` bytes at the cursor, and moves past it.
    pub(super) fn raw(
        &mut self,
        window: &mut Window,
        field: u32,
        length: u64,
    ) -> Result<(), OnnxError> {
        let offset = window.offset();
        let mut bytes = Vec::new();
        if length < LARGE {
            window.copy(length, &mut bytes)?;
        } else {
            window.skip(length);
        }
        let large = |it: &Raw| it.region.length >= LARGE;
        if self.raw.as_ref().is_some_and(|it| it.told && large(it)) {
            self.replaced = Some(field);
        }
        self.raw = Some(Raw {
            field,
            region: Region { offset, length },
            bytes,
            told: false,
        });
        Ok(())
    }

    /// Takes note of a packed list (or one string) of `length` bytes at the cursor, whose field begins
    /// at `offset`, and moves past it. True where that needs a new region.
    pub(super) fn list(
        &mut self,
        window: &mut Window,
        key: Key,
        element: u8,
        length: u64,
        offset: u64,
    ) -> Result<bool, OnnxError> {
        let end = window.offset().saturating_add(length);
        let count = match element {
            BYTES => Some(1),
            FIXED32 => Some(length / 4),
            FIXED64 => Some(length / 8),
            _ => None,
        };
        let typed = self.typed(key.field);
        let keep = key.field != STRING_DATA && typed.length.saturating_add(length) < LARGE;
        let mut bytes = Vec::new();
        if keep {
            wire::put_key(key, &mut bytes);
            wire::put_varint(length, &mut bytes);
            window.copy(length, &mut bytes)?;
        } else {
            window.skip(length);
        }
        Ok(typed.add(&bytes, offset, end, count))
    }

    /// Takes note of one element that stands as a field of its own from `offset` to `end`.
    /// True where that needs a new region.
    pub(super) fn one(&mut self, field: u32, bytes: &[u8], offset: u64, end: u64) -> bool {
        self.typed(field).add(bytes, offset, end, Some(1))
    }

    fn typed(&mut self, field: u32) -> &mut Typed {
        let at = self.typed.iter().position(|it| it.field == field);
        let at = at.unwrap_or_else(|| {
            self.typed.push(Typed::new(field));
            self.typed.len().saturating_sub(1)
        });
        #[expect(clippy::indexing_slicing, reason = "found or pushed right above")]
        &mut self.typed[at]
    }

    /// Begins the next part of the tensor: what is small stands in the part before.
    pub(super) fn next_part(&mut self) {
        if let Some(raw) = &mut self.raw {
            raw.told = true;
        }
        for typed in &mut self.typed {
            typed.bytes.clear();
        }
    }

    /// Whether `raw_data` holds the elements.
    fn is_raw(&self) -> bool {
        self.raw.as_ref().is_some_and(|it| it.region.length > 0) || self.typed.is_empty()
    }

    /// Small payloads: the number of the field to put the bytes in, or `None` where they are whole fields.
    pub(super) fn inline(&self) -> impl Iterator<Item = (Option<u32>, &[u8])> {
        let raw = self.raw.iter().filter(|it| it.region.length < LARGE);
        let raw = raw.filter(|it| self.is_raw() && !it.told);
        let typed = self.typed.iter().filter(|it| !it.is_large());
        raw.map(|it| (Some(it.field), it.bytes.as_slice()))
            .chain(typed.map(|it| (None, it.bytes.as_slice())))
    }

    /// Where the large payloads lie.
    pub(super) fn elsewhere(&self) -> impl Iterator<Item = Elsewhere> {
        let raw = self.raw.iter().filter(|it| it.region.length >= LARGE);
        let typed = self.typed.iter().filter(|it| it.is_large());
        // Without a place, so that the small one that came later counts.
        let replaced = self.replaced.iter().map(|it| elsewhere(*it, &[], None));
        let raw = raw.map(|it| elsewhere(it.field, &[it.region], None));
        replaced
            .chain(raw)
            .chain(typed.map(|it| elsewhere(it.field, &it.regions, it.elements)))
    }
}

impl Typed {
    fn new(field: u32) -> Self {
        Self {
            field,
            regions: Vec::new(),
            length: 0,
            elements: Some(0),
            bytes: Vec::new(),
        }
    }

    fn is_large(&self) -> bool {
        self.field == STRING_DATA || self.length >= LARGE
    }

    /// Adds a field; `bytes` is not looked at once they are large. True where it needs a new region.
    fn add(&mut self, bytes: &[u8], offset: u64, end: u64, count: Option<u64>) -> bool {
        let length = end.saturating_sub(offset);
        self.length = self.length.saturating_add(length);
        let sum = self.elements.zip(count);
        self.elements = sum.map(|(sum, count)| sum.saturating_add(count));
        if self.is_large() {
            self.bytes = Vec::new();
        } else {
            self.bytes.extend_from_slice(bytes);
        }
        match self.regions.last_mut() {
            Some(last) if last.offset.saturating_add(last.length) == offset => {
                last.length = last.length.saturating_add(length);
                false
            }
            _ => {
                self.regions.push(Region { offset, length });
                true
            }
        }
    }
}

fn elsewhere(field: u32, regions: &[Region], elements: Option<u64>) -> Elsewhere {
    Elsewhere {
        field,
        offsets: regions.iter().map(|it| it.offset).collect(),
        lengths: regions.iter().map(|it| it.length).collect(),
        elements,
    }
}
