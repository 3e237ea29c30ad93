//! Positioned reads: all that the product needs of a file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use crate::units::{grouped, wide};

/// The most that is taken into memory from a pipe, in bytes.
pub const MOST_PIPED: u64 = 1 << 30;

/// Anything that answers positioned reads: a file, bytes in memory, later a URL with ranges.
pub trait Source {
    /// Its size in bytes.
    fn size(&self) -> u64;

    /// Fills `buffer` from `offset` on.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] when it ends before the buffer is full, and whatever the
    /// system answers.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// Sees to it that what was read so far is still what is there.
    ///
    /// # Errors
    /// `file changed while being read` when its size or modification time is another than at the
    /// beginning, and whatever the system answers.
    fn check_unchanged(&self) -> io::Result<()> {
        Ok(())
    }
}

/// A regular file.
#[derive(Debug)]
pub struct FileSource {
    file: File,
    size: u64,
    modified: Option<SystemTime>,
}

impl FileSource {
    /// Opens the file at `path`.
    ///
    /// # Errors
    /// When it is a folder, a pipe or a device, and whatever the system answers.
    pub fn open(path: &Path) -> io::Result<Self> {
        // Before opening, since opening a named pipe waits for its writer.
        regular(&path.metadata()?)?;
        Self::new(File::open(path)?)
    }

    /// Reads a file that is open already, from its first byte wherever its cursor stands.
    ///
    /// # Errors
    /// As [`FileSource::open`].
    pub fn new(file: File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        regular(&metadata)?;
        Ok(Self {
            size: metadata.len(),
            modified: metadata.modified().ok(),
            file,
        })
    }
}

/// Refuses what does not answer positioned reads.
fn regular(metadata: &std::fs::Metadata) -> io::Result<()> {
    if metadata.is_dir() {
        return Err(io::Error::other("is a folder, not a file"));
    }
    if !metadata.is_file() {
        return Err(io::Error::other("is not a regular file"));
    }
    Ok(())
}

impl Source for FileSource {
    fn size(&self) -> u64 {
        self.size
    }

    #[cfg(unix)]
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.file, buffer, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, mut offset: u64, mut buffer: &mut [u8]) -> io::Result<()> {
        while !buffer.is_empty() {
            let count = std::os::windows::fs::FileExt::seek_read(&self.file, buffer, offset)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            offset = offset.saturating_add(wide(count));
            buffer = buffer.get_mut(count..).unwrap_or_default();
        }
        Ok(())
    }

    fn check_unchanged(&self) -> io::Result<()> {
        let metadata = self.file.metadata()?;
        if metadata.len() == self.size && metadata.modified().ok() == self.modified {
            return Ok(());
        }
        Err(io::Error::other("file changed while being read"))
    }
}

/// Bytes in memory.
#[derive(Clone, Debug, Default)]
pub struct BytesSource(pub Vec<u8>);

impl BytesSource {
    /// Takes in everything that `reader` gives, up to [`MOST_PIPED`].
    ///
    /// # Errors
    /// When there is more than that, and whatever `reader` answers.
    pub fn read_all(reader: impl Read) -> io::Result<Self> {
        let mut bytes = Vec::new();
        reader.take(MOST_PIPED + 1).read_to_end(&mut bytes)?;
        if wide(bytes.len()) > MOST_PIPED {
            return Err(io::Error::other(format!(
                "more than {} bytes come through the pipe; save them to a file and give its path",
                grouped(&MOST_PIPED.to_string())
            )));
        }
        Ok(Self(bytes))
    }
}

impl Source for BytesSource {
    fn size(&self) -> u64 {
        wide(self.0.len())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let run = self
            .0
            .get(start..start.saturating_add(buffer.len()))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(run);
        Ok(())
    }
}

/// Counts the bytes that are really read from a source.
#[derive(Debug)]
pub struct Counted<S> {
    inner: S,
    read: AtomicU64,
}

impl<S: Source> Counted<S> {
    /// Counts from 0.
    pub fn new(inner: S) -> Self {
        Self {
            inner,
            read: AtomicU64::new(0),
        }
    }

    /// Bytes read so far.
    pub fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
}

impl<S: Source> Source for Counted<S> {
    fn size(&self) -> u64 {
        self.inner.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.inner.read_at(offset, buffer)?;
        self.read.fetch_add(wide(buffer.len()), Ordering::Relaxed);
        Ok(())
    }

    fn check_unchanged(&self) -> io::Result<()> {
        self.inner.check_unchanged()
    }
}

impl<S: Source + ?Sized> Source for Box<S> {
    fn size(&self) -> u64 {
        (**self).size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        (**self).read_at(offset, buffer)
    }

    fn check_unchanged(&self) -> io::Result<()> {
        (**self).check_unchanged()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_past_the_end_is_an_error_wherever_it_begins() {
        let source = BytesSource(vec![1, 2, 3]);
        for (offset, len) in [(0, 4), (3, 1), (4, 1), (u64::MAX, 1)] {
            let error = source.read_at(offset, &mut vec![0; len]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{offset}+{len}");
        }
    }

    #[test]
    fn a_file_that_grew_is_noticed() {
        let path = tempfile::NamedTempFile::new().unwrap();
        let source = FileSource::open(path.path()).unwrap();
        source.check_unchanged().unwrap();
        std::fs::write(path.path(), "more").unwrap();
        let error = source.check_unchanged().unwrap_err();
        assert_eq!(error.to_string(), "file changed while being read");
    }

    #[test]
    fn a_folder_is_no_file() {
        let error = FileSource::open(&std::env::temp_dir()).unwrap_err();
        assert_eq!(error.to_string(), "is a folder, not a file");
    }

    #[test]
    fn what_was_read_is_counted() {
        let source = Counted::new(BytesSource(vec![0; 9]));
        source.read_at(2, &mut [0; 4]).unwrap();
        source.read_at(8, &mut [0; 4]).unwrap_err();
        assert_eq!(source.bytes_read(), 4);
    }
}
