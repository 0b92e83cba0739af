//! The gradients of a batch normalisation.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::flex::FlexTensor;
use burn::backend::{Autodiff, Flex, TensorMetadata};
use pulp::{Simd, WithSimd};

use super::cpu::{Channels, forward};
use super::{BatchNormOps, Norm};
use crate::kernels::cpu::tasks::{self, ROWS, Shared, buffer, for_each};
use crate::kernels::cpu::vector;
use crate::kernels::flex::{tensor, values};
use crate::kernels::gradient::{GraphTensor, Step, constant, optional_parts, parts, record};
use crate::kernels::optional::Optional;

impl<C: CheckpointStrategy> BatchNormOps for Autodiff<Flex, C> {
    fn statistics(x: GraphTensor) -> (GraphTensor, GraphTensor) {
        let (mean, variance) = Flex::statistics(x.into_primitive());
        (constant::<C>(mean), constant::<C>(variance))
    }

    fn batch_norm(
        x: GraphTensor,
        norm: Norm<Self>,
        residual: Optional<Self>,
        epsilon: f32,
        relu: bool,
        training: bool,
    ) -> GraphTensor {
        let (x, of_x) = parts(x);
        let [mean, variance] = [norm.mean, norm.variance].map(|tensor| parts(tensor).0);
        let ((gamma, of_gamma), (beta, of_beta)) = (parts(norm.gamma), parts(norm.beta));
        let (residual, of_residual) = optional_parts(residual);
        let norm = Norm {
            mean,
            variance,
            gamma,
            beta,
        };
        let channels = Channels::new(&norm, epsilon);
        let out = forward(values(&x), channels, residual.as_ref().map(values), relu);
        let out = tensor(out, x.shape());
        let step = BatchNormStep {
            x,
            norm: [norm.mean, norm.variance, norm.gamma, norm.beta],
            epsilon,
            out: relu.then(|| out.clone()),
            training,
        };
        record::<C, _, 4>([of_x, of_gamma, of_beta, of_residual], out, step)
    }
}

#[derive(Clone, Debug)]
struct BatchNormStep {
    x: FlexTensor,
    norm: [FlexTensor; 4],
    epsilon: f32,
    /// The result, where a ReLU made it.
    out: Option<FlexTensor>,
    training: bool,
}

impl Step<4> for BatchNormStep {
    fn gradients(self, gradient: FlexTensor, _: [bool; 4]) -> [Option<FlexTensor>; 4] {
        let [mean, variance, gamma, beta] = self.norm;
        let norm = Norm {
            mean,
            variance,
            gamma,
            beta,
        };
        let found = backward(
            values(&self.x),
            Channels::new(&norm, self.epsilon),
            self.out.as_ref().map(values),
            values(&gradient),
            self.training,
        );
        [
            Some(tensor(found.x, self.x.shape())),
            Some(tensor(found.gamma, norm.gamma.shape())),
            Some(tensor(found.beta, norm.beta.shape())),
            Some(tensor(found.residual, self.x.shape())),
        ]
    }
}

/// Gradients of one normalisation.
struct Gradients {
    /// Of the input.
    x: Vec<f32>,
    /// Of the scale.
    gamma: Vec<f32>,
    /// Of the shift.
    beta: Vec<f32>,
    /// Of the residual that was added before the ReLU.
    residual: Vec<f32>,
}

/// The gradients; `out` is the result of [`forward`] if it ended in a ReLU. `training` says that
/// `norm`'s mean and variance are those of `x`, so that its gradient passes through them too.
fn backward(
    x: &[f32],
    norm: Channels,
    out: Option<&[f32]>,
    gradient: &[f32],
    training: bool,
) -> Gradients {
    let channels = norm.gamma.len();
    assert!(x.len() == gradient.len() && out.is_none_or(|out| out.len() == x.len()));
    let inverse = norm.inverse();
    let rows = x.len() / channels;
    let tasks = rows.div_ceil(ROWS);
    let mut masked = buffer(x.len());
    let mut parts = vec![0.0; tasks.max(1) * 2 * channels];
    let (shared, shared_parts) = (Shared::new(&mut masked), Shared::new(&mut parts));
    for_each(tasks, |task| {
        let from = task * ROWS * channels;
        let len = (ROWS * channels).min(x.len() - from);
        // SAFETY: one range of rows a task.
        let (masked, sums) = unsafe {
            (
                shared.part(from, len),
                shared_parts.part(task * 2 * channels, 2 * channels),
            )
        };
        vector::dispatch(Sums {
            x: &x[from..][..len],
            out: out.map(|out| &out[from..][..len]),
            gradient: &gradient[from..][..len],
            mean: norm.mean,
            inverse: &inverse,
            masked,
            sums,
        });
    });
    let mut gamma = tasks::fold(parts, 2 * channels);
    let beta = gamma.split_off(channels);

    // With g the gradient after the ReLU's mask and n the normalised x, the gradient of x is
    // gamma / deviation · (g − mean(g) − n · mean(g · n)) = a·g + b·x + c. Statistics from
    // elsewhere count as those of endlessly many rows.
    let count = if training { rows as f32 } else { f32::INFINITY };
    let a: Vec<f32> = (0..channels).map(|c| norm.gamma[c] * inverse[c]).collect();
    let b: Vec<f32> = (0..channels)
        .map(|c| -a[c] * gamma[c] / count * inverse[c])
        .collect();
    let c: Vec<f32> = (0..channels)
        .map(|i| -a[i] * beta[i] / count - b[i] * norm.mean[i])
        .collect();
    let mut of_x = buffer(x.len());
    let shared = Shared::new(&mut of_x);
    for_each(tasks, |task| {
        let from = task * ROWS * channels;
        let len = (ROWS * channels).min(x.len() - from);
        vector::dispatch(Combine {
            gradient: &masked[from..][..len],
            x: &x[from..][..len],
            factors: [&a, &b, &c],
            // SAFETY: one range of rows a task.
            out: unsafe { shared.part(from, len) },
        });
    });
    Gradients {
        x: of_x,
        gamma,
        beta,
        residual: masked,
    }
}

struct Sums<'a> {
    x: &'a [f32],
    out: Option<&'a [f32]>,
    gradient: &'a [f32],
    mean: &'a [f32],
    inverse: &'a [f32],
    masked: &'a mut [f32],
    /// Of the masked gradient times the normalised x, then of the masked gradient.
    sums: &'a mut [f32],
}

impl WithSimd for Sums<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let channels = self.mean.len();
        let zero = simd.splat_f32s(0.0);
        let (along, sums) = self.sums.split_at_mut(channels);
        let (along, sums) = (along.as_mut_ptr(), sums.as_mut_ptr());
        for row in (0..self.x.len()).step_by(channels) {
            for at in (0..channels).step_by(S::F32_LANES) {
                let lanes = S::F32_LANES.min(channels - at);
                // SAFETY: rows are `channels` long, inputs and output of one length.
                unsafe {
                    let mut g = vector::load(simd, self.gradient.as_ptr().add(row + at), lanes);
                    if let Some(out) = self.out {
                        let out = vector::load(simd, out.as_ptr().add(row + at), lanes);
                        g = simd.select_f32s(simd.less_than_or_equal_f32s(out, zero), zero, g);
                    }
                    vector::store(simd, self.masked.as_mut_ptr().add(row + at), lanes, g);
                    let x = vector::load(simd, self.x.as_ptr().add(row + at), lanes);
                    let mean = vector::load(simd, self.mean.as_ptr().add(at), lanes);
                    let inverse = vector::load(simd, self.inverse.as_ptr().add(at), lanes);
                    let normal = simd.mul_f32s(simd.sub_f32s(x, mean), inverse);
                    let sum = vector::load(simd, along.add(at), lanes);
                    let sum = vector::mul_add(simd, g, normal, sum);
                    vector::store(simd, along.add(at), lanes, sum);
                    let sum = vector::load(simd, sums.add(at), lanes);
                    vector::store(simd, sums.add(at), lanes, simd.add_f32s(sum, g));
                }
            }
        }
    }
}

/// `a·gradient + b·x + c`, channel by channel.
struct Combine<'a> {
    gradient: &'a [f32],
    x: &'a [f32],
    factors: [&'a [f32]; 3],
    out: &'a mut [f32],
}

impl WithSimd for Combine<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let channels = self.factors[0].len();
        for row in (0..self.x.len()).step_by(channels) {
            for at in (0..channels).step_by(S::F32_LANES) {
                let lanes = S::F32_LANES.min(channels - at);
                // SAFETY: rows are `channels` long, inputs and output of one length.
                unsafe {
                    let g = vector::load(simd, self.gradient.as_ptr().add(row + at), lanes);
                    let x = vector::load(simd, self.x.as_ptr().add(row + at), lanes);
                    let [a, b, c] = [0, 1, 2].map(|i| self.factors[i].as_ptr().add(at));
                    let value = vector::mul_add(
                        simd,
                        x,
                        vector::load(simd, b, lanes),
                        vector::load(simd, c, lanes),
                    );
                    let value = vector::mul_add(simd, g, vector::load(simd, a, lanes), value);
                    vector::store(simd, self.out.as_mut_ptr().add(row + at), lanes, value);
                }
            }
        }
    }
}
