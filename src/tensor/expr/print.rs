//! How formulas print.

use std::fmt;
use std::sync::Arc;

use super::{Atom, Expr, Term};

impl fmt::Display for Expr {
    /// Terms with names first, the constant last: `floor((height - 11) / 4) + 1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("0");
        }
        let constant_last = self.0.iter().filter(|term| !term.atoms.is_empty());
        let constant_last = constant_last.chain(self.0.iter().filter(|term| term.atoms.is_empty()));
        for (at, term) in constant_last.enumerate() {
            let sign = match (at, term.factor < 0) {
                (0, true) => "-",
                (0, false) => "",
                (_, true) => " - ",
                (_, false) => " + ",
            };
            f.write_str(sign)?;
            term.write(f)?;
        }
        Ok(())
    }
}

impl Term {
    /// The term without its sign.
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let factor = self.factor.unsigned_abs();
        let mut factors = Vec::new();
        if factor != 1 || self.atoms.is_empty() {
            factors.push(factor.to_string());
        }
        factors.extend(self.atoms.iter().map(Atom::to_string));
        f.write_str(&factors.join(" * "))
    }
}

impl fmt::Display for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Floor(inner, by) if inner.is_one_term() => write!(f, "floor({inner} / {by})"),
            Self::Floor(inner, by) => write!(f, "floor(({inner}) / {by})"),
            Self::Positive(inner) => write!(f, "max(0, {inner})"),
        }
    }
}

impl Expr {
    /// Whether it prints without a plus or minus between terms, so needs no brackets in a product.
    #[must_use]
    pub fn is_one_term(&self) -> bool {
        self.0.len() < 2
    }
    /// Whether it prints without any sign outside brackets: a number, a name or a quotient.
    #[must_use]
    pub(crate) fn is_one_factor(&self) -> bool {
        match self.0.as_slice() {
            [] => true,
            [term] if term.factor == 1 => term.atoms.len() < 2,
            [term] => term.factor > 0 && term.atoms.is_empty(),
            _ => false,
        }
    }

    /// A formula of one term as its number, where that is above 0, and the rest.
    pub(crate) fn number_apart(&self) -> Option<(u128, Self)> {
        let [term] = self.0.as_slice() else {
            return None;
        };
        let number = u128::try_from(term.factor).ok()?;
        let rest = Term {
            factor: 1,
            atoms: term.atoms.clone(),
        };
        Some((number, Self(Arc::new(vec![rest]))))
    }

    /// The names of dimensions in it, in the order of the formula.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut out = Vec::new();
        for atom in self.0.iter().flat_map(|term| &term.atoms) {
            match atom {
                Atom::Name(name) => out.push(&**name),
                Atom::Floor(inner, _) | Atom::Positive(inner) => out.extend(inner.names()),
            }
        }
        out
    }
}
