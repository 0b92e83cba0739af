//! The room's functions in burn's own operations.

use burn::tensor::activation::gelu;
use burn::tensor::{Tensor, module};

/// See [`linear`](super::linear).
pub fn linear<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
) -> Tensor<D> {
    module::linear(x, weight, bias)
}

/// See [`linear_gelu`](super::linear_gelu).
pub fn linear_gelu<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
) -> Tensor<D> {
    gelu(linear(x, weight, bias))
}
