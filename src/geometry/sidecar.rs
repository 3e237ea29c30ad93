//! Geometry files: a plan as TOML, written by hand or by `cnninspect geometry`.

mod braces;
mod line;
mod value;

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Plan;
use line::Defaults;

/// A fault of a geometry file, and its line counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: Option<usize>,
    pub(super) message: String,
}

/// A value with its place in the text.
type Value<'a> = Spanned<DeValue<'a>>;

const KEYS: &[&str] = &["input", "defaults", "layers"];

/// Reads a geometry file.
pub(super) fn parse(text: &str) -> Result<Plan, Fault> {
    let lines = Lines::of(text);
    let table = DeTable::parse(text).map_err(|error| Fault {
        at: error.span().map(|it| lines.at(&it)),
        message: error.message().to_owned(),
    })?;
    let mut plan = Plan::default();
    let mut defaults = Defaults::default();
    // `defaults` may stand after `layers`.
    for (key, value) in table.get_ref() {
        if key.get_ref() == "defaults" {
            defaults = line::defaults(value, &lines)?;
        }
    }
    for (key, value) in table.get_ref() {
        match key.get_ref().as_ref() {
            "defaults" => {}
            "input" => plan.input = Some(input(value, &lines)?),
            "layers" => plan.lines = layers(value, &lines, &defaults)?,
            other => return Err(lines.fault(&key.span(), unknown(other, KEYS))),
        }
    }
    Ok(plan)
}

/// `"3x227x227"` or `[3, 227, 227]`.
fn input(value: &Value<'_>, lines: &Lines) -> Result<Vec<u64>, Fault> {
    let fault = || {
        let message = "input must be channels and sizes, as in \"3x224x224\"";
        lines.fault(&value.span(), message.to_owned())
    };
    let sizes = match value.get_ref() {
        DeValue::String(text) => {
            if text == "?" {
                return Err(lines.fault(&value.span(), "input is still \"?\"".to_owned()));
            }
            let sizes = text.split(['x', 'X', '×', ',']);
            sizes.map(|it| value::size(it.trim())).collect()
        }
        DeValue::Array(list) => list.iter().map(value::number).collect(),
        _ => None,
    };
    let sizes: Vec<u64> = sizes.ok_or_else(fault)?;
    let sizes = match sizes.as_slice() {
        // A batch of 1 may stand before it.
        [1, rest @ ..] if sizes.len() == 4 => rest.to_vec(),
        _ => sizes,
    };
    let fine = (2..=4).contains(&sizes.len()) && !sizes.contains(&0);
    if fine { Ok(sizes) } else { Err(fault()) }
}

fn layers(
    value: &Value<'_>,
    lines: &Lines,
    defaults: &Defaults,
) -> Result<Vec<super::Line>, Fault> {
    let DeValue::Array(list) = value.get_ref() else {
        let message = "layers must be a list, as in layers = [{ conv = \"conv1\" }]";
        return Err(lines.fault(&value.span(), message.to_owned()));
    };
    let mut out = vec![];
    for value in list {
        out.extend(line::line(value, lines, defaults)?);
        if out.len() > braces::MOST_NAMES {
            let most = braces::MOST_NAMES;
            return Err(lines.fault(&value.span(), format!("more than {most} layers")));
        }
    }
    Ok(out)
}

/// What an unknown key says.
fn unknown(key: &str, keys: &[&str]) -> String {
    let close = crate::finding::similar(key, keys.iter().copied());
    let close = match key {
        // PyTorch's words.
        "padding" => " (did you mean \"pad\"?)".to_owned(),
        "kernel_size" => " (maxpool = 3 names the kernel)".to_owned(),
        _ => close,
    };
    format!("unknown key {key:?}{close}")
}

/// Where lines of a text begin.
pub(super) struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|it| it.1 == b'\n');
        Self(ends.map(|it| it.0).collect())
    }

    /// The line, counted from 1, that a place is in.
    fn at(&self, span: &Range<usize>) -> usize {
        self.0
            .partition_point(|it| *it < span.start)
            .saturating_add(1)
    }

    fn fault(&self, span: &Range<usize>, message: String) -> Fault {
        Fault {
            at: Some(self.at(span)),
            message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ConvStep, Line, Pad, PoolKind, Step};
    use super::*;

    #[test]
    fn a_file_reads_line_by_line() {
        let text = r#"
            input = "3x227x227"
            layers = [
              { conv = "conv1", stride = 4 },
              { maxpool = 3, stride = 2, ceil = true },
              { conv = "conv{3..4}", pad = [1, 0, 1, 0], from = "conv1", side = true, id = "s", out = [13, 13] },
              { conv = "aux", stride = [1, 2], dilation = 2, groups = 2, aux = true, from = ["conv3", "conv4"] },
              { global = true },
              { adaptive = 6 },
              { upsample = 2 },
            ]
            defaults = { pad = "same" }
        "#;
        let plan = parse(text).unwrap();
        assert_eq!(plan.input, Some(vec![3, 227, 227]));
        let conv = |name: &str, stride: u64| ConvStep::same(name, stride);
        let steps: Vec<&Step> = plan.lines.iter().map(|it| &it.step).collect();
        assert_eq!(steps.len(), 8);
        assert_eq!(steps[0], &Step::Conv(conv("conv1", 4)));
        let Step::Pool(pool) = steps[1] else {
            panic!("{steps:?}")
        };
        assert_eq!((pool.kind, pool.ceil), (PoolKind::Max, true));
        // Padding by default is a convolution's, and a pool's is its own.
        assert_eq!(pool.pad, Pad::none());
        for (line, name) in plan.lines[2..4].iter().zip(["conv3", "conv4"]) {
            let pad = Pad::Zeros(vec![1, 0, 1, 0]);
            assert_eq!(
                line.step,
                Step::Conv(ConvStep {
                    pad,
                    ..conv(name, 1)
                })
            );
            assert_eq!((line.side, line.out.clone()), (true, Some(vec![13, 13])));
            assert_eq!(line.at, Some(6));
        }
        let aux = ConvStep {
            stride: vec![1, 2],
            dilation: vec![2],
            groups: Some(2),
            ..conv("aux", 1)
        };
        assert_eq!(steps[4], &Step::Conv(aux));
        assert_eq!(plan.lines[4].from, ["conv3", "conv4"]);
        assert!(plan.lines[4].aux);
        let rest = [
            Step::Global,
            Step::Adaptive(vec![6]),
            Step::Upsample(vec![2]),
        ];
        assert!(steps[5..].iter().copied().eq(rest.iter()));
        let _: &Line = &plan.lines[0];
    }

    #[test]
    fn each_fault_has_its_line() {
        let cases = [
            (
                "inputs = 3",
                1,
                "unknown key \"inputs\" (did you mean \"input\"?)",
            ),
            (
                "input = \"3x0\"",
                1,
                "input must be channels and sizes, as in \"3x224x224\"",
            ),
            ("\nlayers = 3", 2, "layers must be a list"),
            (
                "layers = [\n{ conv = \"a\", padding = 1 }]",
                2,
                "unknown key \"padding\" (did you mean \"pad\"?)",
            ),
            (
                "layers = [\n{ conv = \"a\", strid = 1 }]",
                2,
                "unknown key \"strid\" (did you mean \"stride\"?)",
            ),
            (
                "layers = [\n{ stride = 1 }]",
                2,
                "needs one of conv, maxpool, avgpool, adaptive, global, upsample",
            ),
            (
                "layers = [\n{ conv = \"a\", maxpool = 1 }]",
                2,
                "has both conv and maxpool",
            ),
            (
                "layers = [\n{ conv = \"a\", stride = -1 }]",
                2,
                "stride must be a whole number up to 2147483648, or a list of them",
            ),
            (
                "layers = [\n{ conv = \"a\", pad = \"valid\" }]",
                2,
                "pad must be a number, a list of them, or \"same\"",
            ),
            (
                "layers = [\n{ maxpool = 2, dilation = 2 }]",
                2,
                "dilation is a conv's",
            ),
            (
                "layers = [\n{ conv = \"a{1..\" }]",
                2,
                "\"a{1..\" has a brace that is not closed",
            ),
            ("layers = [\n{ conv = \"?\" }]", 2, "conv is still \"?\""),
            (
                "layers = [\n{ conv = \"a\", stride = \"?\" }]",
                2,
                "stride is still \"?\"",
            ),
            ("layers = [\n{ conv = }]", 2, ""),
        ];
        for (text, line, message) in cases {
            let fault = parse(text).unwrap_err();
            assert_eq!(fault.at, Some(line), "{text}: {}", fault.message);
            assert!(fault.message.contains(message), "{text}: {}", fault.message);
        }
    }
}
