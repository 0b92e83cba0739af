//! A convolution with a batch norm after it, the layer that a ResNet and a decoder are made of.

use burn::module::{Initializer, Module};
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};

use super::fold;
use super::form::{Absent, Folded, Form, Trainable};
use super::forward::Forward;
use super::fresh;
use crate::kernels::Window;

/// A square convolution without a bias, and its norm.
#[derive(Module, Debug)]
pub struct ConvNorm<F: Form> {
    pub conv: Conv2d,
    pub norm: F::BatchNorm,
}

impl<F: Forward> ConvNorm<F> {
    /// Then ReLU if `relu`.
    pub fn forward(&self, x: Tensor<4>, relu: bool, form: &F) -> Tensor<4> {
        form.convolve(&self.conv, &self.norm, x, relu)
    }

    /// Then added to `residual`, unless `drop_path` leaves it out, then ReLU.
    pub fn join(
        &self,
        x: Tensor<4>,
        residual: Tensor<4>,
        drop_path: Option<&F::DropPath>,
        form: &F,
    ) -> Tensor<4> {
        form.convolve_join(&self.conv, &self.norm, drop_path, x, residual)
    }
}

impl ConvNorm<Trainable> {
    pub fn new(from: usize, to: usize, kernel: usize, stride: usize, device: &Device) -> Self {
        Self {
            conv: conv(from, to, kernel, stride, device),
            norm: fresh::batch_norm(to, device),
        }
    }

    pub fn folded(self) -> ConvNorm<Folded> {
        ConvNorm {
            conv: fold::padded(fold::batch_norm(self.conv, &self.norm)),
            norm: Absent {},
        }
    }
}

fn conv(from: usize, to: usize, kernel: usize, stride: usize, device: &Device) -> Conv2d {
    let window = Window {
        kernel,
        stride,
        pad: kernel / 2,
    };
    let initializer = Initializer::KaimingNormal {
        gain: std::f64::consts::SQRT_2,
        fan_out_only: true,
    };
    fresh::convolution([from, to], window, 1, &initializer, false, device)
}
