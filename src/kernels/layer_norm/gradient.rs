//! The gradients of a layer normalisation.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::flex::FlexTensor;
use burn::backend::{Autodiff, Flex, TensorMetadata};
use pulp::{Simd, WithSimd};

use super::LayerNormOps;
use super::cpu::{Statistics, forward};
use crate::kernels::cpu::tasks::{self, ROWS, Shared, buffer, for_each};
use crate::kernels::cpu::vector;
use crate::kernels::flex::{tensor, values};
use crate::kernels::gradient::{GraphTensor, Step, parts, record};

impl<C: CheckpointStrategy> LayerNormOps for Autodiff<Flex, C> {
    fn layer_norm(
        x: GraphTensor,
        gamma: GraphTensor,
        beta: GraphTensor,
        epsilon: f32,
    ) -> GraphTensor {
        let [(x, of_x), (gamma, of_gamma), (beta, of_beta)] = [x, gamma, beta].map(parts);
        let (out, statistics) = forward(values(&x), values(&gamma), values(&beta), epsilon);
        let out = tensor(out, x.shape());
        let step = LayerNormStep {
            x,
            gamma,
            statistics: Arc::new(statistics),
        };
        record::<C, _, 3>([of_x, of_gamma, of_beta], out, step)
    }
}

#[derive(Clone, Debug)]
struct LayerNormStep {
    x: FlexTensor,
    gamma: FlexTensor,
    statistics: Arc<Statistics>,
}

impl Step<3> for LayerNormStep {
    fn gradients(self, gradient: FlexTensor, _: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let (x, gamma, beta) = backward(
            values(&self.x),
            values(&self.gamma),
            &self.statistics,
            values(&gradient),
        );
        [
            Some(tensor(x, self.x.shape())),
            Some(tensor(gamma, self.gamma.shape())),
            Some(tensor(beta, self.gamma.shape())),
        ]
    }
}

/// Gradients of `x`, `gamma` and `beta`.
fn backward(
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
