//! Depthwise convolutions: one filter a channel, stride 1.

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

use super::check_channels;

/// The work of each backend for [`depthwise()`].
#[backend_extension(
    Flex,
    Cube: cfg(feature = "webgpu"),
    Autodiff: cfg(not(target_family = "wasm"))
)]
trait DepthwiseOps: Backend {
    fn depthwise(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

/// Images `[batch, height, width, channels]` convolved with one filter a channel, `weight`
/// `[channels, 1, kernel, kernel]` with an odd kernel, plus `bias`; the sides stay.
pub fn depthwise(x: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>) -> Tensor<4> {
    let [channels, ..] = weight.dims();
    assert_eq!(x.dims()[3], channels, "one filter a channel");
    check_channels(channels, [&bias]);
    #[cfg(not(target_family = "wasm"))]
    if super::is_composed(&x) || !cpu::KERNELS.contains(&weight.dims()[3]) {
        return compose::depthwise(x, weight, bias);
    }
    Tensor::from_dispatch(<Dispatch as DepthwiseOps>::depthwise(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
    ))
}
