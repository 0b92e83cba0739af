//! The operations of [`kernels`](super) in burn's own, for every device: what a native GPU runs, and
//! what our kernels are held against.

use burn::tensor::activation::{gelu, relu, softmax};
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};
use burn::tensor::{Tensor, module};

use super::{AdamWStep, BatchNorm, Window};

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

/// See [`layer_norm`](super::layer_norm).
pub fn layer_norm<const D: usize>(
    x: Tensor<D>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f64,
) -> Tensor<D> {
    module::layer_norm(x, gamma, Some(beta), epsilon)
}

/// See [`convolve`](super::convolve).
pub fn convolve(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    window: Window,
) -> Tensor<4> {
    let options = ConvOptions::new([window.stride; 2], [window.pad; 2], [1, 1], 1);
    channels_last(module::conv2d(channels_first(x), weight, bias, options))
}

/// See [`depthwise`](super::depthwise). The bias is added apart: cubecl's fast depthwise path
/// refuses a convolution with one.
pub fn depthwise(x: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>) -> Tensor<4> {
    let [channels, _, kernel, _] = weight.dims();
    let options = ConvOptions::new([1, 1], [kernel / 2; 2], [1, 1], channels);
    let x = module::conv2d(channels_first(x), weight, None, options);
    channels_last(x + bias.reshape([1, channels, 1, 1]))
}

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

/// See [`attention`](super::attention).
pub fn attention(qkv: Tensor<3>, heads: usize) -> Tensor<3> {
    let [batch, tokens, width] = qkv.dims();
    let [query, key, value] = split_heads(qkv, heads);
    // [B, heads, N, C / heads] -> [B, N, C]
    head_weights(query, key)
        .matmul(value)
        .swap_dims(1, 2)
        .reshape([batch, tokens, width / 3])
}

/// `[B, N, 3C]` → queries, keys and values, each `[B, heads, N, C / heads]`.
fn split_heads(qkv: Tensor<3>, heads: usize) -> [Tensor<4>; 3] {
    let [batch, tokens, width] = qkv.dims();
    let qkv = qkv
        .reshape([batch, tokens, 3, heads, width / 3 / heads])
        .permute([2, 0, 3, 1, 4]);
    [0, 1, 2].map(|i| qkv.clone().narrow(0, i, 1).squeeze_dim::<4>(0))
}

/// Each head's attention, `[B, heads, N, N]`.
fn head_weights(query: Tensor<4>, key: Tensor<4>) -> Tensor<4> {
    let side = query.dims()[3];
    let query = query * (side as f64).powf(-0.5);
    softmax(query.matmul(key.swap_dims(2, 3)), 3)
}

/// See [`tokens`](super::tokens).
pub fn tokens(patches: Tensor<3>, class_token: Tensor<3>, positions: Tensor<3>) -> Tensor<3> {
    let [batch, _, width] = patches.dims();
    let class_token = class_token.expand([batch, 1, width]);
    Tensor::cat(vec![class_token, patches], 1) + positions
}

/// See [`pixel_mean`](super::pixel_mean).
pub fn pixel_mean(x: Tensor<4>) -> Tensor<2> {
    x.flatten::<3>(1, 2).mean_dim(1).squeeze_dim::<2>(1)
}

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

/// See [`max_pool`](super::max_pool).
pub fn max_pool(x: Tensor<4>, window: Window) -> Tensor<4> {
    let options = MaxPoolOptions::new([window.kernel; 2])
        .with_stride([window.stride; 2])
        .with_padding([window.pad; 2]);
    channels_last(module::max_pool2d(channels_first(x), options))
}

/// See [`adamw`](super::adamw).
pub fn adamw<const D: usize>(
    parameter: Tensor<D>,
    gradient: Tensor<D>,
    mean: Tensor<D>,
    square: Tensor<D>,
    step: AdamWStep,
) -> (Tensor<D>, Tensor<D>, Tensor<D>) {
    let mean = mean * step.beta_1 + gradient.clone() * (1.0 - step.beta_1);
    let square = square * step.beta_2 + gradient.square() * (1.0 - step.beta_2);
    let root = (square.clone() / (1.0 - step.beta_2.powi(step.time))).sqrt();
    let change = mean.clone() / (1.0 - step.beta_1.powi(step.time)) / (root + step.epsilon);
    let parameter = parameter * (1.0 - step.rate * step.decay) - change * step.rate;
    (parameter, mean, square)
}

fn channels_last(x: Tensor<4>) -> Tensor<4> {
    x.permute([0, 2, 3, 1])
}

fn channels_first(x: Tensor<4>) -> Tensor<4> {
    x.permute([0, 3, 1, 2])
}
