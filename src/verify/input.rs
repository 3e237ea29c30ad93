//! The input that layers are run on: pseudo-random, the same at every run.

/// `SplitMix64`, a well-spread sequence from any seed.
///
/// Source: <https://prng.di.unimi.it/splitmix64.c>
#[derive(Clone, Debug)]
pub(super) struct SplitMix(u64);

impl SplitMix {
    /// The sequence of this seed.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number in [0, 1) of 24 bits, so that it is exact in `f32`.
    fn unit(&mut self) -> f64 {
        let bits = u32::try_from(self.next() >> 40).unwrap_or(0);
        f64::from(bits) / 16_777_216.0
    }

    /// A number in [-1, 1), exact in `f32`.
    pub(super) fn signed(&mut self) -> f64 {
        self.unit() * 2.0 - 1.0
    }

    /// A whole number from `least` to `most`, both included.
    pub(super) fn whole(&mut self, least: f64, most: f64) -> f64 {
        least + (self.unit() * (most - least + 1.0)).floor()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_the_published_one() {
        // First outputs for seed 1234567, as in Rosetta Code's table for splitmix64.
        let mut it = SplitMix::new(1_234_567);
        let got = [it.next(), it.next()];
        assert_eq!(got, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn numbers_stay_in_their_range() {
        let mut it = SplitMix::new(1);
        let values: Vec<f64> = (0..10_000).map(|_| it.signed()).collect();
        assert!(values.iter().all(|it| (-1.0..1.0).contains(it)));
        assert!(values.iter().any(|it| *it < -0.9) && values.iter().any(|it| *it > 0.9));
        let whole: Vec<f64> = (0..10_000).map(|_| it.whole(-128.0, 127.0)).collect();
        assert!(whole.contains(&-128.0) && whole.contains(&127.0));
        assert!(whole.iter().all(|it| (-128.0..=127.0).contains(it)));
    }
}
