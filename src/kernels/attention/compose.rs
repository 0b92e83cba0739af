//! The room's function in burn's own operations.

use burn::tensor::Tensor;
use burn::tensor::activation::softmax;

/// See [`attention`](super::attention).
pub fn attention(qkv: Tensor<3>, heads: usize) -> Tensor<3> {
    let [batch, tokens, width] = qkv.dims();
    let [query, key, value] = split_heads(qkv, heads);
    // [B, heads, N, C / heads] -> [B, N, C]
    head_weights(query, key)
        .matmul(value)
        .swap_dims(1, 2)
        .reshape([batch, tokens, width / 3])
}

/// `[B, N, 3C]` → queries, keys and values, each `[B, heads, N, C / heads]`.
fn split_heads(qkv: Tensor<3>, heads: usize) -> [Tensor<4>; 3] {
    let [batch, tokens, width] = qkv.dims();
    let qkv = qkv
        .reshape([batch, tokens, 3, heads, width / 3 / heads])
        .permute([2, 0, 3, 1, 4]);
    [0, 1, 2].map(|i| qkv.clone().narrow(0, i, 1).squeeze_dim::<4>(0))
}

/// Each head's attention, `[B, heads, N, N]`.
fn head_weights(query: Tensor<4>, key: Tensor<4>) -> Tensor<4> {
    let side = query.dims()[3];
    let query = query * (side as f64).powf(-0.5);
    softmax(query.matmul(key.swap_dims(2, 3)), 3)
}
