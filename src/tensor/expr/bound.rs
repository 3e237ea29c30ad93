//! What a formula is at least, every size of the file being 1 or more; and clamps.

use super::{Atom, Expr, Term};

impl Expr {
    /// A number that the formula is never below, where one is seen.
    #[must_use]
    pub fn at_least(&self) -> Option<i64> {
        let mut bounds = self.0.iter().map(Term::at_least);
        bounds.try_fold(0i64, |sum, it| sum.checked_add(it?))
    }

    /// The number that the formula is with the sizes that `size` tells by name; `None` where one is not told
    /// or the number passes `i64`.
    #[cfg(test)]
    pub(crate) fn at(&self, size: &dyn Fn(&str) -> Option<i64>) -> Option<i64> {
        let mut terms = self.0.iter().map(|term| {
            let mut atoms = term.atoms.iter().map(|it| it.at(size));
            atoms.try_fold(term.factor, |product, it| product.checked_mul(it?))
        });
        terms.try_fold(0i64, |sum, it| sum.checked_add(it?))
    }

    /// The formula, or 0 where that is below 0; as [`Expr::add`].
    #[must_use]
    pub fn positive(&self) -> Option<Self> {
        if let Some(number) = self.as_number() {
            return Some(Self::number(number.max(0)));
        }
        if self.at_least().is_some_and(|it| it >= 0) {
            return Some(self.clone());
        }
        Self::collect(vec![Term {
            atoms: vec![Atom::Positive(self.clone())],
            factor: 1,
        }])
    }

    /// The larger of two formulas; as [`Expr::add`].
    #[must_use]
    pub fn larger(&self, other: &Self) -> Option<Self> {
        other.add(&self.sub(other)?.positive()?)
    }

    /// The smaller of two formulas; as [`Expr::add`].
    #[must_use]
    pub fn smaller(&self, other: &Self) -> Option<Self> {
        self.sub(&self.sub(other)?.positive()?)
    }
}

impl Term {
    fn at_least(&self) -> Option<i64> {
        if self.atoms.is_empty() {
            return Some(self.factor);
        }
        // What falls as a size grows has no bound below.
        let positive = (self.factor > 0).then_some(self.factor)?;
        let mut bounds = self.atoms.iter().map(Atom::at_least);
        bounds.try_fold(positive, |product, it| {
            let bound = it.filter(|it| *it >= 0 || self.atoms.len() == 1)?;
            product.checked_mul(bound)
        })
    }
}

impl Atom {
    #[cfg(test)]
    fn at(&self, size: &dyn Fn(&str) -> Option<i64>) -> Option<i64> {
        match self {
            Self::Name(name) => size(name),
            Self::Floor(inner, by) => Some(inner.at(size)?.div_euclid(*by)),
            Self::Positive(inner) => Some(inner.at(size)?.max(0)),
        }
    }

    fn at_least(&self) -> Option<i64> {
        match self {
            Self::Name(_) => Some(1),
            Self::Floor(inner, by) => Some(inner.at_least()?.div_euclid(*by)),
            Self::Positive(inner) => Some(inner.at_least().unwrap_or(0).max(0)),
        }
    }
}
