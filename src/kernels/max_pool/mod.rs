//! Max pooling.

pub(super) mod agreement;
#[cfg(not(target_family = "wasm"))]
pub mod compose;
mod cpu;
#[cfg(feature = "webgpu")]
mod gpu;
#[cfg(not(target_family = "wasm"))]
mod gradient;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

use super::Window;

/// The work of each backend for [`max_pool()`].
#[backend_extension(
    Flex,
    Cube: cfg(feature = "webgpu"),
    Autodiff: cfg(not(target_family = "wasm"))
)]
trait MaxPoolOps: Backend {
    fn max_pool(x: FloatTensor<Self>, window: Window) -> FloatTensor<Self>;
}

/// The highest value of every window of `[batch, height, width, channels]`, channel by channel.
pub fn max_pool(x: Tensor<4>, window: Window) -> Tensor<4> {
    #[cfg(not(target_family = "wasm"))]
    if super::is_composed(&x) {
        return compose::max_pool(x, window);
    }
    Tensor::from_dispatch(<Dispatch as MaxPoolOps>::max_pool(
        x.into_dispatch(),
        window,
    ))
}
