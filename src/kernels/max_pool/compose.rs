//! The room's function in burn's own operations.

use burn::tensor::ops::MaxPoolOptions;
use burn::tensor::{Tensor, module};

use crate::kernels::Window;
use crate::kernels::compose::{channels_first, channels_last};

/// See [`max_pool`](super::max_pool).
pub fn max_pool(x: Tensor<4>, window: Window) -> Tensor<4> {
    let options = MaxPoolOptions::new([window.kernel; 2])
        .with_stride([window.stride; 2])
        .with_padding([window.pad; 2]);
    channels_last(module::max_pool2d(channels_first(x), options))
}
