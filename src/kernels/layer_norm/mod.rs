//! Layer normalisation over the last axis ("Layer Normalization", Ba et al., arXiv 1607.06450).

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

/// The work of each backend for [`layer_norm()`].
#[backend_extension(
    Flex,
    Cube: cfg(feature = "webgpu"),
    Autodiff: cfg(not(target_family = "wasm"))
)]
trait LayerNormOps: Backend {
    fn layer_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self>;
}

/// Every row of the last axis brought to mean 0 and variance 1, then times `gamma` plus `beta`.
pub fn layer_norm<const D: usize>(
    x: Tensor<D>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f64,
) -> Tensor<D> {
    check_channels(x.dims()[D - 1], [&gamma, &beta]);
    #[cfg(not(target_family = "wasm"))]
    if super::is_composed(&x) {
        return compose::layer_norm(x, gamma, beta, epsilon);
    }
    Tensor::from_dispatch(<Dispatch as LayerNormOps>::layer_norm(
        x.into_dispatch(),
        gamma.into_dispatch(),
        beta.into_dispatch(),
        epsilon as f32,
    ))
}
