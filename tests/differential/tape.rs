//! Choices read off bytes that proptest makes, so that it can shrink what is built from them.

/// A list of choices; once it is used up, every choice is the first.
pub(crate) struct Tape<'b>(&'b [u8]);

impl<'b> Tape<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    /// The next byte.
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    /// A number below `most`.
    pub(crate) fn below(&mut self, most: usize) -> usize {
        let wide = if most > 256 {
            usize::from(self.byte()) << 8
        } else {
            0
        };
        (wide | usize::from(self.byte())) % most.max(1)
    }

    /// True once in `every` times; never when the tape is used up.
    pub(crate) fn once_in(&mut self, every: usize) -> bool {
        self.below(every) == every - 1
    }

    /// One of several.
    pub(crate) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}
