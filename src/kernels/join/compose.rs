//! The room's function in burn's own operations.

use burn::tensor::Tensor;

/// See [`join`](super::join).
pub fn join<const D: usize>(
    residual: Tensor<D>,
    branch: Tensor<D>,
    scale: Option<Tensor<1>>,
    keep: Option<Tensor<1>>,
) -> Tensor<D> {
    let branch = match scale {
        Some(scale) => branch * scale.unsqueeze(),
        None => branch,
    };
    let branch = match keep {
        Some(keep) => {
            let mut shape = [1; D];
            shape[0] = keep.dims()[0];
            branch * keep.reshape(shape)
        }
        None => branch,
    };
    residual + branch
}
