//! Everything that can have a budget: one row a rule.
//!
//! Flags, help, keys of the configuration, names in JSON and the baseline are made from [`RULES`].

mod measure;

use std::collections::BTreeMap;

use super::amount::Unit;
use super::layers::{Field, Kind, LayerRow};
use crate::Inspection;

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
            of: measure::params,
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
            of: measure::conv_params,
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
            of: measure::weight_bytes,
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
            of: measure::macs,
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
            of: measure::unshared,
            blame: Some(Field::Unshared),
        },
        layer: Some(Field::Unshared),
    },
    Rule {
        name: "sharing-factor",
        json: "sharing_factor",
        about: "how many times fewer parameters sharing leaves",
        measure: Measure::Count {
            unit: Unit::Factor,
            of: measure::sharing_factor,
            blame: Some(Field::Unshared),
        },
        layer: None,
    },
    Rule {
        name: "peak-activations",
        json: "peak_activations",
        about: "bytes of activations alive at once, of one sample",
        measure: Measure::Count {
            unit: Unit::Bytes,
            of: measure::peak_activations,
            blame: None,
        },
        layer: None,
    },
    Rule {
        name: "receptive-field",
        json: "receptive_field",
        about: "pixels of the input that the windows of one position see, along the longest axis",
        measure: Measure::Count {
            unit: Unit::Pixels,
            of: measure::receptive_field,
            blame: None,
        },
        layer: None,
    },
    Rule {
        name: "conv-layers",
        json: "conv_layers",
        about: "number of convolutions",
        measure: Measure::Count {
            unit: Unit::Layers,
            of: |it| measure::layers(it, Kind::Conv),
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
            of: |it| measure::layers(it, Kind::Pool),
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
            of: |it| measure::layers(it, Kind::Other),
            blame: None,
        },
        layer: None,
    },
    Rule {
        name: "operators",
        json: "operators",
        about: "operators, with the domain where it is not ONNX's (com.microsoft.FusedConv)",
        measure: Measure::Names {
            of: measure::operators,
        },
        layer: None,
    },
    Rule {
        name: "data-types",
        json: "data_types",
        about: "element types of the parameters (float32, int8, …)",
        measure: Measure::Names {
            of: measure::data_types,
        },
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
