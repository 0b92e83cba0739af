//! The room's function in burn's own operations.

use burn::tensor::Tensor;

/// See [`pixel_mean`](super::pixel_mean).
pub fn pixel_mean(x: Tensor<4>) -> Tensor<2> {
    x.flatten::<3>(1, 2).mean_dim(1).squeeze_dim::<2>(1)
}
