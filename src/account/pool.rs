//! The row of a pool.

use std::collections::BTreeMap;

use super::conv::Rows;
use super::count::{Count, Extent, gap, open, why_open};
use super::feature_maps::Kind;
use super::findings;
use super::rows::PoolLayer;
use super::scene::{Scene, input_of, output_of};
use crate::network::NodeId;
use crate::op::conv;
use crate::op::pool::Pool;
use crate::op::window::AutoPad;
use crate::tensor::{Dim, Form, Shape};

/// A pool as its attributes and activations describe it, in N, C, spatial order.
struct Geometry {
    /// The attributes, of a pool whose windows move.
    windowed: Option<Pool>,
    global: bool,
    nhwc: bool,
    input: Option<Shape>,
    output: Option<Shape>,
    /// Padding as it is applied.
    pads: Option<Vec<i64>>,
    /// Why it has no output.
    problem: Option<String>,
}

impl Geometry {
    fn of(scene: Scene<'_>, id: NodeId, kind: &Kind) -> Self {
        let node = scene.network.node(id);
        let (pool, unread) = match kind {
            Kind::Operator(operator) => match Pool::read(operator, &node.attrs) {
                Ok(pool) => (Some(pool), None),
                Err(error) => (None, Some(error.to_string())),
            },
            Kind::Reduction => (None, None),
        };
        let noted = scene.shapes.problems.get(&id).map(ToString::to_string);
        let problem = noted.or(unread);
        let global = match kind {
            Kind::Operator(operator) => operator.global,
            Kind::Reduction => true,
        };
        let nhwc = pool.as_ref().is_some_and(|it| it.nhwc);
        let first = |it: &Shape| {
            if nhwc {
                conv::channels_first(it)
            } else {
                it.clone()
            }
        };
        let given = input_of(node, 0).and_then(|it| scene.shape(it));
        let resolved = given.zip(pool.as_ref());
        let resolved = resolved.and_then(|(input, pool)| pool.resolve(input).ok());
        let output = output_of(node).and_then(|it| scene.shape(it)).map(first);
        let inferred = resolved.as_ref().filter(|_| problem.is_none());
        let input = given.map(first);
        let axes = input.as_ref().map(|it| it.rank().saturating_sub(2));
        let windowed = pool.filter(|_| !global);
        let pads = match (&resolved, &windowed) {
            (Some(resolved), _) => resolved.pads.clone(),
            (None, Some(pool)) if pool.auto_pad == AutoPad::NotSet => Some(pool.pads.clone()),
            _ => axes
                .filter(|_| global)
                .map(|it| vec![0; it.saturating_mul(2)]),
        };
        Self {
            output: output.or(inferred.map(|it| it.output.clone())),
            windowed,
            global,
            nhwc,
            input,
            pads,
            problem,
        }
    }

    /// The window; of a global pool the whole of each spatial axis.
    fn kernel(&self) -> Option<Vec<u64>> {
        if let Some(pool) = &self.windowed {
            return Some(pool.kernel_shape.clone());
        }
        let spatial = self.input.as_ref().filter(|_| self.global)?.0.get(2..)?;
        spatial.iter().map(Dim::known).collect()
    }
}

/// Names of a global pool's window along each axis where its size is open.
const KERNEL: [&str; 3] = ["kernel_shape[0]", "kernel_shape[1]", "kernel_shape[2]"];

impl Geometry {
    /// The window of a global pool where sizes are open, by axis; none where one has no formula.
    fn open_kernel(&self) -> Option<Vec<(&'static str, Form)>> {
        let spatial = self.input.as_ref().filter(|_| self.global)?.0.get(2..)?;
        let problem = self.problem.is_some() || spatial.len() > KERNEL.len();
        if problem || spatial.iter().all(|it| it.known().is_some()) {
            return None;
        }
        let form = |it: &Dim| match it {
            Dim::Known(size) => Form::number(u128::from(*size)),
            Dim::Symbolic(expr) => Some(Form::size(expr.clone())),
            Dim::Unknown => None,
        };
        let axes = KERNEL.into_iter().zip(spatial);
        axes.map(|(name, size)| Some((name, form(size)?))).collect()
    }
}

impl Rows<'_, '_> {
    /// The row of a pool.
    pub(super) fn pool(&mut self, id: NodeId, kind: &Kind) -> PoolLayer {
        let scene = self.scene;
        let node = scene.network.node(id);
        let geometry = Geometry::of(scene, id, kind);
        let windowed = geometry.windowed.as_ref();
        let mut row = PoolLayer {
            node: id,
            name: node.name.clone(),
            op_type: node.op_type.to_string(),
            domain: node.domain.to_string(),
            scope: node.scope.to_string(),
            output: output_of(node)
                .map_or_else(String::new, |it| scene.network.value(it).name.to_string()),
            global: geometry.global,
            kernel_shape: geometry.kernel(),
            strides: windowed.map(|it| it.strides.clone()),
            pads: geometry.pads.clone(),
            dilations: windowed.map(|it| it.dilations.clone()),
            ceil_mode: windowed.is_some_and(|it| it.ceil_mode),
            layout: geometry.nhwc.then_some("NHWC"),
            input_shape: geometry.input.clone(),
            output_shape: geometry.output.clone(),
            activations_in: None,
            activations_out: None,
            receptive_field: None,
            formulas: BTreeMap::new(),
            without_pool: None,
        };
        self.activations(&mut row, geometry.problem.as_deref());
        let open_kernel = geometry.open_kernel();
        let told = row.kernel_shape.is_some() || open_kernel.is_some();
        row.formulas.extend(open_kernel.into_iter().flatten());
        let window = [("kernel_shape", !told), ("pads", row.pads.is_none())];
        for (name, _) in window.iter().filter(|(_, unknown)| *unknown) {
            let reason = geometry.problem.clone();
            let reason = reason.unwrap_or_else(|| open(scene.shapes));
            self.gaps.push(gap(&row.name, name, reason));
        }
        if geometry.problem.is_none() {
            self.findings.extend(findings::of_pool(&row));
        }
        row
    }

    fn activations(&mut self, row: &mut PoolLayer, problem: Option<&str>) {
        let node = self.scene.network.node(row.node);
        let (input, output) = (input_of(node, 0), output_of(node));
        let shapes = [
            (
                "input_shape",
                "activations_in",
                row.input_shape.clone(),
                input,
                None,
            ),
            (
                "output_shape",
                "activations_out",
                row.output_shape.clone(),
                output,
                problem,
            ),
        ];
        for (shape_name, name, shape, value, problem) in shapes {
            self.unknown_shape(&row.name, shape_name, shape.as_ref(), value, problem);
            let sizes = shape.as_ref().and_then(|it| it.0.get(1..));
            let sizes = sizes.filter(|it| !it.contains(&Dim::Unknown));
            let count = match sizes {
                Some(sizes) => Extent::of(Some(sizes), "").times(1),
                None => Count::Unknown(why_open(self.scene.shapes, value)),
            };
            match (&count, problem) {
                (Count::Exact(_), _) => {}
                (_, Some(problem)) => self.gaps.push(gap(&row.name, name, problem)),
                (Count::Unknown(reason), _) => self.gaps.push(gap(&row.name, name, reason.clone())),
                (Count::Form(form), _) => {
                    row.formulas.insert(name, form.clone());
                }
            }
            match name {
                "activations_in" => row.activations_in = count.number(),
                _ => row.activations_out = count.number(),
            }
        }
    }
}
