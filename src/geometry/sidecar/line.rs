//! One element of `layers`.

use toml::de::DeValue;

use super::value::{filled, flag, number, numbers, word, words};
use super::{Fault, Lines, Value, braces, unknown};
use crate::geometry::{ConvStep, Line, Pad, PoolKind, PoolStep, Step};

/// What a convolution has where its line says nothing.
#[derive(Default)]
pub(super) struct Defaults {
    stride: Option<Vec<u64>>,
    dilation: Option<Vec<u64>>,
    pad: Option<Pad>,
}

/// Keys that say what a line is.
const KINDS: &[&str] = &[
    "conv", "maxpool", "avgpool", "adaptive", "global", "upsample",
];
const OTHERS: &[&str] = &[
    "stride",
    "dilation",
    "pad",
    "ceil",
    "groups",
    "transposed",
    "from",
    "side",
    "id",
    "out",
    "aux",
];

/// `defaults = { pad = "same" }`.
pub(super) fn defaults(value: &Value<'_>, lines: &Lines) -> Result<Defaults, Fault> {
    let mut out = Defaults::default();
    let table = value.get_ref().as_table();
    let table = table.ok_or_else(|| {
        let message = "defaults must be a table, as in { pad = \"same\" }";
        lines.fault(&value.span(), message.to_owned())
    })?;
    for (key, value) in table {
        match key.get_ref().as_ref() {
            "stride" => out.stride = Some(numbers("stride", value, lines)?),
            "dilation" => out.dilation = Some(numbers("dilation", value, lines)?),
            "pad" => out.pad = Some(pad(value, lines)?),
            other => {
                let message = unknown(other, &["stride", "dilation", "pad"]);
                return Err(lines.fault(&key.span(), message));
            }
        }
    }
    Ok(out)
}

/// What the keys of one line say.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "one for each key")]
struct Keys {
    kind: Option<(&'static str, Vec<u64>)>,
    names: Vec<String>,
    stride: Option<Vec<u64>>,
    dilation: Option<Vec<u64>>,
    pad: Option<Pad>,
    ceil: bool,
    groups: Option<u64>,
    transposed: bool,
    from: Vec<String>,
    side: bool,
    id: Option<String>,
    out: Option<Vec<u64>>,
    aux: bool,
}

/// The lines that one element stands for.
pub(super) fn line(
    value: &Value<'_>,
    lines: &Lines,
    defaults: &Defaults,
) -> Result<Vec<Line>, Fault> {
    let span = value.span();
    let fault = |message: String| lines.fault(&span, message);
    let Some(table) = value.get_ref().as_table() else {
        let message = "a layer must be a table, as in { conv = \"conv1\" }";
        return Err(fault(message.to_owned()));
    };
    let mut keys = Keys::default();
    for (key, value) in table {
        let taken = keys.take(key.get_ref(), value, lines);
        taken.map_err(|known| {
            known.unwrap_or_else(|| {
                let all: Vec<&str> = KINDS.iter().chain(OTHERS).copied().collect();
                lines.fault(&key.span(), unknown(key.get_ref(), &all))
            })
        })?;
    }
    let at = Some(lines.at(&span));
    let names = std::mem::take(&mut keys.names);
    let steps = keys.steps(names, defaults).map_err(fault)?;
    let step = |step| Line {
        step,
        from: keys.from.clone(),
        side: keys.side,
        id: keys.id.clone(),
        out: keys.out.clone(),
        aux: keys.aux,
        at,
    };
    Ok(steps.into_iter().map(step).collect())
}

impl Keys {
    /// Takes one key; `Err(None)` where it is unknown.
    fn take(&mut self, key: &str, value: &Value<'_>, lines: &Lines) -> Result<(), Option<Fault>> {
        if let Some(kind) = KINDS.iter().find(|it| **it == key) {
            return self.kind(kind, value, lines).map_err(Some);
        }
        self.other(key, value, lines)
    }

    fn kind(&mut self, kind: &'static str, value: &Value<'_>, lines: &Lines) -> Result<(), Fault> {
        if let Some((other, _)) = &self.kind {
            let message = format!("has both {other} and {kind}");
            return Err(lines.fault(&value.span(), message));
        }
        let mut sizes = vec![];
        match kind {
            "conv" => {
                let pattern = word(kind, value, lines)?;
                self.names = braces::expand(&pattern)
                    .map_err(|message| lines.fault(&value.span(), message))?;
            }
            "global" => {
                if !flag(kind, value, lines)? {
                    let message = "global must be true".to_owned();
                    return Err(lines.fault(&value.span(), message));
                }
            }
            _ => sizes = numbers(kind, value, lines)?,
        }
        self.kind = Some((kind, sizes));
        Ok(())
    }

    fn other(&mut self, key: &str, value: &Value<'_>, lines: &Lines) -> Result<(), Option<Fault>> {
        match key {
            "stride" => self.stride = Some(numbers(key, value, lines)?),
            "dilation" => self.dilation = Some(numbers(key, value, lines)?),
            "pad" => self.pad = Some(pad(value, lines)?),
            "ceil" => self.ceil = flag(key, value, lines)?,
            "groups" => {
                filled(key, value, lines)?;
                let groups = number(value).filter(|it| *it > 0);
                let fault = || {
                    let message = "groups must be a whole number from 1".to_owned();
                    Some(lines.fault(&value.span(), message))
                };
                self.groups = Some(groups.ok_or_else(fault)?);
            }
            "transposed" => self.transposed = flag(key, value, lines)?,
            "from" => self.from = words(key, value, lines)?,
            "side" => self.side = flag(key, value, lines)?,
            "id" => self.id = Some(word(key, value, lines)?),
            "out" => self.out = Some(numbers(key, value, lines)?),
            "aux" => self.aux = flag(key, value, lines)?,
            _ => return Err(None),
        }
        Ok(())
    }

    /// The steps of a line.
    fn steps(&self, names: Vec<String>, defaults: &Defaults) -> Result<Vec<Step>, String> {
        let Some((kind, sizes)) = &self.kind else {
            return Err(format!("needs one of {}", KINDS.join(", ")));
        };
        self.fits(kind)?;
        let pool = |kind| {
            vec![Step::Pool(PoolStep {
                kind,
                kernel: sizes.clone(),
                stride: self.stride.clone().unwrap_or_default(),
                pad: self.pad.clone().unwrap_or_else(Pad::none),
                ceil: self.ceil,
            })]
        };
        Ok(match *kind {
            "maxpool" => pool(PoolKind::Max),
            "avgpool" => pool(PoolKind::Average),
            "adaptive" => vec![Step::Adaptive(sizes.clone())],
            "global" => vec![Step::Global],
            "upsample" => vec![Step::Upsample(sizes.clone())],
            _ => {
                let conv = |name| Step::Conv(self.conv(name, defaults));
                names.into_iter().map(conv).collect()
            }
        })
    }

    fn conv(&self, name: String, defaults: &Defaults) -> ConvStep {
        let one = |own: &Option<Vec<u64>>, default: &Option<Vec<u64>>| {
            own.clone()
                .or_else(|| default.clone())
                .unwrap_or_else(|| vec![1])
        };
        let pad = self.pad.clone().or_else(|| defaults.pad.clone());
        ConvStep {
            name,
            stride: one(&self.stride, &defaults.stride),
            dilation: one(&self.dilation, &defaults.dilation),
            pad: pad.unwrap_or_else(Pad::none),
            groups: self.groups,
            transposed: self.transposed,
        }
    }

    /// Whether the keys are ones that such a line can have.
    fn fits(&self, kind: &str) -> Result<(), String> {
        let conv = kind == "conv";
        let pool = matches!(kind, "maxpool" | "avgpool");
        let odd = [
            ("dilation", self.dilation.is_some() && !conv, "a conv's"),
            ("groups", self.groups.is_some() && !conv, "a conv's"),
            ("transposed", self.transposed && !conv, "a conv's"),
            ("aux", self.aux && !conv, "a conv's"),
            ("ceil", self.ceil && !pool, "a pool's"),
            (
                "stride",
                self.stride.is_some() && !conv && !pool,
                "a conv's or a pool's",
            ),
            (
                "pad",
                self.pad.is_some() && !conv && !pool,
                "a conv's or a pool's",
            ),
        ];
        match odd.into_iter().find(|it| it.1) {
            Some((key, _, whose)) => Err(format!("{key} is {whose}, and this is {kind}")),
            None => Ok(()),
        }
    }
}

/// A number, a list of them, or `"same"`.
fn pad(value: &Value<'_>, lines: &Lines) -> Result<Pad, Fault> {
    filled("pad", value, lines)?;
    let zeros = match value.get_ref() {
        DeValue::String(it) if it == "same" => return Ok(Pad::Same),
        DeValue::String(_) => None,
        _ => numbers("pad", value, lines).ok(),
    };
    zeros.map(Pad::Zeros).ok_or_else(|| {
        let message = "pad must be a number, a list of them, or \"same\"";
        lines.fault(&value.span(), message.to_owned())
    })
}
