//! Quotients of formulas: rounded down by a number, and exact ones by a formula.

use std::cmp::Ordering;

use super::{Atom, Expr, MOST_PARTS, Term};

impl Expr {
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
        let constant = constant.first().map_or(0, |term| term.factor);
        // ⌊(⌊a/m⌋ + c)/n⌋ = ⌊(a + c·m)/(m·n)⌋
        if let [Term { atoms, factor: 1 }] = open.as_slice()
            && let [Atom::Floor(inner, by)] = atoms.as_slice()
        {
            let shift = constant.checked_mul(*by)?;
            return inner
                .add(&Self::number(shift))?
                .floor_div(by.checked_mul(divisor)?);
        }
        // ⌊(g·a + c)/(g·n)⌋ = ⌊(a + ⌊c/g⌋)/n⌋
        let common = open.iter().fold(divisor, |all, term| gcd(all, term.factor));
        if common > 1 {
            let open = open.iter().map(|term| Term {
                factor: term.factor / common,
                atoms: term.atoms.clone(),
            });
            let open = Self::collect(open.collect())?;
            let rounded = Self::number(constant.div_euclid(common));
            return open.add(&rounded)?.floor_div(divisor / common);
        }
        Self::collect(vec![Term {
            atoms: vec![Atom::Floor(self.clone(), divisor)],
            factor: 1,
        }])
    }

    /// The quotient where it is exact as a formula, whatever the sizes are.
    #[must_use]
    pub fn div_exact(&self, other: &Self) -> Option<Self> {
        let by = other.leading()?;
        let mut rest = self.clone();
        let mut quotient = Self::number(0);
        // Long division takes the highest product away in every step.
        for _ in 0..=MOST_PARTS {
            let Some(first) = rest.leading() else {
                return Some(quotient);
            };
            let step = Self::collect(vec![first.div(by)?])?;
            rest = rest.sub(&step.mul(other)?)?;
            quotient = quotient.add(&step)?;
        }
        None
    }

    /// The highest product in an order that multiplication keeps; none of 0.
    fn leading(&self) -> Option<&Term> {
        self.0
            .iter()
            .max_by(|left, right| order(&left.atoms, &right.atoms))
    }

    /// Whether both are equal for all sizes, as far as rewriting constants in floors can tell.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        let difference = || self.settled()?.sub(&other.settled()?)?.as_number();
        self == other || difference() == Some(0)
    }

    /// The same formula with every constant in a floor brought between 0 and its divisor.
    pub(crate) fn settled(&self) -> Option<Self> {
        let mut sum = Self::number(0);
        for term in self.0.iter() {
            let mut product = Self::number(term.factor);
            for atom in &term.atoms {
                product = product.mul(&atom.settled()?)?;
            }
            sum = sum.add(&product)?;
        }
        Some(sum)
    }
}

impl Atom {
    fn settled(&self) -> Option<Expr> {
        match self {
            Self::Name(_) => {}
            Self::Positive(inner) => return inner.settled()?.positive(),
            Self::Floor(inner, by) => {
                let inner = inner.settled()?;
                let constant = inner.0.iter().find(|term| term.atoms.is_empty());
                let constant = constant.map_or(0, |term| term.factor);
                let whole = constant.div_euclid(*by);
                let rest = inner.sub(&Expr::number(whole.checked_mul(*by)?))?;
                return rest.floor_div(*by)?.add(&Expr::number(whole));
            }
        }
        Expr::collect(vec![Term {
            atoms: vec![self.clone()],
            factor: 1,
        }])
    }
}

impl Term {
    /// The quotient of two products, where it is one.
    fn div(&self, by: &Self) -> Option<Self> {
        if self.factor.checked_rem(by.factor) != Some(0) {
            return None;
        }
        let mut atoms = self.atoms.clone();
        for atom in &by.atoms {
            let at = atoms.iter().position(|it| it == atom)?;
            atoms.remove(at);
        }
        Some(Self {
            atoms,
            factor: self.factor.checked_div(by.factor)?,
        })
    }
}

/// Compares two sorted products by how often they hold the first name, then the second, ….
fn order(left: &[Atom], right: &[Atom]) -> Ordering {
    let differ = left.iter().zip(right).find(|(one, other)| one != other);
    match differ {
        Some((one, other)) => other.cmp(one),
        None => left.len().cmp(&right.len()),
    }
}

/// The greatest common divisor, of a positive number with any other.
fn gcd(left: i64, right: i64) -> i64 {
    let (mut left, mut right) = (left, right.checked_abs().unwrap_or(1));
    while let Some(rest) = left.checked_rem(right) {
        (left, right) = (right, rest);
    }
    left
}
