//! Batch normalisation ("Batch Normalization", Ioffe and Szegedy, arXiv 1502.03167), with the steps that
//! follow it in a ResNet: the shortcut added, then ReLU. Folding puts it into the convolution before, so only
//! networks in training come here.

pub mod compose;
mod cpu;
mod gradient;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, ExtensionType, backend_extension};
use burn::tensor::Tensor;

use super::check_channels;
use super::optional::Optional;

/// The work of each backend for the functions of this room.
#[backend_extension(Flex, Autodiff)]
trait BatchNormOps: Backend {
    fn statistics(x: FloatTensor<Self>) -> (FloatTensor<Self>, FloatTensor<Self>);

    fn batch_norm(
        x: FloatTensor<Self>,
        #[extension_type] norm: Norm<Self>,
        #[extension_type] residual: Optional<Self>,
        epsilon: f32,
        relu: bool,
        training: bool,
    ) -> FloatTensor<Self>;
}

/// The tensors of a [`BatchNorm`], as burn's dispatch passes them to a backend.
#[derive(ExtensionType)]
struct Norm<B: Backend> {
    mean: FloatTensor<B>,
    variance: FloatTensor<B>,
    gamma: FloatTensor<B>,
    beta: FloatTensor<B>,
}

/// Mean and biased variance of every channel of `[batch, height, width, channels]`; no gradient
/// passes.
pub fn statistics(x: Tensor<4>) -> (Tensor<1>, Tensor<1>) {
    if super::is_composed(&x) {
        return compose::statistics(x);
    }
    let (mean, variance) = <Dispatch as BatchNormOps>::statistics(x.into_dispatch());
    (Tensor::from_dispatch(mean), Tensor::from_dispatch(variance))
}

/// The per-channel tensors of a batch normalisation.
#[derive(Clone, Debug)]
pub struct BatchNorm {
    /// Subtracted from every channel.
    pub mean: Tensor<1>,
    /// Every channel is divided by its root.
    pub variance: Tensor<1>,
    /// The learned scale.
    pub gamma: Tensor<1>,
    /// The learned shift.
    pub beta: Tensor<1>,
    /// Added to the variance.
    pub epsilon: f64,
    /// Whether mean and variance are the [`statistics`] of the very input: then the gradient
    /// passes through them too.
    pub training: bool,
}

/// Every channel of `[batch, height, width, channels]` normalised, then `residual` added if there
/// is one, then ReLU if `relu`.
pub fn batch_norm(
    x: Tensor<4>,
    norm: BatchNorm,
    residual: Option<Tensor<4>>,
    relu: bool,
) -> Tensor<4> {
    check_channels(
        x.dims()[3],
        [&norm.mean, &norm.variance, &norm.gamma, &norm.beta],
    );
    if let Some(residual) = &residual {
        assert_eq!(
            residual.dims(),
            x.dims(),
            "a residual has the shape of the input"
        );
    }
    if super::is_composed(&x) {
        return compose::batch_norm(x, norm, residual, relu);
    }
    let tensors = Norm {
        mean: norm.mean.into_dispatch(),
        variance: norm.variance.into_dispatch(),
        gamma: norm.gamma.into_dispatch(),
        beta: norm.beta.into_dispatch(),
    };
    Tensor::from_dispatch(<Dispatch as BatchNormOps>::batch_norm(
        x.into_dispatch(),
        tensors,
        residual.into(),
        norm.epsilon as f32,
        relu,
        norm.training,
    ))
}
