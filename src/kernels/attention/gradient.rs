//! The gradient of an attention, from the weights that the forward pass kept.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::flex::FlexTensor;
use burn::backend::{Autodiff, Flex, TensorMetadata};
use pulp::{Simd, WithSimd};

use super::AttentionOps;
use super::cpu::{Heads, forward};
use crate::kernels::cpu::gemm::{self, Epilogue, Packed, Rows, Source, Store};
use crate::kernels::cpu::tasks::{Scratch, Shared, buffer, for_each};
use crate::kernels::cpu::vector;
use crate::kernels::flex::{tensor, values, with_last};
use crate::kernels::gradient::{GraphTensor, Step, parts, record};

impl<C: CheckpointStrategy> AttentionOps for Autodiff<Flex, C> {
    fn attention(qkv: GraphTensor, heads: usize) -> GraphTensor {
        let (qkv, of_qkv) = parts(qkv);
        let heads = Heads::new(&qkv, heads);
        let (out, weights) = forward(values(&qkv), heads, true);
        let out = tensor(out, with_last(&qkv, heads.width()));
        let len = weights.len();
        let step = AttentionStep {
            qkv,
            heads,
            weights: tensor(weights, [len]),
        };
        record::<C, _, 1>([of_qkv], out, step)
    }
}

#[derive(Clone, Debug)]
struct AttentionStep {
    qkv: FlexTensor,
    heads: Heads,
    weights: FlexTensor,
}

impl Step<1> for AttentionStep {
    fn gradients(self, gradient: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let (qkv, weights) = (values(&self.qkv), values(&self.weights));
        let out = backward(qkv, self.heads, weights, values(&gradient));
        [Some(tensor(out, self.qkv.shape()))]
    }
}

/// The gradient of `qkv`, given the `weights` that [`forward`] kept.
fn backward(qkv: &[f32], heads: Heads, weights: &[f32], gradient: &[f32]) -> Vec<f32> {
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

/// The gradient of the softmax `weights` becomes the gradient of the softmax's input before its scale.
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
