//! Tensor tables of published networks, as `fixtures/safetensors/tables.txt` keeps them.

/// A published network and what PyTorch counts in it.
pub(crate) struct Published {
    /// `torchvision`, `timm` or `hf`, and the library's name for it.
    pub(crate) name: String,
    /// Height and width of the input.
    pub(crate) side: u64,
    /// Convolutions that the forward pass runs, their parameters, and those without sharing.
    pub(crate) counts: [u128; 3],
    /// Convolutions that it skips.
    pub(crate) aux: usize,
    /// Names and sizes of its weights, and of the biases beside them.
    pub(crate) tensors: Vec<(String, Vec<u64>)>,
}

/// Reads them all. The form of a table is told in `fixtures/README.md`.
pub(crate) fn published() -> Vec<Published> {
    let text = include_str!("../../fixtures/safetensors/tables.txt");
    let tables = text.split("= ").filter(|it| !it.is_empty());
    tables.map(table).collect()
}

fn table(text: &str) -> Published {
    let (head, rows) = text.split_once('\n').unwrap();
    let head: Vec<&str> = head.split(' ').collect();
    let count = |at: usize| head[at].parse::<u128>().unwrap();
    let mut tensors = vec![];
    let mut name = String::new();
    for row in rows.lines() {
        let [shared, rest, sizes] = row.split(' ').collect::<Vec<_>>().try_into().unwrap();
        name.truncate(shared.parse().unwrap());
        name.push_str(rest);
        let shape = sizes.trim_end_matches('b').split('x');
        let shape: Vec<u64> = shape.map(|it| it.parse().unwrap()).collect();
        if sizes.ends_with('b') {
            tensors.push((format!("{name}.bias"), vec![shape[0]]));
        }
        tensors.push((format!("{name}.weight"), shape));
    }
    Published {
        name: format!("{} {}", head[0], head[1]),
        side: head[2].parse().unwrap(),
        counts: [count(3), count(4), count(5)],
        aux: head[6].parse().unwrap(),
        tensors,
    }
}

impl Published {
    /// Its rows, as the writer of safetensors files takes them.
    pub(crate) fn rows(&self) -> Vec<(&str, &[u64])> {
        let rows = self.tensors.iter();
        rows.map(|it| (it.0.as_str(), it.1.as_slice())).collect()
    }
}
