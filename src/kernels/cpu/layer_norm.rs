//! Layer normalisation over the last axis ("Layer Normalization", Ba et al., arXiv 1607.06450).

use pulp::{Simd, WithSimd};

use super::tasks::{self, ROWS, Shared, buffer, for_each};
use super::vector;

/// What the backward pass needs of the forward: mean and reciprocal deviation of every row.
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

/// Gradients of `x`, `gamma` and `beta`.
pub fn backward(
    x: &[f32],
    gamma: &[f32],
    statistics: &Statistics,
    gradient: &[f32],
) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
    let width = gamma.len();
    assert!(gradient.len() == x.len() && statistics.len() * width == x.len());
    let rows = statistics.len();
    let tasks = rows.div_ceil(ROWS);
    let mut out = buffer(x.len());
    let mut parts = vec![0.0; tasks.max(1) * 2 * width];
    let (shared, shared_parts) = (Shared::new(&mut out), Shared::new(&mut parts));
    for_each(tasks, |task| {
        let first = task * ROWS;
        let rows = ROWS.min(rows - first);
        let values = first * width..(first + rows) * width;
        // SAFETY: one range of rows a task.
        let (out, sums) = unsafe {
            (
                shared.part(values.start, values.len()),
                shared_parts.part(task * 2 * width, 2 * width),
            )
        };
        vector::dispatch(Backward {
            x: &x[values.clone()],
            gamma,
            statistics: &statistics[first..][..rows],
            gradient: &gradient[values],
            out,
            sums,
        });
    });
    let mut gamma = tasks::fold(parts, 2 * width);
    let beta = gamma.split_off(width);
    (out, gamma, beta)
}

struct Backward<'a> {
    x: &'a [f32],
    gamma: &'a [f32],
    statistics: &'a [[f32; 2]],
    gradient: &'a [f32],
    out: &'a mut [f32],
    /// Gradients of gamma, then of beta.
    sums: &'a mut [f32],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let width = self.gamma.len();
        let vectors = || (0..width).step_by(S::F32_LANES);
        let lanes = |at: usize| S::F32_LANES.min(width - at);
        let gamma = self.gamma.as_ptr();
        let (gammas, betas) = self.sums.split_at_mut(width);
        let (gammas, betas) = (gammas.as_mut_ptr(), betas.as_mut_ptr());
        let rows = self
            .x
            .chunks_exact(width)
            .zip(self.gradient.chunks_exact(width))
            .zip(self.out.chunks_exact_mut(width));
        for (((x, gradient), out), &[mean, inverse]) in rows.zip(self.statistics) {
            let (x, gradient, out) = (x.as_ptr(), gradient.as_ptr(), out.as_mut_ptr());
            let (all, scale) = (simd.splat_f32s(mean), simd.splat_f32s(inverse));
            let mut sum = simd.splat_f32s(0.0);
            let mut along = simd.splat_f32s(0.0);
            // SAFETY: every access is to `lanes(at)` values from `at` on, below `width`; lanes
            // beyond them hold 0 in the gradient.
            unsafe {
                for at in vectors() {
                    let lanes = lanes(at);
                    let apart = simd.sub_f32s(vector::load(simd, x.add(at), lanes), all);
                    let normal = simd.mul_f32s(apart, scale);
                    let gradient = vector::load(simd, gradient.add(at), lanes);
                    let sums = vector::load(simd, gammas.add(at), lanes);
                    let sums = vector::mul_add(simd, gradient, normal, sums);
                    vector::store(simd, gammas.add(at), lanes, sums);
                    let sums = vector::load(simd, betas.add(at), lanes);
                    vector::store(simd, betas.add(at), lanes, simd.add_f32s(sums, gradient));
                    let g = simd.mul_f32s(gradient, vector::load(simd, gamma.add(at), lanes));
                    sum = simd.add_f32s(sum, g);
                    along = vector::mul_add(simd, g, normal, along);
                }
                let sum = simd.splat_f32s(simd.reduce_sum_f32s(sum) / width as f32);
                let along = simd.splat_f32s(simd.reduce_sum_f32s(along) / width as f32);
                for at in vectors() {
                    let lanes = lanes(at);
                    let apart = simd.sub_f32s(vector::load(simd, x.add(at), lanes), all);
                    let normal = simd.mul_f32s(apart, scale);
                    let gradient = vector::load(simd, gradient.add(at), lanes);
                    let g = simd.mul_f32s(gradient, vector::load(simd, gamma.add(at), lanes));
                    let g = simd.sub_f32s(simd.sub_f32s(g, sum), simd.mul_f32s(normal, along));
                    vector::store(simd, out.add(at), lanes, simd.mul_f32s(g, scale));
                }
            }
        }
    }
}
