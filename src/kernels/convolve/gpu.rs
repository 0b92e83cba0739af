//! Convolutions on a browser's GPU.

use burn_cubecl::CubeBackend;
use burn_cubecl::tensor::CubeTensor;

use super::ConvolveOps;
use crate::kernels::gpu::activation::Activation;
use crate::kernels::gpu::product;
use crate::kernels::optional::Optional;
use crate::kernels::{MatmulPrecision, Window};

impl ConvolveOps for CubeBackend {
    fn convolve(
        x: CubeTensor,
        weight: CubeTensor,
        bias: Optional<Self>,
        window: Window,
        residual: Optional<Self>,
        relu: bool,
        _: MatmulPrecision,
    ) -> CubeTensor {
        let activation = match relu {
            true => Activation::Relu,
            false => Activation::None,
        };
        let [bias, residual] = [bias, residual].map(Optional::option);
        product::run(x, weight, bias, window, residual, activation)
    }
}
