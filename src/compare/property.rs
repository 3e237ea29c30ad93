//! What models are compared in: one row of [`PROPERTIES`] is a row of the table, a column of the CSV and a
//! name for `--columns` and `--sort`.

use super::summary::Sums;
pub use super::value::Value;
use crate::account::Roles;
use crate::tensor::{Dim, Shape};
use crate::units::Params;

/// One thing in which models are compared.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each says one thing")]
pub struct Property {
    /// Its name for `--columns` and `--sort`, and its column in CSV.
    pub name: &'static str,
    /// What it is called in tables; two spaces before it make it a part of the row above.
    pub label: &'static str,
    /// Properties of one group stand together.
    pub group: u8,
    /// Whether the least of it is best; nothing is best in the others.
    pub fewest: bool,
    /// Whether it depends on the sizes of the input.
    pub by_input: bool,
    /// Whether a bar is drawn of it.
    pub bar: bool,
    /// Whether its row stays away where it is nothing for any model.
    pub rare: bool,
    /// Whether it is words and no number.
    pub words: bool,
    /// Whether it is a part of a whole, so that two differ in percentage points.
    pub share: bool,
    /// Whether it is no more than what something is called, so that another one is no difference.
    pub called: bool,
    /// Reads it.
    pub value: fn(&Sums) -> Value,
}

const PLAIN: Property = Property {
    name: "",
    label: "",
    group: 0,
    fewest: false,
    by_input: false,
    bar: false,
    rare: false,
    words: false,
    share: false,
    called: false,
    value: |_| Value::Nothing,
};

/// A row in which nothing is best.
const fn row(name: &'static str, label: &'static str, value: fn(&Sums) -> Value) -> Property {
    Property {
        name,
        label,
        value,
        ..PLAIN
    }
}

impl Property {
    const fn group(self, group: u8) -> Self {
        Self { group, ..self }
    }
    const fn fewest(self) -> Self {
        Self {
            fewest: true,
            ..self
        }
    }
    const fn by_input(self) -> Self {
        Self {
            by_input: true,
            ..self
        }
    }
    const fn with_bar(self) -> Self {
        Self { bar: true, ..self }
    }
    const fn rare(self) -> Self {
        Self { rare: true, ..self }
    }
    const fn words(self) -> Self {
        Self {
            words: true,
            ..self
        }
    }
    const fn share(self) -> Self {
        Self {
            share: true,
            ..self
        }
    }
    const fn called(self) -> Self {
        Self {
            called: true,
            ..self.words()
        }
    }

    /// The property of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        PROPERTIES.iter().find(|it| it.name == name)
    }
}

/// Every property, in the order of the table.
pub const PROPERTIES: &[Property] = &[
    row("format", "format", format).words(),
    row("input", "input", input).words(),
    row("convs", "convs", |it| count(it.totals.conv.layers)).group(1),
    row("linear", "linear layers", |it| {
        count(it.totals.linear.layers)
    })
    .group(1),
    row("recurrent", "recurrent", |it| count(it.recurrent_layers))
        .group(1)
        .rare(),
    row("pools", "pools", |it| count(it.totals.pool.layers)).group(1),
    row("params", "parameters", |it| params(it.totals.params))
        .group(2)
        .fewest()
        .with_bar(),
    row("weight", "  weight", |it| role(it, |it| it.weight)).group(2),
    row("bias", "  bias", |it| role(it, |it| it.bias)).group(2),
    row("norm_affine", "  norm affine", |it| {
        role(it, |it| it.norm_affine)
    })
    .group(2)
    .rare(),
    row("elementwise", "  elementwise", |it| {
        role(it, |it| it.elementwise)
    })
    .group(2)
    .rare(),
    row("conv_share", "  in convs", |it| {
        share(it, it.totals.conv.params.0)
    })
    .group(2)
    .share(),
    row("linear_share", "  in linear", |it| {
        share(it, it.totals.linear.params.0)
    })
    .group(2)
    .share(),
    row("other_share", "  elsewhere", |it| share(it, elsewhere(it)))
        .group(2)
        .share()
        .rare(),
    row("largest_layer", "largest layer", |it| {
        let name = it.largest_layer.as_ref().map(|it| it.name.clone());
        name.map_or(Value::Nothing, Value::Text)
    })
    .group(2)
    .called(),
    row("largest_params", "  parameters", |it| {
        let largest = it.largest_layer.as_ref();
        largest.map_or(Value::Nothing, |it| params(it.params))
    })
    .group(2),
    row("stored", "convs, stored", |it| {
        conv(it, "conv.stored", it.totals.conv.stored)
    })
    .group(3),
    row("unshared", "  locally conn.", |it| {
        conv(it, "conv.unshared", it.totals.conv.unshared)
    })
    .group(3)
    .by_input(),
    row("dense", "  fully conn.", |it| {
        conv(it, "conv.dense", it.totals.conv.dense)
    })
    .group(3)
    .by_input(),
    row("sharing_factor", "  sharing factor", factor)
        .group(3)
        .by_input(),
    row("macs", "MACs", |it| {
        known(it, "macs", it.totals.macs.map(|it| it.0))
    })
    .group(4)
    .fewest()
    .by_input()
    .with_bar(),
    row("macs_per_param", "  a parameter", macs_per_param)
        .group(4)
        .by_input(),
    row("padding_share", "  on padding", padding)
        .group(4)
        .share()
        .by_input(),
    row("peak_activations", "peak activations", peak)
        .group(4)
        .fewest()
        .by_input(),
    row("receptive_field", "receptive field", receptive_field).group(4),
    row("weight_bytes", "weight bytes", weight_bytes)
        .group(5)
        .fewest(),
    row("data_types", "data types", data_types).group(5).words(),
    row("verified", "verified", verified)
        .group(6)
        .words()
        .rare(),
    row("warnings", "warnings", |it| count(it.warnings))
        .group(6)
        .rare(),
    row("gaps", "gaps", |it| count(it.gaps)).group(6).rare(),
];

fn count(count: u64) -> Value {
    Value::Count(count.into())
}

fn params(count: Params) -> Value {
    Value::Count(count.0)
}

fn role(sums: &Sums, role: fn(&Roles) -> Params) -> Value {
    params(role(&sums.totals.roles))
}

fn format(sums: &Sums) -> Value {
    let assumed = if sums.is_assumed() { ", assumed" } else { "" };
    Value::Text(format!("{}{assumed}", sums.format))
}

/// What the widest windows see, or the widest of those that are known.
fn receptive_field(sums: &Sums) -> Value {
    let whole = known(
        sums,
        "receptive_field",
        sums.receptive_field.map(u128::from),
    );
    match (whole, sums.receptive_field_at_least) {
        (Value::Unknown(reason), Some(least)) => Value::AtLeast(least.into(), reason),
        (whole, _) => whole,
    }
}

/// Bytes that are alive at once.
fn peak(sums: &Sums) -> Value {
    let bytes = sums
        .totals
        .peak_activations
        .as_ref()
        .and_then(|it| it.bytes);
    match known(sums, "peak_activations", bytes) {
        Value::Count(bytes) => Value::Bytes(bytes),
        other => other,
    }
}

/// `3×224×224`, without a batch of 1; several inputs by commas.
fn input(sums: &Sums) -> Value {
    let inputs: Vec<String> = sums
        .inputs
        .iter()
        .map(|it| it.shape.as_ref().map_or("?".to_owned(), sample))
        .collect();
    match inputs.as_slice() {
        [] => Value::Nothing,
        _ => Value::Text(inputs.join(", ")),
    }
}

fn sample(shape: &Shape) -> String {
    let dims = match shape.0.as_slice() {
        [batch, rest @ ..] if batch.known() == Some(1) && !rest.is_empty() => rest,
        all => all,
    };
    let sizes: Vec<String> = dims.iter().map(Dim::to_string).collect();
    sizes.join("×")
}

/// A sum, or why there is none.
fn known(sums: &Sums, what: &str, number: Option<u128>) -> Value {
    match number {
        Some(number) => Value::Count(number),
        None => unknown(sums, what),
    }
}

fn unknown(sums: &Sums, what: &str) -> Value {
    let reason = sums.unknown.get(what).cloned();
    Value::Unknown(reason.unwrap_or_else(|| "the file does not tell".to_owned()))
}

/// A sum over the convolutions; a model without any has none.
fn conv(sums: &Sums, what: &str, number: Option<Params>) -> Value {
    if sums.totals.conv.layers == 0 {
        return Value::Nothing;
    }
    known(sums, what, number.map(|it| it.0))
}

fn share(sums: &Sums, part: u128) -> Value {
    share_of(part, sums.totals.params.0)
}

fn share_of(part: u128, whole: u128) -> Value {
    match whole {
        0 => Value::Nothing,
        whole => Value::Share { part, whole },
    }
}

fn ratio(whole: u128, part: u128) -> Value {
    match part {
        0 => Value::Nothing,
        part => Value::Ratio { whole, part },
    }
}

fn elsewhere(sums: &Sums) -> u128 {
    let totals = &sums.totals;
    let kinds = [totals.conv.params, totals.linear.params];
    let kinds = kinds
        .iter()
        .fold(0, |sum: u128, it| sum.saturating_add(it.0));
    totals.params.0.saturating_sub(kinds)
}

fn factor(sums: &Sums) -> Value {
    let conv = &sums.totals.conv;
    match (conv.layers, conv.unshared, conv.shared) {
        (0, _, _) => Value::Nothing,
        (_, Some(unshared), Some(shared)) => ratio(unshared.0, shared.0),
        (_, None, _) => unknown(sums, "conv.unshared"),
        (_, _, None) => unknown(sums, "conv.shared"),
    }
}

fn macs_per_param(sums: &Sums) -> Value {
    match sums.totals.macs {
        Some(macs) => ratio(macs.0, sums.totals.params.0),
        None => unknown(sums, "macs"),
    }
}

fn padding(sums: &Sums) -> Value {
    let conv = &sums.totals.conv;
    match (conv.layers, sums.padding_macs, conv.macs) {
        (0, _, _) => Value::Nothing,
        (_, Some(padding), Some(macs)) => share_of(padding.0, macs.0),
        (_, None, _) => unknown(sums, "padding_macs"),
        (_, _, None) => unknown(sums, "conv.macs"),
    }
}

/// Bytes of the parameters; none of them is no measure, since they are elsewhere or made at run time.
fn weight_bytes(sums: &Sums) -> Value {
    match (sums.totals.weight_bytes, sums.totals.params) {
        (0, Params(1..)) => Value::Unknown("no weights are stored in this file".to_owned()),
        (bytes, _) => Value::Bytes(bytes),
    }
}

fn data_types(sums: &Sums) -> Value {
    let names: Vec<&str> = sums.totals.data_types.keys().map(|it| it.name()).collect();
    match names.as_slice() {
        [] => Value::Nothing,
        names => Value::Text(names.join(", ")),
    }
}

fn verified(sums: &Sums) -> Value {
    match (sums.mismatches, sums.confirmed) {
        (_, None) => Value::Nothing,
        (0, Some(confirmed)) => {
            let text = match (confirmed, sums.not_run) {
                (0, _) => "not run".to_owned(),
                (confirmed, 0) => format!("{confirmed} confirmed"),
                (confirmed, more) => format!("{confirmed} confirmed, {more} not run"),
            };
            match sums.unknown.get("verified") {
                Some(reason) => Value::Noted(text, reason.clone()),
                None => Value::Text(text),
            }
        }
        (wrong, _) => Value::Text(format!("{wrong} mismatched")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_there_once() {
        for property in PROPERTIES {
            let found = PROPERTIES.iter().filter(|it| it.name == property.name);
            assert_eq!(found.count(), 1, "{}", property.name);
            assert!(Property::find(property.name).is_some());
        }
    }
}
