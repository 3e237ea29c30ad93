//! Reading two tensors side by side, a run at a time.

use std::sync::atomic::{AtomicU64, Ordering};

use super::axes::Axes;
use super::number::{Element, Format, component, element};
use super::tally::{Content, Kind, Tally};
use crate::read::{Elements, Model};
use crate::tensor::{DataType, StoredTensor};

/// Components that are read at once: a multiple of eight, so that runs of packed ones begin at a byte.
const RUN: u64 = 1 << 15;

/// Contents are read so many times over before it is said that tensors overlap.
const MOST_TIMES: u64 = 8;

/// Small files are read as if they had so many bytes.
const LEAST_BYTES: u64 = 8 << 20;

/// How much may still be read: tensors of a hostile file may all lie on the same bytes.
#[derive(Debug)]
pub(super) struct Budget {
    left: AtomicU64,
    read: AtomicU64,
}

impl Budget {
    pub(super) fn of(models: [&Model; 2]) -> Self {
        let bytes = models.map(Model::data_bytes);
        let bytes = bytes.into_iter().fold(LEAST_BYTES, u64::saturating_add);
        Self {
            left: AtomicU64::new(bytes.saturating_mul(MOST_TIMES)),
            read: AtomicU64::new(0),
        }
    }

    /// Bytes read so far.
    pub(super) fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Books bytes that are about to be read.
    pub(super) fn book(&self, bytes: u64) -> Result<(), String> {
        let take = |left: u64| left.checked_sub(bytes);
        let took = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        if took.is_err() {
            return Err(format!(
                "its tensors overlap so much that more than {MOST_TIMES} times the files would be read"
            ));
        }
        self.read.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }
}

/// A tensor whose elements can be read.
pub(super) struct Open<'m> {
    pub(super) data_type: DataType,
    pub(super) shape: &'m [u64],
    pub(super) elements: Elements<'m>,
}

impl<'m> Open<'m> {
    /// Finds a tensor's elements.
    ///
    /// # Errors
    /// Why they cannot be had.
    pub(super) fn new(model: &'m Model, tensor: &'m StoredTensor) -> Result<Self, String> {
        let data_type = tensor.data_type.ok_or("its type is not known")?;
        let elements = model.elements(tensor).map_err(|it| it.to_string())?;
        Ok(Self {
            data_type,
            shape: &tensor.dims,
            elements,
        })
    }

    /// How many components it has.
    pub(super) fn components(&self) -> Result<u64, String> {
        let count = crate::units::product(self.shape.iter().copied().map(u128::from));
        let each = if component(self.data_type) == self.data_type {
            1
        } else {
            2
        };
        let count = count.and_then(|it| u64::try_from(it).ok()?.checked_mul(each));
        count.ok_or_else(|| "it is too large".to_owned())
    }

    /// Bytes of so many components from one that begins at a byte.
    fn bytes_of(&self, count: u64) -> Option<u64> {
        let bytes = component(self.data_type).bytes_of(count.into())?;
        u64::try_from(bytes).ok()
    }

    /// Reads `count` components from `first` on, which begins at a byte.
    pub(super) fn read(
        &self,
        first: u64,
        count: u64,
        buffer: &mut Vec<u8>,
        budget: &Budget,
    ) -> Result<(), String> {
        let offset = self.bytes_of(first).ok_or("it is too large")?;
        let length = self.bytes_of(count).ok_or("it is too large")?;
        budget.book(length)?;
        buffer.resize(
            usize::try_from(length).map_err(|_| "it is too large".to_owned())?,
            0,
        );
        let read = self.elements.read_at(offset, buffer);
        read.map_err(|it| format!("cannot be read: {it}"))
    }
}

/// Compares two tensors of as many elements: in the order in which they lie, or with the axes of the second
/// in another order than those of the first. A mere trial ends where the first elements differ.
pub(super) fn compare(
    sides: [&Open<'_>; 2],
    axes: Option<&Axes>,
    trial: bool,
    budget: &Budget,
) -> Content {
    let kind = match Kind::of(sides.map(|it| it.data_type)) {
        Ok(kind) => kind,
        Err(reason) => return Content::NotCompared(reason),
    };
    let mut tally = Tally::new(kind, axes.is_some());
    let done = match axes {
        None => in_order(sides, &mut tally, budget),
        Some(axes) => super::axes::compare(sides, axes, trial, &mut tally, budget),
    };
    match done {
        Ok(()) => tally.content(),
        Err(reason) => Content::NotCompared(reason),
    }
}

fn in_order(sides: [&Open<'_>; 2], tally: &mut Tally, budget: &Budget) -> Result<(), String> {
    let [left, right] = sides;
    let all = left.components()?;
    if right.components()? != all {
        return Err("they have not as many elements".to_owned());
    }
    let (mut one, mut other) = (Vec::new(), Vec::new());
    let mut first = 0;
    while first < all {
        let count = RUN.min(all.saturating_sub(first));
        left.read(first, count, &mut one, budget)?;
        right.read(first, count, &mut other, budget)?;
        let run = tally.run([&one, &other], usize::try_from(count).unwrap_or(0));
        run.ok_or("its elements do not decode")?;
        first = first.saturating_add(count);
    }
    Ok(())
}

/// What a tensor's numbers are, whatever their order: equal for equal numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Print {
    sum: u64,
    /// Whether all its elements are one number: many tensors of zeros are no sign of kinship.
    pub(super) uniform: bool,
}

/// Reads a tensor through for its print, its numbers rounded to a format where one is given.
///
/// # Errors
/// Why it cannot be read.
pub(super) fn print(
    open: &Open<'_>,
    narrow: Option<Format>,
    budget: &Budget,
) -> Result<Print, String> {
    let all = open.components()?;
    let part = component(open.data_type);
    let mut bytes = Vec::new();
    let mut print = Print {
        sum: 0,
        uniform: true,
    };
    let mut first_code = None;
    let mut first = 0;
    while first < all {
        let count = RUN.min(all.saturating_sub(first));
        open.read(first, count, &mut bytes, budget)?;
        for at in 0..usize::try_from(count).unwrap_or(0) {
            let element = element(part, &bytes, at).ok_or("its elements do not decode")?;
            let code = code(element, narrow);
            print.uniform &= *first_code.get_or_insert(code) == code;
            print.sum = print.sum.wrapping_add(mixed(code));
        }
        first = first.saturating_add(count);
    }
    Ok(print)
}

/// A number as 64 bits, one for each number.
fn code(element: Element, narrow: Option<Format>) -> u64 {
    match element {
        Element::Whole(value) => u64::from_le_bytes(low(value.to_le_bytes())),
        Element::Float(value) => {
            let value = narrow.map_or(value, |it| it.round(value));
            if value.is_nan() {
                f64::NAN.to_bits()
            } else if value == 0.0 {
                0
            } else {
                value.to_bits()
            }
        }
    }
}

fn low(bytes: [u8; 16]) -> [u8; 8] {
    bytes.first_chunk().copied().unwrap_or_default()
}

/// Spreads the bits of a code, so that sums of codes tell sets of numbers apart.
///
/// Source: the finaliser of `SplitMix64`.
fn mixed(code: u64) -> u64 {
    let code = code.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let code = (code ^ code >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let code = (code ^ code >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    code ^ code >> 31
}
