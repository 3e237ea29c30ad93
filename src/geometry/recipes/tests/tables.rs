//! Tensor tables of published networks with PyTorch's counts, and the arithmetic of a plan.

use std::collections::BTreeMap;

use crate::geometry::{Line, Pad, Plan, Step, TableTensor, TensorTable};

/// A published network.
pub(in super::super) struct Published {
    /// `torchvision`, `timm` or `hf`.
    pub(in super::super) library: String,
    /// The library's name for it.
    pub(in super::super) name: String,
    /// Height and width of the input that PyTorch was given.
    pub(in super::super) side: u64,
    /// What PyTorch counted.
    pub(in super::super) counts: Counts,
    /// Its tensors.
    pub(in super::super) table: TensorTable,
}

/// Convolutions that the forward pass runs, their parameters, those without sharing, and convolutions that it skips.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Counts {
    convs: u64,
    stored: u64,
    unshared: u64,
    aux: u64,
}

impl Published {
    /// Its table with other names.
    pub(in super::super) fn renamed(&self, name: impl Fn(&str) -> String) -> TensorTable {
        let rows = self.table.iter().cloned();
        let rows = rows.map(|it| tensor(name(&it.name), it.shape));
        TensorTable::new(rows.collect())
    }

    /// Its table with other sizes.
    pub(in super::super) fn resized(&self, change: impl Fn(&str, &mut Vec<u64>)) -> TensorTable {
        let rows = self.table.iter().cloned().map(|mut it| {
            change(&it.name, &mut it.shape);
            it
        });
        TensorTable::new(rows.collect())
    }

    /// Its table with one tensor more.
    pub(in super::super) fn with(&self, name: &str, shape: Vec<u64>) -> TensorTable {
        let more = [tensor(name.to_owned(), shape)];
        TensorTable::new(self.table.iter().cloned().chain(more).collect())
    }
}

/// Reads tables: `= library name side convs stored unshared aux`, then a line for each weight of two or
/// more axes: how many characters its module's name shares with the one above, the rest, and the sizes, with a
/// `b` behind them where there is a bias.
pub(in super::super) fn published(text: &str) -> Vec<Published> {
    let blocks = text.split("= ").filter(|it| !it.is_empty());
    blocks.map(block).collect()
}

fn block(text: &str) -> Published {
    let (head, rows) = text.split_once('\n').unwrap();
    let head: Vec<&str> = head.split(' ').collect();
    let number = |at: usize| head[at].parse::<u64>().unwrap();
    let mut tensors = vec![];
    let mut name = String::new();
    for row in rows.lines() {
        let [shared, rest, sizes] = row.split(' ').collect::<Vec<_>>().try_into().unwrap();
        name.truncate(shared.parse().unwrap());
        name.push_str(rest);
        let shape: Vec<u64> = sizes
            .trim_end_matches('b')
            .split('x')
            .map(|it| it.parse().unwrap())
            .collect();
        if sizes.ends_with('b') && shape.len() > 1 {
            tensors.push(tensor(format!("{name}.bias"), vec![shape[0]]));
        }
        tensors.push(tensor(format!("{name}.weight"), shape));
    }
    Published {
        library: head[0].to_owned(),
        name: head[1].to_owned(),
        side: number(2),
        counts: Counts {
            convs: number(3),
            stored: number(4),
            unshared: number(5),
            aux: number(6),
        },
        table: TensorTable::new(tensors),
    }
}

fn tensor(name: String, shape: Vec<u64>) -> TableTensor {
    TableTensor {
        name,
        data_type: None,
        shape,
    }
}

/// Follows the sizes of a plan by hand and counts: parameters of a convolution, times its output positions.
pub(in super::super) fn counted(plan: &Plan, table: &TensorTable, side: u64) -> Counts {
    let mut sizes: BTreeMap<String, [u64; 2]> = BTreeMap::new();
    sizes.insert("input".to_owned(), [side, side]);
    let mut above = [side, side];
    let mut counts = Counts::default();
    for line in &plan.lines {
        let input = line.from.first().map_or(above, |it| sizes[it]);
        for other in &line.from {
            assert_eq!(sizes[other], input, "{other} is concatenated");
        }
        let output = follow(line, table, input);
        if let Step::Conv(conv) = &line.step {
            let weight = table.weight(&conv.name).unwrap();
            let bias = table.bias(&conv.name).map_or(0, |it| it.shape[0]);
            let stored = weight.shape.iter().product::<u64>() + bias;
            if line.aux {
                counts.aux += 1;
            } else {
                counts.convs += 1;
                counts.stored += stored;
                counts.unshared += stored * output[0] * output[1];
            }
        }
        if let Some(label) = line.label() {
            sizes.insert(label.to_owned(), output);
        }
        if !line.side {
            above = output;
        }
    }
    counts
}

fn follow(line: &Line, table: &TensorTable, input: [u64; 2]) -> [u64; 2] {
    let (kernel, stride, pad, ceil) = match &line.step {
        Step::Conv(conv) => {
            let kernel = table.weight(&conv.name).unwrap().shape[2..].to_vec();
            (kernel, &conv.stride, &conv.pad, false)
        }
        Step::Pool(pool) => (pool.kernel.clone(), &pool.stride, &pool.pad, pool.ceil),
        Step::Adaptive(side) => return [side[0], side[0]],
        Step::Global => return [1, 1],
        Step::Upsample(factor) => return input.map(|it| it * factor[0]),
    };
    let axis = |at: usize| {
        let kernel = kernel[at.min(kernel.len() - 1)];
        let pad = match pad {
            Pad::Same => kernel / 2,
            Pad::Zeros(zeros) => zeros[0],
        };
        let slack = input[at] + 2 * pad - kernel;
        if ceil {
            let windows = slack.div_ceil(stride[0]) + 1;
            // The last window must begin inside the input or its padding at the start.
            let inside = (windows - 1) * stride[0] < input[at] + pad;
            return if inside { windows } else { windows - 1 };
        }
        slack / stride[0] + 1
    };
    [axis(0), axis(1)]
}
