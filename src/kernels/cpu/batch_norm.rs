//! Batch normalisation over rows of channels ("Batch Normalization", Ioffe and Szegedy, arXiv
//! 1502.03167), with what follows it in a ResNet: the shortcut added, then ReLU.

use pulp::{Simd, WithSimd};

use super::tasks::{self, ROWS, Shared, buffer, for_each};
use super::vector;

/// Mean and (biased) variance of every channel of rows of `channels`.
pub fn statistics(x: &[f32], channels: usize) -> (Vec<f32>, Vec<f32>) {
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

/// One normalisation: its inputs but `x`.
#[derive(Clone, Copy)]
pub struct Norm<'a> {
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

impl Norm<'_> {
    /// Reciprocal deviation of every channel.
    fn inverse(&self) -> Vec<f32> {
        let inverse = |variance: &f32| 1.0 / (variance + self.epsilon).sqrt();
        self.variance.iter().map(inverse).collect()
    }
}

/// `x` normalised, plus `residual` if there is one, then ReLU if `relu`.
pub fn forward(x: &[f32], norm: Norm, residual: Option<&[f32]>, relu: bool) -> Vec<f32> {
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

/// Gradients of one normalisation.
pub struct Gradients {
    /// Of the input.
    pub x: Vec<f32>,
    /// Of the scale.
    pub gamma: Vec<f32>,
    /// Of the shift.
    pub beta: Vec<f32>,
    /// Of what was added before the ReLU.
    pub residual: Vec<f32>,
}

/// The gradients; `out` is the result of [`forward`] if it ended in a ReLU. `training` says that
/// `norm`'s mean and variance are those of `x`, so that its gradient passes through them too.
pub fn backward(
    x: &[f32],
    norm: Norm,
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
    // elsewhere are as if of endlessly many rows.
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
