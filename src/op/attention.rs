//! Attention and embedding operators.

use super::call::{Answer, Call, Operator, dim_of, operators};
use super::{Element, ShapeError, Value, arith};
use crate::tensor::{Dim, Shape};

/// Shape rules of this family.
pub(super) const OPERATORS: &[Operator] = operators![
    ONNX { "Attention" } => attention,
    MICROSOFT { "Attention", "QAttention" } => packed_attention,
    MICROSOFT { "MultiHeadAttention" } => multi_head_attention,
    MICROSOFT { "GroupQueryAttention" } => grouped_attention,
    MICROSOFT { "EmbedLayerNormalization" } => embed_layer_norm,
];

/// Queries and values as `[batch, heads, sequence, head]` or `[batch, sequence, hidden]`.
///
/// Source: <https://onnx.ai/onnx/operators/onnx__Attention.html>
fn attention(call: &Call<'_>) -> Answer {
    let (query, value) = (call.shape(0, "Q")?, call.shape(2, "V")?);
    let mut dims = query.0.clone();
    let last = if query.rank() == 3 {
        let heads = |name| {
            let count = call
                .attrs
                .int(name)?
                .ok_or(ShapeError::AttributeMissing { name })?;
            Ok::<_, ShapeError>(Element::Int(count))
        };
        let head = arith::binary(
            "Div",
            &Element::from(&value.dim(2)),
            &heads("kv_num_heads")?,
        );
        dim_of(&arith::binary("Mul", &head, &heads("q_num_heads")?))
    } else {
        value.dim(3)
    };
    if let Some(dim) = dims.last_mut() {
        *dim = last;
    }
    call.one(Shape(dims))
}

/// `[batch, sequence, input]` by one weight `[input, q + k + v]`.
fn packed_attention(call: &Call<'_>) -> Answer {
    let input = call.shape(0, "input")?;
    let hidden = if let Some(sizes) = call.attrs.ints("qkv_hidden_sizes")? {
        sizes
            .get(2)
            .map_or(Dim::Unknown, |it| dim_of(&Element::Int(*it)))
    } else {
        let all = Element::from(&call.shape(1, "weights")?.dim(1));
        dim_of(&arith::binary("Div", &all, &Element::Int(3)))
    };
    call.one(Shape(vec![input.dim(0), input.dim(1), hidden]))
}

fn multi_head_attention(call: &Call<'_>) -> Answer {
    let query = call.shape(0, "query")?;
    let hidden = match call.input(2).and_then(|it| it.shape.as_ref()) {
        Some(value) if value.rank() == 3 => value.dim(2),
        Some(value) if value.rank() == 4 => dim_of(&arith::binary(
            "Mul",
            &Element::from(&value.dim(1)),
            &Element::from(&value.dim(3)),
        )),
        _ => query.dim(2),
    };
    call.one(Shape(vec![query.dim(0), query.dim(1), hidden]))
}

fn grouped_attention(call: &Call<'_>) -> Answer {
    call.one(call.shape(0, "query")?.clone())
}

/// `[batch, sequence]` of ids by a table `[words, hidden]`.
fn embed_layer_norm(call: &Call<'_>) -> Answer {
    let ids = call.shape(0, "input_ids")?;
    let table = call.shape(2, "word_embedding")?;
    let shape = Shape(vec![ids.dim(0), ids.dim(1), table.dim(1)]);
    Ok(vec![Value::tensor(call.data_type(2), shape)])
}
