//! The building blocks of the rooms' cases: random inputs, a list of cases, windows to try.

use burn::tensor::{Device, Tensor, TensorData};

use crate::kernels::{MatmulPrecision, Window};

/// The precision of every product here: the GPU has no other.
pub const EXACT: MatmulPrecision = MatmulPrecision::Highest;

/// Images `[batch, height, width, channels]`, the channels that leave a convolution, and its window.
pub const WINDOWS: [([usize; 4], usize, Window); 9] = [
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
pub struct Inputs<'a> {
    device: &'a Device,
    state: u32,
}

impl<'a> Inputs<'a> {
    pub fn new(device: &'a Device) -> Self {
        Self { device, state: 17 }
    }

    /// A tensor of values that no other has.
    pub fn next<const D: usize>(&mut self, shape: [usize; D]) -> Tensor<D> {
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
pub type Operation = Box<dyn Fn(&mut Inputs) -> Tensor<1>>;

/// The cases of all operations: a name, and the operation.
#[derive(Default)]
pub struct Cases(pub Vec<(String, Operation)>);

impl Cases {
    /// Adds a case, which makes its inputs and gives its result as one row.
    pub fn add(&mut self, name: String, operation: impl Fn(&mut Inputs) -> Tensor<1> + 'static) {
        self.0.push((name, Box::new(operation)));
    }
}
