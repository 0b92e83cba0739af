//! Parts that the rooms' compositions in burn's own operations share.

use burn::tensor::Tensor;
use burn::tensor::activation::relu;

/// `residual` added if there is one, then ReLU if `rectify`.
pub fn join_relu(x: Tensor<4>, residual: Option<Tensor<4>>, rectify: bool) -> Tensor<4> {
    let x = match residual {
        Some(residual) => x + residual,
        None => x,
    };
    match rectify {
        true => relu(x),
        false => x,
    }
}

/// `[batch, channels, height, width]` → `[batch, height, width, channels]`.
pub fn channels_last(x: Tensor<4>) -> Tensor<4> {
    x.permute([0, 2, 3, 1])
}

/// `[batch, height, width, channels]` → `[batch, channels, height, width]`.
pub fn channels_first(x: Tensor<4>) -> Tensor<4> {
    x.permute([0, 3, 1, 2])
}
