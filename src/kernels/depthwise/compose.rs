//! The room's function in burn's own operations.

use burn::tensor::ops::ConvOptions;
use burn::tensor::{Tensor, module};

use crate::kernels::compose::{channels_first, channels_last};

/// See [`depthwise`](super::depthwise). The bias is added apart: cubecl's fast depthwise path
/// refuses a convolution with one.
pub fn depthwise(x: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>) -> Tensor<4> {
    let [channels, _, kernel, _] = weight.dims();
    let options = ConvOptions::new([1, 1], [kernel / 2; 2], [1, 1], channels);
    let x = module::conv2d(channels_first(x), weight, None, options);
    channels_last(x + bias.reshape([1, channels, 1, 1]))
}
