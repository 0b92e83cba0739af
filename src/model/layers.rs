//! burn's layers hold the weights; our [`kernels`] run them, channels-last.

use burn::module::{Module, Param};
use burn::nn::conv::Conv2d;
use burn::nn::{Linear, PaddingConfig2d};
use burn::tensor::Tensor;

use crate::kernels::{self, MatmulPrecision, Window};

/// Epsilon of every LayerNorm of a ConvNeXt or ViT.
pub const NORM_EPSILON: f64 = 1e-6;

/// A layer norm over the last axis; see [`layer_norm`].
#[derive(Module, Debug)]
pub struct LayerNorm {
    pub gamma: Param<Tensor<1>>,
    pub beta: Param<Tensor<1>>,
}

/// `[…, from]` → `[…, to]`.
pub fn linear<const D: usize>(
    layer: &Linear,
    x: Tensor<D>,
    precision: MatmulPrecision,
) -> Tensor<D> {
    let bias = layer.bias.as_ref().map(Param::val);
    kernels::linear(x, layer.weight.val(), bias, precision)
}

/// `[…, from]` → `[…, to]`, then GELU.
pub fn linear_gelu<const D: usize>(
    layer: &Linear,
    x: Tensor<D>,
    precision: MatmulPrecision,
) -> Tensor<D> {
    let bias = layer.bias.as_ref().map(Param::val);
    kernels::linear_gelu(x, layer.weight.val(), bias, precision)
}

/// `[…, from]` → `[…, to]`, then `residual` added.
pub fn linear_join<const D: usize>(
    layer: &Linear,
    x: Tensor<D>,
    residual: Tensor<D>,
    precision: MatmulPrecision,
) -> Tensor<D> {
    let bias = layer.bias.as_ref().map(Param::val);
    kernels::linear_join(x, layer.weight.val(), bias, residual, precision)
}

/// Normalises the last axis.
pub fn layer_norm<const D: usize>(layer: &LayerNorm, x: Tensor<D>) -> Tensor<D> {
    kernels::layer_norm(x, layer.gamma.val(), layer.beta.val(), NORM_EPSILON)
}

/// `[batch, height, width, from]` → `[batch, height, width, to]`; a square kernel with the same
/// stride and padding on every side.
pub fn convolve(layer: &Conv2d, x: Tensor<4>, precision: MatmulPrecision) -> Tensor<4> {
    let bias = layer.bias.as_ref().map(Param::val);
    kernels::convolve(x, layer.weight.val(), bias, window(layer), precision)
}

/// [`convolve`], then `residual` added if there is one, then ReLU if `relu`.
pub fn convolve_join(
    layer: &Conv2d,
    x: Tensor<4>,
    residual: Option<Tensor<4>>,
    relu: bool,
    precision: MatmulPrecision,
) -> Tensor<4> {
    let (weight, bias) = (layer.weight.val(), layer.bias.as_ref().map(Param::val));
    kernels::convolve_join(x, weight, bias, window(layer), residual, relu, precision)
}

fn window(layer: &Conv2d) -> Window {
    let pad = match layer.padding {
        PaddingConfig2d::Explicit(pad, ..) => pad,
        _ => 0,
    };
    Window {
        kernel: layer.kernel_size[0],
        stride: layer.stride[0],
        pad,
    }
}
