//! JSON laid out for reading: an object's fields each on a line, a list of plain values on one.

use std::io::{self, Write};

use serde_json::ser::Formatter;

/// Indents by two spaces; a list breaks into lines only for objects in it.
#[derive(Debug, Default)]
pub(super) struct Pretty {
    open: Vec<Open>,
}

/// A list or object that is not closed yet.
#[derive(Debug)]
struct Open {
    list: bool,
    /// Whether something in it stands on a line of its own.
    broken: bool,
}

impl Pretty {
    fn open(&mut self, list: bool) {
        self.open.push(Open {
            list,
            broken: false,
        });
    }

    /// A new line inside what is open.
    fn line<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if let Some(open) = self.open.last_mut() {
            open.broken = true;
        }
        indent(writer, self.open.len())
    }

    fn close<W: ?Sized + Write>(&mut self, writer: &mut W, sign: &[u8]) -> io::Result<()> {
        if self.open.pop().is_some_and(|it| it.broken) {
            indent(writer, self.open.len())?;
        }
        writer.write_all(sign)
    }
}

fn indent<W: ?Sized + Write>(writer: &mut W, depth: usize) -> io::Result<()> {
    writer.write_all(b"\n")?;
    (0..depth).try_for_each(|_| writer.write_all(b"  "))
}

impl Formatter for Pretty {
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(true);
        writer.write_all(b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"]")
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.open.last().is_some_and(|it| it.list) {
            self.line(writer)?;
        }
        self.open(false);
        writer.write_all(b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        self.line(writer)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}
