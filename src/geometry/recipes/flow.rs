//! The walk of a recipe: from convolution to convolution, channels counted, every tensor used once.

use std::collections::BTreeSet;

use super::modules::{Module, Modules};
use super::walk::{self, Drawn, Walk};
use crate::geometry::{ConvStep, Line, Pad, Plan, PoolKind, Step};

/// Outputs that all lines together may read: a densely connected block reads as many as the square of its
/// layers. DenseNet-201 reads 2,500.
const MOST_READS: usize = 100_000;

/// A walk through a network. The first thing that does not fit is kept and ends it: what is asked of the
/// flow afterwards changes nothing.
pub(super) struct Flow<'a> {
    modules: &'a Modules<'a>,
    used: BTreeSet<String>,
    lines: Vec<Drawn>,
    here: Here,
    input_channels: u64,
    /// Outputs that the lines read, all together.
    reads: usize,
    aux: bool,
    misfit: Option<String>,
}

/// Where the walk stands: at the output of these lines, concatenated; before the first line, at the input.
#[derive(Clone, Default)]
struct Here {
    ends: Vec<usize>,
    channels: u64,
}

/// One of several ways between two points.
pub(super) type Branch<'b, 'a> = &'b dyn Fn(&mut Flow<'a>);

impl<'a> Flow<'a> {
    /// A walk that stands at the input.
    pub(super) fn new(modules: &'a Modules<'a>) -> Self {
        Self {
            modules,
            used: BTreeSet::new(),
            lines: vec![],
            here: Here::default(),
            input_channels: 0,
            reads: 0,
            aux: false,
            misfit: None,
        }
    }

    /// Whether the file has a convolution of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.modules.conv(name).is_some()
    }

    /// The numbers that follow `prefix` in names of convolutions, in order.
    pub(super) fn kids(&self, prefix: &str) -> Vec<u64> {
        self.modules.kids(prefix)
    }

    /// Filters of a convolution; 0 where there is none.
    pub(super) fn filters(&self, name: &str) -> u64 {
        self.size(name, 0)
    }

    /// Taps of a convolution along its longest axis; 0 where there is none.
    pub(super) fn kernel(&self, name: &str) -> u64 {
        self.size(name, 2).max(self.size(name, 3))
    }

    /// Whether the file has any tensor of this name, as the recipe spells it.
    pub(super) fn has_tensor(&self, name: &str) -> bool {
        self.modules.has_tensor(name)
    }

    fn size(&self, name: &str, axis: usize) -> u64 {
        let module = self.modules.conv(name);
        let size = module.and_then(|it| it.dims.get(axis));
        size.copied().unwrap_or(0)
    }

    /// Ends the walk: the file is no network of this family.
    pub(super) fn fail(&mut self, why: String) {
        self.misfit.get_or_insert(why);
    }

    /// A convolution whose padding keeps the size at stride 1.
    pub(super) fn conv(&mut self, name: &str, stride: u64) {
        self.convolve(name, stride, Pad::Same);
    }

    /// A convolution with this many zeros around its input.
    pub(super) fn conv_padded(&mut self, name: &str, stride: u64, pad: u64) {
        self.convolve(name, stride, Pad::Zeros(vec![pad]));
    }

    /// [`Flow::conv`] where the file has it, else nothing.
    pub(super) fn conv_if(&mut self, name: &str, stride: u64) {
        if self.has(name) {
            self.conv(name, stride);
        }
    }

    /// Convolutions of stride 1, one after the other.
    pub(super) fn convs(&mut self, prefix: &str, names: &[&str]) {
        for name in names {
            self.conv(&format!("{prefix}{name}"), 1);
        }
    }

    fn convolve(&mut self, name: &str, stride: u64, pad: Pad) {
        let Some(module) = self.modules.conv(name) else {
            return self.fail(format!("it has no convolution {name:?}"));
        };
        if !self.used.insert(name.to_owned()) {
            return self.fail(format!("{name:?} would be used twice"));
        }
        let (filters, per_group) = match module.dims {
            [filters, per_group, _, _] => (*filters, *per_group),
            _ => return self.fail(format!("{name:?} is no 2-D convolution")),
        };
        let channels = self.channels_into(per_group);
        let groups = channels.checked_div(per_group).unwrap_or(0);
        let fits = groups.checked_mul(per_group) == Some(channels);
        if groups == 0 || !fits || filters.checked_rem(groups) != Some(0) {
            return self.fail(format!("{name:?} does not take {channels} channels"));
        }
        let step = ConvStep {
            pad,
            ..ConvStep::same(module.name, stride)
        };
        self.draw(Step::Conv(step), filters, module);
    }

    /// Channels of what is read here; those of the input are told by the first convolution.
    fn channels_into(&mut self, per_group: u64) -> u64 {
        if self.here.ends.is_empty() {
            self.here.channels = per_group;
            self.input_channels = per_group;
        }
        self.here.channels
    }

    /// A square pool.
    pub(super) fn max_pool(&mut self, kernel: u64, stride: u64, pad: u64, ceil: bool) {
        self.pool(Line::pool(PoolKind::Max, kernel, stride, pad, ceil).step);
    }

    /// A square pool.
    pub(super) fn average_pool(&mut self, kernel: u64, stride: u64, pad: u64, ceil: bool) {
        self.pool(Line::pool(PoolKind::Average, kernel, stride, pad, ceil).step);
    }

    /// An average pool to `side` × `side`.
    pub(super) fn adaptive_pool(&mut self, side: u64) {
        self.pool(Step::Adaptive(vec![side]));
    }

    /// An average pool over everything.
    pub(super) fn global_pool(&mut self) {
        self.pool(Step::Global);
    }

    fn pool(&mut self, step: Step) {
        let channels = self.here.channels;
        let nothing = Module {
            name: "",
            dims: &[],
            bias: false,
        };
        self.draw(step, channels, nothing);
    }

    fn draw(&mut self, step: Step, channels: u64, module: Module<'_>) {
        self.reads = self.reads.saturating_add(self.here.ends.len());
        if self.reads > MOST_READS {
            self.fail(format!("more than {MOST_READS} outputs are read"));
        }
        if self.misfit.is_some() {
            return;
        }
        let mut line = Line::of(step);
        line.aux = self.aux;
        let ends = vec![self.lines.len()];
        let reads = std::mem::replace(&mut self.here, Here { ends, channels }).ends;
        let dims = module.dims.to_vec();
        self.lines.push(Drawn { line, reads, dims });
    }

    /// A way that leads away from here and back by a product or sum: a shortcut, squeeze and excitation.
    pub(super) fn side(&mut self, branch: Branch<'_, 'a>) {
        let here = self.here.clone();
        branch(self);
        self.here = here;
    }

    /// A head that the forward pass of inference skips.
    pub(super) fn auxiliary(&mut self, branch: Branch<'_, 'a>) {
        self.aux = true;
        self.side(branch);
        self.aux = false;
    }

    /// Squeeze and excitation by these two convolutions.
    pub(super) fn squeeze(&mut self, reduce: &str, expand: &str) {
        self.side(&|f| {
            f.global_pool();
            f.conv(reduce, 1);
            f.conv(expand, 1);
        });
    }

    /// Several ways from here, summed: what comes out has the channels of each; a way of no step is the identity.
    pub(super) fn add(&mut self, shortcut: Branch<'_, 'a>, main: Branch<'_, 'a>) {
        let here = self.here.clone();
        shortcut(self);
        let shortcut = std::mem::replace(&mut self.here, here);
        main(self);
        if shortcut.channels != self.here.channels {
            let (one, other) = (shortcut.channels, self.here.channels);
            self.fail(format!("{one} channels are added to {other}"));
        }
    }

    /// Several ways from here, concatenated along the channels.
    pub(super) fn cat(&mut self, branches: &[Branch<'_, 'a>]) {
        let here = self.here.clone();
        let mut joined = Here::default();
        for branch in branches {
            self.here = here.clone();
            branch(self);
            joined.ends.append(&mut self.here.ends);
            joined.channels = joined.channels.saturating_add(self.here.channels);
            if self.misfit.is_some() {
                // Branches of no step would double what is joined each time.
                return;
            }
        }
        self.here = joined;
    }

    /// From here on, what the last line alone gives: the half of a channel split that is worked on.
    pub(super) fn last_half(&mut self) {
        if let Some(last) = self.here.ends.pop() {
            self.here.ends = vec![last];
            self.here.channels /= 2;
        }
    }

    /// Sees to it that a linear layer, where the file has it, takes what is here at `side` × `side`.
    pub(super) fn linear(&mut self, name: &str, side: u64) {
        let taken = self.modules.linear_inputs(name);
        let given = self.here.channels.saturating_mul(side.saturating_mul(side));
        if let Some(taken) = taken.filter(|it| *it != given) {
            self.fail(format!("{name:?} takes {taken} values, not {given}"));
        }
    }

    /// The plan and its fingerprint, where everything fitted and every convolution was used.
    ///
    /// # Errors
    /// What did not fit.
    pub(super) fn finish(self, side: u64) -> Result<Walk, String> {
        if let Some(misfit) = self.misfit {
            return Err(misfit);
        }
        if let Some(unused) = self.modules.names().find(|it| !self.used.contains(*it)) {
            return Err(format!("{unused:?} has no place in it"));
        }
        Ok(Walk {
            convs: self.used.len(),
            fingerprint: walk::fingerprint(&self.lines),
            plan: Plan {
                input: Some(vec![self.input_channels, side, side]),
                lines: walk::labelled(self.lines),
            },
        })
    }
}
