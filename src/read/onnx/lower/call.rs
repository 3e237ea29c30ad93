//! A call of a model-local function: the function's body in its place.

use foldhash::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::body::{Given, too_deep};
use super::functions::{Function, Size, given};
use super::{Lowering, MOST_DEEP, MOST_SCOPE_BYTES, Place};
use crate::network::{Node, NodeId, ValueId};
use crate::op::{Attrs, ONNX};
use crate::read::onnx::error::OnnxError;
use crate::units::grouped;

impl<'m> Lowering<'m, '_> {
    /// Why a call of the function stays one opaque node; `None` where its body takes its place.
    pub(super) fn refusal(&mut self, function: usize, place: &Place<'m>) -> Option<Arc<str>> {
        let Function {
            size, recursive, ..
        } = self.functions.get(function)?;
        if *recursive {
            return Some("the function calls itself".into());
        }
        if place.depth >= MOST_DEEP {
            return Some(too_deep());
        }
        if self.scope_bytes > MOST_SCOPE_BYTES {
            return Some("the names of the scopes around it are too long".into());
        }
        if place.paid {
            return None;
        }
        let left = &mut self.budget;
        let nodes = left.nodes.checked_sub(size.nodes);
        let calls = left.calls.checked_sub(size.calls);
        let Some((nodes, calls)) = nodes.zip(calls) else {
            return Some(over_budget(*size, *left, self.most));
        };
        *left = Size { nodes, calls };
        None
    }

    /// Adds the body of the function; its formal inputs and outputs are the call's values.
    pub(super) fn call(
        &mut self,
        function: usize,
        name: &str,
        inputs: &[Option<ValueId>],
        outputs: &[Option<ValueId>],
        call: &[Given<'m>],
        place: &Place<'m>,
    ) -> Result<Vec<NodeId>, OnnxError> {
        let Some(function) = self.functions.get(function) else {
            return Ok(Vec::new());
        };
        let proto = function.proto;
        let types = Rc::clone(&function.types);
        let opsets = Rc::clone(&function.opsets);
        let inner = Place {
            scope: self.scope(&place.scope, name),
            opsets,
            given: Rc::new(given(call, proto)),
            depth: place.depth.saturating_add(1),
            paid: true,
        };
        let actual = |at: usize| inputs.get(at).copied().flatten();
        let formal = proto.input.iter().enumerate();
        let formal: HashMap<_, _> = formal.map(|(at, it)| (&**it, actual(at))).collect();
        let results: Vec<(&'m [u8], ValueId)> = proto
            .output
            .iter()
            .zip(outputs)
            .filter_map(|(name, value)| Some((&**name, (*value)?)))
            .collect();
        self.scopes
            .open_closed(formal, results.iter().copied().collect());
        let mut nodes = self.body(&proto.node, &types, &inner)?;
        for (formal, value) in results {
            nodes.extend(self.result(formal, value, name, &inner)?);
        }
        self.scopes.close();
        Ok(nodes)
    }

    /// An `Identity` where a formal output is not made in the body: it is a formal input too, or an output
    /// named twice.
    fn result(
        &mut self,
        formal: &'m [u8],
        value: ValueId,
        name: &str,
        place: &Place<'m>,
    ) -> Result<Option<NodeId>, OnnxError> {
        let user = || format!("the function that node {name:?} calls");
        let made = self.resolve(formal, name, user)?;
        if made.is_none_or(|it| it == value) {
            return Ok(None);
        }
        let node = Node {
            name: String::from_utf8_lossy(formal).into_owned(),
            op_type: self.intern(b"Identity"),
            domain: self.intern(ONNX.as_bytes()),
            opset: place.opsets.get(ONNX).copied().unwrap_or(1),
            scope: Arc::clone(&place.scope),
            inputs: vec![made],
            outputs: vec![Some(value)],
            attrs: Attrs::default(),
            subgraphs: Vec::new(),
            opaque: None,
        };
        self.push(node).map(Some)
    }
}

fn over_budget(size: Size, left: Size, most: Size) -> Arc<str> {
    let number = |it: u64| grouped(&it.to_string());
    let (what, size, left, most) = if size.nodes > left.nodes {
        ("nodes", size.nodes, left.nodes, most.nodes)
    } else {
        ("calls", size.calls, left.calls, most.calls)
    };
    let (size, left, most) = (number(size), number(left), number(most));
    format!("the function becomes {size} {what}, {left} of {most} are left for functions").into()
}
