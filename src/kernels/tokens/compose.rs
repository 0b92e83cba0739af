//! The room's functions in burn's own operations.

use burn::tensor::Tensor;

/// See [`tokens`](super::tokens).
pub fn tokens(patches: Tensor<3>, class_token: Tensor<3>, positions: Tensor<3>) -> Tensor<3> {
    let [batch, _, width] = patches.dims();
    let class_token = class_token.expand([batch, 1, width]);
    Tensor::cat(vec![class_token, patches], 1) + positions
}

/// See [`beside`](super::beside).
pub fn beside(left: Tensor<2>, right: Tensor<2>) -> Tensor<2> {
    Tensor::cat(vec![left, right], 1)
}
