//! A model in several files: an index says which tensor is in which.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::error::SafetensorsError;
use super::header;
use super::lower::{Part, Place, lower};
use crate::finding::Finding;
use crate::network::Network;
use crate::read::folder::Folder;
use crate::source::{Counted, FileSource, Source};
use crate::units::{Bytes, grouped};

/// An index of more bytes than this is none.
const MOST_INDEX: u64 = 100_000_000;

/// `model.safetensors.index.json`; other keys are of no interest.
#[derive(Deserialize)]
struct Index {
    #[serde(default)]
    metadata: Option<Metadata>,
    weight_map: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    total_size: Option<serde_json::Number>,
}

/// Whether a file that begins like this is JSON whose first keys are those of an index.
pub(in crate::read) fn sniff(head: &[u8]) -> bool {
    let text = head.trim_ascii_start();
    let Some(keys) = text.strip_prefix(b"{") else {
        return false;
    };
    let keys = keys.trim_ascii_start();
    keys.starts_with(b"\"metadata\"") || keys.starts_with(b"\"weight_map\"")
}

/// Reads every shard's header.
///
/// # Errors
/// [`SafetensorsError`] where the index or a shard is broken, or they contradict each other.
pub(in crate::read) fn read(
    source: &dyn Source,
    folder: &Folder,
) -> Result<Network, SafetensorsError> {
    let index = parse(source)?;
    let mut shards: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (tensor, shard) in &index.weight_map {
        shards.entry(shard).or_default().push(tensor);
    }
    let mut parts = Vec::with_capacity(shards.len());
    let mut findings = vec![];
    let mut file_bytes = source.size();
    for (shard, tensors) in shards {
        let (mut part, size) = open(shard, folder)?;
        file_bytes = file_bytes.saturating_add(size);
        findings.extend(agree(&mut part, shard, &tensors)?);
        parts.push(part);
    }
    let stored = parts.iter().flat_map(|it| &it.header.entries);
    let stored = stored.map(|it| it.offsets.1.saturating_sub(it.offsets.0));
    let stored = stored.fold(0u64, u64::saturating_add);
    findings.extend(total(index.metadata, stored));
    let mut network = lower(parts, file_bytes, false);
    network.findings.extend(findings);
    Ok(network)
}

fn parse(source: &dyn Source) -> Result<Index, SafetensorsError> {
    let size = source.size();
    if size > MOST_INDEX {
        let problem = format!(
            "has {} bytes, over the limit of 100 MB",
            grouped(&size.to_string())
        );
        return Err(SafetensorsError::Index(problem));
    }
    let mut json = vec![0; usize::try_from(size).unwrap_or(0)];
    source.read_at(0, &mut json)?;
    serde_json::from_slice(&json).map_err(|error| SafetensorsError::Index(error.to_string()))
}

/// A shard's header, and the size of its file.
fn open(shard: &str, folder: &Folder) -> Result<(Part, u64), SafetensorsError> {
    let plain = Path::new(shard).file_name().is_some_and(|it| it == shard);
    if !plain || shard.contains(['/', '\\', '\0', ':']) {
        return Err(SafetensorsError::ShardName(shard.to_owned()));
    }
    let problem = |problem: String| SafetensorsError::Shard {
        shard: shard.to_owned(),
        problem,
    };
    let (path, size) = folder
        .resolve(shard)
        .map_err(|it| problem(format!("cannot be read: {it}")))?;
    let source = FileSource::open(&path).map_err(|it| problem(format!("cannot be read: {it}")))?;
    let source = Counted::new(source);
    let header = header::read(&source).map_err(|it| problem(format!("is broken: {it}")))?;
    header
        .check_end(size)
        .map_err(|it| problem(format!("is broken: {it}")))?;
    folder.note_read(source.bytes_read());
    let place = Place::Shard(shard.to_owned());
    Ok((Part { header, place }, size))
}

/// Leaves in a shard the tensors that the index puts there; what else it has is said.
fn agree(
    part: &mut Part,
    shard: &str,
    tensors: &[&str],
) -> Result<Option<Finding>, SafetensorsError> {
    let names: std::collections::HashSet<&str> = part
        .header
        .entries
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    if let Some(tensor) = tensors.iter().find(|it| !names.contains(*it)) {
        return Err(SafetensorsError::NotThere {
            tensor: (*tensor).to_owned(),
            shard: shard.to_owned(),
        });
    }
    let mapped: std::collections::HashSet<&str> = tensors.iter().copied().collect();
    let unmapped = part
        .header
        .entries
        .iter()
        .find(|it| !mapped.contains(it.name.as_str()));
    let finding = unmapped.map(|it| {
        let left = part.header.entries.len().saturating_sub(mapped.len());
        Finding::general(
            "shard-index",
            format!("{shard:?} has {left} tensors that the index does not put there, as {:?}; they are not counted", it.name),
        )
    });
    let wanted = |name: &str| mapped.contains(name);
    part.header.entries.retain(|it| wanted(&it.name));
    Ok(finding)
}

/// What the index says of all tensors' bytes, where it is wrong.
fn total(metadata: Option<Metadata>, stored: u64) -> Option<Finding> {
    let said = metadata?.total_size?.as_f64()?;
    let said = format!("{said:.0}").parse::<u64>().ok()?;
    // Beyond 2^53 a float is not exact, and no model is that large.
    (said != stored).then(|| {
        Finding::general(
            "shard-index",
            format!(
                "the index says that all tensors take {} but they take {}",
                Bytes(said),
                Bytes(stored)
            ),
        )
    })
}
