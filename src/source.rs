//! Positioned reads: all that the product needs of a file.

use std::io;

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
}
