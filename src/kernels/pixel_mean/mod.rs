//! The mean over the pixels of a map.

pub(super) mod agreement;
#[cfg(not(target_family = "wasm"))]
pub mod compose;
mod cpu;
#[cfg(feature = "webgpu")]
mod gpu;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

/// The work of each backend for [`pixel_mean()`] where no gradient is kept; else burn's own
/// operations run.
#[backend_extension(Flex, Cube: cfg(feature = "webgpu"))]
trait PixelMeanOps: Backend {
    fn pixel_mean(x: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// The mean over the pixels of `[batch, height, width, channels]`, `[batch, channels]`.
pub fn pixel_mean(x: Tensor<4>) -> Tensor<2> {
    #[cfg(not(target_family = "wasm"))]
    if super::is_composed(&x) || x.device().is_autodiff() {
        return compose::pixel_mean(x);
    }
    Tensor::from_dispatch(<Dispatch as PixelMeanOps>::pixel_mean(x.into_dispatch()))
}
