//! The header: its length, its JSON, and whether its tensors fill the data without a gap.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use super::entry::{Entry, Info};
use super::error::SafetensorsError;
use super::{MOST_HEADER, PREFIX};
use crate::source::Source;

/// A header that holds together.
#[derive(Debug)]
pub(super) struct Header {
    /// Tensors in the header's order.
    pub(super) entries: Vec<Entry>,
    /// `__metadata__`, in order.
    pub(super) metadata: Vec<(String, String)>,
    /// First byte of the data in the file.
    pub(super) data: u64,
    /// Past the last byte of the data in the file.
    pub(super) end: u64,
    /// Whether the JSON does not begin with its brace, as the format demands.
    pub(super) leading_space: bool,
}

/// Reads the header and nothing else.
pub(super) fn read(source: &dyn Source) -> Result<Header, SafetensorsError> {
    let size = source.size();
    let mut prefix = [0; 8];
    if size < PREFIX {
        return Err(SafetensorsError::Short(size));
    }
    source.read_at(0, &mut prefix)?;
    let length = u64::from_le_bytes(prefix);
    if length > MOST_HEADER {
        return Err(SafetensorsError::Limit(length));
    }
    let data = PREFIX.saturating_add(length);
    if data > size {
        return Err(SafetensorsError::PastEnd { end: data, size });
    }
    let mut json = vec![0; usize::try_from(length).unwrap_or(0)];
    source.read_at(PREFIX, &mut json)?;
    parse(&json, data)
}

/// Parses the JSON of a header whose data begins at byte `data` of the file.
fn parse(json: &[u8], data: u64) -> Result<Header, SafetensorsError> {
    let broken = |error: serde_json::Error| SafetensorsError::Header(error.to_string());
    let raw: Raw = serde_json::from_slice(json).map_err(broken)?;
    let bytes = check(&raw.entries)?;
    Ok(Header {
        entries: raw.entries,
        metadata: raw.metadata,
        data,
        end: data.saturating_add(bytes),
        leading_space: json.first() != Some(&b'{'),
    })
}

/// Bytes of the data, once every tensor begins where the one before it ended.
fn check(entries: &[Entry]) -> Result<u64, SafetensorsError> {
    for entry in entries {
        entry.check()?;
    }
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by_key(|it| it.offsets);
    let mut previous = 0;
    for entry in sorted {
        let (begin, end) = entry.offsets;
        if begin != previous {
            return Err(SafetensorsError::Place {
                tensor: entry.name.clone(),
                begin,
                previous,
            });
        }
        previous = end;
    }
    Ok(previous)
}

impl Header {
    /// Whether the data ends where the file does.
    pub(super) fn check_end(&self, size: u64) -> Result<(), SafetensorsError> {
        if self.end == size {
            return Ok(());
        }
        Err(SafetensorsError::End {
            needed: self.end,
            size,
        })
    }
}

/// The JSON as it stands: order kept, no key twice.
struct Raw {
    entries: Vec<Entry>,
    metadata: Vec<(String, String)>,
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut seen = HashSet::new();
        let mut raw = Raw {
            entries: vec![],
            metadata: vec![],
        };
        while let Some(name) = map.next_key::<String>()? {
            if !seen.insert(name.clone()) {
                return Err(twice(&name));
            }
            if name == "__metadata__" {
                let pairs: Option<Pairs> = map.next_value()?;
                raw.metadata = pairs.map_or_else(Vec::new, |it| it.0);
                continue;
            }
            // serde's own words do not know which tensor they are about.
            let info: Info = map
                .next_value()
                .map_err(|error| A::Error::custom(format!("tensor {name:?}: {error}")))?;
            raw.entries.push(Entry {
                name,
                data_type: info.data_type,
                shape: info.shape,
                offsets: info.offsets,
            });
        }
        Ok(raw)
    }
}

fn twice<E: Error>(name: &str) -> E {
    E::custom(format!("key {name:?} appears twice in the header"))
}

/// `__metadata__`: strings by name.
struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of strings in __metadata__")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
        let mut seen = HashSet::new();
        let mut pairs = vec![];
        while let Some((name, value)) = map.next_entry::<String, String>()? {
            if !seen.insert(name.clone()) {
                return Err(twice(&name));
            }
            pairs.push((name, value));
        }
        Ok(Pairs(pairs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = r#""a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#;

    #[test]
    fn each_fault_is_named_with_its_numbers() {
        let cases = [
            (
                format!("{{{A},{A}}}"),
                "key \"a\" appears twice in the header",
            ),
            (
                format!(r#"{{{A},"b":{{"dtype":"U8","shape":[1],"data_offsets":[16,17]}}}}"#),
                "tensor \"b\": data begins at 16 but the previous tensor ended at 8 (hole)",
            ),
            (
                format!(r#"{{{A},"b":{{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}}}"#),
                "tensor \"b\": data begins at 4 but the previous tensor ended at 8 (overlap)",
            ),
            (
                format!("{{{}}}", A.replace("F32", "F16")),
                "its shape and type need 4 bytes, its offsets span 8",
            ),
            (
                format!("{{{}}}", A.replace("F32", "f32")),
                "tensor \"a\": data type \"f32\" is none of the format's",
            ),
            (
                format!("{{{}}}", A.replace("[2]", "[4294967296,4294967296]")),
                "tensor \"a\": shape [4294967296, 4294967296] has more elements than 64 bits count",
            ),
            (
                format!("{{{}}}", A.replace("F32", "F4").replace("[2]", "[3]")),
                "tensor \"a\": 3 elements of 4 bits do not fill whole bytes",
            ),
            (
                format!("{{{}}}", A.replace("[0,8]", "[8,0]")),
                "tensor \"a\": data begins at 8 and ends at 0",
            ),
        ];
        for (json, expected) in cases {
            let error = parse(json.as_bytes(), 0).unwrap_err().to_string();
            assert!(error.contains(expected), "{json}\n{error}");
        }
    }

    #[test]
    fn order_is_kept_and_metadata_apart() {
        let json = format!(
            r#" {{"z":{{"dtype":"U8","shape":[],"data_offsets":[8,9]}},"__metadata__":{{"format":"pt"}},{A}}} "#
        );
        let header = parse(json.as_bytes(), 100).unwrap();
        let names: Vec<&str> = header.entries.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["z", "a"]);
        assert_eq!(header.metadata, [("format".to_owned(), "pt".to_owned())]);
        assert_eq!((header.end, header.leading_space), (109, true));
    }
}
