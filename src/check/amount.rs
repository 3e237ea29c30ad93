//! What a budget counts in: units, how people write an amount, how it is shown.

use crate::units::{Bytes, counted, grouped};

/// Digits after the point that an amount may have.
const MOST_DECIMALS: usize = 18;

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Elements of weight tensors.
    Params,
    /// Bytes.
    Bytes,
    /// Multiply-accumulates of one sample.
    Macs,
    /// Nodes.
    Layers,
    /// Pixels of the input along one axis.
    Pixels,
    /// A ratio, held in thousandths.
    Factor,
}

/// Which way a fraction goes: a maximum is rounded down and a minimum up, so neither lets more through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// Of a maximum.
    Down,
    /// Of a minimum.
    Up,
}

/// A bound as the user wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// In the rule's unit; thousandths of a factor.
    pub value: u128,
    /// The user's own spelling, or digits with separators.
    pub text: String,
}

/// A suffix and what it multiplies by.
type Suffix = (&'static str, u128);

const DECIMAL: &[Suffix] = &[
    ("", 1),
    ("k", 1_000),
    ("K", 1_000),
    ("M", 1_000_000),
    ("G", 1_000_000_000),
    ("B", 1_000_000_000),
    ("T", 1_000_000_000_000),
    ("P", 1_000_000_000_000_000),
    ("E", 1_000_000_000_000_000_000),
];

const BYTES: &[Suffix] = &[
    ("", 1),
    ("B", 1),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

const PLAIN: &[Suffix] = &[("", 1)];

impl Unit {
    /// Its name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Params => "parameters",
            Self::Bytes => "bytes",
            Self::Macs => "macs",
            Self::Layers => "layers",
            Self::Pixels => "pixels",
            Self::Factor => "factor",
        }
    }

    /// How many of what is held make one.
    #[must_use]
    pub fn scale(self) -> u128 {
        if self == Self::Factor { 1_000 } else { 1 }
    }

    fn suffixes(self) -> &'static [Suffix] {
        match self {
            Self::Params | Self::Macs => DECIMAL,
            Self::Bytes => BYTES,
            Self::Layers | Self::Pixels | Self::Factor => PLAIN,
        }
    }

    /// An example of how an amount is written.
    #[must_use]
    pub fn example(self) -> &'static str {
        match self {
            Self::Params => "\"25.6 M\"",
            Self::Bytes => "\"98 MiB\"",
            Self::Macs => "\"4.1 G\"",
            Self::Layers => "53",
            Self::Pixels => "427",
            Self::Factor => "285.5",
        }
    }

    /// `value` for the eye: bytes in a unit, everything else exact.
    #[must_use]
    pub fn shown(self, value: u128) -> String {
        match (self, u64::try_from(value)) {
            (Self::Bytes, Ok(bytes)) => Bytes(bytes).to_string(),
            _ => self.exact(value),
        }
    }

    /// `value` without rounding, but for counts of more than twelve digits.
    #[must_use]
    pub fn exact(self, value: u128) -> String {
        match self {
            Self::Bytes => format!("{} B", grouped(&value.to_string())),
            Self::Factor => {
                let (whole, thousandths) = (value / 1_000, value % 1_000);
                let decimals = format!("{thousandths:03}");
                let point = if thousandths == 0 { "" } else { "." };
                let decimals = decimals.trim_end_matches('0');
                format!("{}{point}{decimals}", grouped(&whole.to_string()))
            }
            _ => counted(value),
        }
    }

    /// Every digit: `1,234,567,890,123`.
    #[must_use]
    pub fn digits(self, value: u128) -> String {
        match self {
            Self::Bytes | Self::Factor => self.exact(value),
            _ => grouped(&value.to_string()),
        }
    }

    /// Reads an amount: `25.6 M`, `98 MiB`, `4_100_000_000`, `61,000,000`.
    ///
    /// # Errors
    /// What is wrong with it, and how one is written.
    pub fn read(self, text: &str, round: Round) -> Result<Limit, String> {
        let trimmed = text.trim();
        let end = trimmed.find(|it: char| !it.is_ascii_digit() && !"_,.".contains(it));
        let (number, suffix) = trimmed.split_at(end.unwrap_or(trimmed.len()));
        let (digits, decimals) = decimal(number.trim()).ok_or_else(|| self.no_amount(trimmed))?;
        let multiplier = self.multiplier(suffix.trim(), trimmed)?;
        let value = scaled(digits, decimals, multiplier, self.scale(), round);
        let value = value.ok_or_else(|| format!("{trimmed:?} passes 128 bits"))?;
        let plain = suffix.is_empty() && decimals == 0;
        Ok(Limit {
            value,
            text: if plain {
                self.digits(value)
            } else {
                trimmed.to_owned()
            },
        })
    }

    fn no_amount(self, text: &str) -> String {
        format!(
            "{text:?} is no amount, which is written like {}",
            self.example()
        )
    }

    fn multiplier(self, suffix: &str, text: &str) -> Result<u128, String> {
        if let Some((_, multiplier)) = self.suffixes().iter().find(|it| it.0 == suffix) {
            return Ok(*multiplier);
        }
        if self == Self::Bytes && matches!(suffix, "k" | "K" | "M" | "G" | "T") {
            return Err(format!(
                "{text:?} could be meant two ways: write {suffix}B for powers of 1000 or {}iB for powers of 1024",
                suffix.to_uppercase()
            ));
        }
        let known: Vec<&str> = self.suffixes().iter().map(|it| it.0).skip(1).collect();
        Err(match known.as_slice() {
            [] => format!("{text:?} has a unit, and none is known here"),
            known => format!("{suffix:?} is no unit here; there are {}", known.join(", ")),
        })
    }
}

/// Digits without point and separators, and how many of them stand after the point.
fn decimal(text: &str) -> Option<(u128, usize)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut groups = whole.split(',');
    let grouped = |it: &str| it.len() == 3;
    let (first, mut rest) = (groups.next()?, groups.clone());
    let has_digits = first.starts_with(|it: char| it.is_ascii_digit());
    let in_threes = groups.next().is_none() || (first.len() <= 3 && rest.all(grouped));
    let decimals = fraction.len();
    let clean = fraction.chars().all(|it| it.is_ascii_digit()) && decimals <= MOST_DECIMALS;
    if !has_digits || !in_threes || !clean || text.ends_with(['.', '_', ',']) {
        return None;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    Some((digits.parse().ok()?, decimals))
}

fn scaled(digits: u128, decimals: usize, by: u128, scale: u128, round: Round) -> Option<u128> {
    let parts = 10u128.checked_pow(u32::try_from(decimals).ok()?)?;
    // Powers of ten, both: what they share need not be multiplied first.
    let common = scale.min(parts);
    let (scale, parts) = (scale.checked_div(common)?, parts.checked_div(common)?);
    let whole = digits.checked_mul(by)?.checked_mul(scale)?;
    match round {
        Round::Down => whole.checked_div(parts),
        Round::Up => Some(whole.div_ceil(parts)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        let cases = [
            (Unit::Params, "25.6 M", 25_600_000),
            (Unit::Params, "25.6M", 25_600_000),
            (Unit::Params, "7 B", 7_000_000_000),
            (Unit::Params, "4_100_000_000", 4_100_000_000),
            (Unit::Params, "61,000,000", 61_000_000),
            (Unit::Macs, "4.1 G", 4_100_000_000),
            // 98 · 2^20
            (Unit::Bytes, "98 MiB", 102_760_448),
            (Unit::Bytes, "98 MB", 98_000_000),
            (Unit::Bytes, "512", 512),
            (Unit::Layers, "53", 53),
            (Unit::Factor, "285.5", 285_500),
        ];
        for (unit, text, expected) in cases {
            let limit = unit.read(text, Round::Down).unwrap();
            assert_eq!(limit.value, expected, "{text}");
        }
    }

    #[test]
    fn a_fraction_never_lets_more_through() {
        // 97.7 · 2^20 = 102,445,875.2
        let read = |round| Unit::Bytes.read("97.7 MiB", round).unwrap().value;
        assert_eq!(
            (read(Round::Down), read(Round::Up)),
            (102_445_875, 102_445_876)
        );
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        let cases = [
            (
                Unit::Params,
                "",
                "\"\" is no amount, which is written like \"25.6 M\"",
            ),
            (
                Unit::Params,
                "many",
                "\"many\" is no amount, which is written like \"25.6 M\"",
            ),
            (
                Unit::Params,
                "-1",
                "\"-1\" is no amount, which is written like \"25.6 M\"",
            ),
            (
                Unit::Params,
                "1,5",
                "\"1,5\" is no amount, which is written like \"25.6 M\"",
            ),
            (
                Unit::Params,
                "1.2.3",
                "\"1.2.3\" is no amount, which is written like \"25.6 M\"",
            ),
            (
                Unit::Params,
                "3 MiB",
                "\"MiB\" is no unit here; there are k, K, M, G, B, T, P, E",
            ),
            (
                Unit::Bytes,
                "98 M",
                "\"98 M\" could be meant two ways: write MB for powers of 1000 or MiB for powers of 1024",
            ),
            (
                Unit::Layers,
                "5 k",
                "\"5 k\" has a unit, and none is known here",
            ),
            (
                Unit::Params,
                "400000000000000000000000000000000000000",
                "\"400000000000000000000000000000000000000\" is no amount, which is written like \"25.6 M\"",
            ),
            (
                Unit::Params,
                "340282366920938463463374607431768211455 M",
                "\"340282366920938463463374607431768211455 M\" passes 128 bits",
            ),
        ];
        for (unit, text, expected) in cases {
            assert_eq!(
                unit.read(text, Round::Down).unwrap_err(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn amounts_are_shown_exactly_but_for_bytes() {
        let cases = [
            (Unit::Params, 60_965_224, "60,965,224", "60,965,224"),
            (Unit::Bytes, 139_776, "136.5 KiB", "139,776 B"),
            (Unit::Factor, 285_523, "285.523", "285.523"),
            (Unit::Factor, 3_025_000, "3,025", "3,025"),
            (Unit::Factor, 500, "0.5", "0.5"),
        ];
        for (unit, value, shown, exact) in cases {
            assert_eq!(
                (unit.shown(value), unit.exact(value)),
                (shown.to_owned(), exact.to_owned())
            );
        }
    }
}
