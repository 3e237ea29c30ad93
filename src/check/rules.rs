//! Everything that can have a budget: one row a rule.
//!
//! Flags, help, keys of the configuration, names in JSON and the baseline are made from [`RULES`].

use std::collections::{BTreeMap, BTreeSet};

use super::amount::Unit;
use super::layers::{Field, Kind, LayerRow};
use crate::Inspection;
use crate::tensor::Dim;

/// A number of which at least `certain` is there, and why it may be more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// All of it, or the part that is known.
    pub certain: u128,
    /// Why that is not all.
    pub gap: Option<String>,
}

impl Measured {
    /// A number that is known.
    #[must_use]
    pub fn known(count: u128) -> Self {
        Self {
            certain: count,
            gap: None,
        }
    }

    /// A number of which nothing is known.
    #[must_use]
    pub fn unknown(reason: String) -> Self {
        Self {
            certain: 0,
            gap: Some(reason),
        }
    }

    /// The number, where it is known.
    #[must_use]
    pub fn count(&self) -> Option<u128> {
        self.gap.is_none().then_some(self.certain)
    }
}

/// Names that a model uses, each with the layers that use it, and why there may be more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Names, and layers where that can be told.
    pub names: BTreeMap<String, Vec<String>>,
    /// Why that may not be all.
    pub gap: Option<String>,
}

/// A model as rules look at it.
#[derive(Clone, Debug)]
pub struct Model<'a> {
    /// All that is known of it.
    pub inspection: &'a Inspection,
    /// Its layers.
    pub layers: Vec<LayerRow>,
}

/// How a rule measures.
#[derive(Clone, Copy, Debug)]
pub enum Measure {
    /// A number.
    Count {
        /// What it counts.
        unit: Unit,
        /// Measures a model.
        of: fn(&Model<'_>) -> Measured,
        /// The layers' number that says which layer did it.
        blame: Option<Field>,
    },
    /// A set of names.
    Names {
        /// Lists a model's.
        of: fn(&Model<'_>) -> Named,
    },
}

/// Something that can have a budget.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Key in the configuration and the baseline; flags are made from it.
    pub name: &'static str,
    /// Name in JSON.
    pub json: &'static str,
    /// What it is, in help and reports.
    pub about: &'static str,
    /// How it is measured.
    pub measure: Measure,
    /// The layers' number that a budget on single layers holds; `None` where there is none.
    pub layer: Option<Field>,
}

/// Every rule, in the order of reports.
pub const RULES: &[Rule] = &[
    Rule {
        name: "params",
        json: "params",
        about: "parameters (weight, bias, norm's scale and shift, elementwise)",
        measure: Measure::Count {
            unit: Unit::Params,
            of: params,
            blame: Some(Field::Params),
        },
        layer: Some(Field::Params),
    },
    Rule {
        name: "conv-params",
        json: "conv_params",
        about: "parameters stored for convolutions, a tied one once",
        measure: Measure::Count {
            unit: Unit::Params,
            of: conv_params,
            blame: Some(Field::Params),
        },
        layer: None,
    },
    Rule {
        name: "weight-bytes",
        json: "weight_bytes",
        about: "bytes that parameters take, in the file and beside it",
        measure: Measure::Count {
            unit: Unit::Bytes,
            of: weight_bytes,
            blame: Some(Field::Params),
        },
        layer: None,
    },
    Rule {
        name: "file-bytes",
        json: "file_bytes",
        about: "size of the model file itself",
        measure: Measure::Count {
            unit: Unit::Bytes,
            of: |it| Measured::known(it.inspection.facts.file_bytes.0.into()),
            blame: Some(Field::Params),
        },
        layer: None,
    },
    Rule {
        name: "macs",
        json: "macs",
        about: "multiply-accumulates of one sample",
        measure: Measure::Count {
            unit: Unit::Macs,
            of: macs,
            blame: Some(Field::Macs),
        },
        layer: Some(Field::Macs),
    },
    Rule {
        name: "unshared",
        json: "unshared",
        about: "parameters that the convolutions would need without sharing",
        measure: Measure::Count {
            unit: Unit::Params,
            of: unshared,
            blame: Some(Field::Unshared),
        },
        layer: Some(Field::Unshared),
    },
    Rule {
        name: "sharing-factor",
        json: "sharing_factor",
        about: "how many times fewer parameters sharing leaves, in thousandths",
        measure: Measure::Count {
            unit: Unit::Factor,
            of: sharing_factor,
            blame: Some(Field::Unshared),
        },
        layer: None,
    },
    Rule {
        name: "conv-layers",
        json: "conv_layers",
        about: "number of convolutions",
        measure: Measure::Count {
            unit: Unit::Layers,
            of: |it| layers(it, Kind::Conv),
            blame: None,
        },
        layer: None,
    },
    Rule {
        name: "pool-layers",
        json: "pool_layers",
        about: "number of pools",
        measure: Measure::Count {
            unit: Unit::Layers,
            of: |it| layers(it, Kind::Pool),
            blame: None,
        },
        layer: None,
    },
    Rule {
        name: "other-layers",
        json: "other_layers",
        about: "number of nodes that are neither",
        measure: Measure::Count {
            unit: Unit::Layers,
            of: |it| layers(it, Kind::Other),
            blame: None,
        },
        layer: None,
    },
    Rule {
        name: "operators",
        json: "operators",
        about: "operators, with the domain where it is not ONNX's (com.microsoft.FusedConv)",
        measure: Measure::Names { of: operators },
        layer: None,
    },
    Rule {
        name: "data-types",
        json: "data_types",
        about: "element types of the parameters (float32, int8, …)",
        measure: Measure::Names { of: data_types },
        layer: None,
    },
];

impl Rule {
    /// The rule of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        RULES.iter().find(|it| it.name == name)
    }

    /// What it counts in; `None` for names.
    #[must_use]
    pub fn unit(&self) -> Option<Unit> {
        match self.measure {
            Measure::Count { unit, .. } => Some(unit),
            Measure::Names { .. } => None,
        }
    }

    /// The layers' number that says which layer did it.
    #[must_use]
    pub fn blame(&self) -> Option<Field> {
        match self.measure {
            Measure::Count { blame, .. } => blame,
            Measure::Names { .. } => None,
        }
    }

    /// Whether a layer of this kind has a part in the number.
    #[must_use]
    pub fn concerns(&self, kind: Kind) -> bool {
        match self.name {
            "conv-params" | "conv-layers" | "sharing-factor" => kind == Kind::Conv,
            "pool-layers" => kind == Kind::Pool,
            "other-layers" => kind == Kind::Other,
            _ => true,
        }
    }
}

impl<'a> Model<'a> {
    /// A model for rules to look at.
    #[must_use]
    pub fn of(inspection: &'a Inspection) -> Self {
        Self {
            inspection,
            layers: super::layers::rows(inspection),
        }
    }

    /// Why some layers cannot be seen, where that is so: then no number is whole.
    fn hidden(&self) -> Option<String> {
        self.gap(|_, what| what == "layers")
    }

    /// The first gap of a kind, with its layer.
    fn gap(&self, of: impl Fn(&str, &str) -> bool) -> Option<String> {
        let gap = self
            .inspection
            .gaps
            .iter()
            .find(|it| of(&it.layer, &it.what))?;
        Some(match gap.layer.as_str() {
            "totals" => gap.reason.clone(),
            layer => format!("{layer}: {}", gap.reason),
        })
    }

    /// A sum of the account, or its known part with the reason.
    fn sum(&self, known: Option<u128>, what: &str, field: Option<Field>) -> Measured {
        let gap = match known {
            Some(_) => self.hidden(),
            None => {
                let gap = self.gap(|layer, it| layer == "totals" && it == what);
                let reason = gap.or_else(|| self.hidden());
                let reason = reason.unwrap_or_else(|| "nothing in the file tells it".to_owned());
                Some(reason + &self.open_sizes())
            }
        };
        let parts = self.layers.iter().filter_map(|it| it.of(field?));
        let part = parts.fold(0u128, |sum, it| sum.saturating_add(it.certain));
        Measured {
            certain: known.unwrap_or(part),
            gap,
        }
    }

    /// What would settle the sizes that are open.
    fn open_sizes(&self) -> String {
        let mut names = BTreeSet::new();
        let mut inputs = Vec::new();
        for input in &self.inspection.inputs {
            let dims = input.shape.iter().flat_map(|it| &it.0);
            let open: Vec<&Dim> = dims.filter(|it| it.known().is_none()).collect();
            if !open.is_empty() || input.shape.is_none() {
                inputs.push(format!("{}=…", input.name));
            }
            let symbols = open.into_iter().filter(|it| matches!(it, Dim::Symbolic(_)));
            names.extend(symbols.map(ToString::to_string));
        }
        let dims: Vec<String> = names.iter().map(|it| format!("--dim {it}=…")).collect();
        match (dims.is_empty(), inputs.is_empty()) {
            (_, true) => String::new(),
            (false, _) => format!("; give {}", dims.join(" ")),
            (true, _) => format!("; give --input {}", inputs.join(" --input ")),
        }
    }
}

fn params(it: &Model<'_>) -> Measured {
    Measured {
        certain: it.inspection.totals.params.0,
        gap: it.hidden().or_else(|| it.gap(|_, what| what == "params")),
    }
}

fn conv_params(it: &Model<'_>) -> Measured {
    let stored = it.inspection.totals.conv.stored;
    it.sum(stored.map(|it| it.0), "conv.stored", None)
}

fn weight_bytes(it: &Model<'_>) -> Measured {
    let missing = |_: &str, what: &str| matches!(what, "params" | "weight_bytes");
    Measured {
        certain: it.inspection.totals.weight_bytes,
        gap: it.hidden().or_else(|| it.gap(missing)),
    }
}

fn macs(it: &Model<'_>) -> Measured {
    let macs = it.inspection.totals.macs;
    it.sum(macs.map(|it| it.0), "macs", Some(Field::Macs))
}

fn unshared(it: &Model<'_>) -> Measured {
    let unshared = it.inspection.totals.conv.unshared;
    it.sum(
        unshared.map(|it| it.0),
        "conv.unshared",
        Some(Field::Unshared),
    )
}

/// unshared / shared in thousandths, to the nearest.
fn sharing_factor(it: &Model<'_>) -> Measured {
    let conv = &it.inspection.totals.conv;
    if conv.layers == 0 {
        let none = "there is no convolution".to_owned();
        return Measured::unknown(it.hidden().unwrap_or(none));
    }
    let shared = it.sum(conv.shared.map(|it| it.0), "conv.shared", None);
    let whole = unshared(it);
    if let Some(gap) = whole.gap.or(shared.gap) {
        return Measured::unknown(gap);
    }
    let thousandths = whole.certain.checked_mul(Unit::Factor.scale());
    let rounded = thousandths.and_then(|it| it.checked_add(shared.certain / 2));
    match rounded.and_then(|it| it.checked_div(shared.certain)) {
        Some(factor) => Measured::known(factor),
        None => Measured::unknown("it passes 128 bits, or nothing is shared".to_owned()),
    }
}

fn layers(it: &Model<'_>, kind: Kind) -> Measured {
    let count = it.layers.iter().filter(|it| it.kind == kind).count();
    Measured {
        certain: u128::try_from(count).unwrap_or(u128::MAX),
        gap: it.hidden(),
    }
}

fn operators(it: &Model<'_>) -> Named {
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for layer in &it.layers {
        let users = names.entry(layer.operator.clone()).or_default();
        users.push(layer.name.clone());
    }
    Named {
        names,
        gap: it.hidden(),
    }
}

fn data_types(it: &Model<'_>) -> Named {
    let types = it.inspection.totals.data_types.keys();
    Named {
        names: types.map(|it| (it.name().to_owned(), vec![])).collect(),
        gap: it
            .hidden()
            .or_else(|| it.gap(|_, what| what == "data_type")),
    }
}
