//! The same message in other bytes: fields in another order, lists packed or not, fields that nobody knows,
//! numbers that a later one replaces, messages in two parts that protobuf merges, lengths with idle bytes.

use crate::support::wire::{key, varint};

/// A kind of message, as far as its encoding goes.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Text, or a message that is taken as it is.
    Plain,
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    Sparse,
    Info,
    Type,
    TensorType,
    Shape,
    Dimension,
    Function,
}

use Kind as K;

/// Messages inside of each message: the field, what it is, and whether there is one at most.
fn inner(kind: Kind) -> &'static [(u32, Kind, bool)] {
    match kind {
        K::Model => &[(7, K::Graph, true), (25, K::Function, false)],
        K::Graph => &[
            (1, K::Node, false),
            (5, K::Tensor, false),
            (11, K::Info, false),
            (12, K::Info, false),
            (13, K::Info, false),
            (15, K::Sparse, false),
        ],
        K::Node => &[(5, K::Attribute, false)],
        K::Attribute => &[
            (5, K::Tensor, true),
            (6, K::Graph, true),
            (11, K::Graph, false),
            (22, K::Sparse, true),
        ],
        K::Sparse => &[(1, K::Tensor, true)],
        K::Info => &[(2, K::Type, true)],
        K::Type => &[(1, K::TensorType, true)],
        K::TensorType => &[(2, K::Shape, true)],
        K::Shape => &[(1, K::Dimension, false)],
        K::Function => &[(7, K::Node, false), (11, K::Attribute, false)],
        _ => &[],
    }
}

/// Lists of numbers: the field, and the wire type of one.
fn lists(kind: Kind) -> &'static [(u32, u8)] {
    match kind {
        K::Tensor => &[(1, 0), (4, 5), (5, 0), (7, 0), (10, 1), (11, 0)],
        K::Attribute => &[(7, 5), (8, 0)],
        K::Sparse => &[(3, 0)],
        _ => &[],
    }
}

/// Fields of which the last counts.
fn scalars(kind: Kind) -> &'static [u32] {
    match kind {
        K::Model => &[1, 2, 3],
        K::Graph => &[2],
        K::Node => &[3, 4, 7],
        K::Attribute => &[1, 2, 3, 4, 20],
        K::Tensor => &[2, 8, 9, 14],
        K::TensorType => &[1],
        _ => &[],
    }
}

/// What to do to a message.
#[expect(clippy::struct_excessive_bools, reason = "each is a way by itself")]
#[derive(Clone, Copy, Default)]
pub(crate) struct Ways {
    pub(crate) shuffled: bool,
    pub(crate) repacked: bool,
    pub(crate) unknown: bool,
    pub(crate) replaced: bool,
    pub(crate) split: bool,
    pub(crate) idle: bool,
}

impl Ways {
    /// One way for each bit.
    pub(crate) fn of(bits: u8) -> Self {
        let has = |at: u8| bits >> at & 1 == 1;
        Self {
            shuffled: has(0),
            repacked: has(1),
            unknown: has(2),
            replaced: has(3),
            split: has(4),
            idle: has(5),
        }
    }
}

/// A field of a message: its number, its wire type, its value without a length.
#[derive(Clone)]
struct Field {
    number: u32,
    wire: u8,
    value: Vec<u8>,
}

/// A `ModelProto` in other bytes.
pub(crate) fn mangled(model: &[u8], ways: Ways, seed: u64) -> Vec<u8> {
    let mut mangler = Mangler {
        ways,
        state: seed | 1,
    };
    mangler.message(K::Model, model)
}

struct Mangler {
    ways: Ways,
    state: u64,
}

impl Mangler {
    /// Marsaglia's xorshift.
    fn below(&mut self, most: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state >> 33).unwrap() % most.max(1)
    }

    fn message(&mut self, kind: Kind, bytes: &[u8]) -> Vec<u8> {
        let fields = self.fields(kind, bytes);
        self.written(&fields)
    }

    /// The fields of a message in their new order.
    fn fields(&mut self, kind: Kind, bytes: &[u8]) -> Vec<Field> {
        let mut out = Vec::new();
        for field in parsed(bytes) {
            let message = inner(kind).iter().find(|it| it.0 == field.number);
            if let Some((_, inside, single)) = message {
                self.enter(*inside, *single, &field, &mut out);
            } else if self.ways.replaced && kind == K::Dimension && matches!(field.number, 1 | 2) {
                // A number or a name: of the two the last counts.
                let number = 3 - field.number;
                let other = [(0, varint(77)), (2, b"M".to_vec())];
                let (wire, value) = other[usize::try_from(number).unwrap() - 1].clone();
                out.push(Field {
                    number,
                    wire,
                    value,
                });
                out.push(field);
            } else if self.ways.replaced && scalars(kind).contains(&field.number) {
                out.extend(self.other(&field));
                out.push(field);
            } else {
                out.push(field);
            }
        }
        if self.ways.repacked {
            for (number, wire) in lists(kind) {
                self.repack(*number, *wire, &mut out);
            }
        }
        if self.ways.unknown && kind != K::Plain {
            self.add_unknown(&mut out);
        }
        // The order of a number and a name tells which one counts.
        if self.ways.shuffled && kind != K::Dimension {
            self.shuffle(&mut out);
        }
        out
    }

    /// Another value for a field, sometimes.
    fn other(&mut self, field: &Field) -> Option<Field> {
        let value = match field.wire {
            0 => varint(77),
            2 => vec![0x41; self.below(1500)],
            _ => vec![0x42; field.value.len()],
        };
        (self.below(3) == 0).then(|| Field {
            value,
            ..field.clone()
        })
    }

    /// Takes over a message, in one part or in two.
    fn enter(&mut self, kind: Kind, single: bool, field: &Field, out: &mut Vec<Field>) {
        let fields = self.fields(kind, &field.value);
        let cut = if single && self.ways.split {
            self.below(fields.len() + 1)
        } else {
            0
        };
        let (first, second) = fields.split_at(cut);
        let parts = if cut == 0 {
            vec![second]
        } else {
            vec![first, second]
        };
        for part in parts {
            let value = self.written(part);
            out.push(Field {
                value,
                ..field.clone()
            });
        }
    }

    /// A list of numbers in runs, each packed or its elements by themselves.
    fn repack(&mut self, number: u32, wire: u8, fields: &mut Vec<Field>) {
        let Some(place) = fields.iter().position(|it| it.number == number) else {
            return;
        };
        let mut elements = Vec::new();
        for field in fields.iter().filter(|it| it.number == number) {
            let whole = field.wire != 2;
            let mut rest = &field.value[..];
            while !rest.is_empty() {
                let length = match (whole, wire) {
                    (true, _) => rest.len(),
                    (_, 5) => 4,
                    (_, 1) => 8,
                    _ => rest.iter().position(|it| it & 0x80 == 0).unwrap() + 1,
                };
                elements.push(rest[..length].to_vec());
                rest = &rest[length..];
            }
        }
        fields.retain(|it| it.number != number);
        let mut list = Vec::new();
        let mut rest = &elements[..];
        while !rest.is_empty() {
            let length = 1 + self.below(rest.len());
            let (run, after) = rest.split_at(length);
            rest = after;
            let value = |it: &Vec<u8>, wire| Field {
                number,
                wire,
                value: it.clone(),
            };
            if self.below(2) == 0 {
                list.push(value(&run.concat(), 2));
            } else {
                list.extend(run.iter().map(|it| value(it, wire)));
            }
        }
        fields.splice(place.min(fields.len())..place.min(fields.len()), list);
    }

    fn add_unknown(&mut self, fields: &mut Vec<Field>) {
        for _ in 0..self.below(3) {
            let number = u32::try_from(900 + self.below(200)).unwrap();
            let (wire, value) = match self.below(4) {
                0 => (0, varint(u64::MAX)),
                1 => (1, vec![1; 8]),
                2 => (2, vec![0xff; self.below(2000)]),
                _ => (5, vec![2; 4]),
            };
            let place = self.below(fields.len() + 1);
            let field = Field {
                number,
                wire,
                value,
            };
            fields.insert(place, field);
        }
    }

    /// Another order, that of the fields of one number kept.
    fn shuffle(&mut self, fields: &mut [Field]) {
        let numbers: Vec<u32> = {
            let mut numbers: Vec<u32> = fields.iter().map(|it| it.number).collect();
            for at in (1..numbers.len()).rev() {
                let other = self.below(at + 1);
                numbers.swap(at, other);
            }
            numbers
        };
        let old = fields.to_vec();
        let mut taken = vec![false; old.len()];
        for (place, number) in fields.iter_mut().zip(numbers) {
            let next = (0..old.len()).find(|it| !taken[*it] && old[*it].number == number);
            let next = next.unwrap();
            taken[next] = true;
            *place = old[next].clone();
        }
    }

    fn written(&mut self, fields: &[Field]) -> Vec<u8> {
        let mut out = Vec::new();
        for field in fields {
            out.extend(key(field.number, field.wire));
            if field.wire == 2 {
                let mut length = varint(field.value.len() as u64);
                if self.ways.idle && self.below(3) == 0 && length.len() < 4 {
                    *length.last_mut().unwrap() |= 0x80;
                    length.push(0);
                }
                out.extend(length);
            }
            out.extend(&field.value);
        }
        out
    }
}

/// The fields of a message that a writer wrote.
fn parsed(mut bytes: &[u8]) -> Vec<Field> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let key = number(&mut bytes);
        let (number_of_field, wire) = (u32::try_from(key >> 3).unwrap(), (key & 7) as u8);
        let length = match wire {
            0 => bytes.iter().position(|it| it & 0x80 == 0).unwrap() + 1,
            1 => 8,
            5 => 4,
            2 => usize::try_from(number(&mut bytes)).unwrap(),
            other => panic!("wire type {other}"),
        };
        let (value, rest) = bytes.split_at(length);
        bytes = rest;
        out.push(Field {
            number: number_of_field,
            wire,
            value: value.to_vec(),
        });
    }
    out
}

fn number(bytes: &mut &[u8]) -> u64 {
    let mut out = 0;
    for at in 0.. {
        let (byte, rest) = bytes.split_first().unwrap();
        *bytes = rest;
        out |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            break;
        }
    }
    out
}
