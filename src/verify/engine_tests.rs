//! The engine against the direct dot product, at every output position of many small layers.

use proptest::prelude::*;

use super::array::{Array, numel};
use super::direct::Direct;
use super::engine;
use super::geometry::{Geometry, Method};
use super::input::SplitMix;
use super::real::Real;

fn random(sizes: &[usize], seed: u64) -> Array<f32> {
    let mut random = SplitMix::new(seed);
    let values = (0..numel(sizes).unwrap()).map(|_| f32::from_f64(random.signed()));
    Array::new(sizes.to_vec(), values.collect()).unwrap()
}

/// Runs `geometry` and compares every output; the largest difference over what is allowed.
fn compare(geometry: &Geometry) -> Result<Method, String> {
    let (input, weight) = (random(&geometry.input, 1), random(&geometry.weight, 2));
    let bias = random(&[geometry.filters()], 3).values;
    let output = engine::run(
        geometry,
        input.values.clone(),
        weight.values.clone(),
        Some(bias.clone()),
    )?;
    let expected = geometry.output()?;
    if output.shape != expected {
        return Err(format!("{:?} instead of {expected:?}", output.shape));
    }
    let wide = |list: &[usize]| -> Vec<u64> {
        list.iter().map(|it| u64::try_from(*it).unwrap()).collect()
    };
    let (strides, dilations) = (wide(&geometry.strides), wide(&geometry.dilations));
    let ends = geometry.pads.iter().map(|it| it.1);
    let pads: Vec<i64> = geometry.pads.iter().map(|it| it.0).chain(ends).collect();
    let direct = Direct {
        transposed: geometry.transposed,
        strides: &strides,
        dilations: &dilations,
        pads: &pads,
        group: geometry.group,
        input: &input,
        weight: &weight,
        bias: Some(&bias),
    };
    for (flat, got) in output.values.iter().enumerate() {
        let mut rest = flat;
        let mut position: Vec<usize> = output
            .shape
            .iter()
            .rev()
            .map(|size| {
                let at = rest % size;
                rest /= size;
                at
            })
            .collect();
        position.reverse();
        let wanted = direct.at(&position).ok_or("no direct value")?;
        if (f64::from(*got) - wanted.value).abs() > 1e-5 * wanted.magnitude + 1e-6 {
            return Err(format!("{position:?}: {got} instead of {}", wanted.value));
        }
    }
    Ok(output.method)
}

/// Sizes along one axis: input, kernel, stride, dilation, padding, output padding.
type AxisCase = (usize, usize, usize, usize, (i64, i64), usize);

fn geometry(
    transposed: bool,
    batch: usize,
    (group, inner, outer): (usize, usize, usize),
    axes: &[AxisCase],
) -> Geometry {
    let mut geometry = Geometry {
        transposed,
        input: vec![batch, group * inner],
        weight: if transposed {
            vec![group * inner, outer]
        } else {
            vec![group * outer, inner]
        },
        strides: vec![],
        dilations: vec![],
        pads: vec![],
        output_padding: vec![],
        group,
    };
    for (input, kernel, stride, dilation, pads, extra) in axes {
        geometry.input.push(*input);
        geometry.weight.push(*kernel);
        geometry.strides.push(*stride);
        geometry.dilations.push(*dilation);
        geometry.pads.push(*pads);
        geometry
            .output_padding
            .push(if transposed { *extra } else { 0 });
    }
    geometry
}

#[test]
fn each_kind_of_layer_takes_its_way_and_is_right() {
    let even = (6, 3, 2, 1, (1, 1), 1);
    #[rustfmt::skip]
    let cases = [
        ("1-D", false, (1, 3, 4), vec![even], Method::Conv1d),
        ("1-D in groups", false, (2, 3, 4), vec![even], Method::Conv1d),
        ("1-D, padded at the start", false, (2, 2, 2), vec![(6, 3, 1, 2, (4, 0), 0)], Method::Conv1d),
        ("2-D", false, (1, 3, 4), vec![even, even], Method::Conv2d),
        ("depthwise, small", false, (5, 1, 2), vec![even, even], Method::Decomposed),
        ("depthwise, small, 1-D", false, (5, 1, 1), vec![even], Method::Decomposed),
        // 11 · 11 positions of 9 taps are more than 1,024.
        ("depthwise", false, (2, 1, 2), vec![(13, 3, 1, 1, (0, 0), 0); 2], Method::Conv2d),
        ("1×1, strided", false, (1, 3, 4), vec![(5, 1, 2, 1, (0, 0), 0); 2], Method::Conv2d),
        ("2-D, four pads", false, (1, 3, 4), vec![(6, 3, 1, 1, (1, 2), 0), (7, 3, 1, 1, (0, 3), 0)], Method::Conv2d),
        ("2-D, cropped", false, (1, 3, 4), vec![(6, 3, 1, 1, (-1, 2), 0), (7, 3, 1, 1, (0, -2), 0)], Method::Conv2d),
        ("one tap, any dilation", false, (1, 2, 2), vec![(6, 1, 1, 1, (0, 0), 0), (9, 3, 1, 2, (2, 2), 0)], Method::Conv2d),
        ("unequal strides", false, (2, 2, 2), vec![(6, 3, 1, 1, (1, 1), 0), (7, 3, 2, 1, (1, 1), 0)], Method::Decomposed),
        ("unequal dilations", false, (1, 2, 2), vec![(6, 3, 1, 1, (1, 1), 0), (9, 3, 1, 2, (1, 1), 0)], Method::Decomposed),
        ("3-D in groups", false, (2, 2, 3), vec![even, (5, 2, 1, 2, (0, 1), 0), (4, 3, 3, 1, (1, 1), 0)], Method::Decomposed),
        ("transposed 1-D", true, (1, 3, 2), vec![even], Method::ConvTranspose1d),
        ("transposed 1-D in groups", true, (3, 2, 2), vec![even], Method::ConvTranspose1d),
        ("transposed 1-D, cropped at the end", true, (3, 2, 2), vec![(6, 4, 2, 2, (0, 3), 1)], Method::ConvTranspose1d),
        ("transposed 2-D", true, (1, 3, 2), vec![even, even], Method::ConvTranspose2d),
        ("transposed 2-D, dilated", true, (1, 3, 2), vec![(4, 3, 2, 2, (1, 1), 0), (5, 2, 2, 2, (1, 1), 0)], Method::ConvTranspose2d),
        ("transposed 2-D, four crops", true, (1, 3, 2), vec![(4, 3, 2, 1, (0, 1), 1), (5, 2, 2, 1, (2, -1), 0)], Method::ConvTranspose2d),
        ("transposed 2-D in groups", true, (2, 3, 2), vec![even, even], Method::Decomposed),
        ("transposed 3-D, unequal strides", true, (2, 1, 2), vec![even, (3, 2, 3, 2, (0, 1), 2), (4, 3, 1, 1, (-1, 1), 0)], Method::Decomposed),
    ];
    for (case, transposed, channels, axes, method) in cases {
        for batch in [1, 2] {
            let geometry = geometry(transposed, batch, channels, &axes);
            assert_eq!(compare(&geometry), Ok(method), "{case}, batch {batch}");
        }
    }
}

/// A name, what is changed, and what is said.
type Refused = (&'static str, fn(&mut Geometry), &'static str);

#[test]
fn what_candle_would_not_check_is_refused() {
    let fits = geometry(false, 1, (1, 2, 3), &[(4, 3, 1, 1, (0, 0), 0); 2]);
    let cases: [Refused; 5] = [
        (
            "kernel too large",
            |it| it.weight[2] = 5,
            "kernel reaches over 5 elements, input 4, padding 0",
        ),
        (
            "stride 0",
            |it| it.strides[0] = 0,
            "kernel reaches over 3 elements, input 4, padding 0",
        ),
        (
            "channels",
            |it| it.input[1] = 4,
            "weight takes 2 channels, the input has 4",
        ),
        (
            "group",
            |it| {
                it.input[1] = 4;
                it.group = 2;
            },
            "group 2 does not divide 4 channels and 3 filters",
        ),
        (
            "group 0",
            |it| it.group = 0,
            "weight takes 0 channels, the input has 2",
        ),
    ];
    assert!(compare(&fits).is_ok());
    for (case, change, expected) in cases {
        let mut geometry = fits.clone();
        change(&mut geometry);
        let (input, weight) = (random(&geometry.input, 1), random(&geometry.weight, 2));
        let got = engine::run(&geometry, input.values, weight.values, None);
        assert_eq!(got, Err(expected.to_owned()), "{case}");
    }
}

fn axis() -> impl Strategy<Value = AxisCase> {
    (
        1..7usize,
        1..4usize,
        1..4usize,
        1..3usize,
        (-1..3i64, -1..3i64),
        0..2usize,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_layer_gives_its_direct_dot_products(
        transposed: bool,
        channels in (1..4usize, 1..3usize, 1..3usize),
        axes in prop::collection::vec(axis(), 1..4),
        alike: bool,
    ) {
        // Half of them with the same stride and dilation on all axes, so that candle's own run.
        let (_, _, stride, dilation, ..) = axes[0];
        let alike = |it: &AxisCase| if alike { (it.0, it.1, stride, dilation, it.4, it.5) } else { *it };
        let axes: Vec<AxisCase> = axes.iter().map(alike).collect();
        let geometry = geometry(transposed, 1, channels, &axes);
        prop_assume!(geometry.output().is_ok());
        prop_assert!(compare(&geometry).is_ok(), "{:?} {geometry:?}", compare(&geometry));
    }
}
