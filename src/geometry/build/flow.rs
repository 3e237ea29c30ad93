//! The walk along a plan: what each line reads, and the node that it adds.

use std::collections::HashMap;

use super::draft::{Draft, ints};
use super::sizes::Window;
use crate::geometry::{Line, Plan, Step};
use crate::network::{Pin, ValueId};
use crate::op::Attr;
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
    pub(super) input: ValueId,
}

/// The reason where a network has more values than can be numbered.
pub(super) const FULL: &str = "the network has too many values";

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
    pub(super) fn name(&mut self, line: &Line, kind: &'static str) -> String {
        if let Some(id) = line.id.as_ref().filter(|_| kind != "concat") {
            return id.clone();
        }
        let count = self.counts.entry(kind).or_insert(0);
        *count = count.saturating_add(1);
        format!("{kind}{count}")
    }

    pub(super) fn step(
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

pub(super) fn window_attrs(window: &Window) -> Vec<(&'static str, Attr)> {
    vec![
        ("kernel_shape", ints(&window.kernel)),
        ("strides", ints(&window.stride)),
        ("pads", ints(&window.pads)),
        ("dilations", ints(&window.dilation)),
    ]
}

pub(super) fn ints_one(value: u64) -> Attr {
    Attr::Int(i64::try_from(value).unwrap_or(i64::MAX))
}
