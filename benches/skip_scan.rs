//! The physical limit of reading an ONNX file: walk its messages and step over every payload, and do nothing else.
//!
//! ```sh
//! cargo bench --bench skip_scan -- model.onnx
//! ```
//!
//! Reads 4 KiB at a time, steps into ModelProto.graph, its nodes and its tensors, and seeks past whatever is
//! 1 KiB or longer inside a tensor. Prints the messages seen and the bytes read. `benches/speed.py` runs it beside us.
//! Trusts its file: it is a yardstick, not a reader. Without a file it does nothing.
#![expect(clippy::print_stdout, reason = "its result")]

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::process::ExitCode;

const WINDOW: usize = 1 << 12;
const PAYLOAD: u64 = 1 << 10;

/// A message of which fields are walked, by field number.
#[derive(Clone, Copy, PartialEq)]
enum Message {
    Model,
    Graph,
    Node,
    Tensor,
    Other,
}

impl Message {
    fn field(self, number: u64) -> Self {
        match (self, number) {
            (Self::Model, 7) => Self::Graph,
            (Self::Graph, 1) => Self::Node,
            (Self::Graph, 5) => Self::Tensor,
            _ => Self::Other,
        }
    }
}

struct Scan {
    file: File,
    window: Vec<u8>,
    begins: u64,
    read: u64,
    messages: u64,
}

impl Scan {
    fn byte(&mut self, at: u64) -> io::Result<u8> {
        if let Some(offset) = at.checked_sub(self.begins)
            && let Some(byte) = self.window.get(usize::try_from(offset).unwrap())
        {
            return Ok(*byte);
        }
        self.window.resize(WINDOW, 0);
        let length = self.file.read_at(&mut self.window, at)?;
        self.window.truncate(length);
        self.begins = at;
        self.read += u64::try_from(length).unwrap();
        self.window
            .first()
            .copied()
            .ok_or(io::ErrorKind::UnexpectedEof.into())
    }

    fn varint(&mut self, at: &mut u64) -> io::Result<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte(*at)?;
            *at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        Ok(value)
    }

    fn walk(&mut self, message: Message, mut at: u64, end: u64) -> io::Result<()> {
        self.messages += 1;
        while at < end {
            let key = self.varint(&mut at)?;
            match key & 7 {
                0 => {
                    self.varint(&mut at)?;
                }
                1 => at += 8,
                5 => at += 4,
                _ => {
                    let length = self.varint(&mut at)?;
                    let inner = message.field(key >> 3);
                    if inner != Message::Other {
                        self.walk(inner, at, at + length)?;
                    } else if length < PAYLOAD {
                        // What is short is looked at, as a reader would.
                        self.byte(at + length.saturating_sub(1))?;
                    }
                    at += length;
                }
            }
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    let Some(path) = std::env::args().skip(1).find(|it| !it.starts_with("--")) else {
        return ExitCode::SUCCESS;
    };
    let file = File::open(&path).unwrap();
    let end = file.metadata().unwrap().len();
    let mut scan = Scan {
        file,
        window: Vec::new(),
        begins: 0,
        read: 0,
        messages: 0,
    };
    scan.walk(Message::Model, 0, end).unwrap();
    println!("{} messages, {} bytes read", scan.messages, scan.read);
    ExitCode::SUCCESS
}
