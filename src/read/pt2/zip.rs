//! The directory of a ZIP archive whose entries are stored as they are: all that torch.export writes.
//!
//! Checksums are not compared: PyTorch's writer leaves them wrong where it streams.
//!
//! Source: APPNOTE.TXT 6.3.10 in <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>

use super::Pt2Error;
use crate::source::Source;
use crate::tensor::Region;
use crate::units::wide;

/// The most that a directory may take, in bytes: ten thousand entries take one megabyte.
const MOST_DIRECTORY: u64 = 64 << 20;
/// The end record, and the longest comment behind it.
const MOST_END: u64 = 22 + 65_535;

/// An entry of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its name with folders, converted lossily.
    pub(super) name: String,
    /// Where its header lies.
    header: u64,
    /// Bytes as kept.
    kept: u64,
    /// Whether they are kept as they are.
    stored: bool,
}

/// Every entry, in the directory's order.
pub(super) fn entries(source: &dyn Source) -> Result<Vec<Entry>, Pt2Error> {
    let end = End::find(source)?;
    if end.length > MOST_DIRECTORY {
        return Err(Pt2Error::TooLong {
            what: "the archive's directory",
            length: end.length,
            most: MOST_DIRECTORY,
        });
    }
    let directory = bytes(source, end.offset, end.length)?;
    let mut entries = Vec::new();
    let mut rest = directory.as_slice();
    while let Some((entry, after)) = entry(rest) {
        entries.push(entry);
        rest = after;
    }
    Ok(entries)
}

/// Where the bytes of an entry lie.
pub(super) fn region(source: &dyn Source, entry: &Entry) -> Result<Region, Pt2Error> {
    if !entry.stored {
        return Err(Pt2Error::Compressed(entry.name.clone()));
    }
    let header = bytes(source, entry.header, 30)?;
    if !header.starts_with(b"PK\x03\x04") {
        return Err(Pt2Error::NoEntry(entry.name.clone()));
    }
    let names = u64::from(two(&header, 26)) + u64::from(two(&header, 28)) + 30;
    let offset = entry.header.checked_add(names);
    let end = offset.and_then(|it| it.checked_add(entry.kept));
    match (offset, end) {
        (Some(offset), Some(end)) if end <= source.size() => Ok(Region {
            offset,
            length: entry.kept,
        }),
        _ => Err(Pt2Error::NoEntry(entry.name.clone())),
    }
}

/// Where the directory lies.
struct End {
    offset: u64,
    length: u64,
}

impl End {
    /// By the end record whose comment ends with the file; an archive inside this one has such a record too.
    /// Mostly it has none, and the last bytes are enough.
    fn find(source: &dyn Source) -> Result<Self, Pt2Error> {
        let short = Self::in_tail(source, source.size().min(22))?;
        let found = match short {
            Some(found) => Some(found),
            None => Self::in_tail(source, source.size().min(MOST_END))?,
        };
        found.ok_or(Pt2Error::NoEnd)
    }

    fn in_tail(source: &dyn Source, length: u64) -> Result<Option<Self>, Pt2Error> {
        let start = source.size().saturating_sub(length);
        let tail = bytes(source, start, length)?;
        let fits = |at: &usize| {
            let record = tail.get(*at..).unwrap_or_default();
            let comment = usize::from(two(record, 20));
            record.starts_with(b"PK\x05\x06") && record.len() == comment.saturating_add(22)
        };
        let Some(at) = (0..tail.len()).rev().find(fits) else {
            return Ok(None);
        };
        let record = tail.get(at..).unwrap_or_default();
        let end = Self {
            offset: u64::from(four(record, 16)),
            length: u64::from(four(record, 12)),
        };
        let large = [end.offset, end.length].contains(&u64::from(u32::MAX));
        if large || two(record, 10) == u16::MAX {
            return Self::large(source, start.saturating_add(wide(at))).map(Some);
        }
        Ok(Some(end))
    }

    /// The record of 64-bit numbers, which the locator before the end record at `end` leads to.
    fn large(source: &dyn Source, end: u64) -> Result<Self, Pt2Error> {
        let locator = end.checked_sub(20).ok_or(Pt2Error::NoEnd)?;
        let locator = bytes(source, locator, 20)?;
        let record = bytes(source, eight(&locator, 8), 56)?;
        if !locator.starts_with(b"PK\x06\x07") || !record.starts_with(b"PK\x06\x06") {
            return Err(Pt2Error::NoEnd);
        }
        Ok(Self {
            offset: eight(&record, 48),
            length: eight(&record, 40),
        })
    }
}

/// The first entry of a directory, and what follows it.
fn entry(directory: &[u8]) -> Option<(Entry, &[u8])> {
    if !directory.starts_with(b"PK\x01\x02") {
        return None;
    }
    let name = usize::from(two(directory, 28));
    let extra = usize::from(two(directory, 30));
    let comment = usize::from(two(directory, 32));
    let (name, rest) = directory.get(46..)?.split_at_checked(name)?;
    let (extra, rest) = rest.split_at_checked(extra)?;
    let mut entry = Entry {
        name: String::from_utf8_lossy(name).into_owned(),
        header: u64::from(four(directory, 42)),
        kept: u64::from(four(directory, 20)),
        stored: two(directory, 10) == 0,
    };
    large_numbers(&mut entry, u64::from(four(directory, 24)), extra);
    Some((entry, rest.get(comment..)?))
}

/// Takes from the extra field what does not fit 32 bits: in this order, the size, the size as kept, the offset.
fn large_numbers(entry: &mut Entry, size: u64, mut extra: &[u8]) {
    const FULL: u64 = 0xffff_ffff;
    while let Some(body) = extra.get(4..) {
        let length = usize::from(two(extra, 2));
        let (field, rest) = body.split_at_checked(length).unwrap_or((body, &[]));
        if two(extra, 0) == 1 {
            let mut at = if size == FULL { 8 } else { 0 };
            for number in [&mut entry.kept, &mut entry.header] {
                if *number == FULL {
                    *number = eight(field, at);
                    at += 8;
                }
            }
        }
        extra = rest;
    }
}

/// Bytes of the file.
pub(super) fn bytes(source: &dyn Source, offset: u64, length: u64) -> Result<Vec<u8>, Pt2Error> {
    let end = offset.checked_add(length);
    let whole = usize::try_from(length).ok();
    let (Some(_), Some(length)) = (end.filter(|it| *it <= source.size()), whole) else {
        return Err(Pt2Error::PastEnd {
            offset,
            length,
            size: source.size(),
        });
    };
    let mut buffer = vec![0; length];
    source.read_at(offset, &mut buffer)?;
    Ok(buffer)
}

/// A little-endian number, 0 past the end.
fn two(bytes: &[u8], at: usize) -> u16 {
    let chunk = bytes.get(at..).and_then(<[u8]>::first_chunk);
    chunk.copied().map_or(0, u16::from_le_bytes)
}

/// As [`two`].
fn four(bytes: &[u8], at: usize) -> u32 {
    let chunk = bytes.get(at..).and_then(<[u8]>::first_chunk);
    chunk.copied().map_or(0, u32::from_le_bytes)
}

/// As [`two`].
fn eight(bytes: &[u8], at: usize) -> u64 {
    let chunk = bytes.get(at..).and_then(<[u8]>::first_chunk);
    chunk.copied().map_or(0, u64::from_le_bytes)
}
