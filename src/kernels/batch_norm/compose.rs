//! The room's functions in burn's own operations.

use burn::tensor::Tensor;

use super::BatchNorm;
use crate::kernels::compose::join_relu;

/// See [`statistics`](super::statistics).
pub fn statistics(x: Tensor<4>) -> (Tensor<1>, Tensor<1>) {
    let [batch, height, width, channels] = x.dims();
    let rows = x.detach().reshape([batch * height * width, channels]);
    let (variance, mean) = rows.var_mean_bias(0);
    (mean.reshape([channels]), variance.reshape([channels]))
}

/// See [`batch_norm`](super::batch_norm).
pub fn batch_norm(
    x: Tensor<4>,
    norm: BatchNorm,
    residual: Option<Tensor<4>>,
    rectify: bool,
) -> Tensor<4> {
    let (mean, variance) = match norm.training {
        // Anew, with their gradients.
        true => {
            let [batch, height, width, channels] = x.dims();
            let rows = x.clone().reshape([batch * height * width, channels]);
            let (variance, mean) = rows.var_mean_bias(0);
            (mean.reshape([channels]), variance.reshape([channels]))
        }
        false => (norm.mean, norm.variance),
    };
    let scale = norm.gamma / (variance + norm.epsilon).sqrt();
    let shift = norm.beta - mean * scale.clone();
    join_relu(x * scale.unsqueeze() + shift.unsqueeze(), residual, rectify)
}
