//! Two runs of elements, compared one by one.

use super::number::{Element, Format, component, element, narrower};
use crate::tensor::DataType;

/// Elements this close to each other, relative to the greater, are close in any type.
const RELATIVE: f64 = 1e-5;
/// Elements this close to each other are close in any type.
const ABSOLUTE: f64 = 1e-8;
/// Units in the last place of the narrower type within which elements are close.
const STEPS: f64 = 2.0;

/// What the contents of two tensors say of each other.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// The same bytes.
    Equal,
    /// The same numbers in other bytes: another data type, another order of axes, another sign of zero.
    EqualValues {
        /// The type that one was rounded to, where its numbers are not all the same but what a cast makes
        /// of those of the other.
        rounded: Option<DataType>,
    },
    /// No element is farther from its counterpart than 1e-8, 1e-5 of the greater, or two units in the last
    /// place of the narrower type.
    Close(Difference),
    /// A normalisation of one model was multiplied into the weights of the other, and but for that they are
    /// close.
    Folded(Difference),
    /// Some are.
    Different(Difference),
    /// They could not be compared, and why.
    NotCompared(String),
}

/// How far two contents differ.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Difference {
    /// Elements that differ, a rounding that a cast explains not counted.
    pub elements: u128,
    /// Elements that were compared.
    pub of: u128,
    /// The greatest difference; `None` where only numbers and NaN differ.
    pub max_abs: Option<f64>,
    /// The greatest difference relative to the greater of the two.
    pub max_rel: Option<f64>,
}

/// What two types say of each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Kind {
    /// What the elements of each are made of.
    pub(super) components: [DataType; 2],
    /// The narrower of the two, where both are floats that are cast into each other.
    narrow: Option<Format>,
    /// How many components an element has.
    pub(super) per_element: u64,
}

impl Kind {
    /// How two types are compared.
    ///
    /// # Errors
    /// Why they are not.
    pub(super) fn of(types: [DataType; 2]) -> Result<Self, String> {
        let components = types.map(component);
        let [one, other] = components;
        let [complex, also] = [0, 1].map(|it| types.get(it) != components.get(it));
        let narrow = narrower(one, other);
        let whole = one.is_integer() && other.is_integer() && one.bits() >= 8 && other.bits() >= 8;
        let comparable = complex == also && (one == other || narrow.is_some() || whole);
        if !comparable || one == DataType::String {
            let [one, other] = types;
            return Err(format!("{one} and {other} are not compared"));
        }
        Ok(Self {
            components,
            narrow,
            per_element: if complex { 2 } else { 1 },
        })
    }

    /// Whether both are of one type.
    pub(super) fn is_one(&self) -> bool {
        self.components[0] == self.components[1]
    }
}

/// What was seen so far.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    kind: Kind,
    of: u128,
    differ: u128,
    /// Some bytes differ.
    bytes: bool,
    /// Some element of the wider type was rounded.
    rounded: bool,
    /// Some elements are too far from each other.
    far: bool,
    max_abs: Option<f64>,
    max_rel: Option<f64>,
}

impl Tally {
    /// `moved` says that the bytes stand in another order, so that equal elements are not equal bytes.
    pub(super) fn new(kind: Kind, moved: bool) -> Self {
        Self {
            bytes: moved || !kind.is_one(),
            kind,
            of: 0,
            differ: 0,
            rounded: false,
            far: false,
            max_abs: None,
            max_rel: None,
        }
    }

    /// Compares `count` components that stand in the same order.
    pub(super) fn run(&mut self, bytes: [&[u8]; 2], count: usize) -> Option<()> {
        if self.kind.is_one() && bytes[0] == bytes[1] {
            self.of = self.of.saturating_add(u128::try_from(count).ok()?);
            return Some(());
        }
        self.bytes = true;
        for at in 0..count {
            self.one(bytes, [at, at])?;
        }
        Some(())
    }

    /// Compares one component of each.
    pub(super) fn one(&mut self, bytes: [&[u8]; 2], at: [usize; 2]) -> Option<()> {
        let [left, right] = self.kind.components;
        let left = element(left, bytes[0], at[0])?;
        let right = element(right, bytes[1], at[1])?;
        self.of = self.of.saturating_add(1);
        match (left, right) {
            (Element::Whole(left), Element::Whole(right)) => self.whole(left, right),
            (Element::Float(left), Element::Float(right)) => self.float(left, right),
            _ => return None,
        }
        Some(())
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::as_conversions,
        reason = "a difference is told to as many digits as a float has"
    )]
    fn whole(&mut self, left: i128, right: i128) {
        if left == right {
            return;
        }
        let apart = left.saturating_sub(right).unsigned_abs() as f64;
        let greater = left.unsigned_abs().max(right.unsigned_abs()) as f64;
        self.far = true;
        self.note(apart, apart / greater);
    }

    #[expect(
        clippy::float_cmp,
        reason = "equal means the same number, and rounding is exact"
    )]
    fn float(&mut self, left: f64, right: f64) {
        if left == right || (left.is_nan() && right.is_nan()) {
            return;
        }
        if !self.kind.is_one()
            && let Some(narrow) = self.kind.narrow
            && narrow.round(left) == narrow.round(right)
        {
            self.rounded = true;
            return;
        }
        let apart = (left - right).abs();
        let greater = left.abs().max(right.abs());
        let step = self.kind.narrow.map_or(0.0, |it| it.step(greater) * STEPS);
        let near = (greater * RELATIVE).max(ABSOLUTE).max(step);
        if apart.is_nan() || greater.is_infinite() || apart > near {
            self.far = true;
        }
        self.note(apart, apart / greater);
    }

    fn note(&mut self, apart: f64, relative: f64) {
        self.differ = self.differ.saturating_add(1);
        if !apart.is_nan() {
            self.max_abs = Some(self.max_abs.map_or(apart, |it| it.max(apart)));
        }
        if relative.is_finite() {
            self.max_rel = Some(self.max_rel.map_or(relative, |it| it.max(relative)));
        }
    }

    /// Whether the two are known to differ.
    pub(super) fn is_far(&self) -> bool {
        self.far
    }

    /// Compares one number of each, worked out elsewhere.
    pub(super) fn floats(&mut self, left: f64, right: f64) {
        self.of = self.of.saturating_add(1);
        self.float(left, right);
    }

    /// How far the two differ.
    pub(super) fn difference(&self) -> Difference {
        Difference {
            elements: self.differ,
            of: self.of,
            max_abs: self.max_abs,
            max_rel: self.max_rel,
        }
    }

    /// What all of it says.
    pub(super) fn content(&self) -> Content {
        if self.differ == 0 {
            if !self.bytes {
                return Content::Equal;
            }
            let narrow = self.kind.narrow.map(|it| it.data_type);
            return Content::EqualValues {
                rounded: narrow.filter(|_| self.rounded),
            };
        }
        let difference = self.difference();
        if self.far {
            Content::Different(difference)
        } else {
            Content::Close(difference)
        }
    }
}
