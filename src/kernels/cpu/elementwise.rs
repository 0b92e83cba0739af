//! What is left between the products: the gradient of GELU, and joining a residual branch.

use pulp::{Simd, WithSimd};

use super::tasks::{self, ROWS, Shared, buffer, for_each};
use super::vector;

/// Values a task takes.
const PIECE: usize = 1 << 14;

/// The gradient through GELU, where `linear` went in: `gradient · (Φ(z) + z·φ(z))`.
pub fn gelu_gradient(linear: &[f32], gradient: &[f32]) -> Vec<f32> {
    assert_eq!(linear.len(), gradient.len());
    let mut out = buffer(linear.len());
    let shared = Shared::new(&mut out);
    for_each(linear.len().div_ceil(PIECE), |task| {
        let from = task * PIECE;
        let len = PIECE.min(linear.len() - from);
        vector::dispatch(GeluGradient {
            linear: &linear[from..][..len],
            gradient: &gradient[from..][..len],
            // SAFETY: one piece a task.
            out: unsafe { shared.part(from, len) },
        });
    });
    out
}

struct GeluGradient<'a> {
    linear: &'a [f32],
    gradient: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for GeluGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for at in (0..self.out.len()).step_by(S::F32_LANES) {
            let lanes = S::F32_LANES.min(self.out.len() - at);
            // SAFETY: the three slices are of one length.
            unsafe {
                let z = vector::load(simd, self.linear.as_ptr().add(at), lanes);
                let gradient = vector::load(simd, self.gradient.as_ptr().add(at), lanes);
                let [below] = vector::distribution(simd, [z]);
                let slope = vector::mul_add(simd, z, vector::density(simd, z), below);
                let to = self.out.as_mut_ptr().add(at);
                vector::store(simd, to, lanes, simd.mul_f32s(gradient, slope));
            }
        }
    }
}

/// How a residual branch is scaled before it is added.
#[derive(Clone, Copy)]
pub struct Scales<'a> {
    /// A learned scale a channel (layer scale).
    pub channel: Option<&'a [f32]>,
    /// A factor an image (stochastic depth).
    pub image: Option<&'a [f32]>,
    /// Channels.
    pub channels: usize,
}

impl Scales<'_> {
    /// The factor of row `row` of `rows`.
    #[inline(always)]
    fn of_row(&self, row: usize, rows: usize) -> f32 {
        match self.image {
            Some(factors) => factors[row / (rows / factors.len())],
            None => 1.0,
        }
    }

    fn check(&self, len: usize) {
        assert!(len.is_multiple_of(self.channels));
        assert!(
            self.channel
                .is_none_or(|scale| scale.len() == self.channels)
        );
        let rows = len / self.channels;
        assert!(
            self.image
                .is_none_or(|factors| !factors.is_empty() && rows.is_multiple_of(factors.len()))
        );
    }
}

/// `residual + branch · scales`, rows of channels.
pub fn join(residual: &[f32], branch: &[f32], scales: Scales) -> Vec<f32> {
    assert_eq!(residual.len(), branch.len());
    scales.check(branch.len());
    let mut out = buffer(branch.len());
    let shared = Shared::new(&mut out);
    let rows = branch.len() / scales.channels;
    for_each(rows.div_ceil(ROWS), |task| {
        let first = task * ROWS;
        vector::dispatch(Join {
            residual,
            branch,
            scales,
            // SAFETY: one range of rows a task.
            out: unsafe {
                let rows = ROWS.min(rows - first);
                shared.part(first * scales.channels, rows * scales.channels)
            },
            first,
        });
    });
    out
}

struct Join<'a> {
    residual: &'a [f32],
    branch: &'a [f32],
    scales: Scales<'a>,
    out: &'a mut [f32],
    first: usize,
}

impl WithSimd for Join<'_> {
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
                    let residual = vector::load(simd, self.residual.as_ptr().add(from), lanes);
                    let branch = vector::load(simd, self.branch.as_ptr().add(from), lanes);
                    let scale = match self.scales.channel {
                        Some(scale) => {
                            simd.mul_f32s(factor, vector::load(simd, scale.as_ptr().add(at), lanes))
                        }
                        None => factor,
                    };
                    let value = vector::mul_add(simd, branch, scale, residual);
                    vector::store(simd, out.as_mut_ptr().add(at), lanes, value);
                }
            }
        }
    }
}

/// Gradients of the branch and of the learned scale (zeros where there is none); the residual's
/// is `gradient` itself.
pub fn join_backward(branch: &[f32], gradient: &[f32], scales: Scales) -> (Vec<f32>, Vec<f32>) {
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
        vector::dispatch(JoinBackward {
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

struct JoinBackward<'a> {
    branch: &'a [f32],
    gradient: &'a [f32],
    scales: Scales<'a>,
    out: &'a mut [f32],
    sums: &'a mut [f32],
    first: usize,
}

impl WithSimd for JoinBackward<'_> {
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
