//! `cnninspect geometry MODEL`: printing a geometry file; and the arguments that say where a geometry
//! comes from.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use cnninspect::Options;
use cnninspect::geometry::{self, Layout};
use cnninspect::infer::read_sizes;
use cnninspect::verify::Choice;

use super::values::{Common, Opening};

/// A model whose geometry is printed.
#[derive(Debug)]
pub(crate) struct Printing {
    /// The model file, a folder that holds one, or `-`.
    pub(crate) model: PathBuf,
    /// How to open it.
    pub(crate) options: Options,
}

/// Prints strides, pools and order as a geometry file, with ? where nobody knows
#[derive(Debug, Args)]
pub(super) struct Geometry {
    /// A safetensors, ONNX or .pt2 file, a folder that holds one, or - for standard input
    #[arg(value_name = "MODEL")]
    model: PathBuf,

    #[command(flatten)]
    opening: Opening,

    #[command(flatten)]
    pub(super) common: Common,
}

impl Geometry {
    /// The library's view of the arguments, or what is wrong with them together.
    pub(super) fn request(self) -> Result<Printing, String> {
        Ok(Printing {
            options: Options {
                verify: Choice::None,
                ..self.opening.options()?
            },
            model: self.model,
        })
    }
}

/// Where the geometry of a model without a graph comes from.
#[derive(Debug, Args)]
pub(super) struct From {
    /// Strides and pools of a safetensors model, from this file; `cnninspect geometry MODEL` prints one
    #[arg(long, value_name = "FILE")]
    geometry: Option<PathBuf>,

    /// An ONNX file, or a .pt2 that torch.export saved, of the same network: its graph is put over the
    /// tensors of a safetensors model, and its own weights are not read
    #[arg(long, value_name = "FILE")]
    graph: Option<PathBuf>,

    /// The output size of one convolution of a safetensors model; repeatable
    #[arg(long, value_name = "NAME=13x13", value_parser = output_size)]
    output_size: Vec<(String, Vec<u64>)>,

    /// The order in which a safetensors model keeps the axes of its weights; told by vote without
    #[arg(long, value_name = "LAYOUT", value_parser = layouts())]
    layout: Option<Layout>,
}

impl From {
    pub(super) fn options(&self) -> geometry::Options {
        geometry::Options {
            file: self.geometry.clone(),
            graph: self.graph.clone(),
            output_sizes: self.output_size.clone(),
            layout: self.layout,
            ..geometry::Options::default()
        }
    }
}

/// `NAME=13x13`.
fn output_size(text: &str) -> Result<(String, Vec<u64>), String> {
    match text.rsplit_once('=') {
        None | Some(("", _)) => Err("needs a name and sizes, as in conv1=32x32".to_owned()),
        Some((name, sizes)) => Ok((name.to_owned(), read_sizes(sizes)?)),
    }
}

fn layouts() -> impl TypedValueParser<Value = Layout> {
    PossibleValuesParser::new(Layout::ALL.map(Layout::name)).try_map(|name| {
        let found = Layout::ALL.into_iter().find(|it| it.name() == name);
        found.ok_or("not a layout")
    })
}
