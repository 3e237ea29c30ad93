//! Files that are often taken for models, told by their first bytes.

/// Bytes of a file's beginning that are looked at.
pub(super) const HEAD: usize = 512;

/// A kind of file that this version does not read.
struct Foreign {
    /// Completes "is …".
    what: &'static str,
    /// Whether the first bytes look like it.
    sniff: fn(&[u8]) -> bool,
}

/// Every kind, the surest sign first.
const FOREIGN: &[Foreign] = &[
    Foreign {
        what: "a Git LFS pointer, not the model itself; `git lfs pull` fetches it",
        sniff: |it| it.starts_with(b"version https://git-lfs"),
    },
    Foreign {
        what: "an HDF5 file, as Keras writes; this version does not read it",
        sniff: |it| it.starts_with(b"\x89HDF\r\n\x1a\n"),
    },
    Foreign {
        what: "a Python pickle, as old PyTorch files are; export the model to ONNX",
        sniff: |it| matches!(it, [0x80, 2..=5, ..]),
    },
    Foreign {
        what: "a TensorFlow Lite file, which this version does not read",
        sniff: |it| it.get(4..8) == Some(b"TFL3"),
    },
    Foreign {
        what: "an ONNX Runtime format file (.ort), which this version does not read",
        sniff: |it| it.get(4..8) == Some(b"ORTM"),
    },
    Foreign {
        what: "a GGUF file, which this version does not read",
        sniff: |it| it.starts_with(b"GGUF"),
    },
    Foreign {
        what: "a NumPy array, not a model",
        sniff: |it| it.starts_with(b"\x93NUMPY"),
    },
    Foreign {
        what: "compressed by gzip; unpack it first",
        sniff: |it| it.starts_with(b"\x1f\x8b"),
    },
    Foreign {
        what: "an HTML page, perhaps an error page in place of a download",
        sniff: html,
    },
    Foreign {
        what: "a text file, not a model",
        sniff: text,
    },
];

/// What a file is that this version does not read, to follow "is".
pub(super) fn foreign(head: &[u8]) -> Option<&'static str> {
    let found = FOREIGN.iter().find(|it| (it.sniff)(head));
    found.map(|it| it.what)
}

fn html(head: &[u8]) -> bool {
    let text = head.trim_ascii_start().to_ascii_lowercase();
    text.starts_with(b"<!doctype html") || text.starts_with(b"<html")
}

/// UTF-8 without control characters. ONNX has one at its first length at the latest.
fn text(head: &[u8]) -> bool {
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The last character may be cut.
        Err(error) if error.valid_up_to().saturating_add(4) > HEAD => {
            let valid = head.get(..error.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(valid).unwrap_or_default()
        }
        Err(_) => return false,
    };
    let is_text = |it: char| !it.is_control() || matches!(it, '\t' | '\n' | '\r');
    !valid.is_empty() && valid.chars().all(is_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_told_by_its_bytes() {
        let long_text = [b"plain ".repeat(85), b"a\xc3".to_vec()].concat();
        let cases: &[(&[u8], Option<&str>)] = &[
            (
                b"version https://git-lfs.github.com/spec/v1\noid",
                Some("a Git LFS"),
            ),
            (b"\x89HDF\r\n\x1a\n\0", Some("an HDF5 file")),
            (b"\x80\x02\x8a\x0a", Some("a Python pickle")),
            (b"\x1c\0\0\0TFL3", Some("a TensorFlow Lite file")),
            (b"\x1c\0\0\0ORTM", Some("an ONNX Runtime format file")),
            (b"GGUF\x03\0\0\0", Some("a GGUF file")),
            (b"\n<!DOCTYPE HTML>", Some("an HTML page")),
            (b"hello\n", Some("a text file")),
            (&long_text, Some("a text file")),
            (b"\x08\x07\x12\x07pytorch", None),
            (b"\x0a\x04node", None),
            (b":\x05\x0a\x03", None),
            (b"", None),
        ];
        for (head, expected) in cases {
            let got = foreign(head);
            let same = match expected {
                Some(start) => got.is_some_and(|it| it.starts_with(start)),
                None => got.is_none(),
            };
            assert!(same, "{:?}: {got:?}", String::from_utf8_lossy(head));
        }
    }
}
