//! One layer: run it, and compare what comes out with what the report says.

use super::array::{Array, numel};
use super::compare::{compare_shapes, compare_values};
use super::geometry::Geometry;
use super::operands::{self, Operands};
use super::weights::{Evaluator, Model};
use super::{Limits, Status, Verification, engine};
use crate::account::ConvLayer;
use crate::op::conv::{self, ConvOperator};
use crate::tensor::{Dim, Shape};
use crate::units::{Bytes, counted};

/// How a layer did not come through.
pub(super) enum Failure {
    /// It could not be run.
    NotRun(String),
    /// Something disagrees.
    Mismatch(String),
}

/// Runs one layer and compares.
pub(super) fn run(model: Model<'_>, limits: &Limits, conv: &ConvLayer) -> Verification {
    let mut found = Verification::new(conv);
    let outcome = if operands::is_integer(&conv.op_type) {
        attempt::<f64>(model, limits, conv, &mut found)
    } else {
        attempt::<f32>(model, limits, conv, &mut found)
    };
    (found.status, found.reason) = match outcome {
        Ok(()) => (Status::Confirmed, None),
        Err(Failure::NotRun(reason)) => (Status::NotRun, Some(reason)),
        Err(Failure::Mismatch(reason)) => (Status::Mismatch, Some(reason)),
    };
    found
}

impl Verification {
    /// What is known of a layer before it is run.
    pub(super) fn new(conv: &ConvLayer) -> Self {
        Self {
            layer: conv.name.clone(),
            engine: None,
            method: None,
            input_shape: conv.input_shape.as_ref().map(one_sample),
            expected_shape: conv.output_shape.as_ref().map(one_sample),
            actual_shape: None,
            shapes_agree: None,
            positions_checked: 0,
            max_abs_error: None,
            status: Status::Confirmed,
            reason: None,
            note: None,
        }
    }
}

/// Bytes that running `conv` is likely to need, from its row alone: three of each tensor, as
/// [`Geometry::bytes`] counts, and the engine's columns. 0 where the row leaves its shapes open, and
/// nothing will be run.
pub(super) fn needs(conv: &ConvLayer) -> u64 {
    let elements = |shape: &Option<Shape>| shape.as_ref().map(one_sample)?.numel();
    let element = if operands::is_integer(&conv.op_type) {
        8
    } else {
        4
    };
    let bytes = || {
        let (input, output) = (elements(&conv.input_shape)?, elements(&conv.output_shape)?);
        let weight = conv.weight_shape.as_ref()?.numel()?;
        let tensors = input.checked_add(output)?.checked_add(weight)?;
        tensors.checked_mul(4 * element)
    };
    bytes().map_or(0, |it| u64::try_from(it).unwrap_or(u64::MAX))
}

/// `[N, C, d1, …, dn]` with a batch of one.
fn one_sample(shape: &Shape) -> Shape {
    let mut dims = shape.0.clone();
    if let Some(batch) = dims.first_mut() {
        *batch = Dim::Known(1);
    }
    Shape(dims)
}

/// Everything of a layer that is known before it is run.
pub(super) struct Plan<'a> {
    /// The report's row.
    pub(super) conv: &'a ConvLayer,
    /// Its operator.
    pub(super) operator: &'static ConvOperator,
    /// `[1, C, d1, …, dn]`.
    pub(super) input: Vec<usize>,
    /// `[1, M, o1, …, on]` by the report.
    pub(super) expected: Vec<usize>,
}

/// A layer that is ready to be run.
pub(super) struct Prepared<'a, T> {
    pub(super) plan: Plan<'a>,
    pub(super) operands: Operands<T>,
    pub(super) geometry: Geometry,
}

fn attempt<T: engine::Element>(
    model: Model<'_>,
    limits: &Limits,
    conv: &ConvLayer,
    found: &mut Verification,
) -> Result<(), Failure> {
    let prepared = prepare::<T>(model, limits, conv, found)?;
    let output = run_engine(&prepared, found)?;
    let shapes = compare_shapes(&prepared.plan, &output.sizes, found);
    shapes.map_err(|it| stated(model, conv, it))?;
    compare_values(&prepared.plan, &prepared.operands, &output, found)
}

/// Reads the layer's weights and checks everything that the engine does not.
pub(super) fn prepare<'a, T: engine::Element>(
    model: Model<'_>,
    limits: &Limits,
    conv: &'a ConvLayer,
    found: &mut Verification,
) -> Result<Prepared<'a, T>, Failure> {
    if !engine::BUILT_IN {
        return Err(not_run("built without the feature verify"));
    }
    let plan = plan(model, limits, conv, found)?;
    let mut evaluator = Evaluator::<T>::new(model, limits.bytes);
    let node = model.network.node(conv.node);
    let operands = operands::operands(&mut evaluator, node, plan.operator, &plan.input);
    drop(evaluator);
    let mut operands = operands.map_err(Failure::NotRun)?;
    if let Some(reason) = operands.bias_problem.take() {
        // A bias that the report counts as stored must be there.
        if conv.bias_source.is_none() {
            return Err(Failure::NotRun(format!("bias: {reason}")));
        }
        found.note = Some(format!("without its bias: {reason}"));
    }
    let geometry = geometry(model, &plan, &operands.weight).map_err(Failure::NotRun)?;
    check_bias(&geometry, &operands)?;
    check_bytes(&geometry, limits, T::BYTES)?;
    Ok(Prepared {
        plan,
        operands,
        geometry,
    })
}

/// Runs the layer in the engine.
pub(super) fn run_engine<T: engine::Element>(
    prepared: &Prepared<'_, T>,
    found: &mut Verification,
) -> Result<Array<T>, Failure> {
    let operands = &prepared.operands;
    let bias = operands.bias.as_ref().map(|it| it.values.clone());
    let output = engine::run(
        &prepared.geometry,
        operands.input.values.clone(),
        operands.weight.values.clone(),
        bias,
    );
    let output = output.map_err(|it| Failure::NotRun(format!("candle: {it}")))?;
    found.engine = Some(engine::NAME.to_owned());
    found.method = Some(output.method.name());
    let output = Array::new(output.shape, output.values);
    output.ok_or_else(|| not_run("candle: shape and values do not fit"))
}

/// An output size that a user stated is no claim of ours to be disproved.
fn stated(model: Model<'_>, conv: &ConvLayer, failure: Failure) -> Failure {
    let node = model.network.node(conv.node);
    let output = node.outputs.first().copied().flatten();
    let pin = output.and_then(|it| model.network.pinned.get(&it));
    match (pin, failure) {
        (Some(pin), Failure::Mismatch(reason)) => {
            Failure::NotRun(format!("its output size is stated by {}: {reason}", pin.by))
        }
        (_, failure) => failure,
    }
}

pub(super) fn not_run(reason: &str) -> Failure {
    Failure::NotRun(reason.to_owned())
}

/// Everything that can be asked before a weight is read.
fn plan<'a>(
    model: Model<'_>,
    limits: &Limits,
    conv: &'a ConvLayer,
    found: &Verification,
) -> Result<Plan<'a>, Failure> {
    let operator = conv::find(&conv.domain, &conv.op_type);
    let operator = operator.ok_or_else(|| not_run("not a convolution operator"))?;
    if conv.op_type == "DeformConv" {
        return Err(not_run("DeformConv reads at offsets computed at run time"));
    }
    let sizes = |shape: &Option<Shape>, what: &str| match shape {
        Some(shape) => sizes(model, conv, shape, what),
        None => Err(Failure::NotRun(unknown(model, conv, what))),
    };
    let input = sizes(&found.input_shape, "input")?;
    let expected = sizes(&found.expected_shape, "output")?;
    if let Some(macs) = conv.macs.filter(|it| it.0 > limits.macs) {
        return Err(Failure::NotRun(format!(
            "needs {} MACs, over the limit of {} (--max-macs)",
            shortened(macs.0),
            shortened(limits.macs)
        )));
    }
    let elements = [&input, &expected].map(|it| numel(it).and_then(|it| u128::try_from(it).ok()));
    let elements = elements
        .into_iter()
        .try_fold(0u128, |sum, it| sum.checked_add(it?));
    check_limit(elements.and_then(|it| it.checked_mul(4)), limits)?;
    Ok(Plan {
        conv,
        operator,
        input,
        expected,
    })
}

/// A shape's sizes, or which of them is open.
fn sizes(
    model: Model<'_>,
    conv: &ConvLayer,
    shape: &Shape,
    what: &str,
) -> Result<Vec<usize>, Failure> {
    let size = |dim: &Dim| match dim {
        Dim::Known(size) => usize::try_from(*size)
            .map_err(|_| Failure::NotRun(format!("{what} size {size} is too large"))),
        Dim::Unknown => Err(Failure::NotRun(unknown(model, conv, what))),
        open @ Dim::Symbolic(_) => Err(Failure::NotRun(format!(
            "size \"{open}\" of its {what} is open; --input or --dim settles it"
        ))),
    };
    shape.0.iter().map(size).collect()
}

/// Why a layer has no shapes.
fn unknown(model: Model<'_>, conv: &ConvLayer, what: &str) -> String {
    let node = model.network.node(conv.node);
    let input = node.inputs.first().copied().flatten();
    let note = input.and_then(|it| model.network.notes.get(&it));
    // The first cause along the way, where inference noted one.
    let cause = input.and_then(|it| model.shapes.value(it).note.as_ref());
    match model.shapes.problems.get(&conv.node).or(note).or(cause) {
        Some(problem) => problem.to_string(),
        None => {
            format!("its {what} shape is not known; --input gives the sizes of the model's inputs")
        }
    }
}

/// The node read a second time.
fn geometry<T>(model: Model<'_>, plan: &Plan<'_>, weight: &Array<T>) -> Result<Geometry, String> {
    let node = model.network.node(plan.conv.node);
    let pads = if plan.conv.op_type == "ConvTransposeWithDynamicPads" {
        let id = node.inputs.get(2).copied().flatten();
        let pads = id.map(|it| {
            model
                .shapes
                .value(it)
                .ints()
                .ok_or("its pads come at run time")
        });
        pads.transpose()?
    } else {
        None
    };
    let (input, sizes) = (plan.input.clone(), weight.sizes.clone());
    Geometry::read(node, plan.operator.transposed, input, sizes, pads)
}

fn check_bias<T>(geometry: &Geometry, operands: &Operands<T>) -> Result<(), Failure> {
    let filters = geometry.filters();
    match &operands.bias {
        Some(bias) if bias.values.len() != filters => Err(Failure::NotRun(format!(
            "bias has {} values, needs {filters}",
            bias.values.len()
        ))),
        _ => Ok(()),
    }
}

fn check_bytes(geometry: &Geometry, limits: &Limits, element: u64) -> Result<(), Failure> {
    check_limit(geometry.bytes(element), limits)
}

/// Refuses what needs more bytes than the limit.
pub(super) fn check_limit(needed: Option<u128>, limits: &Limits) -> Result<(), Failure> {
    let needed = needed
        .and_then(|it| u64::try_from(it).ok())
        .unwrap_or(u64::MAX);
    if needed <= limits.bytes {
        return Ok(());
    }
    Err(Failure::NotRun(format!(
        "needs {}, over the limit of {} (--max-bytes)",
        Bytes(needed),
        Bytes(limits.bytes)
    )))
}

/// A count in the largest decimal unit that keeps it at 1 or more: `21.3 G`.
fn shortened(count: u128) -> String {
    let unit = |(size, name): &(u128, &str)| {
        let tenths = count.checked_div(size / 10)?;
        (tenths >= 10).then(|| match tenths % 10 {
            0 => format!("{} {name}", counted(tenths / 10)),
            tenth => format!("{}.{tenth} {name}", counted(tenths / 10)),
        })
    };
    let units = [(1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")];
    units
        .iter()
        .find_map(unit)
        .unwrap_or_else(|| count.to_string())
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn counts_take_a_decimal_unit() {
        let cases = [
            (20_000_000_000, "20 G"),
            (21_340_000_000, "21.3 G"),
            (1_500, "1.5 k"),
            (999, "999"),
        ];
        for (count, expected) in cases {
            assert_eq!(shortened(count), expected, "{count}");
        }
    }
}
