//! A network at several sizes: one row a size, of its sums or of each layer that was asked for.
//!
//! `network` and `layer` say which columns there are, `words` what is said beside the rows; `table`, `markdown`, `csv` and
//! `json` lay it out.

mod columns;
mod csv;
mod json;
mod layer;
mod markdown;
mod network;
mod notes;
mod table;
mod words;

pub(super) use csv::write as csv;
pub(super) use json::write as json;
pub(super) use markdown::write as markdown;
pub(super) use table::write as table;
