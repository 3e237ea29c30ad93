//! Recurrent operators.

use super::call::{Answer, Call, Operator, dim_of, operators};
use super::{Element, ShapeError, Value};
use crate::tensor::{Dim, Shape};

/// Shape rules of this family.
pub(super) const OPERATORS: &[Operator] = operators![
    ONNX { "LSTM", "GRU", "RNN" } => recurrent,
    MICROSOFT { "DynamicQuantizeLSTM" } => recurrent,
];

/// `[seq, batch, input]` gives `Y` `[seq, directions, batch, hidden]` and the last states
/// `[directions, batch, hidden]`; with `layout` 1 the batch comes first everywhere.
///
/// Source: <https://onnx.ai/onnx/operators/onnx__LSTM.html>
fn recurrent(call: &Call<'_>) -> Answer {
    let input = call.shape(0, "X")?;
    if input.rank() != 3 {
        return Err(ShapeError::Rank {
            what: "X",
            expected: "3".to_owned(),
            found: input.rank(),
        });
    }
    let hidden = hidden(call)?;
    let both = call.attrs.string("direction")? == Some("bidirectional");
    let directions = Dim::Known(if both { 2 } else { 1 });
    let batch_first = call.attrs.int_or("layout", 0)? == 1;
    let (sequence, batch) = if batch_first {
        (input.dim(1), input.dim(0))
    } else {
        (input.dim(0), input.dim(1))
    };
    let (all, last) = if batch_first {
        (
            vec![batch.clone(), sequence, directions.clone(), hidden.clone()],
            vec![batch, directions, hidden],
        )
    } else {
        (
            vec![sequence, directions.clone(), batch.clone(), hidden.clone()],
            vec![directions, batch, hidden],
        )
    };
    let last = Value::tensor(call.data_type(0), Shape(last));
    Ok(vec![
        Value::tensor(call.data_type(0), Shape(all)),
        last.clone(),
        last,
    ])
}

/// `hidden_size`, or what the recurrent weight `[directions, gates · hidden, hidden]` says.
fn hidden(call: &Call<'_>) -> Result<Dim, ShapeError> {
    match call.attrs.int("hidden_size")? {
        Some(size) => Ok(dim_of(&Element::Int(size))),
        None => Ok(call.shape(2, "R")?.dim(2)),
    }
}
