//! Formulas with this layer's numbers in them: one tree, from which the names, the numbers and every spelling come.

use std::fmt::Write;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// A whole-number formula whose leaves have a name, a value, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Formula {
    /// A constant of the formula itself: the 1 of "+ 1".
    Number(i128),
    /// A quantity by its name in snake case, with what it is here.
    Named(&'static str, Value),
    /// Terms added up; one in [`Formula::Minus`] is taken away.
    Sum(Vec<Formula>),
    /// A term of a sum that is taken away.
    Minus(Box<Formula>),
    /// Factors.
    Product(Vec<Formula>),
    /// The quotient of two, rounded down.
    Floor(Box<Formula>, Box<Formula>),
    /// The quotient of two, rounded up.
    Ceil(Box<Formula>, Box<Formula>),
}

/// What a named quantity is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Number(i128),
    /// A formula in the file's own dimension names, or a word for what is unknown.
    Open(String),
}

/// How a formula is written.
#[derive(Clone, Copy, Debug)]
pub struct Spelling {
    /// Between factors.
    pub times: &'static str,
    /// Between terms, before one that is taken away.
    pub minus: &'static str,
    /// Around a sum.
    pub brackets: (&'static str, &'static str),
    /// A quotient of two, the first in brackets where it needs them.
    pub quotient: fn(&str, &str) -> String,
    /// Whether the two parts of a quotient stand apart, so that they need no brackets.
    pub parts_stand_apart: bool,
    /// Around a quotient that is rounded down.
    pub floor: (&'static str, &'static str),
    /// Around a quotient that is rounded up.
    pub ceil: (&'static str, &'static str),
    /// A number at least 0.
    pub number: fn(u128) -> String,
    /// What is open.
    pub open: fn(&str) -> String,
    /// The name of a quantity.
    pub name: fn(&str) -> String,
}

/// As programs read it: `floor((227 + 0 - 11) / 4) + 1`.
pub const PLAIN: Spelling = Spelling {
    times: " * ",
    minus: " - ",
    brackets: ("(", ")"),
    quotient: |above, below| format!("{above} / {below}"),
    parts_stand_apart: false,
    floor: ("floor(", ")"),
    ceil: ("ceil(", ")"),
    number: |it| it.to_string(),
    open: str::to_owned,
    name: str::to_owned,
};

impl Formula {
    /// A quantity that is a number.
    #[must_use]
    pub fn number(name: &'static str, value: impl Into<i128>) -> Self {
        Self::Named(name, Value::Number(value.into()))
    }

    /// A count; `None` past what a formula computes with.
    #[must_use]
    pub fn count(name: &'static str, value: u128) -> Option<Self> {
        Some(Self::number(name, i128::try_from(value).ok()?))
    }

    /// A quantity that is no number.
    #[must_use]
    pub fn open(name: &'static str, text: impl Into<String>) -> Self {
        Self::Named(name, Value::Open(text.into()))
    }

    /// This, taken away from the terms before it.
    #[must_use]
    pub fn minus(self) -> Self {
        Self::Minus(Box::new(self))
    }

    /// ⌊self / by⌋
    #[must_use]
    pub fn floor(self, by: Self) -> Self {
        Self::Floor(Box::new(self), Box::new(by))
    }

    /// ⌈self / by⌉
    #[must_use]
    pub fn ceil(self, by: Self) -> Self {
        Self::Ceil(Box::new(self), Box::new(by))
    }

    /// What it comes to; `None` where a quantity is open, or past 128 bits.
    #[must_use]
    pub fn value(&self) -> Option<i128> {
        match self {
            Self::Number(value) | Self::Named(_, Value::Number(value)) => Some(*value),
            Self::Named(_, Value::Open(_)) => None,
            Self::Sum(terms) => {
                let mut terms = terms.iter();
                terms.try_fold(0i128, |sum, it| sum.checked_add(it.value()?))
            }
            Self::Minus(it) => it.value()?.checked_neg(),
            Self::Product(factors) => {
                let mut factors = factors.iter();
                factors.try_fold(1i128, |product, it| product.checked_mul(it.value()?))
            }
            Self::Floor(above, below) => above.value()?.checked_div_euclid(positive(below)?),
            Self::Ceil(above, below) => {
                let (above, below) = (above.value()?, positive(below)?);
                above
                    .checked_neg()?
                    .checked_div_euclid(below)?
                    .checked_neg()
            }
        }
    }

    /// The formula in one spelling: with its numbers, or with the names of its quantities.
    #[must_use]
    pub fn spelled(&self, how: &Spelling, names: bool) -> String {
        match self {
            Self::Named(name, _) if names => (how.name)(name),
            Self::Number(value) | Self::Named(_, Value::Number(value)) => signed(*value, how),
            Self::Named(_, Value::Open(text)) => (how.open)(text),
            Self::Minus(it) => format!("{}{}", how.minus.trim(), it.factor(how, names)),
            Self::Sum(terms) => sum(terms, how, names),
            Self::Product(factors) => {
                let factors: Vec<String> = factors.iter().map(|it| it.factor(how, names)).collect();
                factors.join(how.times)
            }
            Self::Floor(above, below) => around(how.floor, &quotient(above, below, how, names)),
            Self::Ceil(above, below) => around(how.ceil, &quotient(above, below, how, names)),
        }
    }

    /// The formula with its numbers, as programs read it.
    #[must_use]
    pub fn plain(&self) -> String {
        self.spelled(&PLAIN, false)
    }

    /// As a factor: in brackets where it is a sum.
    fn factor(&self, how: &Spelling, names: bool) -> String {
        let text = self.spelled(how, names);
        if self.is_sum(names) {
            around(how.brackets, &text)
        } else {
            text
        }
    }

    fn is_sum(&self, names: bool) -> bool {
        match self {
            Self::Sum(terms) => terms.len() > 1,
            Self::Minus(_) => true,
            Self::Number(value) => *value < 0,
            Self::Named(_, Value::Number(value)) => !names && *value < 0,
            Self::Named(_, Value::Open(text)) => !names && is_sum_text(text),
            _ => false,
        }
    }

    /// Each named quantity once, in the order of the formula.
    #[must_use]
    pub fn quantities(&self) -> Vec<(&'static str, &Value)> {
        let mut out = Vec::new();
        self.gather(&mut out);
        out
    }

    fn gather<'a>(&'a self, out: &mut Vec<(&'static str, &'a Value)>) {
        match self {
            Self::Number(_) => {}
            Self::Named(name, value) => {
                if out.iter().all(|it| it.0 != *name) {
                    out.push((name, value));
                }
            }
            Self::Minus(it) => it.gather(out),
            Self::Sum(parts) | Self::Product(parts) => parts.iter().for_each(|it| it.gather(out)),
            Self::Floor(above, below) | Self::Ceil(above, below) => {
                above.gather(out);
                below.gather(out);
            }
        }
    }
}

fn positive(formula: &Formula) -> Option<i128> {
    formula.value().filter(|it| *it > 0)
}

fn around(signs: (&str, &str), text: &str) -> String {
    format!("{}{text}{}", signs.0, signs.1)
}

fn signed(value: i128, how: &Spelling) -> String {
    let digits = (how.number)(value.unsigned_abs());
    if value < 0 {
        format!("{}{digits}", how.minus.trim())
    } else {
        digits
    }
}

fn sum(terms: &[Formula], how: &Spelling, names: bool) -> String {
    let mut out = String::new();
    for (at, term) in terms.iter().enumerate() {
        let (minus, text) = match term {
            Formula::Minus(it) => (true, it.factor(how, names)),
            Formula::Named(_, Value::Number(value)) if !names && *value < 0 => {
                (true, (how.number)(value.unsigned_abs()))
            }
            other => (false, other.spelled(how, names)),
        };
        let sign = match (at, minus) {
            (0, false) => "",
            (0, true) => how.minus.trim(),
            (_, false) => " + ",
            (_, true) => how.minus,
        };
        let _ = write!(out, "{sign}{text}");
    }
    out
}

fn quotient(above: &Formula, below: &Formula, how: &Spelling, names: bool) -> String {
    let part = |it: &Formula| {
        if how.parts_stand_apart {
            it.spelled(how, names)
        } else {
            it.factor(how, names)
        }
    };
    (how.quotient)(&part(above), &part(below))
}

/// Whether a text has a plus or a minus outside brackets.
fn is_sum_text(text: &str) -> bool {
    let mut depth = 0i32;
    text.chars().any(|it| {
        match it {
            '(' => depth = depth.saturating_add(1),
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && (it == '+' || it == '-')
    })
}

/// The quantities of a formula as a map, open ones as text.
pub(super) struct Quantities<'a>(pub(super) &'a Formula);

impl Serialize for Quantities<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let quantities = self.0.quantities();
        let mut map = serializer.serialize_map(Some(quantities.len()))?;
        for (name, value) in quantities {
            match value {
                Value::Number(value) => map.serialize_entry(name, value)?,
                Value::Open(text) => map.serialize_entry(name, text)?,
            }
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(input: i128, pads: i128, reach: i128, stride: i128) -> Formula {
        let terms = vec![
            Formula::number("input", input),
            Formula::number("padding", pads),
            Formula::number("reach", reach).minus(),
        ];
        let floor = Formula::Sum(terms).floor(Formula::number("stride", stride));
        Formula::Sum(vec![floor, Formula::Number(1)])
    }

    #[test]
    fn one_tree_gives_names_numbers_and_value() {
        // (227 + 0 − 11) / 4 = 54 and (224 − 11) / 4 = 53.25; a crop of 3: (224 − 3 − 11) / 4 = 52.5.
        let cases = [
            (side(227, 0, 11, 4), "floor((227 + 0 - 11) / 4) + 1", 55),
            (side(224, 0, 11, 4), "floor((224 + 0 - 11) / 4) + 1", 54),
            (side(224, -3, 11, 4), "floor((224 - 3 - 11) / 4) + 1", 53),
        ];
        for (formula, text, value) in cases {
            assert_eq!(formula.plain(), text);
            assert_eq!(formula.value(), Some(value), "{text}");
            let names = "floor((input + padding - reach) / stride) + 1";
            assert_eq!(formula.spelled(&PLAIN, true), names);
        }
    }

    #[test]
    fn brackets_stand_around_sums_only_where_they_are_factors() {
        let bias = Formula::Sum(vec![Formula::number("a", 3), Formula::Number(1)]);
        let open = Formula::open("b", "height - 1");
        let both = Formula::Product(vec![bias, open, Formula::open("c", "floor(w / 2)")]);
        assert_eq!(both.plain(), "(3 + 1) * (height - 1) * floor(w / 2)");
        assert_eq!(both.value(), None);
        // −⌊−7 / 2⌋ = 4
        let up = Formula::number("a", 7).ceil(Formula::number("b", 2));
        assert_eq!((up.plain().as_str(), up.value()), ("ceil(7 / 2)", Some(4)));
    }

    #[test]
    fn what_has_no_value_is_none_and_never_a_panic() {
        let huge = Formula::number("a", i128::MAX);
        let cases = [
            Formula::Product(vec![huge.clone(), huge.clone()]),
            Formula::Sum(vec![huge.clone(), huge.clone()]),
            huge.clone().floor(Formula::number("b", 0)),
            huge.ceil(Formula::number("b", -1)),
            Formula::number("a", i128::MIN).minus(),
        ];
        for case in cases {
            assert_eq!(case.value(), None, "{case:?}");
        }
    }
}
