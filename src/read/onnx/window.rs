//! Forward reading of a source through a small window, so that what is skipped is not read.

use super::error::OnnxError;
use crate::source::Source;
use crate::units::wide;

/// Bytes that are read after a skip.
const SMALLEST: u64 = 512;
/// Bytes that are read at a time when nothing is skipped.
const LARGEST: u64 = 64 << 10;

/// A cursor over a source. The window doubles as long as reading is sequential.
pub(super) struct Window<'s> {
    source: &'s dyn Source,
    size: u64,
    buffer: Vec<u8>,
    /// Offset of the buffer's first byte.
    start: u64,
    /// Place of the cursor in the buffer, which it may have left.
    at: u64,
    /// Bytes to read next.
    next: u64,
}

impl<'s> Window<'s> {
    /// A cursor at the start, of which `head` was read before.
    pub(super) fn new(source: &'s dyn Source, head: Vec<u8>) -> Self {
        Self {
            source,
            size: source.size(),
            buffer: head,
            start: 0,
            at: 0,
            next: SMALLEST,
        }
    }

    /// Size of the source.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Where the cursor stands, in bytes from the start.
    pub(super) fn offset(&self) -> u64 {
        self.start.saturating_add(self.at)
    }

    /// What of the buffer lies at the cursor; never empty.
    fn here(&mut self) -> Result<&[u8], OnnxError> {
        if self.at >= wide(self.buffer.len()) {
            self.fill()?;
        }
        let at = usize::try_from(self.at).unwrap_or(usize::MAX);
        Ok(self.buffer.get(at..).unwrap_or_default())
    }

    fn fill(&mut self) -> Result<(), OnnxError> {
        let offset = self.offset();
        if self.at > wide(self.buffer.len()) {
            self.next = SMALLEST;
        }
        let len = self.next.min(self.size.saturating_sub(offset));
        if len == 0 {
            return Err(OnnxError::Cut {
                offset,
                end: self.size,
                size: self.size,
            });
        }
        self.buffer.resize(usize::try_from(len).unwrap_or(0), 0);
        self.source
            .read_at(offset, &mut self.buffer)
            .map_err(|cause| OnnxError::Read { offset, cause })?;
        (self.start, self.at) = (offset, 0);
        self.next = self.next.saturating_mul(2).min(LARGEST);
        Ok(())
    }

    /// The next byte.
    pub(super) fn byte(&mut self) -> Result<u8, OnnxError> {
        let byte = self.here()?.first().copied().unwrap_or_default();
        self.at = self.at.saturating_add(1);
        Ok(byte)
    }

    /// Moves the cursor on without reading.
    pub(super) fn skip(&mut self, count: u64) {
        self.at = self.at.saturating_add(count);
    }

    /// Appends the next `count` bytes to `out`. The caller has seen that the file has as many.
    pub(super) fn copy(&mut self, mut count: u64, out: &mut Vec<u8>) -> Result<(), OnnxError> {
        while count > 0 {
            let here = self.here()?;
            let len = usize::try_from(count).map_or(here.len(), |it| it.min(here.len()));
            out.extend_from_slice(here.get(..len).unwrap_or_default());
            self.skip(wide(len));
            count = count.saturating_sub(wide(len));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{BytesSource, Counted};

    #[test]
    fn the_window_doubles_and_shrinks_after_a_skip() {
        let source = Counted::new(BytesSource(vec![7; 300_000]));
        let mut window = Window::new(&source, Vec::new());
        let mut read = Vec::new();
        for step in [512, 1024, 2048] {
            window.copy(step, &mut Vec::new()).unwrap();
            read.push(source.bytes_read());
        }
        assert_eq!(read, [512, 1536, 3584]);
        window.skip(100_000);
        assert_eq!(window.byte().unwrap(), 7);
        assert_eq!(source.bytes_read(), 3584 + 512);
        assert_eq!(window.offset(), 3584 + 100_001);
    }

    #[test]
    fn reading_past_the_end_is_an_error() {
        let source = BytesSource(vec![7; 3]);
        let mut window = Window::new(&source, Vec::new());
        window.skip(3);
        let error = window.byte().unwrap_err().to_string();
        let expected = "is cut short at byte 3: the file (3 bytes) ends inside a field";
        assert_eq!(error, expected);
    }
}
