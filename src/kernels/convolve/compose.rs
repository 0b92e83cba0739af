//! The room's functions in burn's own operations.

use burn::tensor::ops::ConvOptions;
use burn::tensor::{Tensor, module};

use crate::kernels::Window;
use crate::kernels::compose::{channels_first, channels_last, join_relu};

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

/// See [`convolve_join`](super::convolve_join).
pub fn convolve_join(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    window: Window,
    residual: Option<Tensor<4>>,
    relu: bool,
) -> Tensor<4> {
    join_relu(convolve(x, weight, bias, window), residual, relu)
}
