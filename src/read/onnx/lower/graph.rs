//! A `GraphProto`: its inputs, its tensors, its nodes, its outputs.

use foldhash::{HashSet, HashSetExt};
use std::ptr;

use super::types::{Types, declared, types};
use super::{Lowering, Place};
use crate::network::{Graph, GraphId, Initializer, InitializerId, Source, ValueId};
use crate::read::onnx::error::OnnxError;
use crate::read::onnx::proto::{GraphProto, SparseTensorProto, TensorProto};
use crate::read::onnx::tensors::Tensors;
use crate::tensor::StoredTensor;

impl<'m> Lowering<'m, '_> {
    /// Adds a graph and everything in it.
    pub(super) fn graph(
        &mut self,
        proto: &'m GraphProto,
        place: &Place<'m>,
    ) -> Result<GraphId, OnnxError> {
        let id = GraphId::next(self.network.graphs.len()).ok_or(OnnxError::TooMany("graphs"))?;
        self.network.graphs.push(Graph::default());
        self.scopes.open();
        let types = types(&[&proto.input, &proto.output, &proto.value_info]);
        let inputs = self.inputs(proto, id, &types)?;
        for tensor in &proto.initializer {
            self.initializer(tensor, &types, &place.scope)?;
        }
        for tensor in &proto.sparse_initializer {
            self.sparse_initializer(tensor, &types, &place.scope)?;
        }
        let nodes = self.body(&proto.node, &types, place)?;
        let mut outputs = Vec::with_capacity(proto.output.len());
        for output in &proto.output {
            let about = String::from_utf8_lossy(&output.name);
            outputs.extend(self.resolve(&output.name, &about, || {
                "the graph's list of outputs".to_owned()
            })?);
        }
        self.scopes.close();
        let name = String::from_utf8_lossy(&proto.name).into_owned();
        if let Some(graph) = self.network.graphs.get_mut(id.at()) {
            *graph = Graph {
                name,
                inputs,
                outputs,
                nodes,
            };
        }
        Ok(id)
    }

    /// A graph's inputs. In the main graph, one that an initializer fills is none.
    fn inputs(
        &mut self,
        proto: &'m GraphProto,
        id: GraphId,
        types: &Types<'m>,
    ) -> Result<Vec<ValueId>, OnnxError> {
        let mut filled: HashSet<&[u8]> = HashSet::new();
        if id == GraphId(0) {
            filled.extend(proto.initializer.iter().map(|it| &*it.name));
            filled.extend(proto.sparse_initializer.iter().map(sparse_name));
        }
        let mut inputs = Vec::with_capacity(proto.input.len());
        for input in &proto.input {
            if !filled.contains(&*input.name) {
                inputs.push(self.declare(&input.name, types, || {
                    "the graph's list of inputs".to_owned()
                })?);
            }
        }
        Ok(inputs)
    }

    fn initializer(
        &mut self,
        proto: &'m TensorProto,
        types: &Types<'m>,
        scope: &str,
    ) -> Result<(), OnnxError> {
        let value = self.declare(&proto.name, types, || initializers(scope))?;
        self.store(
            ptr::from_ref(proto).addr(),
            value,
            Source::Initializer,
            |it| {
                let name = String::from_utf8_lossy(&proto.name);
                it.tensors.stored(proto, &name, &mut it.findings)
            },
        )
    }

    fn sparse_initializer(
        &mut self,
        proto: &'m SparseTensorProto,
        types: &Types<'m>,
        scope: &str,
    ) -> Result<(), OnnxError> {
        let name = sparse_name(proto);
        let value = self.declare(name, types, || initializers(scope))?;
        let address = ptr::from_ref(proto).addr();
        self.store(address, value, Source::SparseInitializer, |it| {
            Tensors::sparse(proto, &String::from_utf8_lossy(name), &mut it.findings)
        })
    }

    /// Makes `value` one that the stored tensor gives whose message lies at `address`.
    pub(super) fn store(
        &mut self,
        address: usize,
        value: ValueId,
        source: Source,
        make: impl FnOnce(&mut Self) -> Option<StoredTensor>,
    ) -> Result<(), OnnxError> {
        if let Some(known) = self.stored.get(&address).copied() {
            let list = &mut self.network.initializers;
            if let Some(initializer) = known.and_then(|it| list.get_mut(it.at())) {
                initializer.values.push(value);
            }
            return Ok(());
        }
        let tensor = make(self);
        let count = self.network.initializers.len();
        let id = InitializerId::next(count).ok_or(OnnxError::TooMany("tensors"))?;
        self.stored.insert(address, tensor.is_some().then_some(id));
        self.network
            .initializers
            .extend(tensor.map(|tensor| Initializer {
                values: vec![value],
                tensor,
                source,
            }));
        Ok(())
    }

    /// The value that a name stands for in the innermost scope, made here by `maker`. A second one of a
    /// name is a value that nobody can use.
    pub(super) fn declare(
        &mut self,
        name: &'m [u8],
        types: &Types<'m>,
        maker: impl FnOnce() -> String,
    ) -> Result<ValueId, OnnxError> {
        if name.is_empty() {
            return self.value(name);
        }
        if self.scopes.has(name) {
            let about = String::from_utf8_lossy(name);
            self.findings.add("duplicate-output", Some(&about), || {
                let maker = maker();
                format!("{about:?} is made again by {maker}; the first one counts")
            });
            return self.value(name);
        }
        let value = match self.scopes.take_expected(name) {
            Some(value) => value,
            None => self.value(name)?,
        };
        self.scopes.insert(name, value);
        let info = self.network.values.get_mut(value.at());
        if let Some(info) = info.filter(|it| it.declared.is_none()) {
            info.declared = types.get(name).and_then(|it| declared(it));
        }
        Ok(value)
    }

    /// The value of a name that `user` names; `None` for an empty name, and for a formal input that the
    /// call leaves out.
    pub(super) fn resolve(
        &mut self,
        name: &'m [u8],
        about: &str,
        user: impl FnOnce() -> String,
    ) -> Result<Option<ValueId>, OnnxError> {
        if name.is_empty() {
            return Ok(None);
        }
        if let Some(found) = self.scopes.find(name) {
            return Ok(found);
        }
        self.findings.add("missing-input", Some(about), || {
            let name = String::from_utf8_lossy(name);
            format!("{} names {name:?}, which nothing makes", user())
        });
        let value = self.value(name)?;
        self.scopes.insert(name, value);
        Ok(Some(value))
    }
}

/// A sparse tensor's name is that of its values.
fn sparse_name(proto: &SparseTensorProto) -> &[u8] {
    proto.values.as_ref().map_or(&[], |it| &*it.name)
}

fn initializers(scope: &str) -> String {
    if scope.is_empty() {
        "an initializer".to_owned()
    } else {
        format!("an initializer in {scope:?}")
    }
}
