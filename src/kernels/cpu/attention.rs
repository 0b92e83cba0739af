//! Multi-head self-attention, softmax(Q·Kᵀ/√d)·V, one task a head of an image.
//!
//! Queries, keys and values come side by side, `[batch, tokens, 3, heads, side]`, as one Linear
//! makes them; the result is `[batch, tokens, heads, side]`. Tokens are few (50 to some hundreds),
//! so the weights of a head fit a core's cache.

use pulp::{Simd, WithSimd};

use super::gemm::{self, Epilogue, Packed, Rows, Source, Store};
use super::tasks::{Scratch, Shared, buffer, for_each};
use super::vector;

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
    /// Values a token.
    pub fn width(self) -> usize {
        self.heads * self.side
    }

    fn check(self, qkv: &[f32]) {
        assert_eq!(qkv.len(), self.batch * self.tokens * 3 * self.width());
    }

    /// Where the queries (`part` 0), keys (1) or values (2) of a task start.
    #[inline(always)]
    fn start(self, task: usize, part: usize) -> usize {
        let (image, head) = (task / self.heads, task % self.heads);
        (image * self.tokens * 3 + part) * self.width() + head * self.side
    }

    /// Where the result of a task starts.
    #[inline(always)]
    fn result(self, task: usize) -> usize {
        let (image, head) = (task / self.heads, task % self.heads);
        image * self.tokens * self.width() + head * self.side
    }

    fn scale(self) -> f32 {
        1.0 / (self.side as f32).sqrt()
    }
}

/// The result, and the weights `[batch, heads, tokens, tokens]` where `keep` asks for them.
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

/// The gradient of `qkv`, given the `weights` that [`forward`] kept.
pub fn backward(qkv: &[f32], heads: Heads, weights: &[f32], gradient: &[f32]) -> Vec<f32> {
    heads.check(qkv);
    let tasks = heads.batch * heads.heads;
    let square = heads.tokens * heads.tokens;
    assert_eq!(weights.len(), tasks * square);
    assert_eq!(gradient.len(), heads.batch * heads.tokens * heads.width());
    let mut out = buffer(qkv.len());
    let shared = Shared::new(&mut out);
    for_each(tasks, |task| {
        vector::dispatch(Backward {
            qkv,
            heads,
            task,
            weights: &weights[task * square..][..square],
            gradient: &gradient[heads.result(task)..],
            // SAFETY: one head of an image a task; its parts lie between those of other heads.
            out: [0, 1, 2].map(|part| unsafe { shared.from(heads.start(task, part)) }),
        });
    });
    out
}

struct Backward<'a> {
    qkv: &'a [f32],
    heads: Heads,
    task: usize,
    weights: &'a [f32],
    gradient: &'a [f32],
    out: [Shared; 3],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Heads { tokens, side, .. } = self.heads;
        let width = self.heads.width();
        let stride = 3 * width;
        let [query, key, value] =
            [0, 1, 2].map(|part| &self.qkv[self.heads.start(self.task, part)..]);
        let [of_query, of_key, of_value] = self.out;
        let weights = Rows::plain(self.weights, tokens, tokens, tokens);

        // The values' gradient, weightsᵀ · gradient.
        let gradients = Packed::here(simd, Source::plain(self.gradient, tokens, side, width));
        gemm::outer_here(simd, weights, &gradients, of_value, stride);

        // The weights' gradient, gradient · valuesᵀ, then through the softmax and its scale.
        let values = Packed::here(simd, Source::transposed(value, side, tokens, stride));
        let mut of_weights = Scratch::new(tokens * tokens);
        let store = Store::new(&mut of_weights, tokens, Epilogue::default());
        gemm::multiply_here(
            simd,
            Rows::plain(self.gradient, tokens, side, width),
            &values,
            &store,
        );
        let rows = of_weights
            .chunks_exact_mut(tokens)
            .zip(self.weights.chunks_exact(tokens));
        for (gradient, weights) in rows {
            softmax_gradient(simd, gradient, weights, self.heads.scale());
        }

        let of_weights = Rows::plain(&of_weights, tokens, tokens, tokens);
        let keys = Packed::here(simd, Source::plain(key, tokens, side, stride));
        gemm::multiply_here(simd, of_weights, &keys, &Store::shared(of_query, stride));
        let queries = Packed::here(simd, Source::plain(query, tokens, side, stride));
        gemm::outer_here(simd, of_weights, &queries, of_key, stride);
    }
}

/// `gradient` of the softmax `weights` becomes that of what went in, before its scale.
#[inline(always)]
fn softmax_gradient<S: Simd>(simd: S, gradient: &mut [f32], weights: &[f32], scale: f32) {
    let len = gradient.len();
    let (gradient, weights) = (gradient.as_mut_ptr(), weights.as_ptr());
    let vectors = || (0..len).step_by(S::F32_LANES);
    let lanes = |at: usize| S::F32_LANES.min(len - at);
    // SAFETY: both are of one length; lanes beyond it hold 0.
    unsafe {
        let mut sum = simd.splat_f32s(0.0);
        for at in vectors() {
            let lanes = lanes(at);
            let gradient = vector::load(simd, gradient.add(at), lanes);
            sum = vector::mul_add(
                simd,
                gradient,
                vector::load(simd, weights.add(at), lanes),
                sum,
            );
        }
        let sum = simd.splat_f32s(simd.reduce_sum_f32s(sum));
        let scale = simd.splat_f32s(scale);
        for at in vectors() {
            let lanes = lanes(at);
            let apart = simd.sub_f32s(vector::load(simd, gradient.add(at), lanes), sum);
            let weights = simd.mul_f32s(vector::load(simd, weights.add(at), lanes), scale);
            vector::store(simd, gradient.add(at), lanes, simd.mul_f32s(apart, weights));
        }
    }
}
