//! Position embeddings resampled for another grid than they were learned on.
//!
//! Bicubic interpolation as PyTorch's `interpolate(mode="bicubic", align_corners=False)` without
//! antialiasing (Keys' kernel with a = -0.75, borders repeated), as Hugging Face does for DINOv2. It
//! is linear and separable, so two matrix products do it: any device runs them, and gradients pass
//! through.

use burn::tensor::{Device, Tensor, TensorData};

use crate::kernels::{self, MatmulPrecision, linear};

/// Keys' parameter in PyTorch's bicubic kernel.
const A: f64 = -0.75;
/// The interpolation is exact, whatever the network's precision.
const EXACT: MatmulPrecision = MatmulPrecision::Highest;

/// `[1, 1 + side², width]`, the class token's embedding first → `[1, 1 + rows * columns, width]`.
///
/// The class token's embedding is kept as it is; a grid that already fits is returned unchanged.
pub fn resample(positions: Tensor<3>, rows: usize, columns: usize) -> Tensor<3> {
    let [_, tokens, width] = positions.dims();
    let side = (tokens - 1).isqrt();
    if (rows, columns) == (side, side) {
        return positions;
    }
    let device = positions.device();
    let class_token = positions.clone().narrow(1, 0, 1);
    // [1, side * side, C] -> [rows, side * C] -> [rows * columns, C]
    let grid = positions
        .narrow(1, 1, side * side)
        .reshape([side, side * width]);
    let grid = linear(matrix(side, rows, &device), grid, None, EXACT);
    // [rows, side * C] -> [side, rows * C] -> [columns, rows * C] -> [1, rows * columns, C]
    let grid = grid
        .reshape([rows, side, width])
        .swap_dims(0, 1)
        .reshape([side, rows * width]);
    let grid = linear(matrix(side, columns, &device), grid, None, EXACT)
        .reshape([columns, rows, width])
        .swap_dims(0, 1)
        .reshape([1, rows * columns, width]);
    let nowhere = Tensor::zeros([1, 1 + rows * columns, width], &device);
    kernels::tokens(grid, class_token, nowhere)
}

/// The interpolation along one axis as a matrix `[to, from]`.
fn matrix(from: usize, to: usize, device: &Device) -> Tensor<2> {
    let mut weights = vec![0.0f32; to * from];
    let scale = from as f64 / to as f64;
    for (i, row) in weights.chunks_exact_mut(from).enumerate() {
        let centre = (i as f64 + 0.5) * scale - 0.5;
        let first = centre.floor();
        for tap in -1..=2 {
            let index = (first as isize + tap).clamp(0, from as isize - 1) as usize;
            row[index] += kernel(centre - first - tap as f64) as f32;
        }
    }
    Tensor::from_data(TensorData::new(weights, [to, from]), device)
}

/// Keys' cubic convolution kernel at distance `x` (IEEE Trans. ASSP 29(6), 1981).
fn kernel(x: f64) -> f64 {
    let x = x.abs();
    if x <= 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A
    } else {
        0.0
    }
}
