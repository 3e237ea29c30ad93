//! The tensor that an operator sees at its weight input: stored bytes, and what the operators between
//! them and the layer make of them.

mod arithmetic;
mod call;
mod movement;
mod quantise;

use std::collections::BTreeMap;
use std::rc::Rc;

use call::Call;

use super::array::{Array, numel};
use super::real::Real;
use crate::infer::Shapes;
use crate::network::{Edges, InitializerId, Network, Node, Producer, ValueId};
use crate::op::{Element, MICROSOFT, ONNX};
use crate::tensor::{DataType, Payload, StoredTensor, decode};
use crate::units::Bytes;

/// Operators between a stored tensor and the layer beyond which it is not followed.
const MOST_DEPTH: usize = 64;

/// Gives the packed little-endian bytes of a stored tensor, or says why not.
pub type Load<'a> = dyn Fn(&StoredTensor) -> Result<Vec<u8>, String> + Sync + 'a;

/// A model, and what is known of it.
#[derive(Clone, Copy)]
pub struct Model<'a> {
    /// The model.
    pub network: &'a Network,
    /// Its edges.
    pub edges: &'a Edges,
    /// What is known of its values.
    pub shapes: &'a Shapes,
    /// Reads stored tensors.
    pub load: &'a Load<'a>,
}

/// Works out values of one layer; dropped with it.
pub(super) struct Evaluator<'a, T> {
    model: Model<'a>,
    /// Bytes that may be held.
    limit: u64,
    held: u128,
    depth: usize,
    known: BTreeMap<ValueId, Rc<Array<T>>>,
}

impl<'a, T: Real> Evaluator<'a, T> {
    /// An evaluator that holds no more than `limit` bytes.
    pub(super) fn new(model: Model<'a>, limit: u64) -> Self {
        Self {
            model,
            limit,
            held: 0,
            depth: 0,
            known: BTreeMap::new(),
        }
    }

    /// States a value that is not to be worked out.
    #[cfg(all(test, feature = "verify"))]
    pub(super) fn give(&mut self, id: ValueId, value: Array<T>) {
        self.known.insert(id, Rc::new(value));
    }

    /// The value, where it was stated or worked out before.
    pub(super) fn known(&self, id: ValueId) -> Option<Rc<Array<T>>> {
        self.known.get(&id).cloned()
    }

    /// The element type of a value.
    pub(super) fn data_type(&self, id: ValueId) -> Option<DataType> {
        if let Producer::Initializer(id) = self.model.edges.producer(id) {
            return self.model.network.initializer(id).tensor.data_type;
        }
        self.model.shapes.value(id).data_type
    }

    /// Works out `id`.
    ///
    /// # Errors
    /// Why it is known at run time only, or cannot be held or read.
    pub(super) fn value(&mut self, id: ValueId) -> Result<Rc<Array<T>>, String> {
        if let Some(known) = self.known(id) {
            return Ok(known);
        }
        if self.depth >= MOST_DEPTH {
            return Err(format!("lies behind more than {MOST_DEPTH} operators"));
        }
        self.depth += 1;
        let value = self.work_out(id);
        self.depth -= 1;
        let value = Rc::new(value?);
        self.known.insert(id, Rc::clone(&value));
        Ok(value)
    }

    /// Works out `id` and gives it away, without a copy where nothing else holds it.
    ///
    /// # Errors
    /// As [`Self::value`].
    pub(super) fn take(&mut self, id: ValueId) -> Result<Array<T>, String> {
        let value = self.value(id)?;
        self.known.remove(&id);
        Ok(Rc::try_unwrap(value).unwrap_or_else(|it| Array::clone(&it)))
    }

    fn work_out(&mut self, id: ValueId) -> Result<Array<T>, String> {
        let name = &self.model.network.value(id).name;
        match self.model.edges.producer(id) {
            Producer::Initializer(stored) => self.stored(stored),
            Producer::Input(..) => Err(format!("{name:?} is an input, known at run time only")),
            Producer::Missing => Err(format!("nothing makes {name:?}")),
            Producer::Node(node, place) => {
                let network = self.model.network;
                let node = network.node(node);
                match self.apply(node, place, id) {
                    Some(value) => value,
                    None => self.inferred(id).ok_or_else(|| {
                        format!("computed at run time by {} {:?}", node.op_type, node.name)
                    }),
                }
            }
        }
    }

    /// What `node` makes of its inputs; `None` for an operator that is not known here.
    fn apply(
        &mut self,
        node: &Node,
        place: usize,
        id: ValueId,
    ) -> Option<Result<Array<T>, String>> {
        let quantiser = matches!(&*node.op_type, "DequantizeLinear" | "QuantizeLinear");
        if *node.domain != *ONNX && !(quantiser && *node.domain == *MICROSOFT) {
            return None;
        }
        let call = Call {
            node,
            place,
            data_type: self.model.shapes.value(id).data_type,
            sizes: self.sizes(id),
        };
        if let Some(sizes) = &call.sizes
            && let Err(reason) = self.hold(sizes, 0)
        {
            return Some(Err(reason));
        }
        movement::apply(self, &call)
            .or_else(|| arithmetic::apply(self, &call))
            .or_else(|| quantise::apply(self, &call))
    }

    /// The inferred sizes of a value.
    pub(super) fn sizes(&self, id: ValueId) -> Option<Vec<usize>> {
        let sizes = self.model.shapes.value(id).sizes()?;
        sizes.iter().map(|it| usize::try_from(*it).ok()).collect()
    }

    /// A small value that inference carried along.
    fn inferred(&self, id: ValueId) -> Option<Array<T>> {
        let elements = self.model.shapes.value(id).elements.clone()?;
        let number = |element: &Element| match element {
            Element::Int(value) => Some(T::from_f64(decimal(*value))),
            Element::Float(value) => Some(T::from_f64(*value)),
            _ => None,
        };
        let values: Option<Vec<T>> = elements.iter().map(number).collect();
        Array::new(self.sizes(id)?, values?)
    }

    /// Books `sizes` elements and `raw` more bytes.
    fn hold(&mut self, sizes: &[usize], raw: u128) -> Result<(), String> {
        let count = numel(sizes).and_then(|it| u128::try_from(it).ok());
        let bytes = count.and_then(|it| it.checked_mul(T::BYTES.into())?.checked_add(raw));
        let held = bytes.and_then(|it| it.checked_add(self.held));
        match held.filter(|it| *it <= self.limit.into()) {
            Some(held) => {
                self.held = held;
                Ok(())
            }
            None => Err(format!(
                "needs more than the limit of {} (--max-bytes)",
                Bytes(self.limit)
            )),
        }
    }

    fn stored(&mut self, id: InitializerId) -> Result<Array<T>, String> {
        let network = self.model.network;
        let tensor = &network.initializer(id).tensor;
        let name = &tensor.name;
        check_payload(tensor).map_err(|it| match tensor.payload {
            // The file's name says it, for all tensors that lie there.
            Payload::External { .. } => it,
            _ => format!("{name:?}: {it}"),
        })?;
        let (Some(data_type), Some(needed)) = (tensor.data_type, tensor.bytes()) else {
            return Err(format!("{name:?} is not of a numeric type"));
        };
        let sizes = tensor.dims.iter().map(|it| usize::try_from(*it).ok());
        let sizes: Option<Vec<usize>> = sizes.collect();
        let sizes = sizes.ok_or_else(|| format!("{name:?} is too large"))?;
        self.hold(&sizes, needed)?;
        let bytes = (self.model.load)(tensor).map_err(|it| format!("{name:?}: {it}"))?;
        let found = u128::try_from(bytes.len()).unwrap_or(u128::MAX);
        // The bytes go as soon as they are decoded.
        self.held = self.held.saturating_sub(needed);
        if found < needed {
            return Err(format!(
                "{name:?} needs {needed} bytes, its data has {found}"
            ));
        }
        let values = elements(data_type, &bytes, numel(&sizes).unwrap_or(0));
        let array = values.and_then(|it| Array::new(sizes, it));
        array.ok_or_else(|| format!("{name:?} cannot be decoded as {data_type}"))
    }
}

/// The first `count` elements of packed bytes.
fn elements<T: Real>(data_type: DataType, bytes: &[u8], count: usize) -> Option<Vec<T>> {
    if matches!(data_type, DataType::Complex64 | DataType::Complex128) {
        return None;
    }
    if let Some(mut values) = T::straight(data_type, bytes) {
        values.truncate(count);
        return Some(values);
    }
    let element = |at| Some(T::from_f64(decode(data_type, bytes, at)?.to_f64()));
    (0..count).map(element).collect()
}

/// Why the elements of a stored tensor are not there.
///
/// # Errors
/// The reason.
pub(super) fn check_payload(tensor: &StoredTensor) -> Result<(), String> {
    match &tensor.payload {
        Payload::Sparse => Err("stored sparse, and its values are not read".to_owned()),
        Payload::Absent if tensor.numel() != Some(0) => Err("the file holds no data".to_owned()),
        // The reader's words name the file.
        Payload::External {
            problem: Some(problem),
            ..
        } => Err(format!("external data {problem}")),
        _ => Ok(()),
    }
}

/// A whole number as a float; exact up to 2^53.
fn decimal(value: i64) -> f64 {
    crate::tensor::Number::Int(value).to_f64()
}
