//! CSV: one row a size, of layers one row a layer and size; exact, quoted as RFC 4180 says.

use std::io;

use super::columns::Column;
use super::layer::of_layer;
use super::network::of_network;
use crate::explain::Kind;
use crate::render::View;
use crate::render::column::Raw;
use crate::render::csv::field;
use crate::sweep::Swept;

/// Writes the header and the rows, lines ending in CR LF.
pub(in crate::render) fn write(swept: &Swept, _: &View, out: &mut dyn io::Write) -> io::Result<()> {
    if swept.layers.is_empty() {
        let columns = of_network(swept);
        let headers: Vec<&str> = columns.iter().filter_map(|it| it.json.as_deref()).collect();
        write!(out, "{}\r\n", headers.join(","))?;
        for at in 0..swept.sizes.len() {
            let fields: Vec<String> = columns.iter().map(|it| at_size(it, at)).collect();
            write!(out, "{}\r\n", fields.join(","))?;
        }
        return Ok(());
    }
    // Convolutions and pools share the columns that both have.
    let kinds = swept.layers.iter().map(|it| it.kind);
    let mut headers: Vec<String> = Vec::new();
    for kind in [Kind::Conv, Kind::Pool]
        .into_iter()
        .filter(|it| kinds.clone().any(|kind| kind == *it))
    {
        for name in of_layer(swept, 0, kind)
            .into_iter()
            .filter_map(|it| it.json)
        {
            if !headers.contains(&name) {
                headers.push(name);
            }
        }
    }
    write!(out, "name,{}\r\n", headers.join(","))?;
    for (place, layer) in swept.layers.iter().enumerate() {
        let columns = of_layer(swept, place, layer.kind);
        for at in 0..swept.sizes.len() {
            let mut fields = vec![field(&Raw::Text(layer.layer.clone()))];
            fields.extend(headers.iter().map(|name| {
                let found = columns.iter().find(|it| it.json.as_ref() == Some(name));
                found.map_or_else(String::new, |it| at_size(it, at))
            }));
            write!(out, "{}\r\n", fields.join(","))?;
        }
    }
    Ok(())
}

fn at_size(column: &Column, at: usize) -> String {
    column
        .cells
        .get(at)
        .map_or_else(String::new, |it| field(&it.raw))
}
