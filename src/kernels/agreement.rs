//! Do a device's kernels compute what the CPU's do? Asked of every kernel, over sizes that divide
//! by nothing and those of the networks.
//!
//! A browser's GPU can be wrong without an error: this is how the tests, and anybody on their own
//! machine, find out.

use burn::tensor::{Device, ExecutionError, Tensor, TensorData};
use serde::Serialize;

use super::{
    MatmulPrecision, Window, attention, convolve, convolve_join, depthwise, layer_norm, linear,
    linear_gelu, linear_join, max_pool, pixel_mean, tokens,
};

/// How far one kernel is from the CPU's.
#[derive(Clone, Debug, Serialize)]
pub struct Agreement {
    /// The kernel and its sizes.
    pub case: String,
    /// The largest |difference|, over max(1, the largest |value|); infinite where an answer is not
    /// a number.
    pub difference: f32,
}

/// The precision of every product here: the GPU has no other.
const EXACT: MatmulPrecision = MatmulPrecision::Highest;
/// The largest difference that another order of f32 sums explains.
pub const TOLERANCE: f32 = 1e-4;

/// Random values, of variance 1 and the same at every call, on a device.
struct Inputs<'a> {
    device: &'a Device,
    state: u32,
}

impl Inputs<'_> {
    fn next<const D: usize>(&mut self, shape: [usize; D]) -> Tensor<D> {
        let values: Vec<f32> = (0..shape.iter().product())
            .map(|_| {
                self.state = self
                    .state
                    .wrapping_mul(1_664_525)
                    .wrapping_add(1_013_904_223);
                ((self.state >> 8) as f32 / (1 << 23) as f32 - 1.0) * 3f32.sqrt()
            })
            .collect();
        Tensor::from_data(TensorData::new(values, shape), self.device)
    }
}

/// One operation on inputs of its own making; its result as one row.
type Operation = Box<dyn Fn(&mut Inputs) -> Tensor<1>>;

/// Every case, as its name and what it does.
fn cases() -> Vec<(String, Operation)> {
    let mut cases = Vec::new();
    let mut add = |name: String, operation: Operation| cases.push((name, operation));

    for [rows, from, to] in [
        [1, 1, 1],
        [3, 5, 7],
        [1, 192, 9],
        [9, 40, 160],
        [50, 67, 33],
        [50, 67, 133],
        [131, 384, 100],
    ] {
        let inputs = move |inputs: &mut Inputs| {
            let x = inputs.next([1, rows, from]);
            (x, inputs.next([from, to]), inputs.next([to]))
        };
        add(
            format!("linear {rows}×{from}×{to}"),
            Box::new(move |random| {
                let (x, weight, bias) = inputs(random);
                linear::<3>(x, weight, Some(bias), EXACT).flatten(0, 2)
            }),
        );
        add(
            format!("linear without bias {rows}×{from}×{to}"),
            Box::new(move |random| {
                let (x, weight, _) = inputs(random);
                linear::<3>(x, weight, None, EXACT).flatten(0, 2)
            }),
        );
        add(
            format!("linear with GELU {rows}×{from}×{to}"),
            Box::new(move |random| {
                let (x, weight, bias) = inputs(random);
                linear_gelu::<3>(x, weight, Some(bias), EXACT).flatten(0, 2)
            }),
        );
        add(
            format!("linear with a residual {rows}×{from}×{to}"),
            Box::new(move |random| {
                let (x, weight, bias) = inputs(random);
                let residual = random.next([1, rows, to]);
                linear_join::<3>(x, weight, Some(bias), residual, EXACT).flatten(0, 2)
            }),
        );
    }

    // Batch, height, width, from, to; kernel, stride, padding.
    for ([batch, height, width, from, to], [kernel, stride, pad]) in [
        ([1, 7, 5, 3, 4], [3, 1, 1]),
        ([2, 9, 11, 4, 8], [3, 2, 1]),
        ([1, 16, 12, 4, 40], [4, 4, 0]),
        ([1, 13, 17, 5, 6], [7, 2, 3]),
        ([1, 20, 20, 4, 64], [7, 2, 3]),
        ([2, 8, 6, 8, 12], [1, 2, 0]),
        ([1, 5, 4, 12, 7], [5, 3, 2]),
        ([1, 14, 14, 64, 72], [3, 1, 1]),
        ([2, 7, 7, 40, 80], [2, 2, 0]),
    ] {
        let window = Window {
            kernel,
            stride,
            pad,
        };
        let name = format!(
            "{batch}×{height}×{width}×{from} to {to}, kernel {kernel}, stride {stride}, padding {pad}"
        );
        let inputs = move |inputs: &mut Inputs| {
            let x = inputs.next([batch, height, width, from]);
            let weight = inputs.next([to, from, kernel, kernel]);
            (x, weight, inputs.next([to]))
        };
        add(
            format!("convolve {name}"),
            Box::new(move |random| {
                let (x, weight, bias) = inputs(random);
                convolve(x, weight, Some(bias), window, EXACT).flatten(0, 3)
            }),
        );
        add(
            format!("convolve with a residual and ReLU {name}"),
            Box::new(move |random| {
                let (x, weight, bias) = inputs(random);
                let side = |side: usize| (side + 2 * pad - kernel) / stride + 1;
                let residual = random.next([batch, side(height), side(width), to]);
                convolve_join(x, weight, Some(bias), window, Some(residual), true, EXACT)
                    .flatten(0, 3)
            }),
        );
        add(
            format!("max pool {batch}×{height}×{width}×{from}, kernel {kernel}, stride {stride}"),
            Box::new(move |random| {
                let x = random.next([batch, height, width, from]);
                let window = Window {
                    pad: kernel / 2,
                    ..window
                };
                max_pool(x, window).flatten(0, 3)
            }),
        );
        add(
            format!("pixel mean {batch}×{height}×{width}×{from}"),
            Box::new(move |random| {
                pixel_mean(random.next([batch, height, width, from])).flatten(0, 1)
            }),
        );
    }

    for [batch, height, width, channels, kernel] in [
        [1, 7, 7, 4, 7],
        [2, 5, 9, 6, 3],
        [1, 3, 2, 5, 5],
        [1, 14, 13, 40, 7],
        [2, 4, 6, 12, 7],
    ] {
        add(
            format!("depthwise {batch}×{height}×{width}×{channels}, kernel {kernel}"),
            Box::new(move |random| {
                let x = random.next([batch, height, width, channels]);
                let weight = random.next([channels, 1, kernel, kernel]);
                depthwise(x, weight, random.next([channels])).flatten(0, 3)
            }),
        );
    }

    for [rows, columns] in [[1, 4], [5, 7], [3, 40], [260, 33], [197, 192], [2, 512]] {
        add(
            format!("layer norm {rows}×{columns}"),
            Box::new(move |random| {
                let x = random.next([rows, columns]);
                let (gamma, beta) = (random.next([columns]), random.next([columns]));
                layer_norm::<2>(x, gamma, beta, 1e-6).flatten(0, 1)
            }),
        );
    }

    for [batch, count, heads, side] in [[1, 5, 2, 3], [2, 65, 3, 16], [1, 197, 3, 64]] {
        let width = heads * side;
        add(
            format!("attention {batch}×{count}, {heads} heads of {side}"),
            Box::new(move |random| {
                attention(random.next([batch, count, 3 * width]), heads).flatten(0, 2)
            }),
        );
        add(
            format!("tokens {batch}×{count}×{width}"),
            Box::new(move |random| {
                let patches = random.next([batch, count - 1, width]);
                let class_token = random.next([1, 1, width]);
                tokens(patches, class_token, random.next([1, count, width])).flatten(0, 2)
            }),
        );
    }
    cases
}

/// Every kernel on `device` against the CPU's.
///
/// # Errors
/// [`ExecutionError`] where the device gives no answer.
pub async fn agreement(device: &Device) -> Result<Vec<Agreement>, ExecutionError> {
    let mut found = Vec::new();
    for (case, operation) in cases() {
        let on = |device: &Device| operation(&mut Inputs { device, state: 17 }).into_data_async();
        let expected: Vec<f32> = on(&Device::flex()).await?.iter::<f32>().collect();
        let answer: Vec<f32> = on(device).await?.iter::<f32>().collect();
        let largest = expected
            .iter()
            .fold(1.0f32, |most, value| most.max(value.abs()));
        let apart = answer.iter().zip(&expected).map(|(a, b)| (a - b).abs());
        // `f32::max` passes over NaN, which must not pass here.
        let apart = apart.fold(0.0f32, |most, apart| match apart.is_nan() {
            true => f32::INFINITY,
            false => most.max(apart),
        });
        let complete = answer.len() == expected.len();
        found.push(Agreement {
            case,
            difference: if complete {
                apart / largest
            } else {
                f32::INFINITY
            },
        });
    }
    Ok(found)
}
