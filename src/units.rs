//! Exact counts with their unit in the type, and how they print.

use std::fmt;

use serde::Serialize;

/// Numbers of up to this many digits print in full; a unit comes only beyond.
const EXACT_DIGITS: usize = 12;

/// Parameters: elements of weight tensors, per sample, each tied tensor counted once in totals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Params(pub u128);

/// Multiply-accumulate operations of one forward pass of one sample.
///
/// A convolution's bias add is not counted, as in fvcore's `conv_flop_count`; torchinfo's
/// "mult-adds" counts it. A shared weight counts at every use, since every use computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Macs(pub u128);

/// Bytes, of a file or of the tensors in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Bytes(pub u64);

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&counted(self.0))
    }
}

impl fmt::Display for Macs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&counted(self.0))
    }
}

impl fmt::Display for Bytes {
    /// Three significant places in binary units: `232.6 MiB`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&bytes(self.0))
    }
}

/// A count as tables print it: exact with separators up to twelve digits, `1.234 E` units beyond.
#[must_use]
pub fn counted(count: u128) -> String {
    let digits = count.to_string();
    if digits.len() <= EXACT_DIGITS {
        return grouped(&digits);
    }
    // One unit for each three digits beyond the first twelve: tera, peta, exa, zetta, yotta, …
    let units = ["T", "P", "E", "Z", "Y", "R", "Q"];
    let above = digits.len().saturating_sub(EXACT_DIGITS.saturating_add(1)) / 3;
    let unit = units.get(above).copied().unwrap_or("Q");
    let power = above
        .min(units.len().saturating_sub(1))
        .saturating_mul(3)
        .saturating_add(12);
    let whole_len = digits.len().saturating_sub(power);
    let (whole, rest) = digits.split_at(whole_len);
    format!(
        "{}.{} {unit}",
        grouped(whole),
        rest.get(..3).unwrap_or(rest)
    )
}

/// Decimal digits with a comma before every third one from the end.
#[must_use]
pub fn grouped(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `whole / part` to one decimal, a whole number without: `3,025`, `285.5`; `None` by zero or past `u128`.
#[must_use]
pub fn ratio(whole: u128, part: u128) -> Option<String> {
    let tenths = whole
        .checked_mul(10)?
        .checked_add(part / 2)?
        .checked_div(part)?;
    Some(match tenths % 10 {
        0 => counted(tenths / 10),
        decimal => format!("{}.{decimal}", counted(tenths / 10)),
    })
}

/// A quotient of counts as JSON has it; exact where it is a whole number below 2^53.
#[must_use]
pub fn fraction(above: u128, below: u128) -> Option<f64> {
    let whole = above.checked_div(below)?;
    let rest = above.checked_rem(below)?;
    Some(float(whole) + float(rest) / float(below))
}

/// A count as a float, from its four 32-bit digits.
fn float(count: u128) -> f64 {
    let digits = [96u32, 64, 32, 0].map(|shift| {
        let digit = u32::try_from((count >> shift) & u128::from(u32::MAX));
        f64::from(digit.unwrap_or(u32::MAX))
    });
    digits
        .iter()
        .fold(0.0, |sum, digit| sum * 4_294_967_296.0 + digit)
}

/// `part` of `whole` in percent to one decimal: `96.2 %`.
#[must_use]
pub fn percent(part: u128, whole: u128) -> Option<String> {
    let tenths = part
        .checked_mul(1000)?
        .checked_add(whole / 2)?
        .checked_div(whole)?;
    Some(format!("{}.{} %", tenths / 10, tenths % 10))
}

/// A number of bytes in the largest binary unit that keeps it at 1 or more, one decimal.
fn bytes(count: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut tenths = u128::from(count) * 10;
    if count < 1024 {
        return format!("{count} B");
    }
    let mut unit = "B";
    for next in units {
        if tenths < 10_240 {
            break;
        }
        tenths = (tenths + 512) / 1024;
        unit = next;
    }
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

/// A length in memory as a file quantity; lossless wherever memory has at most 64-bit addresses.
#[must_use]
pub fn wide(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

/// The product of `factors`, or `None` where it passes `u128`.
#[must_use]
pub fn product(factors: impl IntoIterator<Item = u128>) -> Option<u128> {
    factors.into_iter().try_fold(1u128, u128::checked_mul)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_exact_up_to_twelve_digits() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (34_944, "34,944"),
            (105_705_600, "105,705,600"),
            (999_999_999_999, "999,999,999,999"),
            (1_000_000_000_000, "1.000 T"),
            (12_345_678_901_234, "12.345 T"),
            (1_234_567_890_123_456, "1.234 P"),
        ];
        for (count, expected) in cases {
            assert_eq!(counted(count), expected, "{count}");
        }
    }

    #[test]
    fn bytes_take_the_largest_unit() {
        let cases = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (243_865_432, "232.6 MiB"),
        ];
        for (count, expected) in cases {
            assert_eq!(Bytes(count).to_string(), expected, "{count}");
        }
    }

    #[test]
    fn ratios_and_shares_round_to_one_decimal() {
        assert_eq!(ratio(105_705_600, 34_944).as_deref(), Some("3,025"));
        // 666,434,944 / 2,334,080 = 285.523…
        assert_eq!(ratio(666_434_944, 2_334_080).as_deref(), Some("285.5"));
        assert_eq!(ratio(1, 0), None);
        // 58,631,144 / 60,965,224 = 0.96171…
        assert_eq!(percent(58_631_144, 60_965_224).as_deref(), Some("96.2 %"));
    }

    #[test]
    fn fractions_are_exact_where_they_can_be() {
        assert_eq!(fraction(105_705_600, 34_944), Some(3025.0));
        assert_eq!(fraction(7, 2), Some(3.5));
        assert_eq!(fraction(1, 0), None);
    }
}
