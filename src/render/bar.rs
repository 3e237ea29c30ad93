//! A bar for each count, on a logarithmic scale whose start is said.

use crate::units::wide;

/// Parts of one cell.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// A logarithmic scale from a power of ten to the greatest count.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    /// The power of ten at which bars begin.
    tens: u32,
    greatest: u128,
}

impl Scale {
    /// A scale for `counts`; `None` where none of them is above zero.
    ///
    /// It starts at the power of ten below the least one, so that their differences show, and at
    /// least one power below the greatest.
    pub(super) fn of(counts: impl Iterator<Item = u128> + Clone) -> Option<Self> {
        let filled = counts.filter(|it| *it > 0);
        let greatest = filled.clone().max()?;
        let least = filled.min()?.ilog10();
        let tens = least.min(greatest.ilog10().saturating_sub(1));
        Some(Self { tens, greatest })
    }

    /// Headers from the longest to the shortest: `unshared, log ≥10 M`.
    pub(super) fn headers(self) -> [String; 2] {
        let units = ["", " k", " M", " G", " T", " P", " E"];
        let digits = "0".repeat(usize::try_from(self.tens % 3).unwrap_or(0));
        let place = usize::try_from(self.tens / 3).unwrap_or(usize::MAX);
        let from = match units.get(place) {
            Some(unit) => format!("1{digits}{unit}"),
            None => format!("1e{}", self.tens),
        };
        [format!("unshared, log ≥{from}"), format!("log ≥{from}")]
    }

    /// The bar of `count` in at most `cells` cells; a count above zero always shows.
    pub(super) fn bar(self, count: u128, cells: usize) -> String {
        if count == 0 {
            return String::new();
        }
        let start = log2(10u128.saturating_pow(self.tens));
        let span = log2(self.greatest).saturating_sub(start).max(1);
        let above = log2(count).saturating_sub(start).min(span);
        let eighths = above.saturating_mul(cells.saturating_mul(8)) / span;
        let eighths = eighths.max(1);
        let part = EIGHTHS.get(eighths % 8).copied().unwrap_or_default();
        "█".repeat(eighths / 8) + part
    }
}

/// The bar of `count` on a straight scale from 0 to `greatest`; a count above zero always shows.
pub(super) fn straight(count: u128, greatest: u128, cells: usize) -> String {
    let most = cells.saturating_mul(8);
    let parts = u128::try_from(most)
        .ok()
        .and_then(|it| it.checked_mul(count));
    // Past 128 bits the product's precision is not needed.
    let eighths = match parts {
        Some(parts) => parts.checked_div(greatest),
        None => count
            .checked_div((greatest / 1024).max(1))
            .map(|it| it * u128::from(wide(most)) / 1024),
    };
    let eighths = eighths.and_then(|it| usize::try_from(it).ok()).unwrap_or(0);
    let eighths = eighths.min(most).max(usize::from(count > 0));
    let part = EIGHTHS.get(eighths % 8).copied().unwrap_or_default();
    "█".repeat(eighths / 8) + part
}

/// log2 of a number from 1 on, in units of 1/256, straight between powers of two.
fn log2(count: u128) -> usize {
    let whole = count.max(1).ilog2();
    // The eight bits after the leading one.
    let fraction = if whole >= 8 {
        count >> (whole - 8)
    } else {
        count << (8 - whole)
    };
    let whole = usize::try_from(whole).unwrap_or(0);
    whole * 256 + usize::try_from(fraction & 255).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_count_fills_the_bar_and_the_order_shows() {
        let counts = [105_705_600, 224_135_424, 74_803_456];
        let scale = Scale::of(counts.into_iter()).unwrap();
        assert_eq!(scale.headers()[1], "log ≥10 M");
        assert_eq!(scale.bar(224_135_424, 10), "█".repeat(10));
        let lengths = counts.map(|it| scale.bar(it, 16).chars().count());
        assert!(
            lengths[2] < lengths[0] && lengths[0] < lengths[1],
            "{lengths:?}"
        );
    }

    #[test]
    fn one_count_alone_fills_its_bar_and_zero_has_none() {
        let scale = Scale::of([34_944].into_iter()).unwrap();
        assert_eq!(scale.bar(34_944, 8), "█".repeat(8));
        assert_eq!(scale.bar(0, 8), "");
        assert!(Scale::of([0].into_iter()).is_none());
    }

    #[test]
    fn logarithms_of_powers_of_two_are_exact() {
        for (count, expected) in [(1, 0), (2, 256), (1 << 20, 5120), (3, 384)] {
            assert_eq!(log2(count), expected, "{count}");
        }
        // log2(10⁶) = 19.93
        assert_eq!(log2(1_000_000) / 256, 19);
    }
}
