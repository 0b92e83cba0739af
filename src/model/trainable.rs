//! The layers of a network in training, run forward; natively only.

use burn::module::Param;
use burn::nn::conv::Conv2d;
use burn::nn::{BatchNorm, Linear};
use burn::tensor::Tensor;
use burn::tensor::activation::relu;

use super::form::Trainable;
use super::forward::Forward;
use super::layers;
use crate::kernels::{self, MatmulPrecision};

impl Forward for Trainable {
    fn channels_last(images: Tensor<4>) -> Tensor<4> {
        images.permute([0, 2, 3, 1])
    }

    fn precision(&self) -> MatmulPrecision {
        self.precision
    }

    fn convolve(
        &self,
        layer: &Conv2d,
        norm: &Self::BatchNorm,
        x: Tensor<4>,
        relu: bool,
    ) -> Tensor<4> {
        let x = layers::convolve(layer, x, self.precision);
        batch_norm(norm, x, None, relu)
    }

    fn convolve_join(
        &self,
        layer: &Conv2d,
        norm: &Self::BatchNorm,
        drop_path: Option<&Self::DropPath>,
        x: Tensor<4>,
        residual: Tensor<4>,
    ) -> Tensor<4> {
        let x = layers::convolve(layer, x, self.precision);
        let active = drop_path.filter(|drop_path| drop_path.is_active(&x.device()));
        if let Some(drop_path) = active {
            let branch = batch_norm(norm, x, None, false);
            return relu(drop_path.join(residual, branch, None));
        }
        batch_norm(norm, x, Some(residual), true)
    }

    fn linear_join<const D: usize>(
        &self,
        layer: &Linear,
        scale: &Self::LayerScale,
        drop_path: &Self::DropPath,
        x: Tensor<D>,
        residual: Tensor<D>,
    ) -> Tensor<D> {
        if scale.is_none() && !drop_path.is_active(&x.device()) {
            return layers::linear_join(layer, x, residual, self.precision);
        }
        let branch = layers::linear(layer, x, self.precision);
        drop_path.join(residual, branch, scale.as_ref().map(Param::val))
    }
}

/// Normalises the channels of `[batch, height, width, channels]` ("Batch Normalization", Ioffe and
/// Szegedy, arXiv 1502.03167), adds `residual` if there is one, then applies ReLU if `relu`.
///
/// On a device that keeps gradients it uses the batch's own statistics and moves the running ones
/// towards them; on any other it uses the running ones.
fn batch_norm(
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
