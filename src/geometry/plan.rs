//! What every geometry source produces: the lines of a geometry file, in forward order.

/// A network's geometry: the size of its input, and its convolutions and pools in forward order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Channels and spatial sizes of the input: `[3, 224, 224]`. `None` where only `--input` can tell.
    pub input: Option<Vec<u64>>,
    /// Steps in forward order; each reads the output of the one above it, unless it says otherwise.
    pub lines: Vec<Line>,
}

/// One step of a [`Plan`], and how it hangs together with the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it does.
    pub step: Step,
    /// What it reads instead of the output of the line above: names of earlier convolutions, ids of
    /// earlier lines, or `input`. Several are concatenated along the channels. Empty: the line above.
    pub from: Vec<String>,
    /// It reads the line above but is not read by the line below: a shortcut, squeeze and excitation.
    pub side: bool,
    /// A name for `from`.
    pub id: Option<String>,
    /// Spatial output sizes that are known from elsewhere: taken as they are, no arithmetic.
    pub out: Option<Vec<u64>>,
    /// Listed and in no total: the forward pass of inference skips it.
    pub aux: bool,
    /// Its line in the file that it came from, counted from 1, for messages.
    pub at: Option<usize>,
}

/// What a [`Line`] does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A convolution of the file.
    Conv(ConvStep),
    /// A pool with a window.
    Pool(PoolStep),
    /// An average pool whose output has these spatial sizes; one value stands for every axis.
    Adaptive(Vec<u64>),
    /// A global average pool: every spatial size becomes 1.
    Global,
    /// Every spatial size times this; one value stands for every axis.
    Upsample(Vec<u64>),
}

/// A convolution. Its kernel, filters and bias are read off its tensors.
///
/// Lists over axes hold one value for each spatial axis, or a single one that stands for every axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvStep {
    /// Module name: the weight is `NAME.weight` (or the tensor `NAME` itself), the bias `NAME.bias`.
    pub name: String,
    /// Elements between windows.
    pub stride: Vec<u64>,
    /// Elements between taps.
    pub dilation: Vec<u64>,
    /// Zeros around the input.
    pub pad: Pad,
    /// Channel groups, where the channels of what it reads do not tell them (a channel split).
    pub groups: Option<u64>,
    /// A transposed convolution, whose weight is `[C, M/group, k1, …, kn]`; a bias tells too.
    pub transposed: bool,
}

/// A pool with a window; lists as in [`ConvStep`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolStep {
    /// What becomes of a window.
    pub kind: PoolKind,
    /// Taps of the window.
    pub kernel: Vec<u64>,
    /// Elements between windows; empty: the kernel.
    pub stride: Vec<u64>,
    /// Zeros around the input.
    pub pad: Pad,
    /// Whether the number of windows is rounded up: PyTorch's `ceil_mode`.
    pub ceil: bool,
}

/// What a pool makes of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolKind {
    /// `MaxPool`.
    Max,
    /// `AveragePool`.
    Average,
}

/// Zeros around an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pad {
    /// One value for every axis and side, one for each axis (both sides), or one for each axis's start and
    /// then each axis's end: `[top, left, bottom, right]`.
    Zeros(Vec<u64>),
    /// `dilation · (kernel / 2)` on both sides of every axis, which keeps the size at stride 1 for an odd kernel.
    Same,
}

impl Pad {
    /// No padding.
    #[must_use]
    pub fn none() -> Self {
        Self::Zeros(vec![0])
    }
}

impl Line {
    /// A line that reads the one above and is read by the one below.
    #[must_use]
    pub fn of(step: Step) -> Self {
        Self {
            step,
            from: vec![],
            side: false,
            id: None,
            out: None,
            aux: false,
            at: None,
        }
    }

    /// A convolution with this stride on every axis and the padding [`Pad::Same`].
    #[must_use]
    pub fn conv(name: &str, stride: u64) -> Self {
        Self::of(Step::Conv(ConvStep::same(name, stride)))
    }

    /// A square pool.
    #[must_use]
    pub fn pool(kind: PoolKind, kernel: u64, stride: u64, pad: u64, ceil: bool) -> Self {
        Self::of(Step::Pool(PoolStep {
            kind,
            kernel: vec![kernel],
            stride: vec![stride],
            pad: Pad::Zeros(vec![pad]),
            ceil,
        }))
    }

    /// What it reads instead of the line above.
    #[must_use]
    pub fn reading(mut self, from: &[&str]) -> Self {
        self.from = from.iter().map(|it| (*it).to_owned()).collect();
        self
    }

    /// The name that `from` of a later line may use: its id, or the name of its convolution.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        match (&self.id, &self.step) {
            (Some(id), _) => Some(id),
            (None, Step::Conv(conv)) => Some(&conv.name),
            (None, _) => None,
        }
    }
}

impl ConvStep {
    /// A convolution with this stride on every axis, dilation 1 and the padding [`Pad::Same`].
    #[must_use]
    pub fn same(name: &str, stride: u64) -> Self {
        Self {
            name: name.to_owned(),
            stride: vec![stride],
            dilation: vec![1],
            pad: Pad::Same,
            groups: None,
            transposed: false,
        }
    }
}
