//! The walk along a plan: what each line reads, and the node that it adds.

use std::collections::HashMap;

use super::draft::{Draft, ints};
use super::sizes::{Window, joined, spread};
use crate::finding::Finding;
use crate::geometry::{ConvStep, Line, Plan, PoolKind, PoolStep, Step};
use crate::network::{Aside, Pin, ValueId};
use crate::op::{Attr, CHANNELS};
use crate::tensor::{Dim, Expr};

/// Names of open spatial sizes, by their number.
const AXES: [&[&str]; 4] = [
    &[],
    &["length"],
    &["height", "width"],
    &["depth", "height", "width"],
];

/// A place on the way: a value with what is known of it.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    pub(super) value: ValueId,
    pub(super) channels: Option<u64>,
    pub(super) sizes: Vec<Option<u64>>,
}

/// The walk.
pub(super) struct Flow<'a> {
    pub(super) draft: Draft<'a>,
    /// What the next line reads.
    pub(super) current: Spot,
    spots: HashMap<String, Spot>,
    /// Nodes of each kind that have no name of their own.
    counts: HashMap<&'static str, u64>,
    /// Whether anything has been read from the input alone.
    input: ValueId,
}

/// The reason where a network has more values than can be numbered.
const FULL: &str = "the network has too many values";

impl<'a> Flow<'a> {
    /// A walk that stands at the input. Without lines there is one only where a size is given.
    pub(super) fn new(
        mut draft: Draft<'a>,
        plan: &Plan,
        input: Option<&[u64]>,
    ) -> Result<Self, super::PlanError> {
        let fault = |message: String| super::PlanError { at: None, message };
        let given = input.or(plan.input.as_deref());
        let (channels, sizes) = match given {
            Some([channels, sizes @ ..]) => {
                (Some(*channels), sizes.iter().copied().map(Some).collect())
            }
            _ => first_input(&draft, plan),
        };
        let dims = dims(channels, &sizes);
        let needed = given.is_some() || !plan.lines.is_empty();
        let value = if needed {
            draft.input(dims)
        } else {
            draft.unknown()
        };
        let value = value.ok_or_else(|| fault(FULL.to_owned()))?;
        let current = Spot {
            value,
            channels,
            sizes,
        };
        let spots = [("input".to_owned(), current.clone())];
        Ok(Self {
            draft,
            spots: spots.into(),
            input: value,
            current,
            counts: HashMap::new(),
        })
    }

    /// Adds the node of one line; what it makes.
    pub(super) fn line(&mut self, line: &Line, by: &str) -> Result<Spot, String> {
        let from = self.reads(line)?;
        let mut spot = match &line.step {
            Step::Conv(conv) => self.conv(line, conv, from),
            Step::Pool(pool) => self.pool(line, pool, &from),
            Step::Adaptive(sizes) => self.adaptive(line, sizes, &from),
            Step::Global => self.global(line, &from),
            Step::Upsample(factors) => self.upsample(line, factors, &from),
        }?;
        if let Some(out) = &line.out {
            if out.len() != spot.sizes.len() {
                let axes = spot.sizes.len();
                return Err(format!("out has {} values, expected {axes}", out.len()));
            }
            let by = match line.at {
                Some(at) => format!("{by} line {at}"),
                None => by.to_owned(),
            };
            let sizes = out.clone();
            self.draft
                .network
                .pinned
                .insert(spot.value, Pin { sizes, by });
            spot.sizes = out.iter().copied().map(Some).collect();
        }
        Ok(spot)
    }

    /// Makes what a line made known to later ones.
    pub(super) fn add(&mut self, line: &Line, spot: Spot) {
        if let Some(label) = line.label() {
            self.spots.insert(label.to_owned(), spot.clone());
        }
        if let (Some(_), Step::Conv(conv)) = (&line.id, &line.step) {
            self.spots.insert(conv.name.clone(), spot.clone());
        }
        if !line.side {
            self.current = spot;
        }
    }

    /// What a line reads; several are concatenated.
    fn reads(&mut self, line: &Line) -> Result<Spot, String> {
        let mut spots = vec![];
        for name in &line.from {
            let spot = self.spots.get(name);
            spots.push(
                spot.ok_or_else(|| format!("from = {name:?} is not an earlier layer"))?
                    .clone(),
            );
        }
        match spots.as_slice() {
            [] => Ok(self.current.clone()),
            [one] => Ok(one.clone()),
            [first, rest @ ..] => {
                let odd = rest.iter().zip(line.from.iter().skip(1));
                if let Some((_, name)) = odd.clone().find(|it| !alike(&it.0.sizes, &first.sizes)) {
                    let first = line.from.first().map_or("", String::as_str);
                    return Err(format!(
                        "{first:?} and {name:?} have different sizes, so they cannot be joined"
                    ));
                }
                let channels = spots.iter().map(|it| it.channels);
                let channels = channels.reduce(|all, it| all?.checked_add(it?)).flatten();
                let values: Vec<_> = spots.iter().map(|it| Some(it.value)).collect();
                let name = self.name(line, "concat");
                let attrs = vec![("axis", Attr::Int(1))];
                let node = self.draft.node(&name, "Concat", &values, attrs, None);
                let (_, value) = node.ok_or(FULL)?;
                Ok(Spot {
                    value,
                    channels,
                    sizes: first.sizes.clone(),
                })
            }
        }
    }

    /// Its id, or the kind and a number.
    fn name(&mut self, line: &Line, kind: &'static str) -> String {
        if let Some(id) = line.id.as_ref().filter(|_| kind != "concat") {
            return id.clone();
        }
        let count = self.counts.entry(kind).or_insert(0);
        *count = count.saturating_add(1);
        format!("{kind}{count}")
    }

    fn conv(&mut self, line: &Line, step: &ConvStep, from: Spot) -> Result<Spot, String> {
        let name = &step.name;
        let weight = self.draft.tensors.weight(name)?;
        let (weight, shape) = (weight.name.clone(), weight.shape.clone());
        let [outer, inner, kernel @ ..] = shape.as_slice() else {
            return Err(no_kernel(name, &shape));
        };
        if kernel.is_empty() || kernel.len() > 3 {
            return Err(no_kernel(name, &shape));
        }
        if from.sizes.len() != kernel.len() {
            let axes = from.sizes.len();
            return Err(format!(
                "{name}: a {} kernel does not fit an input with {axes} spatial axes",
                joined(kernel)
            ));
        }
        let window = Window::new(name, kernel, &step.stride, &step.dilation, &step.pad)?;
        let known = self.draft.tensors.conv(name).cloned();
        let transposed = step.transposed || known.as_ref().is_some_and(|it| it.transposed);
        let told = step
            .groups
            .or(known.and_then(|it| it.group).filter(|_| transposed));
        let (group, reads, filters) = if transposed {
            let group = told.unwrap_or(1);
            (group, Some(*outer), inner.checked_mul(group))
        } else {
            let group = told.unwrap_or_else(|| self.group(name, &from, *outer, *inner));
            (group, inner.checked_mul(group), Some(*outer))
        };
        let input = self.fitted(line, name, from, reads)?;
        let sizes = if transposed {
            window.spreads(&input.sizes)
        } else {
            match window.slides(name, &input.sizes, false) {
                Err(_) if line.out.is_some() => input.sizes.clone(),
                sizes => sizes?,
            }
        };
        let value = self.draft.weight(&weight, shape.len()).ok_or(FULL)?;
        let bias = self.draft.bias(name);
        let mut attrs = window_attrs(&window);
        attrs.push(("group", ints_one(group)));
        let op_type = if transposed { "ConvTranspose" } else { "Conv" };
        let inputs = [Some(input.value), Some(value), bias];
        let node = self.draft.node(name, op_type, &inputs, attrs, None);
        let (id, value) = node.ok_or(FULL)?;
        self.draft.used.insert(weight);
        if line.aux {
            self.draft.network.asides.insert(id, Aside::Aux);
        }
        Ok(Spot {
            value,
            channels: filters,
            sizes,
        })
    }

    /// Groups by the channels that come in, else by what the tensors show.
    fn group(&self, name: &str, from: &Spot, filters: u64, each: u64) -> u64 {
        let whole = |channels: u64| {
            let group = channels.checked_div(each).filter(|it| *it > 0)?;
            let exact = channels.checked_rem(each) == Some(0);
            (exact && filters.checked_rem(group) == Some(0)).then_some(group)
        };
        let told = || self.draft.tensors.conv(name)?.group;
        from.channels.and_then(whole).or_else(told).unwrap_or(1)
    }

    /// What a convolution reads with as many channels as its weight needs. A plan of lines cannot say all
    /// that happens between them: a split, a join. It is said, and the sizes go on.
    fn fitted(
        &mut self,
        line: &Line,
        name: &str,
        from: Spot,
        needed: Option<u64>,
    ) -> Result<Spot, String> {
        let (Some(needed), Some(found)) = (needed, from.channels) else {
            return Ok(from);
        };
        if needed == found {
            return Ok(from);
        }
        if from.value == self.input {
            return Err(format!(
                "{name} takes {needed} channels but the input has {found}"
            ));
        }
        // Groups or a join that are given mean that somebody knows.
        let stated =
            matches!(&line.step, Step::Conv(it) if it.groups.is_some()) || line.from.len() > 1;
        if line.at.is_some() && !stated {
            self.draft.network.findings.push(Finding::about(
                "channels",
                name,
                format!("it takes {needed} channels but the line that it reads gives {found}; from = [\"a\", \"b\"] joins several, groups = 1 accepts a split"),
            ));
        }
        let attrs = vec![("channels", ints_one(needed))];
        let label = format!("{name}.in");
        let node = self
            .draft
            .node(&label, CHANNELS, &[Some(from.value)], attrs, None);
        let (_, value) = node.ok_or(FULL)?;
        Ok(Spot {
            value,
            channels: Some(needed),
            sizes: from.sizes,
        })
    }

    fn pool(&mut self, line: &Line, step: &PoolStep, from: &Spot) -> Result<Spot, String> {
        let (op_type, kind) = match step.kind {
            PoolKind::Max => ("MaxPool", "maxpool"),
            PoolKind::Average => ("AveragePool", "avgpool"),
        };
        let name = self.name(line, kind);
        let kernel = spread(&name, "kernel", &step.kernel, from.sizes.len())?;
        let stride = if step.stride.is_empty() {
            &kernel
        } else {
            &step.stride
        };
        let window = Window::new(&name, &kernel, stride, &[1], &step.pad)?;
        let sizes = match window.slides(&name, &from.sizes, step.ceil) {
            Err(_) if line.out.is_some() => from.sizes.clone(),
            sizes => sizes?,
        };
        let mut attrs = window_attrs(&window);
        attrs.push(("ceil_mode", Attr::Int(step.ceil.into())));
        self.step(&name, op_type, from, attrs, sizes)
    }

    fn adaptive(&mut self, line: &Line, sizes: &[u64], from: &Spot) -> Result<Spot, String> {
        let sizes = spread("adaptive", "adaptive", sizes, from.sizes.len())?;
        if sizes.contains(&0) {
            return Err("adaptive is 0, and must be at least 1".to_owned());
        }
        if sizes.iter().all(|it| *it == 1) {
            return self.global(line, from);
        }
        let name = self.name(line, "adaptivepool");
        let whole = |(from, to): (&Option<u64>, &u64)| {
            let size = (*from)?;
            (size.checked_rem(*to) == Some(0))
                .then(|| size.checked_div(*to))
                .flatten()
        };
        let kernel: Option<Vec<u64>> = from.sizes.iter().zip(&sizes).map(whole).collect();
        let known = sizes.iter().copied().map(Some).collect();
        let spot = match kernel {
            // As torch exports it.
            Some(kernel) => {
                let attrs = vec![("kernel_shape", ints(&kernel)), ("strides", ints(&kernel))];
                self.step(&name, "AveragePool", from, attrs, known)?
            }
            None => {
                let attrs = vec![("kernel_shape", ints(&vec![1; sizes.len()]))];
                self.step(&name, "AveragePool", from, attrs, known)?
            }
        };
        let stated = !spot.sizes.is_empty() && !self.divides(&from.sizes, &sizes);
        if stated {
            let by = name;
            self.draft
                .network
                .pinned
                .insert(spot.value, Pin { sizes, by });
        }
        Ok(spot)
    }

    fn divides(&self, from: &[Option<u64>], to: &[u64]) -> bool {
        let mut pairs = from.iter().zip(to);
        pairs.all(|(from, to)| from.is_some_and(|it| it.checked_rem(*to) == Some(0)))
    }

    fn global(&mut self, line: &Line, from: &Spot) -> Result<Spot, String> {
        let name = self.name(line, "globalpool");
        let sizes = vec![Some(1); from.sizes.len()];
        self.step(&name, "GlobalAveragePool", from, vec![], sizes)
    }

    fn upsample(&mut self, line: &Line, factors: &[u64], from: &Spot) -> Result<Spot, String> {
        let name = self.name(line, "upsample");
        let factors = spread(&name, "upsample", factors, from.sizes.len())?;
        let times = |(size, by): (&Option<u64>, &u64)| size.and_then(|it| it.checked_mul(*by));
        let sizes = from.sizes.iter().zip(&factors).map(times).collect();
        let float = |it: &u64| u16::try_from(*it).map(f32::from).ok();
        let scales: Option<Vec<f32>> = [1, 1].iter().chain(&factors).map(float).collect();
        let scales = scales.ok_or_else(|| format!("{name}: a factor is over 65535"))?;
        self.step(
            &name,
            "Upsample",
            from,
            vec![("scales", Attr::Floats(scales))],
            sizes,
        )
    }

    fn step(
        &mut self,
        name: &str,
        op_type: &str,
        from: &Spot,
        attrs: Vec<(&str, Attr)>,
        sizes: Vec<Option<u64>>,
    ) -> Result<Spot, String> {
        let node = self
            .draft
            .node(name, op_type, &[Some(from.value)], attrs, None);
        let (_, value) = node.ok_or(FULL)?;
        Ok(Spot {
            value,
            channels: from.channels,
            sizes,
        })
    }
}

/// Channels and open sizes of an input that nobody states, as the first convolution needs them.
fn first_input(draft: &Draft<'_>, plan: &Plan) -> (Option<u64>, Vec<Option<u64>>) {
    let convs = plan.lines.iter().filter_map(|it| match &it.step {
        Step::Conv(conv) => Some(conv),
        _ => None,
    });
    let first = convs.into_iter().find_map(|conv| {
        let weight = draft.tensors.weight(&conv.name).ok()?;
        let known = draft.tensors.conv(&conv.name);
        let [outer, inner, kernel @ ..] = weight.shape.as_slice() else {
            return None;
        };
        let transposed = conv.transposed || known.is_some_and(|it| it.transposed);
        let group = conv.groups.or(known.and_then(|it| it.group)).unwrap_or(1);
        let channels = if transposed {
            Some(*outer)
        } else {
            inner.checked_mul(group)
        };
        Some((channels, vec![None; kernel.len()]))
    });
    first.unwrap_or((None, vec![None; 2]))
}

fn dims(channels: Option<u64>, sizes: &[Option<u64>]) -> Vec<Dim> {
    let names = AXES.get(sizes.len()).copied().unwrap_or_default();
    let mut dims = vec![Dim::Known(1), channels.map_or(Dim::Unknown, Dim::Known)];
    for (at, size) in sizes.iter().enumerate() {
        let open = || {
            let name = names.get(at).copied();
            name.map_or(Dim::Unknown, |it| Dim::Symbolic(Expr::name(it)))
        };
        dims.push(size.map_or_else(open, Dim::Known));
    }
    dims
}

fn alike(one: &[Option<u64>], other: &[Option<u64>]) -> bool {
    let differ = |pair: (&Option<u64>, &Option<u64>)| matches!(pair, (Some(one), Some(other)) if one != other);
    one.len() == other.len() && !one.iter().zip(other).any(differ)
}

fn window_attrs(window: &Window) -> Vec<(&'static str, Attr)> {
    vec![
        ("kernel_shape", ints(&window.kernel)),
        ("strides", ints(&window.stride)),
        ("pads", ints(&window.pads)),
        ("dilations", ints(&window.dilation)),
    ]
}

fn ints_one(value: u64) -> Attr {
    Attr::Int(i64::try_from(value).unwrap_or(i64::MAX))
}

fn no_kernel(name: &str, shape: &[u64]) -> String {
    format!("{name}: shape {shape:?} is not a convolution's, which has 3 to 5 axes")
}
