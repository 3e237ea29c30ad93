//! The engine of a build without the feature `verify`: there is none.

use super::geometry::{Geometry, Method};
use super::real::Real;

/// Whether layers can be run.
pub(super) const BUILT_IN: bool = false;
/// The engine and its version.
pub(super) const NAME: &str = "";

/// An element that an engine would compute with.
pub trait Element: Real {}
impl<T: Real> Element for T {}

/// What an engine would give.
#[derive(Clone, Debug, PartialEq)]
pub struct Output<T> {
    /// How it was computed.
    pub method: Method,
    /// `[N, M, o1, …, on]`.
    pub shape: Vec<usize>,
    /// Row-major values.
    pub values: Vec<T>,
}

/// Runs nothing.
///
/// # Errors
/// Always.
pub fn run<T: Element>(
    _: &Geometry,
    _: Vec<T>,
    _: Vec<T>,
    _: Option<Vec<T>>,
) -> Result<Output<T>, String> {
    Err("built without the feature verify".to_owned())
}
