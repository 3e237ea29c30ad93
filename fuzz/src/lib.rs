//! What the fuzz targets run. `tests/corpora.rs` of the project runs the same code over every kept input.

pub mod cases;
