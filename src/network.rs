//! The one format-neutral model: graphs of nodes over values, and the tensors stored in the file.
//!
//! Everything lies in flat lists and refers to the others by index. A value's index is unique over all
//! graphs, so a subgraph that uses a value of the graph around it simply names that value, and the body
//! of a model-local function stands where it is called.

mod edges;
mod role;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::finding::Finding;
use crate::op::Attrs;
use crate::tensor::{DataType, Dim, StoredTensor};
use crate::units::Bytes;
pub use edges::{Edges, Producer, Use};
pub use role::Role;

/// An index into one of the lists of a [`Network`].
macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// The index of the element that a list of `len` elements gets next.
            #[must_use]
            pub fn next(len: usize) -> Option<Self> {
                u32::try_from(len).ok().map(Self)
            }

            /// The place in the list.
            #[must_use]
            pub fn at(self) -> usize {
                usize::try_from(self.0).unwrap_or(usize::MAX)
            }
        }
    };
}

index!(
    /// A value: an edge of the graph.
    ValueId
);
index!(
    /// A node.
    NodeId
);
index!(
    /// A graph: the main one, or the body of a control-flow operator.
    GraphId
);
index!(
    /// A tensor stored in the file.
    InitializerId
);

/// A model as a file holds it.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// What the file says of itself.
    pub facts: Facts,
    /// Every graph; the main one comes first.
    pub graphs: Vec<Graph>,
    /// Every node of every graph.
    pub nodes: Vec<Node>,
    /// Every value of every graph.
    pub values: Vec<ValueInfo>,
    /// Every stored tensor.
    pub initializers: Vec<Initializer>,
    /// What the reader noticed.
    pub findings: Vec<Finding>,
    /// Words that the file carries beside its tensors, in order: safetensors' `__metadata__`.
    pub metadata: Vec<(String, String)>,
    /// Roles that names tell, where no graph does; they count before any use.
    pub roles: BTreeMap<InitializerId, Role>,
    /// Spatial sizes that a user stated for a value: taken before any rule.
    pub pinned: BTreeMap<ValueId, Pin>,
    /// Convolutions that are listed and in no total.
    pub asides: BTreeMap<NodeId, Aside>,
    /// Why nothing makes a value, where the file does not tell what does.
    pub notes: BTreeMap<ValueId, Arc<str>>,
}

/// Sizes that a user stated for a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// Its spatial sizes.
    pub sizes: Vec<u64>,
    /// Who said so: `line 7 of net.toml`, `--output-size`.
    pub by: String,
}

/// Why a convolution is in no total.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aside {
    /// The forward pass of inference skips it: an auxiliary head.
    Aux,
    /// The geometry of the others does not name it.
    NotCovered,
}

/// What a file says of itself.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// `onnx` or `safetensors`.
    pub format: &'static str,
    /// Size of the file.
    pub file_bytes: Bytes,
    /// ONNX's `ir_version`.
    pub ir_version: Option<i64>,
    /// `producer_name` and `producer_version`, joined by a space.
    pub producer: Option<String>,
    /// Operator sets by domain, the default one as `ai.onnx`.
    pub opset_import: BTreeMap<String, i64>,
    /// Where strides, pools, order and input size come from.
    pub geometry: GeometryFacts,
    /// In which order a safetensors file keeps the axes of its convolutions' weights.
    pub weight_layout: Option<LayoutFacts>,
}

/// In which order a file keeps the axes of its convolutions' weights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LayoutFacts {
    /// `oihw`, `ohwi` or `hwio`.
    pub name: &'static str,
    /// Weights of four axes that look like it.
    pub votes: u64,
    /// Weights of four axes.
    pub of: u64,
    /// Whether a user gave it, so that no vote was held.
    pub given: bool,
}

/// Where a network's geometry comes from, and how far it is to be believed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GeometryFacts {
    /// `graph`, `sidecar`, `recipe`, `out` (sizes given one by one), or `none`.
    pub source: GeometrySource,
    /// How far it is to be believed.
    pub claim: Claim,
    /// Which file or recipe it was, and what is to be said beside it.
    pub detail: Option<String>,
    /// What tensors let guess where nothing else tells, a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
}

/// Who answered when a network's geometry was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GeometrySource {
    /// A graph: the model's own, or another file's.
    #[default]
    Graph,
    /// A geometry file.
    Sidecar,
    /// A recipe.
    Recipe,
    /// Output sizes given one by one.
    Out,
    /// Nobody.
    None,
}

/// How far a geometry is to be believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Claim {
    /// It is this network's.
    #[default]
    Exact,
    /// It is that of its family; nobody has checked it for this network.
    Assumed,
    /// There is none.
    Unknown,
}

/// A list of nodes with its inputs and outputs.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// ONNX's `name`.
    pub name: String,
    /// Inputs in order; those of the main graph without the ones that an initializer of that name fills.
    pub inputs: Vec<ValueId>,
    /// Outputs in order.
    pub outputs: Vec<ValueId>,
    /// Nodes, each after those whose outputs it or its subgraphs use. Nodes of a cycle come last.
    pub nodes: Vec<NodeId>,
}

/// One operator at work.
#[derive(Clone, Debug)]
pub struct Node {
    /// ONNX's `name`, or the first output's name where it has none.
    pub name: String,
    /// ONNX's `op_type`.
    pub op_type: Arc<str>,
    /// ONNX's `domain`, the default one as `ai.onnx`.
    pub domain: Arc<str>,
    /// Version of the domain's operator set that holds here; 1 where the file imports none.
    pub opset: i64,
    /// Where it stands: empty in the main graph, else `If_0.then_branch`, a called function's node
    /// name, nested scopes joined by `/`.
    pub scope: Arc<str>,
    /// Inputs in order; `None` where an optional one is left out.
    pub inputs: Vec<Option<ValueId>>,
    /// Outputs in order; `None` where an optional one is left out.
    pub outputs: Vec<Option<ValueId>>,
    /// Attributes but for graphs.
    pub attrs: Attrs,
    /// Graph attributes: `then_branch`, `else_branch`, `body`.
    pub subgraphs: Vec<(String, GraphId)>,
    /// Why it stands here as one opaque node: a function call that was not inlined.
    pub opaque: Option<Arc<str>>,
}

/// The value at a node's input, where one is given.
#[must_use]
pub fn input_of(node: &Node, place: usize) -> Option<ValueId> {
    node.inputs.get(place).copied().flatten()
}

/// A node's first output.
#[must_use]
pub fn output_of(node: &Node) -> Option<ValueId> {
    node.outputs.iter().copied().flatten().next()
}

/// What the file says of a value.
#[derive(Clone, Debug, Default)]
pub struct ValueInfo {
    /// Its name in its graph.
    pub name: Arc<str>,
    /// Declared in `input`, `output` or `value_info`.
    pub declared: Option<Declared>,
}

/// A declared type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Declared {
    /// Element type.
    pub data_type: Option<DataType>,
    /// Declared sizes: a number, a name, or unknown; `None` where the declaration has no shape.
    pub dims: Option<Vec<Dim>>,
    /// Whether it is a sequence, map or optional of that, and no tensor itself.
    pub container: bool,
}

/// Where a stored tensor stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A graph's `initializer`.
    Initializer,
    /// A graph's `sparse_initializer`.
    SparseInitializer,
    /// A `Constant` node, whose output it is; the node stays in its graph.
    Constant,
}

impl Source {
    /// Its name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Initializer => "initializer",
            Self::SparseInitializer => "sparse_initializer",
            Self::Constant => "Constant",
        }
    }
}

/// A stored tensor and the value that it gives.
#[derive(Clone, Debug)]
pub struct Initializer {
    /// The value; two calls of one function share the tensor of a `Constant` in it, and each has its own value.
    pub values: Vec<ValueId>,
    /// Its sizes, type and bytes.
    pub tensor: StoredTensor,
    /// Where it stands.
    pub source: Source,
}

impl Network {
    /// Its node.
    #[must_use]
    #[expect(
        clippy::indexing_slicing,
        reason = "indices are made by the list they index"
    )]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.at()]
    }

    /// Its graph.
    #[must_use]
    #[expect(
        clippy::indexing_slicing,
        reason = "indices are made by the list they index"
    )]
    pub fn graph(&self, id: GraphId) -> &Graph {
        &self.graphs[id.at()]
    }

    /// What the file says of a value.
    #[must_use]
    #[expect(
        clippy::indexing_slicing,
        reason = "indices are made by the list they index"
    )]
    pub fn value(&self, id: ValueId) -> &ValueInfo {
        &self.values[id.at()]
    }

    /// Its stored tensor.
    #[must_use]
    #[expect(
        clippy::indexing_slicing,
        reason = "indices are made by the list they index"
    )]
    pub fn initializer(&self, id: InitializerId) -> &Initializer {
        &self.initializers[id.at()]
    }

    /// The main graph; an empty one where the file has none.
    #[must_use]
    pub fn main(&self) -> Option<&Graph> {
        self.graphs.first()
    }

    /// Every node with its index.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.nodes
            .iter()
            .enumerate()
            .filter_map(|(at, node)| Some((NodeId::next(at)?, node)))
    }

    /// Every stored tensor with its index.
    pub fn initializers(&self) -> impl Iterator<Item = (InitializerId, &Initializer)> {
        let rows = self.initializers.iter().enumerate();
        rows.filter_map(|(at, initializer)| Some((InitializerId::next(at)?, initializer)))
    }
}
