//! Layer normalisation on the CPU.

use burn::backend::flex::FlexTensor;
use burn::backend::{Flex, TensorMetadata};
use pulp::{Simd, WithSimd};

use super::LayerNormOps;
use crate::kernels::cpu::tasks::{ROWS, Shared, buffer, for_each};
use crate::kernels::cpu::vector;
use crate::kernels::flex::{contiguous, tensor, values};

impl LayerNormOps for Flex {
    fn layer_norm(x: FlexTensor, gamma: FlexTensor, beta: FlexTensor, epsilon: f32) -> FlexTensor {
        let [x, gamma, beta] = [x, gamma, beta].map(contiguous);
        let (out, _) = forward(values(&x), values(&gamma), values(&beta), epsilon);
        tensor(out, x.shape())
    }
}

/// Mean and reciprocal deviation of every row: the backward pass needs them.
pub type Statistics = Vec<[f32; 2]>;

/// Rows of `width` values, each brought to mean 0 and variance 1, then times `gamma` plus `beta`.
pub fn forward(x: &[f32], gamma: &[f32], beta: &[f32], epsilon: f32) -> (Vec<f32>, Statistics) {
    let width = gamma.len();
    assert!(beta.len() == width && x.len().is_multiple_of(width));
    let rows = x.len() / width;
    let mut out = buffer(x.len());
    let mut statistics = vec![[0.0; 2]; rows];
    let shared = Shared::new(&mut out);
    let shared_statistics = Shared::new(statistics.as_flattened_mut());
    for_each(rows.div_ceil(ROWS), |task| {
        let first = task * ROWS;
        let rows = ROWS.min(rows - first);
        // SAFETY: one range of rows a task.
        let (out, statistics) = unsafe {
            (
                shared.part(first * width, rows * width),
                shared_statistics.part(2 * first, 2 * rows),
            )
        };
        vector::dispatch(Forward {
            x: &x[first * width..][..rows * width],
            gamma,
            beta,
            epsilon,
            out,
            statistics,
        });
    });
    (out, statistics)
}

struct Forward<'a> {
    x: &'a [f32],
    gamma: &'a [f32],
    beta: &'a [f32],
    epsilon: f32,
    out: &'a mut [f32],
    statistics: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let width = self.gamma.len();
        let vectors = || (0..width).step_by(S::F32_LANES);
        let lanes = |at: usize| S::F32_LANES.min(width - at);
        let (gamma, beta) = (self.gamma.as_ptr(), self.beta.as_ptr());
        let rows = self
            .x
            .chunks_exact(width)
            .zip(self.out.chunks_exact_mut(width));
        for ((x, out), statistics) in rows.zip(self.statistics.chunks_exact_mut(2)) {
            let (x, out) = (x.as_ptr(), out.as_mut_ptr());
            // SAFETY: every access is to `lanes(at)` values from `at` on, below `width`.
            unsafe {
                let mut sum = simd.splat_f32s(0.0);
                for at in vectors() {
                    sum = simd.add_f32s(sum, vector::load(simd, x.add(at), lanes(at)));
                }
                let mean = simd.reduce_sum_f32s(sum) / width as f32;
                let all = simd.splat_f32s(mean);
                let mut squares = simd.splat_f32s(0.0);
                for at in vectors() {
                    let lanes = lanes(at);
                    let mut apart = simd.sub_f32s(vector::load(simd, x.add(at), lanes), all);
                    if lanes < S::F32_LANES {
                        apart = vector::keep(simd, apart, lanes);
                    }
                    squares = vector::mul_add(simd, apart, apart, squares);
                }
                let variance = simd.reduce_sum_f32s(squares) / width as f32;
                let inverse = 1.0 / (variance + self.epsilon).sqrt();
                let scale = simd.splat_f32s(inverse);
                for at in vectors() {
                    let lanes = lanes(at);
                    let apart = simd.sub_f32s(vector::load(simd, x.add(at), lanes), all);
                    let normal = simd.mul_f32s(apart, scale);
                    let value = vector::mul_add(
                        simd,
                        normal,
                        vector::load(simd, gamma.add(at), lanes),
                        vector::load(simd, beta.add(at), lanes),
                    );
                    vector::store(simd, out.add(at), lanes, value);
                }
                statistics.copy_from_slice(&[mean, inverse]);
            }
        }
    }
}
