//! Layers as numbers, so that aligning them compares no text.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::item::Item;
use super::name::is_trusted;

/// A layer in numbers: equal ones for equal text, over both lists.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: u32,
    /// 0 where no name tells it.
    pub(super) module: u32,
    /// All keys together.
    pub(super) whole: u32,
    /// One a field of some weight; 0 where it is unknown.
    pub(super) keys: Vec<u32>,
    /// Its name counts nothing.
    pub(super) trusted: bool,
    /// Its counterpart is the layer of its name, and no other.
    pub(super) bound: bool,
}

/// Numbers of what was seen so far.
#[derive(Default)]
pub(super) struct Numbers<'a> {
    words: HashMap<&'a str, u32, RandomState>,
    wholes: HashMap<Vec<u32>, u32, RandomState>,
}

impl<'a> Numbers<'a> {
    /// The number of a word; 0 is that of the empty one.
    fn word(&mut self, word: &'a str) -> u32 {
        if word.is_empty() {
            return 0;
        }
        let next = u32::try_from(self.words.len()).map_or(u32::MAX, |it| it.saturating_add(1));
        *self.words.entry(word).or_insert(next)
    }

    pub(super) fn token(&mut self, item: &'a Item) -> Token {
        let keys: Vec<u32> = item.keys.iter().map(|it| self.word(it)).collect();
        let kind = self.word(item.side.kind);
        let next = u32::try_from(self.wholes.len()).unwrap_or(u32::MAX);
        let mut all = keys.clone();
        all.push(kind);
        Token {
            kind,
            module: item.side.module.as_deref().map_or(0, |it| self.word(it)),
            whole: *self.wholes.entry(all).or_insert(next),
            keys,
            trusted: item.side.module.as_deref().is_some_and(is_trusted),
            bound: false,
        }
    }
}
