//! A property of one model, and how it compares with another's: exactly, as fractions.

use std::cmp::Ordering;

/// A property of one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// The model has no such thing.
    Nothing,
    /// Words.
    Text(String),
    /// A number of things.
    Count(u128),
    /// A number of bytes.
    Bytes(u128),
    /// A part of a whole.
    Share {
        /// The part.
        part: u128,
        /// The whole, above zero.
        whole: u128,
    },
    /// So many of one for each of the other.
    Ratio {
        /// The one.
        whole: u128,
        /// The other, above zero.
        part: u128,
    },
    /// At least so many: what is known of a number, and why the rest is not.
    AtLeast(u128, String),
    /// Words, and what they leave open.
    Noted(String, String),
    /// Not known, for this reason.
    Unknown(String),
}

impl Value {
    /// The number as a fraction.
    fn fraction(&self) -> Option<(u128, u128)> {
        match *self {
            Self::Count(count) | Self::Bytes(count) => Some((count, 1)),
            Self::Share { part, whole } => Some((part, whole)),
            Self::Ratio { whole, part } => Some((whole, part)),
            Self::Nothing
            | Self::Text(_)
            | Self::AtLeast(..)
            | Self::Noted(..)
            | Self::Unknown(_) => None,
        }
    }

    /// Whether it is the number zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.fraction().is_some_and(|it| it.0 == 0)
    }

    /// Whether it is no whole value that could be best, or come anywhere in an order.
    pub(super) fn is_open(&self) -> bool {
        matches!(
            self,
            Self::Nothing | Self::Unknown(_) | Self::AtLeast(..) | Self::Noted(..)
        )
    }

    /// Whether it differs from another one. Reasons do not matter: what is known of neither does not differ.
    #[must_use]
    pub fn differs(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unknown(_), Self::Unknown(_)) => false,
            (Self::AtLeast(left, _), Self::AtLeast(right, _)) => left != right,
            (Self::Noted(left, _), Self::Noted(right, _)) => left != right,
            _ => self != other,
        }
    }

    /// Whether the number is greater; words and what is unknown have no order among them.
    #[must_use]
    pub fn compared(&self, other: &Self) -> Ordering {
        match (self.fraction(), other.fraction()) {
            (Some(left), Some(right)) => fractions(left, right),
            _ => Ordering::Equal,
        }
    }

    /// The order of a list: numbers by size, words as a dictionary has them the other way round.
    pub(super) fn ordered(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Text(left), Self::Text(right)) => right.cmp(left),
            _ => self.compared(other),
        }
    }

    /// How much more than `reference` it is, in thousandths of that, rounded; less is negative. `None` where one
    /// of the two is no number, or `reference` is zero, or the numbers pass 128 bits.
    #[must_use]
    pub fn permille_over(&self, reference: &Self) -> Option<i128> {
        let (order, above, below) = self.over(reference)?;
        let gap = above.checked_mul(1000)?;
        let size = gap.checked_add(below / 2)?.checked_div(below)?;
        let size = i128::try_from(size).ok()?;
        Some(if order == Ordering::Less { -size } else { size })
    }

    /// Whether it is more or less than `reference`, and by which fraction of that. `None` where one of the two
    /// is no number, or `reference` is zero, or the numbers pass 128 bits.
    #[must_use]
    pub fn over(&self, reference: &Self) -> Option<(Ordering, u128, u128)> {
        let ((above, below), (by, under)) = (self.fraction()?, reference.fraction()?);
        let own = above.checked_mul(under)?;
        let of = by.checked_mul(below)?;
        (of > 0).then(|| (own.cmp(&of), own.abs_diff(of), of))
    }

    /// Whether a part of a whole is more or less than another, and by which fraction of one: percentages differ in
    /// percentage points. `None` of all else.
    #[must_use]
    pub fn points_over(&self, reference: &Self) -> Option<(Ordering, u128, u128)> {
        let (
            Self::Share { part, whole },
            Self::Share {
                part: by,
                whole: of,
            },
        ) = (self, reference)
        else {
            return None;
        };
        let (own, other) = (part.checked_mul(*of)?, by.checked_mul(*whole)?);
        let both = whole.checked_mul(*of)?;
        Some((own.cmp(&other), own.abs_diff(other), both))
    }
}

/// Compares fractions exactly, whole part by whole part, so that no product is needed.
fn fractions(left: (u128, u128), right: (u128, u128)) -> Ordering {
    let parts = |(above, below): (u128, u128)| {
        let whole = above.checked_div(below).unwrap_or(u128::MAX);
        (whole, above.checked_rem(below).unwrap_or(0))
    };
    let ((whole, rest), (other, other_rest)) = (parts(left), parts(right));
    match (whole.cmp(&other), rest, other_rest) {
        (Ordering::Equal, 0, 0) => Ordering::Equal,
        (Ordering::Equal, 0, _) => Ordering::Less,
        (Ordering::Equal, _, 0) => Ordering::Greater,
        // Both have a remainder: the one whose reverse is smaller is greater.
        (Ordering::Equal, rest, other_rest) => fractions((right.1, other_rest), (left.1, rest)),
        (order, _, _) => order,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_in_thousandths_of_the_reference() {
        let count = Value::Count;
        let ratio = |whole, part| Value::Ratio { whole, part };
        let cases = [
            (count(110), count(100), Some(100)),
            (count(50), count(100), Some(-500)),
            (count(7), count(7), Some(0)),
            // 1/3 over 1 is 333.3 thousandths, 2/3 rounds up.
            (count(4), count(3), Some(333)),
            (count(5), count(3), Some(667)),
            (count(1), count(0), None),
            (count(u128::MAX), count(1), None),
            // 7/2 against 7/4 is twice as much.
            (ratio(7, 2), ratio(7, 4), Some(1000)),
            (count(1), Value::Nothing, None),
        ];
        for (value, reference, expected) in cases {
            let found = value.permille_over(&reference);
            assert_eq!(found, expected, "{value:?} over {reference:?}");
        }
    }

    #[test]
    fn fractions_are_compared_exactly() {
        let big = u128::MAX;
        let cases = [
            ((1, 3), (2, 6), Ordering::Equal),
            ((1, 3), (1, 2), Ordering::Less),
            ((7, 2), (10, 3), Ordering::Greater),
            ((big, big - 1), (big - 1, big - 2), Ordering::Less),
            ((big, 1), (big, 2), Ordering::Greater),
            ((4, 2), (2, 1), Ordering::Equal),
        ];
        for (left, right, expected) in cases {
            assert_eq!(fractions(left, right), expected, "{left:?} {right:?}");
            assert_eq!(fractions(right, left), expected.reverse(), "{right:?}");
        }
    }
}
