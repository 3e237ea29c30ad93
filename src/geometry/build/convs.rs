//! The node of a convolution.

use super::flow::{FULL, Flow, Spot, ints_one, window_attrs};
use super::sizes::{Window, joined};
use crate::finding::Finding;
use crate::geometry::{ConvStep, Line, Step};
use crate::network::Aside;
use crate::op::CHANNELS;

impl Flow<'_> {
    pub(super) fn conv(
        &mut self,
        line: &Line,
        step: &ConvStep,
        from: Spot,
    ) -> Result<Spot, String> {
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
        // Groups or a join that are given mean that somebody knows.
        let stated =
            matches!(&line.step, Step::Conv(it) if it.groups.is_some()) || line.from.len() > 1;
        if from.value == self.input && !stated {
            return Err(format!(
                "{name} takes {needed} channels but the input has {found}"
            ));
        }
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
}

fn no_kernel(name: &str, shape: &[u64]) -> String {
    format!("{name}: shape {shape:?} is not a convolution's, which has 3 to 5 axes")
}
