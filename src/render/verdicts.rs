//! What `verify` shows: one line of counts, and what was not confirmed.

use std::io;

use super::{View, table, verified};
use crate::Inspection;
use crate::verify::Status;

/// `61 confirmed, 0 mismatched, 2 not run`.
pub(super) fn counts(inspection: &Inspection) -> String {
    let count = |status| {
        let rows = inspection.verification.iter();
        rows.filter(|it| it.status == status).count()
    };
    format!(
        "{} confirmed, {} mismatched, {} not run",
        count(Status::Confirmed),
        count(Status::Mismatch),
        count(Status::NotRun)
    )
}

/// Writes the counts, and each outcome with its reason.
pub(super) fn write(
    inspection: &Inspection,
    view: &View,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    writeln!(out, "{}", counts(inspection))?;
    table::write_blocks(&verified::blocks(&inspection.verification), view, out)
}
