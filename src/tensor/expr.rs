//! Sizes that the file leaves open, as formulas in its own dimension names.

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

    /// ⌊self / divisor⌋; `None` for a divisor below 1, or as [`Expr::add`].
    #[must_use]
    pub fn floor_div(&self, divisor: i64) -> Option<Self> {
        if divisor < 1 {
            return None;
        }
        if divisor == 1 {
            return Some(self.clone());
        }
        // Terms that divide come out of the floor whole.
        let (whole, rest): (Vec<Term>, Vec<Term>) = self
            .0
            .iter()
            .cloned()
            .partition(|term| term.factor % divisor == 0);
        let whole = whole.into_iter().map(|term| Term {
            factor: term.factor / divisor,
            ..term
        });
        let whole = Self::collect(whole.collect())?;
        let rest = Self::collect(rest)?;
        whole.add(&rest.floored(divisor)?)
    }

    /// The floor of a formula none of whose terms divides.
    fn floored(&self, divisor: i64) -> Option<Self> {
        if let Some(number) = self.as_number() {
            return Some(Self::number(number.div_euclid(divisor)));
        }
        let (constant, open): (Vec<&Term>, Vec<&Term>) =
            self.0.iter().partition(|term| term.atoms.is_empty());
        // ⌊(⌊a/m⌋ + c)/n⌋ = ⌊(a + c·m)/(m·n)⌋
        if let [Term { atoms, factor: 1 }] = open.as_slice()
            && let [Atom::Floor(inner, by)] = atoms.as_slice()
        {
            let shift = constant
                .first()
                .map_or(0, |term| term.factor)
                .checked_mul(*by)?;
            return inner
                .add(&Self::number(shift))?
                .floor_div(by.checked_mul(divisor)?);
        }
        let atom = Atom::Floor(self.clone(), divisor);
        Self::collect(vec![Term {
            atoms: vec![atom],
            factor: 1,
        }])
    }

    /// The quotient where it is exact as a formula: every term is divisible by the single term `other`.
    #[must_use]
    pub fn div_exact(&self, other: &Self) -> Option<Self> {
        let [by] = other.0.as_slice() else {
            return None;
        };
        let mut terms = Vec::new();
        for term in self.0.iter() {
            if term.factor.checked_rem(by.factor) != Some(0) {
                return None;
            }
            let mut atoms = term.atoms.clone();
            for atom in &by.atoms {
                let at = atoms.iter().position(|it| it == atom)?;
                atoms.remove(at);
            }
            terms.push(Term {
                atoms,
                factor: term.factor.checked_div(by.factor)?,
            });
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

    fn parts(&self) -> usize {
        let of_atom = |atom: &Atom| match atom {
            Atom::Name(_) => 1,
            Atom::Floor(inner, _) => inner.parts().saturating_add(1),
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
