//! Counts that depend on open sizes, as sums of products of sizes. A product keeps its factors apart where
//! [`Expr`] would multiply them out, so that rows times columns still reads as that.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

use super::Expr;

/// A formula grows no further than this many numbers, names and quotients; beyond it a count is unknown.
const MOST_PARTS: usize = 1024;

/// A count as a formula of open sizes: `34944 * (floor((height - 11) / 4) + 1) * width`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Form {
    sum: Vec<Product>,
    /// What the sum is divided by.
    below: u128,
}

/// `number · factor · factor · …`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Product {
    factors: Vec<Factor>,
    number: i128,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Factor {
    Size(Expr),
    /// What stands for sizes that have no formula.
    Word(&'static str),
    /// Of two terms or more.
    Sum(Form),
}

impl Form {
    /// A number; `None` past `i128`.
    #[must_use]
    pub fn number(number: u128) -> Option<Self> {
        let number = i128::try_from(number).ok()?;
        let product = (number != 0).then_some(Product {
            factors: vec![],
            number,
        });
        Some(Self::of(product.into_iter().collect()))
    }

    /// A size.
    #[must_use]
    pub fn size(size: Expr) -> Self {
        Self::factor(Factor::Size(size))
    }

    /// A word for sizes that have no formula: `output positions`.
    #[must_use]
    pub fn word(word: &'static str) -> Self {
        Self::factor(Factor::Word(word))
    }

    fn factor(factor: Factor) -> Self {
        Self::of(vec![Product {
            factors: vec![factor],
            number: 1,
        }])
    }

    fn of(sum: Vec<Product>) -> Self {
        Self { sum, below: 1 }
    }

    /// The sum, products of the same factors added; `None` past `i128` or where it grows too long.
    #[must_use]
    pub fn sum(forms: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut places: BTreeMap<Vec<Factor>, usize> = BTreeMap::new();
        let mut out: Vec<Product> = Vec::new();
        for form in forms {
            for product in form.whole()?.sum {
                let mut key = product.factors.clone();
                key.sort();
                let place = *places.entry(key).or_insert(out.len());
                match out.get_mut(place) {
                    Some(same) => same.number = same.number.checked_add(product.number)?,
                    None => out.push(product),
                }
            }
        }
        out.retain(|it| it.number != 0);
        Self::of(out).bounded()
    }

    /// The difference, as [`Form::sum`].
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        let negative = other.whole()?.sum.into_iter().map(|it| {
            let number = it.number.checked_neg()?;
            Some(Product { number, ..it })
        });
        let negative: Option<Vec<Product>> = negative.collect();
        Self::sum([self, Self::of(negative?)])
    }

    /// The product, sums kept as factors; as [`Form::sum`].
    #[must_use]
    pub fn times(self, other: Self) -> Option<Self> {
        let mut product = Product {
            factors: vec![],
            number: 1,
        };
        for mut form in [self.whole()?, other.whole()?] {
            match (form.sum.pop(), form.sum.is_empty()) {
                (None, _) => return Some(form),
                (Some(only), true) => {
                    product.number = product.number.checked_mul(only.number)?;
                    product.factors.extend(only.factors);
                }
                (Some(last), false) => {
                    form.sum.push(last);
                    product.factors.push(Factor::Sum(form));
                }
            }
        }
        Self::of(vec![product]).bounded()
    }

    /// The quotient, which is not rounded; as [`Form::sum`], and `None` for a division by 0.
    #[must_use]
    pub fn over(self, below: u128) -> Option<Self> {
        let mut form = self.whole().filter(|_| below > 0)?;
        let numbers = form.sum.iter().map(|it| it.number.unsigned_abs());
        let common = numbers.fold(below, gcd);
        let divisor = i128::try_from(common).ok().filter(|it| *it > 0)?;
        for product in &mut form.sum {
            product.number = product.number.checked_div(divisor)?;
        }
        form.below = below.checked_div(common)?;
        Some(form)
    }

    /// A form that is no quotient; none is computed with.
    fn whole(self) -> Option<Self> {
        (self.below == 1).then_some(self)
    }

    fn bounded(self) -> Option<Self> {
        (self.parts() <= MOST_PARTS).then_some(self)
    }

    fn parts(&self) -> usize {
        let of_factor = |it: &Factor| match it {
            Factor::Size(size) => size.parts(),
            Factor::Word(_) => 1,
            Factor::Sum(form) => form.parts(),
        };
        let of_product = |it: &Product| it.factors.iter().map(of_factor).sum::<usize>();
        self.sum.iter().map(of_product).sum::<usize>() + self.sum.len()
    }

    /// The number, where it is one and not below 0.
    #[must_use]
    pub fn as_number(&self) -> Option<u128> {
        match self.sum.as_slice() {
            [] => Some(0),
            [one] if self.below == 1 && one.factors.is_empty() => u128::try_from(one.number).ok(),
            _ => None,
        }
    }

    /// Whether a word stands for sizes that have no formula; two of a word need not be the same.
    #[must_use]
    pub fn has_words(&self) -> bool {
        let mut factors = self.sum.iter().flat_map(|it| &it.factors);
        factors.any(|it| match it {
            Factor::Size(_) => false,
            Factor::Word(_) => true,
            Factor::Sum(form) => form.has_words(),
        })
    }

    /// The formula with the sizes that `name` knows by their names.
    #[must_use]
    pub fn with_names(&self, name: &dyn Fn(&Expr) -> Option<String>) -> String {
        if self.sum.is_empty() {
            return "0".to_owned();
        }
        let mut out = String::new();
        for (at, product) in self.sum.iter().enumerate() {
            out.push_str(match (at, product.number < 0) {
                (0, false) => "",
                (0, true) => "-",
                (_, false) => " + ",
                (_, true) => " - ",
            });
            out.push_str(&product.spelled(name));
        }
        match (self.below, self.sum.len()) {
            (1, _) => out,
            (below, 1) => format!("{out} / {below}"),
            (below, _) => format!("({out}) / {below}"),
        }
    }
}

/// The greatest common divisor; 0 where both are 0.
fn gcd(left: u128, right: u128) -> u128 {
    let (mut left, mut right) = (left, right);
    while let Some(rest) = left.checked_rem(right) {
        (left, right) = (right, rest);
    }
    left
}

impl Product {
    /// The product without its sign; the number of a size of one term stands with the product's own.
    fn spelled(&self, name: &dyn Fn(&Expr) -> Option<String>) -> String {
        let mut number = self.number.unsigned_abs();
        let mut factors = Vec::new();
        for factor in &self.factors {
            let text = match factor {
                Factor::Word(word) => (*word).to_owned(),
                Factor::Sum(form) => format!("({})", form.with_names(name)),
                Factor::Size(size) => name(size).unwrap_or_else(|| {
                    let apart = size.number_apart();
                    let apart = apart.and_then(|(by, rest)| Some((number.checked_mul(by)?, rest)));
                    match apart {
                        Some((product, rest)) => {
                            number = product;
                            rest.to_string()
                        }
                        None if size.is_one_term() => size.to_string(),
                        None => format!("({size})"),
                    }
                }),
            };
            factors.push(text);
        }
        if number != 1 || factors.is_empty() {
            factors.insert(0, number.to_string());
        }
        factors.join(" * ")
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.with_names(&|_| None))
    }
}

impl Serialize for Form {
    /// As it prints.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(number: u128) -> Form {
        Form::number(number).unwrap()
    }

    fn size(name: &str) -> Form {
        Form::size(Expr::name(name))
    }

    #[test]
    fn products_of_the_same_sizes_are_added() {
        let area = |by: u128| number(by).times(size("h")).unwrap().times(size("w"));
        let turned = number(5).times(size("w")).unwrap().times(size("h"));
        // 7·h·w + 5·w·h − 2·h·w = 10·h·w
        let sum = Form::sum([area(7).unwrap(), turned.unwrap()]).unwrap();
        let sum = sum.minus(area(2).unwrap()).unwrap();
        assert_eq!(sum.to_string(), "10 * h * w");
        let none = sum.minus(area(10).unwrap()).unwrap();
        assert_eq!(
            (none.as_number(), none.to_string().as_str()),
            (Some(0), "0")
        );
    }

    #[test]
    fn sums_stay_factors_and_numbers_stand_first() {
        let twice = Expr::name("w").mul(&Expr::number(2)).unwrap();
        let more = Form::sum([number(3).times(size("h")).unwrap(), number(1)]).unwrap();
        let product = number(5).times(Form::size(twice.clone())).unwrap();
        let product = product.times(more).unwrap();
        assert_eq!(product.to_string(), "10 * w * (3 * h + 1)");
        let named = product.with_names(&|it| (*it == twice).then(|| "w1".to_owned()));
        assert_eq!(named, "5 * w1 * (3 * h + 1)");
    }

    #[test]
    fn a_quotient_is_brought_to_lowest_terms() {
        let more = Form::sum([number(6).times(size("h")).unwrap(), number(4)]).unwrap();
        // (6h + 4) / 8 = (3h + 2) / 4
        assert_eq!(more.clone().over(8).unwrap().to_string(), "(3 * h + 2) / 4");
        assert_eq!(more.clone().over(2).unwrap().to_string(), "3 * h + 2");
        let half = size("h").over(2).unwrap();
        assert_eq!(half.to_string(), "h / 2");
        assert_eq!(Form::sum([half, number(1)]), None, "computed with");
        assert_eq!(more.over(0), None);
    }

    #[test]
    fn a_count_stops_growing() {
        let sizes = |most: usize| (0..most).map(|at| size(&format!("d{at}")));
        // A name, its factor and that of the product are three parts.
        assert!(Form::sum(sizes(MOST_PARTS / 3)).is_some());
        assert_eq!(Form::sum(sizes(MOST_PARTS / 3 + 1)), None);
        assert_eq!(number(u128::MAX / 2).times(number(2)), None);
        assert_eq!(Form::number(u128::MAX), None);
    }
}
