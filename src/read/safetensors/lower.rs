//! Headers → [`Network`]: every tensor a stored one, no graph yet.

use super::header::Header;
use crate::finding::Finding;
use crate::network::{
    Claim, Facts, GeometryFacts, GeometrySource, Graph, Initializer, Network, Source, ValueId,
    ValueInfo,
};
use crate::tensor::{Payload, Region, StoredTensor};
use crate::units::{Bytes, grouped};

/// A file of the model.
pub(super) struct Part {
    pub(super) header: Header,
    pub(super) place: Place,
}

/// Where a part's data is.
pub(super) enum Place {
    /// In the model file.
    Here,
    /// In another file of its folder.
    Shard(String),
}

/// A network of tensors, without nodes. `cut` says that the data is not all there.
pub(super) fn lower(parts: Vec<Part>, file_bytes: u64, cut: bool) -> Network {
    let mut network = Network {
        facts: Facts {
            format: "safetensors",
            file_bytes: Bytes(file_bytes),
            geometry: GeometryFacts {
                source: GeometrySource::None,
                claim: Claim::Unknown,
                ..GeometryFacts::default()
            },
            ..Facts::default()
        },
        graphs: vec![Graph::default()],
        ..Network::default()
    };
    for part in parts {
        noted(&part, &mut network);
        add(part, &mut network);
    }
    if cut {
        let message = format!(
            "only {} bytes came through the pipe, so the data is not checked",
            grouped(&file_bytes.to_string())
        );
        network
            .findings
            .push(Finding::general("data-not-checked", message));
    }
    network
}

fn noted(part: &Part, network: &mut Network) {
    if !part.header.leading_space {
        return;
    }
    let file = match &part.place {
        Place::Here => "the header".to_owned(),
        Place::Shard(name) => format!("the header of {name:?}"),
    };
    network.findings.push(Finding::general(
        "leading-space",
        format!("{file} begins with white space, where the format demands a brace"),
    ));
}

fn add(part: Part, network: &mut Network) {
    network.metadata.extend(part.header.metadata);
    for entry in part.header.entries {
        let Some(value) = ValueId::next(network.values.len()) else {
            break;
        };
        let offset = part.header.data.saturating_add(entry.offsets.0);
        let length = entry.offsets.1.saturating_sub(entry.offsets.0);
        network.values.push(ValueInfo {
            name: entry.name.as_str().into(),
            declared: None,
        });
        network.initializers.push(Initializer {
            values: vec![value],
            tensor: StoredTensor {
                name: entry.name,
                data_type: Some(entry.data_type),
                dims: entry.shape,
                payload: payload(&part.place, offset, length),
            },
            source: Source::Initializer,
        });
    }
}

fn payload(place: &Place, offset: u64, length: u64) -> Payload {
    match place {
        Place::Here => Payload::Raw(Region { offset, length }),
        Place::Shard(name) => Payload::External {
            location: name.clone(),
            offset,
            length: Some(length),
            problem: None,
        },
    }
}
