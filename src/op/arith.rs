//! Arithmetic on elements whose values are carried along.

use super::Element;
use crate::tensor::{DataType, Expr};

/// `left op right` for two elements; unknown where it cannot be told or passes 64 bits.
pub(super) fn binary(op_type: &str, left: &Element, right: &Element) -> Element {
    match (left, right) {
        (Element::Int(left), Element::Int(right)) => ints(op_type, *left, *right),
        (Element::Float(left), Element::Float(right)) => floats(op_type, *left, *right),
        (Element::Float(left), Element::Int(right)) => floats(op_type, *left, to_float(*right)),
        (Element::Int(left), Element::Float(right)) => floats(op_type, to_float(*left), *right),
        (Element::Size(left), Element::Int(right)) => sizes(op_type, left, &Expr::number(*right)),
        (Element::Int(left), Element::Size(right)) => sizes(op_type, &Expr::number(*left), right),
        (Element::Size(left), Element::Size(right)) => sizes(op_type, left, right),
        _ => Element::Unknown,
    }
}

fn truth(value: bool) -> Element {
    Element::Int(i64::from(value))
}

fn ints(op_type: &str, left: i64, right: i64) -> Element {
    let value = match op_type {
        "Add" | "Sum" => left.checked_add(right),
        "Sub" => left.checked_sub(right),
        "Mul" => left.checked_mul(right),
        // ONNX divides integers as C does, towards zero.
        "Div" => left.checked_div(right),
        // Python's remainder: the sign of the divisor.
        "Mod" => left.checked_rem(right).map(|it| {
            if it != 0 && (it < 0) != (right < 0) {
                it.wrapping_add(right)
            } else {
                it
            }
        }),
        "FMod" => left.checked_rem(right),
        "Pow" => u32::try_from(right)
            .ok()
            .and_then(|it| left.checked_pow(it)),
        "Max" => Some(left.max(right)),
        "Min" => Some(left.min(right)),
        "And" => Some(i64::from(left != 0 && right != 0)),
        "Or" => Some(i64::from(left != 0 || right != 0)),
        "Xor" => Some(i64::from((left != 0) != (right != 0))),
        "BitwiseAnd" => Some(left & right),
        "BitwiseOr" => Some(left | right),
        "BitwiseXor" => Some(left ^ right),
        _ => return compare(op_type, left.cmp(&right)),
    };
    value.map_or(Element::Unknown, Element::Int)
}

#[expect(clippy::float_cmp, reason = "ONNX's Equal compares exactly")]
fn floats(op_type: &str, left: f64, right: f64) -> Element {
    let value = match op_type {
        "Add" | "Sum" => left + right,
        "Sub" => left - right,
        "Mul" => left * right,
        "Div" => left / right,
        "Mod" => left - right * (left / right).floor(),
        "FMod" => left % right,
        "Pow" => left.powf(right),
        "Max" => left.max(right),
        "Min" => left.min(right),
        "Equal" => return truth(left == right),
        _ => {
            return left
                .partial_cmp(&right)
                .map_or(Element::Unknown, |it| compare(op_type, it));
        }
    };
    Element::Float(value)
}

fn compare(op_type: &str, order: std::cmp::Ordering) -> Element {
    match op_type {
        "Equal" => truth(order.is_eq()),
        "Less" => truth(order.is_lt()),
        "LessOrEqual" => truth(order.is_le()),
        "Greater" => truth(order.is_gt()),
        "GreaterOrEqual" => truth(order.is_ge()),
        _ => Element::Unknown,
    }
}

fn sizes(op_type: &str, left: &Expr, right: &Expr) -> Element {
    let value = match op_type {
        "Add" | "Sum" => left.add(right),
        "Sub" => left.sub(right),
        "Mul" => left.mul(right),
        "Div" => right
            .as_number()
            .map_or_else(|| left.div_exact(right), |by| left.floor_div(by)),
        "Equal" if left == right => return truth(true),
        "Max" => left.larger(right),
        "Min" => left.smaller(right),
        _ => None,
    };
    value.map_or(Element::Unknown, element)
}

/// A formula as an element; a number where it is one.
pub(super) fn element(expr: Expr) -> Element {
    expr.as_number().map_or(Element::Size(expr), Element::Int)
}

/// `op value` for one element.
pub(super) fn unary(op_type: &str, value: &Element) -> Element {
    let as_float = match value {
        Element::Float(value) => Some(*value),
        Element::Int(_) | Element::Size(_) | Element::Unknown => None,
    };
    match (op_type, value) {
        ("Identity" | "Floor" | "Ceil" | "Round", Element::Int(_) | Element::Size(_)) => {
            value.clone()
        }
        ("Neg", Element::Int(it)) => it.checked_neg().map_or(Element::Unknown, Element::Int),
        ("Neg", Element::Size(_)) => binary("Mul", value, &Element::Int(-1)),
        ("Abs", Element::Int(it)) => it.checked_abs().map_or(Element::Unknown, Element::Int),
        ("Sign", Element::Int(it)) => Element::Int(it.signum()),
        ("Not", Element::Int(it)) => truth(*it == 0),
        ("Relu", Element::Int(it)) => Element::Int((*it).max(0)),
        _ => as_float
            .and_then(|it| float_unary(op_type, it))
            .map_or(Element::Unknown, Element::Float),
    }
}

fn float_unary(op_type: &str, value: f64) -> Option<f64> {
    Some(match op_type {
        "Identity" => value,
        "Floor" => value.floor(),
        "Ceil" => value.ceil(),
        // Halves go to the even neighbour.
        "Round" => value.round_ties_even(),
        "Neg" => -value,
        "Abs" => value.abs(),
        "Sqrt" => value.sqrt(),
        "Exp" => value.exp(),
        "Log" => value.ln(),
        "Reciprocal" => value.recip(),
        "Sign" => {
            if value == 0.0 {
                0.0
            } else {
                value.signum()
            }
        }
        "Relu" => value.max(0.0),
        _ => return None,
    })
}

/// The element as `Cast` to `data_type` gives it.
pub(super) fn cast(value: &Element, data_type: DataType) -> Element {
    match value {
        Element::Int(it) if data_type.is_float() => {
            Element::Float(rounded(to_float(*it), data_type))
        }
        Element::Int(it) if data_type == DataType::Bool => truth(*it != 0),
        Element::Int(_) if fits(value, data_type) => value.clone(),
        Element::Float(it) if data_type.is_float() => Element::Float(rounded(*it, data_type)),
        Element::Float(it) if data_type == DataType::Bool => truth(*it != 0.0),
        Element::Float(it) if data_type.is_integer() => {
            to_int(*it).map_or(Element::Unknown, Element::Int)
        }
        // A formula stays one: sizes are small enough for any type that they are cast to.
        Element::Size(_) if data_type != DataType::Bool => value.clone(),
        _ => Element::Unknown,
    }
}

fn fits(value: &Element, data_type: DataType) -> bool {
    let Some(value) = value.int() else {
        return false;
    };
    match data_type {
        DataType::Int64 => true,
        DataType::Int32 => i32::try_from(value).is_ok(),
        DataType::Uint64 => value >= 0,
        DataType::Uint32 => u32::try_from(value).is_ok(),
        _ => data_type.is_integer() && (0..128).contains(&value),
    }
}

/// The nearest value of a float type; types under 16 bits and half floats are not rounded here, since
/// sizes are not computed in them.
#[expect(
    clippy::cast_possible_truncation,
    clippy::as_conversions,
    reason = "rounding to a smaller float is meant"
)]
pub(super) fn rounded(value: f64, data_type: DataType) -> f64 {
    if data_type == DataType::Float {
        f64::from(value as f32)
    } else {
        value
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::as_conversions,
    reason = "rounding to the nearest float is meant"
)]
fn to_float(value: i64) -> f64 {
    value as f64
}

/// Towards zero, as `Cast` does; `None` for what no 64-bit integer holds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::as_conversions,
    reason = "the range is checked"
)]
fn to_int(value: f64) -> Option<i64> {
    (value.abs() < 9.0e18).then_some(value as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_divide_as_onnx_defines_it() {
        // Div truncates (C); Mod with fmod=0 takes the divisor's sign (Python), with fmod=1 the dividend's (C).
        let cases = [
            ("Div", -7, 2, -3),
            ("Mod", -7, 2, 1),
            ("Mod", 7, -2, -1),
            ("FMod", -7, 2, -1),
        ];
        for (op_type, left, right, expected) in cases {
            assert_eq!(
                ints(op_type, left, right),
                Element::Int(expected),
                "{op_type} {left} {right}"
            );
        }
        assert_eq!(ints("Div", 1, 0), Element::Unknown);
        assert_eq!(ints("Div", i64::MIN, -1), Element::Unknown);
        assert_eq!(ints("Mul", i64::MAX, 2), Element::Unknown);
    }

    #[test]
    fn casting_to_an_integer_goes_towards_zero() {
        assert_eq!(
            cast(&Element::Float(-1.9), DataType::Int64),
            Element::Int(-1)
        );
        assert_eq!(
            cast(&Element::Float(f64::NAN), DataType::Int64),
            Element::Unknown
        );
        assert_eq!(cast(&Element::Int(300), DataType::Uint8), Element::Unknown);
    }
}
