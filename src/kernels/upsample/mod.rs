//! Upsampling by 2: a map of twice the height and twice the width, as a decoder needs it.

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

/// The work of each backend for [`upsample()`].
#[backend_extension(
    Flex,
    Cube: cfg(feature = "webgpu"),
    Autodiff: cfg(not(target_family = "wasm"))
)]
trait UpsampleOps: Backend {
    fn upsample(x: FloatTensor<Self>, interpolation: Interpolation) -> FloatTensor<Self>;
}

/// How [`upsample()`] fills the new pixels. Both are those of PyTorch's `interpolate` with
/// `scale_factor=2` and, for the second, `align_corners=False`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpolation {
    /// Each pixel four times.
    Nearest,
    /// Along each axis ¾ of the nearest pixel and ¼ of the next nearest; the border is repeated.
    Bilinear,
}

/// `[batch, height, width, channels]` → `[batch, 2·height, 2·width, channels]`.
pub fn upsample(x: Tensor<4>, interpolation: Interpolation) -> Tensor<4> {
    #[cfg(not(target_family = "wasm"))]
    if super::is_composed(&x) {
        return compose::upsample(x, interpolation);
    }
    let x = x.into_dispatch();
    Tensor::from_dispatch(<Dispatch as UpsampleOps>::upsample(x, interpolation))
}
