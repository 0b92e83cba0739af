//! The batch norm of a network in training ("Batch Normalization", Ioffe and Szegedy, arXiv
//! 1502.03167).

use burn::nn::BatchNorm;
use burn::tensor::Tensor;

use crate::kernels;

/// Normalises the channels of `[batch, height, width, channels]`, adds `residual` if there is one,
/// then applies ReLU if `relu`.
///
/// On a device that keeps gradients it uses the batch's own statistics and moves the running ones
/// towards them; on any other it uses the running ones.
pub fn forward(
    layer: &BatchNorm,
    x: Tensor<4>,
    residual: Option<Tensor<4>>,
    relu: bool,
) -> Tensor<4> {
    let device = x.device();
    let training = device.is_autodiff() && layer.training.is_enabled();
    let (mean, variance) = match training {
        true => {
            let (mean, variance) = kernels::statistics(x.clone());
            let keep = 1.0 - layer.momentum;
            for (running, batch) in [
                (&layer.running_mean, &mean),
                (&layer.running_var, &variance),
            ] {
                let kept = running.value_sync().to_device(&device) * keep;
                running.update((kept + batch.clone() * layer.momentum).detach());
            }
            (mean, variance)
        }
        false => (
            layer.running_mean.value().to_device(&device),
            layer.running_var.value().to_device(&device),
        ),
    };
    let norm = kernels::BatchNorm {
        mean,
        variance,
        gamma: layer.gamma.val(),
        beta: layer.beta.val(),
        epsilon: layer.epsilon,
        training,
    };
    kernels::batch_norm(x, norm, residual, relu)
}
