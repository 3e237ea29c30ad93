//! What a pool does to the number of activations, in words of several lengths.

use super::rows::pool;
use super::text::width;
use crate::account::Layer;
use crate::units::ratio;

/// How a pool changes the number of activations.
pub(super) struct Pooled {
    /// `4.1`; empty where the number stays.
    times: String,
    /// `fewer`, `more`, or `as many`.
    word: &'static str,
}

impl Pooled {
    /// `None` of a layer that is no pool, and where a size is open.
    pub(super) fn of(layer: &Layer) -> Option<Self> {
        let row = pool(layer)?;
        let (before, after) = (row.activations_in?, row.activations_out?);
        let (more, less, word) = if before >= after {
            (before, after, "fewer")
        } else {
            (after, before, "more")
        };
        let times = ratio(more, less)?;
        Some(if times == "1" {
            Self {
                times: String::new(),
                word: "as many",
            }
        } else {
            Self { times, word }
        })
    }

    /// `4.1× fewer`.
    pub(super) fn short(&self) -> String {
        match self.times.as_str() {
            "" => self.word.to_owned(),
            times => format!("{times}× {}", self.word),
        }
    }

    /// `4.1 times fewer`.
    pub(super) fn middle(&self) -> String {
        match self.times.as_str() {
            "" => self.word.to_owned(),
            times => format!("{times} times {}", self.word),
        }
    }

    /// `4.1 times fewer activations`.
    pub(super) fn long(&self) -> String {
        format!("{} activations", self.middle())
    }

    /// What fits into `room` and says that activations are counted, else the middle length.
    pub(super) fn fitting(&self, room: usize) -> String {
        let long = [self.long(), format!("{} activations", self.short())];
        let long = long.into_iter().find(|it| width(it) <= room);
        long.unwrap_or_else(|| self.middle())
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::pool as sample;
    use super::*;

    #[test]
    fn a_pool_says_how_many_times_fewer_or_more() {
        // 55² / 27² = 4.15, 14² / 14² = 1, 12² / 10² = 1.44
        let cases = [
            (sample("a", 96, 55, 27), "4.1 times fewer activations"),
            (sample("a", 96, 14, 14), "as many activations"),
            (sample("a", 96, 10, 12), "1.4 times more activations"),
        ];
        for (layer, expected) in cases {
            assert_eq!(Pooled::of(&layer).unwrap().long(), expected);
        }
    }
}
