//! Layer normalisation on a browser's GPU: a row's mean, then the variance about it, then the result.
//!
//! Two kernels compute the same. In [`layer_norm_together`], for GPUs, some units share a row; in
//! [`layer_norm`] a row is one unit's.

use burn::backend::TensorMetadata;
use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::LayerNormOps;
use crate::kernels::gpu::{cubes, empty, lanes, staging, total};

/// Sizes of a normalisation.
#[derive(CubeLaunch, CubeType, Clone, Copy)]
#[allow(missing_docs)]
pub struct RowSizes {
    pub rows: u32,
    /// Vectors a row.
    pub columns: u32,
    /// Values a row.
    pub values: u32,
}

/// Every row brought to mean 0 and variance 1, then times `gamma` plus `beta`. A row is one unit's.
#[cube(launch_unchecked)]
pub fn layer_norm<F: Float, N: Size>(
    x: &[Vector<F, N>],
    gamma: &[Vector<F, N>],
    beta: &[Vector<F, N>],
    out: &mut [Vector<F, N>],
    sizes: RowSizes,
    epsilon: f32,
) {
    let row = ABSOLUTE_POS_X;
    if row >= sizes.rows {
        terminate!();
    }
    let first = (row * sizes.columns) as usize;
    let mut sum = Vector::<F, N>::new(F::from_int(0));
    for column in 0..sizes.columns {
        sum += x[first + column as usize];
    }
    let count = F::cast_from(sizes.values);
    let mean = Vector::<F, N>::new(total::<F, N>(sum) / count);
    let mut squares = Vector::<F, N>::new(F::from_int(0));
    for column in 0..sizes.columns {
        let apart = x[first + column as usize] - mean;
        squares = fma(apart, apart, squares);
    }
    let variance = total::<F, N>(squares) / count;
    let scale = Vector::<F, N>::new(F::new(1.0_f32) / (variance + F::cast_from(epsilon)).sqrt());
    for column in 0..sizes.columns {
        let at = column as usize;
        let normalised = (x[first + at] - mean) * scale;
        out[first + at] = fma(normalised, gamma[at], beta[at]);
    }
}

/// Units of a cube of [`layer_norm_together`] that share a row.
const ROW_UNITS: usize = 16;
/// Rows of its cube.
const CUBE_ROWS: usize = 4;

/// The same, a row shared by [`ROW_UNITS`] units: neighbours read neighbouring values.
#[cube(launch_unchecked)]
pub fn layer_norm_together<F: Float, N: Size>(
    x: &[Vector<F, N>],
    gamma: &[Vector<F, N>],
    beta: &[Vector<F, N>],
    out: &mut [Vector<F, N>],
    sizes: RowSizes,
    epsilon: f32,
) {
    let row = CUBE_POS_X * comptime!(CUBE_ROWS as u32) + UNIT_POS_Y;
    // A cube's last rows may lie beyond the end. They read the last row again: every unit must reach the
    // barriers.
    let first = (min(row, sizes.rows - 1) * sizes.columns) as usize;
    let mut parts = Shared::<[F]>::new_slice(comptime!(2 * ROW_UNITS * CUBE_ROWS));
    let own = UNIT_POS_Y * comptime!(ROW_UNITS as u32);
    let count = F::cast_from(sizes.values);

    let mut sum = Vector::<F, N>::new(F::from_int(0));
    for column in range_stepped(UNIT_POS_X, sizes.columns, comptime!(ROW_UNITS as u32)) {
        sum += x[first + column as usize];
    }
    parts[(own + UNIT_POS_X) as usize] = total::<F, N>(sum);
    sync_cube();
    let mut mean = F::from_int(0);
    #[unroll]
    for i in 0..ROW_UNITS {
        mean += parts[own as usize + i];
    }
    let mean = Vector::<F, N>::new(mean / count);

    let mut squares = Vector::<F, N>::new(F::from_int(0));
    for column in range_stepped(UNIT_POS_X, sizes.columns, comptime!(ROW_UNITS as u32)) {
        let apart = x[first + column as usize] - mean;
        squares = fma(apart, apart, squares);
    }
    // The second half: other units may still read the first.
    let second = own + comptime!((ROW_UNITS * CUBE_ROWS) as u32);
    parts[(second + UNIT_POS_X) as usize] = total::<F, N>(squares);
    sync_cube();
    let mut variance = F::from_int(0);
    #[unroll]
    for i in 0..ROW_UNITS {
        variance += parts[second as usize + i];
    }
    let scale =
        Vector::<F, N>::new(F::new(1.0_f32) / (variance / count + F::cast_from(epsilon)).sqrt());
    if row < sizes.rows {
        for column in range_stepped(UNIT_POS_X, sizes.columns, comptime!(ROW_UNITS as u32)) {
            let at = column as usize;
            let normalised = (x[first + at] - mean) * scale;
            out[first + at] = fma(normalised, gamma[at], beta[at]);
        }
    }
}

impl LayerNormOps for CubeBackend {
    fn layer_norm(x: CubeTensor, gamma: CubeTensor, beta: CubeTensor, epsilon: f32) -> CubeTensor {
        let [x, gamma, beta] = [x, gamma, beta].map(into_contiguous);
        let columns = gamma.shape().num_elements();
        let rows = x.shape().num_elements() / columns;
        let lanes = lanes(&[columns]);
        let out = empty(&x, x.shape());
        let sizes = RowSizesLaunch::new(rows as u32, (columns / lanes) as u32, columns as u32);
        let client = x.client.clone();
        let [x, gamma, beta, result] =
            [x, gamma, beta, out.clone()].map(CubeTensor::into_buffer_arg);
        // SAFETY: every unit stays within the sizes, which are those of the buffers.
        unsafe {
            if staging() {
                let (count, _) = cubes(rows.div_ceil(CUBE_ROWS), 1, [1, 1]);
                let dim = CubeDim::new_2d(ROW_UNITS as u32, CUBE_ROWS as u32);
                layer_norm_together::launch_unchecked::<f32>(
                    &client, count, dim, lanes, x, gamma, beta, result, sizes, epsilon,
                );
            } else {
                let (count, dim) = cubes(rows, 1, [64, 1]);
                layer_norm::launch_unchecked::<f32>(
                    &client, count, dim, lanes, x, gamma, beta, result, sizes, epsilon,
                );
            }
        }
        out
    }
}
