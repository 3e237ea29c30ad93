//! Bytes → [`Network`]: the formats that can be read, and where a model may be.

mod folder;
mod onnx;
mod payload;
mod pt2;
mod safetensors;
mod sniff;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use self::folder::Folder;
pub use self::onnx::OnnxError;
pub use self::payload::{Elements, PayloadError};
pub use self::pt2::Pt2Error;
pub use self::safetensors::SafetensorsError;
use crate::network::Network;
use crate::source::{BytesSource, Counted, FileSource, Source};

/// A file format that this crate reads.
struct Reader {
    /// Name in messages.
    name: &'static str,
    /// Whether a file that begins like this has the format; its name is never asked.
    sniff: fn(&[u8]) -> bool,
    /// Reads the model without its payloads; the first bytes are there already.
    read: fn(&dyn Source, Vec<u8>, &Folder) -> Result<Network, FormatError>,
    /// Whether the sign is so weak that files of other kinds are told first.
    weak: bool,
}

/// Every format, the surest sign first: ONNX has no magic number and comes last.
const READERS: &[Reader] = &[
    Reader {
        name: "safetensors",
        sniff: safetensors::sniff,
        read: |source, _, folder| Ok(safetensors::read(source, folder)?),
        weak: false,
    },
    Reader {
        name: "safetensors",
        sniff: safetensors::sniff_index,
        read: |source, _, folder| Ok(safetensors::read_index(source, folder)?),
        weak: false,
    },
    Reader {
        name: "PT2",
        sniff: pt2::sniff,
        read: |source, _, _| Ok(pt2::read(source)?),
        weak: false,
    },
    Reader {
        name: "PT2",
        sniff: pt2::sniff_json,
        read: |source, _, _| Ok(pt2::read_json(source)?),
        weak: false,
    },
    Reader {
        name: "ONNX",
        sniff: onnx::sniff,
        read: |source, head, folder| Ok(onnx::read(source, head, folder)?),
        weak: true,
    },
];

/// Models of a folder that an error lists.
const MOST_LISTED: usize = 10;

/// How to read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Whether links that lead out of the model's folder are followed to external data.
    pub allow_links: bool,
}

/// A model, and where the elements of its tensors can be read.
pub struct Model {
    /// The model without its payloads.
    pub network: Network,
    source: Counted<Box<dyn Source + Send + Sync>>,
    folder: Folder,
    path: Option<PathBuf>,
}

/// Why there is no model to inspect.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system could not read it.
    #[error("{}", plainly(.0))]
    Io(#[from] io::Error),
    /// No bytes at all.
    #[error("is empty (0 bytes)")]
    Empty,
    /// Another kind of file.
    #[error("is {0}")]
    Foreign(&'static str),
    /// None of the formats that are known.
    #[error("is in no format that is known here; it begins with the bytes {0}")]
    Unknown(String),
    /// A folder without a model.
    #[error("is a folder without an .onnx or .safetensors file")]
    NoModel,
    /// A folder with several models.
    #[error("is a folder with {count} models, name one of them: {names}")]
    ManyModels {
        /// How many.
        count: usize,
        /// Names of the first ones.
        names: String,
    },
    /// The file is broken.
    #[error("{format}: {cause}")]
    Format {
        /// The format that it was read as.
        format: &'static str,
        /// What is wrong.
        cause: FormatError,
    },
}

/// What is wrong with a file of its format.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// Of an ONNX file.
    #[error(transparent)]
    Onnx(#[from] OnnxError),
    /// Of a safetensors file.
    #[error(transparent)]
    Safetensors(#[from] SafetensorsError),
    /// Of torch.export's archive.
    #[error(transparent)]
    Pt2(#[from] Pt2Error),
}

/// The system's answer in our words where it is a common one.
fn plainly(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

/// Reads a model: a file, a folder that holds one, or standard input as `-`. A redirected file is read
/// by position; what comes through a pipe is taken into memory first.
///
/// # Errors
/// [`ReadError`] where there is no model to tell anything about. What is merely odd about one is among
/// its findings.
pub fn open(path: &Path, options: &Options) -> Result<Model, ReadError> {
    if path == Path::new("-") {
        return read(standard_input()?, Folder::new(None, options.allow_links));
    }
    let path = if path.is_dir() {
        only_model(path)?
    } else {
        path.to_owned()
    };
    let source = FileSource::open(&path)?;
    // `model.onnx` alone lies in the working directory.
    let parent = path.parent().filter(|it| !it.as_os_str().is_empty());
    let folder = parent.map_or_else(|| PathBuf::from("."), Path::to_owned);
    let folder = Folder::new(Some(folder), options.allow_links);
    let model = read(Box::new(source), folder)?;
    Ok(Model {
        path: Some(path),
        ..model
    })
}

/// Reads a model from memory. Its external data has no folder to be in.
///
/// # Errors
/// As [`open`].
pub fn read_bytes(bytes: Vec<u8>) -> Result<Model, ReadError> {
    read(Box::new(BytesSource(bytes)), Folder::new(None, false))
}

fn read(source: Box<dyn Source + Send + Sync>, folder: Folder) -> Result<Model, ReadError> {
    let source = Counted::new(source);
    let network = network(&source, &folder)?;
    source.check_unchanged()?;
    Ok(Model {
        network,
        source,
        folder,
        path: None,
    })
}

fn network(source: &dyn Source, folder: &Folder) -> Result<Network, ReadError> {
    let head = head(source)?;
    if head.is_empty() {
        return Err(ReadError::Empty);
    }
    let reader = |weak: bool| {
        let mut rows = READERS.iter().filter(move |it| it.weak == weak);
        rows.find(|it| (it.sniff)(&head))
    };
    let sure = reader(false);
    if let Some(what) = sniff::foreign(&head).filter(|_| sure.is_none()) {
        return Err(ReadError::Foreign(what));
    }
    let reader = sure.or_else(|| reader(true));
    let reader = reader.ok_or_else(|| ReadError::Unknown(hex(&head)))?;
    (reader.read)(source, head, folder).map_err(|cause| ReadError::Format {
        format: reader.name,
        cause,
    })
}

/// The first bytes.
fn head(source: &dyn Source) -> io::Result<Vec<u8>> {
    let size = usize::try_from(source.size()).unwrap_or(usize::MAX);
    let mut head = vec![0; size.min(sniff::HEAD)];
    source.read_at(0, &mut head)?;
    Ok(head)
}

fn hex(head: &[u8]) -> String {
    let bytes: Vec<String> = head.iter().take(8).map(|it| format!("{it:02x}")).collect();
    bytes.join(" ")
}

/// The models of a folder, sorted: its `.onnx` files, and its indices of safetensors files or else its safetensors
/// files.
///
/// # Errors
/// Where the system does not list the folder.
pub fn models_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found: [Vec<PathBuf>; 3] = Default::default();
    for entry in folder.read_dir()? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.to_ascii_lowercase();
        let kind = [".onnx", ".safetensors.index.json", ".safetensors"]
            .iter()
            .position(|it| name.ends_with(it));
        let list = kind.and_then(|it| found.get_mut(it));
        if let Some(list) = list.filter(|_| path.is_file()) {
            list.push(path);
        }
    }
    let [mut models, indices, files] = found;
    // Files under an index are its shards.
    models.extend(if indices.is_empty() { files } else { indices });
    models.sort();
    Ok(models)
}

/// The one model of a folder.
fn only_model(folder: &Path) -> Result<PathBuf, ReadError> {
    let mut models = models_in(folder)?;
    let names = models.iter().filter_map(|it| it.file_name());
    let names: Vec<_> = names
        .take(MOST_LISTED)
        .map(|it| format!("{:?}", it.to_string_lossy()))
        .collect();
    match (models.len(), models.pop()) {
        (_, None) => Err(ReadError::NoModel),
        (1, Some(model)) => Ok(model),
        (count, _) => Err(ReadError::ManyModels {
            count,
            names: names.join(", "),
        }),
    }
}

fn standard_input() -> io::Result<Box<dyn Source + Send + Sync>> {
    #[cfg(unix)]
    let handle = std::os::fd::AsFd::as_fd(&io::stdin()).try_clone_to_owned()?;
    #[cfg(windows)]
    let handle = std::os::windows::io::AsHandle::as_handle(&io::stdin()).try_clone_to_owned()?;
    let file = File::from(handle);
    if file.metadata().is_ok_and(|it| it.is_file()) {
        return Ok(Box::new(FileSource::new(file)?));
    }
    Ok(Box::new(BytesSource::read_all(file)?))
}

impl Model {
    /// Bytes of the model file that were read so far.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.source
            .bytes_read()
            .saturating_add(self.folder.bytes_read())
    }

    /// The file that was read; `None` for what came from memory or a pipe.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Sees to it that the file is still the one that was read.
    ///
    /// # Errors
    /// As [`Source::check_unchanged`].
    pub fn check_unchanged(&self) -> io::Result<()> {
        self.source.check_unchanged()
    }
}
