//! The folder around a model, and which files in it its external data may lie in.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// A model's folder and the rules for reaching into it.
#[derive(Debug)]
pub(crate) struct Folder {
    /// `None` for a model that did not come from a file.
    path: Option<PathBuf>,
    allow_links: bool,
    /// Sizes in bytes, or why not, by location.
    seen: Mutex<HashMap<String, Result<u64, Problem>>>,
    /// Bytes of other files than the model's own that were read to know its skeleton.
    read: AtomicU64,
}

/// Why a file of external data is not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    #[error("the model names no file for it")]
    NoLocation,
    #[error("the model was not read from a file, so its folder is not known")]
    NoFolder,
    #[error("{0:?} has a NUL byte in it")]
    Nul(String),
    #[error("{0:?} is an absolute path")]
    Absolute(String),
    #[error("{0:?} leads out of the model's folder")]
    Parent(String),
    #[error("{0:?} is a link out of the model's folder; --allow-links follows it")]
    Link(String),
    #[error("{0:?} is not there")]
    Missing(String),
    #[error("{0:?} is not a regular file")]
    NotRegular(String),
    #[error("{0:?} cannot be looked at: {1}")]
    System(String, String),
}

impl Folder {
    pub(crate) fn new(path: Option<PathBuf>, allow_links: bool) -> Self {
        Self {
            path,
            allow_links,
            seen: Mutex::default(),
            read: AtomicU64::new(0),
        }
    }

    /// Whether the model did not come from a file.
    pub(crate) fn is_none(&self) -> bool {
        self.path.is_none()
    }

    /// Counts bytes that were read of another file.
    pub(crate) fn note_read(&self, bytes: u64) {
        self.read.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes of other files read so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Size in bytes of the file at `location`. It is looked at once and not opened.
    pub(crate) fn size(&self, location: &str) -> Result<u64, Problem> {
        let mut seen = self
            .seen
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(known) = seen.get(location) {
            return known.clone();
        }
        let size = self.resolve(location).map(|(_, size)| size);
        seen.insert(location.to_owned(), size.clone());
        size
    }

    /// The real path of the file at `location`, every link followed, and its size in bytes.
    pub(crate) fn resolve(&self, location: &str) -> Result<(PathBuf, u64), Problem> {
        check_spelling(location)?;
        let folder = self.path.as_ref().ok_or(Problem::NoFolder)?;
        let system = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => Problem::Missing(location.to_owned()),
            _ => Problem::System(location.to_owned(), error.to_string()),
        };
        let folder = folder.canonicalize().map_err(system)?;
        let target = folder.join(location).canonicalize().map_err(system)?;
        if !self.allow_links && !target.starts_with(&folder) && !in_cache(&folder, &target) {
            return Err(Problem::Link(location.to_owned()));
        }
        let metadata = target.metadata().map_err(system)?;
        if !metadata.is_file() {
            return Err(Problem::NotRegular(location.to_owned()));
        }
        Ok((target, metadata.len()))
    }
}

/// Refuses a location that leads out of the folder by its spelling, on whichever system.
fn check_spelling(location: &str) -> Result<(), Problem> {
    let own = || location.to_owned();
    if location.is_empty() {
        return Err(Problem::NoLocation);
    }
    if location.contains('\0') {
        return Err(Problem::Nul(own()));
    }
    let drive = location.as_bytes().get(1) == Some(&b':')
        && location.starts_with(|it: char| it.is_ascii_alphabetic());
    if drive || location.starts_with(['/', '\\']) {
        return Err(Problem::Absolute(own()));
    }
    if location.split(['/', '\\']).any(|part| part == "..") {
        return Err(Problem::Parent(own()));
    }
    Ok(())
}

/// Whether `target` is a blob of the Hugging Face cache entry that `folder` is a snapshot of:
/// `models--NAME/snapshots/REVISION/…` and `models--NAME/blobs/…`.
fn in_cache(folder: &Path, target: &Path) -> bool {
    let snapshots = folder.ancestors().skip(1);
    let mut entries = snapshots
        .filter(|it| it.file_name().is_some_and(|name| name == "snapshots"))
        .filter_map(Path::parent);
    entries.any(|entry| target.parent() == Some(&entry.join("blobs")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_stays_in_the_folder() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("model")).unwrap();
        std::fs::write(home.path().join("outside.bin"), "12").unwrap();
        std::fs::write(home.path().join("model/w.bin"), "12345").unwrap();
        let folder = Folder::new(Some(home.path().join("model")), false);
        let cases = [
            ("w.bin", Ok(5)),
            ("./w.bin", Ok(5)),
            ("", Err("the model names no file for it")),
            (
                "../outside.bin",
                Err("\"../outside.bin\" leads out of the model's folder"),
            ),
            (
                "a\\..\\b",
                Err("\"a\\\\..\\\\b\" leads out of the model's folder"),
            ),
            ("/etc/passwd", Err("\"/etc/passwd\" is an absolute path")),
            (
                "\\\\host\\w",
                Err("\"\\\\\\\\host\\\\w\" is an absolute path"),
            ),
            ("c:w.bin", Err("\"c:w.bin\" is an absolute path")),
            ("w\0", Err("\"w\\0\" has a NUL byte in it")),
            ("absent.bin", Err("\"absent.bin\" is not there")),
            (".", Err("\".\" is not a regular file")),
        ];
        for (location, expected) in cases {
            let got = folder.size(location).map_err(|it| it.to_string());
            assert_eq!(got, expected.map_err(str::to_owned), "{location:?}");
        }
        let homeless = Folder::new(None, true).size("w.bin");
        assert_eq!(homeless, Err(Problem::NoFolder));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_followed_inside_the_folder_and_into_its_cache_only() {
        use std::os::unix::fs::symlink;
        let home = tempfile::tempdir().unwrap();
        let entry = home.path().join("models--a--b");
        let folder = entry.join("snapshots/1234/onnx");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::create_dir(entry.join("blobs")).unwrap();
        for path in ["models--a--b/blobs/beef", "models--a--b/blobs2", "secret"] {
            std::fs::write(home.path().join(path), "123").unwrap();
        }
        std::fs::write(folder.join("w.bin"), "1234").unwrap();
        symlink("w.bin", folder.join("inside")).unwrap();
        symlink("../../../blobs/beef", folder.join("blob")).unwrap();
        symlink("../../../blobs2", folder.join("beside")).unwrap();
        symlink(home.path().join("secret"), folder.join("outside")).unwrap();
        let out = |name| Err(Problem::Link(String::from(name)));
        let cases = [
            ("inside", Ok(4), Ok(4)),
            ("blob", Ok(3), Ok(3)),
            ("beside", out("beside"), Ok(3)),
            ("outside", out("outside"), Ok(3)),
        ];
        for (location, strict, loose) in cases {
            let size = |links| Folder::new(Some(folder.clone()), links).size(location);
            assert_eq!(size(false), strict, "{location}");
            assert_eq!(size(true), loose, "{location}, links allowed");
        }
    }
}
