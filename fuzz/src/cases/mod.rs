//! One function a fuzz target: bytes in, and a panic where a promise is broken.
//!
//! No file may make the product panic, overflow its stack or take memory and time out of proportion; what
//! comes out of it can be read by the readers of each format; and what it writes to read again reads the same.

mod asked;
mod inspection;
pub mod mutate;
mod reports;
mod sums;
mod written;

use cnninspect::read::{self, Model};
use cnninspect::verify::{Choice, Limits};

/// A fuzz target.
pub struct Case {
    /// Its name, and that of the folders with its inputs.
    pub name: &'static str,
    /// What it runs.
    pub run: fn(&[u8]),
}

/// Every target.
pub const CASES: &[Case] = &[
    Case {
        name: "skeleton",
        run: skeleton,
    },
    Case {
        name: "onnx",
        run: onnx,
    },
    Case {
        name: "model",
        run: model,
    },
    Case {
        name: "verify",
        run: verify,
    },
    Case {
        name: "safetensors",
        run: safetensors,
    },
    Case {
        name: "geometry",
        run: geometry,
    },
    Case {
        name: "config",
        run: config,
    },
    Case {
        name: "pt2",
        run: pt2,
    },
];

/// A layer that needs more is not run: a run's own time says nothing about how a file is read.
const LIMITS: Limits = Limits {
    bytes: 1 << 16,
    macs: 1 << 12,
};

/// `ModelProto.ir_version` = 8: what begins with it can only be taken for ONNX.
const IR_VERSION: &[u8] = &[8, 8];

/// The skeleton reader by itself.
pub fn skeleton(bytes: &[u8]) {
    let bytes = [IR_VERSION, bytes].concat();
    let size = bytes.len();
    if let Ok(model) = read::read_bytes(bytes) {
        let size = u64::try_from(size).unwrap();
        // Every byte once, and the head that decides on the format a second time.
        assert!(
            model.bytes_read() <= size.saturating_mul(2),
            "read too much"
        );
    }
}

/// An ONNX file: read, inferred, accounted for, and written in every format.
pub fn onnx(bytes: &[u8]) {
    whole(&[IR_VERSION, bytes].concat(), &Choice::None);
}

/// The same, for models that `mutate` keeps whole, so that they come past the reader.
pub fn model(bytes: &[u8]) {
    whole(bytes, &Choice::None);
}

/// Runs every convolution within limits.
pub fn verify(bytes: &[u8]) {
    whole(bytes, &Choice::All);
}

/// A safetensors file, or only its header.
pub fn safetensors(bytes: &[u8]) {
    let text = bytes.iter().find(|it| !it.is_ascii_whitespace());
    if text == Some(&b'{') {
        let length = u64::try_from(bytes.len()).unwrap().to_le_bytes();
        whole(&[&length, bytes].concat(), &Choice::None);
    } else {
        whole(bytes, &Choice::None);
    }
}

/// A geometry file.
pub fn geometry(bytes: &[u8]) {
    written::geometry(&String::from_utf8_lossy(bytes));
}

/// A configuration, and a lock file.
pub fn config(bytes: &[u8]) {
    written::config(&String::from_utf8_lossy(bytes));
}

/// An archive of torch.export, or the JSON inside.
pub fn pt2(bytes: &[u8]) {
    whole(bytes, &Choice::None);
}

fn whole(bytes: &[u8], choice: &Choice) {
    let read = || read::read_bytes(bytes.to_vec());
    match read() {
        Ok(model) => inspection::inspect(model, bytes, choice),
        Err(error) => reports::plain(&error.to_string()),
    }
}

/// A number that depends on every byte: it picks how an input is inspected.
///
/// Source: FNV-1a, <http://www.isthe.com/chongo/tech/comp/fnv/>
fn pick(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, it| {
        (hash ^ u64::from(*it)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The model again, for what is done a second time.
fn again(bytes: &[u8]) -> Model {
    read::read_bytes(bytes.to_vec()).expect("it was read before")
}
