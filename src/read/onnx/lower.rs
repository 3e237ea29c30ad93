//! Pass 2: a decoded `ModelProto` → [`Network`].
//!
//! Names become values: a body sees the values of the graphs around it, and its own shadow them. Each
//! graph's nodes are put in an order in which they can run. A call of a model-local function gives way
//! to the function's body.

mod attributes;
mod body;
mod call;
mod functions;
mod graph;
mod scope;
mod sort;
mod types;

use std::collections::BTreeMap;

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};
use std::rc::Rc;
use std::sync::Arc;

use self::functions::{Functions, Given, Size};
use self::scope::Scopes;
use super::error::OnnxError;
use super::findings::Findings;
use super::proto::{GraphProto, ModelProto, OperatorSetIdProto};
use super::tensors::Tensors;
use crate::network::{Facts, GeometryFacts, InitializerId, Network, ValueId, ValueInfo};
use crate::op::ONNX;
use crate::read::folder::Folder;
use crate::units::{Bytes, wide};

/// What all calls of functions together may put into the network, however large the file.
const MOST_INLINED: Size = Size {
    nodes: 1_000_000,
    calls: 2_000_000,
};
/// What they may put there of any file, and beyond for each node that the file holds, so that the
/// network stays in proportion to it.
const INLINED_BASE: u64 = 20_000;
const INLINED_EACH: u64 = 32;
/// Bodies and calls inside each other.
const MOST_DEEP: usize = 64;
/// Bytes that scopes' names may take.
const MOST_SCOPE_BYTES: usize = 64 << 20;

/// Operator set versions by domain.
type Opsets = BTreeMap<Arc<str>, i64>;

/// Where a list of nodes stands.
#[derive(Clone)]
struct Place<'m> {
    /// As [`crate::network::Node::scope`].
    scope: Arc<str>,
    opsets: Rc<Opsets>,
    /// Attributes of the call that it is in.
    given: Rc<Given<'m>>,
    /// Bodies and calls around it.
    depth: usize,
    /// Whether it is in a function, which has been paid for.
    paid: bool,
}

struct Lowering<'m, 'f> {
    network: Network,
    functions: Functions<'m>,
    scopes: Scopes<'m>,
    tensors: Tensors<'f>,
    findings: Findings,
    /// Every name once.
    names: HashSet<Arc<str>>,
    /// Tensors by the address of their message, so that a function's are stored once.
    stored: HashMap<usize, Option<InitializerId>>,
    /// What inlining may take.
    most: Size,
    /// What is left of it.
    budget: Size,
    scope_bytes: usize,
}

/// What inlining may take of this model.
fn most_inlined(model: &ModelProto) -> Size {
    let main = model.graph.as_ref().map_or(0, |it| it.node.len());
    let functions = model.functions.iter().map(|it| it.node.len());
    let nodes = wide(functions.fold(main, usize::saturating_add));
    let nodes = nodes
        .saturating_mul(INLINED_EACH)
        .saturating_add(INLINED_BASE);
    Size {
        nodes: nodes.min(MOST_INLINED.nodes),
        ..MOST_INLINED
    }
}

/// The network in a decoded model.
///
/// # Errors
/// [`OnnxError::NoGraph`], and [`OnnxError::TooMany`] where 32 bits do not number its parts.
pub(super) fn lower(
    model: &ModelProto,
    file_bytes: u64,
    folder: &Folder,
) -> Result<Network, OnnxError> {
    let graph = model.graph.as_ref().ok_or(OnnxError::NoGraph)?;
    if is_empty(graph) {
        return Err(OnnxError::NoGraph);
    }
    let opsets = opsets(&model.opset_import);
    let most = most_inlined(model);
    let mut lowering = Lowering {
        network: Network::default(),
        functions: Functions::new(&model.functions, &opsets),
        scopes: Scopes::default(),
        tensors: Tensors::new(folder),
        findings: Findings::default(),
        names: HashSet::new(),
        stored: HashMap::new(),
        most,
        budget: most,
        scope_bytes: 0,
    };
    lowering.network.facts = facts(model, &opsets, file_bytes);
    let place = Place {
        scope: "".into(),
        opsets: Rc::new(opsets),
        given: Rc::default(),
        depth: 0,
        paid: false,
    };
    lowering.graph(graph, &place)?;
    lowering.tensors.report(&mut lowering.findings);
    lowering.network.findings = lowering.findings.into_list();
    Ok(lowering.network)
}

/// Whether it has neither nodes nor tensors nor inputs nor outputs: then the file is of another kind.
fn is_empty(graph: &GraphProto) -> bool {
    graph.node.is_empty()
        && graph.initializer.is_empty()
        && graph.sparse_initializer.is_empty()
        && graph.input.is_empty()
        && graph.output.is_empty()
}

fn facts(model: &ModelProto, opsets: &Opsets, file_bytes: u64) -> Facts {
    let name = attributes::text(&model.producer_name);
    let version = attributes::text(&model.producer_version);
    let producer = format!("{name} {version}");
    let producer = producer.trim();
    Facts {
        format: "onnx",
        file_bytes: Bytes(file_bytes),
        ir_version: model.ir_version,
        producer: (!producer.is_empty()).then(|| producer.to_owned()),
        opset_import: opsets
            .iter()
            .map(|(domain, version)| (domain.to_string(), *version))
            .collect(),
        geometry: GeometryFacts::default(),
        weight_layout: None,
    }
}

/// The default domain in its long form.
fn domain_of(domain: &[u8]) -> &[u8] {
    if domain.is_empty() {
        ONNX.as_bytes()
    } else {
        domain
    }
}

fn opsets(imports: &[OperatorSetIdProto]) -> Opsets {
    let named = |it: &OperatorSetIdProto| {
        let domain = String::from_utf8_lossy(domain_of(&it.domain));
        (Arc::from(domain), it.version)
    };
    imports.iter().map(named).collect()
}

impl Lowering<'_, '_> {
    /// A name as text, kept once.
    fn intern(&mut self, name: &[u8]) -> Arc<str> {
        let name = String::from_utf8_lossy(name);
        if let Some(known) = self.names.get(&*name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = name.into();
        self.names.insert(Arc::clone(&name));
        name
    }

    /// A new value.
    fn value(&mut self, name: &[u8]) -> Result<ValueId, OnnxError> {
        let values = &self.network.values;
        let id = ValueId::next(values.len()).ok_or(OnnxError::TooMany("values"))?;
        let name = self.intern(name);
        self.network.values.push(ValueInfo {
            name,
            declared: None,
        });
        Ok(id)
    }

    /// `outer/inner`, or `inner` in the main graph.
    fn scope(&mut self, outer: &str, inner: &str) -> Arc<str> {
        let scope: Arc<str> = if outer.is_empty() {
            inner.into()
        } else {
            format!("{outer}/{inner}").into()
        };
        self.scope_bytes = self.scope_bytes.saturating_add(scope.len());
        scope
    }
}
