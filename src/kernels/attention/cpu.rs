//! Attention on the CPU, one task a head of an image.
//!
//! Queries, keys and values come side by side, `[batch, tokens, 3, heads, side]`, as one Linear
//! makes them; the result is `[batch, tokens, heads, side]`. Tokens are few (50 to some hundreds),
//! so the weights of a head fit a core's cache.

use burn::backend::flex::FlexTensor;
use burn::backend::{Flex, TensorMetadata};
use pulp::{Simd, WithSimd};

use super::AttentionOps;
use crate::kernels::cpu::gemm::{self, Epilogue, Packed, Rows, Source, Store};
use crate::kernels::cpu::tasks::{Scratch, Shared, buffer, for_each};
use crate::kernels::cpu::vector;
use crate::kernels::flex::{contiguous, tensor, values, with_last};

impl AttentionOps for Flex {
    fn attention(qkv: FlexTensor, heads: usize) -> FlexTensor {
        let qkv = contiguous(qkv);
        let heads = Heads::new(&qkv, heads);
        let (out, _) = forward(values(&qkv), heads, false);
        tensor(out, with_last(&qkv, heads.width()))
    }
}

/// Sides of an attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Heads {
    pub batch: usize,
    pub tokens: usize,
    pub heads: usize,
    /// Values a head.
    pub side: usize,
}

impl Heads {
    /// Of queries, keys and values `[batch, tokens, 3·width]`.
    pub fn new(qkv: &FlexTensor, heads: usize) -> Self {
        let [batch, tokens, width] = qkv.shape().dims();
        Self {
            batch,
            tokens,
            heads,
            side: width / 3 / heads,
        }
    }

    /// Values a token.
    pub fn width(self) -> usize {
        self.heads * self.side
    }

    pub fn check(self, qkv: &[f32]) {
        assert_eq!(qkv.len(), self.batch * self.tokens * 3 * self.width());
    }

    /// Where the queries (`part` 0), keys (1) or values (2) of a task start.
    #[inline(always)]
    pub fn start(self, task: usize, part: usize) -> usize {
        let (image, head) = (task / self.heads, task % self.heads);
        (image * self.tokens * 3 + part) * self.width() + head * self.side
    }

    /// Where the result of a task starts.
    #[inline(always)]
    pub fn result(self, task: usize) -> usize {
        let (image, head) = (task / self.heads, task % self.heads);
        image * self.tokens * self.width() + head * self.side
    }

    pub fn scale(self) -> f32 {
        1.0 / (self.side as f32).sqrt()
    }
}

/// The result, and the weights `[batch, heads, tokens, tokens]` if `keep`.
pub fn forward(qkv: &[f32], heads: Heads, keep: bool) -> (Vec<f32>, Vec<f32>) {
    heads.check(qkv);
    let tasks = heads.batch * heads.heads;
    let square = heads.tokens * heads.tokens;
    let mut out = buffer(heads.batch * heads.tokens * heads.width());
    let mut weights = buffer(if keep { tasks * square } else { 0 });
    let (shared, shared_weights) = (Shared::new(&mut out), Shared::new(&mut weights));
    for_each(tasks, |task| {
        let mut own = Scratch::new(if keep { 0 } else { square });
        // SAFETY: one head of an image a task; its results lie between those of other heads.
        let (out, weights) = unsafe {
            let weights = match keep {
                true => shared_weights.part(task * square, square),
                false => &mut own[..],
            };
            (shared.from(heads.result(task)), weights)
        };
        vector::dispatch(Forward {
            qkv,
            heads,
            task,
            weights,
            out,
        });
    });
    (out, weights)
}

struct Forward<'a> {
    qkv: &'a [f32],
    heads: Heads,
    task: usize,
    weights: &'a mut [f32],
    out: Shared,
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Heads { tokens, side, .. } = self.heads;
        let stride = 3 * self.heads.width();
        let [query, key, value] =
            [0, 1, 2].map(|part| &self.qkv[self.heads.start(self.task, part)..]);
        let keys = Packed::here(simd, Source::transposed(key, side, tokens, stride));
        let store = Store::new(self.weights, tokens, Epilogue::default());
        gemm::multiply_here(
            simd,
            Rows::plain(query, tokens, side, stride),
            &keys,
            &store,
        );
        for row in self.weights.chunks_exact_mut(tokens) {
            softmax(simd, row, self.heads.scale());
        }
        let values = Packed::here(simd, Source::plain(value, tokens, side, stride));
        let rows = Rows::plain(self.weights, tokens, tokens, tokens);
        let store = Store::shared(self.out, self.heads.width());
        gemm::multiply_here(simd, rows, &values, &store);
    }
}

/// `row` becomes the softmax of `row · scale`.
#[inline(always)]
fn softmax<S: Simd>(simd: S, row: &mut [f32], scale: f32) {
    /// Vectors at a time: they share the constants, and none waits for another.
    const N: usize = 4;
    let step = N * S::F32_LANES;
    let (len, row) = (row.len(), row.as_mut_ptr());
    let whole = len - len % step;
    let lanes = |at: usize| S::F32_LANES.min(len - at);
    let all = |value: f32| [simd.splat_f32s(value); N];
    // SAFETY: every access is to whole vectors below `whole`, or to `lanes(at)` values from `at` on,
    // below `len`.
    unsafe {
        let mut highest = all(f32::NEG_INFINITY);
        for at in (0..whole).step_by(step) {
            for n in 0..N {
                let value = vector::load_all::<S>(row.add(at + n * S::F32_LANES));
                highest[n] = vector::greater(simd, highest[n], value);
            }
        }
        let mut most = f32::NEG_INFINITY;
        for highest in highest {
            most = most.max(simd.reduce_max_f32s(highest));
        }
        for at in whole..len {
            most = most.max(*row.add(at));
        }

        let (scaled, shift) = (simd.splat_f32s(scale), simd.splat_f32s(-most * scale));
        let mut sums = all(0.0);
        for at in (0..whole).step_by(step) {
            let mut values = all(0.0);
            for n in 0..N {
                let value = vector::load_all::<S>(row.add(at + n * S::F32_LANES));
                values[n] = vector::mul_add(simd, value, scaled, shift);
            }
            let values = vector::exp(simd, values);
            for n in 0..N {
                sums[n] = simd.add_f32s(sums[n], values[n]);
                vector::store(
                    simd,
                    row.add(at + n * S::F32_LANES),
                    S::F32_LANES,
                    values[n],
                );
            }
        }
        for at in (whole..len).step_by(S::F32_LANES) {
            let lanes = lanes(at);
            let value = vector::load(simd, row.add(at), lanes);
            let [value] = vector::exp(simd, [vector::mul_add(simd, value, scaled, shift)]);
            sums[0] = simd.add_f32s(sums[0], vector::keep(simd, value, lanes));
            vector::store(simd, row.add(at), lanes, value);
        }
        let mut sum = 0.0;
        for part in sums {
            sum += simd.reduce_sum_f32s(part);
        }

        let inverse = simd.splat_f32s(1.0 / sum);
        for at in (0..len).step_by(S::F32_LANES) {
            let lanes = lanes(at);
            let value = simd.mul_f32s(vector::load(simd, row.add(at), lanes), inverse);
            vector::store(simd, row.add(at), lanes, value);
        }
    }
}
