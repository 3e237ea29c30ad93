//! What the commands share: groups of arguments, and how their values are read.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use cnninspect::Options;
use cnninspect::infer::{Sizes, read_input, read_size};
use cnninspect::render::{FORMATS, OutputFormat};
use cnninspect::sweep::Sweep;
use cnninspect::verify::Limits;

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
    #[arg(long, value_name = "[NAME=]1x3x224x224", value_parser = read_input)]
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

/// The one list of sizes, where one is given.
///
/// # Errors
/// There are two.
pub(super) fn one_sweep(sweeps: Vec<Sweep>) -> Result<Option<Sweep>, String> {
    let mut sweeps = sweeps.into_iter();
    let sweep = sweeps.next();
    match sweeps.next() {
        None => Ok(sweep),
        Some(_) => Err(
            "--sweep is given twice; axes that take the same sizes are tied, as in height=width=224,256, and \
             others are settled by --dim or --input"
                .to_owned(),
        ),
    }
}

/// What one layer may need to be run.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Most {
    /// Leave out layers of more multiply-accumulates, as 20G
    #[arg(long, value_name = "N", default_value = "20G", value_parser = count)]
    max_macs: u64,

    /// Leave out layers that need more memory to be run, as 1GiB
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = bytes)]
    max_bytes: u64,
}

impl Most {
    /// The library's view of it.
    pub(super) fn limits(self) -> Limits {
        Limits {
            bytes: self.max_bytes,
            macs: self.max_macs.into(),
        }
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
    /// The same with results to standard output.
    pub(crate) fn without_output(&self) -> Self {
        Self {
            output: None,
            ..self.clone()
        }
    }

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

/// `NAME=SIZE`.
pub(super) fn named_size(text: &str) -> Result<(String, u64), String> {
    match text.rsplit_once('=') {
        None | Some(("", _)) => Err("needs a name and a size, as in height=224".to_owned()),
        Some((name, number)) => Ok((name.to_owned(), read_size(number)?)),
    }
}

/// A count, with a decimal unit or none: `20G`, `1.5M`, `300000`.
pub(super) fn count(text: &str) -> Result<u64, String> {
    let units = [
        ("k", 1_000),
        ("K", 1_000),
        ("M", 1_000_000),
        ("G", 1_000_000_000),
        ("T", 1_000_000_000_000),
    ];
    scaled(text, &units)
        .ok_or_else(|| format!("{text:?} is not a count such as 300000, 1.5M or 20G"))
}

/// A number of bytes, with a binary or a decimal unit or none: `1GiB`, `512MB`, `4096`.
fn bytes(text: &str) -> Result<u64, String> {
    let units = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("TiB", 1 << 40),
        ("kB", 1_000),
        ("KB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("TB", 1_000_000_000_000),
        ("B", 1),
    ];
    scaled(text, &units)
        .ok_or_else(|| format!("{text:?} is not a size such as 4096, 512MB or 1GiB"))
}

/// A number that may have a fraction, times its unit; a fraction that the unit does not make whole is
/// no number.
fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim().replace('_', "");
    let unit = units.iter().find(|it| text.ends_with(it.0));
    let (digits, factor) = match unit {
        Some((name, factor)) => (text.strip_suffix(name)?.trim_end(), *factor),
        None => (text.as_str(), 1),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let joined = format!("{whole}{fraction}");
    if whole.is_empty() || !joined.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    let places = 10u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let product = joined.parse::<u128>().ok()?.checked_mul(factor.into())?;
    if product % places != 0 {
        return None;
    }
    u64::try_from(product / places).ok()
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
    fn limits_are_read_with_their_units() {
        let cases = [
            ("20G", Some(20_000_000_000), None),
            ("1.5M", Some(1_500_000), None),
            ("1_000", Some(1000), Some(1000)),
            ("1GiB", None, Some(1 << 30)),
            ("1.5 KiB", None, Some(1536)),
            ("512MB", None, Some(512_000_000)),
            ("10B", None, Some(10)),
            ("1.5", None, None),
            ("", None, None),
            ("G", None, None),
            ("-1", None, None),
            ("99999999999T", None, None),
        ];
        for (text, expected_count, expected_bytes) in cases {
            assert_eq!(count(text).ok(), expected_count, "{text}");
            assert_eq!(bytes(text).ok(), expected_bytes, "{text}");
        }
    }

    #[test]
    fn the_limits_in_help_are_the_library_s() {
        let most = Most {
            max_macs: count("20G").unwrap(),
            max_bytes: bytes("1GiB").unwrap(),
        };
        assert_eq!(most.limits(), Limits::default());
    }
}
