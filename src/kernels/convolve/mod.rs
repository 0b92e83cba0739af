//! Dense convolutions of images: alone, or with a residual and ReLU after them.

pub(super) mod agreement;
#[cfg(not(target_family = "wasm"))]
pub mod compose;
mod cpu;
#[cfg(feature = "webgpu")]
mod gpu;
#[cfg(not(target_family = "wasm"))]
mod gradient;
mod winograd;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

use super::optional::Optional;
use super::{MatmulPrecision, Window, check_channels};

/// The work of each backend for the functions of this room.
#[backend_extension(
    Flex,
    Cube: cfg(feature = "webgpu"),
    Autodiff: cfg(not(target_family = "wasm"))
)]
trait ConvolveOps: Backend {
    fn convolve(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        #[extension_type] bias: Optional<Self>,
        window: Window,
        #[extension_type] residual: Optional<Self>,
        relu: bool,
        precision: MatmulPrecision,
    ) -> FloatTensor<Self>;
}

/// Images `[batch, height, width, from]` convolved with `weight` `[to, from, kernel, kernel]`,
/// plus `bias` `[to]`. The kernel's side is `window`'s. The products and those of the gradients have
/// `precision`.
pub fn convolve(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    window: Window,
    precision: MatmulPrecision,
) -> Tensor<4> {
    convolve_join(x, weight, bias, window, None, false, precision)
}

/// [`convolve()`], then `residual` added if there is one, then ReLU if `relu`.
pub fn convolve_join(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    window: Window,
    residual: Option<Tensor<4>>,
    relu: bool,
    precision: MatmulPrecision,
) -> Tensor<4> {
    let [to, from, kernel, _] = weight.dims();
    assert_eq!(
        x.dims()[3],
        from,
        "the weight's second side is the input's channels"
    );
    assert_eq!(
        kernel, window.kernel,
        "the weight's third side is the window's"
    );
    check_channels(to, &bias);
    #[cfg(not(target_family = "wasm"))]
    if super::is_composed(&x) {
        return compose::convolve_join(x, weight, bias, window, residual, relu);
    }
    Tensor::from_dispatch(<Dispatch as ConvolveOps>::convolve(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into(),
        window,
        residual.into(),
        relu,
        precision,
    ))
}
