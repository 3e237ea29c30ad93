//! Two versions of one architecture, layer by layer → table, JSON, Markdown, CSV.

pub(super) mod csv;
pub(super) mod json;
pub(super) mod markdown;
mod rows;
pub(super) mod table;
mod tensors;
#[cfg(test)]
mod tests;
mod totals;
mod words;

use std::io;

use crate::compare::layers::Layers;
use crate::compare::tensors::{Content, Tensors};

/// A comparison of two models' layers, and how to show it.
pub(super) struct Page<'a> {
    pub(super) layers: &'a Layers,
    /// Their stored tensors, where those were compared.
    pub(super) tensors: Option<&'a Tensors>,
    /// What the contents of each layer's tensors say.
    pub(super) contents: Vec<Option<&'a Content>>,
    /// Whether every equal layer has a row.
    pub(super) all: bool,
    pub(super) width: usize,
    pub(super) color: bool,
}

/// Writes two models, layer by layer.
pub(super) type Write = fn(&Page<'_>, &mut dyn io::Write) -> io::Result<()>;
