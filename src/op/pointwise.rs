//! Operators that work element by element.

use super::arith;
use super::broadcast;
use super::call::{Answer, Call, Operator, operators};
use super::{Attr, Element, ShapeError, Value};
use crate::tensor::{DataType, Shape};

/// Shape rules of this family.
pub(super) const OPERATORS: &[Operator] = operators![
    ONNX {
        "Identity", "Abs", "Neg", "Ceil", "Floor", "Round", "Sqrt", "Exp", "Log", "Reciprocal", "Sign", "Not",
        "Relu",
    } => computed,
    ONNX {
        "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Cos", "Cosh", "Sin", "Sinh", "Tan", "Tanh", "Erf",
        "BitwiseNot", "LeakyRelu", "Sigmoid", "HardSigmoid", "HardSwish", "Elu", "Selu", "Celu", "Gelu", "Mish",
        "Softplus", "Softsign", "ThresholdedRelu", "Swish", "Shrink", "Affine", "ParametricSoftplus",
        "ScaledTanh", "ImageScaler", "Crop", "PRelu", "Clip", "Softmax", "LogSoftmax", "Hardmax", "CumSum",
        "CumProd", "Trilu", "ReverseSequence", "Scatter", "ScatterElements", "ScatterND", "TensorScatter",
        "RotaryEmbedding", "LpNormalization", "MeanVarianceNormalization", "GRUUnit", "Scale",
    } => same,
    MICROSOFT {
        "Gelu", "FastGelu", "BiasGelu", "QuickGelu", "BiasAdd", "BiasSoftmax", "GemmaRotaryEmbedding",
        "RotaryEmbedding", "Trilu", "Inverse", "BiasSplitGelu", "DynamicTimeWarping",
    } => same,
    ONNX { "IsNaN", "IsInf" } => predicate,
    ONNX { "Cast" } => cast,
    ONNX { "CastLike" } => cast_like,
    ONNX {
        "Add", "Sub", "Mul", "Div", "Mod", "Pow", "Max", "Min", "Sum", "And", "Or", "Xor", "Equal", "Less",
        "LessOrEqual", "Greater", "GreaterOrEqual", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitShift", "Mean",
    } => elementwise,
    ONNX { "Where" } => choose,
    ONNX { "Dropout" } => dropout,
];

/// Same shape and type as the first input.
pub(super) fn same(call: &Call<'_>) -> Answer {
    call.one(call.shape(0, "input")?.clone())
}

/// As [`same`], with the element's value where it is known.
fn computed(call: &Call<'_>) -> Answer {
    let value = call.need(0, "input")?;
    if call.op_type == "Identity" {
        return Ok(vec![value.clone()]);
    }
    let data_type = value.data_type.unwrap_or(DataType::Double);
    let apply = |it: &Element| round_to(arith::unary(call.op_type, it), data_type);
    let mut answer = call.one(call.shape(0, "input")?.clone())?;
    if let (Some(out), Some(elements)) = (answer.first_mut(), &value.elements) {
        out.elements = Some(elements.iter().map(apply).collect());
    }
    Ok(answer)
}

fn round_to(element: Element, data_type: DataType) -> Element {
    match element {
        Element::Float(value) => Element::Float(arith::rounded(value, data_type)),
        other => other,
    }
}

fn predicate(call: &Call<'_>) -> Answer {
    Ok(vec![Value::tensor(
        Some(DataType::Bool),
        call.shape(0, "input")?.clone(),
    )])
}

fn cast(call: &Call<'_>) -> Answer {
    let to = match call.attrs.get("to") {
        Some(Attr::Int(number)) => i32::try_from(*number).ok().and_then(DataType::from_onnx),
        // Operator sets before 6 spell the type.
        Some(Attr::String(name)) => spelled(name),
        _ => return Err(ShapeError::AttributeMissing { name: "to" }),
    };
    converted(call.need(0, "input")?, to)
}

fn spelled(name: &str) -> Option<DataType> {
    let lower = name.to_lowercase();
    let lower = match lower.as_str() {
        "float" => "float32",
        "double" => "float64",
        other => other,
    };
    (1..=28)
        .filter_map(DataType::from_onnx)
        .find(|it| it.name() == lower)
}

fn cast_like(call: &Call<'_>) -> Answer {
    converted(call.need(0, "input")?, call.data_type(1))
}

fn converted(value: &Value, to: Option<DataType>) -> Answer {
    let elements = value.elements.as_ref().zip(to);
    let elements = elements.map(|(all, to)| all.iter().map(|it| arith::cast(it, to)).collect());
    Ok(vec![Value {
        data_type: to,
        elements,
        ..value.clone()
    }])
}

/// Any number of inputs brought to one shape.
pub(super) fn elementwise(call: &Call<'_>) -> Answer {
    // Before operator set 7 the second input is fitted into the first.
    if call.opset < 7 && (call.attrs.get("broadcast").is_some() || call.attrs.get("axis").is_some())
    {
        return same(call);
    }
    let count = call.inputs.len();
    let shapes = (0..count)
        .map(|at| call.shape(at, "input"))
        .collect::<Result<Vec<_>, _>>()?;
    let shape = broadcast::shapes(shapes)?;
    let elements = shape.sizes().and_then(|sizes| folded(call, &sizes));
    let truth = matches!(
        call.op_type,
        "And" | "Or" | "Xor" | "Equal" | "Less" | "LessOrEqual" | "Greater" | "GreaterOrEqual"
    );
    let data_type = if truth {
        Some(DataType::Bool)
    } else {
        call.data_type(0)
    };
    Ok(vec![Value {
        elements: elements.map(Into::into),
        ..Value::tensor(data_type, shape)
    }])
}

/// The elements of the inputs folded by the operator, left to right.
fn folded(call: &Call<'_>, sizes: &[u64]) -> Option<Vec<Element>> {
    let op_type = match call.op_type {
        "Mean" | "BitShift" => return None,
        "Mod" if call.attrs.int_or("fmod", 0) == Ok(1) => "FMod",
        other => other,
    };
    let data_type = call.data_type(0).unwrap_or(DataType::Double);
    let mut all = broadcast::elements(call.input(0)?, sizes)?;
    for at in 1..call.inputs.len() {
        let next = broadcast::elements(call.input(at)?, sizes)?;
        for (mine, other) in all.iter_mut().zip(&next) {
            *mine = round_to(arith::binary(op_type, mine, other), data_type);
        }
    }
    all.iter().any(|it| *it != Element::Unknown).then_some(all)
}

fn choose(call: &Call<'_>) -> Answer {
    let shapes = [
        call.shape(0, "condition")?,
        call.shape(1, "X")?,
        call.shape(2, "Y")?,
    ];
    let shape = broadcast::shapes(shapes)?;
    let elements = shape.sizes().and_then(|sizes| chosen(call, &sizes));
    Ok(vec![Value {
        elements: elements.map(Into::into),
        ..Value::tensor(call.data_type(1), shape)
    }])
}

fn chosen(call: &Call<'_>, sizes: &[u64]) -> Option<Vec<Element>> {
    let condition = broadcast::elements(call.input(0)?, sizes)?;
    let left = broadcast::elements(call.input(1)?, sizes)?;
    let right = broadcast::elements(call.input(2)?, sizes)?;
    let pairs = left.into_iter().zip(right);
    let pick = |(condition, (left, right)): (&Element, (Element, Element))| match condition {
        Element::Int(0) => right,
        Element::Int(_) => left,
        _ if left == right => left,
        _ => Element::Unknown,
    };
    Some(condition.iter().zip(pairs).map(pick).collect())
}

fn dropout(call: &Call<'_>) -> Answer {
    let value = call.need(0, "data")?;
    let shape: Shape = call.shape(0, "data")?.clone();
    // The second output is a mask; before operator set 10 of the data's type.
    let mask = if call.opset < 10 {
        value.data_type
    } else {
        Some(DataType::Bool)
    };
    Ok(vec![value.clone(), Value::tensor(mask, shape)])
}
