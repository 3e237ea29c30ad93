//! Matrix products.

use super::call::{Answer, Call, Operator, operators};
use super::join::one_of;
use super::{Element, ShapeError, Value, broadcast};
use crate::tensor::{DataType, Dim, Shape};

/// Shape rules of this family.
pub(super) const OPERATORS: &[Operator] = operators![
    ONNX { "MatMul" } => matmul,
    ONNX { "MatMulInteger" } => matmul_integer,
    ONNX { "QLinearMatMul" } => qlinear_matmul,
    ONNX { "Gemm" } => gemm,
    ONNX { "Einsum" } => einsum,
    ONNX { "Det" } => det,
    MICROSOFT { "FusedMatMul", "TransposeMatMul", "FusedMatMulActivation" } => fused_matmul,
    MICROSOFT { "FusedGemm", "GemmFloat8" } => gemm,
    MICROSOFT { "QGemm" } => qgemm,
    MICROSOFT { "MatMulNBits", "MatMulBnb4", "MatMulFpQ4" } => packed_matmul,
    MICROSOFT { "MatMulInteger16", "MatMulIntegerToFloat", "DynamicQuantizeMatMul" } => matmul_contrib,
];

fn matmul(call: &Call<'_>) -> Answer {
    call.one(product(call.shape(0, "A")?, call.shape(1, "B")?)?)
}

fn matmul_integer(call: &Call<'_>) -> Answer {
    let shape = product(call.shape(0, "A")?, call.shape(1, "B")?)?;
    Ok(vec![Value::tensor(Some(DataType::Int32), shape)])
}

fn matmul_contrib(call: &Call<'_>) -> Answer {
    let shape = product(call.shape(0, "A")?, call.shape(1, "B")?)?;
    let data_type = if call.op_type == "MatMulInteger16" {
        DataType::Int32
    } else {
        DataType::Float
    };
    Ok(vec![Value::tensor(Some(data_type), shape)])
}

fn qlinear_matmul(call: &Call<'_>) -> Answer {
    call.one(product(call.shape(0, "a")?, call.shape(3, "b")?)?)
}

/// numpy's matmul: the last two axes are multiplied, the others broadcast, a list is a row or a column.
fn product(left: &Shape, right: &Shape) -> Result<Shape, ShapeError> {
    if left.rank() == 0 || right.rank() == 0 {
        return Err(ShapeError::Rank {
            what: "an input",
            expected: "1 or more".to_owned(),
            found: 0,
        });
    }
    let (left_outer, left) = left.0.split_at(left.rank().saturating_sub(2));
    let (right_outer, right) = right.0.split_at(right.rank().saturating_sub(2));
    let outer = broadcast::shapes([&Shape(left_outer.to_vec()), &Shape(right_outer.to_vec())])?;
    let mut dims = outer.0;
    if let [rows, _] = left {
        dims.push(rows.clone());
    }
    if let [_, columns] = right {
        dims.push(columns.clone());
    }
    Ok(Shape(dims))
}

/// Products over `[…, K]` and `[K, …]`, either side transposed by an attribute.
const GENERAL: &[&str] = &["Gemm", "FusedGemm"];
/// Products of the last axis and the one before the last.
const PLAIN: &[&str] = &["MatMul", "MatMulInteger", "QLinearMatMul"];

/// Whether [`inner_sizes`] knows what this operator sums over.
#[must_use]
pub fn sums(op_type: &str) -> bool {
    GENERAL.contains(&op_type) || PLAIN.contains(&op_type)
}

/// The sizes that a product sums over on either side, where they are numbers that differ.
#[must_use]
pub fn inner_sizes(call: &Call<'_>) -> Option<(u64, u64)> {
    let right = if call.op_type == "QLinearMatMul" {
        3
    } else {
        1
    };
    let (left, right) = (
        call.input(0)?.shape.as_ref()?,
        call.input(right)?.shape.as_ref()?,
    );
    let (left, right) = if GENERAL.contains(&call.op_type) {
        let flag = |name| call.attrs.int_or(name, 0).unwrap_or(0) != 0;
        (
            left.dim(usize::from(!flag("transA"))),
            right.dim(usize::from(flag("transB"))),
        )
    } else if PLAIN.contains(&call.op_type) {
        (
            left.dim(left.rank().checked_sub(1)?),
            right.dim(right.rank().saturating_sub(2)),
        )
    } else {
        return None;
    };
    Some((left.known()?, right.known()?)).filter(|(left, right)| left != right)
}

fn transposed_if(shape: &Shape, flag: bool) -> Shape {
    let mut dims = shape.0.clone();
    if flag && dims.len() > 1 {
        let last = dims.len() - 1;
        dims.swap(last, last - 1);
    }
    Shape(dims)
}

fn fused_matmul(call: &Call<'_>) -> Answer {
    let left = transposed_if(call.shape(0, "A")?, call.attrs.int_or("transA", 0)? != 0);
    let right = transposed_if(call.shape(1, "B")?, call.attrs.int_or("transB", 0)? != 0);
    call.one(product(&left, &right)?)
}

fn gemm(call: &Call<'_>) -> Answer {
    general(call, 1)
}

fn qgemm(call: &Call<'_>) -> Answer {
    general(call, 3)
}

/// `[M, K] × [K, N]`, either one transposed.
fn general(call: &Call<'_>, right: usize) -> Answer {
    let (left, right) = (call.shape(0, "A")?, call.shape(right, "B")?);
    // Operator sets before 7 flatten an input of more axes, as PyTorch's old exporter relied on.
    let rows = if call.attrs.int_or("transA", 0)? != 0 {
        left.dim(1)
    } else {
        left.dim(0)
    };
    let columns = if call.attrs.int_or("transB", 0)? != 0 {
        right.dim(0)
    } else {
        right.dim(1)
    };
    call.one(Shape(vec![rows, columns]))
}

/// Weights packed in blocks of few bits: `[…, K]` becomes `[…, N]` by the attribute `N`.
fn packed_matmul(call: &Call<'_>) -> Answer {
    let input = call.shape(0, "A")?;
    let columns = call
        .attrs
        .int("N")?
        .ok_or(ShapeError::AttributeMissing { name: "N" })?;
    let mut dims = input.0.clone();
    dims.pop();
    dims.push(super::call::dim_of(&Element::Int(columns)));
    call.one(Shape(dims))
}

fn det(call: &Call<'_>) -> Answer {
    let input = call.shape(0, "X")?;
    call.one(
        input
            .0
            .iter()
            .take(input.rank().saturating_sub(2))
            .cloned()
            .collect(),
    )
}

/// The size of each letter of the equation, then those of the output's letters.
fn einsum(call: &Call<'_>) -> Answer {
    let equation = call
        .attrs
        .string("equation")?
        .ok_or(ShapeError::AttributeMissing { name: "equation" })?;
    let equation: String = equation.chars().filter(|it| !it.is_whitespace()).collect();
    let (terms, output) = equation
        .split_once("->")
        .map_or((equation.as_str(), None), |it| (it.0, Some(it.1)));
    let mut letters: Vec<(char, Dim)> = Vec::new();
    let mut dots = Shape::default();
    for (at, term) in terms.split(',').enumerate() {
        let shape = call.shape(at, "input")?;
        let named = term.replace("...", "").chars().count();
        let rest = shape.rank().checked_sub(named);
        let rest = rest
            .filter(|it| *it == 0 || term.contains("..."))
            .ok_or_else(|| ShapeError::Disagree {
                what: "letters of the equation and rank",
                left: named.to_string(),
                right: shape.rank().to_string(),
            })?;
        let (before, after) = term.split_once("...").unwrap_or((term, ""));
        let head = before.chars().count();
        let middle: Shape = shape.0.iter().skip(head).take(rest).cloned().collect();
        dots = broadcast::shapes([&dots, &middle])?;
        let sizes = shape
            .0
            .iter()
            .take(head)
            .chain(shape.0.iter().skip(head + rest));
        for (letter, size) in before.chars().chain(after.chars()).zip(sizes) {
            learn(&mut letters, letter, size)?;
        }
    }
    let output = output.map_or_else(|| implied(terms), str::to_owned);
    call.one(spelled(&output, &letters, &dots))
}

fn learn(letters: &mut Vec<(char, Dim)>, letter: char, size: &Dim) -> Result<(), ShapeError> {
    match letters.iter_mut().find(|it| it.0 == letter) {
        Some((_, known)) if *known == Dim::Known(1) => *known = size.clone(),
        Some((_, known)) if *size != Dim::Known(1) => *known = one_of(known, size)?,
        Some(_) => {}
        None => letters.push((letter, size.clone())),
    }
    Ok(())
}

/// Without `->` the output has the letters that occur once, in alphabetical order.
fn implied(terms: &str) -> String {
    let mut letters: Vec<char> = terms.chars().filter(char::is_ascii_alphabetic).collect();
    letters.sort_unstable();
    let once = letters
        .iter()
        .filter(|it| letters.iter().filter(|other| other == it).count() == 1);
    let dots = if terms.contains("...") { "..." } else { "" };
    dots.chars().chain(once.copied()).collect()
}

fn spelled(output: &str, letters: &[(char, Dim)], dots: &Shape) -> Shape {
    let size = |letter: char| {
        letters
            .iter()
            .find(|it| it.0 == letter)
            .map_or(Dim::Unknown, |it| it.1.clone())
    };
    let (before, after) = output.split_once("...").unwrap_or((output, ""));
    let middle = if output.contains("...") {
        dots.0.clone()
    } else {
        vec![]
    };
    before
        .chars()
        .map(size)
        .chain(middle)
        .chain(after.chars().map(size))
        .collect()
}
