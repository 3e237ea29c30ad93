//! An exported program → [`Network`].

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::Pt2Error;
use super::aten::{self, Asked, Translated};
use super::payloads::{Payloads, data_type, sizes};
use super::schema::{Argument, ExportedProgram, InputSpec, Node as Exported, SymInt, TensorMeta};
use crate::network::{
    Declared, Facts, Graph, Initializer, Network, Node, NodeId, Source, ValueId, ValueInfo,
};
use crate::op::{Attr, Attrs, ONNX};
use crate::tensor::{Dim, Expr, StoredTensor};
use crate::units::Bytes;

/// The operator set whose attributes the translations use: axes of a ReduceMean among them.
const OPSET: i64 = 17;

/// Makes the network.
pub(super) fn lower(
    program: &ExportedProgram,
    payloads: &Payloads,
    file_bytes: u64,
) -> Result<Network, Pt2Error> {
    let mut lowering = Lowering {
        tensors: &program.graph_module.graph.tensor_values,
        payloads,
        network: Network::default(),
        by_name: HashMap::new(),
        main: Graph::default(),
        domains: [ONNX.into(), "aten".into()],
        scope: "".into(),
    };
    lowering.network.facts = facts(program, file_bytes);
    for spec in &program.graph_module.signature.input_specs {
        lowering.input(spec)?;
    }
    for node in &program.graph_module.graph.nodes {
        lowering.node(node)?;
    }
    for output in &program.graph_module.graph.outputs {
        let outputs = lowering.values_of(Some(output))?;
        lowering.main.outputs.extend(outputs);
    }
    let Lowering {
        mut network, main, ..
    } = lowering;
    network.graphs.push(main);
    Ok(network)
}

fn facts(program: &ExportedProgram, file_bytes: u64) -> Facts {
    let version = program.torch_version.as_ref();
    let opsets = program.opset_version.iter();
    let opsets: BTreeMap<String, i64> = opsets.map(|it| (it.0.clone(), *it.1)).collect();
    Facts {
        format: "pt2",
        file_bytes: Bytes(file_bytes),
        producer: version.map(|it| format!("torch.export {it}")),
        opset_import: opsets,
        ..Facts::default()
    }
}

struct Lowering<'a> {
    tensors: &'a HashMap<String, TensorMeta>,
    payloads: &'a Payloads,
    network: Network,
    by_name: HashMap<String, ValueId>,
    main: Graph,
    /// ONNX's, and ATen's own for what has no translation.
    domains: [Arc<str>; 2],
    scope: Arc<str>,
}

impl Lowering<'_> {
    /// The value of this name in the graph.
    fn value(&mut self, name: &str) -> Result<ValueId, Pt2Error> {
        if let Some(known) = self.by_name.get(name) {
            return Ok(*known);
        }
        let declared = self.tensors.get(name).map(|it| Declared {
            data_type: data_type(it.dtype),
            dims: Some(it.sizes.iter().map(dim).collect()),
            container: false,
        });
        let id = self.fresh(name, declared)?;
        self.by_name.insert(name.to_owned(), id);
        Ok(id)
    }

    fn fresh(&mut self, name: &str, declared: Option<Declared>) -> Result<ValueId, Pt2Error> {
        let id = ValueId::next(self.network.values.len()).ok_or(Pt2Error::TooMany("values"))?;
        self.network.values.push(ValueInfo {
            name: name.into(),
            declared,
        });
        Ok(id)
    }

    /// A parameter, a buffer, a constant, or an input.
    fn input(&mut self, spec: &InputSpec) -> Result<(), Pt2Error> {
        let InputSpec {
            parameter,
            buffer,
            tensor_constant,
            user_input,
        } = spec;
        if let Some(it) = parameter {
            self.stored(&it.arg.name, &it.parameter_name)?;
        } else if let Some(it) = buffer {
            self.stored(&it.arg.name, &it.buffer_name)?;
        } else if let Some(it) = tensor_constant {
            self.stored(&it.arg.name, &it.tensor_constant_name)?;
        } else if let Some(it) = user_input {
            let inputs = self.values_of(Some(&it.arg))?;
            self.main.inputs.extend(inputs);
        }
        Ok(())
    }

    /// A tensor under its name in the state_dict, which is what a reader knows.
    fn stored(&mut self, arg: &str, name: &str) -> Result<(), Pt2Error> {
        let value = self.value(arg)?;
        if let Some(info) = self.network.values.get_mut(value.at()) {
            info.name = name.into();
        }
        let meta = self.tensors.get(arg);
        let Some(dims) = meta.and_then(|it| sizes(&it.sizes)) else {
            return Ok(());
        };
        self.network.initializers.push(Initializer {
            values: vec![value],
            tensor: StoredTensor {
                name: name.to_owned(),
                data_type: meta.and_then(|it| data_type(it.dtype)),
                dims,
                payload: self.payloads.get(name),
            },
            source: Source::Initializer,
        });
        Ok(())
    }

    /// The values of an argument: one, several, or none where it is no tensor.
    fn values_of(&mut self, argument: Option<&Argument>) -> Result<Vec<ValueId>, Pt2Error> {
        let one = argument.and_then(|it| it.as_tensor.as_ref());
        let several = argument.and_then(|it| it.as_tensors.as_ref());
        let names = one.into_iter().chain(several.into_iter().flatten());
        names.map(|it| self.value(&it.name)).collect()
    }

    fn node(&mut self, exported: &Exported) -> Result<(), Pt2Error> {
        let tensors = self.tensors;
        let sizes_of = |arg: &str| {
            let tensor = exported.arg(arg)?.as_tensor.as_ref()?;
            sizes(&tensors.get(&tensor.name)?.sizes)
        };
        let asked = Asked {
            node: exported,
            sizes: &sizes_of,
        };
        if aten::base(&exported.target) == Some("linear")
            && sizes_of("input").is_none_or(|it| it.len() != 2)
        {
            return self.product(exported);
        }
        match aten::translate(&asked) {
            Some(translated) => self.translated(exported, translated),
            None => self.untranslated(exported),
        }
    }

    fn translated(&mut self, exported: &Exported, it: Translated) -> Result<(), Pt2Error> {
        let mut inputs = Vec::new();
        for name in it.inputs {
            let values = self.values_of(exported.arg(name))?;
            if values.is_empty() {
                inputs.push(None);
            }
            inputs.extend(values.into_iter().map(Some));
        }
        while inputs.last() == Some(&None) {
            inputs.pop();
        }
        let outputs = self.outputs(exported)?;
        self.push(exported, it.op_type, Attrs(it.attrs), inputs, outputs)
    }

    /// An operator under its own name, whose declared sizes are believed.
    fn untranslated(&mut self, exported: &Exported) -> Result<(), Pt2Error> {
        let mut inputs = Vec::new();
        for argument in &exported.inputs {
            inputs.extend(self.values_of(Some(&argument.arg))?.into_iter().map(Some));
        }
        let outputs = self.outputs(exported)?;
        let target = exported.target.as_str();
        let name = target.strip_prefix("torch.ops.aten.").unwrap_or(target);
        self.push(exported, name, Attrs::default(), inputs, outputs)?;
        if let Some(node) = self.network.nodes.last_mut() {
            node.domain = self.domains[1].clone();
        }
        Ok(())
    }

    fn outputs(&mut self, exported: &Exported) -> Result<Vec<Option<ValueId>>, Pt2Error> {
        let mut outputs = Vec::new();
        for output in &exported.outputs {
            let values = self.values_of(Some(output))?;
            outputs.extend(values.into_iter().map(Some));
        }
        Ok(outputs)
    }

    /// A linear layer over more than two axes: `input · weightᵀ`, then the bias.
    fn product(&mut self, exported: &Exported) -> Result<(), Pt2Error> {
        let input = self.values_of(exported.arg("input"))?;
        let weight = self.values_of(exported.arg("weight"))?;
        let bias = self.values_of(exported.arg("bias"))?;
        let output = self.outputs(exported)?;
        let turned = self.fresh("", None)?;
        let inputs = weight.into_iter().map(Some).collect();
        let attrs = Attrs(vec![("perm".to_owned(), Attr::Ints(vec![1, 0]))]);
        self.push(exported, "Transpose", attrs, inputs, vec![Some(turned)])?;
        let inputs = input.into_iter().map(Some).chain([Some(turned)]).collect();
        if bias.is_empty() {
            return self.push(exported, "MatMul", Attrs::default(), inputs, output);
        }
        let product = self.fresh("", None)?;
        self.push(
            exported,
            "MatMul",
            Attrs::default(),
            inputs,
            vec![Some(product)],
        )?;
        let inputs = [product].into_iter().chain(bias).map(Some).collect();
        self.push(exported, "Add", Attrs::default(), inputs, output)
    }

    /// Adds a node, named by the module that it stands in.
    fn push(
        &mut self,
        exported: &Exported,
        op_type: &str,
        attrs: Attrs,
        inputs: Vec<Option<ValueId>>,
        outputs: Vec<Option<ValueId>>,
    ) -> Result<(), Pt2Error> {
        let id = NodeId::next(self.network.nodes.len()).ok_or(Pt2Error::TooMany("nodes"))?;
        let first = outputs.first().copied().flatten();
        let first = first.and_then(|it| self.network.values.get(it.at()));
        let name = exported.module().map_or_else(
            || first.map_or_else(String::new, |it| it.name.to_string()),
            str::to_owned,
        );
        self.network.nodes.push(Node {
            name,
            op_type: op_type.into(),
            domain: self.domains[0].clone(),
            opset: OPSET,
            scope: self.scope.clone(),
            inputs,
            outputs,
            attrs,
            subgraphs: vec![],
            opaque: None,
        });
        self.main.nodes.push(id);
        Ok(())
    }
}

/// A size: a number, a name under dynamic shapes, or a formula that is left open.
fn dim(size: &SymInt) -> Dim {
    if let Some(size) = size.as_int.and_then(|it| u64::try_from(it).ok()) {
        return Dim::Known(size);
    }
    let name = size.as_expr.as_ref().map(|it| it.expr_str.as_str());
    let is_name = |it: &&str| {
        it.starts_with(|it: char| it.is_ascii_alphabetic())
            && it.chars().all(|it| it.is_ascii_alphanumeric() || it == '_')
    };
    name.filter(is_name)
        .map_or(Dim::Unknown, |it| Dim::Symbolic(Expr::name(it)))
}
