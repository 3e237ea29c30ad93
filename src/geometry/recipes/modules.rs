//! The convolutions of a tensor table under the names that the recipes use.

use std::collections::BTreeMap;

use super::alias;
use crate::geometry::TensorTable;

/// A convolution of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Module<'a> {
    /// Its name in the file, without `.weight`.
    pub(super) name: &'a str,
    /// Sizes of its weight: `[M, C/group, kh, kw]`.
    pub(super) dims: &'a [u64],
    /// Whether it has a bias.
    pub(super) bias: bool,
}

/// Every convolution by the recipes' name.
pub(super) struct Modules<'a> {
    table: &'a TensorTable,
    convs: BTreeMap<String, Module<'a>>,
    prefix: String,
}

/// What wrappers put before every name: DataParallel, torch.compile, trainers, and the base models of transformers.
const WRAPPERS: &[&str] = &[
    "module",
    "model",
    "backbone",
    "encoder",
    "net",
    "_orig_mod",
    "state_dict",
    "resnet",
    "convnext",
    "convnextv2",
    "mobilenet_v1",
    "mobilenet_v2",
    "efficientnet",
];

impl<'a> Modules<'a> {
    /// The convolutions of `table`; `None` where two get one name.
    pub(super) fn new(table: &'a TensorTable) -> Option<Self> {
        let weights = table.iter().filter_map(|it| {
            let name = weight_of(&it.name)?;
            is_conv(name, &it.shape).then_some((name, it))
        });
        let mut modules: Vec<Module> = Vec::new();
        for (name, tensor) in weights {
            modules.push(Module {
                name,
                dims: &tensor.shape,
                bias: table.bias(name).is_some(),
            });
        }
        let prefix = prefix(&modules);
        let mut convs = BTreeMap::new();
        for module in modules {
            let bare = module.name.get(prefix.len()..).unwrap_or_default();
            if convs.insert(alias::canonical(bare), module).is_some() {
                return None;
            }
        }
        Some(Self {
            table,
            convs,
            prefix,
        })
    }

    /// The convolution of this name.
    pub(super) fn conv(&self, name: &str) -> Option<Module<'a>> {
        self.convs.get(name).copied()
    }

    /// Every name.
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.convs.keys()
    }

    /// The numbers that follow `prefix`, in order.
    pub(super) fn kids(&self, prefix: &str) -> Vec<u64> {
        let names = self.convs.range(prefix.to_owned()..);
        let rests = names.map_while(|(name, _)| name.strip_prefix(prefix));
        let numbers = rests.filter_map(|rest| {
            let end = rest.find(|it: char| !it.is_ascii_digit());
            let (digits, after) = rest.split_at(end.unwrap_or(rest.len()));
            let ends = after.is_empty() || after.starts_with(['.', '-']);
            digits.parse().ok().filter(|_| ends)
        });
        let mut numbers: Vec<u64> = numbers.collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// Values that the linear layer of this name takes.
    pub(super) fn linear_inputs(&self, name: &str) -> Option<u64> {
        // A head stands beside the backbone, whose prefix it need not have.
        let prefixed = self.table.weight(&format!("{}{name}", self.prefix));
        let weight = prefixed.or_else(|| self.table.weight(name))?;
        match weight.shape.as_slice() {
            [_, inputs] => Some(*inputs),
            _ => None,
        }
    }

    /// Whether the file has this tensor.
    pub(super) fn has_tensor(&self, name: &str) -> bool {
        self.table.get(&format!("{}{name}", self.prefix)).is_some()
    }
}

/// The module whose weight the tensor is.
fn weight_of(tensor: &str) -> Option<&str> {
    tensor
        .strip_suffix(".weight")
        .or_else(|| tensor.strip_suffix(".kernel"))
}

/// Whether a four-dimensional weight is a convolution's. ConvNeXt V2's response normalisation `[1, 1, 1, C]` is none.
fn is_conv(module: &str, shape: &[u64]) -> bool {
    let is_norm = matches!(shape, [1, 1, _, _]) && module.ends_with("grn");
    shape.len() == 4 && !is_norm
}

/// The wrappers that every name begins with, each with its dot.
fn prefix(modules: &[Module]) -> String {
    let mut prefix = String::new();
    loop {
        let next = WRAPPERS.iter().find_map(|it| {
            let longer = format!("{prefix}{it}.");
            let all = modules.iter().all(|it| it.name.starts_with(&longer));
            (all && !modules.is_empty()).then_some(longer)
        });
        match next {
            Some(longer) => prefix = longer,
            None => return prefix,
        }
    }
}
