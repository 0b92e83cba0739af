//! Multi-head self-attention, softmax(Q·Kᵀ/√d)·V.

pub(super) mod agreement;
#[cfg(not(target_family = "wasm"))]
pub mod compose;
mod cpu;
#[cfg(feature = "webgpu")]
mod gpu;
#[cfg(not(target_family = "wasm"))]
mod gradient;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

/// The work of each backend for [`attention()`].
#[backend_extension(
    Flex,
    Cube: cfg(feature = "webgpu"),
    Autodiff: cfg(not(target_family = "wasm"))
)]
trait AttentionOps: Backend {
    fn attention(qkv: FloatTensor<Self>, heads: usize) -> FloatTensor<Self>;
}

/// Multi-head self-attention: queries, keys and values side by side, `[batch, tokens, 3·width]`,
/// each `[heads, width / heads]` → `[batch, tokens, width]`.
pub fn attention(qkv: Tensor<3>, heads: usize) -> Tensor<3> {
    assert!(
        qkv.dims()[2].is_multiple_of(3 * heads),
        "three parts of whole heads"
    );
    #[cfg(not(target_family = "wasm"))]
    if super::is_composed(&qkv) {
        return compose::attention(qkv, heads);
    }
    let qkv = qkv.into_dispatch();
    Tensor::from_dispatch(<Dispatch as AttentionOps>::attention(qkv, heads))
}

/// The weights with which [`attention()`] mixes the tokens of one image, from queries, keys and values in
/// memory: `[tokens, 3·width]` → `[heads, tokens, tokens]`. Every row sums to 1.
pub fn attention_weights(qkv: &[f32], tokens: usize, heads: usize) -> Vec<f32> {
    let side = qkv.len() / tokens / 3 / heads;
    let heads = cpu::Heads {
        batch: 1,
        tokens,
        heads,
        side,
    };
    cpu::forward(qkv, heads, true).1
}
