//! What the commands share: groups of arguments, and how their values are read.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use cnninspect::Options;
use cnninspect::infer::Sizes;
use cnninspect::render::{FORMATS, OutputFormat};

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Also into files and pipes
    Always,
    /// Nowhere
    Never,
}

/// How a model is opened, and the sizes that it leaves open.
#[derive(Debug, Args)]
pub(super) struct Opening {
    /// Sizes of one input; the name may be left out where only one input fits
    ///
    /// Sizes are whole numbers from 1, separated by x or a comma. Repeat it for several inputs.
    #[arg(long, value_name = "[NAME=]1x3x224x224", value_parser = input_sizes)]
    input: Vec<(Option<String>, Vec<u64>)>,

    /// The size of a dimension that the file gives a name; repeatable
    #[arg(long, value_name = "NAME=SIZE", value_parser = named_size)]
    dim: Vec<(String, u64)>,

    /// Follow links to weights outside the model's folder
    #[arg(long)]
    pub(super) allow_links: bool,

    #[command(flatten)]
    geometry: super::geometry::From,
}

impl Opening {
    /// How to open the model, with everything else as usual.
    ///
    /// # Errors
    /// As [`Opening::sizes`].
    pub(super) fn options(&self) -> Result<Options, String> {
        Ok(Options {
            sizes: self.sizes()?,
            allow_links: self.allow_links,
            geometry: self.geometry.options(),
            ..Options::default()
        })
    }

    /// Sizes by input and by name.
    ///
    /// # Errors
    /// One name is given two sizes.
    pub(super) fn sizes(&self) -> Result<Sizes, String> {
        sizes(self.input.clone(), self.dim.clone())
    }
}

/// The format of the result.
#[derive(Debug, Args)]
pub(super) struct Format {
    /// Output format
    #[arg(short, long, value_name = "FORMAT", default_value = "table", value_parser = formats())]
    pub(super) format: &'static OutputFormat,
}

/// Where results go, and what is said beside them.
#[derive(Clone, Debug, Args)]
pub(crate) struct Common {
    /// Write there instead of to standard output; an existing file is replaced in one step
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// When to colour
    #[arg(long, value_name = "WHEN", default_value = "auto", value_enum)]
    pub(crate) color: Color,

    /// No hints and no notes on standard error; errors stay
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// Say on standard error how long it took and how much was read
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

impl Common {
    /// The file that results go to instead of to standard output.
    pub(crate) fn output(&self) -> Option<&PathBuf> {
        self.output.as_ref().filter(|it| it.as_os_str() != "-")
    }
}

/// Sizes by input and by name; one name cannot have two.
pub(super) fn sizes(
    inputs: Vec<(Option<String>, Vec<u64>)>,
    dims: Vec<(String, u64)>,
) -> Result<Sizes, String> {
    let mut sizes = Sizes {
        inputs,
        ..Sizes::default()
    };
    for (name, size) in dims {
        match sizes.dims.insert(name.clone(), size) {
            Some(other) if other != size => {
                return Err(format!("--dim {name:?} is given as {other} and as {size}"));
            }
            _ => {}
        }
    }
    Ok(sizes)
}

/// `[NAME=]1x3x224x224`.
pub(super) fn input_sizes(text: &str) -> Result<(Option<String>, Vec<u64>), String> {
    let (name, sizes) = match text.rsplit_once('=') {
        Some(("", _)) => return Err("the name before \"=\" is empty".to_owned()),
        Some((name, sizes)) => (Some(name.to_owned()), sizes),
        None => (None, text),
    };
    Ok((name, sizes_of(sizes)?))
}

/// `1x3x224x224`.
pub(super) fn sizes_of(text: &str) -> Result<Vec<u64>, String> {
    text.split(['x', 'X', '×', ',']).map(size).collect()
}

/// `NAME=SIZE`.
pub(super) fn named_size(text: &str) -> Result<(String, u64), String> {
    match text.rsplit_once('=') {
        None | Some(("", _)) => Err("needs a name and a size, as in height=224".to_owned()),
        Some((name, number)) => Ok((name.to_owned(), size(number)?)),
    }
}

fn size(text: &str) -> Result<u64, String> {
    let number = text.trim().parse::<u64>().ok().filter(|it| *it > 0);
    number.ok_or_else(|| format!("{text:?} is not a size, which is a whole number from 1"))
}

/// The rows of the list of formats.
pub(super) fn formats() -> impl TypedValueParser<Value = &'static OutputFormat> {
    let row = |it: &OutputFormat| PossibleValue::new(it.name).help(it.about);
    PossibleValuesParser::new(FORMATS.iter().map(row))
        .try_map(|name| OutputFormat::find(&name).ok_or("not a format"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_in_every_spelling() {
        let expected = |name: Option<&str>| Ok((name.map(str::to_owned), vec![1, 3, 224, 224]));
        let cases = [
            ("1x3x224x224", expected(None)),
            ("images=1x3x224x224", expected(Some("images"))),
            ("1,3,224,224", expected(None)),
            ("1×3×224×224", expected(None)),
            ("a=b=1X3X224X224", expected(Some("a=b"))),
            (
                "1x3x0x224",
                Err("\"0\" is not a size, which is a whole number from 1".to_owned()),
            ),
            (
                "1x3x",
                Err("\"\" is not a size, which is a whole number from 1".to_owned()),
            ),
            ("=1x3", Err("the name before \"=\" is empty".to_owned())),
        ];
        for (text, expected) in cases {
            assert_eq!(input_sizes(text), expected, "{text}");
        }
    }
}
