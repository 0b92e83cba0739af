//! Whether the kernels of a device agree with the CPU's: every kernel, over odd sizes and the sizes of
//! the networks.
//!
//! A browser's GPU can be wrong without an error. The browser's tests find out here, and anybody can
//! on a machine of their own.

use burn::tensor::{Device, ExecutionError, Tensor, TensorData};
use serde::Serialize;

use super::{MatmulPrecision, Window};

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
pub(super) const EXACT: MatmulPrecision = MatmulPrecision::Highest;
/// The largest difference that another order of f32 sums explains.
pub const TOLERANCE: f32 = 1e-4;

/// Images `[batch, height, width, channels]`, the channels that leave a convolution, and its window.
pub(super) const WINDOWS: [([usize; 4], usize, Window); 9] = [
    ([1, 7, 5, 3], 4, window(3, 1, 1)),
    ([2, 9, 11, 4], 8, window(3, 2, 1)),
    ([1, 16, 12, 4], 40, window(4, 4, 0)),
    ([1, 13, 17, 5], 6, window(7, 2, 3)),
    ([1, 20, 20, 4], 64, window(7, 2, 3)),
    ([2, 8, 6, 8], 12, window(1, 2, 0)),
    ([1, 5, 4, 12], 7, window(5, 3, 2)),
    ([1, 14, 14, 64], 72, window(3, 1, 1)),
    ([2, 7, 7, 40], 80, window(2, 2, 0)),
];

const fn window(kernel: usize, stride: usize, pad: usize) -> Window {
    Window {
        kernel,
        stride,
        pad,
    }
}

/// Random values, of variance 1 and the same at every call, on a device.
pub(super) struct Inputs<'a> {
    device: &'a Device,
    state: u32,
}

impl Inputs<'_> {
    /// A tensor of values that no other has.
    pub(super) fn next<const D: usize>(&mut self, shape: [usize; D]) -> Tensor<D> {
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

/// The cases of all operations: a name, and the operation.
#[derive(Default)]
pub(super) struct Cases(Vec<(String, Operation)>);

impl Cases {
    /// Adds a case, which makes its inputs and gives its result as one row.
    pub(super) fn add(
        &mut self,
        name: String,
        operation: impl Fn(&mut Inputs) -> Tensor<1> + 'static,
    ) {
        self.0.push((name, Box::new(operation)));
    }

    fn all() -> Self {
        let mut cases = Self::default();
        for room in [
            super::attention::agreement::cases,
            super::convolve::agreement::cases,
            super::depthwise::agreement::cases,
            super::layer_norm::agreement::cases,
            super::linear::agreement::cases,
            super::max_pool::agreement::cases,
            super::pixel_mean::agreement::cases,
            super::tokens::agreement::cases,
            super::upsample::agreement::cases,
        ] {
            room(&mut cases);
        }
        cases
    }
}

/// Every kernel on `device` against the CPU's.
///
/// # Errors
/// [`ExecutionError`] where the device gives no answer.
pub async fn agreement(device: &Device) -> Result<Vec<Agreement>, ExecutionError> {
    let mut found = Vec::new();
    for (case, operation) in Cases::all().0 {
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
