//! Sizes that the file leaves open, as formulas in its own dimension names.

mod bound;
mod divide;
mod print;

use std::sync::Arc;

/// A formula grows no further than this many names, factors and terms; beyond it a size is unknown.
const MOST_PARTS: usize = 64;

/// A whole-number formula: a sum of products of names and floored quotients, in one canonical form,
/// so that equal formulas compare equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expr(Arc<Vec<Term>>);

/// `factor · atom · atom · …`; no atoms for the constant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Term {
    atoms: Vec<Atom>,
    factor: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Atom {
    Name(Arc<str>),
    /// ⌊formula / divisor⌋, the divisor above 1.
    Floor(Expr, i64),
    /// The formula, or 0 where that is below 0.
    Positive(Expr),
}

impl Expr {
    /// A dimension of the file by its name.
    #[must_use]
    pub fn name(name: &str) -> Self {
        Self(Arc::new(vec![Term {
            atoms: vec![Atom::Name(name.into())],
            factor: 1,
        }]))
    }

    /// A number.
    #[must_use]
    pub fn number(value: i64) -> Self {
        let terms = if value == 0 {
            vec![]
        } else {
            vec![Term {
                atoms: vec![],
                factor: value,
            }]
        };
        Self(Arc::new(terms))
    }

    /// The number, where the formula is one.
    #[must_use]
    pub fn as_number(&self) -> Option<i64> {
        match self.0.as_slice() {
            [] => Some(0),
            [Term { atoms, factor }] if atoms.is_empty() => Some(*factor),
            _ => None,
        }
    }

    /// The sum; `None` where it passes `i64` or grows too long.
    #[must_use]
    pub fn add(&self, other: &Self) -> Option<Self> {
        Self::collect(self.0.iter().chain(other.0.iter()).cloned().collect())
    }

    /// The difference, as [`Expr::add`].
    #[must_use]
    pub fn sub(&self, other: &Self) -> Option<Self> {
        self.add(&other.mul(&Self::number(-1))?)
    }

    /// The product, multiplied out, as [`Expr::add`].
    #[must_use]
    pub fn mul(&self, other: &Self) -> Option<Self> {
        if self.0.len().checked_mul(other.0.len())? > MOST_PARTS {
            return None;
        }
        let mut terms = Vec::new();
        for left in self.0.iter() {
            for right in other.0.iter() {
                let mut atoms = [left.atoms.clone(), right.atoms.clone()].concat();
                atoms.sort();
                terms.push(Term {
                    atoms,
                    factor: left.factor.checked_mul(right.factor)?,
                });
            }
        }
        Self::collect(terms)
    }

    /// The canonical form: terms sorted by their atoms, those of the same atoms added, none of zero.
    fn collect(mut terms: Vec<Term>) -> Option<Self> {
        terms.sort();
        let mut out: Vec<Term> = Vec::with_capacity(terms.len());
        for term in terms {
            match out.last_mut() {
                Some(last) if last.atoms == term.atoms => {
                    last.factor = last.factor.checked_add(term.factor)?;
                }
                _ => out.push(term),
            }
        }
        out.retain(|term| term.factor != 0);
        let formula = Self(Arc::new(out));
        (formula.parts() <= MOST_PARTS).then_some(formula)
    }

    /// How many names, factors and terms it has.
    pub(super) fn parts(&self) -> usize {
        let of_atom = |atom: &Atom| match atom {
            Atom::Name(_) => 1,
            Atom::Floor(inner, _) | Atom::Positive(inner) => inner.parts().saturating_add(1),
        };
        self.0
            .iter()
            .map(|term| term.atoms.iter().map(of_atom).sum::<usize>() + 1)
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn height() -> Expr {
        Expr::name("height")
    }

    /// ⌊(size − kernel) / stride⌋ + 1, by hand.
    fn windows(size: &Expr, kernel: i64, stride: i64) -> Expr {
        let slack = size.add(&Expr::number(-kernel)).unwrap();
        slack
            .floor_div(stride)
            .unwrap()
            .add(&Expr::number(1))
            .unwrap()
    }

    #[test]
    fn formulas_print_in_the_files_names() {
        let conv1 = windows(&height(), 11, 4);
        assert_eq!(conv1.to_string(), "floor((height - 11) / 4) + 1");
        // Two layers: ⌊(⌊(h−11)/4⌋ + 1 − 3)/2⌋ + 1 = ⌊⌊(h−11)/4⌋/2⌋ − 1 + 1 = ⌊(h−11)/8⌋.
        assert_eq!(
            windows(&conv1, 3, 2).to_string(),
            "floor((height - 11) / 8)"
        );
    }

    #[test]
    fn equal_formulas_are_equal_however_they_were_made() {
        let twice = height().add(&height()).unwrap();
        assert_eq!(twice, height().mul(&Expr::number(2)).unwrap());
        assert_eq!(twice.floor_div(2), Some(height()));
        assert_eq!(twice.sub(&twice).unwrap().as_number(), Some(0));
        let area = height().mul(&Expr::name("width")).unwrap();
        assert_eq!(area.div_exact(&Expr::name("width")), Some(height()));
        assert_eq!(height().div_exact(&Expr::name("width")), None);
    }

    #[test]
    fn a_sum_divides_what_was_multiplied_by_it() {
        // Height and width of a feature map multiplied out, then one of them taken back.
        let (rows, columns) = (
            windows(&height(), 11, 4),
            windows(&Expr::name("width"), 11, 4),
        );
        let area = rows.mul(&columns).unwrap().mul(&Expr::number(96)).unwrap();
        let by = rows.mul(&Expr::number(96)).unwrap();
        assert_eq!(area.div_exact(&by), Some(columns));
        assert_eq!(area.add(&Expr::number(1)).unwrap().div_exact(&by), None);
        assert_eq!(area.div_exact(&Expr::number(0)), None);
    }

    #[test]
    fn floors_are_simplified() {
        let number = Expr::number;
        // ⌊(2h + 3)/4⌋ = ⌊(h + 1)/2⌋, since 2h + 3 is odd.
        let odd = height().mul(&number(2)).unwrap().add(&number(3)).unwrap();
        assert_eq!(
            odd.floor_div(4).unwrap().to_string(),
            "floor((height + 1) / 2)"
        );
        // ⌊(h − 11)/4⌋ + 3 = ⌊(h + 1)/4⌋: one formula, written in two ways.
        let one = height().sub(&number(11)).unwrap().floor_div(4).unwrap();
        let other = height().add(&number(1)).unwrap().floor_div(4).unwrap();
        assert!(one.add(&number(3)).unwrap().same_as(&other));
        assert!(!one.same_as(&other));
    }

    #[test]
    fn a_clamp_stands_only_where_it_may_act() {
        // A size is at least 1, so ⌊(h + 1)/2⌋ − 1 is at least 0, and ⌊(h + 1)/2⌋ − 2 may be −1.
        let half = height()
            .add(&Expr::number(1))
            .unwrap()
            .floor_div(2)
            .unwrap();
        let less = |by: i64| half.sub(&Expr::number(by)).unwrap();
        assert_eq!(less(1).positive(), Some(less(1)));
        assert_eq!(
            less(2).positive().unwrap().to_string(),
            "max(0, floor((height + 1) / 2) - 2)"
        );
        assert_eq!(
            Expr::number(-3).positive().unwrap().as_number(),
            Some(0),
            "a number"
        );
    }

    #[test]
    fn a_formula_stops_growing() {
        let mut sum = Expr::number(0);
        for at in 0..MOST_PARTS {
            match sum.add(&Expr::name(&format!("d{at}"))) {
                Some(next) => sum = next,
                None => return,
            }
        }
        panic!("a sum of {MOST_PARTS} names was kept");
    }
}
