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

/// A row of all the tables together.
type Row = ((&'static str, &'static str), Rule);

/// Every operator's rule, by name and domain.
static RULES: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let families = FAMILIES.iter().flat_map(|it| it.iter());
    let mut rows: Vec<Row> = families
        .map(|it| ((it.op_type, it.domain), it.rule))
        .collect();
    let (convolution, pooling): (Rule, Rule) = (spatial::convolution, spatial::pooling);
    rows.extend(
        conv::CONVS
            .iter()
            .map(|it| ((it.op_type, it.domain), convolution)),
    );
    rows.extend(
        pool::POOLS
            .iter()
            .map(|it| ((it.op_type, it.domain), pooling)),
    );
    rows.sort_unstable_by_key(|it| it.0);
    rows
});

/// The shape rule of an operator; `None` where there is none.
#[must_use]
pub fn rule(domain: &str, op_type: &str) -> Option<Rule> {
    let at = RULES
        .binary_search_by_key(&(op_type, domain), |it| it.0)
        .ok()?;
    RULES.get(at).map(|it| it.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_has_one_rule() {
        let twice: Vec<_> = RULES.windows(2).filter(|it| it[0].0 == it[1].0).collect();
        assert!(twice.is_empty(), "{twice:?}");
    }
}
