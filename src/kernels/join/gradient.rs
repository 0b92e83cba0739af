//! The gradients of a joined branch.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::flex::FlexTensor;
use burn::backend::{Autodiff, Flex, TensorMetadata};
use pulp::{Simd, WithSimd};

use super::JoinOps;
use super::cpu::{Scales, forward};
use crate::kernels::cpu::tasks::{self, ROWS, Shared, buffer, for_each};
use crate::kernels::cpu::vector;
use crate::kernels::flex::{last, tensor, values};
use crate::kernels::gradient::{GraphTensor, Step, optional_parts, parts, record};
use crate::kernels::optional::Optional;

impl<C: CheckpointStrategy> JoinOps for Autodiff<Flex, C> {
    fn join(
        residual: GraphTensor,
        branch: GraphTensor,
        scale: Optional<Self>,
        keep: Optional<Self>,
    ) -> GraphTensor {
        let [(residual, of_residual), (branch, of_branch)] = [residual, branch].map(parts);
        let (scale, of_scale) = optional_parts(scale);
        let (keep, _) = optional_parts(keep);
        let scales = Scales::new(scale.as_ref(), keep.as_ref(), last(&branch));
        let out = forward(values(&residual), values(&branch), scales);
        let out = tensor(out, branch.shape());
        let step = JoinStep {
            branch,
            scale,
            keep,
        };
        record::<C, _, 3>([of_residual, of_branch, of_scale], out, step)
    }
}

#[derive(Clone, Debug)]
struct JoinStep {
    branch: FlexTensor,
    scale: Option<FlexTensor>,
    keep: Option<FlexTensor>,
}

impl Step<3> for JoinStep {
    fn gradients(self, gradient: FlexTensor, _: [bool; 3]) -> [Option<FlexTensor>; 3] {
        if self.scale.is_none() && self.keep.is_none() {
            return [Some(gradient.clone()), Some(gradient), None];
        }
        let channels = last(&self.branch);
        let scales = Scales::new(self.scale.as_ref(), self.keep.as_ref(), channels);
        let (branch, scale) = backward(values(&self.branch), values(&gradient), scales);
        let branch = tensor(branch, self.branch.shape());
        [
            Some(gradient),
            Some(branch),
            Some(tensor(scale, [channels])),
        ]
    }
}

/// The gradients of the branch and of the learned scale (zeros where there is none). The residual's is
/// `gradient` itself.
fn backward(branch: &[f32], gradient: &[f32], scales: Scales) -> (Vec<f32>, Vec<f32>) {
    assert_eq!(gradient.len(), branch.len());
    scales.check(branch.len());
    let channels = scales.channels;
    let rows = branch.len() / channels;
    let tasks = rows.div_ceil(ROWS);
    let mut out = buffer(branch.len());
    let mut parts = vec![0.0; tasks.max(1) * channels];
    let (shared, shared_parts) = (Shared::new(&mut out), Shared::new(&mut parts));
    for_each(tasks, |task| {
        let first = task * ROWS;
        let rows = ROWS.min(rows - first);
        // SAFETY: one range of rows a task.
        let (out, sums) = unsafe {
            (
                shared.part(first * channels, rows * channels),
                shared_parts.part(task * channels, channels),
            )
        };
        vector::dispatch(Backward {
            branch,
            gradient,
            scales,
            out,
            sums,
            first,
        });
    });
    (out, tasks::fold(parts, channels))
}

struct Backward<'a> {
    branch: &'a [f32],
    gradient: &'a [f32],
    scales: Scales<'a>,
    out: &'a mut [f32],
    sums: &'a mut [f32],
    first: usize,
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let channels = self.scales.channels;
        let rows = self.branch.len() / channels;
        for (i, out) in self.out.chunks_exact_mut(channels).enumerate() {
            let row = self.first + i;
            let factor = simd.splat_f32s(self.scales.of_row(row, rows));
            for at in (0..channels).step_by(S::F32_LANES) {
                let lanes = S::F32_LANES.min(channels - at);
                // SAFETY: both inputs hold as many rows as the output.
                unsafe {
                    let from = row * channels + at;
                    let gradient = vector::load(simd, self.gradient.as_ptr().add(from), lanes);
                    let gradient = simd.mul_f32s(gradient, factor);
                    let to = out.as_mut_ptr().add(at);
                    let Some(scale) = self.scales.channel else {
                        vector::store(simd, to, lanes, gradient);
                        continue;
                    };
                    let branch = vector::load(simd, self.branch.as_ptr().add(from), lanes);
                    let sums = self.sums.as_mut_ptr().add(at);
                    let sum =
                        vector::mul_add(simd, gradient, branch, vector::load(simd, sums, lanes));
                    vector::store(simd, sums, lanes, sum);
                    let scale = vector::load(simd, scale.as_ptr().add(at), lanes);
                    vector::store(simd, to, lanes, simd.mul_f32s(gradient, scale));
                }
            }
        }
    }
}
