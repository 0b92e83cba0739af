//! Batch normalisation on the CPU, over rows of channels.

use burn::backend::flex::FlexTensor;
use burn::backend::{Flex, TensorMetadata};
use pulp::{Simd, WithSimd};

use super::{BatchNormOps, Norm};
use crate::kernels::cpu::tasks::{self, ROWS, Shared, buffer, for_each};
use crate::kernels::cpu::vector;
use crate::kernels::flex::{contiguous, last, tensor, values};
use crate::kernels::optional::Optional;

impl BatchNormOps for Flex {
    fn statistics(x: FlexTensor) -> (FlexTensor, FlexTensor) {
        let x = contiguous(x);
        let channels = last(&x);
        let (mean, variance) = statistics(values(&x), channels);
        (tensor(mean, [channels]), tensor(variance, [channels]))
    }

    fn batch_norm(
        x: FlexTensor,
        norm: Norm<Self>,
        residual: Optional<Self>,
        epsilon: f32,
        relu: bool,
        _training: bool,
    ) -> FlexTensor {
        let x = contiguous(x);
        let norm = Norm {
            mean: contiguous(norm.mean),
            variance: contiguous(norm.variance),
            gamma: contiguous(norm.gamma),
            beta: contiguous(norm.beta),
        };
        let residual = residual.option().map(contiguous);
        let residual = residual.as_ref().map(values);
        let out = forward(values(&x), Channels::new(&norm, epsilon), residual, relu);
        tensor(out, x.shape())
    }
}

/// Mean and (biased) variance of every channel of rows of `channels`.
fn statistics(x: &[f32], channels: usize) -> (Vec<f32>, Vec<f32>) {
    let rows = (x.len() / channels) as f32;
    let mut mean = tasks::column_sums(x, channels);
    mean.iter_mut().for_each(|mean| *mean /= rows);
    let parts = (x.len() / channels).div_ceil(ROWS).max(1);
    let mut squares = vec![0.0; parts * channels];
    let shared = Shared::new(&mut squares);
    for_each(parts, |part| {
        let from = part * ROWS * channels;
        vector::dispatch(Squares {
            x: &x[from..][..(ROWS * channels).min(x.len() - from)],
            mean: &mean,
            // SAFETY: one part a task.
            sums: unsafe { shared.part(part * channels, channels) },
        });
    });
    let mut variance = tasks::fold(squares, channels);
    variance.iter_mut().for_each(|variance| *variance /= rows);
    (mean, variance)
}

struct Squares<'a> {
    x: &'a [f32],
    mean: &'a [f32],
    sums: &'a mut [f32],
}

impl WithSimd for Squares<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let channels = self.mean.len();
        for x in self.x.chunks_exact(channels) {
            for at in (0..channels).step_by(S::F32_LANES) {
                let lanes = S::F32_LANES.min(channels - at);
                // SAFETY: all three are `channels` long.
                unsafe {
                    let x = vector::load(simd, x.as_ptr().add(at), lanes);
                    let mean = vector::load(simd, self.mean.as_ptr().add(at), lanes);
                    let apart = simd.sub_f32s(x, mean);
                    let sums = self.sums.as_mut_ptr().add(at);
                    let sum = vector::mul_add(simd, apart, apart, vector::load(simd, sums, lanes));
                    vector::store(simd, sums, lanes, sum);
                }
            }
        }
    }
}

/// The inputs of a normalisation beside `x`.
#[derive(Clone, Copy)]
pub struct Channels<'a> {
    /// Mean of every channel.
    pub mean: &'a [f32],
    /// Variance of every channel.
    pub variance: &'a [f32],
    /// Scale of every channel.
    pub gamma: &'a [f32],
    /// Shift of every channel.
    pub beta: &'a [f32],
    /// Added to the variance.
    pub epsilon: f32,
}

impl<'a> Channels<'a> {
    /// Of tensors in memory order.
    pub fn new(norm: &'a Norm<Flex>, epsilon: f32) -> Self {
        Self {
            mean: values(&norm.mean),
            variance: values(&norm.variance),
            gamma: values(&norm.gamma),
            beta: values(&norm.beta),
            epsilon,
        }
    }

    /// Reciprocal deviation of every channel.
    pub fn inverse(&self) -> Vec<f32> {
        let inverse = |variance: &f32| 1.0 / (variance + self.epsilon).sqrt();
        self.variance.iter().map(inverse).collect()
    }
}

/// `x` normalised, plus `residual` if there is one, then ReLU if `relu`.
pub fn forward(x: &[f32], norm: Channels, residual: Option<&[f32]>, relu: bool) -> Vec<f32> {
    let channels = norm.gamma.len();
    assert!(x.len().is_multiple_of(channels));
    assert!(residual.is_none_or(|residual| residual.len() == x.len()));
    let scale: Vec<f32> = norm
        .inverse()
        .iter()
        .zip(norm.gamma)
        .map(|(inverse, gamma)| inverse * gamma)
        .collect();
    let shift: Vec<f32> = (0..channels)
        .map(|c| norm.beta[c] - norm.mean[c] * scale[c])
        .collect();
    let mut out = buffer(x.len());
    let shared = Shared::new(&mut out);
    for_each((x.len() / channels).div_ceil(ROWS), |task| {
        let from = task * ROWS * channels;
        let len = (ROWS * channels).min(x.len() - from);
        vector::dispatch(Forward {
            x: &x[from..][..len],
            residual: residual.map(|residual| &residual[from..][..len]),
            scale: &scale,
            shift: &shift,
            relu,
            // SAFETY: one range of rows a task.
            out: unsafe { shared.part(from, len) },
        });
    });
    out
}

struct Forward<'a> {
    x: &'a [f32],
    residual: Option<&'a [f32]>,
    scale: &'a [f32],
    shift: &'a [f32],
    relu: bool,
    out: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let channels = self.scale.len();
        let zero = simd.splat_f32s(0.0);
        for row in (0..self.x.len()).step_by(channels) {
            for at in (0..channels).step_by(S::F32_LANES) {
                let lanes = S::F32_LANES.min(channels - at);
                // SAFETY: rows are `channels` long, inputs and output of one length.
                unsafe {
                    let x = vector::load(simd, self.x.as_ptr().add(row + at), lanes);
                    let scale = vector::load(simd, self.scale.as_ptr().add(at), lanes);
                    let shift = vector::load(simd, self.shift.as_ptr().add(at), lanes);
                    let mut value = vector::mul_add(simd, x, scale, shift);
                    if let Some(residual) = self.residual {
                        let residual = vector::load(simd, residual.as_ptr().add(row + at), lanes);
                        value = simd.add_f32s(value, residual);
                    }
                    if self.relu {
                        // Not a maximum: a NaN must stay one.
                        value = simd.select_f32s(simd.less_than_f32s(value, zero), zero, value);
                    }
                    vector::store(simd, self.out.as_mut_ptr().add(row + at), lanes, value);
                }
            }
        }
    }
}
