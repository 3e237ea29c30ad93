//! torch.export's archive, `.pt2`, and the `models/*.json` inside it: a graph whose weights carry the names
//! of the module's state_dict, and may have no bytes at all.

mod aten;
mod lower;
mod payloads;
mod schema;
mod zip;

use std::io;

use self::payloads::Payloads;
use self::schema::ExportedProgram;
use self::zip::Entry;
use crate::network::Network;
use crate::source::Source;
use crate::tensor::Region;
use crate::units::grouped;

/// The most that a model's JSON may take, in bytes; ResNet-152's takes two million.
const MOST_JSON: u64 = 256 << 20;
/// The schema that this version reads.
const SCHEMA_MAJOR: u64 = 8;

/// Why a file could not be read as an exported program.
#[derive(Debug, thiserror::Error)]
pub enum Pt2Error {
    /// The system could not read it.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// No end record: it is no archive, or cut short.
    #[error("the archive's directory is missing; the file may be cut short")]
    NoEnd,
    /// Something lies past the end.
    #[error(
        "{} bytes are claimed at byte {}, past the end of the file ({} bytes)",
        number(*.length), number(*.offset), number(*.size)
    )]
    PastEnd {
        /// Where it begins.
        offset: u64,
        /// Its length.
        length: u64,
        /// Size of the file.
        size: u64,
    },
    /// Too much to be a model's structure.
    #[error("{what} takes {} bytes, more than {}", number(*.length), number(*.most))]
    TooLong {
        /// What it is.
        what: &'static str,
        /// Its length.
        length: u64,
        /// The most that is read.
        most: u64,
    },
    /// An entry that is not kept as it is.
    #[error("entry {0:?} is compressed, which torch.export never does")]
    Compressed(String),
    /// The directory names an entry that is not there.
    #[error("entry {0:?} is not where the directory says")]
    NoEntry(String),
    /// An archive of weights.
    #[error(
        "a PyTorch checkpoint: tensors in a pickle (data.pkl) and no graph; export the model with torch.export.save or to ONNX"
    )]
    Checkpoint,
    /// An archive of something else.
    #[error("no models/*.json inside; an AOTInductor package holds compiled code, not a graph")]
    NoModel,
    /// Several programs in one archive.
    #[error("{} models inside ({names}); save the one to inspect by itself", .count)]
    ManyModels {
        /// How many.
        count: usize,
        /// Their names.
        names: String,
    },
    /// A schema of another time.
    #[error("export schema {major}.{minor} is {} than {SCHEMA_MAJOR}.x, which this version reads", newer(*.major))]
    Schema {
        /// Its major number.
        major: u64,
        /// Its minor number.
        minor: u64,
    },
    /// JSON that does not parse.
    #[error("{entry}: {cause}")]
    Json {
        /// The entry.
        entry: String,
        /// What is wrong.
        cause: serde_json::Error,
    },
    /// More values than an index can tell apart.
    #[error("more than 4,294,967,295 {0}")]
    TooMany(&'static str),
}

fn number(count: u64) -> String {
    grouped(&count.to_string())
}

fn newer(major: u64) -> &'static str {
    if major > SCHEMA_MAJOR {
        "newer"
    } else {
        "older"
    }
}

/// Whether a file that begins like this is a ZIP archive.
pub(super) fn sniff(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
}

/// Whether a file that begins like this is an archive's `models/*.json`.
pub(super) fn sniff_json(head: &[u8]) -> bool {
    let rest = head.trim_ascii_start().strip_prefix(b"{");
    rest.is_some_and(|it| it.trim_ascii_start().starts_with(b"\"graph_module\""))
}

/// Reads an archive without its weights.
pub(super) fn read(source: &dyn Source) -> Result<Network, Pt2Error> {
    let entries = zip::entries(source)?;
    let entry = program(&entries)?;
    let region = zip::region(source, entry)?;
    let payloads = Payloads::of(source, &entries)?;
    network(source, &entry.name, region, &payloads)
}

/// Reads the JSON of an archive by itself.
pub(super) fn read_json(source: &dyn Source) -> Result<Network, Pt2Error> {
    let region = Region {
        offset: 0,
        length: source.size(),
    };
    network(source, "the file", region, &Payloads::default())
}

/// The entry of the one program.
fn program(entries: &[Entry]) -> Result<&Entry, Pt2Error> {
    let models: Vec<&Entry> = entries.iter().filter(|it| is_program(&it.name)).collect();
    let pickle = |it: &Entry| it.name.ends_with("/data.pkl") || it.name == "data.pkl";
    match models.as_slice() {
        [one] => Ok(one),
        [] if entries.iter().any(pickle) => Err(Pt2Error::Checkpoint),
        [] => Err(Pt2Error::NoModel),
        several => {
            let names: Vec<&str> = several.iter().map(|it| it.name.as_str()).collect();
            Err(Pt2Error::ManyModels {
                count: several.len(),
                names: names.join(", "),
            })
        }
    }
}

/// `NAME/models/model.json`, or what PyTorch up to 2.7 wrote.
fn is_program(name: &str) -> bool {
    let mut parts = name.rsplit('/');
    let (file, folder) = (parts.next().unwrap_or_default(), parts.next());
    let is_json = std::path::Path::new(file)
        .extension()
        .is_some_and(|it| it == "json");
    file == "serialized_exported_program.json" || (folder == Some("models") && is_json)
}

fn network(
    source: &dyn Source,
    name: &str,
    region: Region,
    payloads: &Payloads,
) -> Result<Network, Pt2Error> {
    let program: ExportedProgram = parse(source, name, region)?;
    let version = program.schema_version;
    if version.major != SCHEMA_MAJOR {
        return Err(Pt2Error::Schema {
            major: version.major,
            minor: version.minor,
        });
    }
    lower::lower(&program, payloads, source.size())
}

fn parse<T: serde::de::DeserializeOwned>(
    source: &dyn Source,
    name: &str,
    region: Region,
) -> Result<T, Pt2Error> {
    if region.length > MOST_JSON {
        return Err(Pt2Error::TooLong {
            what: "the model's JSON",
            length: region.length,
            most: MOST_JSON,
        });
    }
    let bytes = zip::bytes(source, region.offset, region.length)?;
    serde_json::from_slice(&bytes).map_err(|cause| Pt2Error::Json {
        entry: name.to_owned(),
        cause,
    })
}

#[cfg(test)]
mod tests;
