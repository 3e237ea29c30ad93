//! Counts that are numbers, or formulas of open sizes, or unknown for a reason.

use crate::finding::Gap;
use crate::infer::Shapes;
use crate::network::ValueId;
use crate::tensor::{Dim, Form, Shape};
use crate::units;

/// A count, as far as it can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// A number.
    Exact(u128),
    /// Its closed form, where sizes are open.
    Form(Form),
    /// Why it is unknown.
    Unknown(String),
}

/// What a count says whose form grows past what is kept.
pub(super) const TOO_LONG: &str =
    "its formula in open sizes grows too long, or a number in it passes 128 bits";

/// What a count past 128 bits says.
pub(super) const OVERFLOW: &str = "the number passes 128 bits";

impl Count {
    pub(super) fn exact(number: Option<u128>) -> Self {
        number.map_or_else(|| Self::Unknown(OVERFLOW.to_owned()), Self::Exact)
    }

    /// A closed form, or the number that it is; `None` grows too long.
    pub(super) fn form(form: Option<Form>) -> Self {
        match form {
            Some(form) => form.as_number().map_or(Self::Form(form), Self::Exact),
            None => Self::Unknown(TOO_LONG.to_owned()),
        }
    }

    pub(super) fn number(&self) -> Option<u128> {
        match self {
            Self::Exact(number) => Some(*number),
            _ => None,
        }
    }

    /// The count as a form, or why there is none.
    fn as_form(&self) -> Result<Form, String> {
        match self {
            Self::Exact(number) => Form::number(*number).ok_or_else(|| OVERFLOW.to_owned()),
            Self::Form(form) => Ok(form.clone()),
            Self::Unknown(reason) => Err(reason.clone()),
        }
    }
}

/// A product of sizes, some of which may be open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    /// The product of the known ones; `None` past `u128`.
    known: Option<u128>,
    /// The open ones.
    open: Vec<Form>,
}

impl Extent {
    /// The spatial sizes of `[N, C, d1, …, dn]`; `word` stands for them where one has no formula.
    pub(super) fn spatial(shape: Option<&Shape>, word: &'static str) -> Self {
        let spatial = shape.and_then(|it| it.0.get(2..));
        Self::of(spatial, word)
    }

    /// The product of `sizes`; `word` stands for all of them where one has no formula.
    pub(super) fn of(sizes: Option<&[Dim]>, word: &'static str) -> Self {
        let Some(sizes) = sizes.filter(|it| !it.contains(&Dim::Unknown)) else {
            return Self {
                known: Some(1),
                open: vec![Form::word(word)],
            };
        };
        let known = sizes.iter().filter_map(Dim::known).map(u128::from);
        let open = sizes.iter().filter_map(|it| match it {
            Dim::Symbolic(expr) => Some(Form::size(expr.clone())),
            _ => None,
        });
        Self {
            known: units::product(known),
            open: open.collect(),
        }
    }

    /// `coefficient` times this product.
    pub(super) fn times(&self, coefficient: u128) -> Count {
        let number = self.known.and_then(|it| it.checked_mul(coefficient));
        let Some(number) = number else {
            return Count::Unknown(OVERFLOW.to_owned());
        };
        if self.open.is_empty() || number == 0 {
            return Count::Exact(number);
        }
        let Some(number) = Form::number(number) else {
            return Count::Unknown(OVERFLOW.to_owned());
        };
        let mut open = self.open.iter().cloned();
        Count::form(open.try_fold(number, Form::times))
    }
}

/// The sum of two counts.
pub(super) fn plus(left: Count, right: Count) -> Count {
    match (left, right) {
        (Count::Exact(left), Count::Exact(right)) => Count::exact(left.checked_add(right)),
        (Count::Unknown(reason), _) | (_, Count::Unknown(reason)) => Count::Unknown(reason),
        (Count::Exact(0), other) | (other, Count::Exact(0)) => other,
        (left, right) => both(&left, &right, |left, right| Form::sum([left, right])),
    }
}

/// The product of two counts.
pub(super) fn times(left: Count, right: Count) -> Count {
    match (left, right) {
        (Count::Exact(left), Count::Exact(right)) => Count::exact(left.checked_mul(right)),
        (Count::Unknown(reason), _) | (_, Count::Unknown(reason)) => Count::Unknown(reason),
        (Count::Exact(0), _) | (_, Count::Exact(0)) => Count::Exact(0),
        (left, right) => both(&left, &right, Form::times),
    }
}

/// What is taken away from a count.
pub(super) fn minus(left: &Count, right: &Count) -> Count {
    match (left, right) {
        (Count::Exact(left), Count::Exact(right)) => Count::exact(left.checked_sub(*right)),
        (left, right) => both(left, right, Form::minus),
    }
}

fn both(left: &Count, right: &Count, join: fn(Form, Form) -> Option<Form>) -> Count {
    match (left.as_form(), right.as_form()) {
        (Ok(left), Ok(right)) => Count::form(join(left, right)),
        (Err(reason), _) | (_, Err(reason)) => Count::Unknown(reason),
    }
}

/// The flags that settle open sizes: `; give --input NAME=…`, or nothing where no input is open.
fn settle(shapes: &Shapes) -> String {
    let open = shapes.inputs.iter().filter(|it| {
        let known = it.shape.as_ref().and_then(Shape::sizes);
        known.is_none()
    });
    let flags: Vec<String> = open
        .take(3)
        .map(|it| format!("--input {}=…", it.name))
        .collect();
    if flags.is_empty() {
        String::new()
    } else {
        format!("; give {}", flags.join(" "))
    }
}

/// Why a value's sizes are open: its own first cause, else that they are, with the flags that settle it.
pub(super) fn why_open(shapes: &Shapes, value: Option<ValueId>) -> String {
    let Some(value) = value else {
        return "the node has no such input or output".to_owned();
    };
    let known = shapes.values.get(value.at());
    let noted = known.and_then(|it| it.note.as_deref());
    noted.map_or_else(|| open(shapes), str::to_owned)
}

/// That sizes are open, and the flags that settle them.
pub(super) fn open(shapes: &Shapes) -> String {
    format!("{OPEN}{}", settle(shapes))
}

/// What a count says that has no form in open sizes.
pub(super) const OPEN: &str = "sizes are open";

/// A gap of one row.
pub(super) fn gap(layer: &str, what: &str, reason: impl Into<String>) -> Gap {
    Gap {
        layer: layer.to_owned(),
        what: what.to_owned(),
        reason: reason.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Expr;

    #[test]
    fn open_sizes_stay_as_factors() {
        let height = Expr::name("height").add(&Expr::number(1)).unwrap();
        let width = Dim::Symbolic(Expr::name("width"));
        let shape = Shape(vec![
            Dim::Known(1),
            Dim::Known(96),
            Dim::Symbolic(height),
            width,
            Dim::Known(5),
        ]);
        let cases = [
            // 34,944 · 5 = 174,720
            (Some(shape), "174720 * (height + 1) * width"),
            (Some(Shape::unknown(4)), "34944 * output positions"),
            (None, "34944 * output positions"),
        ];
        for (shape, expected) in cases {
            let extent = Extent::spatial(shape.as_ref(), "output positions");
            let Count::Form(form) = extent.times(34_944) else {
                panic!("{expected} is a form");
            };
            assert_eq!(form.to_string(), expected);
        }
    }

    #[test]
    fn what_passes_128_bits_is_said() {
        let extent = Extent::of(Some(&[Dim::Known(u64::MAX), Dim::Known(u64::MAX)]), "");
        assert_eq!(extent.times(5), Count::Unknown(OVERFLOW.to_owned()));
    }
}
