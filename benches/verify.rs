//! How long `verify` takes for all convolutions of a model, beside the engine's calls alone.
//!
//! ```sh
//! python3 benches/speed.py --make resnet50.onnx
//! cargo bench --bench verify -- resnet50.onnx
//! ```
//!
//! Prints both times, each the best of nine, and exits with 1 where `verify` takes more than 1.5 times as
//! long. Without a file it does nothing.
#![expect(clippy::print_stdout, reason = "its result")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use candle_core::{Device, Tensor};
use cnninspect::account::{ConvLayer, Layer};
use cnninspect::verify::{Choice, Geometry, Method, run};
use cnninspect::{Inspection, Options, inspect};

const RUNS: u32 = 9;
const MOST_RATIO: f64 = 1.5;

fn main() -> ExitCode {
    let Some(path) = std::env::args().skip(1).find(|it| !it.starts_with("--")) else {
        return ExitCode::SUCCESS;
    };
    let measured = |choice| {
        let options = Options {
            verify: choice,
            ..Options::default()
        };
        let began = Instant::now();
        let inspection = inspect(&path, &options).unwrap();
        (began.elapsed(), inspection)
    };
    let inspection = measured(Choice::All).1;
    let mut best = [Duration::MAX; 3];
    // In turn, so that what else the machine does slows all of them alike.
    for _ in 0..RUNS {
        let round = [
            measured(Choice::None).0,
            measured(Choice::All).0,
            calls(&inspection),
        ];
        for (best, took) in best.iter_mut().zip(round) {
            *best = took.min(*best);
        }
    }
    let [reading, all, calls] = best;
    let verifying = all.saturating_sub(reading);
    let ratio = verifying.as_secs_f64() / calls.as_secs_f64();
    println!("verify {verifying:.1?}, the engine's calls alone {calls:.1?}: {ratio:.2} times");
    ExitCode::from(u8::from(ratio > MOST_RATIO))
}

/// The sum of the engine's calls for the layers that were confirmed, by the way that was taken.
fn calls(inspection: &Inspection) -> Duration {
    let mut verified = inspection.verification.iter();
    let mut sum = Duration::ZERO;
    for layer in &inspection.layers {
        let Layer::Conv(conv) = layer else { continue };
        let ran = verified.next().is_some_and(|it| it.method.is_some());
        sum += if ran { call(conv) } else { Duration::ZERO };
    }
    sum
}

fn call(conv: &ConvLayer) -> Duration {
    let geometry = geometry(conv);
    let ones = |sizes: &[usize]| vec![0.5f32; sizes.iter().product()];
    let (input, weight) = (ones(&geometry.input), ones(&geometry.weight));
    let (begin, _) = geometry.pads[0];
    let even = geometry.pads.iter().all(|it| *it == (begin, begin));
    if geometry.method() != Method::Conv2d || !even {
        let began = Instant::now();
        run(&geometry, input, weight, None).unwrap();
        return began.elapsed();
    }
    let input = Tensor::from_vec(input, geometry.input.as_slice(), &Device::Cpu).unwrap();
    let weight = Tensor::from_vec(weight, geometry.weight.as_slice(), &Device::Cpu).unwrap();
    let (padding, stride) = (usize::try_from(begin).unwrap(), geometry.strides[0]);
    let dilation = geometry.dilation().unwrap_or(1);
    let began = Instant::now();
    let output = input.conv2d(&weight, padding, stride, dilation, geometry.group);
    let took = began.elapsed();
    drop(output.unwrap());
    took
}

fn geometry(conv: &ConvLayer) -> Geometry {
    let sizes = |list: &[u64]| -> Vec<usize> {
        list.iter()
            .map(|it| usize::try_from(*it).unwrap())
            .collect()
    };
    let shape = |shape: &Option<cnninspect::tensor::Shape>| {
        sizes(
            &shape
                .as_ref()
                .and_then(cnninspect::tensor::Shape::sizes)
                .unwrap(),
        )
    };
    let (begins, ends) = conv
        .pads
        .as_deref()
        .unwrap()
        .split_at(conv.kernel_shape.as_ref().unwrap().len());
    let mut input = shape(&conv.input_shape);
    input[0] = 1;
    Geometry {
        transposed: conv.op_type.contains("Transpose"),
        input,
        weight: shape(&conv.weight_shape),
        strides: sizes(conv.strides.as_deref().unwrap()),
        dilations: sizes(conv.dilations.as_deref().unwrap()),
        pads: begins.iter().copied().zip(ends.iter().copied()).collect(),
        output_padding: vec![0; begins.len()],
        group: usize::try_from(conv.group.unwrap()).unwrap(),
    }
}
