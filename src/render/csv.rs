//! CSV: one row a layer, every number exact, quoted as RFC 4180 says.
//!
//! Text is always quoted and never changed; a spreadsheet that runs formulas in quoted text is told
//! to import the column as text.

use std::io;

use super::View;
use super::column::{COLUMNS, Column, Raw};
use super::rows::selection;
use crate::Inspection;

/// Writes the header and the rows, lines ending in CR LF.
pub(super) fn write(
    inspection: &Inspection,
    view: &View,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let all = || COLUMNS.iter().filter(|it| it.json.is_some()).collect();
    let columns: Vec<&Column> = view.columns.clone().unwrap_or_else(all);
    let headers: Vec<&str> = columns
        .iter()
        .map(|it| it.json.unwrap_or(it.name))
        .collect();
    write!(out, "{}\r\n", headers.join(","))?;
    for layer in selection(inspection, view).shown {
        let fields: Vec<String> = columns.iter().map(|it| field(&(it.raw)(layer))).collect();
        write!(out, "{}\r\n", fields.join(","))?;
    }
    Ok(())
}

/// Numbers bare, text in double quotes, nothing for what a row has not.
pub(super) fn field(raw: &Raw) -> String {
    match raw {
        Raw::Nothing => String::new(),
        Raw::Text(text) => format!("\"{}\"", text.replace('"', "\"\"")),
        Raw::Count(count) => count.to_string(),
        Raw::Ratio(ratio) => ratio.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{alexnet, rendered};
    use super::super::{View, find_column};
    use super::*;

    #[test]
    fn text_is_quoted_and_numbers_are_bare() {
        let cases = [
            (Raw::Text("a \"b\",\nc".to_owned()), "\"a \"\"b\"\",\nc\""),
            (Raw::Text("=1+1".to_owned()), "\"=1+1\""),
            (Raw::Count(105_705_600), "105705600"),
            (Raw::Ratio(3025.0), "3025"),
            (Raw::Nothing, ""),
        ];
        for (raw, expected) in cases {
            assert_eq!(field(&raw), expected);
        }
    }

    #[test]
    fn chosen_columns_stand_under_the_names_of_the_json_document() {
        let names = ["layer", "stored", "unshared", "output"];
        let columns = names.iter().filter_map(|it| find_column(it)).collect();
        let view = View {
            columns: Some(columns),
            ..View::default()
        };
        let text = rendered(&alexnet(), "csv", &view);
        let mut lines = text.split("\r\n");
        assert_eq!(lines.next(), Some("name,stored,unshared,output_shape"));
        assert_eq!(
            lines.next(),
            Some("\"conv1\",34944,105705600,\"1x96x55x55\"")
        );
    }

    #[test]
    fn every_row_has_every_field() {
        let text = rendered(&alexnet(), "csv", &View::default());
        let fields = COLUMNS.iter().filter(|it| it.json.is_some()).count();
        // No name in this net has a comma.
        for line in text.lines() {
            assert_eq!(line.split(',').count(), fields, "{line}");
        }
    }
}
