//! What mutation is decided by.

use super::words::{NUMBERS, TEXTS};

/// A small generator: what it picks depends on its seed alone.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u32) -> Self {
        Self(u64::from(seed))
    }

    /// A number below `sides`; 0 where there are none.
    ///
    /// Source: splitmix64, <https://prng.di.unimi.it/splitmix64.c>
    pub(super) fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        it ^= it >> 31;
        let sides = u64::try_from(sides).unwrap();
        usize::try_from(it.checked_rem(sides).unwrap_or(0)).unwrap()
    }

    pub(super) fn number(&mut self) -> i64 {
        let near = i64::try_from(self.below(9)).unwrap();
        if self.below(2) == 0 {
            near
        } else {
            *self.one(NUMBERS)
        }
    }

    pub(super) fn one<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    pub(super) fn text(&mut self) -> String {
        (*self.one(TEXTS)).to_owned()
    }

    pub(super) fn some<'a, T>(&mut self, list: &'a mut [T]) -> Option<&'a mut T> {
        let at = self.below(list.len());
        list.get_mut(at)
    }
}
