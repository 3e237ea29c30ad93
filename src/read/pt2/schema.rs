//! The parts of torch.export's JSON that matter, under its own names; other keys are passed over.
//!
//! Source: `torch/_export/serde/schema.py` of PyTorch 2.15, schema version 8.20.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

/// `models/*.json`.
#[derive(Deserialize)]
pub(super) struct ExportedProgram {
    pub(super) graph_module: GraphModule,
    pub(super) schema_version: SchemaVersion,
    #[serde(default)]
    pub(super) torch_version: Option<String>,
    #[serde(default)]
    pub(super) opset_version: HashMap<String, i64>,
}

/// A change of `major` breaks readers, one of `minor` adds keys.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct SchemaVersion {
    pub(super) major: u64,
    #[serde(default)]
    pub(super) minor: u64,
}

#[derive(Deserialize)]
pub(super) struct GraphModule {
    pub(super) graph: Graph,
    pub(super) signature: Signature,
}

#[derive(Deserialize)]
pub(super) struct Graph {
    #[serde(default)]
    pub(super) outputs: Vec<Argument>,
    pub(super) nodes: Vec<Node>,
    #[serde(default)]
    pub(super) tensor_values: HashMap<String, TensorMeta>,
}

#[derive(Deserialize)]
pub(super) struct Node {
    pub(super) target: String,
    #[serde(default)]
    pub(super) inputs: Vec<NamedArgument>,
    #[serde(default)]
    pub(super) outputs: Vec<Argument>,
    #[serde(default)]
    pub(super) metadata: HashMap<String, Value>,
}

#[derive(Deserialize)]
pub(super) struct NamedArgument {
    #[serde(default)]
    pub(super) name: String,
    pub(super) arg: Argument,
}

/// One of these; kinds that are not needed here leave all empty.
#[derive(Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "the names are the schema's")]
pub(super) struct Argument {
    pub(super) as_tensor: Option<TensorName>,
    pub(super) as_tensors: Option<Vec<TensorName>>,
    pub(super) as_ints: Option<Vec<i64>>,
    pub(super) as_int: Option<i64>,
    pub(super) as_bool: Option<bool>,
    pub(super) as_string: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct TensorName {
    pub(super) name: String,
}

/// Type and sizes of a tensor.
#[derive(Clone, Deserialize)]
pub(super) struct TensorMeta {
    pub(super) dtype: i64,
    #[serde(default)]
    pub(super) sizes: Vec<SymInt>,
    #[serde(default)]
    pub(super) strides: Vec<SymInt>,
    #[serde(default)]
    pub(super) storage_offset: SymInt,
}

/// A number, or a formula under dynamic shapes.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct SymInt {
    pub(super) as_int: Option<i64>,
    pub(super) as_expr: Option<SymExpr>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct SymExpr {
    pub(super) expr_str: String,
}

#[derive(Deserialize)]
pub(super) struct Signature {
    #[serde(default)]
    pub(super) input_specs: Vec<InputSpec>,
}

/// One of these.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct InputSpec {
    pub(super) parameter: Option<Parameter>,
    pub(super) buffer: Option<Buffer>,
    pub(super) tensor_constant: Option<TensorConstant>,
    pub(super) user_input: Option<UserInput>,
}

#[derive(Deserialize)]
pub(super) struct Parameter {
    pub(super) arg: TensorName,
    pub(super) parameter_name: String,
}

#[derive(Deserialize)]
pub(super) struct Buffer {
    pub(super) arg: TensorName,
    pub(super) buffer_name: String,
}

#[derive(Deserialize)]
pub(super) struct TensorConstant {
    pub(super) arg: TensorName,
    pub(super) tensor_constant_name: String,
}

#[derive(Deserialize)]
pub(super) struct UserInput {
    pub(super) arg: Argument,
}

/// `data/weights/model_weights_config.json`: where the bytes of each tensor are.
#[derive(Deserialize)]
pub(super) struct PayloadConfig {
    pub(super) config: HashMap<String, PayloadMeta>,
}

#[derive(Deserialize)]
pub(super) struct PayloadMeta {
    pub(super) path_name: String,
    #[serde(default)]
    pub(super) use_pickle: bool,
    #[serde(default)]
    pub(super) tensor_meta: Option<TensorMeta>,
}

impl Node {
    /// The argument of this name. What equals the operator's default is left out.
    pub(super) fn arg(&self, name: &str) -> Option<&Argument> {
        self.inputs
            .iter()
            .find(|it| it.name == name)
            .map(|it| &it.arg)
    }

    /// The list of integers `name`; a lone integer is a list of one.
    pub(super) fn ints(&self, name: &str) -> Option<Vec<i64>> {
        let arg = self.arg(name)?;
        let one = || arg.as_int.map(|it| vec![it]);
        arg.as_ints.clone().or_else(one)
    }

    /// The integer `name`.
    pub(super) fn int(&self, name: &str) -> Option<i64> {
        self.arg(name)?.as_int
    }

    /// The switch `name`.
    pub(super) fn bool(&self, name: &str) -> Option<bool> {
        self.arg(name)?.as_bool
    }

    /// The module that it stands in: the last of `nn_module_stack`, `L__self__features.0,features.0,…Conv2d`.
    pub(super) fn module(&self) -> Option<&str> {
        let stack = self.metadata.get("nn_module_stack")?.as_str()?;
        let last = stack.rsplit(';').next()?;
        last.split(',').nth(1).filter(|it| !it.is_empty())
    }
}
