//! burn's layers, which hold the weights, run by our [`kernels`]: channels-last.

use burn::module::{Initializer, Param};
use burn::nn::conv::Conv2d;
use burn::nn::{BatchNorm, LayerNorm, LayerNormConfig, Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::{Device, Tensor};

use crate::kernels::{self, Window};

/// Epsilon of every LayerNorm of a ConvNeXt or ViT.
const NORM_EPSILON: f64 = 1e-6;
/// Standard deviation of their fresh weights.
const WEIGHT_STD: f64 = 0.02;

/// Fresh weights of a ConvNeXt or ViT.
pub fn fresh_weights() -> Initializer {
    Initializer::Normal {
        mean: 0.0,
        std: WEIGHT_STD,
    }
}

/// A Linear with fresh weights and no bias to start from.
pub fn new_linear(from: usize, to: usize, device: &Device) -> Linear {
    let mut linear = LinearConfig::new(from, to)
        .with_initializer(fresh_weights())
        .init(device);
    linear.bias = Some(Initializer::Zeros.init([to], device));
    linear
}

/// A LayerNorm over the last axis.
pub fn new_layer_norm(width: usize, device: &Device) -> LayerNorm {
    LayerNormConfig::new(width)
        .with_epsilon(NORM_EPSILON)
        .init(device)
}

/// `[…, from]` → `[…, to]`.
pub fn linear<const D: usize>(layer: &Linear, x: Tensor<D>) -> Tensor<D> {
    kernels::linear(x, layer.weight.val(), layer.bias.as_ref().map(Param::val))
}

/// `[…, from]` → `[…, to]`, then GELU.
pub fn linear_gelu<const D: usize>(layer: &Linear, x: Tensor<D>) -> Tensor<D> {
    kernels::linear_gelu(x, layer.weight.val(), layer.bias.as_ref().map(Param::val))
}

/// Normalises the last axis; `layer` is one of [`new_layer_norm`].
pub fn layer_norm<const D: usize>(layer: &LayerNorm, x: Tensor<D>) -> Tensor<D> {
    let gamma = layer.gamma.val();
    let beta = match &layer.beta {
        Some(beta) => beta.val(),
        None => gamma.zeros_like(),
    };
    kernels::layer_norm(x, gamma, beta, NORM_EPSILON)
}

/// `[batch, channels]` → what [`layer_norm`] divides each row by, `[batch, 1]`.
pub fn norm_deviation(x: Tensor<2>) -> Tensor<2> {
    let centred = x.clone() - x.mean_dim(1);
    (centred.square().mean_dim(1) + NORM_EPSILON).sqrt()
}

/// `[batch, height, width, from]` → `[batch, height, width, to]`; a square kernel with the same
/// stride and padding on every side.
pub fn convolve(layer: &Conv2d, x: Tensor<4>) -> Tensor<4> {
    let pad = match layer.padding {
        PaddingConfig2d::Explicit(pad, ..) => pad,
        _ => 0,
    };
    let window = Window {
        kernel: layer.kernel_size[0],
        stride: layer.stride[0],
        pad,
    };
    let bias = layer.bias.as_ref().map(Param::val);
    kernels::convolve(x, layer.weight.val(), bias, window)
}

/// Normalises channels, adds `residual` if there is one, then ReLU if `relu`.
///
/// On a training device by the batch's own statistics, which then move the running ones; else by
/// the running ones.
pub fn batch_norm(
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

/// `[batch, channels, height, width]` → `[batch, height, width, channels]`.
pub fn channels_last(images: Tensor<4>) -> Tensor<4> {
    images.permute([0, 2, 3, 1])
}

/// `[batch, height, width, channels]` → the mean over all pixels, `[batch, channels]`.
pub fn pixel_mean(x: Tensor<4>) -> Tensor<2> {
    x.flatten::<3>(1, 2).mean_dim(1).squeeze_dim::<2>(1)
}
