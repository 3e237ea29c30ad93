//! The row of a convolution: `shared` from its geometry, `stored` from its tensors.

use std::collections::{BTreeMap, BTreeSet};

use super::count::{Count, gap, ratio, settle};
use super::findings;
use super::geometry::{Costs, Geometry};
use super::rows::{ConvLayer, ParamCounts};
use super::scene::{Scene, input_of, output_of};
use super::ties::Ties;
use super::trace::{Root, Trace, Tracer};
use crate::finding::{Finding, Gap};
use crate::network::{InitializerId, NodeId, ValueId};
use crate::op::conv::ConvOperator;
use crate::tensor::{Dim, Shape};
use crate::units::{Macs, Params};

/// What rows are made with, and what they leave beside themselves.
pub(super) struct Rows<'a, 'b> {
    pub(super) scene: Scene<'a>,
    pub(super) tracer: &'b mut Tracer<'a>,
    pub(super) ties: &'b Ties,
    pub(super) findings: Vec<Finding>,
    pub(super) gaps: Vec<Gap>,
    /// Stored tensors of the convolutions' weights and biases.
    pub(super) roots: BTreeSet<Root>,
}

impl Rows<'_, '_> {
    /// The row of a convolution.
    pub(super) fn conv(&mut self, id: NodeId, operator: &'static ConvOperator) -> ConvLayer {
        let scene = self.scene;
        let node = scene.network.node(id);
        let weight_value = input_of(node, operator.weight);
        let weight = self.trace(weight_value);
        let bias_value = operator.bias.and_then(|place| input_of(node, place));
        // A bias without elements is none.
        let bias_value = bias_value.filter(|it| scene.numel(*it) != Some(0));
        let bias = bias_value.map(|it| self.tracer.trace(it));
        let mut geometry = Geometry::of(scene, id, operator);
        geometry.bias = bias.is_some();
        let costs = geometry.costs();
        let stored = self.stored(&weight, bias.as_ref());
        let mut row = ConvLayer {
            node: id,
            weight_root: stored_root(weight.root),
            name: node.name.clone(),
            op_type: node.op_type.to_string(),
            domain: node.domain.to_string(),
            scope: node.scope.to_string(),
            output: output_of(node)
                .map_or_else(String::new, |it| scene.network.value(it).name.to_string()),
            weight: weight_value.map(|it| self.tensor_name(weight.root, it)),
            bias: bias_value
                .zip(bias.as_ref())
                .map(|(value, it)| self.tensor_name(it.root, value)),
            weight_source: self.source(weight.root).to_owned(),
            weight_via: weight
                .via
                .iter()
                .map(|it| scene.network.node(*it).op_type.to_string())
                .collect(),
            data_type: self.data_type(weight.root, weight_value),
            weight_shape: geometry.weight.clone(),
            kernel_shape: geometry.kernel.clone(),
            strides: geometry.conv.as_ref().map(|it| it.strides.clone()),
            pads: geometry.pads.clone(),
            dilations: geometry.conv.as_ref().map(|it| it.dilations.clone()),
            group: geometry.group,
            auto_pad: auto_pad(scene, id),
            layout: geometry.nhwc().then_some("NHWC"),
            input_shape: geometry.input.clone(),
            output_shape: geometry.output.clone(),
            params: ParamCounts::default(),
            sharing_factor: None,
            macs: None,
            padding_macs: None,
            formulas: BTreeMap::new(),
            tied_with: self.ties.others(weight.root, id, scene),
            bias_source: bias.as_ref().and_then(|it| bias_source(it.root)),
        };
        self.unknown_shapes(&row, &geometry);
        self.fill(&mut row, &costs, &stored);
        self.compare(&row, &geometry);
        self.findings
            .extend(findings::uneven_stride(&row.name, &geometry));
        row
    }

    fn trace(&mut self, value: Option<ValueId>) -> Trace {
        let missing = Trace {
            root: Root::Missing,
            via: vec![],
        };
        value.map_or(missing, |it| self.tracer.trace(it))
    }

    /// Elements of the stored tensors of a weight and a bias. A bias computed at run time adds none.
    fn stored(&mut self, weight: &Trace, bias: Option<&Trace>) -> Count {
        let whole = match weight.root {
            Root::Input(_) => {
                return Count::Unknown("the weight is an input of the graph".to_owned());
            }
            Root::Missing => {
                return Count::Unknown("nothing in the file makes the weight".to_owned());
            }
            Root::Computed => {
                return Count::Unknown(
                    "the weight is computed at run time, or from several stored tensors".to_owned(),
                );
            }
            Root::Stored(_) | Root::ConstantOfShape(_) => self.tracer.root_numel(weight.root),
        };
        self.roots.insert(weight.root);
        let bias = bias.map(|it| it.root);
        let bias = bias.filter(|it| matches!(it, Root::Stored(_) | Root::ConstantOfShape(_)));
        self.roots.extend(bias);
        let bias = bias.map_or(Some(0), |it| self.tracer.root_numel(it));
        Count::exact(
            whole
                .zip(bias)
                .and_then(|(whole, bias)| whole.checked_add(bias)),
        )
    }

    /// Name of the stored tensor, else of the value at the input.
    fn tensor_name(&self, root: Root, value: ValueId) -> String {
        match root {
            Root::Stored(id) => self.scene.tensor_name(id),
            _ => self.scene.network.value(value).name.to_string(),
        }
    }

    fn source(&self, root: Root) -> &'static str {
        match root {
            Root::Stored(id) => self.scene.network.initializer(id).source.name(),
            Root::ConstantOfShape(_) => "ConstantOfShape",
            Root::Input(_) => "input",
            Root::Computed | Root::Missing => "computed",
        }
    }

    fn data_type(&self, root: Root, value: Option<ValueId>) -> Option<crate::tensor::DataType> {
        match root {
            Root::Stored(id) => self.scene.network.initializer(id).tensor.data_type,
            _ => self.scene.shapes.values.get(value?.at())?.data_type,
        }
    }

    /// Gaps for shapes that are not known, with the first cause there is.
    fn unknown_shapes(&mut self, row: &ConvLayer, geometry: &Geometry) {
        let node = self.scene.network.node(row.node);
        let input = input_of(node, 0);
        self.unknown_shape(
            &row.name,
            "input_shape",
            row.input_shape.as_ref(),
            input,
            None,
        );
        let problem = geometry.problem.as_deref();
        let output = output_of(node);
        self.unknown_shape(
            &row.name,
            "output_shape",
            row.output_shape.as_ref(),
            output,
            problem,
        );
        if row
            .weight_shape
            .as_ref()
            .is_none_or(|it| it.0.contains(&Dim::Unknown))
        {
            let weight = input_of(node, geometry.operator.weight);
            self.unknown_shape(
                &row.name,
                "weight_shape",
                row.weight_shape.as_ref(),
                weight,
                None,
            );
        }
    }

    /// A gap where `shape` has a size that is neither a number nor a formula.
    pub(super) fn unknown_shape(
        &mut self,
        layer: &str,
        what: &str,
        shape: Option<&Shape>,
        value: Option<ValueId>,
        problem: Option<&str>,
    ) {
        let known = shape.is_some_and(|it| !it.0.contains(&Dim::Unknown));
        if known && problem.is_none() {
            return;
        }
        let noted = value.and_then(|it| self.scene.shapes.values.get(it.at())?.note.as_deref());
        let reason = match (problem, noted) {
            (Some(problem), _) => problem.to_owned(),
            (None, Some(note)) => format!("{note}{}", settle(self.scene.shapes)),
            (None, None) => format!("a size is open{}", settle(self.scene.shapes)),
        };
        self.gaps.push(gap(layer, what, reason));
    }

    /// Puts the counts into the row: a number, a formula, or a gap.
    fn fill(&mut self, row: &mut ConvLayer, costs: &Costs, stored: &Count) {
        let counts = [
            ("shared", "params.shared", &costs.shared),
            ("stored", "params.stored", stored),
            ("unshared", "params.unshared", &costs.unshared),
            ("dense", "params.dense", &costs.dense),
            ("macs", "macs", &costs.macs),
            ("padding_macs", "padding_macs", &costs.padding_macs),
        ];
        for (name, what, count) in counts {
            match count {
                Count::Exact(_) => {}
                Count::Form(form) => {
                    row.formulas.insert(name, form.clone());
                }
                Count::Unknown(reason) => {
                    let open = reason == "sizes are open";
                    let flag = if open {
                        settle(self.scene.shapes)
                    } else {
                        String::new()
                    };
                    self.gaps
                        .push(gap(&row.name, what, format!("{reason}{flag}")));
                }
            }
        }
        let params = |count: &Count| count.number().map(Params);
        row.params = ParamCounts {
            shared: params(&costs.shared),
            stored: params(stored),
            unshared: params(&costs.unshared),
            dense: params(&costs.dense),
        };
        row.macs = costs.macs.number().map(Macs);
        row.padding_macs = costs.padding_macs.number().map(Macs);
        let both = row.params.unshared.zip(row.params.shared);
        row.sharing_factor = both.and_then(|(above, below)| ratio(above.0, below.0));
        self.no_factor(row, costs);
    }

    /// The factor is a gap only where `unshared` is one.
    fn no_factor(&mut self, row: &ConvLayer, costs: &Costs) {
        let reason = match (row.sharing_factor, &costs.unshared) {
            (None, Count::Unknown(reason)) => reason.clone(),
            (None, Count::Exact(_)) => "it holds no parameters".to_owned(),
            _ => return,
        };
        self.gaps.push(gap(&row.name, "sharing_factor", reason));
    }

    /// The two ways of counting must agree; what a bias computed at run time adds is no disagreement.
    fn compare(&mut self, row: &ConvLayer, geometry: &Geometry) {
        let (Some(shared), Some(stored)) = (row.params.shared, row.params.stored) else {
            return;
        };
        let run_time = row.bias_source.is_some();
        let added = run_time.then(|| geometry.filters().map_or(0, u128::from));
        let expected = stored.0.saturating_add(added.unwrap_or(0));
        if expected != shared.0 {
            self.findings.push(Finding::about(
                "stored-mismatch",
                &row.name,
                format!(
                    "its tensors hold {} elements but its geometry needs {}",
                    crate::units::grouped(&stored.0.to_string()),
                    crate::units::grouped(&shared.0.to_string()),
                ),
            ));
        }
    }
}

fn stored_root(root: Root) -> Option<InitializerId> {
    match root {
        Root::Stored(id) => Some(id),
        _ => None,
    }
}

/// Said where a bias is not stored.
fn bias_source(root: Root) -> Option<String> {
    match root {
        Root::Stored(_) | Root::ConstantOfShape(_) => None,
        Root::Input(_) => Some("input".to_owned()),
        Root::Computed | Root::Missing => Some("computed".to_owned()),
    }
}

/// ONNX's word, as the node has it.
fn auto_pad(scene: Scene<'_>, id: NodeId) -> String {
    let word = scene
        .network
        .node(id)
        .attrs
        .string("auto_pad")
        .ok()
        .flatten();
    word.filter(|it| !it.is_empty())
        .unwrap_or("NOTSET")
        .to_owned()
}
