//! The real numbers that a layer is run on: its weight and bias, and an input.

use super::array::{Array, numel};
use super::input::SplitMix;
use super::real::{Real, integer_range};
use super::weights::Evaluator;
use crate::network::{Node, ValueId};
use crate::op::conv::ConvOperator;
use crate::tensor::DataType;

/// A layer's operands in N, C, spatial order; of a quantised layer the values that its integers stand for.
#[derive(Clone, Debug)]
pub(super) struct Operands<T> {
    /// `[N, C, d1, …, dn]`.
    pub(super) input: Array<T>,
    /// The weight as the operator sees it.
    pub(super) weight: Array<T>,
    /// `[M]`.
    pub(super) bias: Option<Array<T>>,
    /// Why the bias is not there, though the node has one.
    pub(super) bias_problem: Option<String>,
}

/// Where a quantised operator keeps the parameters of its input and its weight.
struct Places {
    input_scale: Option<usize>,
    input_zero: usize,
    weight_scale: Option<usize>,
    weight_zero: usize,
}

/// Places by operator; `None` for an operator on floats.
fn places(op_type: &str) -> Option<Places> {
    match op_type {
        "ConvInteger" => Some(Places {
            input_scale: None,
            input_zero: 2,
            weight_scale: None,
            weight_zero: 3,
        }),
        "QLinearConv" | "QLinearConvTranspose" => Some(Places {
            input_scale: Some(1),
            input_zero: 2,
            weight_scale: Some(4),
            weight_zero: 5,
        }),
        _ => None,
    }
}

/// Whether the operator computes with integers, which `f32` would not keep exact.
pub(super) fn is_integer(op_type: &str) -> bool {
    places(op_type).is_some()
}

/// Works out the operands of `node` for an input of the sizes `input`.
///
/// # Errors
/// Which operand is not there, and why.
pub(super) fn operands<T: Real>(
    evaluator: &mut Evaluator<'_, T>,
    node: &Node,
    operator: &ConvOperator,
    input: &[usize],
) -> Result<Operands<T>, String> {
    let at = |place: usize| node.inputs.get(place).copied().flatten();
    let weight = at(operator.weight).ok_or("it has no weight")?;
    let weight = evaluator
        .take(weight)
        .map_err(|it| format!("weight: {it}"))?;
    let bias = operator.bias.and_then(at);
    let (bias, bias_problem) = match bias.map(|it| evaluator.value(it)).transpose() {
        Ok(bias) => (bias, None),
        Err(problem) => (None, Some(problem)),
    };
    let source = at(0).ok_or("it has no input")?;
    let mut operands = Operands {
        input: match given(evaluator, source, node, operator) {
            Some(given) => given,
            None => fill(evaluator, source, input, is_integer(&node.op_type))?,
        },
        weight,
        bias: bias.map(|it| Array::clone(&it)),
        bias_problem,
    };
    if let Some(places) = places(&node.op_type) {
        dequantise(evaluator, node, operator, &places, &mut operands)?;
    }
    operands.check()?;
    Ok(operands)
}

/// The input that was stated, its channels first.
fn given<T: Real>(
    evaluator: &Evaluator<'_, T>,
    source: ValueId,
    node: &Node,
    operator: &ConvOperator,
) -> Option<Array<T>> {
    let given = evaluator.known(source)?;
    let last = node.attrs.int_or("channels_last", 0).ok()? == 1;
    if !operator.nhwc && !last {
        return Some(Array::clone(&given));
    }
    let rank = given.sizes.len();
    let order: Vec<usize> = [0, rank.checked_sub(1)?]
        .into_iter()
        .chain(1..rank - 1)
        .collect();
    given.transpose(&order)
}

/// Pseudo-random numbers in [-1, 1), of an integer type whole numbers over its range.
fn fill<T: Real>(
    evaluator: &Evaluator<'_, T>,
    source: ValueId,
    sizes: &[usize],
    whole: bool,
) -> Result<Array<T>, String> {
    let data_type = evaluator.data_type(source).unwrap_or(DataType::Uint8);
    let range = integer_range(data_type).filter(|_| whole);
    let mut random = SplitMix::new(1);
    let count = numel(sizes).ok_or("its input is too large")?;
    let mut draw = || match range {
        Some((least, most)) => random.whole(least, most),
        None => random.signed(),
    };
    let values = (0..count).map(|_| T::from_f64(draw())).collect();
    Array::new(sizes.to_vec(), values).ok_or_else(|| "its input is too large".to_owned())
}

/// Makes of integers the numbers that they stand for: (x − zero point) · scale.
///
/// Source: <https://onnx.ai/onnx/operators/onnx__QLinearConv.html>, `onnx__ConvInteger.html`
fn dequantise<T: Real>(
    evaluator: &mut Evaluator<'_, T>,
    node: &Node,
    operator: &ConvOperator,
    places: &Places,
    operands: &mut Operands<T>,
) -> Result<(), String> {
    let mut list = |place: Option<usize>, default: f64| -> Result<Vec<f64>, String> {
        let id = place.and_then(|it| node.inputs.get(it).copied().flatten());
        let Some(id) = id else {
            return Ok(vec![default]);
        };
        let value = evaluator.value(id)?;
        Ok(value.values.iter().map(|it| it.to_f64()).collect())
    };
    // The input's own numbers may come at run time as the input does; any serve for the comparison.
    let scale = list(places.input_scale, 1.0).unwrap_or_else(|_| vec![1.0]);
    let zero = list(Some(places.input_zero), 0.0).unwrap_or_else(|_| vec![0.0]);
    let weight_scale =
        list(places.weight_scale, 1.0).map_err(|it| format!("weight scale: {it}"))?;
    let weight_zero =
        list(Some(places.weight_zero), 0.0).map_err(|it| format!("weight zero point: {it}"))?;
    let one = |list: &[f64], what: &str| match list {
        [value] => Ok(*value),
        _ => Err(format!("{what} has {} values, needs 1", list.len())),
    };
    let (scale, zero) = (one(&scale, "input scale")?, one(&zero, "input zero point")?);
    for x in &mut operands.input.values {
        *x = T::from_f64((x.to_f64() - zero) * scale);
    }
    // One for each filter: axis 0 of a plain weight, axis 1 of a transposed one.
    let axis = usize::from(operator.transposed);
    let filters = operands.weight.size(axis);
    for (list, what) in [
        (&weight_scale, "weight scale"),
        (&weight_zero, "weight zero point"),
    ] {
        if list.len() != 1 && list.len() != filters {
            return Err(format!(
                "{what} has {} values, needs 1 or {filters}",
                list.len()
            ));
        }
    }
    let inner: usize = operands.weight.sizes.iter().skip(axis + 1).product();
    for (at, w) in operands.weight.values.iter_mut().enumerate() {
        let filter = (at / inner.max(1)) % filters.max(1);
        let zero = of(&weight_zero, filter);
        *w = T::from_f64((w.to_f64() - zero) * of(&weight_scale, filter));
    }
    for (at, b) in operands
        .bias
        .iter_mut()
        .flat_map(|it| it.values.iter_mut().enumerate())
    {
        let filter = at.checked_rem(filters).unwrap_or(0);
        *b = T::from_f64(b.to_f64() * scale * of(&weight_scale, filter));
    }
    Ok(())
}

/// The value of filter `at`, of a list with one for each or one for all.
fn of(list: &[f64], at: usize) -> f64 {
    let one = list.first().filter(|_| list.len() == 1);
    one.or_else(|| list.get(at)).copied().unwrap_or(0.0)
}

impl<T: Real> Operands<T> {
    /// Numbers that no comparison could be made with.
    fn check(&self) -> Result<(), String> {
        let odd = |values: &[T]| values.iter().filter(|it| !it.to_f64().is_finite()).count();
        let bias = self.bias.as_ref().map_or(0, |it| odd(&it.values));
        match odd(&self.weight.values) + bias {
            0 => Ok(()),
            count => Err(format!(
                "its weight and bias hold {count} values that are not finite"
            )),
        }
    }
}
