//! Why an operator's output could not be told.

use std::sync::Arc;

use crate::units::grouped;

/// A number with separators.
fn whole(number: &impl ToString) -> String {
    let digits = number.to_string();
    match digits.strip_prefix('-') {
        Some(digits) => format!("-{}", grouped(digits)),
        None => grouped(&digits),
    }
}

fn values(count: usize) -> &'static str {
    if count == 1 { "value" } else { "values" }
}

/// Why an operator's output shape could not be inferred; both numbers where two disagree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// Not one window fits.
    #[error(
        "kernel reaches over {} elements but the padded input has {}",
        whole(reach),
        whole(padded)
    )]
    KernelExceedsInput {
        /// Elements the dilated kernel spans.
        reach: u64,
        /// Elements of the padded input; below zero where negative pads crop more than there is.
        padded: i128,
    },
    /// A size, stride, dilation or group below one.
    #[error("{name} is {found}, must be at least 1")]
    NotPositive {
        /// The attribute.
        name: &'static str,
        /// Its value.
        found: i64,
    },
    /// A size below zero.
    #[error("{name} is {found}, must be at least 0")]
    Negative {
        /// The attribute.
        name: &'static str,
        /// Its value.
        found: i64,
    },
    /// Neither the node nor its weight says how large the kernel is.
    #[error("kernel_shape is not given and the weight's sizes are not known")]
    KernelUnknown,
    /// The groups do not split the channels evenly.
    #[error("group {group} does not divide {channels} {which}")]
    GroupDoesNotDivide {
        /// The node's `group`.
        group: u64,
        /// How many channels there are.
        channels: u64,
        /// `input channels` or `filters`.
        which: &'static str,
    },
    /// Weight and input disagree on the channels.
    #[error(
        "weight takes {} channels but the input has {}",
        whole(weight),
        whole(input)
    )]
    Channels {
        /// Channels that the weight's sizes and the group ask for.
        weight: u64,
        /// Channels of the input.
        input: u64,
    },
    /// A tensor has too many or too few axes.
    #[error("{what} has rank {found}, needs {expected}")]
    Rank {
        /// Which tensor.
        what: &'static str,
        /// What the operator takes.
        expected: String,
        /// Its rank.
        found: usize,
    },
    /// A list attribute of the wrong length.
    #[error("{name} has {found} {}, needs {expected}", values(*found))]
    Length {
        /// The attribute or input.
        name: &'static str,
        /// What the operator takes.
        expected: usize,
        /// What the node has.
        found: usize,
    },
    /// An attribute of another type than the operator's.
    #[error("attribute {name} is not {expected}")]
    AttributeType {
        /// The attribute.
        name: &'static str,
        /// The type in words.
        expected: &'static str,
    },
    /// An attribute's value that the operator does not define.
    #[error("{name} is {found:?}, must be one of {expected}")]
    AttributeValue {
        /// The attribute.
        name: &'static str,
        /// What the node says.
        found: String,
        /// What there is.
        expected: &'static str,
    },
    /// An attribute that the operator cannot do without.
    #[error("attribute {name} is missing")]
    AttributeMissing {
        /// The attribute.
        name: &'static str,
    },
    /// An input that the operator cannot do without.
    #[error("input {index} ({what}) is missing")]
    InputMissing {
        /// Its place, from 0.
        index: usize,
        /// ONNX's name for it.
        what: &'static str,
    },
    /// Two sizes that must agree.
    #[error("{what}: {left} and {right} do not agree")]
    Disagree {
        /// What they are.
        what: &'static str,
        /// One.
        left: String,
        /// The other.
        right: String,
    },
    /// A size past what 64 bits hold.
    #[error("{what} passes 64 bits")]
    Overflow {
        /// Which size.
        what: &'static str,
    },
    /// The operator is not one of those with a shape rule; the text names it.
    #[error("{0}")]
    NoRule(Arc<str>),
    /// Something that the rule needs is itself unknown; the reason is the first one along the way.
    #[error("{0}")]
    Unknown(Arc<str>),
}
