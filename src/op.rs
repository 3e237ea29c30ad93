//! Operators by family: attributes under ONNX's names, shape rules, geometry.
//!
//! An operator is a row of its family's table; [`rule`] finds it.

pub mod attrs;
pub mod conv;
mod error;
pub mod linear;
pub mod pool;
mod value;
pub mod window;

pub use attrs::{Attr, Attrs};
pub use error::ShapeError;
pub use value::{Element, MOST_ELEMENTS, Value};

/// The name under which the default operator set's domain is known, also written as the empty string.
pub const ONNX: &str = "ai.onnx";
/// ONNX Runtime's own operators.
pub const MICROSOFT: &str = "com.microsoft";
