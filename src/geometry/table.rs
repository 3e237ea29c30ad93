//! The tensor table: names, types and sizes, all that a safetensors file tells of a network.

use std::collections::HashMap;

use crate::tensor::DataType;

/// Every tensor of a file, in natural order of names (`features.3` before `features.10`).
#[derive(Clone, Debug, Default)]
pub struct TensorTable {
    tensors: Vec<TableTensor>,
    by_name: HashMap<String, usize>,
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableTensor {
    /// Its name in the file.
    pub name: String,
    /// Element type.
    pub data_type: Option<DataType>,
    /// Sizes in PyTorch's order whatever order the file has: a convolution's weight is `[M, C/group, k1, …, kn]`.
    pub shape: Vec<u64>,
}

impl TensorTable {
    /// A table of these rows; of two with one name the first counts.
    #[must_use]
    pub fn new(mut tensors: Vec<TableTensor>) -> Self {
        tensors.sort_by_cached_key(|it| natural(&it.name));
        tensors.dedup_by(|later, first| later.name == first.name);
        let names = tensors.iter().enumerate();
        let by_name = names.map(|(at, it)| (it.name.clone(), at)).collect();
        Self { tensors, by_name }
    }

    /// The same, with the names that `save_model` left out for being tied: each key whose value is a name
    /// of the table finds that tensor.
    #[must_use]
    pub fn with_aliases(mut self, aliases: &[(String, String)]) -> Self {
        for (alias, name) in aliases {
            let at = self.by_name.get(name).copied();
            if let Some(at) = at.filter(|_| !self.by_name.contains_key(alias)) {
                self.by_name.insert(alias.clone(), at);
            }
        }
        self
    }

    /// Every row in order; a tied tensor is one row.
    pub fn iter(&self) -> impl Iterator<Item = &TableTensor> {
        self.tensors.iter()
    }

    /// The tensor of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&TableTensor> {
        self.tensors.get(*self.by_name.get(name)?)
    }

    /// The weight of a module: `NAME.weight`, else `NAME.kernel`, else the tensor `NAME` itself.
    #[must_use]
    pub fn weight(&self, module: &str) -> Option<&TableTensor> {
        let named = |suffix: &str| self.get(&format!("{module}.{suffix}"));
        named("weight")
            .or_else(|| named("kernel"))
            .or_else(|| self.get(module))
    }

    /// The one-dimensional bias of a module: `NAME.bias`.
    #[must_use]
    pub fn bias(&self, module: &str) -> Option<&TableTensor> {
        let module = module.strip_suffix(".weight").unwrap_or(module);
        self.get(&format!("{module}.bias"))
            .filter(|it| it.shape.len() == 1)
    }
}

/// A name in pieces that sort as people read them: digits as numbers.
fn natural(name: &str) -> Vec<(u8, u128, String)> {
    let mut pieces = vec![];
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let digit = first.is_ascii_digit();
        let end = rest
            .find(|it: char| it.is_ascii_digit() != digit)
            .unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        // Digits past `u128` are compared as text.
        match piece.parse::<u128>() {
            Ok(number) if digit => pieces.push((0, number, piece.to_owned())),
            _ => pieces.push((1, 0, piece.to_owned())),
        }
        rest = after;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_as_people_read_them() {
        let names = ["features.10.weight", "features.3.weight", "classifier.1"];
        let rows = names.map(|it| TableTensor {
            name: it.to_owned(),
            data_type: None,
            shape: vec![1],
        });
        let table = TensorTable::new(rows.to_vec());
        let sorted: Vec<&str> = table.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(
            sorted,
            ["classifier.1", "features.3.weight", "features.10.weight"]
        );
        assert!(table.weight("features.10").is_some());
        assert!(table.weight("features").is_none());
    }
}
