//! The layers in which the two forms differ, run forward. `trainable.rs` has those of a network in
//! training.

use burn::nn::Linear;
use burn::nn::conv::Conv2d;
use burn::tensor::Tensor;

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

    /// A convolution and its norm, the last of a branch that `drop_path` may leave out, added to
    /// `residual`, then ReLU.
    fn convolve_join(
        &self,
        layer: &Conv2d,
        norm: &Self::BatchNorm,
        drop_path: Option<&Self::DropPath>,
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
        _: Option<&Absent>,
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
