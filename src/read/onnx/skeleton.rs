//! Pass 1: a model without its payloads.
//!
//! The scanner walks the wire format over small reads, copies the fields that are used, skips the
//! others, and leaves a tensor's elements from 1 KiB up where they are. What it writes is a small,
//! valid `ModelProto`, in which [`Elsewhere`] tells where those elements lie. One pass, one buffer: a
//! message's length is put in place when its end is reached, so nothing is copied twice however
//! deep it stands.

use prost::Message;

use super::error::OnnxError;
use super::payloads::Payloads;
use super::proto::{ELSEWHERE, Elsewhere};
use super::schema::{Kind, Rule};
use super::window::Window;
use super::wire::{self, BYTES, FIXED32, FIXED64, Key, VARINT};
use crate::source::Source;
use crate::units::wide;

/// Messages inside messages, the file itself not counted; prost decodes 100. A graph in an
/// attribute of a node is three of them.
const MOST_NESTED: usize = 90;
/// A string attribute from this length on is dropped.
const LONG_STRING: u64 = 64 << 10;
/// Memory that the structure of any file may take, in bytes.
const BASE_BUDGET: u64 = 64 << 20;
/// Memory that it may take beyond for each byte of it. Exporters' files need about 10.
const BUDGET_FACTOR: u64 = 48;
/// The most of structure that is read, in bytes.
const MOST_STRUCTURE: u64 = 128 << 20;
/// Memory of a string or list beside its bytes.
const ALLOCATION: u64 = 48;

/// Memory of a run of elements that stay where they are.
const REGION: u64 = 16;

/// A message that the scanner is in.
struct Frame {
    kind: Kind,
    /// Where it ends in the file.
    end: u64,
    /// Where its body begins in the skeleton, its length right before.
    body: usize,
    /// What was seen of a tensor's elements; of an attribute, of those of its tensor.
    payloads: Payloads,
}

/// The skeleton of an ONNX file: a `ModelProto` without large payloads. `head` is what was read of the
/// file's beginning.
///
/// # Errors
/// [`OnnxError`] where the bytes are no protobuf, or not ONNX's, or too much of it.
pub(super) fn scan(source: &dyn Source, head: Vec<u8>) -> Result<Vec<u8>, OnnxError> {
    let window = Window::new(source, head);
    let model = Frame {
        kind: Kind::Model,
        end: window.size(),
        body: 0,
        payloads: Payloads::default(),
    };
    let mut scanner = Scanner {
        window,
        out: Vec::new(),
        frames: vec![model],
        cost: 0,
        structure: 0,
    };
    while scanner.step()? {}
    Ok(scanner.out)
}

/// Whether it is the one tensor of an attribute, which may come in several parts.
fn is_tensor_of(kind: Kind, around: Kind) -> bool {
    kind == Kind::Tensor && around == Kind::Attribute
}

struct Scanner<'s> {
    window: Window<'s>,
    out: Vec<u8>,
    frames: Vec<Frame>,
    /// Memory that the decoded structure will take, in bytes.
    cost: u64,
    /// Bytes of the file that were structure.
    structure: u64,
}

impl Scanner<'_> {
    /// Reads one field, or leaves a message; false at the end of the file.
    fn step(&mut self) -> Result<bool, OnnxError> {
        let Some(frame) = self.frames.last() else {
            return Ok(false);
        };
        let (kind, end) = (frame.kind, frame.end);
        let offset = self.window.offset();
        if offset >= end {
            self.leave()?;
            return Ok(true);
        }
        let key = wire::key(&mut self.window, end)?;
        match kind.rule(key.field) {
            Some(rule) => self.field(kind, key, rule, offset, end)?,
            None => self.skip(kind, key, offset, end)?,
        }
        Ok(true)
    }

    fn field(
        &mut self,
        kind: Kind,
        key: Key,
        rule: Rule,
        offset: u64,
        end: u64,
    ) -> Result<(), OnnxError> {
        rule.accepts(key.wire)
            .map_err(|expected| OnnxError::WireType {
                field: key.field,
                message: kind.name(),
                found: key.wire,
                expected,
                offset,
            })?;
        match rule {
            Rule::Enter(kind) => self.enter(kind, key, offset, end),
            Rule::Raw => self.raw(key, offset, end),
            Rule::Elements(wire) => self.elements(key, wire, offset, end),
            _ if key.wire == BYTES => {
                let length = self.length(key, offset, end)?;
                if rule == Rule::KeepShort && length >= LONG_STRING {
                    self.window.skip(length);
                    return Ok(());
                }
                // A packed varint of one byte becomes eight.
                let growth = if rule == Rule::Numbers(VARINT) { 8 } else { 1 };
                self.charge(offset, length, ALLOCATION + length.saturating_mul(growth))?;
                wire::put_key(key, &mut self.out);
                wire::put_varint(length, &mut self.out);
                self.window.copy(length, &mut self.out)
            }
            _ => {
                self.charge(offset, 0, 8)?;
                wire::put_key(key, &mut self.out);
                wire::copy_number(&mut self.window, key, offset, end, &mut self.out)
            }
        }
    }

    /// Begins a message; its length is known when it has ended.
    fn enter(&mut self, kind: Kind, key: Key, offset: u64, end: u64) -> Result<(), OnnxError> {
        let length = self.length(key, offset, end)?;
        if self.frames.len() > MOST_NESTED {
            let most = MOST_NESTED;
            return Err(OnnxError::Nesting { most, offset });
        }
        self.charge(offset, 0, kind.cost())?;
        wire::put_key(key, &mut self.out);
        self.out.extend_from_slice(&wire::padded(0));
        // Protobuf merges a message that comes in several parts, so its payloads go on where they were.
        let around = self.frames.last_mut();
        let payloads = around.filter(|it| is_tensor_of(kind, it.kind));
        let mut payloads = payloads.map(|it| std::mem::take(&mut it.payloads));
        if let Some(payloads) = &mut payloads {
            payloads.next_part();
        }
        self.frames.push(Frame {
            kind,
            end: self.window.offset().saturating_add(length),
            body: self.out.len(),
            payloads: payloads.unwrap_or_default(),
        });
        Ok(())
    }

    /// Ends the innermost message.
    fn leave(&mut self) -> Result<(), OnnxError> {
        let Some(frame) = self.frames.pop() else {
            return Ok(());
        };
        if frame.kind == Kind::Tensor {
            self.put_payloads(&frame.payloads)?;
        }
        let length = wire::padded(wide(self.out.len().saturating_sub(frame.body)));
        if let Some(place) = frame
            .body
            .checked_sub(length.len())
            .and_then(|start| self.out.get_mut(start..frame.body))
        {
            place.copy_from_slice(&length);
        }
        let around = self.frames.last_mut();
        if let Some(attribute) = around.filter(|it| is_tensor_of(frame.kind, it.kind)) {
            attribute.payloads = frame.payloads;
        }
        Ok(())
    }

    fn put_payloads(&mut self, payloads: &Payloads) -> Result<(), OnnxError> {
        for (field, bytes) in payloads.inline() {
            if let Some(field) = field {
                wire::put_bytes(field, bytes, &mut self.out);
            } else {
                self.out.extend_from_slice(bytes);
            }
        }
        for elsewhere in payloads.elsewhere() {
            self.put_elsewhere(&elsewhere)?;
        }
        Ok(())
    }

    fn put_elsewhere(&mut self, elsewhere: &Elsewhere) -> Result<(), OnnxError> {
        let cost = wide(elsewhere.offsets.len()).saturating_mul(REGION);
        self.charge(self.window.offset(), 0, cost)?;
        wire::put_bytes(ELSEWHERE, &elsewhere.encode_to_vec(), &mut self.out);
        Ok(())
    }

    /// A tensor's `raw_data`.
    fn raw(&mut self, key: Key, offset: u64, end: u64) -> Result<(), OnnxError> {
        let length = self.length(key, offset, end)?;
        let Some(frame) = self.frames.last_mut() else {
            return Ok(());
        };
        frame.payloads.raw(&mut self.window, key.field, length)
    }

    /// A tensor's elements in a typed field: one of them, or a packed list.
    fn elements(&mut self, key: Key, wire: u8, offset: u64, end: u64) -> Result<(), OnnxError> {
        let packed = key.wire == BYTES;
        let length = if packed {
            Some(self.length(key, offset, end)?)
        } else {
            None
        };
        let Some(frame) = self.frames.last_mut() else {
            return Ok(());
        };
        let new_region = if let Some(length) = length {
            let payloads = &mut frame.payloads;
            payloads.list(&mut self.window, key, wire, length, offset)?
        } else {
            let mut bytes = Vec::new();
            wire::put_key(key, &mut bytes);
            wire::copy_number(&mut self.window, key, offset, end, &mut bytes)?;
            let after = self.window.offset();
            frame.payloads.one(key.field, &bytes, offset, after)
        };
        // Elements are no structure, so the length that was passed does not count as such.
        let after = self.window.offset();
        self.charge(after, 0, if new_region { REGION } else { 0 })
    }

    /// Passes over a field that is not used.
    fn skip(&mut self, kind: Kind, key: Key, offset: u64, end: u64) -> Result<(), OnnxError> {
        match key.wire {
            BYTES => {
                let length = self.length(key, offset, end)?;
                self.window.skip(length);
                Ok(())
            }
            VARINT | FIXED32 | FIXED64 => {
                wire::copy_number(&mut self.window, key, offset, end, &mut Vec::new())
            }
            found => Err(OnnxError::WireType {
                field: key.field,
                message: kind.name(),
                found,
                expected: "0, 1, 2 or 5",
                offset,
            }),
        }
    }

    /// The length of a field that lies before byte `end`.
    fn length(&mut self, key: Key, offset: u64, end: u64) -> Result<u64, OnnxError> {
        let claims = wire::varint(&mut self.window, end)?;
        let left = end.saturating_sub(self.window.offset());
        if claims > left {
            return Err(OnnxError::PastEnd {
                field: key.field,
                claims,
                offset,
                end,
                size: self.window.size(),
            });
        }
        Ok(claims)
    }

    /// Books a field that began at `offset`, of which `length` bytes are still to come, and what it
    /// will take in memory, before anything is allocated for it.
    fn charge(&mut self, offset: u64, length: u64, cost: u64) -> Result<(), OnnxError> {
        let header = self.window.offset().saturating_sub(offset);
        self.structure = self.structure.saturating_add(header).saturating_add(length);
        self.cost = self.cost.saturating_add(cost);
        let limit = BASE_BUDGET.saturating_add(self.structure.saturating_mul(BUDGET_FACTOR));
        if self.cost > limit || self.structure > MOST_STRUCTURE {
            return Err(OnnxError::Budget {
                offset,
                needed: self.cost,
                structure: self.structure,
                limit: limit.min(MOST_STRUCTURE.saturating_mul(BUDGET_FACTOR)),
            });
        }
        Ok(())
    }
}
