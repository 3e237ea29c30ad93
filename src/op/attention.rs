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

/// Queries, keys and values as `[batch, heads, sequence, head]` or `[batch, sequence, hidden]`; then the
/// keys and values with those of the past before them, and the products of queries and keys.
///
/// Source: <https://onnx.ai/onnx/operators/onnx__Attention.html>
fn attention(call: &Call<'_>) -> Answer {
    let query = by_heads(call, call.shape(0, "Q")?, "q_num_heads")?;
    let key = with_past(
        call,
        4,
        by_heads(call, call.shape(1, "K")?, "kv_num_heads")?,
    )?;
    let value = with_past(
        call,
        5,
        by_heads(call, call.shape(2, "V")?, "kv_num_heads")?,
    )?;
    let (heads, head) = (query.dim(1), value.dim(3));
    let output = if call.shape(0, "Q")?.rank() == 3 {
        let hidden = arith::binary("Mul", &Element::from(&heads), &Element::from(&head));
        Shape(vec![query.dim(0), query.dim(2), dim_of(&hidden)])
    } else {
        Shape(vec![query.dim(0), heads.clone(), query.dim(2), head])
    };
    let products = Shape(vec![query.dim(0), heads, query.dim(2), key.dim(2)]);
    let of_type = |at, shape| Value::tensor(call.data_type(at), shape);
    Ok(vec![
        of_type(0, output),
        of_type(1, key),
        of_type(2, value),
        of_type(0, products),
    ])
}

/// `[batch, sequence, hidden]` as `[batch, heads, sequence, head]`.
fn by_heads(call: &Call<'_>, shape: &Shape, heads: &'static str) -> Result<Shape, ShapeError> {
    if shape.rank() != 3 {
        return Ok(shape.clone());
    }
    let count = call
        .attrs
        .int(heads)?
        .ok_or(ShapeError::AttributeMissing { name: heads })?;
    let count = Element::Int(count);
    let head = dim_of(&arith::binary("Div", &Element::from(&shape.dim(2)), &count));
    Ok(Shape(vec![
        shape.dim(0),
        dim_of(&count),
        shape.dim(1),
        head,
    ]))
}

/// The sequence made longer by that of input `past`.
fn with_past(call: &Call<'_>, past: usize, mut shape: Shape) -> Result<Shape, ShapeError> {
    if call.input(past).is_some() {
        let past = call.shape(past, "past")?.dim(2);
        if let Some(length) = shape.0.get_mut(2) {
            *length = dim_of(&arith::binary(
                "Add",
                &Element::from(&*length),
                &Element::from(&past),
            ));
        }
    }
    Ok(shape)
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
