//! The layers in which the two forms differ, run forward.

#[cfg(not(target_family = "wasm"))]
use burn::module::Param;
use burn::nn::Linear;
use burn::nn::conv::Conv2d;
use burn::tensor::Tensor;
#[cfg(not(target_family = "wasm"))]
use burn::tensor::activation::relu;

#[cfg(not(target_family = "wasm"))]
use super::batch_norm;
#[cfg(not(target_family = "wasm"))]
use super::form::Trainable;
use super::form::{Absent, Folded, Form};
use super::layers;
use super::pixels::Pixels;
use crate::kernels::MatmulPrecision;

/// A form whose networks can run. In a browser that is the folded one alone.
pub trait Forward: Form {
    /// `[batch, height, width, channels]`.
    fn channels_last(images: Self::Images) -> Tensor<4>;

    /// How exact matrix products are.
    fn precision(&self) -> MatmulPrecision;

    /// A convolution and its norm, then ReLU if `relu`.
    fn convolve(
        &self,
        layer: &Conv2d,
        norm: &Self::BatchNorm,
        x: Tensor<4>,
        relu: bool,
    ) -> Tensor<4>;

    /// The last convolution of a residual branch and its norm, added to `residual`, then ReLU.
    fn convolve_join(
        &self,
        layer: &Conv2d,
        norm: &Self::BatchNorm,
        drop_path: &Self::DropPath,
        x: Tensor<4>,
        residual: Tensor<4>,
    ) -> Tensor<4>;

    /// The last Linear of a residual branch and its scale, added to `residual`.
    fn linear_join<const D: usize>(
        &self,
        layer: &Linear,
        scale: &Self::LayerScale,
        drop_path: &Self::DropPath,
        x: Tensor<D>,
        residual: Tensor<D>,
    ) -> Tensor<D>;
}

impl Forward for Folded {
    fn channels_last(images: Pixels) -> Tensor<4> {
        images.channels_last()
    }

    fn precision(&self) -> MatmulPrecision {
        MatmulPrecision::Highest
    }

    fn convolve(&self, layer: &Conv2d, _: &Absent, x: Tensor<4>, relu: bool) -> Tensor<4> {
        layers::convolve_join(layer, x, None, relu, self.precision())
    }

    fn convolve_join(
        &self,
        layer: &Conv2d,
        _: &Absent,
        _: &Absent,
        x: Tensor<4>,
        residual: Tensor<4>,
    ) -> Tensor<4> {
        layers::convolve_join(layer, x, Some(residual), true, self.precision())
    }

    fn linear_join<const D: usize>(
        &self,
        layer: &Linear,
        _: &Absent,
        _: &Absent,
        x: Tensor<D>,
        residual: Tensor<D>,
    ) -> Tensor<D> {
        layers::linear_join(layer, x, residual, self.precision())
    }
}

#[cfg(not(target_family = "wasm"))]
impl Forward for Trainable {
    fn channels_last(images: Tensor<4>) -> Tensor<4> {
        images.permute([0, 2, 3, 1])
    }

    fn precision(&self) -> MatmulPrecision {
        self.precision
    }

    fn convolve(
        &self,
        layer: &Conv2d,
        norm: &Self::BatchNorm,
        x: Tensor<4>,
        relu: bool,
    ) -> Tensor<4> {
        let x = layers::convolve(layer, x, self.precision);
        batch_norm::forward(norm, x, None, relu)
    }

    fn convolve_join(
        &self,
        layer: &Conv2d,
        norm: &Self::BatchNorm,
        drop_path: &Self::DropPath,
        x: Tensor<4>,
        residual: Tensor<4>,
    ) -> Tensor<4> {
        let x = layers::convolve(layer, x, self.precision);
        if drop_path.is_active(&x.device()) {
            let branch = batch_norm::forward(norm, x, None, false);
            return relu(drop_path.join(residual, branch, None));
        }
        batch_norm::forward(norm, x, Some(residual), true)
    }

    fn linear_join<const D: usize>(
        &self,
        layer: &Linear,
        scale: &Self::LayerScale,
        drop_path: &Self::DropPath,
        x: Tensor<D>,
        residual: Tensor<D>,
    ) -> Tensor<D> {
        if scale.is_none() && !drop_path.is_active(&x.device()) {
            return layers::linear_join(layer, x, residual, self.precision);
        }
        let branch = layers::linear(layer, x, self.precision);
        drop_path.join(residual, branch, scale.as_ref().map(Param::val))
    }
}
