//! Layers with the weights that training starts from.
//!
//! A browser only loads networks. There the parameters are zeros until a checkpoint fills them, so
//! that burn's random sources and initialisers are no part of the download.

use burn::module::{Initializer, Param, RunningState};
use burn::nn::conv::Conv2d;
use burn::nn::{BatchNorm, Linear, PaddingConfig2d};
use burn::tensor::{Device, Tensor};

use super::layers::LayerNorm;
use crate::kernels::Window;

/// Standard deviation of the fresh weights of a ConvNeXt or ViT.
const WEIGHT_STD: f64 = 0.02;
/// The share of a batch's statistics in a batch norm's new running ones, and the number added to a
/// variance: PyTorch's.
const MOMENTUM: f64 = 0.1;
const BATCH_NORM_EPSILON: f64 = 1e-5;

/// Fresh weights of a ConvNeXt or ViT.
pub fn weights() -> Initializer {
    Initializer::Normal {
        mean: 0.0,
        std: WEIGHT_STD,
    }
}

/// A parameter of a layer in which each result depends on `fans[0]` inputs, and each input reaches
/// `fans[1]` results.
fn parameter<const D: usize>(
    initializer: &Initializer,
    shape: [usize; D],
    fans: [usize; 2],
    device: &Device,
) -> Param<Tensor<D>> {
    #[cfg(not(target_family = "wasm"))]
    {
        let [fan_in, fan_out] = fans.map(Some);
        initializer.init_with(shape, fan_in, fan_out, device)
    }
    #[cfg(target_family = "wasm")]
    {
        let _ = (initializer, fans);
        let zeros = move |device: &Device, _| Tensor::zeros(shape, device);
        let id = burn::module::ParamId::new();
        Param::uninitialized(id, zeros, device.clone(), false, shape.into())
    }
}

/// The same value for each channel.
pub fn constant(value: f64, width: usize, device: &Device) -> Param<Tensor<1>> {
    parameter(&Initializer::Constant { value }, [width], [1; 2], device)
}

/// Any other parameter of a ConvNeXt or ViT.
pub fn free<const D: usize>(shape: [usize; D], device: &Device) -> Param<Tensor<D>> {
    parameter(&weights(), shape, [1; 2], device)
}

/// A Linear of a ConvNeXt or ViT, with a bias of zeros.
pub fn linear(from: usize, to: usize, device: &Device) -> Linear {
    Linear {
        weight: parameter(&weights(), [from, to], [from, to], device),
        bias: Some(constant(0.0, to, device)),
    }
}

/// A Linear of a ResNet, as PyTorch initialises it: uniform within 1 / √from.
pub fn uniform_linear(from: usize, to: usize, device: &Device) -> Linear {
    let initializer = Initializer::KaimingUniform {
        gain: 1.0 / 3f64.sqrt(),
        fan_out_only: false,
    };
    Linear {
        weight: parameter(&initializer, [from, to], [from, to], device),
        bias: Some(parameter(&initializer, [to], [from, to], device)),
    }
}

/// A convolution `from` and `to` a number of channels, in `groups`.
pub fn convolution(
    [from, to]: [usize; 2],
    window: Window,
    groups: usize,
    initializer: &Initializer,
    bias: bool,
    device: &Device,
) -> Conv2d {
    let Window {
        kernel,
        stride,
        pad,
    } = window;
    let taps = kernel * kernel;
    let fans = [from / groups * taps, to / groups * taps];
    Conv2d {
        weight: parameter(
            initializer,
            [to, from / groups, kernel, kernel],
            fans,
            device,
        ),
        bias: bias.then(|| parameter(initializer, [to], fans, device)),
        stride: [stride; 2],
        kernel_size: [kernel; 2],
        dilation: [1; 2],
        groups,
        padding: PaddingConfig2d::Explicit(pad, pad, pad, pad),
    }
}

/// A layer norm with gammas of 1 and betas of 0.
pub fn layer_norm(width: usize, device: &Device) -> LayerNorm {
    LayerNorm {
        gamma: constant(1.0, width, device),
        beta: constant(0.0, width, device),
    }
}

/// A batch norm that has seen no batch.
pub fn batch_norm(width: usize, device: &Device) -> BatchNorm {
    BatchNorm {
        gamma: constant(1.0, width, device),
        beta: constant(0.0, width, device),
        training: Param::from_bool(true),
        running_mean: RunningState::new(Tensor::zeros([width], device)),
        running_var: RunningState::new(Tensor::ones([width], device)),
        momentum: MOMENTUM,
        epsilon: BATCH_NORM_EPSILON,
    }
}
