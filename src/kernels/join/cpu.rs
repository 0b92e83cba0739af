//! The sum on the CPU.

use burn::backend::flex::FlexTensor;
use burn::backend::{Flex, TensorMetadata};
use pulp::{Simd, WithSimd};

use super::JoinOps;
use crate::kernels::cpu::tasks::{ROWS, Shared, buffer, for_each};
use crate::kernels::cpu::vector;
use crate::kernels::flex::{contiguous, last, tensor, values};
use crate::kernels::optional::Optional;

impl JoinOps for Flex {
    fn join(
        residual: FlexTensor,
        branch: FlexTensor,
        scale: Optional<Self>,
        keep: Optional<Self>,
    ) -> FlexTensor {
        let [residual, branch] = [residual, branch].map(contiguous);
        let [scale, keep] = [scale, keep].map(|tensor| tensor.option().map(contiguous));
        let scales = Scales::new(scale.as_ref(), keep.as_ref(), last(&branch));
        let out = forward(values(&residual), values(&branch), scales);
        tensor(out, branch.shape())
    }
}

/// The factors of a residual branch.
#[derive(Clone, Copy)]
pub struct Scales<'a> {
    /// A learned scale a channel (layer scale).
    pub channel: Option<&'a [f32]>,
    /// A factor an image (stochastic depth).
    pub image: Option<&'a [f32]>,
    /// Channels.
    pub channels: usize,
}

impl<'a> Scales<'a> {
    /// Of tensors in memory order.
    pub fn new(
        channel: Option<&'a FlexTensor>,
        image: Option<&'a FlexTensor>,
        channels: usize,
    ) -> Self {
        Self {
            channel: channel.map(values),
            image: image.map(values),
            channels,
        }
    }

    /// The factor of row `row` of `rows`.
    #[inline(always)]
    pub fn of_row(&self, row: usize, rows: usize) -> f32 {
        match self.image {
            Some(factors) => factors[row / (rows / factors.len())],
            None => 1.0,
        }
    }

    pub fn check(&self, len: usize) {
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
pub fn forward(residual: &[f32], branch: &[f32], scales: Scales) -> Vec<f32> {
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
