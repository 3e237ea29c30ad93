//! The row of a convolution: `shared` from its geometry, `stored` from its tensors.

use std::collections::{BTreeMap, BTreeSet};

use super::batch::Batch;
use super::count::Count;
use super::findings;
use super::geometry::Geometry;
use super::rows::{ConvLayer, ParamCounts};
use super::scene::{Scene, input_of, output_of};
use super::ties::Ties;
use super::trace::{Root, Trace, Tracer};
use crate::finding::{Finding, Gap};
use crate::network::{Aside, InitializerId, NodeId, ValueId};
use crate::op::conv::ConvOperator;

/// What rows are made with, and what they leave beside themselves.
pub(super) struct Rows<'a, 'b> {
    pub(super) scene: Scene<'a>,
    pub(super) tracer: &'b mut Tracer<'a>,
    pub(super) ties: &'b Ties,
    pub(super) batch: &'b Batch,
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
        let aside = scene.network.asides.get(&id).copied();
        let before = aside.map(|_| self.roots.clone());
        let stored = self.stored(&weight, bias.as_ref());
        if let Some(before) = before {
            self.roots = before;
        }
        let (tied_with, tied_more) = self.ties.others(weight.root, id, scene);
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
            receptive_field: None,
            formulas: BTreeMap::new(),
            tied_with,
            tied_more,
            bias_source: bias.as_ref().and_then(|it| bias_source(it.root)),
            aux: aside == Some(Aside::Aux),
            not_covered: aside == Some(Aside::NotCovered),
        };
        self.unknown_shapes(&row, &geometry);
        self.fill(&mut row, &costs, &stored);
        self.compare(&row, &geometry);
        if geometry.problem.is_none() {
            self.findings.extend(findings::of_conv(scene, &row));
        }
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
