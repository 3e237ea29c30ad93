//! Safetensors files for tests: names and shapes, with zeros that take no room on disk or ramps.

use std::fs::File;
use std::io::Write;
use std::path::Path;

/// Names and sizes.
pub(crate) type Rows<'a> = &'a [(&'a str, &'a [u64])];

/// The header of `f32` tensors that follow each other, with a comma-separated `metadata` object's inside.
pub(crate) fn header(rows: Rows<'_>, metadata: &str) -> (String, u64) {
    let mut entries = vec![];
    if !metadata.is_empty() {
        entries.push(format!("\"__metadata__\":{{{metadata}}}"));
    }
    let mut offset = 0;
    for (name, shape) in rows {
        let end = offset + shape.iter().product::<u64>() * 4;
        let name = serde_json::to_string(name).unwrap();
        entries.push(format!(
            "{name}:{{\"dtype\":\"F32\",\"shape\":{shape:?},\"data_offsets\":[{offset},{end}]}}"
        ));
        offset = end;
    }
    (format!("{{{}}}", entries.join(",")), offset)
}

/// Length, header, and data.
pub(crate) fn bytes(header: &str, data: &[u8]) -> Vec<u8> {
    let mut out = u64::try_from(header.len()).unwrap().to_le_bytes().to_vec();
    out.extend(header.as_bytes());
    out.extend(data);
    out
}

/// Writes a file of zeros.
pub(crate) fn write(path: &Path, rows: Rows<'_>, metadata: &str) {
    let (header, data) = header(rows, metadata);
    let head = bytes(&header, &[]);
    let mut file = File::create(path).unwrap();
    file.write_all(&head).unwrap();
    file.set_len(u64::try_from(head.len()).unwrap() + data)
        .unwrap();
}
