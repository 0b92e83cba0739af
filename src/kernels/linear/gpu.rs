//! The products on a browser's GPU: a plain product is a convolution with a 1×1 window.

use burn_cubecl::CubeBackend;
use burn_cubecl::tensor::CubeTensor;

use super::LinearOps;
use crate::kernels::gpu::activation::Activation;
use crate::kernels::gpu::product;
use crate::kernels::optional::Optional;
use crate::kernels::{MatmulPrecision, Window};

const PIXEL: Window = Window {
    kernel: 1,
    stride: 1,
    pad: 0,
};

impl LinearOps for CubeBackend {
    fn linear(
        x: CubeTensor,
        weight: CubeTensor,
        bias: Optional<Self>,
        gelu: bool,
        _: MatmulPrecision,
    ) -> CubeTensor {
        let activation = match gelu {
            true => Activation::Gelu,
            false => Activation::None,
        };
        product::run(x, weight, bias.option(), PIXEL, None, activation)
    }

    fn linear_join(
        x: CubeTensor,
        weight: CubeTensor,
        bias: Optional<Self>,
        residual: CubeTensor,
        _: MatmulPrecision,
    ) -> CubeTensor {
        let residual = Some(residual);
        product::run(x, weight, bias.option(), PIXEL, residual, Activation::None)
    }
}
