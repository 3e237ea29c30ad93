//! Operators by family: attributes under ONNX's names, shape rules, geometry.
//!
//! An operator is a row of its family's table; [`rule`] finds it.

mod arith;
mod attention;
pub mod attrs;
mod broadcast;
pub mod call;
pub mod conv;
mod error;
mod generate;
mod join;
pub mod linear;
pub mod matmul;
mod norm;
mod order;
mod pointwise;
pub mod pool;
mod quantise;
mod recurrent;
pub mod reduce;
mod reshape;
mod resize;
mod select;
mod sequence;
mod signal;
mod slice;
mod spatial;
mod value;
pub mod window;

use std::collections::HashMap;
use std::sync::LazyLock;

pub use attrs::{Attr, Attrs};
pub use call::{Call, Operator, Rule};
pub use error::ShapeError;
pub use generate::inline_elements;
pub use spatial::dynamic_pads;
pub use value::{Element, MOST_ELEMENTS, MOST_RANK, Value};

/// The name under which the default operator set's domain is known, also written as the empty string.
pub const ONNX: &str = "ai.onnx";
/// ONNX Runtime's own operators.
pub const MICROSOFT: &str = "com.microsoft";

/// This crate's own operators, which stand for what a plan of lines leaves unsaid.
pub const OWN: &str = "cnninspect";
/// Changes the number of channels and nothing else: attribute `channels`.
pub const CHANNELS: &str = "Channels";

/// Every family's table; convolutions and pools have tables of their own.
const FAMILIES: &[&[Operator]] = &[
    pointwise::OPERATORS,
    reshape::OPERATORS,
    order::OPERATORS,
    select::OPERATORS,
    join::OPERATORS,
    reduce::OPERATORS,
    matmul::OPERATORS,
    norm::OPERATORS,
    recurrent::OPERATORS,
    generate::OPERATORS,
    resize::OPERATORS,
    spatial::OPERATORS,
    quantise::OPERATORS,
    sequence::OPERATORS,
    signal::OPERATORS,
    attention::OPERATORS,
];

static RULES: LazyLock<HashMap<(&str, &str), Rule>> = LazyLock::new(|| {
    let rows = FAMILIES.iter().flat_map(|it| it.iter());
    let mut rules: HashMap<(&str, &str), Rule> =
        rows.map(|it| ((it.domain, it.op_type), it.rule)).collect();
    for it in conv::CONVS {
        rules.insert((it.domain, it.op_type), spatial::convolution);
    }
    for it in pool::POOLS {
        rules.insert((it.domain, it.op_type), spatial::pooling);
    }
    rules
});

/// The shape rule of an operator; `None` where there is none.
#[must_use]
pub fn rule(domain: &str, op_type: &str) -> Option<Rule> {
    RULES.get(&(domain, op_type)).copied()
}
