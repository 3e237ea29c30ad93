//! Shape rules of convolutions and pools, and of what else samples a feature map.

use super::call::{Answer, Call, Operator, dim_of, dims_from, operators};
use super::conv::{self, Conv, channels_last};
use super::pool::{self, Pool};
use super::{Element, ShapeError, Value, arith};
use crate::tensor::{DataType, Dim, Shape};

/// Shape rules of this family; those of convolutions and pools come from their own tables.
pub(super) const OPERATORS: &[Operator] = operators![
    ONNX { "MaxUnpool" } => max_unpool,
    ONNX { "MaxRoiPool" } => max_roi_pool,
    ONNX { "RoiAlign" } => roi_align,
    ONNX { "GridSample" } => grid_sample,
    MICROSOFT { "GridSample" } => grid_sample,
    ONNX { "AffineGrid" } => affine_grid,
    ONNX { "Col2Im" } => col2im,
    ONNX { "CausalConvWithState" } => causal_conv,
    ONNX { "NonMaxSuppression" } => non_max_suppression,
    MICROSOFT { "CropAndResize" } => crop_and_resize,
    OWN { "Channels" } => channels,
];

/// The rule of every operator in [`conv::CONVS`].
pub(super) fn convolution(call: &Call<'_>) -> Answer {
    let operator = conv::find(call.domain, call.op_type);
    let operator = operator.ok_or(ShapeError::AttributeMissing { name: "op_type" })?;
    call.need(0, "X")?;
    let weight = call.shape(operator.weight, "W")?;
    let pads = dynamic_pads(call)?;
    let conv = Conv::read(operator, call.attrs, weight, pads.as_deref())?;
    let resolved = conv.resolve(call.shape(0, "X")?, weight)?;
    let shape = if conv.nhwc {
        channels_last(&resolved.output)
    } else {
        resolved.output
    };
    let data_type = match call.op_type {
        "ConvInteger" => Some(DataType::Int32),
        "QLinearConv" | "QLinearConvTranspose" => call.data_type(7).or(call.data_type(0)),
        _ => call.data_type(0),
    };
    Ok(vec![Value::tensor(data_type, shape)])
}

/// The padding of the one operator that takes it as an input.
///
/// # Errors
/// [`ShapeError::Unknown`] where it is computed at run time.
pub fn dynamic_pads(call: &Call<'_>) -> Result<Option<Vec<i64>>, ShapeError> {
    if call.op_type == "ConvTransposeWithDynamicPads" {
        call.ints(2, "Pads")
    } else {
        Ok(None)
    }
}

/// The rule of every operator in [`pool::POOLS`].
pub(super) fn pooling(call: &Call<'_>) -> Answer {
    let operator = pool::find(call.domain, call.op_type);
    let operator = operator.ok_or(ShapeError::AttributeMissing { name: "op_type" })?;
    let pool = Pool::read(operator, call.attrs)?;
    let resolved = pool.resolve(call.shape(0, "X")?)?;
    let shape = if pool.nhwc {
        channels_last(&resolved.output)
    } else {
        resolved.output
    };
    let indices = Value::tensor(Some(DataType::Int64), shape.clone());
    Ok(vec![Value::tensor(call.data_type(0), shape), indices])
}

/// The inverse of a pool's sizes, or those that the third input gives.
fn max_unpool(call: &Call<'_>) -> Answer {
    if call.input(2).is_some() {
        return call.one(
            dims_from(call, 2, "output_shape")?
                .iter()
                .map(dim_of)
                .collect(),
        );
    }
    let input = call.shape(0, "X")?;
    let kernel = call
        .attrs
        .ints("kernel_shape")?
        .ok_or(ShapeError::AttributeMissing {
            name: "kernel_shape",
        })?;
    let axes = kernel.len();
    conv::exactly("kernel_shape", input.rank().saturating_sub(2), axes)?;
    let strides = conv::list(call.attrs, "strides", axes, 1)?;
    let pads = conv::list(call.attrs, "pads", 2 * axes, 0)?;
    let mut shape = input.clone();
    for (at, dim) in shape.0.iter_mut().skip(2).enumerate() {
        let of = |list: &[i64], at: usize| list.get(at).copied().unwrap_or(0);
        let grown = [
            ("Sub", 1),
            ("Mul", of(&strides, at)),
            ("Add", of(&kernel, at)),
            ("Sub", of(&pads, at)),
            ("Sub", of(&pads, at + axes)),
        ];
        let start = Element::from(&*dim);
        *dim = dim_of(&grown.iter().fold(start, |all, (op, by)| {
            arith::binary(op, &all, &Element::Int(*by))
        }));
    }
    call.one(shape)
}

fn max_roi_pool(call: &Call<'_>) -> Answer {
    let channels = call.shape(0, "X")?.dim(1);
    let regions = call.shape(1, "rois")?.dim(0);
    let pooled = call
        .attrs
        .ints("pooled_shape")?
        .ok_or(ShapeError::AttributeMissing {
            name: "pooled_shape",
        })?;
    let pooled = pooled.iter().map(|it| dim_of(&Element::Int(*it)));
    call.one([regions, channels].into_iter().chain(pooled).collect())
}

fn roi_align(call: &Call<'_>) -> Answer {
    let channels = call.shape(0, "X")?.dim(1);
    let regions = call.shape(1, "rois")?.dim(0);
    let size = |name| Ok(dim_of(&Element::Int(call.attrs.int_or(name, 1)?)));
    call.one(Shape(vec![
        regions,
        channels,
        size("output_height")?,
        size("output_width")?,
    ]))
}

/// `[N, C, …]` sampled at a grid `[N, o1, …, on, n]`.
fn grid_sample(call: &Call<'_>) -> Answer {
    let input = call.shape(0, "X")?;
    let grid = call.shape(1, "grid")?;
    let spatial = grid
        .0
        .get(1..grid.rank().saturating_sub(1))
        .unwrap_or_default();
    call.one(
        [input.dim(0), input.dim(1)]
            .iter()
            .chain(spatial)
            .cloned()
            .collect(),
    )
}

/// `size` `[N, C, d1, …, dn]` gives a grid `[N, d1, …, dn, n]`.
fn affine_grid(call: &Call<'_>) -> Answer {
    let size: Vec<Dim> = dims_from(call, 1, "size")?.iter().map(dim_of).collect();
    let spatial = size.get(2..).unwrap_or_default();
    let axes = Dim::Known(crate::units::wide(spatial.len()));
    call.one(
        size.first()
            .into_iter()
            .chain(spatial)
            .chain([&axes])
            .cloned()
            .collect(),
    )
}

/// `[N, C · ∏block, L]` gives `[N, C, image…]`.
fn col2im(call: &Call<'_>) -> Answer {
    let input = call.shape(0, "input")?;
    let image: Vec<Dim> = dims_from(call, 1, "image_shape")?
        .iter()
        .map(dim_of)
        .collect();
    let block = dims_from(call, 2, "block_shape")?;
    let channels = block.iter().fold(Element::from(&input.dim(1)), |all, it| {
        arith::binary("Div", &all, it)
    });
    call.one(
        [input.dim(0), dim_of(&channels)]
            .into_iter()
            .chain(image)
            .collect(),
    )
}

/// `[N, C, length]` stays; the state is the last k − 1 positions. It is no row of [`conv::CONVS`]: what it
/// computes depends on the call before.
fn causal_conv(call: &Call<'_>) -> Answer {
    let input = call.shape(0, "input")?;
    let kernel = Element::from(&call.shape(1, "weight")?.dim(2));
    let kept = dim_of(&arith::binary("Sub", &kernel, &Element::Int(1)));
    let state = Shape(vec![input.dim(0), input.dim(1), kept]);
    Ok(vec![
        Value::tensor(call.data_type(0), input.clone()),
        Value::tensor(call.data_type(0), state),
    ])
}

fn non_max_suppression(_: &Call<'_>) -> Answer {
    Ok(vec![Value::tensor(
        Some(DataType::Int64),
        Shape(vec![Dim::Unknown, Dim::Known(3)]),
    )])
}

/// `[N, C, …]` with another number of channels.
fn channels(call: &Call<'_>) -> Answer {
    let mut shape = call.shape(0, "X")?.clone();
    let channels = call.attrs.int_or("channels", 0)?;
    if let Some(dim) = shape.0.get_mut(1) {
        *dim = dim_of(&Element::Int(channels));
    }
    call.one(shape)
}

fn crop_and_resize(call: &Call<'_>) -> Answer {
    let channels = call.shape(0, "X")?.dim(1);
    let regions = call.shape(1, "rois")?.dim(0);
    let size = dims_from(call, 3, "crop_size")?;
    call.one(
        [regions, channels]
            .into_iter()
            .chain(size.iter().map(dim_of))
            .collect(),
    )
}
