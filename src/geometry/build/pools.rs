//! The nodes of pools and of upsampling.

use super::draft::ints;
use super::flow::{Flow, Spot, window_attrs};
use super::sizes::{Window, spread};
use crate::geometry::{Line, PoolKind, PoolStep};
use crate::network::Pin;
use crate::op::Attr;

impl Flow<'_> {
    pub(super) fn pool(
        &mut self,
        line: &Line,
        step: &PoolStep,
        from: &Spot,
    ) -> Result<Spot, String> {
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

    pub(super) fn adaptive(
        &mut self,
        line: &Line,
        sizes: &[u64],
        from: &Spot,
    ) -> Result<Spot, String> {
        let sizes = spread("adaptive", "adaptive", sizes, from.sizes.len())?;
        if sizes.contains(&0) {
            return Err("adaptive is 0, and must be at least 1".to_owned());
        }
        if sizes.iter().all(|it| *it == 1) {
            return self.global(line, from);
        }
        let name = self.name(line, "adaptivepool");
        let known = sizes.iter().copied().map(Some).collect();
        let windows: Option<Vec<(u64, u64)>> =
            from.sizes.iter().zip(&sizes).map(covering).collect();
        if let Some(windows) = windows {
            let (kernel, stride): (Vec<u64>, Vec<u64>) = windows.into_iter().unzip();
            let attrs = vec![("kernel_shape", ints(&kernel)), ("strides", ints(&stride))];
            return self.step(&name, "AveragePool", from, attrs, known);
        }
        let attrs = vec![("kernel_shape", ints(&vec![1; sizes.len()]))];
        let spot = self.step(&name, "AveragePool", from, attrs, known)?;
        let pin = Pin { sizes, by: name };
        self.draft.network.pinned.insert(spot.value, pin);
        Ok(spot)
    }

    pub(super) fn global(&mut self, line: &Line, from: &Spot) -> Result<Spot, String> {
        let name = self.name(line, "globalpool");
        let sizes = vec![Some(1); from.sizes.len()];
        self.step(&name, "GlobalAveragePool", from, vec![], sizes)
    }

    pub(super) fn upsample(
        &mut self,
        line: &Line,
        factors: &[u64],
        from: &Spot,
    ) -> Result<Spot, String> {
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
}

/// Kernel and stride of windows that cover `from` elements `to` times, as PyTorch's adaptive pool does where
/// it divides; `None` where the size is open or too small.
fn covering((from, to): (&Option<u64>, &u64)) -> Option<(u64, u64)> {
    let from = (*from)?;
    let stride = from.checked_div(*to).filter(|it| *it > 0)?;
    let before = to.checked_sub(1)?.checked_mul(stride)?;
    Some((from.checked_sub(before)?, stride))
}
